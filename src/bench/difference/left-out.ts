/**
 * A run that ends before the receiver starts, in a fault, in a loop, asleep: there is no instant at which a state handed over could be put right, and what does it may run again and
 * again. So each instruction that made something otherwise than a reset leaves it is left out, one at a time, in a run from power-on: the same firmware without it.
 */
import { locate, registerOf } from '../../checks/families.ts';
import { atMost, MOST } from '../documents/bounds.ts';
import { L1_LINE_BYTES } from '../../emu/core/caches/l1-cache.ts';
import type { Machine } from '../../emu/machine.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { runFrom } from '../proof/attempt.ts';
import type { Program } from '../../image/programs.ts';
import { allDifferences, livesBehind, type Cached, type Difference, type Finding } from './find.ts';
import { secondProgram } from './programs.ts';
import { romFromReset } from './reference.ts';
import type { Session } from '../session/session.ts';
import { unclockedAt } from '../session/unclocked.ts';
import { addressText } from '../slice/words.ts';
import type { Part } from './transplant.ts';

/** What of the core alone keeps a program that runs on from its way: anything else may be what it is for. */
const KEEPS_BACK: ReadonlySet<string> = new Set(['PRIMASK', 'FAULTMASK', 'BASEPRI', 'SCR']);

/** A run that has ended, in a checkpoint. */
export interface Ended {
  readonly powerOn: Checkpoint;
  readonly finished: Checkpoint;
  readonly at: Ps;
  /** It does other things than it should, and has not ended, or sleeps: only what the core itself is set to may be left out. */
  readonly coreAlone: boolean;
}
export interface LeftOut {
  /** The program that is started, where the goal is what it does. */
  readonly program: Program | null;
  readonly find: () => Finding | null;
}
/** Null where there is no goal to come to. */
export function leftOut(session: Session, { powerOn, finished, at, coreAlone }: Ended): LeftOut | null {
  session.restore(finished);
  const program = secondProgram(session);
  const lives = program === null ? null : livesBehind(session, powerOn, program, at);
  if (program !== null && lives === null) return null;
  const further = { came: false };
  const again = (): boolean => {
    const { reached, entries } = runFrom(session, powerOn, { pages: new Set() });
    further.came = entries > finished.history.entryCount;
    return reached;
  };
  const reached = lives?.lives ?? again;
  const failing = session.faultCheckpoint ?? finished;
  const started = lives?.isStarted === true ? program : null;
  return { program, find: () => findLeftOut(session, failing, { coreAlone, started }, reached, further) };
}
/** What a loader has to set for a program: to leave it out mends nothing, even where the program happens to live without. */
const HANDED_OVER: ReadonlySet<string> = new Set(['stack pointers', 'VTOR']);
const isOf = (program: Program | null, pc: number): boolean =>
  program !== null && program.parts.some(({ address, size }) => pc >= address && pc < address + size);
/**
 * @param started the program that the run came to
 * @param reached a run from power-on: whether it comes to its goal
 * @param further whether it came into the ROM, which it did not as it was
 */
