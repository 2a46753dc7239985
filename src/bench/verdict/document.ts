/** Makes the result document from a finished run. */
import { endsWait } from '../slice/past-wait.ts';
import { KEPT, leftOut, printedTexts } from '../../emu/console-text.ts';
import type { BaseFacts, StuckInterrupt } from '../session/base-facts.ts';
import type { Finding } from '../difference/find.ts';
import type { PathFinding } from '../difference/path.ts';
import type { Judged, Diagnosis } from '../proof/diagnosis.ts';
import type { Writer } from '../../checks/check.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import type { ChangedOption } from '../session/changed-options.ts';
import { familyOf } from '../../checks/families.ts';
import { enablerOf } from '../../checks/writers.ts';
import { callChainOf } from '../session/call-chain.ts';
import { CYCCNT, stimulusPort } from '../../emu/core/arm/debug-registers.ts';
import { handlerAt, vectorAddress } from '../../emu/core/arm/exceptions.ts';
import { EXC } from '../../emu/core/arm/scs-state.ts';
import { codePlace, functionNameAt } from '../../image/image.ts';
import { sha256 } from '../../image/sha256.ts';
import { inOrder, joined } from '../../rom/pieces.ts';
import type { MachineState } from '../../emu/machine-state.ts';
import { MS, type Ps } from '../../emu/time.ts';
import {
  hex16,
  hex32,
  RUN_SCHEMA,
  seconds,
  type CheckId,
  type CoreName,
  type Hex,
  type LastWriter,
  type Outcome,
  type Place,
  type ResultCause,
  type ResultCheck,
  type ResultRom,
  type ResultStuck,
  type RomDependency,
  type RunResult,
  type SymptomOption,
  type TimelineRow,
  type UsbSession as ResultSession,
} from '../documents/result.ts';
import { withAdvice } from '../documents/advice.ts';
import { APP_GOAL, USB_GOAL } from '../documents/goal.ts';
import { OF_SENDER, SERIAL_PORT } from '../documents/names.ts';
import { chainText, GAVE_UP, type Note } from '../documents/note-facts.ts';
import { imageCore } from '../input/image-core.ts';
import type { RunInput } from '../input/run-input.ts';
import type { ForcedField } from '../documents/scenario-types.ts';
import type { SessionEnd } from '../session/live-run.ts';
import { keptOptionNotes } from './kept-options.ts';
import { mangledHandler } from './mangled-handler.ts';
import { isOwnLoop, restartInWords } from '../session/restart.ts';
import { unclockedAt } from '../session/unclocked.ts';
import type { Session } from '../session/session.ts';
import { countedCrystalNote } from './counted-crystal.ts';
import { usbClockNote } from './own-usb.ts';
import { framesOfLoop, place as placeInWords, variableAt } from '../slice/words.ts';
import { handOversOf, ownWay } from './hand-overs.ts';
import { summarise } from './summary.ts';
import type { LeftCause } from '../proof/behind-leave.ts';
import type { BehindKept } from '../proof/behind-request.ts';
import type { BoardFinding } from '../proof/board-causes.ts';
import type { Overwritten } from '../proof/overwritten.ts';
import type { MeantHandler } from '../proof/meant-handler.ts';
import type { OthersTable } from '../proof/others-table.ts';
import type { OneCause } from '../proof/one-cause.ts';
import type { Refused } from '../proof/refused.ts';
import type { StarvedWait } from '../proof/starved-wait.ts';
import { cutTable } from '../slice/cut-table.ts';
import type { WrongTurn } from '../proof/wrong-turn.ts';
import {
  withBoard,
  withDifference,
  withHidden,
  withLeft,
  withOverwritten,
  withStarved,
  withTable,
  withOne,
  withRefused,
  withTurn,
  withPath,
  withWritten,
  type Receiver,
} from './difference-causes.ts';

/** `lr`: LR at that instruction, if it is known. */
export function place(input: RunInput, pc: number | null, lr: number | null = null): Place | null {
  if (pc === null) return null;
  const p = codePlace(input.images, pc >>> 0, lr);
  return { pc: hex32(pc), symbol: p.symbol, file: p.file, line: p.line };
}

/** Name of a core, if the chip has two. */
const coreName = (input: RunInput, index: number): { core?: CoreName } =>
  input.chip.cores.length > 1 ? { core: input.chip.cores[index]!.name as CoreName } : {};

export function lastWriter(input: RunInput, w: Writer | null | undefined): LastWriter | null {
  if (!w) return null;
  return { ...place(input, w.pc, w.lr)!, at: seconds(w.at), kind: w.kind, ...coreName(input, w.core) };
}

const usbRow = ({ at, kind, text }: Session['usb']['logEntries'][number]): RunResult<string>['usb']['log'][number] => ({
  at: seconds(at),
  kind,
  text,
});

