/** What a run that reached DFU rests on, where a board need not do the same: `OK, but`. */
import { withAdvice } from '../documents/advice.ts';
import { BUT } from '../documents/reservations.ts';
import { calledFrom, jumpCandidates, scanFunctions } from '../input/code-scan.ts';
import type { Judged } from '../proof/diagnosis.ts';
import { decidingFloats } from '../proof/floating.ts';
import { checkOf, lateInterrupts } from '../proof/late-interrupts.ts';
import { attempt, runFrom, type Attempt } from '../proof/attempt.ts';
import { APP_GOAL, USB_GOAL } from '../documents/goal.ts';
import { NOT_TRACED, romFacts, subjectAt, targetState } from '../session/subject.ts';
import { isLost, traceRequests } from '../slice/requests.ts';
import { inManual, registerOf } from '../../checks/families.ts';
import { clockInC, part } from '../../checks/fix-in-c.ts';
import { channelsIntoRomRam } from '../../checks/left-on.ts';
import { magicSurvives } from '../../checks/magic-survives.ts';
import { LOADER_OPTIONS } from '../../rom/load.ts';
import { isDocumented, otherValues } from '../session/rom-options.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import type { History } from '../../emu/history.ts';
import { EXC } from '../../emu/core/arm/scs-state.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Note } from '../documents/note-facts.ts';
import type { Session } from '../session/session.ts';
import { hex32 } from '../documents/result.ts';
import { place } from '../slice/words.ts';
import { lastWriter } from './document.ts';

const but = (text: string): Note => ({ kind: BUT, text });

/** The session is left at the end of the run. @param judged at the entry */
export function reservations(
  s: Session,
  powerOn: Checkpoint,
  entry: Checkpoint | null,
  finished: Checkpoint,
  judged: readonly Judged[],
): Note[] {
  s.restore(finished);
  const before = entry?.history ?? finished.history;
  const outside = callsOutsideOfHandlers(s);
  const clocks = [
    ...(outside.length > 0 ? outside : callsOfTheJump(s)),
    ...impossibleClocks(s, before),
    ...fastFlash(s, before),
    ...otherBauds(s, finished.history),
    ...securesItself(s, before),
    ...answeredCalls(s),
    ...writtenUnclocked(s, powerOn, entry),
    ...luckyInterrupts(s, entry, finished, judged),
    ...lostForLoader(s, powerOn, finished),
    ...intoRomRam(s, entry),
    ...unfedWatchdog(s, entry, finished, judged),
  ];
  const floats = entry === null ? [] : decidingFloats(s, powerOn, entry);
  s.restore(finished);
  s.keepCheckpoints = true;
  if (floats.length === 0) return clocks;
  const [are, they] = floats.length > 1 ? ['float', 'they read'] : ['floats', 'it reads'];
  const pins = floats.join(' and ');
  return [
    ...clocks,
    but(
      `${pins} ${are}: nothing drives ${floats.length > 1 ? 'them' : 'it'}, and ${they} 0 here. With 1, the firmware does not enter the ROM so.`,
    ),
  ];
}

