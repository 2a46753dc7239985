/** What is said of a chip that nobody named. */
import { rankOf } from './common-parts.ts';
import type { InferredChip } from './infer-chip.ts';
import type { RunJob } from './job.ts';

export type ChipSaid = Pick<RunJob, 'chipFrom' | 'chipBecause' | 'chipGuess'>;
export const chipSaid = (inferred: InferredChip): ChipSaid => ({
  chipFrom: takenFor(inferred),
  chipBecause: `because ${inferred.reasons.join('; ')}`,
  ...(inferred.guess ? { chipGuess: true } : {}),
});
/** Names of other parts that are told. */
const MOST_PARTS = 3;
/** `fits`, or `fit`, and how well. */
function fitting(parts: readonly string[], how: string): string[] {
  if (parts.length === 0) return [];
  const rest = parts.length > MOST_PARTS ? ' and others' : '';
  return [`${parts.slice(0, MOST_PARTS).join(', ')}${rest} ${parts.length === 1 ? 'fits' : 'fit'} ${how}`];
}
/** The part that the images are taken to be for, and for which else they may be. */
function takenFor({ chip, alike, near, unmodelled, guess }: InferredChip): string {
  const common = alike.length > 0 && rankOf(chip.name) < Infinity ? ['the most common that fits'] : [];
  const beyond = unmodelled.length === 0 ? [] : [`not all lines of ${unmodelled.join(' and ')} are modelled`];
  const others = [...fitting(alike, 'as well'), ...fitting(near, 'almost as well'), ...beyond];
  if (guess || alike.some((part) => !part.startsWith(chip.line)))
    return `taken for ${chip.name} (${['a guess', ...common].join(', ')}): if it is another chip, say --chip${others.map((text) => `; ${text}`).join('')}`;
  return `${chip.name} assumed${[...common, ...others].map((text, i) => `${i === 0 ? ' (' : '; '}${text}`).join('')}${common.length + others.length > 0 ? ')' : ''}`;
}