function findLeftOut(
  session: Session,
  failing: Checkpoint,
  { coreAlone, started }: { readonly coreAlone: boolean; readonly started: Program | null },
  reached: () => boolean,
  further: { readonly came: boolean },
): Finding | null {
  const working = romFromReset(session.input, 'table');
  if (working === null) return null;
  const { machine } = session;
  const waitedFor = blocksWaitedFor(session);
  const isOwed = (name: string): boolean => started !== null && HANDED_OVER.has(name);
  const taken = ({ kind, name }: Part): boolean =>
    kind !== 'board' && !waitedFor.has(name) && !isOwed(name) && (!coreAlone || KEEPS_BACK.has(name));
  const all = [...allDifferences(session, failing, working, taken), ...otherStack(machine, failing)];
  const lostClocks = coreAlone ? [] : clocksTaken(session, failing);
  working.session.release();
  const byPlace = new Map<number, Difference[]>();
  for (const d of [...lostClocks, ...all.toSorted((a, b) => (b.writer?.seq ?? 0) - (a.writer?.seq ?? 0))])
    // what the program does itself, it does as well when it is started from reset
    if (d.writer?.kind === 'cpu' && inFlash(machine, d.writer.pc) && !isOf(started, d.writer.pc))
      byPlace.set(d.writer.pc, [...(byPlace.get(d.writer.pc) ?? []), d]);
  const tried = atMost(session.input, MOST.leftOut, 'instructions that may keep it from its goal', [...byPlace]);
  // what helps though nothing was left out is no cause: it does the same when it is started from reset
  if (started !== null && tried.length > 0 && reached()) return null;
  const onward: (typeof tried)[number][] = [];
  const helping = tried.filter((of) => {
    const helps = without(machine, of[0], reached);
    if (!helps && further.came) onward.push(of);
    return helps;
  });
  // the next mistake lies behind it
  if (helping.length === 0 && onward.length > 0)
    return {
      helps: true,
      further: true,
      sets: onward.map(([, [made]]) => [{ ...made!, leftOut: true }]),
      complete: false,
      forks: tried.length,
    };
  const cached = helping.some(([, [made]]) => made!.what === DATA_CACHE) ? cachedOtherwise(session, failing) : null;
  return {
    helps: helping.length > 0,
    sets: helping.map(([, [made]]) => [{ ...made!, leftOut: true, ...(made!.what === DATA_CACHE && cached !== null && { cached }) }]),
    complete: true,
    forks: tried.length,
  };
}
const DATA_CACHE = 'SCB.CCR.DC';
/** What the loop reads in which the run ends, or the instruction that faulted, where the cache has another word of it than memory. */
function cachedOtherwise(s: Session, failing: Checkpoint): Cached | null {
  s.restore(failing);
  const { machine, state } = s;
  const core = machine.bootCore;
  const lines = new Set(core.l1?.dirtyLines());
  const fault = machine.state.firstFault?.pc;
  for (const read of [...(state.loop?.reads ?? []), ...(fault === undefined ? [] : [fault])]) {
    const address = (read & ~3) >>> 0;
    const [inCache, inMemory] = [core.peek(address, 4), core.peekBehindCache(address, 4)];
    if (inCache === null || inMemory === null || inCache >>> 0 === inMemory >>> 0) continue;
    const isDirty = lines.has((address & -L1_LINE_BYTES) >>> 0);
    return { where: addressText(s, address, core.pc, core.index), inCache: inCache >>> 0, inMemory: inMemory >>> 0, isDirty };
  }
  return null;
}
/** The clocks of what the loop reads, if a write took them: they are off behind a reset, too, so that no difference shows them. */
function clocksTaken(s: Session, failing: Checkpoint): Difference[] {
  s.restore(failing);
  const { system, chip, history } = s.machine;
  return (s.state.loop?.reads ?? []).flatMap((address): Difference[] => {
    const block = unclockedAt(system, address);
    if (block?.row.clock === undefined) return [];
    const what = `${chip.rcc}.${block.row.clock}`;
    const { mask, bit: shift } = locate(chip, what)!;
    const register = registerOf(what);
    const writer = history.lastWriter(register, mask);
    return writer === null
      ? []
      : [{ what, value: 0, afterReset: 0, field: { register, mask, shift }, clock: [], writer, board: false, clockOf: block.row.name }];
  });
}
/** The wait for what was started there is the fault, and not that it was started. All clocks are in one block. */
function blocksWaitedFor({ machine: { system, chip }, state: { loop } }: Session): ReadonlySet<string> {
  const blocks = (loop?.reads ?? []).map((address) => system.regionAt(address)?.block?.row.name ?? chip.rcc);
  return new Set(blocks.filter((name) => name !== chip.rcc));
}
/** A handler does not use it, and an exception that finds no room there ends in one. */
function otherStack({ bootCore: { index, arm } }: Machine, { history }: Checkpoint): Difference[] {
  const writer = arm.ipsr === 0 ? null : history.lastWriter(`CPU${index === 0 ? '' : index}.CONTROL`, SPSEL);
  if (writer === null) return [];
  const field = { register: 'CONTROL', mask: SPSEL, shift: 1 };
  return [{ what: 'CONTROL.SPSEL', value: 1, afterReset: 0, field, clock: [], writer, board: false }];
}
const SPSEL = 2;
function inFlash({ system }: Machine, pc: number): boolean {
  const memory = system.regionAt(pc)?.memory?.row;
  return memory?.kind === 'flash' && memory.zone === 'user';
}

/** With NOP in the place of an instruction. */
function without(machine: Machine, pc: number, reached: () => boolean): boolean {
  const first = machine.bootCore.peek(pc, 2) ?? 0;
  const size = first >>> 11 >= FIRST_OF_32_BITS ? 4 : 2;
  const old = Uint8Array.from({ length: size }, (_, i) => machine.bootCore.peek(pc + i, 1) ?? 0);
  machine.replace(
    pc,
    Uint8Array.from(old, (_, i) => NOP[i % 2]!),
  );
  try {
    return reached();
  } finally {
    machine.replace(pc, old);
  }
}
const FIRST_OF_32_BITS = 0x1d;
const NOP = [0x00, 0xbf];
