/** Failures without a wrong value: what asked for a reset, and why the interrupt that a loop waits for is not taken. In words, the fact first. */
import { exceptionName, exceptionPriority, groupPriority } from '../../checks/core-registers.ts';
import type { Writer } from '../../checks/check.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import { registerFile, setRegister } from '../../emu/core/arm/register-file.ts';
import { highestPending } from '../../emu/core/arm/nvic.ts';
import { EXC, SCR, SCS } from '../../emu/core/arm/scs-state.ts';
import { wakeBehindHandler } from '../../emu/core/arm/scs.ts';
import { callChainOf } from '../session/call-chain.ts';
import type { ResetRecord, WriteRecord } from '../../emu/history.ts';
import type { LoadedImage } from '../../image/image.ts';
import type { Program } from '../../image/programs.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Block } from '../../emu/system.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import { IWDG_KEY_RELOAD, IWDG_KEY_START } from '../../peripherals/watchdog/iwdg-v3.ts';
import { POWER_STANDBY, POWER_STOP } from '../../peripherals/wires.ts';
import { budgetOf } from '../documents/effort.ts';
import { hex32, type Outcome } from '../documents/result.ts';
import { CutShort } from '../session/budget.ts';
import { sleepsOnExit } from '../session/fixed-loop.ts';
import type { FixedLoop } from '../session/live-run.ts';
import { othersThanBooted, ownerAt, ownerName } from '../session/programs.ts';
import type { Session } from '../session/session.ts';
import { restartInChain } from '../session/restart.ts';
import { sysTickInterrupts } from '../session/surrounding-events.ts';
import { targetState, type Traced } from '../session/subject.ts';
import type { Master } from './masters.ts';
import { closedPort, outcomeCounting, stoppedCounter } from './stopped-counter.ts';
import { lastStore, storesOf, type Store } from './stores.ts';
import { domainReason } from './core-domain.ts';
import { idleBlock } from './idle-block.ts';
import { endlessHandler, isHeldElsewhere, silentSource, unrunHandler } from './unrun-handler.ts';
import { stormLines } from './starved.ts';
import { isRam, runTo, writerAt } from './window.ts';
import type { Frame } from '../documents/note-facts.ts';
import { deafPorts, isOff, standbyWakers, unknownWakers, wakers, wakersText } from './wakers.ts';
import { addressText, callsOf, masterText, place } from './words.ts';

export interface ResetStory {
  readonly lines: readonly string[];
  /** Of the function that was running, which the first line names. */
  readonly callers: readonly Frame[];
  /** What started the watchdog that bit, null where none did or the hardware started it, and whether it was refreshed while its window was shut. */
  readonly watchdog: Partial<Pick<Traced, 'watchdogStart' | 'refreshedEarly'>>;
}

/** The last reset of the kind that came over and over: who was running, and what asked for it. Leaves the session anywhere. */
export function resetStory(s: Session, powerOn: Checkpoint, resets: readonly ResetRecord[]): ResetStory | null {
  const by = resets.at(-1)?.by;
  const index = resets.findLastIndex((r) => r.by === by && !r.external);
  if (index < 1) return null;
  const watchdog = by === 'iwdg' || by === 'wwdg' ? watchdogOf(s, by, resets[index]!.core) : null;
  const seen = runToReset(s, powerOn, index, resets[index]!.at, watchdog);
  if (seen === null) return null;
  const callers = seen.calls.slice(1);
  const early = watchdog !== null && seen.shut !== null;
  const running = [place(s, resets[index]!.fromPc ?? 0), ...callers.map((f) => f.text)].join(' < ');
  return {
    lines: [
      `${early ? TOO_EARLY : (REASON[by!] ?? `a reset (${by}) came in`)} ${running}`,
      ...seen.again,
      ...fedInWords(s, seen, watchdog),
    ],
    callers,
    watchdog: { watchdogStart: seen.started, refreshedEarly: early },
  };
}
const REASON: Readonly<Record<string, string>> = {
  software: 'SYSRESETREQ was set in',
  core: 'only the core was reset (VECTRESET) in',
  'option-bytes': 'the option bytes were loaded, which resets the chip, in',
  iwdg: 'IWDG was not refreshed in time and reset the chip in',
  wwdg: 'WWDG reset the chip in',
  'low-power': 'an option byte turns entering Stop or Standby into a reset, in',
};