/** The application asks its loader for something by a word and a reset, and the word does not arrive: that it runs again is not all that was meant. */
function lostForLoader(s: Session, powerOn: Checkpoint, finished: Checkpoint): Note[] {
  const asks = finished.history.resets.some(({ by, external }) => by === 'software' && !external);
  if (s.input.goal.name !== APP_GOAL || !asks) return [];
  s.restore(finished);
  const magic = traceRequests(s, powerOn);
  s.restore(finished);
  const lost = magicSurvives.judge(subjectAt(s, 'no-jump', false, { ...NOT_TRACED, magic }));
  if (lost.verdict !== 'fail' || !magic.some(isLost)) return [];
  const where = lost.lastWriter == null ? '' : ` (${place(s, lost.lastWriter.pc)})`;
  return [but(`The application asks its loader for something by a word and a reset, and the word is lost${where}: ${lost.because}.`)];
}
/** A transfer that ends in RAM of the ROM: that nothing of the stand-in is there says nothing of ST's ROM. */
function intoRomRam(s: Session, entry: Checkpoint | null): Note[] {
  if (entry === null || s.input.goal.name === APP_GOAL) return [];
  s.restore(entry);
  const writing = channelsIntoRomRam(subjectAt(s, 'dfu', true, NOT_TRACED));
  return writing.map(({ enable, start }) => {
    const by = entry.history.lastWriter(registerOf(enable));
    const where = by === null ? '' : `, ${place(s, by.pc)}`;
    return but(
      `A DMA channel that writes to ${hex32(start)} is left on at the jump (${inManual(enable)} = 1${where}). AN2606 gives that RAM to the ROM (documented): the stand-in was not harmed, ST's ROM may be. Stop the channel before the jump.`,
    );
  });
}
/** Ignores writes to a register while its block has no clock, as registers do as a rule. */
function needingClock({ machine: { system } }: Session, register: string): Interceptor {
  const [name, word] = register.split('.') as [string, string];
  const block = system.block(name);
  const at = block.row.base + block.layout.reg(word).offset;
  return {
    pages: new Set([at >>> PAGE_BITS]),
    write: (_core, address, _size, value) => (address >>> 2 === at >>> 2 && !system.isClocked(block) ? null : value),
  };
}
/**
 * Registers that took a write without a clock, where the same run without that write does not come so far: as it is, or with a ROM that does otherwise where nobody has
 * published what it does. The session is left anywhere.
 */
function writtenUnclocked(s: Session, powerOn: Checkpoint, entry: Checkpoint | null): Note[] {
  if (entry === null) return [];
  const { timeline } = entry.history;
  const kept = timeline.toArray().flatMap(({ about }) => (about?.is === 'kept-unclocked' ? [about] : []));
  return kept.flatMap(({ register, enable }) => {
    const writer = entry.history.lastWriter(register);
    if (writer === null) return [];
    const ignoring = needingClock(s, register);
    const without = runFrom(s, powerOn, ignoring);
    const otherwise = without.reached && s.input.provisos !== false ? romsThatNeed(s, powerOn, ignoring, without) : [];
    if (without.reached && otherwise.length === 0) return [];
    const and = otherwise.length > 0 ? `, and the real ROM ${otherwise.join(' or ')}` : '';
    const told = but(
      `${place(s, writer.pc)} writes ${inManual(register)} while ${inManual(enable)} is 0. That the write counts without a clock is reported, not documented. If it does not count on your chip${and}, the run ends without DFU: set ${enable.split('.').at(-1)!} first.`,
    );
    const clock = clockInC(s.machine.chip, register.split('.')[0]!);
    const by = lastWriter(s.input, writer);
    if (by?.kind !== 'cpu' || clock.length === 0) return [told];
    return [{ ...told, about: { is: 'unclocked-write', enable, fix: part('before', '', ...clock), by } as const }];
  });
}
/** What a ROM does with which the run comes as far as it does only because of what is changed. */
function romsThatNeed(s: Session, powerOn: Checkpoint, changed: Interceptor, without: Attempt): readonly string[] {
  return without.actedOn.flatMap((option) => {
    if (isDocumented(option) || LOADER_OPTIONS.includes(option.id)) return [];
    return otherValues(option)
      .filter((value) => {
        const flip = { [option.id]: value };
        if (runFrom(s, powerOn, changed, flip).reached) return false;
        return attempt(s, { powerOn, entry: null, entryNumber: 1 }, [], { flip }).reached;
      })
      .map((value) => (option.id === 'vtor' && value === 'keeps' ? 'does not set VTOR itself' : `has ${option.id} "${value}"`));
  });
}

