/** What a run of somebody's image says, beside what its project says: the part, and what the firmware does. */
import { findChip } from '../../src/chips/index.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { RunTrace } from '../../src/bench/documents/trace-types.ts';

/** An image of the corpus. `partFrom` and `doesFrom` are files of its repository that say so; nothing comes from what bootbench prints. */
export interface CompatImage {
  readonly repository: string;
  readonly commit: string;
  readonly path: string;
  readonly sha256: string;
  readonly toolchain: string;
  /** The part; several where the project says that it is built for each of them. */
  readonly parts?: readonly string[];
  /** An STM32 that is not modelled. */
  readonly unmodelled?: string;
  /** A part of another maker. */
  readonly other?: string;
  readonly partFrom: string;
  readonly does?: Expected;
  readonly doesFrom?: string;
}
export interface Expected {
  /** `0483:5740`: enumerates as its own device. */
  readonly usb?: string;
  /** Text on any console. */
  readonly prints?: string;
  /** `PA5`: a pin that the firmware drives high and low again and again. */
  readonly toggles?: string;
  /** Neither faults nor resets without end. */
  readonly runs?: true;
}

/** What became of the question for the part. `silent`: a wrong part was taken for sure. `told`: a wrong one was taken and called a guess, or none was found. */
export const PART_MARKS = ['right', 'guess', 'asked', 'told', 'silent'] as const;
export type PartMark = (typeof PART_MARKS)[number];

/** The part that was concluded, or why none was. */
export interface Concluded {
  readonly chip: string | null;
  readonly alike: readonly string[];
  readonly guess: boolean;
  /** Where none was concluded. */
  readonly refused: string;
}

const lineOf = (part: string): string => part.slice(0, 'STM32F405'.length).toUpperCase();

export function partMark(image: CompatImage, { chip, alike, guess, refused }: Concluded): PartMark {
  const lines = (image.parts ?? []).map(lineOf);
  const isTrue = (part: string): boolean => lines.includes(lineOf(part));
  if (chip === null) {
    if (lines.length === 0) return 'right';
    return lines.some((line) => refused.toUpperCase().includes(line)) ? 'asked' : 'told';
  }
  if (isTrue(chip)) return guess ? 'guess' : 'right';
  if (alike.some(isTrue)) return 'guess';
  return guess ? 'told' : 'silent';
}

/** Outcomes that a good firmware does not have. */
const BAD: readonly string[] = ['fault', 'reset-loop'];
/** Edges of a pin that toggles. */
const EDGES = 2;

/** null: as expected; else what was otherwise. */
export function whyNot({ usb, prints, toggles, runs }: Expected, result: RunResult<string>, trace: RunTrace | null): string | null {
  if (usb !== undefined) {
    const seen = result.usb.sessions.filter((s) => s.enumerated).map((s) => `${hex4(s.vid)}:${hex4(s.pid)}`);
    if (!seen.includes(usb)) return `enumerated: ${seen.join(', ') || 'nothing'}, ${result.outcome}`;
  }
  if (prints !== undefined) {
    const said = Object.values(result.console).join('\n');
    if (!said.includes(prints)) return said === '' ? `prints nothing, ${result.outcome}` : `prints ${JSON.stringify(said.slice(0, 40))}`;
  }
  if (toggles !== undefined) {
    const levels = trace?.run.signals.find((s) => s.name === `${toggles}.chip`)?.values.filter((v) => v !== 2) ?? [];
    const edges = levels.filter((v, i) => i > 0 && v !== levels[i - 1]).length;
    if (edges < EDGES) return `${toggles}: ${edges} edges, ${result.outcome}`;
  }
  if (runs === true && BAD.includes(result.outcome)) return result.summary;
  return null;
}
const hex4 = (id: string | null): string => (id ?? '').replace(/^0x/, '');

/** A modelled part of those that the image is for. */
export const modelledPart = (image: CompatImage): string | null => image.parts?.find((p) => findChip(p) !== undefined) ?? null;