const TOO_EARLY = 'IWDG was refreshed while its window was still shut, which resets the chip, in';

function watchdogOf(s: Session, by: 'iwdg' | 'wwdg', core: number): Block | null {
  const { system } = s.machine;
  const name = by.toUpperCase();
  return system.findBlock(name) ?? system.findBlock(`${name}${core + 1}`) ?? null;
}

interface Seen {
  readonly calls: readonly Frame[];
  /** That the program had begun again without a reset, if it had. */
  readonly again: readonly string[];
  readonly at: Ps;
  readonly started: Writer | null;
  readonly fed: Writer | null;
  /** The window that was still shut when IWDG was refreshed, and what had set it; null: the counter ran out, or it is another watchdog. */
  readonly shut: { readonly win: number; readonly writer: Writer | null } | null;
}
/** Runs to a reset, with a watch on what starts and feeds the watchdog. Null if the repeated run does not come to it. */
function runToReset(s: Session, powerOn: Checkpoint, index: number, at: Ps, watchdog: Block | null): Seen | null {
  const { machine } = s;
  s.keepCheckpoints = false;
  s.restore(powerOn);
  let started: Writer | null = null;
  let fed: Writer | null = null;
  let seen: Seen | null = null;
  const watch: Interceptor = {
    pages: new Set(watchdog ? [watchdog.row.base >>> PAGE_BITS] : []),
    write: (core, address, _size, value) => {
      if (seen !== null || address !== watchdog?.row.base) return value;
      const writer = writerAt(core, machine.history.seq + 1);
      const key = watchdog.row.model?.startsWith('iwdg') ? value & 0xffff : IWDG_KEY_RELOAD;
      if (key === IWDG_KEY_START) started ??= writer;
      if (key === IWDG_KEY_START || key === IWDG_KEY_RELOAD) fed = writer;
      return value;
    },
  };
  const { observer } = machine;
  machine.observer = {
    ...observer,
    beforeReset: () => {
      if (machine.history.resets.length === index && seen === null)
        seen = {
          calls: callsOf(s, machine.bootCore),
          again: againInWords(s),
          at: machine.now,
          started,
          fed,
          shut: shutWindow(s, watchdog),
        };
      observer.beforeReset?.();
    },
  };
  const before = machine.setRepairs(watchdog ? watch : null);
  try {
    runTo(s, at + US);
  } finally {
    machine.setRepairs(before);
    machine.observer = observer;
  }
  return seen;
}

/** Its counter had not run out yet. */
function shutWindow({ machine: { system, history, now } }: Session, watchdog: Block | null): Seen['shut'] {
  if (!watchdog?.layout.has('WINR') || (system.published(watchdog).due ?? Infinity) === Infinity) return null;
  if (system.published(watchdog).due! <= now) return null;
  const win = watchdog.layout.field('WINR.WIN');
  const writer = history.lastWriter(`${watchdog.row.name}.WINR`, win.mask);
  return { win: win.of(watchdog.state.regs[win.register.index]!), writer };
}
function againInWords(s: Session): string[] {
  const again = restartInChain(s, (pc) => place(s, pc));
  return again === null ? [] : [again];
}

function fedInWords(s: Session, { started, fed, at, shut }: Seen, watchdog: Block | null): string[] {
  if (watchdog === null) return [];
  const name = watchdog.row.name;
  const lines = started ? [`${name} was started at ${place(s, started.pc)}`] : [];
  if (shut?.writer) lines.unshift(`it may be refreshed once its counter has fallen to ${shut.win}, set at ${place(s, shut.writer.pc)}`);
  else if (shut !== null) return lines;
  else if (fed && fed.seq !== started?.seq)
    lines.unshift(`the last refresh of ${name} was at ${place(s, fed.pc)}, ${duration(at - fed.at)} before`);
  else if (fed) lines.unshift(`${name} was never refreshed in the ${duration(at - fed.at)} since its start`);
  return lines;
}
const duration = (ps: Ps): string => (ps >= MS ? `${Math.round(ps / MS)} ms` : `${Math.round(ps / US)} µs`);