/** The ROM attaches within a fraction of a millisecond here, and a timer that is left on may come behind that: how quick a real one is, nobody has published. */
function luckyInterrupts(s: Session, entry: Checkpoint | null, finished: Checkpoint, judged: readonly Judged[]): Note[] {
  const late = entry === null ? [] : lateInterrupts(s, entry, finished);
  if (late.length === 0) return [];
  const names = late
    .map(({ name }) => name)
    .join(' and ')
    .replace(/^i/, 'I');
  // the NVIC does not stop SysTick
  const [ticks, lines] = [late.some(({ exception }) => exception === EXC.SYSTICK), late.some(({ exception }) => exception !== EXC.SYSTICK)];
  const ways = [...(lines ? ['disable all interrupts in the NVIC'] : []), ...(ticks ? ['switch SysTick off'] : [])].join(' and ');
  const [are, comes, none] = late.length > 1 ? ['are', 'one of them comes', 'none did'] : ['is', 'it comes', 'it did not'];
  const stays = late.find((l) => l.stays);
  const here =
    stays === undefined
      ? none
      : `${late.length > 1 ? stays.name : 'it'} came behind that, and its handler in the ROM has not returned: DFU answers only because the USB interrupt preempts it`;
  const [ready, without] = s.input.goal.name === USB_GOAL ? ['has attached to USB', 'DFU'] : ['answers', 'an answer'];
  const ids = new Set(late.map(checkOf));
  const fixes = judged.flatMap(({ id, repair }) => (ids.has(id) && repair?.at === 'entry' ? [{ id, fix: repair.fix }] : []));
  return [
    {
      ...but(
        `${names} ${are} still enabled at the jump. If ${comes} before the ROM ${ready}, the run ends without ${without} (${late[0]!.outcome}); here ${here}. ${ways[0]!.toUpperCase()}${ways.slice(1)} before the jump.`,
      ),
      about: { is: 'late-interrupt', fixes },
    },
  ];
}

/** A watchdog that a ROM does not go on refreshing, and whose host has come in time here. */
function unfedWatchdog(s: Session, entry: Checkpoint | null, finished: Checkpoint, judged: readonly Judged[]): Note[] {
  const feeds = s.input.goal.asking === null ? null : romFacts(s).feedsOnlyTalkers;
  if (entry === null || feeds == null) return [];
  s.restore(finished);
  const state = targetState(s.machine, {});
  const [reload, divider, hz] = [state.field('IWDG.RLR.RL'), state.field('IWDG.PR.PR'), state.clockHz('lsi')];
  if (state.watchdogRuns?.('IWDG') !== true || reload === null || divider === null || !hz) return [];
  const seconds = Math.round(((reload + 1) * (4 << divider)) / hz);
  const fixes = judged.flatMap(({ id, repair }) => (id === 'iwdg' && repair?.at === 'entry' ? [{ id, fix: repair.fix }] : []));
  return [
    {
      ...but(
        `IWDG runs, and the ROM of this part refreshes it once, and again only while a host talks to it (${feeds.confidence}). If no host comes within ${seconds} s of the jump, IWDG resets the chip. Enter the ROM behind a reset, before IWDG is started.`,
      ),
      about: { is: 'unfed-watchdog', fixes },
    },
  ];
}

/** Functions that a step calls although on the board only interrupt handlers do: what a handler keeps from the ROM is not seen then. */
function callsOutsideOfHandlers({ input: { images, scenario, chip } }: Session): Note[] {
  const called = scenario.steps.flatMap(({ action }) => (action.kind === 'call' ? [(action.address & ~1) >>> 0] : []));
  if (called.length === 0) return [];
  const candidates = jumpCandidates(scanFunctions(images), chip);
  return [...new Set(called)].flatMap((address) => {
    const candidate = candidates.find(({ facts }) => facts.symbol.address === address);
    const from = candidate === undefined ? null : calledFrom(images, candidate.facts);
    if (candidate === undefined || from === null || from.pointers.length > 0) return [];
    const { name: spoken } = candidate.facts.symbol;
    const handlers = from.handlers.join(' and ');
    return [but(`On the board, only ${handlers} calls ${spoken}, in an interrupt handler. The step \`call\` calls it outside of one.`)];
  });
}

/** Functions that jump themselves, and that a step calls: what leads to them on the board was not run. A request that is called goes its way by the reset. */
function callsOfTheJump({ input: { images, scenario, chip }, machine: { history } }: Session): Note[] {
  const called = new Set(scenario.steps.flatMap(({ action }) => (action.kind === 'call' ? [(action.address & ~1) >>> 0] : [])));
  if (called.size === 0 || history.resets.length > 1) return [];
  const jumps = jumpCandidates(scanFunctions(images), chip).filter(
    ({ kind, facts }) => kind === 'jump' && called.has(facts.symbol.address),
  );
  return jumps.map(({ facts: { symbol } }) => ({
    ...but(
      `No input of the board led to this jump: the step \`call\` makes bootbench call ${symbol.name} itself, so what leads to it on the board (a button, a command, a request and a reset) is not tested.`,
    ),
    about: { is: 'called-itself' },
  }));
}

