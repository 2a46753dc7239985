/**
 * Reference model of a device in DFU mode: what USB-IF's DFU 1.1 appendix A says of each request in each state, and the named dialects in which
 * devices in the field differ from it.
 */
import { DFU, DFU_STATE, dfuStateName, type DfuStatus } from '../dfu-protocol.ts';

/** bState numbers of DFU 1.1 §6.1.2 that the model knows by name. */
export const STATE = { ...DFU_STATE, MANIFEST_SYNC: 6, MANIFEST_WAIT_RESET: 8 } as const;

/** bStatus numbers of DFU 1.1 §6.1.2. */
export const ERR = {
  TARGET: 1,
  FILE: 2,
  WRITE: 3,
  ERASE: 4,
  PROG: 6,
  VERIFY: 7,
  ADDRESS: 8,
  NOTDONE: 9,
  FIRMWARE: 10,
  VENDOR: 11,
  UNKNOWN: 14,
  STALLEDPKT: 15,
} as const;

/** By which a device says that it has looked at what lies in its flash: errFILE, errVERIFY, errNOTDONE, errFIRMWARE, errVENDOR. */
export const NO_FIRMWARE: readonly number[] = [ERR.FILE, ERR.VERIFY, ERR.NOTDONE, ERR.FIRMWARE, ERR.VENDOR];

/** A status that says so. */
export const findsNoFirmware = ({ bStatus, bState }: Pick<DfuStatus, 'bStatus' | 'bState'>): boolean =>
  bState === STATE.ERROR && NO_FIRMWARE.includes(bStatus);

/** Requests as the state tables of appendix A tell them apart. */
export type ModelRequest = 'DETACH' | 'DNLOAD' | 'DNLOAD 0' | 'UPLOAD' | 'GETSTATUS' | 'CLRSTATUS' | 'GETSTATE' | 'ABORT' | 'unknown';
export const MODEL_REQUESTS: readonly ModelRequest[] = [
  'DETACH',
  'DNLOAD',
  'DNLOAD 0',
  'UPLOAD',
  'GETSTATUS',
  'CLRSTATUS',
  'GETSTATE',
  'ABORT',
  'unknown',
];

export interface ModelOptions {
  readonly canDnload: boolean;
  readonly canUpload: boolean;
}
/** How a device answers a request; `none`: not at all. */
export type Answer = 'ok' | 'stall' | 'none';
/** What a request may do: its answer, and the states that GETSTATE may say next; none of them: the device is gone. */
export interface Expected {
  readonly answer: Answer;
  readonly next: readonly number[];
}
const ok = (...next: number[]): Expected => ({ answer: 'ok', next });
const STALLED: Expected = { answer: 'stall', next: [STATE.ERROR] };

/** States in which the host makes requests, with their paragraph of DFU 1.1. */
export const STATE_PARAGRAPH: Readonly<Record<number, string>> = {
  [STATE.IDLE]: 'A.2.3',
  [STATE.DNLOAD_SYNC]: 'A.2.4',
  [STATE.DNLOAD_IDLE]: 'A.2.6',
  [STATE.MANIFEST_SYNC]: 'A.2.7',
  [STATE.UPLOAD_IDLE]: 'A.2.10',
  [STATE.ERROR]: 'A.2.11',
};

type Row = Readonly<Partial<Record<ModelRequest, Expected>>>;
function rowOf(state: number, { canDnload, canUpload }: ModelOptions): Row {
  const download = canDnload ? ok(STATE.DNLOAD_SYNC) : STALLED;
  // a short block ends the upload
  const upload = canUpload ? ok(STATE.UPLOAD_IDLE, STATE.IDLE) : STALLED;
  switch (state) {
    case STATE.IDLE:
      return { DNLOAD: download, UPLOAD: upload, ABORT: ok(STATE.IDLE) };
    case STATE.DNLOAD_SYNC:
      return { GETSTATUS: ok(STATE.DNLOAD_SYNC, STATE.DNBUSY, STATE.DNLOAD_IDLE) };
    case STATE.DNLOAD_IDLE:
      return { DNLOAD: download, 'DNLOAD 0': ok(STATE.MANIFEST_SYNC), ABORT: ok(STATE.IDLE) };
    case STATE.MANIFEST_SYNC:
      return { GETSTATUS: ok(STATE.MANIFEST_SYNC, STATE.MANIFEST, STATE.MANIFEST_WAIT_RESET, STATE.IDLE) };
    case STATE.UPLOAD_IDLE:
      return { UPLOAD: upload, ABORT: ok(STATE.IDLE) };
    case STATE.ERROR:
      return { CLRSTATUS: ok(STATE.IDLE) };
    default:
      return {};
  }
}

