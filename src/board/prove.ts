/**
 * Proof on silicon: the board runs to the ROM's first instruction, one set of repairs is made there through the debugger, the ROM goes on, and somebody
 * watches USB. One reset and one set an attempt. A control without repairs comes first: a cause is proved when the control fails and the repair alone brings DFU.
 */
import { hex, type Repair, type Subject } from '../checks/check.ts';
import type { CheckId } from '../bench/documents/result.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { applyOnBoard, whyNotOnBoard } from './board-repair.ts';
import type { GdbTarget } from './gdb-target.ts';
import { hasArrived, runTo } from './run-board.ts';
import { BoardError } from './rsp-client.ts';
import type { UsbSeen, UsbWatch } from './usb-watch.ts';

export interface Candidate {
  readonly id: CheckId;
  readonly repair: Repair | null;
  readonly subject: Subject;
}
export interface ProveAttempt {
  /** Empty: the control. */
  readonly ids: readonly CheckId[];
  readonly seen: UsbSeen;
  /** What did not take. */
  readonly problems: readonly string[];
}
export interface Proof {
  readonly attempts: readonly ProveAttempt[];
  /** Each of these alone turned the failure into DFU. */
  readonly proved: readonly CheckId[];
  /** They were tried and brought no DFU alone. */
  readonly refuted: readonly CheckId[];
  /** Brings DFU together, though none does alone; empty otherwise. */
  readonly together: readonly CheckId[];
  /** Not tried, and why. */
  readonly left: readonly { readonly id: CheckId; readonly why: string }[];
}
export interface ProveSettings {
  readonly entry: number;
  /** Milliseconds to the entry, and for DFU behind it. */
  readonly timeout: number;
  readonly watchFor: number;
  readonly watch: UsbWatch;
  readonly onAttempt: (attempt: ProveAttempt) => void;
}
type EntryRepair = Extract<Repair, { at: 'entry' }>;

export async function prove(
  target: GdbTarget,
  chip: ChipDescription,
  candidates: readonly Candidate[],
  settings: ProveSettings,
): Promise<Proof> {
  const left: { id: CheckId; why: string }[] = [];
  const usable: (Candidate & { repair: EntryRepair })[] = [];
  for (const c of candidates) {
    const why = c.repair === null ? 'the bench knows no repair for it' : whyNotOnBoard(c.repair, c.subject, target, chip);
    if (why === null) usable.push({ ...c, repair: c.repair as EntryRepair });
    else left.push({ id: c.id, why });
  }
  const attempts: ProveAttempt[] = [];
  const attempt = async (set: readonly (Candidate & { repair: EntryRepair })[]): Promise<UsbSeen> => {
    const made = await attemptOnBoard(target, chip, set, settings);
    attempts.push(made);
    settings.onAttempt(made);
    return made.seen;
  };
  const [proved, refuted]: [CheckId[], CheckId[]] = [[], []];
  if (usable.length === 0 || (await attempt([])) !== 'nothing') return { attempts, proved, refuted, together: [], left };
  for (const one of usable) ((await attempt([one])) === 'dfu' ? proved : refuted).push(one.id);
  const together = proved.length === 0 && usable.length > 1 && (await attempt(usable)) === 'dfu' ? usable.map((c) => c.id) : [];
  return { attempts, proved, refuted, together, left };
}

async function attemptOnBoard(
  target: GdbTarget,
  chip: ChipDescription,
  set: readonly (Candidate & { repair: EntryRepair })[],
  { entry, timeout, watchFor, watch }: ProveSettings,
): Promise<ProveAttempt> {
  const arrival = await runTo(target, entry, timeout);
  if (!hasArrived(arrival)) throw new BoardError(`this time the ROM's entry was not reached: the core is at ${hex(arrival.pc)}`);
  const problems: string[] = [];
  for (const { id, repair, subject } of set)
    for (const text of await applyOnBoard(repair, subject, target, chip)) problems.push(`${id}: ${text}`);
  return { ids: set.map((c) => c.id), seen: await watch(target, watchFor), problems };
}