/** The loop runs in a handler that the awaited exception cannot preempt; numbers as in IPSR. */
export interface Beneath {
  readonly awaited: number;
  readonly active: number;
}
export interface WaitStory {
  readonly lines: readonly string[];
  readonly beneath?: Beneath;
  /** The run when what holds it is changed here: a mask is cleared, a counter is started; null where nothing is known. */
  readonly changed: { /** `PRIMASK cleared` */ readonly what: string; readonly outcome: Outcome } | null;
}

/**
 * What a loop without end waits for, if that is a word that an exception handler writes, or why it hangs in a handler that is none of its own. Leaves the session
 * anywhere.
 */
export function waitStory(s: Session, powerOn: Checkpoint, finished: Checkpoint): WaitStory | null {
  const loop = s.state.loop;
  if (loop === null) return null;
  const known = loop.exception === 0 ? ofBlocks(s, loop) : foreignTableInWords(s);
  if (known !== null) return { lines: [known], changed: null };
  // a handler that returns waits for nothing
  if (loop.storm) return { lines: stormLines(s, finished), changed: null };
  const counter = stoppedCounter(s.machine.bootCore, loop.reads);
  if (counter !== null) {
    const outcome = outcomeCounting(s);
    return { lines: [counter], changed: outcome === 'stuck' ? null : { what: 'it counting', outcome } };
  }
  const told = ofMemory(s, powerOn, finished, loop);
  if (told !== null) return told;
  s.restore(finished);
  return loop.exception === 0 ? inThread(s, loop, finished) : null;
}
/** A word that the loop reads, by who stored to it last. */
function ofMemory(s: Session, powerOn: Checkpoint, finished: Checkpoint, loop: FixedLoop): WaitStory | null {
  const memory = askedOf(loop).filter((address) => isRam(s, address));
  for (const read of memory) {
    const { address, size } = decidingBytes(s, loop, read, memory.length === 1);
    const search = (): Store | null | 'too long' => lastStore(s, powerOn, address, size, finished.system.now);
    const last = loop.exception === 0 ? search() : inTime(s, search);
    const byCode = last === 'too long' && loop.exception !== 0 ? ofCode(s, finished, address, loop) : null;
    if (byCode !== null) return byCode;
    // the program clears what it then waits for
    const store = isOwn(last) ? storesOf(s, powerOn, [{ address, size, byHandler: true }], finished.system.now)[0]! : last;
    if (store === null) {
      s.restore(finished);
      const silent = ofUnrunHandler(s, address, loop);
      if (silent !== null) return silent;
    }
    if (store === null || store === 'too long') continue;
    if (store.master) return { lines: [overwritten(s, loop.pc, store, store.master, address)], changed: null };
    s.restore(finished);
    return ofHandler(s, store.exception, readsWord(s, loop, address), `writes (${place(s, store.pc)})`);
  }
  return null;
}
/** Without what an iteration gives back to itself, where it reads anything else. */
const askedOf = ({ reads, ofStack }: FixedLoop): readonly number[] =>
  ofStack < reads.length ? reads.slice(0, reads.length - ofStack) : reads;
const ofBlocks = (s: Session, loop: FixedLoop): string | null =>
  stoppedWatchdog(s, loop.reads) ?? stoppedDomain(s, loop) ?? closedPort(s.machine.bootCore, loop.reads) ?? idleBlock(s, loop.reads);
/** What else it reads may decide as well: then it is not known that it waits for this. */
const readsWord = (s: Session, { reads, ofStack, pc }: FixedLoop, address: number): string =>
  `the loop ${reads.length - ofStack > 1 ? 'reads' : 'waits for'} ${addressText(s, address, pc)}`;
