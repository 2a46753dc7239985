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
/** Another line may be meant: the part is not assumed but taken for one of several. */
const isTaken = ({ chip, alike, guess, by }: InferredChip): boolean =>
  guess || by === 'code' || alike.some((part) => !part.startsWith(chip.line));
/** Anything but one part that a sure name, or a file of the project, means: it is a question, since packages and sizes are wrong without a word otherwise. */
const isOpen = (inferred: InferredChip): boolean =>
  isTaken(inferred) || (inferred.file === undefined && (inferred.alike.length > 0 || inferred.by === 'weak-name'));
/** The part that the images are taken to be for, and for which else they may be. */
function takenFor(inferred: InferredChip): string {
  const { chip, alike, near, unmodelled, guess, by, sameLine = [] } = inferred;
  const common = alike.length > 0 && rankOf(chip.name) < Infinity ? ['the most common of these'] : [];
  const beyond = unmodelled.length === 0 ? [] : [`not all lines of ${unmodelled.join(' and ')} are modelled`];
  const others = [
    ...listed(alike, 'may be meant as well', 'may be meant as well'),
    ...listed(sameLine, 'of the same line fits as well', 'of the same line fit as well'),
    ...listed(near, 'comes next', 'come next'),
    ...beyond,
  ];
  if (isTaken(inferred)) {
    const how = by === 'code' && !guess ? 'by its machine code alone' : 'a guess';
    return [`taken for ${chip.name} (${[how, ...common].join(', ')})`, ...others].join('; ');
  }
  if (inferred.file !== undefined) return `${chip.name} (${inferred.file})`;
  return `${chip.name} assumed${[...common, ...others].map((text, i) => `${i === 0 ? ' (' : '; '}${text}`).join('')}${common.length + others.length > 0 ? ')' : ''}`;
}
