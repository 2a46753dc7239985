/** One counterfactual run: from a checkpoint, with repairs or other ROM options, to its outcome. */
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import { CutShort, isCut } from '../session/budget.ts';
import type { LostWrite } from '../../emu/history.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import type { LoadedRom } from '../../rom/load.ts';
import { ROM_OPTION_IDS, ROM_OPTION_VALUES, type RomOptionId, type RomOptionSetting } from '../../rom/options.ts';
import {
  applyAtEntry,
  applyInsteadOfFault,
  applyUndoing,
  isInsteadOfFault,
  pathInterceptor,
  undoesException,
  type NamedRepair,
} from './repairs.ts';
import { budgetOf } from '../documents/effort.ts';
import { APP_GOAL } from '../documents/goal.ts';
import type { Outcome } from '../documents/result.ts';
import { optionsActedOn } from '../session/rom-options.ts';
import type { SessionEnd } from '../session/live-run.ts';
import type { RunLimits, Session } from '../session/session.ts';
import { inShortRun } from '../session/short-run.ts';
import type { UsbLogEntry } from '../../usb-sim/types.ts';

export interface Starts {
  /** Right after power-on. */
  readonly powerOn: Checkpoint;
  /** Before the first ROM instruction of the checked entry; null without an entry. */
  readonly entry: Checkpoint | null;
  /** On the way to the first entry: the start for repairs that do not act earlier. */
  readonly later?: Checkpoint | undefined;
  /** At the first fault of a run without an entry, before its exception. */
  readonly fault?: Checkpoint | null;
  /** Number of the checked entry, from 1; 1 for runs without an entry. */
  readonly entryNumber: number;
}

export interface Attempt {
  readonly outcome: Outcome;
  /** It reached what the run is for. */
  readonly reached: boolean;
  readonly end: SessionEnd;
  /** Undocumented ROM options that the ROM used in this run. */
  readonly actedOn: readonly RomOptionSetting[];
  readonly entries: number;
  /** The branch that entered the ROM last. */
  readonly enteredFrom: number | null;
  /** The endless loop in which a run hangs that is stuck. */
  readonly loop: number | null;
  /** Writes to the backup domain that had no effect. */
  readonly ignored: readonly LostWrite[];
  /** Resets that neither power-on nor the scenario made. */
  readonly ownResets: number;
  /** The last device that the host configured is not that of the ROM. */
  readonly foreignDevice: boolean;
  /** A device of the ROM is on the bus and was never configured. */
  readonly unknownDevice: boolean;
  /** What happened on the bus, of a run that reached its goal. */
  readonly log: readonly UsbLogEntry[];
}

/** The observations of a session that has just ended. */
export function observe(s: Session, end: SessionEnd): Attempt {
  const device = s.usb.sessions.findLast((u) => u.enumerated !== null);
  const reached = s.reaches(end.outcome);
  return {
    outcome: end.outcome,
    reached,
    log: reached ? [...s.usb.logEntries] : [],
    end,
    actedOn: optionsActedOn(s),
    entries: s.machine.history.entryCount,
    enteredFrom: s.machine.history.entries.findLast((e) => e.how === 'branch')?.fromPc ?? null,
    loop: end.outcome === 'stuck' ? (s.state.loop?.pc ?? null) : null,
    ignored: s.machine.history.lost.filter(({ why }) => why === 'backup-domain' || why === 'no-clock'),
    ownResets: s.machine.history.resets.filter((r) => r.by !== 'power' && !r.external).length,
    unknownDevice: s.usb.sessions.at(-1)?.attached !== null && s.usb.sessions.at(-1)?.enumerated === null,
    foreignDevice: device !== undefined && !(device.vid === DFU_VENDOR && device.pid === DFU_PRODUCT),
  };
}
const DFU_VENDOR = 0x0483;
const DFU_PRODUCT = 0xdf11;

export interface AttemptOptions {
  /** ROM options with other values than in the session. Options of the loader need their own session. */
  readonly flip?: Readonly<Record<string, string>>;
  /** Another ROM image; nothing before the start may have read the bytes that differ. */
  readonly rom?: LoadedRom;
  /** Called at the entry before the repairs; may add repairs (for failures that show only after a path repair). */
  readonly atEntry?: (session: Session) => readonly NamedRepair[];
}