function usbSessions(s: Session): ResultSession[] {
  return s.usb.sessions.map((u) => ({
    at: seconds(u.at),
    servedBy: u.servedBy,
    attached: u.attached !== null,
    enumerated: u.enumerated !== null,
    vid: u.vid === null ? null : hex16(u.vid),
    pid: u.pid === null ? null : hex16(u.pid),
    bcdDevice: u.bcdDevice === null ? null : hex16(u.bcdDevice),
    product: u.product,
    altSettings: [...u.altSettings],
    endedAt: u.endedAt === null ? null : seconds(u.endedAt),
    endedBy: u.endedBy,
  }));
}

function stuckAt(s: Session, outcome: Outcome): ResultStuck | null {
  const loop = s.state.loop;
  if (outcome !== 'stuck' || !loop) return null;
  return { ...polledIn(s, loop), at: place(s.input, loop.pc)! };
}
function polledIn(s: Session, loop: NonNullable<Session['state']['loop']>): ResultStuck {
  const { system } = s.machine;
  // what a handler that returns, and is taken again, has read on its way is not polled
  const address = loop.storm || loop.reads.length === loop.ofStack ? undefined : loop.reads[0];
  if (address === undefined) return { address: null, register: null, value: null, pc: hex32(loop.pc), force: null };
  const region = system.regionAt(address);
  if (!region?.block) return polledMemory(s, loop, address);
  const value = s.machine.bootCore.peek(address & ~3, 4) ?? 0;
  const named = system.registerName(region.block, address);
  const block = region.block.row.name;
  const read = system.answersReads(region.block, address - region.block.row.base) ? value : 0;
  return {
    address: hex32(address),
    register: named ? `${block}.${named}` : null,
    value: hex32(pinned(s, `${block}.${named}`, read)),
    pc: hex32(loop.pc),
    force: named && forcedOf(s, `${block}.${named}`).length === 0 ? forceLine(s, region.block.row.name, named, address, loop.pc) : null,
  };
}
/** A word of memory, or a register of the core's debug units. */
function polledMemory(s: Session, loop: NonNullable<Session['state']['loop']>, address: number): ResultStuck {
  const port = stimulusPort(address);
  const register = address === CYCCNT ? 'DWT.CYCCNT' : port === null ? null : `ITM.STIM${port}`;
  const [size = 4] = loop.sizes;
  const value = hex32(s.machine.bootCore.peek(address, size as 1 | 2 | 4) ?? 0);
  const variable = register === null ? variableAt(s, address, loop.pc) : null;
  return { address: hex32(address), register, ...(variable !== null && { variable }), value, pc: hex32(loop.pc), force: null };
}

const forcedOf = ({ input }: Session, register: string): readonly ForcedField[] =>
  input.force.filter((f) => `${f.peripheral}.${f.register}` === register);
/** Value that a register reads with the fields that --force fixes. */
function pinned(s: Session, register: string, value: number): number {
  const [block = '', name] = register.split('.');
  const fields = s.machine.system.layoutOf(block)?.registers.find((r) => r.name === name)?.fields ?? [];
  return forcedOf(s, register).reduce((now, f) => {
    const { bit, width } = fields.find((x) => x.name === f.field) ?? { bit: 0, width: 0 };
    const mask = ((width >= 32 ? 0xffffffff : 2 ** width - 1) << bit) >>> 0;
    return ((now & ~mask) | ((f.value << bit) & mask)) >>> 0;
  }, value >>> 0);
}
/** Notes about fields of the polled register that --force fixes; they may cause the wait. */
function forcedNotes(s: Session, stuck: ResultStuck | null): Note[] {
  return forcedOf(s, stuck?.register ?? '').map((f) => ({
    kind: 'wait',
    text: `--force fixes ${f.peripheral}.${f.register}.${f.field} at ${f.value}`,
  }));
}

/** --force is for registers that are not modelled: for others, the value read no longer matches what the block does. */
function forcedAgainstModel({ input, machine: { system } }: Session): Note[] {
  const modelled = input.force.filter(({ peripheral, register }) => {
    const block = system.findBlock(peripheral);
    return block?.component.isModelled(block.component.layout.reg(register)) === true;
  });
  return modelled.map(({ peripheral, register, field, value }) => ({
    kind: 'force',
    text: `${peripheral}.${register} is modelled, but with --force every read of ${field} returns ${value}, whatever the peripheral does; a real chip never behaves like this`,
  }));
}

