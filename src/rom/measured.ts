/** What the repository's `evidence/` comes to, as `bootbench evidence check --merge` wrote it. */
import type { MergedOption } from './evidence.ts';
import merged from './measured.json' with { type: 'json' };

export const MEASURED = merged as readonly MergedOption[];

/** Boards contradict each other on this option of this ROM. */
export const isDisputed = (romId: string | undefined, option: string): boolean =>
  MEASURED.some((m) => m.romId === romId && m.option === option && m.state === 'contradicted');