/** @param word `the loop waits for …` @param writes `writes (main.c:4)` */
function ofHandler(s: Session, exception: number, word: string, writes: string): WaitStory {
  const why = whyNotTaken(s, exception);
  const name = exceptionName(s.machine.chip, exception);
  return {
    lines: [`${word}, which the handler of ${name} ${writes}`, ...why.lines],
    ...(why.active !== undefined && { beneath: { awaited: exception, active: why.active } }),
    changed: why.mask === null ? null : { what: `${why.mask.toUpperCase()} cleared`, outcome: outcomeWithout(s, why.mask) },
  };
}
function ofUnrunHandler(s: Session, address: number, loop: FixedLoop): WaitStory | null {
  const handler = unrunHandler(s, address);
  if (handler === null) return null;
  const word = readsWord(s, loop, address);
  if (handler.exception !== null) return ofHandler(s, handler.exception, word, `can write (${handler.writer}) and has not written`);
  return {
    lines: [`${word}, which ${handler.handler} can write, and no vector leads to ${handler.handler}`],
    changed: null,
  };
}
/** Who waits in a handler waits for another one as a rule: which one writes the word, the code says. */
function ofCode(s: Session, finished: Checkpoint, address: number, loop: FixedLoop): WaitStory | null {
  s.restore(finished);
  const handler = unrunHandler(s, address);
  return handler?.exception == null ? null : ofHandler(s, handler.exception, readsWord(s, loop, address), `can write (${handler.writer})`);
}
/** Within half of what the whole search may take. */
function inTime<T>(s: Session, search: () => T): T | 'too long' {
  try {
    return s.budget.within(budgetOf(s.input).repeated / 2, search);
  } catch (error) {
    if (error instanceof CutShort && error.reason === 'effort') return 'too long';
    throw error;
  }
}
const isOwn = (store: Store | null | 'too long'): boolean =>
  store !== null && store !== 'too long' && store.master === null && store.exception === 0;
/** Of what the loop loads, the bytes that it goes by: where it loads a single word and tests some bits of it, those that hold them. */
function decidingBytes(s: Session, loop: FixedLoop, read: number, alone: boolean): { readonly address: number; readonly size: number } {
  const whole = { address: read, size: loop.sizes[loop.reads.indexOf(read)]! };
  const mask = alone ? (s.machine.bootCore.testedMask(loop.pc) ?? 0) : 0;
  if (mask === 0) return whole;
  const [low, high] = [(31 - Math.clz32(mask & -mask)) >> 3, (31 - Math.clz32(mask)) >> 3];
  return high < whole.size ? { address: read + low, size: high - low + 1 } : whole;
}
/** By a transfer, which may be longer than its buffer. */
const overwritten = (s: Session, loop: number, { value, pc }: Store, master: Master, address: number): string =>
  `the loop reads ${addressText(s, address, loop)}, which ${masterText(s, master, pc)} wrote last: ${hex32(value)}`;