/** Notes about ready flags that can never be set; they explain a wait for a register of their block, not the end of a program that has given such a wait up. */
function neverReady(s: Session, stuck: ResultStuck | null): Note[] {
  const polled = stuck?.register?.split('.')[0];
  if (polled === undefined) return [];
  return s.machine.state.notes.flatMap(({ text, block, about }) =>
    about?.is === 'never-ready' && block === polled ? [{ kind: 'wait', text, about: { ...about, block } }] : [],
  );
}
/** Notes about a bus on which nobody answered: they explain a wait for its block, and a loop without end that asks nothing, to which an error leads. */
function unanswered(s: Session, stuck: ResultStuck | null): Note[] {
  if (stuck === null) return askedInVain(s);
  const polled = stuck.register?.split('.')[0];
  return s.machine.state.notes.flatMap(({ text, block, about }) => {
    if (about?.is !== 'no-acknowledge' || (stuck.address !== null && block !== polled)) return [];
    return [{ kind: polled === undefined ? GAVE_UP : 'wait', text, about: { ...about, block } }];
  });
}

/** A program that goes on, and asks a device again and again that is not there: it may do nothing else until that answers. */
function askedInVain({ machine: { state } }: Session): Note[] {
  return state.notes.flatMap(({ text, block, about, count }) =>
    about?.is === 'no-acknowledge' && count >= ASKED_OFTEN
      ? [{ kind: GAVE_UP, text: `${text}: the firmware asked ${count} times`, about: { ...about, block } }]
      : [],
  );
}
/** More often than drivers repeat themselves before they report an error. */
const ASKED_OFTEN = 20;

/** Notes about watchdogs that the ROM does not refresh, so that DFU ends when they expire. */
function unfedWatchdogs(s: Session, { outcome }: SessionEnd): Note[] {
  if (outcome !== 'dfu') return [];
  return [secondWatchdog(s), windowWatchdog(s)].flatMap((note) => note ?? []);
}
/** The watchdog of the other core: the ROM is documented to refresh only the one of its own core. */
function secondWatchdog({ machine: { system } }: Session): Note | null {
  const block = system.findBlock('IWDG2');
  if (!block || system.published(block).running !== true) return null;
  const text = 'IWDG2 runs, and the ROM does not refresh it: unless the second core keeps refreshing it, it resets the chip and ends DFU';
  return { kind: 'watchdog', text, about: { is: 'watchdog', check: 'iwdg' } };
}
function windowWatchdog({ machine: { system, chip, history } }: Session): Note | null {
  const name = familyOf(chip)?.wwdg.running?.split('.')[0];
  const block = name === undefined ? null : system.findBlock(name);
  const entry = history.entries.at(-1);
  const { due = Infinity } = block ? system.published(block) : {};
  if (!entry || due === Infinity) return null;
  const ms = Math.max(1, Math.round((due - entry.at) / MS));
  const text = `${name} runs, and the ROM is not known to refresh it: it resets the chip ${ms} ms after the start of the ROM and ends DFU`;
  return { kind: 'watchdog', text, about: { is: 'watchdog', check: 'wwdg' } };
}

/** Backup registers, in the names of all families. */
const BACKUP_WORD = /^(BKP\d+R|DR\d+)$/;
/** Notes about requests that are still set in a run that reached DFU: backup registers whose clearing write was ignored. */
function keptRequests({ machine: { system, bootCore, state } }: Session, { outcome }: SessionEnd): Note[] {
  if (outcome !== 'dfu') return [];
  return state.notes.flatMap((note) => {
    if (note.about?.is !== 'backup-locked' || !BACKUP_WORD.test(note.about.register)) return [];
    const { register } = note.about;
    const block = note.block === null ? undefined : system.findBlock(note.block);
    if (!block) return [];
    const held = bootCore.peek(block.row.base + block.component.layout.reg(register).offset, 4) ?? 0;
    if (held === 0) return [];
    const text =
      `${note.block}.${register} still holds ${hex32(held)}: a write while PWR DBP was 0 was ignored. If this is the request for the ROM, ` +
      'the next start finds it again: set DBP before you clear it';
    return [{ kind: 'kept', text }];
  });
}

/** A note if the clock of the polled block is off, so that it reads as 0. */
function clockOff({ machine: { system } }: Session, stuck: ResultStuck | null): Note[] {
  if (stuck?.address == null) return [];
  const block = unclockedAt(system, Number(stuck.address));
  if (block === null) return [];
  const [name, enable] = [block.row.name, `RCC.${block.row.clock}`];
  const text = `${name} has no clock: ${enable} is 0, so it reads as 0 and ignores writes`;
  return [{ kind: 'wait', text, about: { is: 'no-clock', block: name, enable } }];
}

/**
 * The `--force` argument that gets past the loop, as was tried: the polled field inverted, if the mask in the loop shows which field it is. Null for a wait for a received
 * byte: no flag makes up for that.
 */
