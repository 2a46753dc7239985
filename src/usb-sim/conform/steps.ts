/** Steps that requirements share: what a device can, blocks and commands carried out, memory read back. */
import { DFU, DFU_STATE, DFUSE_CODE, dfuseCommand, dfuTold, hex8 } from '../dfu-protocol.ts';
import { CAN_DNLOAD, CAN_UPLOAD, isDfuse, unansweredText, type DfuFacts, type DfuLink } from './link.ts';
import type { Recorder } from './recorder.ts';
import { fail, notApplicable, PASS, type Finding } from './requirement.ts';
import { setAddress } from './states.ts';

export const dfuseOnly = ({ facts }: DfuLink): string | null => {
  if (!isDfuse(facts)) return 'the device has no DfuSe (bcdDFUVersion is not 0x011A)';
  return facts.layout.length > 0 ? null : 'its setting 0 names no memory';
};
export const plainOnly = ({ facts }: DfuLink): string | null => (isDfuse(facts) ? 'the device has DfuSe' : null);
export const seenFlash = ({ witness }: DfuLink): string | null => (witness ? null : 'only the emulated chip shows what its flash holds');
export const staysHere = ({ expendable }: DfuLink): string | null => (expendable ? null : 'the device may not be sent away');
export const uploads = (link: DfuLink): string | null =>
  (link.facts.functional.attributes & CAN_UPLOAD) === 0 ? 'the device cannot upload (bitCanUpload)' : null;
export const downloads = (link: DfuLink): string | null =>
  (link.facts.functional.attributes & CAN_DNLOAD) === 0 ? 'the device cannot download (bitCanDnload)' : null;
export const writes = (link: DfuLink): string | null => downloads(link) ?? (link.writable === null ? 'no flash may be written' : null);
/** What could leave the flash that may be written, where the device does it wrongly. */
export const mayBeLost = ({ expendable }: DfuLink): string | null => (expendable ? null : 'only a part of the flash may be written');
export const anyOf =
  (...questions: ((link: DfuLink) => string | null)[]) =>
  (link: DfuLink): string | null => {
    for (const q of questions) {
      const why = q(link);
      if (why !== null) return why;
    }
    return null;
  };

export const erasePage = (address: number): Uint8Array => dfuseCommand(DFUSE_CODE.ERASE, address);
export const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 37 + seed * 101 + (i >> 8) * 7) & 0xff);

/** A step that must end in dfuDNLOAD-IDLE without an error; the text says why not. */
export async function carriedOut(r: Recorder, what: string, block: number, data: Uint8Array): Promise<string | null> {
  const { status } = await r.download(block, data);
  if (status !== 'ok') return `${what}: its DNLOAD (${data.length} bytes): ${unansweredText(status)}`;
  const s = await r.settled();
  if (s === null) return `${what}: no status`;
  return s.bState === DFU_STATE.DNLOAD_IDLE && s.bStatus === 0 ? null : `${what}: ${dfuTold(s)}`;
}
export async function steps(r: Recorder, ...list: readonly (readonly [string, number, Uint8Array])[]): Promise<string | null> {
  for (const [what, block, data] of list) {
    const wrong = await carriedOut(r, what, block, data);
    if (wrong !== null) return wrong;
  }
  return null;
}
/** Blocks from number 0 on, one behind the other, until one is not carried out: the text says why; `done` bytes were. */
export async function blocks(
  r: Recorder,
  data: Uint8Array,
  size: number,
): Promise<{ readonly wrong: string | null; readonly done: number }> {
  for (let at = 0; at < data.length; at += size) {
    const wrong = await carriedOut(r, `block ${at / size}`, at / size, data.subarray(at, at + size));
    if (wrong !== null) return { wrong, done: at };
  }
  return { wrong: null, done: data.length };
}
/** DfuSe's address pointer, and dfuIDLE, in which an upload begins; a text says why not. */
export async function pointAt(r: Recorder, address: number, what = 'set address'): Promise<string | null> {
  const wrong = await carriedOut(r, what, 0, setAddress(address));
  if (wrong !== null) return wrong;
  return (await r.request(DFU.ABORT)).status === 'ok' ? null : 'ABORT was refused';
}
/** The first sector that may be written, erased and pointed at; a text says why not. */
export const readyToWrite = (r: Recorder, ...then: readonly (readonly [string, number, Uint8Array])[]): Promise<string | null> =>
  steps(r, ['erase', 0, erasePage(place(r))], ['set address', 0, setAddress(place(r))], ...then);
