/** Reads from a result what was proved: by DFU, or, on a part whose ROM has no USB, by the ROM's answer on its USART (serial-probe.ts). */
import { factsIn } from './note-facts.ts';
import type { CauseId, ResultCause, RunResult } from './result.ts';

/** Kind of the notes for a person. */
export const SERIAL = 'serial';
/** Kind of the notes that name a set of repairs with which the ROM answers: its ids with ` + ` between them. */
export const SERIAL_SET = 'serial-set';

export interface Proof {
  /** What the repaired runs reach. */
  readonly reached: 'dfu' | 'serial' | 'program';
  /** Smallest sets of repairs, any one of which is enough. */
  readonly sets: readonly (readonly CauseId[])[];
  /** All that stand in a set. */
  readonly causes: readonly ResultCause[];
}

/** The causes of the first set that is enough, in its order. */
export const firstSet = ({ sets, causes }: Proof): ResultCause[] => {
  const first = sets[0] ?? [];
  // several differences have one id
  return first.flatMap((id, i) => causes.filter((c) => c.id === id)[first.slice(0, i).filter((other) => other === id).length] ?? []);
};

/** Null where nothing was proved. */
export function proofOf({ diagnosis, notes }: Pick<RunResult, 'diagnosis' | 'notes'>): Proof | null {
  const proved = diagnosis.causes.filter((c) => c.proved);
  if (proved.length > 0)
    return { reached: proved.every(({ id }) => id === 'image') ? 'program' : 'dfu', sets: diagnosis.sets, causes: proved };
  const sets = factsIn(notes, 'set').map(({ ids }) => ids);
  const causes = diagnosis.causes.filter((c) => sets.some((set) => set.some((id) => id === c.id)));
  return causes.length === 0 ? null : { reached: 'serial', sets, causes };
}