function forceLine(s: Session, block: string, register: string, address: number, pc: number): string | null {
  const layout = s.machine.system.layoutOf(block);
  const fact = layout?.registers.find((r) => r.name === register);
  if (!fact) return null;
  const mask = s.machine.bootCore.testedMask(pc);
  const value = (s.machine.bootCore.peek(address & ~3, 4) ?? 0) >>> 0;
  const bits = ({ bit, width }: { readonly bit: number; readonly width: number }): number =>
    ((width >= 32 ? 0xffffffff : (1 << width) - 1) << bit) >>> 0;
  const candidates = fact.fields.filter((f) => mask === null || (bits(f) & mask) !== 0);
  if (mask === null && candidates.length > 1) return null;
  if (SERIAL_PORT.test(block) && /^I?SR$/.test(register) && !candidates.some((f) => OF_SENDER.test(f.name))) return null;
  for (const f of candidates) {
    const other = (value & bits(f)) === 0 ? 1 : 0;
    if (endsWait(s, (address & ~3) >>> 0, bits(f), (other << f.bit) >>> 0)) return `${block}.${register}.${f.name}=${other}`;
  }
  return null;
}

function stuckInterrupt(s: Session, outcome: Outcome): StuckInterrupt | null {
  const loop = s.state.loop;
  if (outcome !== 'stuck' || !loop || loop.exception === 0) return null;
  const { machine, input } = s;
  const line = loop.exception - EXC.IRQ0;
  const core = machine.bootCore.index;
  const enabled = line < 0 ? null : enablerOf(machine.history, line, core);
  return {
    name: exceptionName(input.chip, loop.exception),
    storm: loop.storm,
    handler: place(input, handlerOf(s, loop))!,
    shared: isShared(s, loop.exception),
    wrongTable: !loop.storm && machine.bootCore.arm.ipsr === loop.exception && cutTable(s) !== null,
    enabledBy: place(input, enabled?.pc ?? null, enabled?.lr),
  };
}

/** The loop where it is in the handler's own function, else where the handler begins: the loop is in what it calls. */
function handlerOf({ machine: { bootCore: core }, input }: Session, { pc, exception }: NonNullable<Session['state']['loop']>): number {
  const entry = handlerAt(core, exception);
  if (entry === 0) return pc;
  const name = functionNameAt(input.images, entry);
  return name !== null && name === functionNameAt(input.images, pc) ? pc : entry;
}

/** Why the program's own handler is not in the vector table. */
function notInTable(s: Session, outcome: Outcome): Note[] {
  const { exception = 0 } = s.state.loop ?? {};
  if (outcome !== 'stuck' || exception === 0 || !isShared(s, exception)) return [];
  const text = mangledHandler(s.input.chip, s.input.images, exception);
  return text === null ? [] : [{ kind: 'wait', text }];
}

/** From this number of equal vectors on, they belong to a default handler. */
const SHARED_BY = 4;
function isShared({ machine: { bootCore: core } }: Session, exception: number): boolean {
  const vector = (n: number): number | null => core.peek(vectorAddress(core, n), 4);
  const own = vector(exception);
  let same = 0;
  for (let n = 2; n < EXC.IRQ0 + 32; n++) if (own !== null && vector(n) === own) same++;
  return same >= SHARED_BY;
}

/** The line of the loop and the callers of its function, from the end of the run or, if that is not in the loop's function, from where the loop was found. */
function loopNote(s: Session, { pc }: ResultStuck, inHandler: boolean): Note {
  const { images } = s.input;
  const now = callChainOf(s.machine.bootCore, images).frames;
  const found = s.state.loop?.calls ?? [];
  // what is called in each iteration is not what goes round
  const head = s.state.loop?.around ?? Number(pc);
  const name = functionNameAt(images, head);
  const [inner, ...callers] = framesOfLoop(name, now, found);
  const [at, where] = [place(s.input, head)!, placeInWords(s, head)];
  const text = callers.length === 0 ? where : `${where} < ${chainText(callers)}`;
  return {
    kind: 'loop',
    text,
    about: {
      is: 'loop',
      at,
      where,
      ...(inner && { inner }),
      callers,
      inHandler,
      ...(s.state.loop?.sleeping && { asleep: true }),
      ...(s.state.loop?.storm && { storm: true }),
    },
  };
}

/** A note if the loop tests a bit that is not in any field of the register; usually the firmware is for another chip. */
function reservedNote(s: Session, stuck: ResultStuck | null): Note | null {
  if (stuck?.register == null) return null;
  const [block = '', register] = stuck.register.split('.');
  const fields = s.machine.system.layoutOf(block)?.registers.find((r) => r.name === register)?.fields ?? [];
  const tested = s.machine.bootCore.testedMask(Number(stuck.pc)) ?? 0;
  const there = fields.reduce((mask, f) => mask | (f.width >= 32 ? 0xffffffff : ((1 << f.width) - 1) << f.bit), 0);
  if (fields.length === 0 || tested === 0 || (tested & there) !== 0) return null;
  const bit = 31 - Math.clz32(tested & -tested);
  return {
    kind: 'wait',
    text: `it polls bit ${bit} of ${stuck.register}, which is not a documented field on ${s.input.chip.name}: is the firmware built for another chip?`,
  };
}