/** dfuIDLE again, from wherever a request has led. */
export async function toIdle(r: Recorder): Promise<void> {
  const state = await r.state();
  if (state === DFU_STATE.ERROR) await r.request(DFU.CLRSTATUS);
  else if (state !== DFU_STATE.IDLE) await r.request(DFU.ABORT);
}
/** Milliseconds: between two operations of flash there may be a pause. */
export const AFTER_WORK = 20;
/** What drops a download that is under way, and leads to dfuIDLE; a text says that it does not. */
export type Drop = (r: Recorder) => Promise<string | null>;
export const dropByError: Drop = async (r) => {
  await r.request(0x5a);
  if ((await r.state()) !== DFU_STATE.ERROR) return 'an unknown request does not lead to dfuERROR';
  await r.request(DFU.CLRSTATUS);
  return null;
};
export const dropByReset: Drop = async (r) => {
  r.sequence.push('bus reset');
  if ((await r.link.reset()) !== 'dfu') return 'the device is not in DFU mode any more';
  // half a program may be told as errFIRMWARE (DFU 1.1 §6.1.2)
  if ((await r.state()) === DFU_STATE.ERROR) await r.request(DFU.CLRSTATUS);
  return null;
};
/** Reads `length` bytes at an address in blocks of wTransferSize; a text says why not. */
export async function readBack(r: Recorder, address: number, length: number): Promise<Uint8Array | string> {
  const wrong = await pointAt(r, address, `set address ${hex8(address)}`);
  if (wrong !== null) return wrong;
  const size = r.facts.functional.transferSize;
  const parts: number[] = [];
  for (let block = 2; parts.length < length; block++) {
    const { status, data } = await r.upload(block, Math.min(size, length - parts.length));
    if (status !== 'ok') return `UPLOAD block ${block}: ${status}`;
    parts.push(...data);
    if (data.length < Math.min(size, length - parts.length + data.length)) break;
  }
  return Uint8Array.from(parts);
}
/** `got`: a text says why nothing came; null: the chip has no flash there. */
export function sameBytes(got: Uint8Array | string | null, want: Uint8Array): Finding {
  if (got === null) return notApplicable('no flash of the chip lies there');
  if (typeof got === 'string') return fail(got);
  if (got.length !== want.length) return fail(`${got.length} bytes came back, not ${want.length}`);
  const at = want.findIndex((b, i) => got[i] !== b);
  return at < 0 ? PASS : fail(`byte ${at} is 0x${got[at]!.toString(16)}, not 0x${want[at]!.toString(16)}`);
}
/** Flash has these bytes there, as far as the chip itself can be asked. */
export function stillHolds(r: Recorder, address: number, bytes: Uint8Array): boolean {
  const there = r.link.witness?.read(address, bytes.length) ?? null;
  return there === null || bytes.every((b, i) => there[i] === b);
}
/** What came of memory is what flash holds there, as far as the chip itself can be asked. */
export function asFlashHas(r: Recorder, address: number, length: number, got: Uint8Array): Finding {
  const there = r.link.witness?.read(address, length) ?? null;
  return there === null ? PASS : sameBytes(got, there);
}
export const place = (r: Recorder): number => r.link.writable!.address;
/** Data of `length` bytes fits in what may be written. */
export const room =
  (bytes: (facts: DfuFacts) => number) =>
  (link: DfuLink): string | null =>
    link.writable === null || link.writable.length < bytes(link.facts) ? 'the flash that may be written is too small' : null;