/** An option of the ROM may have mattered at an earlier entry. */
export const beforeEntries = (starts: Starts): Starts => (starts.entryNumber === 1 ? starts : { ...starts, entry: null });

const romTable = ({ chip }: Session['machine']): number => chip.rom?.vectorTable.value ?? 0;

/** The start of a repeated run: power-on if a repair acts on the path, otherwise as late as possible. */
type Place = 'power-on' | 'later' | 'entry' | 'fault';
function placeFor(starts: Starts, repairs: readonly NamedRepair[], onPath: boolean): Place {
  if (onPath) return 'power-on';
  if (starts.entry !== null) return 'entry';
  return repairs.some(isInsteadOfFault) ? 'fault' : 'later';
}
function goTo(s: Session, starts: Starts, place: Place): void {
  if (place === 'fault') goToFault(s, starts);
  else if (place === 'entry') s.restore(starts.entry!);
  else s.restore(place === 'later' ? (starts.later ?? starts.powerOn) : starts.powerOn);
}

/** Applies the repairs that are possible at the current position; the others wait for the checked entry. */
function applyFrom(place: Place, s: Session, starts: Starts, repairs: readonly NamedRepair[], repairNow: () => void): void {
  const { machine } = s;
  if (place === 'fault') applyInsteadOfFault(machine, repairs);
  const undone = place === 'entry' && repairs.some(undoesException);
  if (undone) applyUndoing(machine, repairs);
  if (place === 'entry' && !undone) return repairNow();
  if (starts.entryNumber === 0) return;
  // with the right vector, the first entry is a different one
  const number = repairs.some((r) => r.repair.at === 'redirect') ? 1 : starts.entryNumber;
  let left = undone ? 1 : number - machine.history.entryCount;
  s.onPausedEntry = () => {
    if (--left === 0) repairNow();
  };
}

/** Until when the repeated run is the run itself, whose resets say nothing about the repair; null: from power-on on it is another one. */
function othersUntil({ entry }: Starts, place: Place, repairs: readonly NamedRepair[], startedAt: Ps): Ps | null {
  if (repairs.length === 0) return null;
  if (place === 'entry' || place === 'fault') return startedAt;
  // a write of the last start, behind a reset loop: what came before it comes again
  const late = repairs.every(
    ({ repair: r }) =>
      (r.at === 'before-write' && r.vetoes === undefined && r.launches === undefined) || (r.at === 'entry' && r.acts === undefined),
  );
  return late ? (entry?.history.resets.at(-1)?.at ?? null) : null;
}

/** Repeats the run; the session is then at its end. */
export function attempt(s: Session, starts: Starts, repairs: readonly NamedRepair[], options: AttemptOptions = {}): Attempt {
  if (repairs.length > 0) s.input.progress?.(`trying with these repaired: ${repairs.map((r) => r.id).join(', ')}`);
  const { machine } = s;
  const interceptor = pathInterceptor(machine, repairs, romTable(machine));
  const place = placeFor(starts, repairs, interceptor !== null);
  s.keepCheckpoints = false;
  const swapBack = options.rom ? s.swapRom(options.rom) : null;
  goTo(s, starts, place);
  const startedAt = machine.now;
  machine.setRepairs(interceptor);
  const undo = options.flip ? flipOptions(s, options.flip) : null;
  applyFrom(place, s, starts, repairs, () => applyAtEntry(machine, [...repairs, ...(options.atEntry?.(s) ?? [])]));
  try {
    const since = othersUntil(starts, place, repairs, startedAt);
    return toItsEnd(s, { repaired: repairs.length > 0, ...(since === null ? {} : { since }) });
  } finally {
    s.onPausedEntry = null;
    machine.setRepairs(null);
    undo?.();
    swapBack?.();
  }
}

