/**
 * Reference model of a device in DFU mode: what USB-IF's DFU 1.1 appendix A says of each request in each state, and the named dialects in which
 * devices in the field differ from it.
 */
import { DFU, DFU_STATE } from '../dfu-protocol.ts';

/** bState numbers of DFU 1.1 §6.1.2 that the model knows by name. */
export const STATE = { ...DFU_STATE, MANIFEST_SYNC: 6, MANIFEST_WAIT_RESET: 8 } as const;

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
/** What a request may do: its answer, and the states that GETSTATE may say next. */
export interface Expected {
  readonly answer: 'ok' | 'stall';
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

/** A known way to differ from the tables. */
export interface Dialect {
  readonly id: string;
  readonly text: string;
  fits(state: number, request: ModelRequest, answer: 'ok' | 'stall', next: number | null): boolean;
}
const stays = (state: number, next: number | null): boolean => next === state;
export const DIALECTS: readonly Dialect[] = [
  {
    id: 'leave-from-idle',
    text: 'a DNLOAD of length 0 in dfuIDLE starts manifestation (ST: leave)',
    fits: (state, request, answer, next) =>
      state === STATE.IDLE && request === 'DNLOAD 0' && answer === 'ok' && next === STATE.MANIFEST_SYNC,
  },
  {
    id: 'abort-from-sync',
    text: 'ABORT is also taken in the SYNC states (ST)',
    fits: (state, request, answer, next) =>
      (state === STATE.DNLOAD_SYNC || state === STATE.MANIFEST_SYNC) && request === 'ABORT' && answer === 'ok' && next === STATE.IDLE,
  },
  {
    id: 'abort-clears-error',
    text: 'ABORT in dfuERROR leads to dfuIDLE',
    fits: (state, request, answer, next) => state === STATE.ERROR && request === 'ABORT' && answer === 'ok' && next === STATE.IDLE,
  },
  {
    id: 'clrstatus-makes-error',
    text: 'CLRSTATUS outside dfuERROR is acknowledged and leads to dfuERROR (ST)',
    fits: (state, request, answer, next) => state !== STATE.ERROR && request === 'CLRSTATUS' && answer === 'ok' && next === STATE.ERROR,
  },
  {
    id: 'clrstatus-anywhere',
    text: 'CLRSTATUS outside dfuERROR is acknowledged',
    fits: (state, request, answer, next) =>
      state !== STATE.ERROR && request === 'CLRSTATUS' && answer === 'ok' && (next === STATE.IDLE || stays(state, next)),
  },
  {
    id: 'detach-in-dfu-mode',
    text: 'DETACH in DFU mode is acknowledged',
    fits: (_state, request, answer) => request === 'DETACH' && answer === 'ok',
  },
  {
    id: 'stall-keeps-state',
    text: 'a request that is not allowed is a STALL, but the state stays as it was',
    fits: (state, request, answer, next) => answer === 'stall' && stays(state, next) && request !== 'GETSTATUS' && request !== 'GETSTATE',
  },
];

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