/** A register counts as polled after this number of consecutive reads, if the last one is at most this long before the end of the run. */
const POLLED_READS = 100;
const POLLED_LATELY = 100 * MS;
/** A note about a register that is not modelled and that the firmware still polls at the end; a real chip may get past it. */
function polledNote(s: Session, outcome: Outcome): Note | null {
  const { polled } = s.machine.state;
  if (outcome === 'dfu' || !polled || polled.reads < POLLED_READS || s.machine.now - polled.at > POLLED_LATELY) return null;
  const dot = polled.register.indexOf('.');
  const [block, register] = [polled.register.slice(0, dot), polled.register.slice(dot + 1)];
  const fact = s.machine.system.layoutOf(block)?.registers.find((r) => r.name === register);
  const address = fact ? s.machine.system.block(block).row.base + fact.offset : null;
  const force = address === null ? null : forceLine(s, block, register, address, polled.pc);
  // it may have given up, and ends elsewhere
  const polls = s.state.loop === null || address === null || s.state.loop.reads.some((a) => (a & ~3) >>> 0 === address);
  const text = `${polls ? 'polls' : 'polled'} ${polled.register}, which bootbench does not model`;
  return {
    kind: 'polled',
    ...(force === null ? { text } : withAdvice({ is: 'other', said: text, lead: '; ', command: `--force ${force} gets past it` })),
  };
}

/** The events in order: those of the machine, and those of the host as far as there is room. */
export function timelineRows(s: Session): TimelineRow<string>[] {
  const { machine, input, usb } = s;
  const row = (
    at: Ps,
    cycle: number | null,
    kind: string,
    text: string,
    pc: number | null,
    core: number,
  ): TimelineRow<string> & { order: Ps } => {
    const from = place(input, pc);
    return {
      order: at,
      at: seconds(at),
      cycle,
      kind,
      text,
      pc: from?.pc ?? null,
      file: from?.file ?? null,
      line: from?.line ?? null,
      ...coreName(input, core),
    };
  };
  const counted = (text: string, count: number): string => (count > 1 ? `${text} (${count} times)` : text);
  const rows = machine.history.timeline.toArray().map((t) => row(t.at, t.cycle, t.kind, counted(t.text, t.count), t.pc, t.core));
  const seen: { at: Ps; text: string; count: number }[] = [];
  for (const { at, kind, text } of usb.logEntries) {
    const words = kind === 'request' || kind === 'reset' ? text : `${kind}: ${text}`;
    const last = seen.at(-1);
    if (last?.text === words) last.count++;
    else if (rows.length + seen.length < MOST_ROWS) seen.push({ at, text: words, count: 1 });
  }
  rows.push(...seen.map((u) => row(u.at, null, 'usb', counted(u.text, u.count), null, machine.bootCore.index)));
  return rows.sort((a, b) => a.order - b.order).map(({ order: _order, ...rest }) => rest);
}
const MOST_ROWS = 2000;

function restartNote(s: Session, { outcome }: SessionEnd): Note[] {
  const { restart } = s.state;
  if (restart === null || isOwnLoop(restart) || outcome === 'dfu') return [];
  return [{ kind: 'restart', text: restartInWords((pc) => placeInWords(s, pc), restart) }];
}

function loopOf({ input }: Session, { loop }: SessionEnd): Pick<RunResult['ended'], 'loop'> {
  if (loop == null) return {};
  const { file, line } = codePlace(input.images, loop.pc);
  return { loop: { pc: hex32(loop.pc), file, line, endsAt: seconds(loop.endsAt) } };
}

function machineNote(s: Session, { kind, text, count, block, about }: MachineState['notes'][number]): Note {
  const rate = about?.is === 'other-baud' ? about : null;
  // where it is the crystal that is wrong, the store into BRR is not
  const set = rate === null || rate.wrote === null || rate.counts !== null ? '' : ` (${placeInWords(s, rate.wrote)})`;
  return {
    kind,
    text: rate === null ? told(s, text, count) : text + set,
    ...(about?.is === 'lost-byte' && { about: { ...about, block } }),
    ...(kind === 'guest' && { about: { ...(about ?? ({ is: 'misuse' } as const)), block } }),
  };
}

/** With how often, and where first, if a lost write is known behind it. */
function told(s: Session, text: string, count: number): string {
  const lost = s.machine.history.lost.find(({ note }) => note === text);
  const said = [count > 1 ? `${count} times` : '', lost ? `${count > 1 ? 'first at ' : ''}${placeInWords(s, lost.pc)}` : ''];
  const all = said.filter((part) => part !== '').join(', ');
  return all === '' ? text : `${text} (${all})`;
}

