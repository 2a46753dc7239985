/**
 * Causes that no check knows: what of the state at the entry of the ROM has to be as it is behind a reset, so that DFU comes. Found by trying (search.ts), told as registers and
 * fields with the instruction that wrote them last.
 */
import { MOST } from '../documents/bounds.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import { clockInC, resetInC } from '../../checks/fix-in-c.ts';
import type { Writer } from '../../checks/check.ts';
import { setPending } from '../../emu/core/arm/nvic.ts';
import { EXC } from '../../emu/core/arm/scs-state.ts';
import type { History } from '../../emu/history.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { undoException } from '../proof/repairs.ts';
import { CutShort, isCut } from '../session/budget.ts';
import type { Ps } from '../../emu/time.ts';
import type { RunInput } from '../input/run-input.ts';
import type { Session } from '../session/session.ts';
import { inShortRun } from '../session/short-run.ts';
import { nameOf, type Program } from '../../image/programs.ts';
import { CORE_FIELDS, coreName, SYSTICK } from './core-parts.ts';
import { arrival, diesAt, fromReset, livesAs, senderOf, toWatch, watch, WATCHED, type Life, type Sender } from './programs.ts';
import { isLock } from './lock.ts';
import { romFromReset } from './reference.ts';
import { Tries } from './search.ts';
import { Transplant, type Counter, type Part, type Piece, type Working } from './transplant.ts';
import { imageAt } from '../../image/image.ts';

/** A word that the data cache shows otherwise than memory. */
export interface Cached {
  /** `rx (0x20010000)` */
  readonly where: string;
  readonly inCache: number;
  readonly inMemory: number;
  /** The core wrote it, and memory does not have it. */
  readonly isDirty: boolean;
}
/** One thing that is otherwise, as small as it could be told apart. */
export interface Difference {
  /** In the chip's own spelling: `SCB.SCR.SLEEPONEXIT`, `TIM3.CR1`. */
  readonly what: string;
  /** Its value when the ROM starts, and behind a reset; null where it has none that software can read. */
  readonly value: number | null;
  readonly afterReset: number | null;
  /** The register, and where the value stands in it; null: it is not one register. */
  readonly field: { readonly register: string; readonly mask: number; readonly shift: number } | null;
  /** C that lets a store to it through, where the clock of its block is off when the ROM starts. */
  readonly clock: readonly string[];
  /** C that resets its block, where it is a lock that this opens; left out where nothing but a reset of the chip does. */
  readonly opens?: readonly string[];
  /** Of the history; null: hardware or a reset. */
  readonly writer: Writer | null;
  /** No firmware can change it. */
  readonly board: boolean;
  /** Of an exception that is still active: its name, and the program that did not return from it. */
  readonly active?: { readonly exception: string; readonly in: string };
  /** Of several registers that are stored to together, in this order: what each is, and what it is given. */
  readonly stores?: Counter['stores'];
  /** Found by leaving its writer out (left-out.ts), before anything was handed over: the value is that where the run ended. */
  readonly leftOut?: true;
  /** Of the clock of a block that the run waits on: behind a reset it is off, too. */
  readonly clockOf?: string;
  /** Of the data cache: a word that the run reads at its end, which memory holds otherwise. */
  readonly cached?: Cached;
  /** Found at a fault in front of any entry: the value is that where the program faulted. */
  readonly atFault?: true;
}
export interface Finding {
  /** The whole state behind a reset reaches DFU. If not, no state at this instruction is the cause: the jump goes to a wrong place, or it is the board or the ROM. */
  readonly helps: boolean;
  /** Each is enough, and without all of them nothing is. */
  readonly sets: readonly (readonly Difference[])[];
  /** Nothing else is enough. */
  readonly complete: boolean;
  /** With the first of them the ROM is entered, and the goal is not reached all the same. */
  readonly further?: true;
  readonly forks: number;
  /** The instruction that hands over to the program that is compared, where there is one and it is known. */
  readonly sender?: Sender | null;
}

const NOTHING = { helps: false, sets: [], complete: true };

/**
 * What keeps the ROM from DFU at its last entry, or a host from what it wants of it; null where there is nothing to compare with. The session is left anywhere.
 *
 * @param used of a session whose ROM has reached DFU: the host has what it wants
 */
