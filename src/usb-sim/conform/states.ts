/** The tables of DFU 1.1 appendix A, a requirement for each state and request: the shortest way into the state, then that request. */
import { DFUSE_CODE, dfuseCommand, dfuStateName, dfuStatusName, type DfuStatus } from '../dfu-protocol.ts';
import { CAN_DNLOAD, CAN_UPLOAD, isDfuse, unansweredText, type DfuFacts, type LinkAnswer } from './link.ts';
import {
  cellName,
  dialectOf,
  ERR,
  expected,
  findsNoFirmware,
  MODEL_REQUESTS,
  REQUEST_OF,
  STATE,
  STATE_PARAGRAPH,
  type Answer,
  type ModelRequest,
} from './model.ts';
import { seenCell } from './dialect.ts';
import type { Recorder } from './recorder.ts';
import { dialect, fail, inCell, notApplicable, PASS, type Finding, type Requirement } from './requirement.ts';

/** DfuSe: Set Address Pointer changes nothing in memory. */
export const setAddress = (address: number): Uint8Array => dfuseCommand(DFUSE_CODE.SET_ADDRESS, address);

/** Data of a DNLOAD that is legal and does as little as can be. */
export function harmless(r: Recorder): { block: number; data: Uint8Array } {
  const { facts, writable } = r.link;
  if (isDfuse(facts)) return { block: 0, data: setAddress(writable?.address ?? facts.layout[0]?.start ?? 0x08000000) };
  return { block: 0, data: new Uint8Array(Math.min(64, facts.functional.transferSize)).fill(0xa5) };
}
const uploadBlock = (facts: DfuFacts): number => (isDfuse(facts) ? 2 : 0);

/** Brings a fresh device into a state; false: this device does not get there. */
async function reach(r: Recorder, state: number): Promise<boolean> {
  const { facts } = r;
  const { block, data } = harmless(r);
  const at = async (): Promise<boolean> => (await r.state()) === state;
  switch (state) {
    case STATE.IDLE:
      return true;
    case STATE.DNLOAD_SYNC:
      return (await r.download(block, data)).status === 'ok' && at();
    case STATE.DNLOAD_IDLE:
      return (await r.downloadAndSettle(block, data))?.bState === state;
    case STATE.MANIFEST_SYNC:
      if ((await r.downloadAndSettle(block, data))?.bState !== STATE.DNLOAD_IDLE) return false;
      return (await r.download(1, new Uint8Array(0))).status === 'ok' && at();
    case STATE.UPLOAD_IDLE:
      await choosePointer(r);
      return (await r.upload(uploadBlock(facts), facts.functional.transferSize)).status === 'ok' && at();
    default:
      return reachError(r);
  }
}
async function reachError(r: Recorder): Promise<boolean> {
  await r.request(REQUEST_OF.unknown);
  if ((await r.state()) === STATE.ERROR) return true;
  if (isDfuse(r.facts)) await r.downloadAndSettle(0, Uint8Array.of(0x77));
  else {
    const { block, data } = harmless(r);
    await r.downloadAndSettle(block, data);
    await r.upload(0, 64);
  }
  if ((await r.state()) === STATE.ERROR) return true;
  // some devices take a CLRSTATUS that nobody needed for an error
  if (!(await r.link.fresh())) return false;
  r.sequence.length = 0;
  await r.request(REQUEST_OF.CLRSTATUS);
  return (await r.state()) === STATE.ERROR;
}

/** DfuSe: an upload of memory is for a host that has said where (AN3156 §4.1). */
async function choosePointer(r: Recorder): Promise<void> {
  const { facts } = r;
  const open = facts.layout.find((s) => s.readable);
  if (!isDfuse(facts) || !open || (facts.functional.attributes & CAN_DNLOAD) === 0) return;
  const s = await r.downloadAndSettle(0, setAddress(open.start));
  await r.request(s?.bState === STATE.ERROR ? REQUEST_OF.CLRSTATUS : REQUEST_OF.ABORT);
}