/** Accesses to blocks whose clock was off. */
const withoutClock = (s: Session): Note[] =>
  Object.entries(s.machine.state.unclocked).map(([text, count]) => ({ kind: 'unclocked', text: told(s, text, count) }));

function goalFacts(s: Session, end: SessionEnd): Pick<BaseFacts, 'goal' | 'otherRate' | 'leftAt'> {
  const { name, asking } = s.input.goal;
  const reached = s.reaches(end.outcome);
  const at = asking === null ? (s.state.dfuAt ?? end.at) : s.state.goal.at;
  return {
    goal: { name, reached, at: reached && at !== null ? seconds(at) : null, ...(asking === null ? {} : { asks: asking.text }) },
    otherRate: s.state.goal.otherRate,
    leftAt: s.leave === null ? null : seconds(s.leave.checkpoint.system.now),
  };
}

export function collectBase(s: Session, end: SessionEnd): BaseFacts {
  const { machine, input } = s;
  const h = machine.history;
  s.usb.finish();
  const notes = [...machine.state.notes.map((n) => machineNote(s, n)), ...withoutClock(s)];
  if (h.entryCount > h.entries.length)
    notes.push({ kind: 'entries', text: `system memory was entered ${h.entryCount} times; the first and the last entries are listed` });
  const stuck = stuckAt(s, end.outcome);
  const interrupt = stuckInterrupt(s, end.outcome);
  if (stuck) notes.push(loopNote(s, stuck, interrupt !== null));
  notes.push(
    ...forcedNotes(s, stuck),
    ...notInTable(s, end.outcome),
    ...forcedAgainstModel(s),
    ...unfedWatchdogs(s, end),
    ...keptRequests(s, end),
    ...keptOptionNotes(s),
  );
  notes.push(...neverReady(s, stuck), ...unanswered(s, stuck), ...clockOff(s, stuck), ...printedTooMuch(machine));
  const reserved = reservedNote(s, stuck);
  if (reserved) notes.push(reserved);
  for (const note of [usbClockNote(s), countedCrystalNote(s)]) if (note) notes.push(note);
  const polled = polledNote(s, end.outcome);
  if (polled) notes.unshift(polled);
  notes.unshift(...input.notes, ...restartNote(s, end));
  const started = machine.history.resets[0]?.at ?? 0;
  return {
    end,
    ...goalFacts(s, end),
    seconds: seconds(machine.now - started),
    cycles: machine.bootCore.cycles(),
    instructions: machine.bootCore.retired(),
    cores:
      machine.cores.length < 2
        ? null
        : Object.fromEntries(machine.cores.map((c) => [c.row.name, { cycles: c.cycles(), instructions: c.retired() }])),
    resets: h.resets.map((r) => ({
      at: seconds(r.at),
      by: r.by,
      flags: r.flags,
      from: place(input, r.fromPc, r.fromLr ?? null),
      ...coreName(input, r.core),
    })),
    entries: h.entries.map((e) => ({
      at: seconds(e.at),
      address: hex32(e.address),
      how: e.how,
      reached: e.reached,
      from: place(input, e.fromPc),
      registers: Object.fromEntries(Object.entries(e.registers).map(([k, v]) => [k, hex32(v)])) as Record<string, Hex>,
      ...coreName(input, e.core),
    })),
    usb: { sessions: usbSessions(s), log: s.usb.logEntries.map(usbRow) },
    console: printedTexts(machine.state.console),
    semihostingExit: machine.state.semihostingExit,
    stuck,
    interrupt,
    notes,
    uninitialisedReads: machine.uninitialisedReads(),
    unmodelled: Object.entries(machine.state.unmodelled)
      .map(([key, u]) => ({ peripheral: key.slice(0, key.indexOf('.')), register: key.slice(key.indexOf('.') + 1), ...u }))
      .sort((a, b) => (a.peripheral + a.register < b.peripheral + b.register ? -1 : 1)),
    timeline: timelineRows(s),
    lockup: machine.state.lockup?.reason ?? null,
    firstFault: machine.state.firstFault,
    fault: s.state.fault,
  };
}

function romOf(s: Session): ResultRom {
  const { input, profile, rom } = s;
  if (!profile) return { kind: input.rom.kind, id: null, version: null, sha256: null, options: {} };
  if (input.rom.kind === 'dump') {
    const pieces = inOrder({ address: profile.base, bytes: input.rom.bytes }, input.rom.beside ?? []);
    return { kind: 'dump', id: profile.id, version: null, sha256: sha256(joined(pieces.map((p) => p.bytes))), options: {} };
  }
  return {
    kind: 'stand-in',
    id: profile.id,
    version: input.rom.version ?? profile.versions.value.at(-1) ?? null,
    sha256: sha256(input.rom.bytes),
    options: Object.fromEntries((rom?.options ?? []).map((o) => [o.id, { value: o.value, confidence: o.confidence, source: o.source }])),
  };
}