/** A wait of the program itself. */
function inThread(s: Session, { pc, reads, sleeping }: FixedLoop, finished: Checkpoint): WaitStory | null {
  const held = heldBack(s, reads.length > 0);
  if (held !== null) return held;
  s.restore(finished);
  const foreign = inForeignHands(s);
  if (foreign !== null) return foreign;
  if (sleeping && sleepsOnExit(s)) {
    const line = behindHandlers(s);
    const outcome = outcomeAwake(s);
    // a program that does all in its handlers waits for the next interrupt
    if (outcome !== 'stuck') return { lines: [line], changed: { what: 'SLEEPONEXIT cleared', outcome } };
    s.restore(finished);
  }
  const lines = sleeping ? asleep(s) : fromOutside(s, pc, reads);
  return lines.length === 0 ? null : { lines, changed: null };
}
/** A loop that polls what only handlers can write, and the inputs whose handlers are enabled: which of them writes it is not known. */
function fromOutside(s: Session, loop: number, reads: readonly number[]): string[] {
  const { system } = s.machine;
  const word = reads.find((address) => isRam(s, address));
  if (word === undefined || reads.some((address) => system.regionAt(address)?.block)) return [];
  const all = wakers(s, false);
  if (all.length === 0) return [];
  const unknown = unknownWakers(s, false);
  const open = unknown.length === 0 ? '' : `; bootbench does not know when ${unknown.join(', ')} (its interrupt is enabled) would`;
  const polls = `the loop polls ${addressText(s, word, loop)}, which the program does not write there`;
  const found = all.filter(({ line }) => endlessHandler(s, line) === null);
  if (found.length === 0)
    return [`${polls}; ${wakersText(all)} only leads to an endless loop, the handler at ${hex32(endlessHandler(s, all[0]!.line)!)}${open}`];
  if (!isHeldElsewhere(s, word, loop)) return [`${polls}, and no other function of the image is seen to refer to it${open}`];
  return [`${polls}; a handler that may write it runs only with ${wakersText(found)}${open}`];
}
/** What it sleeps in, and what would wake it: nothing that is scheduled does. */
function asleep(s: Session): string[] {
  const { bootCore: core, system } = s.machine;
  const [how, by] = core.arm.waiting === 'wfe' ? ['WFE', 'no event'] : ['WFI', 'no enabled interrupt'];
  if (isOff(s)) return [inStandby(s, how)];
  const found = wakers(s, true);
  const unknown = unknownWakers(s, true);
  const ticks = sysTickInterrupts(core);
  const where = ticks ? ' with SLEEPDEEP set' : system.level(POWER_STOP) !== 0 ? ' in Stop' : '';
  const tick = ticks ? 'SysTick does not run in Stop, and ' : '';
  const outside = found.length > 0 ? `only ${wakersText(found)} wakes ${ticks ? 'the core' : 'it'}` : null;
  const open = unknown.length === 0 ? null : `bootbench does not know when ${unknown.join(', ')} (its interrupt is enabled) would`;
  const nothing = `${by} wakes ${ticks ? 'the core' : 'it'}`;
  const said = outside === null ? (open === null ? nothing : `nothing that bootbench models wakes it; ${open}`) : outside;
  const more = outside !== null && open !== null ? `; ${open}` : '';
  return [`the core sleeps (${how})${where}${ticks ? ': ' : ', and '}${tick}${said}${more}`, ...deafPorts(s)];
}
/** Each interrupt is served, and the core sleeps again. */
function behindHandlers(s: Session): string {
  const writer = s.machine.history.lastWriter(`CPU${s.machine.bootCore.index || ''}.SCR`, SCR.SLEEPONEXIT);
  const set = writer === null ? '' : ` (set at ${place(s, writer.pc)})`;
  return `SCB.SCR.SLEEPONEXIT is 1${set}: the core sleeps again at the end of each handler, so what an interrupt woke it for never runs`;
}
function inStandby(s: Session, how: string): string {
  const found = standbyWakers(s);
  const pins = found.length === 0 ? 'no wake-up pin is enabled' : `only ${wakersText(found)} wakes it`;
  if (s.machine.system.level(POWER_STANDBY) === SHUTDOWN)
    return `the chip is in Shutdown (${how}), where LSI is off too: the RTC wakes it only if it runs from LSE; ${pins}`;
  return found.length === 0
    ? `the chip is in Standby (${how}), and neither a wake-up pin nor the RTC wakes it`
    : `the chip is in Standby (${how}), and ${pins}: the RTC is not set to`;
}
const SHUTDOWN = 2;
function inForeignHands(s: Session): WaitStory | null {
  const foreign = foreignTableInWords(s);
  return foreign === null ? null : { lines: [foreign], changed: null };
}

/** The status of a watchdog that nobody started: its own clock, which would clear the bits, does not run. */
function stoppedWatchdog({ machine: { system } }: Session, reads: readonly number[]): string | null {
  for (const address of reads) {
    const block = system.regionAt(address)?.block;
    if (!block?.row.model?.startsWith('iwdg') || system.registerName(block, address) !== 'SR') continue;
    if (system.published(block).running === false)
      return `${block.row.name} was not started (KR = 0xCCCC), so its clock does not run and cannot clear SR; write 0xCCCC before PR, RLR and the wait`;
  }
  return null;
}

