/** What is said of a chip that nobody named. */
import { rankOf } from './common-parts.ts';
import type { InferredChip } from './infer-chip.ts';
import type { RunJob } from './job.ts';

export type ChipSaid = Pick<RunJob, 'chipFrom' | 'chipBecause' | 'chipGuess' | 'chipNoRegister' | 'chipOpen' | 'boardNamed'>;
export const chipSaid = (inferred: InferredChip): ChipSaid => ({
  chipFrom: takenFor(inferred),
  ...(isOpen(inferred) ? { chipOpen: true } : {}),
  chipBecause: `because ${inferred.reasons.join('; ')}`,
  ...(inferred.guess ? { chipGuess: true } : {}),
  ...(inferred.saysNoRegister === true ? { chipNoRegister: true } : {}),
  ...(inferred.board === undefined ? {} : { boardNamed: inferred.board }),
});
/** Names of other parts that are told. */
const MOST_PARTS = 3;
function listed(parts: readonly string[], one: string, several: string): string[] {
  if (parts.length === 0) return [];
  const rest = parts.length > MOST_PARTS ? ' and others' : '';
  return [`${parts.slice(0, MOST_PARTS).join(', ')}${rest} ${parts.length === 1 ? one : several}`];
}
const isOpen = ({ chip, alike, guess }: InferredChip): boolean => guess || alike.some((part) => !part.startsWith(chip.line));
/** The part that the images are taken to be for, and for which else they may be. */
function takenFor(inferred: InferredChip): string {
  const { chip, alike, near, unmodelled } = inferred;
  const common = alike.length > 0 && rankOf(chip.name) < Infinity ? ['the most common of these'] : [];
  const beyond = unmodelled.length === 0 ? [] : [`not all lines of ${unmodelled.join(' and ')} are modelled`];
  const others = [...listed(alike, 'runs alike', 'run alike'), ...listed(near, 'comes next', 'come next'), ...beyond];
  if (isOpen(inferred)) return [`taken for ${chip.name} (${['a guess', ...common].join(', ')})`, ...others].join('; ');
  if (inferred.file !== undefined) return `${chip.name} (${inferred.file})`;
  return `${chip.name} assumed${[...common, ...others].map((text, i) => `${i === 0 ? ' (' : '; '}${text}`).join('')}${common.length + others.length > 0 ? ')' : ''}`;
}