/** A printed fix declares this; where the program has a function of that name, another. */
const DECLARED = /\bdfu_request\b/g;
const withFreeName = ({ images }: RunInput, fix: string): string =>
  images.some(({ symbols }) => symbols.named('dfu_request').some(({ kind }) => kind === 'function'))
    ? fix.replace(DECLARED, 'dfu_request_word')
    : fix;

function becauseOf(input: RunInput, { because, besides }: Judged['judgement']): string {
  if (besides === undefined) return because;
  const { file, line, symbol, pc } = place(input, besides.writer.pc, besides.writer.lr)!;
  return `${because}; ${besides.said.join(file === null ? (symbol ?? pc) : `${file}:${line}`)}`;
}
export function checkRow(input: RunInput, j: Judged): ResultCheck<string> {
  const g = j.judgement;
  return {
    id: j.id,
    verdict: g.verdict,
    observed: g.observed,
    expected: g.expected,
    because: becauseOf(input, g),
    source: g.source,
    confidence: g.confidence,
    lastWriter: lastWriter(input, g.lastWriter),
  };
}

export interface SymptomAnswer {
  readonly asked: string;
  readonly matches: boolean;
  readonly options: readonly SymptomOption<string>[];
  /** Further notes of the search. */
  readonly notes: readonly string[];
}

const THE_ROM: Receiver = { id: 'state', name: 'the ROM' };
/** What the checks found, and what was found without them. */
type Explained = Diagnosis & {
  readonly difference: Finding | null;
  readonly receiver?: Receiver;
  readonly path: PathFinding;
  readonly board?: BoardFinding;
  readonly written?: readonly ChangedOption[];
  readonly left?: readonly LeftCause[];
  readonly turn?: WrongTurn;
  readonly overwritten?: Overwritten;
  readonly starved?: StarvedWait;
  readonly table?: MeantHandler | OthersTable;
  readonly refused?: Refused;
  readonly one?: OneCause;
  readonly hidden?: BehindKept;
  readonly after?: RunResult<string>['after'];
};
/** What a check that fails says of a part of the board. */
const reasonIn =
  (checks: readonly ResultCheck<string>[]) =>
  (what: string): string | null =>
    checks.find(({ id, verdict }) => id === what.toLowerCase() && verdict === 'fail')?.because ?? null;

/** What comes then, in words. */
function thenOf({ goal }: RunInput, reached: boolean): string {
  if (reached) return 'all of that works';
  if (goal.asking !== null) return `the ROM answers on ${goal.asking.port}`;
  if (goal.name === APP_GOAL) return 'the application runs';
  return 'DFU comes';
}
function diagnosed(
  { input }: Session,
  {
    explained,
    sets,
    harmless,
    difference,
    receiver,
    path,
    board,
    written,
    left,
    turn,
    overwritten,
    starved,
    table,
    refused,
    one,
    hidden,
  }: Explained,
  causes: RunResult<string>['diagnosis']['causes'],
  reached: boolean,
  reason: (what: string) => string | null,
): RunResult<string>['diagnosis'] {
  if (hidden !== undefined) return withHidden(keptFirst(causes, hidden.request), [hidden.request], hidden.diagnosis);
  const placed = (writer: Writer | null): LastWriter | null => lastWriter(input, writer);
  const goal = { outcome: input.goal.name === USB_GOAL ? ('dfu' as const) : null, then: thenOf(input, reached) };
  const byState = withDifference({ explained, causes, sets, harmless }, difference, receiver ?? THE_ROM, placed, goal);
  const byPath = withPath(byState, path, placed, goal);
  const asHeld = starved === undefined ? byPath : withStarved(byPath, starved, placed, goal);
  const asTable = table === undefined ? asHeld : withTable(asHeld, table, placed, goal);
  const asRefused = refused === undefined ? asTable : withRefused(asTable, refused, placed, goal);
  const onPath = one === undefined ? asRefused : withOne(asRefused, one, placed, goal);
  if (turn !== undefined) return withTurn(onPath, turn, placed, goal);
  if (overwritten !== undefined) return withOverwritten(onPath, overwritten, placed, goal);
  if (left !== undefined && left.length > 0) return withLeft(onPath, left, placed);
  if (written !== undefined && written.length > 0) return withWritten(onPath, written, goal.then, placed);
  return board === undefined ? onPath : withBoard(onPath, board, goal.then, reason);
}
/** Of what fails behind a request, the run with its words kept has the row. */
const rowBehind = ({ hidden }: Explained, id: CheckId): ResultCheck<string> | undefined =>
  hidden?.diagnosis.sets.some((set) => set.includes(id)) === true ? hidden.checks.find((row) => row.id === id) : undefined;