/** A wait without a bound for the domain of the other core. */
function stoppedDomain(s: Session, { reads, pc }: FixedLoop): string | null {
  const { system, bootCore } = s.machine;
  const mask = bootCore.testedMask(pc) ?? 0;
  for (const address of reads) {
    const block = system.regionAt(address)?.block;
    const register = block?.layout.at(address - block.row.base);
    const field = register?.fields.find((f) => f.width === 1 && (1 << f.bit) >>> 0 === mask);
    if (!block || !register || !field) continue;
    const wanted = ((bootCore.peek(address, 4) ?? 0) & mask) === 0 ? 1 : 0;
    const reason = domainReason(s, `${block.row.name}.${register.name}.${field.name}`, wanted);
    if (reason !== null) return `the loop waits for ${block.row.name}.${register.name}.${field.name} = ${wanted}: ${reason}`;
  }
  return null;
}

/** Code of one program runs or was interrupted, and the vectors come from the table of another. */
export interface ForeignTable {
  readonly of: Program | LoadedImage;
  readonly vtor: number;
  /** What put it there; null on a core without VTOR, too. */
  readonly writer: WriteRecord | null;
  /** `VTOR is 0x08000000`, or `address 0, … shows` */
  readonly where: string;
  /** `this is the vector table of loader.elf, but app.elf runs, which has its own at 0x08008000` */
  readonly whose: string;
}
/** Null where that is not so. */
export function foreignTable(s: Session): ForeignTable | null {
  const { machine, input } = s;
  if (othersThanBooted(s).length === 0 && input.images.length < 2) return null;
  const { frames } = callChainOf(machine.bootCore, input.images);
  const pc = frames[frames.findLastIndex((f) => f.exception !== null) + 1]?.pc;
  const vtor = machine.bootCore.get(SCS.VTOR) >>> 0;
  // at 0 lies what is mapped there, which may be a copy in RAM: whose it is, its reset vector says
  const reset = vtor === 0 ? machine.bootCore.peek(4, 4) : null;
  const mapped = reset === null ? undefined : ownerAt(s, (reset & ~1) >>> 0);
  const [of, table] = [pc === undefined ? undefined : ownerAt(s, pc), mapped ?? ownerAt(s, vtor === 0 ? machine.bootVectors() : vtor)];
  if (!of || !table || of === table) return null;
  const there = 'table' in of ? `, which has its own at ${hex32(of.table)}` : '';
  const whose = `table of ${ownerName(table)}, but ${ownerName(of)} runs${there}`;
  if (machine.bootCore.profile.vtor === 0)
    return { of, vtor, writer: null, where: 'address 0, from where the core takes its vectors, shows', whose: `the ${whose}` };
  return {
    of,
    vtor,
    writer: machine.history.lastWriter('CPU.VTOR'),
    where: `VTOR is ${hex32(vtor)}`,
    whose: `this is the vector ${whose}`,
  };
}
export function foreignTableInWords(s: Session): string | null {
  const found = foreignTable(s);
  return found === null ? null : foreignInWords(s, found);
}
export function foreignInWords(s: Session, { writer, where, whose }: ForeignTable): string {
  if (s.machine.bootCore.profile.vtor === 0) return `${where} ${whose}`;
  return `${where}${writer === null ? '' : ` since ${place(s, writer.pc)}`}: ${whose}`;
}

/**
 * No handler ever wrote what the loop polls, and an interrupt that is pending, or the tick, is behind a mask: as of an application that its loader started with interrupts off. A
 * loop that polls nothing and stays one without the mask waits for no interrupt.
 */
function heldBack(s: Session, polls: boolean): WaitStory | null {
  const core = s.machine.bootCore;
  const ticks = ((core.peek(SYST_CSR, 4) ?? 0) & 3) === 3;
  const exception = highestPending(core) || (ticks ? EXC.SYSTICK : 0);
  if (exception === 0) return null;
  const { lines, mask } = whyNotTaken(s, exception);
  if (mask === null || (!polls && isStop(s, mask))) return null;
  const outcome = outcomeWithout(s, mask);
  return polls || outcome !== 'stuck' ? { lines, changed: { what: `${mask.toUpperCase()} cleared`, outcome } } : null;
}

