/** One counterfactual run: from a checkpoint, with repairs and other ROM options, to its outcome. */
import type { Checkpoint } from '../../emu/machine-base.ts';
import { PS_PER_SECOND } from '../../emu/time.ts';
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
import type { EndReason, Outcome } from '../documents/result.ts';
import { optionsActedOn } from '../session/rom-options.ts';
import type { SessionEnd } from '../session/live-run.ts';
import type { Session } from '../session/session.ts';

export interface Starts {
  /** Right after power-on. */
  readonly powerOn: Checkpoint;
  /** Before the first ROM instruction of the entry that is judged; null without an entry. */
  readonly entry: Checkpoint | null;
  /** On the way to the first entry: where a run starts whose repairs do not act before it. */
  readonly later?: Checkpoint | undefined;
  /** At the first fault of a run without an entry, before its exception. */
  readonly fault?: Checkpoint | null;
  /** Which entry that is, counted from 1; the first one for runs that had none. */
  readonly entryNumber: number;
}

export interface Attempt {
  readonly outcome: Outcome;
  readonly end: SessionEnd;
  /** Undocumented options that this run can hang on, by id. */
  readonly actedOn: readonly RomOptionSetting[];
  readonly entries: number;
  /** Resets that neither power-on nor the scenario made. */
  readonly ownResets: number;
  /** The last device that the host configured is not the ROM's. */
  readonly foreignDevice: boolean;
  /** A device of the ROM is on the bus and was never configured. */
  readonly unknownDevice: boolean;
}

/** A limit or the user ended a counterfactual run: what it would have shown is not known. */
export class CutShort extends Error {
  readonly reason: EndReason;
  constructor(reason: EndReason) {
    super(`a repeated run was ended by ${reason}`);
    this.name = 'CutShort';
    this.reason = reason;
  }
}
export const isCut = (reason: EndReason): boolean =>
  reason === 'instructions' || reason === 'wall' || reason === 'memory' || reason === 'signal';

/** What a session that has just ended shows. */
export function observe(s: Session, end: SessionEnd): Attempt {
  const device = s.usb.sessions.findLast((u) => u.enumerated !== null);
  return {
    outcome: end.outcome,
    end,
    actedOn: optionsActedOn(s),
    entries: s.machine.history.entryCount,
    ownResets: s.machine.history.resets.filter((r) => r.by !== 'power' && !r.external).length,
    unknownDevice: s.usb.sessions.at(-1)?.attached !== null && s.usb.sessions.at(-1)?.enumerated === null,
    foreignDevice: device !== undefined && !(device.vid === DFU_VENDOR && device.pid === DFU_PRODUCT),
  };
}
const DFU_VENDOR = 0x0483;
const DFU_PRODUCT = 0xdf11;

export interface AttemptOptions {
  /** ROM options with other values than the session was built with. Options of the loader need a session of their own. */
  readonly flip?: Readonly<Record<string, string>>;
  /** Another ROM; nothing before the start may have read what differs. */
  readonly rom?: LoadedRom;
  /** Called at the entry, before repairs: may add to them (what a path repair brought to light). */
  readonly atEntry?: (session: Session) => readonly NamedRepair[];
}

const romTable = ({ chip }: Session['machine']): number => chip.rom?.vectorTable.value ?? 0;

/** Where a run starts over: with repairs on the path at power-on, without them as late as nothing is missed. */
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

/** Repairs what can be repaired where the run stands; the rest waits for the entry that is judged. */
function applyFrom(place: Place, s: Session, starts: Starts, repairs: readonly NamedRepair[], repairNow: () => void): void {
  const { machine } = s;
  if (place === 'fault') applyInsteadOfFault(machine, repairs);
  const undone = place === 'entry' && repairs.some(undoesException);
  if (undone) applyUndoing(machine, repairs);
  if (place === 'entry' && !undone) return repairNow();
  if (starts.entryNumber === 0) return;
  // where the right vector is read, the first entry is another one
  const number = repairs.some((r) => r.repair.at === 'redirect') ? 1 : starts.entryNumber;
  let left = undone ? 1 : number - machine.history.entryCount;
  s.onPausedEntry = () => {
    if (--left === 0) repairNow();
  };
}

/** Runs the session again. The session is left at the end of that run. */
export function attempt(s: Session, starts: Starts, repairs: readonly NamedRepair[], options: AttemptOptions = {}): Attempt {
  if (repairs.length > 0) s.input.progress?.(`trying with repaired: ${repairs.map((r) => r.id).join(', ')}`);
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
  for (const core of machine.cores) core.setShortRun(true);
  try {
    const since = (place === 'entry' || place === 'fault') && repairs.length > 0 ? { since: startedAt } : {};
    const end = s.run({ counterfactual: true, repaired: repairs.length > 0, ...since });
    if (isCut(end.reason)) throw new CutShort(end.reason);
    return observe(s, end);
  } finally {
    s.onPausedEntry = null;
    for (const core of machine.cores) core.setShortRun(false);
    machine.setRepairs(null);
    undo?.();
    swapBack?.();
  }
}

/** In front of the exception of the boot core's first fault; at the latest time at which one is expected, if none comes. */
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
      machine.run(LATEST_FAULT);
      s.steps.poll();
    }
  } finally {
    machine.observer = before;
  }
  if (at !== null) s.restore(at);
}
/** The longest that a run goes on (session.ts). */
const LATEST_FAULT = 60 * PS_PER_SECOND;

/** Writes other values into the option block of the ROM; returns what undoes it. */
function flipOptions(s: Session, flip: Readonly<Record<string, string>>): () => void {
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