export function findDifference(session: Session, entry: Checkpoint, used: Goal = () => true): Finding | null {
  const byException = entry.history.entries.at(-1)?.how === 'exception';
  const failing = byException ? beforeException(session, entry) : entry;
  const working = romFromReset(session.input, 'table');
  if (working === null) return null;
  return search(session, failing, working, (s) => reachesDfu(s) && used(s), byException ? isOfNoCode : () => true);
}
/** What makes the first fault before any entry, where the program would go on to the ROM without it. The session is left anywhere. */
export function findAtFault(session: Session, fault: Checkpoint): Finding | null {
  const working = romFromReset(session.input, 'table');
  if (working === null) return null;
  const found = search(session, fault, working, reachesDfu, isOfNoCode);
  return { ...found, sets: found.sets.map((set) => set.map((d) => ({ ...d, atFault: true as const }))) };
}
/** What another program left to this one, so that it does not do what it does from reset; null where it does, or does nothing to compare with. The session is left anywhere. */
export function findLeftBehind(session: Session, powerOn: Checkpoint, program: Program, end: Ps, least?: Ps): Finding | null {
  const dies = diesAt(session);
  const failing = arrival(session, powerOn, program, end);
  const working = failing === null ? null : fromReset(session.input, program);
  if (failing === null || working === null) return null;
  const watched = toWatch(failing, dies, least);
  const wanted = lifeToHave(working.session, watched);
  if (wanted === null) {
    working.session.release();
    return null;
  }
  const found = search(
    session,
    failing,
    working,
    (s) => livesAs(s, watch(s, watched), wanted),
    ({ kind }) => kind !== 'board',
  );
  if (!found.helps) return found;
  const sender = senderOf(session, powerOn, program, failing);
  const sets = sender?.inHandler == null ? found.sets : found.sets.map((set) => set.map((d) => ofHandler(session, d, sender)));
  return { ...found, sets, sender };
}
/** What a program does from reset; null where it dies, or does nothing to compare with. */
function lifeToHave(s: Session, watched: Ps): Life | null {
  const life = watch(s, watched);
  return life.died || life.served.size + life.driven.size === 0 ? null : life;
}
/** The same of a session of its own; null, too, where it cannot be started so. */
export function lifeFromReset(input: RunInput, program: Program, watched: Ps): Life | null {
  const working = fromReset(input, program);
  if (working === null) return null;
  try {
    return lifeToHave(working.session, watched);
  } finally {
    working.session.release();
  }
}
/** The active exception is that of the handler which hands over. */
function ofHandler({ input }: Session, d: Difference, { pc, inHandler }: Sender): Difference {
  if (d.what !== 'IPSR' || d.value === null) return d;
  const image = imageAt(input.images, pc);
  if (image === undefined) return { ...d, writer: inHandler };
  const exception = exceptionName(input.chip, d.value);
  return { ...d, writer: inHandler, active: { exception, in: nameOf(image) } };
}
/** A program that a run may come to. */
export interface Lives {
  /** The run came to it. */
  readonly isStarted: boolean;
  /** Whether a run from power-on comes to it, and it does what it does from reset. The session is left anywhere. */
  readonly lives: () => boolean;
}
/** Null where it does nothing to compare with. The session is left anywhere. */
export function livesBehind(session: Session, powerOn: Checkpoint, program: Program, end: Ps): Lives | null {
  const dies = diesAt(session);
  const first = arrival(session, powerOn, program, end);
  const watched = first === null ? WATCHED : toWatch(first, dies);
  const wanted = lifeFromReset(session.input, program, watched);
  if (wanted === null) return null;
  const lives = (): boolean => {
    const arrived = arrival(session, powerOn, program, end);
    if (arrived === null) return false;
    session.restore(arrived);
    return livesAs(session, watch(session, watched), wanted);
  };
  return { isStarted: first !== null, lives };
}
function search(session: Session, failing: Checkpoint, working: Working, reached: Goal, taken: (part: Part) => boolean): Finding {
  const kept = session.keepCheckpoints;
  session.keepCheckpoints = false;
  try {
    return new Search(session, failing.history, new Transplant(session, failing, working, taken), reached).run();
  } finally {
    session.keepCheckpoints = kept;
    working.session.release();
    session.restore(failing);
  }
}

/** Everything that differs, by field. The working state's session is left anywhere. */
export function allDifferences(session: Session, failing: Checkpoint, working: Working, taken: (part: Part) => boolean): Difference[] {
  return new Search(session, failing.history, new Transplant(session, failing, working, taken), () => false).all();
}

/** Whether the run goes on from here to what is wanted. */
type Goal = (session: Session) => boolean;
function reachesDfu(session: Session): boolean {
  const end = session.run({ counterfactual: true, repaired: true, since: session.machine.now });
  if (isCut(end.reason)) throw new CutShort(end.reason);
  return session.reaches(end.outcome);
}