/** What lies in [from, to) keeps its value where a store is held back. */
export function keeping(from: number, to: number, isHeldBack: (core: Core, at: number, bytes: number) => boolean): Interceptor {
  const first = from >>> PAGE_BITS;
  return {
    pages: new Set(Array.from({ length: ((to - 1) >>> PAGE_BITS) - first + 1 }, (_, i) => first + i)),
    write: (core, at, bytes, value) =>
      at < to && at + bytes > from && isHeldBack(core, at, bytes) ? (core.peek(at, bytes as 1 | 2 | 4) ?? value) : value,
  };
}
/** The run again from a checkpoint, with accesses changed on the way, and ROM options if any; the session is then at its end. */
export function runFrom(s: Session, from: Checkpoint, changed: Interceptor, flip: Readonly<Record<string, string>> = {}): Attempt {
  s.keepCheckpoints = false;
  s.restore(from);
  s.machine.setRepairs(changed);
  const undo = flipOptions(s, flip);
  try {
    return toItsEnd(s, { repaired: true });
  } finally {
    s.machine.setRepairs(null);
    undo();
  }
}
/** The run goes on from where the session stands, with what was changed there; the session is then at its end. */
export function goOn(s: Session): Attempt {
  s.keepCheckpoints = false;
  s.goOn();
  return toItsEnd(s, { repaired: true, since: s.machine.now });
}
function toItsEnd(s: Session, limits: Pick<RunLimits, 'repaired' | 'since'>): Attempt {
  const end = inShortRun(s.machine, () => followed(s, limits));
  if (isCut(end.reason)) throw new CutShort(end.reason);
  return observe(s, end);
}

/** Effort: how long an application is followed behind its last start or entry, if it is busy with its devices, in which it may cost seconds of ours. */
const FOLLOWED = 100 * MS;
/** To its end, or to where an application has only gone on for long: what was repaired would have shown by then. */
function followed(s: Session, limits: Pick<RunLimits, 'repaired' | 'since'>): SessionEnd {
  const { machine, input } = s;
  const most = input.goal.name === APP_GOAL ? Infinity : budgetOf(input).writes;
  let last = { events: -1, at: machine.now, seq: machine.history.seq };
  for (;;) {
    const pause = machine.now + FOLLOWED;
    const from = machine.now;
    const end = s.run({ counterfactual: true, ...limits, ...(most === Infinity ? {} : { pause }) });
    if (most === Infinity || end.reason !== 'deadline' || machine.now < pause || machine.now === from) return end;
    const events = machine.history.entryCount + machine.history.resets.length;
    if (events !== last.events || s.steps.remaining || machine.state.inSystem) last = { events, at: machine.now, seq: machine.history.seq };
    if (machine.history.seq - last.seq <= most) continue;
    input.bounds?.leaveOut(
      `an application that runs on for ${Math.round((machine.now - last.at) / MS)} ms with a repair, without a reset or a jump, is not followed any longer`,
    );
    return end;
  }
}

/** Runs to the first fault of the boot core, before its exception, or to the latest time at which one is expected. */
function goToFault(s: Session, starts: Starts): void {
  if (starts.fault) return s.restore(starts.fault);
  const { machine } = s;
  s.restore(starts.later ?? starts.powerOn);
  let at: Checkpoint | null = null;
  const before = machine.observer;
  machine.observer = {
    ...before,
    faulted: (core, ...rest) => {
      before.faulted?.(core, ...rest);
      if (at !== null || core !== machine.bootCore) return;
      at = s.save();
      machine.stop();
    },
  };
  try {
    while (at === null && machine.now < LATEST_FAULT && !machine.state.lockup) {
      s.advance(LATEST_FAULT);
      s.steps.poll();
    }
  } finally {
    machine.observer = before;
  }
  if (at !== null) s.restore(at);
}
/** The longest that a run goes on (session.ts). */
const LATEST_FAULT = 60 * PS_PER_SECOND;

/** Writes other values into the option block of the ROM; returns a function that undoes it. */
export function flipOptions(s: Session, flip: Readonly<Record<string, string>>): () => void {
  const block = s.profile?.optionBlock ?? 0;
  const old: { address: number; value: number }[] = [];
  for (const [id, value] of Object.entries(flip)) {
    const address = block + 4 * ROM_OPTION_IDS.indexOf(id as RomOptionId);
    old.push({ address, value: s.machine.bootCore.peek(address, 4) ?? 0 });
    s.machine.load(address, word(ROM_OPTION_VALUES[id as RomOptionId].indexOf(value as never)));
  }
  return () => old.forEach((o) => s.machine.load(o.address, word(o.value)));
}
const word = (n: number): Uint8Array => new Uint8Array([n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24]);
