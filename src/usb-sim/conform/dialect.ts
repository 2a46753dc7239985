/**
 * How one device differs from DFU 1.1 and AN3156, as names: what `conform` measures, what the property tests judge by, and what a team may write down.
 *
 *  - `abort-from-sync`: a dialect of the tables, in every cell that it speaks of;
 *  - `stall-keeps-state:dfuIDLE.UPLOAD`: in one cell;
 *  - `seen:dfuIDLE.UPLOAD:stall:dfuUPLOAD-IDLE`: a cell as it was seen, where no dialect explains it and the team accepts it;
 *  - `err-address`, `never-busy` …: ways outside of the tables (see docs/conformance.md).
 */
import { dfuStateName } from '../dfu-protocol.ts';
import { cellName, DIALECTS, ERR, expected, MODEL_REQUESTS, type Expected, type ModelOptions, type ModelRequest } from './model.ts';

/** Dialects outside of the tables of appendix A. */
const TRAITS = [
  'dfuse',
  'dfu-1.0',
  'composite',
  'functional-only-in-configuration',
  'zero-length-stalls',
  'reset-leaves',
  'leaves-without-answer',
  'erased-zero',
  'never-busy',
  'busy-to-idle',
  'poll-timeout-short',
  'no-read-unprotect',
  'upload-from-dnload-idle',
  'upload-end-stalls',
  'alternate-shorter',
  'other-length-stalls',
  'not-verified',
  'number-ignored',
  'err-address',
  'err-write',
  'err-erase',
  'err-unknown',
  'err-stalled',
  'err-target',
  'err-vendor',
] as const;
export type Trait = (typeof TRAITS)[number];
/** bStatus by which a device refuses that is not the one of ST's ROM. */
export const ERROR_TRAIT = {
  [ERR.TARGET]: 'err-target',
  [ERR.WRITE]: 'err-write',
  [ERR.ERASE]: 'err-erase',
  [ERR.ADDRESS]: 'err-address',
  [ERR.VENDOR]: 'err-vendor',
  [ERR.UNKNOWN]: 'err-unknown',
  [ERR.STALLEDPKT]: 'err-stalled',
} as const satisfies Readonly<Record<number, Trait>>;
const STATES = Array.from({ length: 11 }, (_, state) => state);
const CELLS: ReadonlySet<string> = new Set(STATES.flatMap((state) => MODEL_REQUESTS.map((request) => cellName(state, request))));

/** The name of a cell that no dialect explains. */
export const seenCell = (cell: string, answer: 'ok' | 'stall', next: number): string => `seen:${cell}:${answer}:${dfuStateName(next)}`;

/** Whether it is the name of a dialect. */
export function isDialectName(name: string): boolean {
  const [id = '', cell, answer, next, ...more] = name.split(':');
  if (more.length > 0) return false;
  if (id === 'seen')
    return CELLS.has(cell ?? '') && (answer === 'ok' || answer === 'stall') && STATES.some((state) => dfuStateName(state) === next);
  if (answer !== undefined) return false;
  if (cell === undefined) return DIALECTS.some((d) => d.id === id) || TRAITS.some((trait) => trait === id);
  return DIALECTS.some((d) => d.id === id) && CELLS.has(cell);
}
/** Names that a person may have meant: for the message about one that is not known. */
export const DIALECT_NAMES: readonly string[] = [...DIALECTS.map((d) => d.id), ...TRAITS];

/** What a device may do, by its dialect. */
export class DfuDialect {
  /** As they were given. */
  readonly names: readonly string[];
  private readonly traits: ReadonlySet<string>;
  private readonly cells = new Map<string, readonly Expected[]>();

  /** @param names see above; none = the text of the standard */
  constructor(names: readonly string[]) {
    this.names = names;
    this.traits = new Set(names);
  }
  has(trait: Trait): boolean {
    return this.traits.has(trait);
  }
  /** What a request may do in a state: by appendix A or a dialect; where the cell itself is named, by that alone. */
  allowed(state: number, request: ModelRequest, options: ModelOptions): readonly Expected[] {
    const cell = cellName(state, request);
    const known = this.cells.get(cell);
    if (known) return known;
    const strict = expected(state, request, options);
    const dialects = (suffix: string): Expected[] =>
      DIALECTS.flatMap((d) => (this.traits.has(`${d.id}${suffix}`) ? (d.cell(state, request, strict) ?? []) : []));
    const own = [...this.asSeen(cell), ...dialects(`:${cell}`)];
    const all = own.length > 0 ? own : [...dialects(''), strict];
    this.cells.set(cell, all);
    return all;
  }
  private asSeen(cell: string): Expected[] {
    return this.names.flatMap((name): Expected[] => {
      const [id, where, answer, next] = name.split(':');
      if (id !== 'seen' || where !== cell) return [];
      return [{ answer: answer === 'ok' ? 'ok' : 'stall', next: STATES.filter((s) => dfuStateName(s) === next) }];
    });
  }
}