/** The request as a proved cause: without it, none of what is behind it is reached. */
const keptFirst = (causes: readonly ResultCause<string>[], request: CheckId): ResultCause<string>[] =>
  causes.filter(({ id }) => id === request).map((c) => ({ ...c, proved: true }));
/** What the host heard then, from where the two runs part. */
function repairedRun({ repaired, sets }: Explained, { usb: { log } }: BaseFacts): RunResult<string>['repaired'] {
  if (repaired?.reached !== true) return null;
  const rows = repaired.log.map(usbRow);
  const common = rows.findIndex((row, i) => log[i]?.at !== row.at || log[i].text !== row.text);
  return { causes: [...(sets[0] ?? [])], outcome: repaired.outcome, log: common < 0 ? [] : rows.slice(common) };
}
/** Judgements at the entry that a repair led to replace the earlier ones; where this run had no entry, only those of its causes. */
function withLater(judged: readonly Judged[], { later, causes }: Explained, entered: boolean): readonly Judged[] {
  const told = later.filter((l) => entered || causes.some(({ id }) => id === l.id));
  return judged.map((j) => told.find((l) => l.id === j.id) ?? j);
}
export function makeResult(
  s: Session,
  base: BaseFacts,
  judged: readonly Judged[],
  diagnosis: Explained,
  dependsOn: readonly RomDependency[],
  symptom: SymptomAnswer | null,
): RunResult<string> {
  const { input } = s;
  const shown = withLater(judged, diagnosis, base.entries.length > 0);
  const inSet = new Set<CheckId>(diagnosis.sets.flat());
  const checks = shown.map((j) => {
    const row = rowBehind(diagnosis, j.id) ?? checkRow(input, j);
    return row.verdict === 'warn' && inSet.has(j.id) ? { ...row, verdict: 'fail' as const } : row;
  });
  const causes = diagnosis.causes.map((c): ResultCause<string> => ({
    id: c.id,
    proved: c.proved,
    at: c.repair?.at ?? null,
    repair: c.repair?.what ?? null,
    fix: c.repair?.fix === undefined ? null : withFreeName(input, c.repair.fix),
    outcomeAfterRepair: c.outcomeAfterRepair,
    dependsOn: c.dependsOn,
    lastWriter: lastWriter(input, c.judged.judgement.lastWriter),
    explanation: becauseOf(input, c.judged.judgement),
  }));
  const told: Omit<RunResult<string>, 'summary' | 'handOvers' | 'ways'> = {
    schema: RUN_SCHEMA,
    version: input.version,
    chip: input.chip.name,
    images: input.images.map((i) => ({ path: i.path, sha256: i.sha256, ...coreName(input, imageCore(input.chip, i)) })),
    scenario: input.scenario.document,
    engine: input.engine,
    seed: input.seed,
    rom: romOf(s),
    outcome: base.end.outcome,
    ended: { reason: base.end.reason, at: seconds(base.end.at as Ps), ...loopOf(s, base.end) },
    dependsOn: [...dependsOn],
    time: {
      seconds: base.seconds,
      cycles: input.engine === 'unicorn' ? null : base.cycles,
      instructions: base.instructions,
      quantum: s.machine.quantum,
      cores: base.cores,
    },
    resets: base.resets,
    entries: base.entries,
    checks,
    diagnosis: diagnosed(s, diagnosis, causes, base.goal.reached, reasonIn(checks)),
    usb: base.usb,
    console: base.console,
    semihostingExit: base.semihostingExit,
    stuck: base.stuck,
    symptom: symptom && { asked: symptom.asked, matches: symptom.matches, options: symptom.options },
    notes: base.notes,
    uninitialisedReads: base.uninitialisedReads,
    unmodelled: base.unmodelled,
    timeline: base.timeline,
    goal: base.goal,
    after: diagnosis.after ?? null,
    repaired: repairedRun(diagnosis, base),
  };
  const end = seconds(base.end.at);
  const result = {
    ...told,
    handOvers: handOversOf(told, { leftAt: base.leftAt, end }, diagnosis.difference === null ? null : (diagnosis.receiver ?? null)),
    ways: ownWay(input, told),
  };
  return { ...result, summary: summarise(result, base, input.goal.asking?.text ?? null) };
}

/** The result holds the ends of what was printed, and says how much there was. */
function printedTooMuch({ state }: Session['machine']): Note[] {
  return Object.entries(state.console).flatMap(([channel, said]) =>
    leftOut(said) === 0
      ? []
      : [
          {
            kind: 'console',
            text: `${channel} printed ${said.count} characters; the first and the last ${KEPT} are kept, ${leftOut(said)} are left out`,
          },
        ],
  );
}