/** `state`: the one that the device is in; a transfer that is under way there goes on with the next number (DFU 1.1 §6.1.1). */
function send(r: Recorder, request: ModelRequest, state: number): Promise<LinkAnswer> {
  const { facts } = r;
  const { block, data } = harmless(r);
  const next = !isDfuse(facts) && (state === STATE.DNLOAD_IDLE || state === STATE.UPLOAD_IDLE) ? 1 : 0;
  switch (request) {
    case 'DNLOAD':
      return r.download(block + next, data);
    case 'DNLOAD 0':
      return r.download(isDfuse(facts) ? 2 : next, new Uint8Array(0));
    case 'UPLOAD':
      return r.upload(uploadBlock(facts) + next, facts.functional.transferSize);
    case 'GETSTATUS':
      return r.request(REQUEST_OF.GETSTATUS, 0, 6);
    case 'GETSTATE':
      return r.request(REQUEST_OF.GETSTATE, 0, 1);
    default:
      return r.request(REQUEST_OF[request]);
  }
}

const inWords = (answer: Answer, next: string): string => `${answer === 'ok' ? 'acknowledged' : 'STALL'}, then ${next}`;

// eslint-disable-next-line complexity -- one question for each thing a device may do with the request; a wrong answer is told as soon as it is seen
async function checkCell(r: Recorder, state: number, request: ModelRequest): Promise<Finding> {
  if (!(await reach(r, state))) return notApplicable(`the device does not come into ${dfuStateName(state)}`);
  if (request === 'UPLOAD' && state === STATE.IDLE) await choosePointer(r);
  const { attributes } = r.facts.functional;
  const options = { canDnload: (attributes & CAN_DNLOAD) !== 0, canUpload: (attributes & CAN_UPLOAD) !== 0 };
  const strict = expected(state, request, options);
  const { status, data } = await send(r, request, state);
  // an UPLOAD that comes whole does not end the upload (DFU 1.1 §6.2)
  const whole = request === 'UPLOAD' && data.length === r.facts.functional.transferSize;
  const want = whole ? { ...strict, next: strict.next.filter((s) => s !== STATE.IDLE) } : strict;
  const leaving = state === STATE.MANIFEST_SYNC && request === 'GETSTATUS';
  if (status === 'gone' && leaving && isDfuse(r.facts)) return dialect('leaves-without-answer', 'GETSTATUS is not answered (H7, U5, G0)');
  const cell = cellName(state, request);
  if (status !== 'ok' && status !== 'stall') return fail(unansweredText(status), seenCell(cell, 'none', await r.state()));
  // GETSTATUS tells the state that it leads to
  const next = request === 'GETSTATUS' && status === 'ok' ? (data[4] ?? null) : await r.state();
  if (status === want.answer && (next === null ? leaving : want.next.includes(next))) return PASS;
  const refused = await disagrees(r, leaving, request, { status, data }, next);
  if (refused !== null) return refused;
  const seen = inWords(status, next === null ? 'no GETSTATE' : dfuStateName(next));
  const wanted = inWords(want.answer, want.next.map(dfuStateName).join(' or '));
  const known = dialectOf(state, request, options, { answer: status, next });
  const text = `${seen}; asked for: ${wanted}`;
  return known ? inCell(known.id, text, cell) : fail(text, seenCell(cell, status, next));
}

/** The device says that no firmware lies in flash, as it may behind a reset (DFU 1.1 §A.1, §6.1.2). */
export const saysCorrupt = ({ bStatus, bState }: DfuStatus): boolean => bState === STATE.ERROR && bStatus === ERR.FIRMWARE;
/** The device tells that nothing it could start lies in flash: by its status, or by a STALL of the DNLOAD that ends the download (DFU 1.1 §A.2.6). */
async function disagrees(
  r: Recorder,
  leaving: boolean,
  request: ModelRequest,
  { status, data }: LinkAnswer,
  next: number | null,
): Promise<Finding | null> {
  if (leaving) return status === 'ok' ? noFirmware({ bStatus: data[0] ?? 0, bState: next ?? 0 }) : null;
  return request === 'DNLOAD 0' && status === 'stall' ? endRefused(r) : null;
}
/** Behind a leave that was refused, or that came to nothing: it has no firmware to start; null: that is not why. */
export async function endRefused(r: Recorder): Promise<Finding | null> {
  const s = await r.status();
  return s && noFirmware(s);
}

const titleOf = (request: ModelRequest): string =>
  request === 'unknown' ? 'a request that DFU does not know' : request === 'DNLOAD 0' ? 'DNLOAD of length 0' : request;
