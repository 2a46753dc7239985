/**
 * DfuSe operations as dfu-util 0.11 makes them (facts/usb-dfu.md section 5): download = erase every page first, then address + block 2 for each
 * chunk; upload = address, ABORT, blocks 2, 3, …; leave = ABORT, address, DNLOAD of length 0, GETSTATUS. An operation is a plan of actions made
 * when it starts, a position in it and the request that is out: plain data.
 */
import { MS } from '../emu/time.ts';
import { DFU, DFU_STATE, DFUSE_CODE, dfuRequest, dfuseCommand, dfuStateName, layoutOf, takeStatus, hex8 } from './dfu-protocol.ts';
import type { Host } from './host-api.ts';
import { segmentAt, setupPacket } from './descriptors.ts';
import { joinBytes } from './state.ts';
import type { DfuAction, DfuOperation, DfuState, TransferResult } from './types.ts';

/** A status may come as a STALL while the device is busy (dfu-util's allowance for L4). */
const MAX_STALLS = 3;
/** Polls in a row without a wait before dfu-util gives up. */
const MAX_ZERO_POLLS = 100;

function command(code: number, address: number | null, name: string): DfuAction {
  return { do: 'command', payload: dfuseCommand(code, address), name: address === null ? name : `${name} ${hex8(address)}` };
}
const setAddress = (address: number): DfuAction => command(DFUSE_CODE.SET_ADDRESS, address, 'set address');

/** The plan, or why there is none. */
function planOf(dfu: DfuState, o: DfuOperation): DfuAction[] | string {
  if (o.kind === 'request') return o.plan;
  const plan: DfuAction[] = [{ do: 'idle' }];
  const size = dfu.transferSize;
  if (o.kind === 'leave') return [...plan, { do: 'abort' }, setAddress(o.address!), { do: 'manifest' }];
  if (o.kind === 'upload') {
    plan.push(setAddress(o.address!), { do: 'abort' });
    for (let at = 0, block = 2; at < o.length; at += size, block++) plan.push({ do: 'read', block, length: Math.min(size, o.length - at) });
    plan.push({ do: 'abort' });
    return plan;
  }
  if (o.address === null) return [...plan, command(DFUSE_CODE.ERASE, null, 'mass erase')];
  const layout = layoutOf(dfu);
  const end = o.address + Math.max(1, o.kind === 'erase' ? o.length : o.data.length);
  for (let at = o.address; at < end;) {
    const segment = segmentAt(layout, at);
    if (!segment) return `no memory at ${hex8(at)} in the device's layout`;
    if (segment.erasable) plan.push(command(DFUSE_CODE.ERASE, at, 'erase'));
    else if (o.kind === 'erase') return `the memory at ${hex8(at)} is not erasable`;
    if (o.kind === 'download' && !segment.writable) return `the memory at ${hex8(at)} is not writable`;
    at = segment.start + (Math.floor((at - segment.start) / segment.sectorSize) + 1) * segment.sectorSize;
  }
  if (o.kind === 'erase') return plan;
  for (let at = 0; at < o.data.length; at += size)
    plan.push(setAddress(o.address + at), { do: 'write', block: 2, data: o.data.slice(at, at + size) });
  return plan;
}

export function startOperation(host: Host, dfu: DfuState, o: DfuOperation): void {
  o.status = 'running';
  o.startedAt = host.now();
  const plan = planOf(dfu, o);
  if (typeof plan === 'string') return failOperation(host, o, plan);
  o.plan = plan;
  o.at = 0;
  startAction(host, dfu, o);
}

/** A single request: any answer ends it, a refusal too. */
function startRaw(
  host: Host,
  dfu: DfuState,
  o: DfuOperation,
  { request, block, payload, type = null, index = null }: Extract<DfuAction, { do: 'raw' }>,
): void {
  dfu.raw = true;
  if (type === null && request === DFU.DNLOAD && typeof payload !== 'number' && payload.length === 0) dfu.left = true;
  o.phase = 'raw';
  const input = typeof payload === 'number';
  const setup = setupPacket(type ?? (input ? 0xa1 : 0x21), request, block, index ?? dfu.interfaceNumber, input ? payload : payload.length);
  host.control('dfu.op.raw', setup, input ? new Uint8Array(0) : payload);
}

function startAction(host: Host, dfu: DfuState, o: DfuOperation): void {
  const action = o.plan[o.at];
  o.polls = o.stalls = 0;
  if (!action) return endOperation(host, o, null);
  const send = (phase: string, request: number, block = 0, payload: Uint8Array | number = new Uint8Array(0)): void => {
    o.phase = phase;
    dfuRequest(host, dfu, `op.${phase}`, request, block, payload);
  };
  switch (action.do) {
    case 'idle':
      return send('status', DFU.GETSTATUS);
    case 'abort':
      return send('abort', DFU.ABORT);
    case 'command':
      return send('dnload', DFU.DNLOAD, 0, action.payload);
    case 'write':
      return send('dnload', DFU.DNLOAD, action.block, action.data);
    case 'read':
      return send('upload', DFU.UPLOAD, action.block, action.length);
    case 'manifest':
      dfu.left = true;
      return send('dnload', DFU.DNLOAD, 2);
    case 'raw':
      return startRaw(host, dfu, o, action);
  }
}

