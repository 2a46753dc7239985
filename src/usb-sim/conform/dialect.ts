/**
 * How one device differs from DFU 1.1 and AN3156, as names: what `conform` measures, what the property tests judge by, and what a team may write down.
 *
 *  - `abort-from-sync`: a dialect of the tables, in every cell that it speaks of;
 *  - `stall-keeps-state:dfuIDLE.UPLOAD`: in one cell;
 *  - `seen:dfuIDLE.UPLOAD:stall:dfuUPLOAD-IDLE`: a cell as it was seen, where no dialect explains it and the team accepts it; `seen:dfuIDLE.DETACH:ok:gone`
 *    has no state behind it, and `none` instead of `ok` is no answer;
 *  - `err-address`, `never-busy` …: ways outside of the tables (see docs/conformance.md).
 */
import { dfuStateName } from '../dfu-protocol.ts';
import {
  cellName,
  DIALECTS,
  ERR,
  expected,
  MODEL_REQUESTS,
  type Answer,
  type Expected,
  type ModelOptions,
  type ModelRequest,
} from './model.ts';

/** Dialects outside of the tables of appendix A. */
const TRAIT_TEXT = {
  dfuse: "bcdDFUVersion is 0x011A: ST's extension",
  'dfu-1.0': 'bcdDFUVersion is 0x0100 or 0x0101',
  composite: 'the configuration has other interfaces beside DFU',
  'functional-only-in-configuration':
    'GET_DESCRIPTOR of the DFU functional descriptor on its own is refused; inside the configuration it is there',
  'any-endpoint-status': 'GET_STATUS of an endpoint that is not there is answered',
  'zero-length-stalls': 'a read with wLength 0 is refused',
  'reset-leaves': 'a bus reset leads out of DFU mode',
  'reset-finds-error': 'behind a bus reset it is in dfuERROR with errFIRMWARE: there is no firmware to start (DFU 1.1 §A.1)',
  'mass-erase-takes-all': 'a mass erase takes the memory of other settings than the one that is chosen as well',
  'leave-elsewhere': 'a leave does not start the program at the address pointer (AN3156 §5.5)',
  'leave-keeps-stack': 'a leave does not load MSP from the vector table of the program that it starts',
  'pointer-outlives-reset': 'the address pointer is the same behind a bus reset',
  'leaves-without-answer': 'the GETSTATUS that starts manifestation is not answered (H7, U5, G0)',
  'erased-zero': 'erased flash reads 0x00 (on a real board; of the emulated chips, L0 and L1 are known to do so)',
  'never-busy': 'a command is done at the first GETSTATUS: dfuDNBUSY is never told',
  'busy-to-idle': 'from dfuDNBUSY to dfuDNLOAD-IDLE without a GETSTATUS',
  'poll-timeout-short': 'still dfuDNBUSY, or at work, after bwPollTimeout',
  'no-read-unprotect': 'Get does not list 0x92 (Read Unprotect)',
  'upload-from-dnload-idle': 'an UPLOAD right after a command is answered, without an ABORT between',
  'short-upload-ends': 'an UPLOAD with wLength below wTransferSize leads to dfuIDLE, though it came whole',
  'upload-end-stalls': 'an upload across the end of memory is refused',
  'alternate-shorter': 'an alternate setting gives fewer bytes than its name says',
  'other-length-stalls': 'GETSTATUS and GETSTATE are refused with another wLength than 6 and 1',
  'not-verified': 'a write that flash did not take is reported as OK',
  'number-ignored': 'without DfuSe: blocks go one behind the other, whatever their number',
  'held-back': 'without DfuSe: the beginning of a download comes to flash when the download ends',
  'short-blocks-apart': 'without DfuSe: blocks shorter than wTransferSize do not lie one behind the other',
  'err-address': 'it refuses with errADDRESS where another bStatus is asked for',
  'err-write': 'it refuses with errWRITE where another bStatus is asked for',
  'err-erase': 'it refuses with errERASE where another bStatus is asked for',
  'err-prog': 'it refuses with errPROG where another bStatus is asked for',
  'err-verify': 'it refuses with errVERIFY where another bStatus is asked for',
  'err-unknown': 'it refuses with errUNKNOWN where another bStatus is asked for',
  'err-stalled': 'it refuses with errSTALLEDPKT where another bStatus is asked for',
  'err-target': 'it refuses with errTARGET where another bStatus is asked for',
  'err-vendor': 'it refuses with errVENDOR where another bStatus is asked for',
} as const;
export type Trait = keyof typeof TRAIT_TEXT;
/** bStatus by which a device refuses that is not the one of ST's ROM. */
export const ERROR_TRAIT = {
  [ERR.TARGET]: 'err-target',
  [ERR.WRITE]: 'err-write',
  [ERR.ERASE]: 'err-erase',
  [ERR.PROG]: 'err-prog',
  [ERR.VERIFY]: 'err-verify',
  [ERR.ADDRESS]: 'err-address',
  [ERR.VENDOR]: 'err-vendor',
  [ERR.UNKNOWN]: 'err-unknown',
  [ERR.STALLEDPKT]: 'err-stalled',
} as const satisfies Readonly<Record<number, Trait>>;
const STATES = Array.from({ length: 11 }, (_, state) => state);
const CELLS: ReadonlySet<string> = new Set(STATES.flatMap((state) => MODEL_REQUESTS.map((request) => cellName(state, request))));

const ANSWERS: readonly string[] = ['ok', 'stall', 'none'] satisfies Answer[];
const isAnswer = (text: string | undefined): text is Answer => text !== undefined && ANSWERS.includes(text);
const GONE = 'gone';
/** The name of a cell that no dialect explains; `next` null: GETSTATE is not answered behind it. */
export const seenCell = (cell: string, answer: Answer, next: number | null): string =>
  `seen:${cell}:${answer}:${next === null ? GONE : dfuStateName(next)}`;

/** Whether it is the name of a dialect. */
export function isDialectName(name: string): boolean {
  const [id = '', cell, answer, next, ...more] = name.split(':');
  if (more.length > 0) return false;
  if (id === 'seen')
    return CELLS.has(cell ?? '') && isAnswer(answer) && (next === GONE || STATES.some((state) => dfuStateName(state) === next));
  if (answer !== undefined) return false;
  if (cell === undefined) return DIALECTS.some((d) => d.id === id) || Object.hasOwn(TRAIT_TEXT, id);
  return DIALECTS.some((d) => d.id === id) && CELLS.has(cell);
}
/** All dialects, in words. */
export const DIALECT_TEXTS: readonly (readonly [name: string, text: string])[] = [
  ...DIALECTS.map(({ id, text }) => [id, text] as const),
  ...Object.entries(TRAIT_TEXT),
];
export const DIALECT_NAMES: readonly string[] = DIALECT_TEXTS.map(([name]) => name);

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
      if (id !== 'seen' || where !== cell || !isAnswer(answer)) return [];
      return [{ answer, next: STATES.filter((s) => dfuStateName(s) === next) }];
    });
  }
}
