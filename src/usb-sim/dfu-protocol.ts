/** DFU 1.1 requests, states and the status answer. */
import { parseDfuseLayout, setupPacket, type DfuSegment } from './descriptors.ts';
import type { Host } from './host-api.ts';
import type { DfuState } from './types.ts';

export const DFU = { DETACH: 0, DNLOAD: 1, UPLOAD: 2, GETSTATUS: 3, CLRSTATUS: 4, GETSTATE: 5, ABORT: 6 } as const;
export const DFU_STATE = { IDLE: 2, DNLOAD_SYNC: 3, DNBUSY: 4, DNLOAD_IDLE: 5, MANIFEST: 7, UPLOAD_IDLE: 9, ERROR: 10 } as const;
/** First byte of block 0: DfuSe's commands (AN3156 §5). */
export const DFUSE_CODE = { GET: 0x00, SET_ADDRESS: 0x21, ERASE: 0x41, READ_UNPROTECT: 0x92 } as const;
/** The data of a DfuSe command: its code, and an address, least significant byte first. An erase without one erases all. */
export function dfuseCommand(code: number, address: number | null = null): Uint8Array {
  if (address === null) return Uint8Array.of(code);
  return Uint8Array.of(code, address & 0xff, (address >>> 8) & 0xff, (address >>> 16) & 0xff, address >>> 24);
}
/** An address as people read it. */
export const hex8 = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
/** The address of such a command of five bytes. */
export const dfuseAddress = (data: ArrayLike<number>): number => (data[1]! | (data[2]! << 8) | (data[3]! << 16) | (data[4]! << 24)) >>> 0;
const STATE_NAME = [
  'appIDLE',
  'appDETACH',
  'dfuIDLE',
  'dfuDNLOAD-SYNC',
  'dfuDNBUSY',
  'dfuDNLOAD-IDLE',
  'dfuMANIFEST-SYNC',
  'dfuMANIFEST',
  'dfuMANIFEST-WAIT-RESET',
  'dfuUPLOAD-IDLE',
  'dfuERROR',
];
export const dfuStateName = (state: number): string => STATE_NAME[state] ?? `state ${state}`;
const STATUS_NAME = [
  'OK',
  'errTARGET',
  'errFILE',
  'errWRITE',
  'errERASE',
  'errCHECK_ERASED',
  'errPROG',
  'errVERIFY',
  'errADDRESS',
  'errNOTDONE',
  'errFIRMWARE',
  'errVENDOR',
  'errUSBR',
  'errPOR',
  'errUNKNOWN',
  'errSTALLEDPKT',
];
/** A bStatus by its name (DFU 1.1 §6.1.2). */
export const dfuStatusName = (status: number): string => STATUS_NAME[status] ?? `status ${status}`;
/** What a GETSTATUS told, in words; OK is not worth one but in dfuERROR. */
export const dfuTold = ({ bState, bStatus }: { readonly bState: number; readonly bStatus: number }): string =>
  bStatus === 0 && bState !== DFU_STATE.ERROR ? dfuStateName(bState) : `${dfuStateName(bState)} with ${dfuStatusName(bStatus)}`;
/** A DFU class request; `payload`: data to send, or the number of bytes to read. */
export function dfuRequest(
  host: Host,
  dfu: DfuState,
  tag: string,
  request: number,
  block = 0,
  payload: Uint8Array | number = new Uint8Array(0),
): void {
  if (request === DFU.GETSTATUS || request === DFU.UPLOAD) {
    const length = request === DFU.GETSTATUS ? 6 : (payload as number);
    host.control(`dfu.${tag}`, setupPacket(0xa1, request, block, dfu.interfaceNumber, length));
    return;
  }
  const data = payload as Uint8Array;
  host.control(`dfu.${tag}`, setupPacket(0x21, request, block, dfu.interfaceNumber, data.length), data);
}

/** What a GETSTATUS tells. */
export interface DfuStatus {
  readonly bStatus: number;
  /** bwPollTimeout, milliseconds. */
  readonly pollMs: number;
  readonly bState: number;
}
/** Of its first five bytes. */
export const dfuStatus = (data: Uint8Array): DfuStatus => ({
  bStatus: data[0]!,
  pollMs: data[1]! | (data[2]! << 8) | (data[3]! << 16),
  bState: data[4]!,
});
/** Milliseconds: no part takes longer for anything that it does between two GETSTATUS, and nobody waits longer. The mass erase of 2 MB takes 32 s. */
export const LONGEST_POLL = 120_000;
/** bwPollTimeout for a reader: of one that nobody means, what it would be with its least significant byte first (DFU 1.1 §6.1.2). */
export function pollText(pollMs: number): string {
  const swapped = ((pollMs & 0xff) << 16) | (pollMs & 0xff00) | ((pollMs >>> 16) & 0xff);
  const other = pollMs > LONGEST_POLL && swapped > 0 && swapped <= LONGEST_POLL;
  return `${pollMs} ms${other ? ` (${swapped} ms, if the least significant byte came first)` : ''}`;
}
/** Takes a GETSTATUS answer in. False: too short. */
export function takeStatus(dfu: DfuState, data: Uint8Array): boolean {
  if (data.length < 6) return false;
  const { bStatus, pollMs, bState } = dfuStatus(data);
  dfu.bStatus = bStatus;
  dfu.pollTimeoutMs = pollMs;
  dfu.bState = bState;
  return true;
}
/** A request whose answer has a length of its own (DFU 1.1 §6.1.2, §6.1.5) is asked for that: 6 bytes of status, 1 of state. */
export const isWholeAnswer = (request: number, length: number): boolean =>
  (request === DFU.GETSTATUS && length === 6) || (request === DFU.GETSTATE && length === 1);

export function layoutOf(dfu: DfuState): DfuSegment[] {
  return parseDfuseLayout(dfu.alts[0]?.name ?? '');
}
