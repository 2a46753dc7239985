/** Two runs, or a run and a board, side by side, for a person. */
import type { Difference } from '../bench/documents/compare.ts';
import type { Sentence } from '../bench/documents/sentence.ts';
import { pad, plain, printable, wrap, type Paint } from './text.ts';

const TITLES: Readonly<Record<Difference['group'], string>> = {
  run: 'Run',
  entry: 'Last entry into the ROM',
  registers: 'Registers before the first ROM instruction',
  checks: 'Checks',
  causes: 'Causes',
  usb: 'USB',
};
const NAME = 22;
const NEVER_JUMPED =
  'Neither run jumps into the ROM, so there is no entry to compare; `bootbench run` says what can make each of them jump.';

export interface ComparedRun {
  /** As typed. */
  readonly path: string;
  readonly summary: Sentence;
  /** How the last entry came about; undefined without one. */
  readonly how: string | undefined;
  /** It did not come near the ROM: nothing of an entry can be compared. */
  readonly neverJumped?: boolean;
}
export interface CompareOptions {
  readonly paint?: Paint;
  readonly width?: number;
  /** Stage that a boot by pin or option passes before the ROM, a jump does not. */
  readonly firstStage?: string | null;
}

const stageText = (letter: string, stage: string): string =>
  `Run ${letter} booted into the ROM. On a real chip, such a boot runs ${stage} first, but a jump does not. ST publishes little about the state that this stage leaves; the stand-in ROM models only which peripherals of an H5 stay secure.`;
/** A difference in three columns: name, A, B. */
function rowsOf(d: Difference, column: number): string[] {
  const left = wrap(printable(d.a), column);
  const right = wrap(printable(d.b), column);
  const name = wrap(printable(d.name), NAME);
  return Array.from({ length: Math.max(left.length, right.length, name.length) }, (_, i) =>
    `  ${pad(name[i] ?? '', NAME)} ${pad(left[i] ?? '', column)} ${right[i] ?? ''}`.trimEnd(),
  );
}

/** What stands below the differences. */
function notes(a: ComparedRun, b: ComparedRun, firstStage: string | null): string[] {
  const oneBooted = firstStage !== null && a.how !== b.how && (a.how === 'boot' || b.how === 'boot');
  return [
    ...(oneBooted ? [stageText(a.how === 'boot' ? 'A' : 'B', firstStage)] : []),
    ...(a.neverJumped === true && b.neverJumped === true ? [NEVER_JUMPED] : []),
  ];
}
export function compareReport(a: ComparedRun, b: ComparedRun, differences: readonly Difference[], options: CompareOptions = {}): string {
  const { paint = plain, firstStage = null } = options;
  const width = Math.max(60, Math.min(options.width ?? 100, 140));
  const lines: string[] = [];
  for (const [letter, run] of [
    ['A', a],
    ['B', b],
  ] as const)
    lines.push(...wrap(`${printable(run.path)}: ${printable(run.summary)}`, width, '   ', `${paint('bold', letter)}  `));
  const column = Math.floor((width - NAME - 4) / 2);
  let group: Difference['group'] | null = null;
  for (const d of differences) {
    if (d.group !== group) lines.push('', paint('bold', TITLES[d.group]));
    group = d.group;
    lines.push(...rowsOf(d, column));
  }
  for (const note of notes(a, b, firstStage)) lines.push('', ...wrap(note, width));
  const count = differences.length;
  lines.push('', count === 0 ? paint('green', 'EQUAL') : `${paint('yellow', 'DIFFERENT')}  ${count} ${count === 1 ? 'point' : 'points'}`);
  return `${lines.join('\n')}\n`;
}
