/** What of a core's state belongs to the emulator, not to the core: it may differ between the tiers. */
import { S } from '../../../src/emu/core/state.ts';
import type { Machine } from '../../../src/emu/machine.ts';

/** Words of the state. */
export const BOOKS: ReadonlySet<number> = new Set<number>(
  [S.LINE, S.LINE_MASK, S.REC, S.LAST_REC, S.R15, S.TIER, S.HOT, S.IT_NOW, S.IT_PC, S.BUDGET, S.EXIT_ARG, S.RETIRED, S.TOUCHES].map(
    (o) => o >> 2,
  ),
);

/** Rows of the flash controller's caches, least recently used first: the numbers of uses are the tiers' own. */
export function rowsByUse(m: Machine): unknown {
  const saved = m.bootCore.flashCache?.save();
  const order = (rows: readonly { used: number }[]): unknown => rows.toSorted((x, y) => x.used - y.used).map((r) => ({ ...r, used: 0 }));
  return saved && [order(saved.code), order(saved.data)];
}