/** Bytes between the instruction that masks interrupts and the loop behind it: of `__disable_irq(); while (1);`, with barriers and the return of an inlined function between them (FreeRTOS: configASSERT). */
const BEHIND_MASK = 24;
/** The program stopped itself: it masked interrupts and went straight into a loop that does nothing, as an error handler does. */
function isStop({ machine, state }: Session, mask: string): boolean {
  const writer = machine.history.lastWriter(`CPU.${mask.toUpperCase()}`);
  const loop = state.loop?.pc;
  return writer != null && loop !== undefined && loop > writer.pc && loop - writer.pc <= BEHIND_MASK;
}

interface Reason {
  readonly lines: readonly string[];
  readonly mask: 'primask' | 'faultmask' | 'basepri' | null;
  /** The exception in whose handler the core is, if that keeps it. */
  readonly active?: number;
}
/** What keeps an exception from being taken in the state that the session stands in. */
function whyNotTaken(s: Session, exception: number): Reason {
  const { machine } = s;
  const core = machine.bootCore;
  const state = targetState(machine, registerFile(core, core.pc));
  const name = exceptionName(machine.chip, exception);
  const by = (register: string, bits?: number): string => {
    const w = machine.history.lastWriter(`CPU.${register}`, bits);
    return w ? ` since ${place(s, w.pc)}` : '';
  };
  const own = exceptionPriority(state, exception) ?? 0;
  for (const mask of ['faultmask', 'primask'] as const)
    if (state.core(mask)) return { lines: [`${name} is not taken: ${mask.toUpperCase()} is 1${by(mask.toUpperCase())}`], mask };
  const basepri = state.core('basepri') ?? 0;
  if (basepri !== 0 && groupPriority(state, own) >= groupPriority(state, basepri))
    return {
      lines: [`${name} is not taken: BASEPRI is 0x${basepri.toString(16)}${by('BASEPRI')}, and its priority is 0x${own.toString(16)}`],
      mask: 'basepri',
    };
  const active = core.arm.ipsr;
  const running = active === 0 ? null : exceptionPriority(state, active);
  if (running !== null && groupPriority(state, own) >= groupPriority(state, running))
    return {
      lines: [
        `${name} is not taken: the loop runs in the handler of ${exceptionName(machine.chip, active)}, which ${name} cannot preempt (priority 0x${own.toString(16)} against ${running < 0 ? running : `0x${running.toString(16)}`})`,
      ],
      mask: null,
      active,
    };
  return { lines: [notRaised(s, exception, name, by)], mask: null };
}

function notRaised(s: Session, exception: number, name: string, by: (register: string, bits?: number) => string): string {
  const read = (address: number): number => s.machine.bootCore.peek(address, 4) ?? 0;
  if (exception === EXC.SYSTICK) {
    const csr = read(SYST_CSR);
    if ((csr & 3) !== 3) return `SysTick is off (SYST_CSR = 0x${csr.toString(16)})${by('SYST_CSR', 3)}`;
  }
  const line = exception - EXC.IRQ0;
  const bit = (1 << (line & 31)) >>> 0;
  if (line >= 0 && (read(NVIC_ISER + 4 * (line >>> 5)) & bit) === 0)
    return `${name} is disabled in the NVIC${by(`NVIC_ISER${line >>> 5}`, bit)}`;
  const silent = line < 0 ? null : silentSource(s, line);
  if (silent !== null) return `nothing raises ${name}: ${silent}`;
  const would = wakers(s, false).filter((w) => w.line === line);
  return would.length === 0 ? `nothing raises ${name} any more` : `nothing raises ${name} any more; only ${wakersText(would)} would`;
}
const SYST_CSR = 0xe000e010;
const NVIC_ISER = 0xe000e100;

/** The run goes on from where it stands, behind the handler, as without SLEEPONEXIT. */
export function outcomeAwake(s: Session): Outcome {
  s.keepCheckpoints = false;
  const core = s.machine.bootCore;
  wakeBehindHandler(core);
  core.interruptsChanged();
  s.goOn();
  return s.run({ counterfactual: true }).outcome;
}
/** The run goes on from where it stands, with one mask cleared. */
function outcomeWithout(s: Session, mask: 'primask' | 'faultmask' | 'basepri'): Outcome {
  setRegister(s.machine.bootCore, mask, 0);
  s.machine.bootCore.interruptsChanged();
  s.goOn();
  return s.run({ counterfactual: true }).outcome;
}