/** Registers that hold the factors of a PLL. */
const FACTOR = /^(PLL\d?[MN]|PLL(SAI|I2S)\d?[MN]|PLL\d?MUL|PLLDIV|PREDIV\d?|DIV[MN]\d)$/;
const factorRegisters = ({ machine: { system, chip } }: Session): string[] =>
  (system.layoutOf(chip.rcc)?.registers ?? []).flatMap(({ name, fields }) =>
    fields.some((f) => FACTOR.test(f.name)) ? [`${chip.rcc}.${name}`] : [],
  );

/** @param before the jump: the ROM programs the PLL anew */
function impossibleClocks(s: Session, before: History): Note[] {
  const rows = before.timeline.toArray().filter(({ about }) => about?.is === 'impossible-clock');
  const factors = factorRegisters(s).map((register) => before.lastWriter(register) ?? before.lastWriterBeforeReset(register));
  const texts = rows.map(({ text, at }) => {
    const writer = factors.filter((w) => w !== null && w.at <= at).toSorted((a, b) => b!.seq - a!.seq)[0];
    return `${text}${writer ? ` (${place(s, writer.pc)})` : ''}. A real chip need not run with that.`;
  });
  return [...new Set(texts)].map(but);
}

/** The lines that read flash too fast: the one that took wait states, or that raised the clock. */
function fastFlash(s: Session, before: History): Note[] {
  const texts = before.timeline.toArray().flatMap(({ about, text, at, pc }) => {
    if (about?.is !== 'flash-too-fast') return [];
    const written = about.since === 'clock' ? before.lastWriter(switchRegister(s) ?? '') : null;
    const from = written !== null && written.at <= at ? written.pc : pc;
    const what = text.replace(/^flash/, 'Flash');
    return [`${what}${from === null ? '' : ` (${place(s, from)})`}. A real chip may execute wrong instructions then.`];
  });
  return [...new Set(texts)].map(but);
}
/** Ports that got what the scenario sent although they run at another rate. */
const otherBauds = (s: Session, { timeline }: History): Note[] =>
  timeline.toArray().flatMap(({ about, text }) => {
    if (about?.is !== 'other-baud') return [];
    const from = about.wrote === null || about.counts !== null ? '' : ` (${place(s, about.wrote)})`;
    return [but(`${text}${from}. On a board, each side would read garbage from the other.`)];
  });
/** Code that takes itself out of reach: here the core runs over zeros then, and may meet code behind them. */
const securesItself = (s: Session, { timeline }: History): Note[] =>
  timeline.toArray().flatMap(({ about, text, pc }) => {
    if (about?.is !== 'secured' || pc === null || pc < about.from || pc > about.to) return [];
    return [but(`${text} (${place(s, pc)}). The code that does so lies there itself: a real chip need not get any further.`)];
  });
/** Semihosting is answered unless the user says otherwise, so that its texts are seen; a board without a debugger does not get past the first call. */
function answeredCalls(s: Session): Note[] {
  const { breakpoints, debugger: attached } = s.machine.state;
  const first = attached ? undefined : breakpoints.find(({ semihosting }) => semihosting);
  if (first === undefined) return [];
  const said = `Semihosting is answered here (BKPT 0xAB, first at ${place(s, first.pc)}), and no debugger is attached. On a board without one, this BKPT causes a HardFault`;
  const advice = withAdvice({ is: 'other', said, lead: '; to see it, ', command: 'add --no-semihosting' });
  return [{ kind: BUT, about: { is: 'needs-debugger' }, ...advice }];
}
/** What selects the system clock. */
const switchRegister = ({ machine: { system, chip } }: Session): string | null => {
  const register = system.layoutOf(chip.rcc)?.registers.find(({ fields }) => fields.some((f) => f.name === 'SW'));
  return register ? `${chip.rcc}.${register.name}` : null;
};