/** An exception that went to the ROM is about to be taken: its frame is popped, and it is pending again. */
function beforeException(session: Session, entry: Checkpoint): Checkpoint {
  session.restore(entry);
  const core = session.machine.bootCore;
  const exception = core.arm.ipsr;
  undoException(session.machine);
  // the instruction that faulted runs again
  if (exception === EXC.NMI || exception >= EXC.SVCALL) setPending(core, exception);
  return session.save();
}
/** The core is still in the sender's code: its stack, registers, vectors and RAM are that code's. */
const OF_CODE: ReadonlySet<string> = new Set(['active exceptions', 'stack pointers', 'core registers', 'VTOR', 'FPU', 'event']);
const isOfNoCode = (part: Part): boolean => part.kind === 'block' || (part.kind === 'core' && !OF_CODE.has(part.name));

class Search {
  private readonly session: Session;
  /** Of the failing run up to the entry. */
  private readonly history: History;
  private readonly transplant: Transplant;
  private readonly goal: Goal;
  private forks = 0;

  constructor(session: Session, history: History, transplant: Transplant, goal: Goal) {
    this.session = session;
    this.history = history;
    this.goal = goal;
    this.transplant = transplant;
  }

  run(): Finding {
    const { parts } = this.transplant;
    const own = parts.filter(({ kind }) => kind !== 'board');
    const tries = new Tries(parts, (some) => this.reaches(some), this.bounded('what keeps it from working'));
    // what helps though nothing was changed is no cause
    if (tries.try([])) return { ...NOTHING, forks: this.forks };
    const of = tries.try(own) ? own : parts;
    const { sets, complete } = tries.sets(of);
    const told = sets.map((set) => set.flatMap((part) => this.told(part, set)));
    return { helps: sets.length > 0, sets: told.toSorted((a, b) => latest(b) - latest(a)), complete, forks: this.forks };
  }

  all(): Difference[] {
    const pieces = this.transplant.parts.flatMap((part) => this.transplant.pieces(part));
    return pieces.flatMap((piece) => this.fields(piece)).map((piece) => this.difference(piece));
  }

  private bounded(what: string): (most: number) => void {
    return (most) => this.session.input.bounds?.leaveOut(`${most} runs for ${what}`);
  }
  private reaches(parts: readonly Part[], pieces: readonly (Piece | Counter)[] = []): boolean {
    const { session } = this;
    this.forks++;
    this.transplant.apply(parts, pieces);
    return inShortRun(session.machine, () => this.goal(session));
  }

