/** A function is linked into memory that is for data alone: the same chip with instructions fetched from there reaches the goal. */
import type { FaultFacts } from '../../checks/check.ts';
import type { ChipDescription, MemoryRow } from '../../emu/chip.ts';
import { withOthers } from '../../chips/lazy.ts';
import { symbolAt } from '../../image/image.ts';
import { isCut } from '../session/budget.ts';
import { Session } from '../session/session.ts';
import { isFetch } from '../../checks/entry.ts';
import { writerAt } from '../slice/window.ts';
import { fpuOff } from './fpu-off.ts';
import type { OneCause } from './one-cause.ts';

/** An instruction that the core refuses: one of the FPU, or one in memory for data. Leaves the session anywhere. */
export const refusedByCore = (s: Session, fault: FaultFacts): OneCause | null => fpuOff(s, fault) ?? noFetch(s, fault);
/** Null for another fault, or where that alone does not lead to the goal. Leaves the session at the fault. */
function noFetch(s: Session, fault: FaultFacts): OneCause | null {
  const { faultCheckpoint, machine, input } = s;
  const to = fault.address;
  if (faultCheckpoint === null || to === null || !isFetch(fault)) return null;
  const row = machine.system.regionAt(to)?.memory?.row;
  const named = symbolAt(input.images, to)?.symbol;
  if (row?.zone !== 'data' || named === undefined) return null;
  s.restore(faultCheckpoint);
  const writer = { ...writerAt(machine.bootCore, machine.history.seq), pc: to };
  const fetching = new Session({ ...input, chip: withFetches(input.chip, row) });
  try {
    const end = fetching.run({ counterfactual: true });
    if (isCut(end.reason) || !fetching.reaches(end.outcome)) return null;
  } finally {
    fetching.release();
  }
  return {
    id: 'state',
    what: row.name,
    repair: `instructions fetched from ${row.name}`,
    fix: `/* link ${named.name}() into flash, or into a RAM that instructions are fetched from */`,
    says: `${named.name}() is linked into ${row.name}, and the core fetches no instructions from there: that memory is for data alone. If it did, `,
    further: 'the firmware comes further',
    writer,
    reached: true,
  };
}
const withFetches = (chip: ChipDescription, row: MemoryRow): ChipDescription =>
  withOthers(chip, { memories: () => chip.memories.map((m) => (m.name === row.name ? { ...m, zone: 'user' as const } : m)) });
