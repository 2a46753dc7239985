/**
 * Why a program that a leave has started enters the ROM once more: a word that was kept from before still asks for it, or a pin that it reads is as it was. Proved: with that otherwise,
 * the same leave keeps it out of the ROM.
 */
import { locate } from '../../checks/families.ts';
import type { Writer } from '../../checks/check.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { pinsMoved } from '../input/scenario.ts';
import type { Session } from '../session/session.ts';
import { repairTarget } from './repairs.ts';
import { deciding, firstReads, WATCHED, type FirstRead } from './first-reads.ts';

/**
 * A word that was kept from before, and because of which the program enters the ROM again; null where that is not so.
 *
 * @param begin resets the chip first
 */
export function keptRequest(s: Session, begin?: () => void): FirstRead | null {
  const { leave, machine } = s;
  if (leave === null) return null;
  const { system, chip } = machine;
  const pages = new Set<number>();
  for (const { row } of system.blocks) if (row.backup === true) pages.add(row.base >>> PAGE_BITS);
  for (const { row } of system.memories)
    for (let a = row.base; row.kind === 'ram' && a < row.base + row.size; a += 1 << PAGE_BITS) pages.add(a >>> PAGE_BITS);
  const flags = (chip.resetFlags?.flags ?? []).flatMap(({ field, raisedBy }) => {
    const place = locate(chip, field);
    return place === null || raisedBy.includes('power') ? [] : [{ ...place, register: field.split('.').slice(0, 2).join('.') }];
  });
  for (const { address } of flags) pages.add(address >>> PAGE_BITS);
  const cleared = (address: number, size: number, value: number): Pick<FirstRead, 'register' | 'instead'> | null => {
    const raised = flags.filter((f) => f.address === address && size === 4);
    if (raised[0]) return { register: raised[0].register, instead: raised.reduce((v, f) => (v & ~f.mask) >>> 0, value) };
    const region = system.regionAt(address);
    if (region?.memory?.row.kind === 'ram') return { register: null, instead: 0 };
    if (region?.block?.row.backup !== true) return null;
    return { register: `${region.block.row.name}.${system.registerName(region.block, address)}`, instead: 0 };
  };
  const entries = leave.checkpoint.history.entryCount;
  const again = (): boolean => machine.history.entryCount > entries;
  const reads = firstReads(s, leave.checkpoint, pages, cleared, again, begin);
  if (!again()) return null;
  return deciding(s, reads, (change) => staysAway(s, leave.checkpoint, () => (change(), begin?.()), begin === undefined ? 0 : 1));
}
/**
 * It neither enters the ROM nor fails.
 *
 * @param own resets that `change` makes
 */
function staysAway(s: Session, from: Checkpoint, change: () => void, own = 0): boolean {
  const { machine } = s;
  s.restore(from);
  const before = machine.setRepairs(null);
  change();
  try {
    const end = machine.now + 2 * WATCHED;
    const isOver = (): boolean => machine.history.entryCount > from.history.entryCount || machine.now >= end;
    s.run({ until: end, over: isOver, counterfactual: true });
    const { entryCount, resets } = machine.history;
    return entryCount === from.history.entryCount && resets.length === from.history.resets.length + own && machine.state.lockup === null;
  } finally {
    machine.setRepairs(before);
  }
}

export interface HeldPin {
  /** `PB12`. */
  readonly pin: string;
  readonly level: 0 | 1;
  /** Null where it is not read as a word of the port. */
  readonly reader: Writer | null;
}
/** A pin that something around the chip drives; at its other level the program stays away from the ROM. Null where there is none. The session is left anywhere. */
export function heldPin(s: Session): HeldPin | null {
  const { leave, machine, input } = s;
  if (leave === null) return null;
  const { scenario } = input;
  for (const pin of new Set([...Object.keys(scenario.board.pins), ...pinsMoved(scenario.document)])) {
    s.restore(leave.checkpoint);
    const level = machine.system.wire(`pin.${pin}`);
    if (level !== 0 && level !== 1) continue;
    if (staysAway(s, leave.checkpoint, () => repairTarget(machine).holdPin?.(pin, level === 0 ? 1 : 0)))
      return { pin, level, reader: readerOf(s, leave.checkpoint, pin) };
  }
  return null;
}
function readerOf(s: Session, leave: Checkpoint, pin: string): Writer | null {
  const register = `GPIO${pin[1]}.IDR`;
  const idr = locate(s.machine.chip, register)?.address;
  if (idr === undefined) return null;
  const bit = 2 ** Number(pin.slice(2));
  const flipped = (address: number, _size: number, value: number): Pick<FirstRead, 'register' | 'instead'> | null =>
    address === idr ? { register, instead: value ^ bit } : null;
  return firstReads(s, leave, new Set([idr >>> PAGE_BITS]), flipped, () => false)[0]?.reader ?? null;
}