/** bwPollTimeout has passed. */
export function onOperationWait(host: Host, dfu: DfuState): void {
  const o = host.state.operations.find((x) => x.status === 'running');
  if (o) getStatus(host, dfu, o);
}
function getStatus(host: Host, dfu: DfuState, o: DfuOperation): void {
  o.phase = 'status';
  dfuRequest(host, dfu, 'op.status', DFU.GETSTATUS);
}

/** The transfer of an action brought no data: a device that is busy may be asked again. */
function refused(host: Host, dfu: DfuState, o: DfuOperation, action: DfuAction, status: TransferResult['status']): void {
  const polls = o.phase === 'status';
  if (polls && status === 'stall' && dfu.pollTimeoutMs > 0 && o.polls > 0 && o.stalls < MAX_STALLS) {
    o.stalls++;
    return host.wait('dfu.poll', dfu.pollTimeoutMs * MS);
  }
  // A ROM that leaves without an answer has left all the same.
  if (action.do === 'manifest' && polls) return endOperation(host, o, null);
  failOperation(host, o, `${nameOf(action)}, ${o.phase}: ${status}`);
}

export function onOperationDone(host: Host, dfu: DfuState, phase: string, result: TransferResult): void {
  const o = host.state.operations.find((x) => x.status === 'running');
  const action = o?.plan[o.at];
  if (!o || !action || o.phase !== phase) return;
  if (action.do === 'raw') {
    o.data = result.data;
    return endOperation(host, o, result.status === 'ok' || result.status === 'stall' ? null : result.status);
  }
  if (result.status !== 'ok') return refused(host, dfu, o, action, result.status);
  switch (phase) {
    case 'upload':
      return takeUpload(host, dfu, o, action, result.data);
    case 'status':
      break;
    default:
      return getStatus(host, dfu, o);
  }
  if (!takeStatus(dfu, result.data)) return failOperation(host, o, `${nameOf(action)}: GETSTATUS answered ${result.data.length} bytes`);
  o.polls++;
  o.bStatus = dfu.bStatus;
  o.bState = dfu.bState;
  judge(host, dfu, o, action);
}

/** What an action wants of the state that GETSTATUS told: it is done, asks again, has failed, or brings the device back to dfuIDLE first. */
type Verdict = 'done' | 'again' | 'failed' | 'recover';
type Told = Pick<DfuState, 'bState' | 'bStatus'>;
export const VERDICTS: Record<DfuAction['do'], (told: Told, polls: number) => Verdict> = {
  idle: ({ bState }, polls) => (bState === DFU_STATE.IDLE ? 'done' : polls > 3 ? 'failed' : 'recover'),
  abort: ({ bState }) => (bState === DFU_STATE.IDLE ? 'done' : 'failed'),
  command: ({ bState, bStatus }, polls) => {
    if (bState === DFU_STATE.DNBUSY) return 'again';
    return polls === 1 || bStatus !== 0 ? 'failed' : 'done';
  },
  write: ({ bState, bStatus }) => {
    if (bState === DFU_STATE.ERROR) return 'failed';
    if (bState !== DFU_STATE.DNLOAD_IDLE && bState !== DFU_STATE.MANIFEST) return 'again';
    return bStatus === 0 ? 'done' : 'failed';
  },
  manifest: ({ bState }) => (bState === DFU_STATE.ERROR ? 'failed' : bState === DFU_STATE.MANIFEST ? 'done' : 'again'),
  read: () => 'done',
  raw: () => 'done',
};

function judge(host: Host, dfu: DfuState, o: DfuOperation, action: DfuAction): void {
  const { bState, bStatus } = dfu;
  switch (VERDICTS[action.do](dfu, o.polls)) {
    case 'failed':
      return failOperation(host, o, `${nameOf(action)}: ${dfuStateName(bState)}, bStatus ${bStatus}`);
    case 'again':
      if (dfu.pollTimeoutMs === 0 && o.polls >= MAX_ZERO_POLLS)
        return failOperation(host, o, `${nameOf(action)}: still ${dfuStateName(bState)} after ${o.polls} polls`);
      return host.wait('dfu.poll', dfu.pollTimeoutMs * MS);
    case 'recover':
      o.phase = bState === DFU_STATE.ERROR ? 'clear' : 'abort';
      return dfuRequest(host, dfu, `op.${o.phase}`, bState === DFU_STATE.ERROR ? DFU.CLRSTATUS : DFU.ABORT);
    case 'done':
      o.at++;
      startAction(host, dfu, o);
  }
}

function takeUpload(host: Host, dfu: DfuState, o: DfuOperation, action: DfuAction, data: Uint8Array): void {
  if (action.do !== 'read') return;
  o.data = joinBytes(o.data, data);
  o.at++;
  // A short block ends an upload.
  if (data.length < action.length) while (o.plan[o.at]?.do === 'read') o.at++;
  startAction(host, dfu, o);
}

const nameOf = (a: DfuAction): string =>
  a.do === 'command' ? a.name : a.do === 'write' || a.do === 'read' ? `${a.do} block ${a.block}` : a.do;

export function failOperation(host: Host, o: DfuOperation, error: string | null): void {
  endOperation(host, o, error);
}
function endOperation(host: Host, o: DfuOperation, error: string | null): void {
  o.status = error === null ? 'ok' : 'failed';
  o.error = error;
  o.endedAt = host.now();
  o.plan = [];
  if (error !== null && o.kind === 'leave' && host.state.dfu) host.state.dfu.left = false;
  host.log('dfu', `${o.kind}${o.address === null ? '' : ` ${hex8(o.address)}`}: ${error ?? 'done'}`);
  host.wait('dfu.next', 0);
}