/** A leave that is refused because nothing that could be started lies in flash; null: it is not that. */
export const noFirmware = (s: Pick<DfuStatus, 'bStatus' | 'bState'>): Finding | null =>
  findsNoFirmware(s)
    ? notApplicable(`${dfuStatusName(s.bStatus)}: the device finds no firmware to start; give the image of the application, too`)
    : null;
/** Requests after which a device may be gone for good. */
const leaves = (state: number, request: ModelRequest): boolean =>
  state === STATE.MANIFEST_SYNC || (request === 'DNLOAD 0' && (state === STATE.DNLOAD_IDLE || state === STATE.IDLE));

/** A request while the device says dfuDNBUSY; one that has finished by then answers as in dfuDNLOAD-SYNC. */
async function checkBusy(r: Recorder, request: ModelRequest): Promise<Finding> {
  const { block, data } = longestWork(r);
  if ((await r.download(block, data)).status !== 'ok') return notApplicable('the work is refused');
  if ((await r.status())?.bState !== STATE.DNBUSY) return notApplicable('it is never busy');
  const { status } = await send(r, request, STATE.DNBUSY);
  if (status === 'stall') return PASS;
  if (status !== 'ok') return fail(unansweredText(status));
  const next = await r.state();
  const options = { canDnload: true, canUpload: (r.facts.functional.attributes & CAN_UPLOAD) !== 0 };
  const known = dialectOf(STATE.DNLOAD_SYNC, request, options, { answer: status, next });
  const text = `${inWords(status, next === null ? 'no GETSTATE' : dfuStateName(next))}; asked for: STALL, then dfuERROR`;
  return known ? inCell(known.id, text, cellName(STATE.DNLOAD_SYNC, request)) : fail(text);
}
/** What a device is busy with for as long as can be: a mass erase, if all of it may be lost. */
export function longestWork(r: Recorder): { block: number; data: Uint8Array } {
  const { facts, expendable, writable } = r.link;
  if (!isDfuse(facts)) return { block: 0, data: new Uint8Array(facts.functional.transferSize).fill(0xa5) };
  return { block: 0, data: dfuseCommand(DFUSE_CODE.ERASE, expendable ? null : writable!.address) };
}
const NOT_WHILE_BUSY: readonly ModelRequest[] = ['DETACH', 'DNLOAD', 'DNLOAD 0', 'UPLOAD', 'CLRSTATUS', 'ABORT', 'unknown'];
const BUSY: readonly Requirement[] = NOT_WHILE_BUSY.map((request) => ({
  id: `state.${cellName(STATE.DNBUSY, request)}`,
  title: `${titleOf(request)} in dfuDNBUSY`,
  paragraph: 'DFU 1.1 §A.2.5',
  skip: (link) =>
    (link.facts.functional.attributes & CAN_DNLOAD) === 0
      ? 'the device cannot download (bitCanDnload)'
      : link.writable === null
        ? 'no flash may be written'
        : null,
  check: (r) => checkBusy(r, request),
}));

const STATES = [STATE.IDLE, STATE.DNLOAD_SYNC, STATE.DNLOAD_IDLE, STATE.MANIFEST_SYNC, STATE.UPLOAD_IDLE, STATE.ERROR];

const CELLS: readonly Requirement[] = STATES.flatMap((state) =>
  MODEL_REQUESTS.map((request): Requirement => ({
    id: `state.${cellName(state, request)}`,
    title: `${titleOf(request)} in ${dfuStateName(state)}`,
    paragraph: `DFU 1.1 §${STATE_PARAGRAPH[state]}`,
    skip: (link) => {
      const { attributes } = link.facts.functional;
      const downloads = state === STATE.DNLOAD_SYNC || state === STATE.DNLOAD_IDLE || state === STATE.MANIFEST_SYNC;
      if (downloads && (attributes & CAN_DNLOAD) === 0) return 'the device cannot download (bitCanDnload)';
      if (state === STATE.UPLOAD_IDLE && (attributes & CAN_UPLOAD) === 0) return 'the device cannot upload (bitCanUpload)';
      if (downloads && !isDfuse(link.facts) && link.writable === null) return 'no flash may be written';
      return leaves(state, request) && !link.expendable ? 'the device may not be sent away' : null;
    },
    check: (r) => checkCell(r, state, request),
  })),
);
export const STATE_REQUIREMENTS: readonly Requirement[] = [...CELLS, ...BUSY];