  /** A part by the registers and fields that it takes, if stores to them do the same. */
  private told(part: Part, set: readonly Part[]): readonly Difference[] {
    const others = set.filter((other) => other !== part);
    if (part.kind === 'core' && part.name === SYSTICK) return [this.counter(part, others)];
    const enough = (pieces: readonly Piece[]): boolean => this.reaches(others, pieces);
    const pieces = this.transplant.pieces(part);
    if (pieces.length === 0 || !enough(pieces)) return [this.whole(part, pieces)];
    const registers = new Tries(pieces, enough, this.bounded(`the registers of ${part.name}`), MOST.pieces).minimal(pieces);
    return this.narrowed(registers, enough).map((piece) => this.difference(piece));
  }
  /** One thing, as everybody writes it: CTRL, LOAD and VAL. */
  private counter(part: Part, others: readonly Part[]): Difference {
    const { index } = this.session.machine.bootCore;
    const writers = this.transplant.pieces(part).flatMap((piece) => this.writerOf(piece) ?? []);
    const writer = writers[0] ?? this.history.lastWriter(`CPU${index === 0 ? '' : index}.SYST_CSR`);
    const counter = this.transplant.counter();
    const whole = { ...this.whole(part, []), writer };
    return this.reaches(others, [counter]) ? { ...whole, stores: counter.stores } : whole;
  }
  /** By fields, if these are few and enough. */
  private narrowed(registers: readonly Piece[], enough: (pieces: readonly Piece[]) => boolean): readonly Piece[] {
    const fields = registers.flatMap((piece) => this.fields(piece));
    // the same bits by other names
    if (fields.length === registers.length) return fields;
    return fields.length <= MOST_FIELDS && enough(fields)
      ? new Tries(fields, enough, this.bounded('the fields of a register'), MOST.pieces).minimal(fields)
      : registers;
  }
  /** The fields of a piece that differ, each of its own. */
  private fields(piece: Piece): readonly Piece[] {
    const all = masksOf(piece).flatMap(([name, mask]) => {
      const differs = (mask & piece.mask) >>> 0;
      return differs === 0 ? [] : [{ ...piece, name: `${piece.name}.${name}`, mask: differs, whole: mask }];
    });
    const covered = all.reduce((sum, { mask }) => (sum | mask) >>> 0, 0);
    return covered === piece.mask ? all : [piece];
  }
  private difference(piece: Piece): Difference {
    const [value, afterReset] = this.transplant.values(piece).map((word) => ((word & piece.whole) >>> trailing(piece.whole)) >>> 0) as [
      number,
      number,
    ];
    const register = piece.kind === 'store' ? `${piece.block.row.name}.${piece.register.name}` : coreName(piece.name.split('.')[0]!);
    const field = { register, mask: piece.whole, shift: trailing(piece.whole) };
    const opens = this.opens(piece);
    return {
      ...{ what: spelled(piece), value, afterReset, field, clock: this.clockFor(piece), writer: this.writerOf(piece), board: false },
      ...(opens.length > 0 && { opens }),
    };
  }
  /** "Until the next MCU or peripheral reset" (RM0090 8.3.8, RM0351 8.4.8); of F1 the manual says "reset" alone (RM0008 9.1.5). */
  private opens(piece: Piece): readonly string[] {
    if (piece.kind !== 'store' || !isLock(spelled(piece)) || piece.block.row.model !== 'gpio-v2') return [];
    return resetInC(this.session.machine.chip, piece.block.row.name);
  }
  private clockFor(piece: Piece): readonly string[] {
    if (piece.kind !== 'store') return [];
    this.transplant.apply([], []);
    const { system, chip } = this.session.machine;
    const { name } = piece.block.row;
    return system.isClocked(system.block(name)) ? [] : clockInC(chip, name);
  }
  /** What cannot be taken apart: by its face, or by what software wrote of it last. */
  private whole(part: Part, pieces: readonly Piece[]): Difference {
    const plain = { what: part.name, value: null, afterReset: null, field: null, clock: [], writer: null, board: part.kind === 'board' };
    if (part.kind === 'core' && part.core.face) {
      const [name, offset] = part.core.face;
      const [value, afterReset] = this.transplant.values({ kind: 'bits', name, offset, mask: ALL_BITS, whole: ALL_BITS });
      return { ...plain, what: name, value, afterReset };
    }
    const written = pieces.map((piece) => this.difference(piece)).filter(({ writer }) => writer !== null);
    return written.toSorted((a, b) => b.writer!.seq - a.writer!.seq)[0] ?? plain;
  }
  /** Who let the hardware set a pending bit. */
  private enablerOf(register: string, core: string, mask: number): Writer | null {
    if (register === 'ICSR') return (mask & SYSTICK_BIT) === 0 ? null : this.history.lastWriter(`${core}SYST_CSR`);
    const line = /^NVIC_ISPR(\d+)$/.exec(register);
    return line ? this.history.lastWriter(`${core}NVIC_ISER${line[1]}`, mask) : null;
  }
  private writerOf(piece: Piece): Writer | null {
    const core = this.session.machine.bootCore.index;
    const register = piece.name.split('.')[0]!;
    const name = piece.kind === 'store' ? `${piece.block.row.name}.${piece.register.name}` : `CPU${core === 0 ? '' : core}.${register}`;
    return this.history.lastWriter(name, piece.mask) ?? this.enablerOf(register, `CPU${core === 0 ? '' : core}.`, piece.mask);
  }
}

/** Bit of the exception in the word of pending ones. */
const SYSTICK_BIT = 1 << EXC.SYSTICK;

const MOST_FIELDS = 4;
const WORD_BITS = 32;
const ALL_BITS = 0xffffffff;

/** Fields of a register by name and mask; the bits of one that has an interrupt line each. */
function masksOf(piece: Piece): readonly (readonly [string, number])[] {
  if (piece.kind === 'store')
    return piece.register.fields.map(({ name, bit, width }) => [name, ((width >= WORD_BITS ? ALL_BITS : 2 ** width - 1) << bit) >>> 0]);
  if (/^NVIC_I[SC][EP]R/.test(piece.name)) return Array.from({ length: WORD_BITS }, (_, bit) => [String(bit), (1 << bit) >>> 0]);
  return Object.entries(CORE_FIELDS[piece.name] ?? {});
}
function spelled(piece: Piece): string {
  if (piece.kind === 'store') return piece.name;
  const [register = '', field] = piece.name.split('.');
  return field === undefined ? coreName(register) : `${coreName(register)}.${field}`;
}
const trailing = (mask: number): number => (mask === 0 ? 0 : WORD_BITS - 1 - Math.clz32(mask & -mask));
/** When the last instruction of a set ran: of several sets the one nearest to the hand-over comes first. */
const latest = (set: readonly Difference[]): number => Math.max(-1, ...set.map(({ writer }) => writer?.seq ?? -1));