/** DFU 1.1 appendix A. */
export function expected(state: number, request: ModelRequest, options: ModelOptions): Expected {
  const special = rowOf(state, options)[request];
  if (special) return special;
  return request === 'GETSTATUS' || request === 'GETSTATE' ? ok(state) : STALLED;
}

/** A cell of the tables by name: `dfuIDLE.DNLOAD-0`. */
export const cellName = (state: number, request: ModelRequest): string => `${dfuStateName(state)}.${request.replace(' ', '-')}`;

/** A known way to differ from the tables. */
export interface Dialect {
  readonly id: string;
  readonly text: string;
  /** What it makes of a cell of the tables; null: it leaves the cell alone. */
  cell(state: number, request: ModelRequest, strict: Expected): Expected | null;
}
const ANYWHERE = [STATE.IDLE, STATE.DNLOAD_SYNC, STATE.DNLOAD_IDLE, STATE.MANIFEST_SYNC, STATE.UPLOAD_IDLE, STATE.ERROR];
export const DIALECTS: readonly Dialect[] = [
  {
    id: 'leave-from-idle',
    text: 'a DNLOAD of length 0 in dfuIDLE starts manifestation (ST: leave)',
    cell: (state, request) => (state === STATE.IDLE && request === 'DNLOAD 0' ? ok(STATE.MANIFEST_SYNC) : null),
  },
  {
    id: 'abort-from-sync',
    text: 'ABORT is also taken in the SYNC states (ST)',
    cell: (state, request) =>
      (state === STATE.DNLOAD_SYNC || state === STATE.MANIFEST_SYNC) && request === 'ABORT' ? ok(STATE.IDLE) : null,
  },
  {
    id: 'abort-clears-error',
    text: 'ABORT in dfuERROR leads to dfuIDLE',
    cell: (state, request) => (state === STATE.ERROR && request === 'ABORT' ? ok(STATE.IDLE) : null),
  },
  {
    id: 'clrstatus-makes-error',
    text: 'CLRSTATUS outside dfuERROR is acknowledged and leads to dfuERROR (ST)',
    cell: (state, request) => (state !== STATE.ERROR && request === 'CLRSTATUS' ? ok(STATE.ERROR) : null),
  },
  {
    id: 'clrstatus-anywhere',
    text: 'CLRSTATUS outside dfuERROR is acknowledged',
    cell: (state, request) => (state !== STATE.ERROR && request === 'CLRSTATUS' ? ok(STATE.IDLE, state) : null),
  },
  {
    id: 'detach-in-dfu-mode',
    text: 'DETACH in DFU mode is acknowledged',
    cell: (_state, request) => (request === 'DETACH' ? ok(...ANYWHERE) : null),
  },
  {
    id: 'stall-keeps-state',
    text: 'a request that is not allowed is a STALL, but the state stays as it was',
    cell: (state, _request, strict) => (strict.answer === 'stall' ? { answer: 'stall', next: [state] } : null),
  },
];
/** The dialect that explains what a device did with a request; null: none does. */
export function dialectOf(
  state: number,
  request: ModelRequest,
  options: ModelOptions,
  seen: { readonly answer: Answer; readonly next: number | null },
): Dialect | null {
  const strict = expected(state, request, options);
  const fits = (e: Expected | null): boolean => e !== null && e.answer === seen.answer && seen.next !== null && e.next.includes(seen.next);
  return DIALECTS.find((d) => fits(d.cell(state, request, strict))) ?? null;
}

export const REQUEST_OF: Readonly<Record<ModelRequest, number>> = {
  DETACH: DFU.DETACH,
  DNLOAD: DFU.DNLOAD,
  'DNLOAD 0': DFU.DNLOAD,
  UPLOAD: DFU.UPLOAD,
  GETSTATUS: DFU.GETSTATUS,
  CLRSTATUS: DFU.CLRSTATUS,
  GETSTATE: DFU.GETSTATE,
  ABORT: DFU.ABORT,
  unknown: 0x5a,
};
