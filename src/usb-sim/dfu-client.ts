/**
 * The host's DFU client: probes a DFU-mode interface in the order of dfu-util 0.11 and runs operations. Source of the order: facts/usb-dfu.md section 5.
 */
import { MS } from '../emu/time.ts';
import { DESCRIPTOR, getDescriptor, parseString, setupPacket, type DeviceInfo } from './descriptors.ts';
import { failOperation, onOperationDone, onOperationWait, startOperation } from './dfu-operations.ts';
import { DFU, DFU_STATE, dfuRequest, dfuStateName, takeStatus } from './dfu-protocol.ts';
import type { Host } from './host-api.ts';
import type { DfuState, Transfer, TransferResult } from './types.ts';

/** Corrections of the state (CLRSTATUS, ABORT) before the client takes a device for unusable. */
const MAX_RECOVERIES = 5;
const KEEP_ALIVE = 250 * MS;

export function bindDfu(host: Host, info: DeviceInfo): void {
  const mode = info.interfaces.find((i) => i.classCode === 0xfe && i.subclass === 1 && i.protocol === 2);
  if (!mode) return;
  const alts = info.interfaces.filter((i) => i.number === mode.number && i.classCode === 0xfe && i.subclass === 1 && i.protocol === 2);
  const dfu: DfuState = {
    interfaceNumber: mode.number,
    alts: alts.map((a) => ({ alternate: a.alternate, iInterface: a.iInterface, name: a.name ?? '' })),
    transferSize: Math.min(info.dfu?.transferSize || 1024, 4096),
    version: info.dfu?.version ?? 0x0100,
    probe: [],
    recoveries: 0,
    bStatus: 0,
    bState: -1,
    pollTimeoutMs: 0,
    readyAt: null,
    left: false,
    raw: false,
  };
  alts.forEach((a, i) => {
    if (a.iInterface) dfu.probe.push('lang:0', `name:${i}`);
    if (info.iSerial) dfu.probe.push('lang:0', 'serial:0');
  });
  if (alts.length > 1) dfu.probe.push('alt:0');
  dfu.probe.push('status:0');
  host.state.dfu = dfu;
  nextProbe(host, info, dfu);
}

function nextProbe(host: Host, info: DeviceInfo, dfu: DfuState): void {
  const step = dfu.probe[0];
  if (step === undefined) return becomeReady(host, dfu);
  const [kind, text] = step.split(':');
  const index = Number(text);
  const string = (n: number, lang: number): Transfer => host.control(`dfu.${step}`, getDescriptor(DESCRIPTOR.STRING, n, lang, 255));
  switch (kind) {
    case 'lang':
      string(0, 0);
      return;
    case 'name':
      string(dfu.alts[index]!.iInterface, info.langId);
      return;
    case 'serial':
      string(info.iSerial, info.langId);
      return;
    case 'alt':
      host.control(`dfu.${step}`, setupPacket(1, 11, dfu.alts[index]!.alternate, dfu.interfaceNumber, 0));
      return;
    case 'clear':
      dfuRequest(host, dfu, step, DFU.CLRSTATUS);
      return;
    case 'abort':
      dfuRequest(host, dfu, step, DFU.ABORT);
      return;
    default:
      dfuRequest(host, dfu, step, DFU.GETSTATUS);
  }
}

/** Plans what brings the device to dfuIDLE; a text says why nothing does. */
function toIdle(dfu: DfuState): string | null {
  if (dfu.bState === DFU_STATE.IDLE) {
    dfu.probe = [];
    return null;
  }
  if (++dfu.recoveries > MAX_RECOVERIES) return `the device stays in ${dfuStateName(dfu.bState)}`;
  if (dfu.bState === DFU_STATE.ERROR) dfu.probe = ['clear:0', 'status:0'];
  else if (dfu.bState === DFU_STATE.DNLOAD_IDLE || dfu.bState === DFU_STATE.UPLOAD_IDLE) dfu.probe = ['abort:0', 'status:0'];
  else return `GETSTATUS says ${dfuStateName(dfu.bState)}, not dfuIDLE`;
  return null;
}

/** A device has strings or not. */
const MAY_FAIL = ['name', 'lang', 'serial'];

/** Why the first GETSTATUS leads to nothing; null where the device is, or will be, in dfuIDLE. */
function statusTold(dfu: DfuState, result: TransferResult): string | null {
  if (result.status !== 'ok') return `GETSTATUS: ${result.status}`;
  return takeStatus(dfu, result.data) ? toIdle(dfu) : 'GETSTATUS: short answer';
}

export function onDfuDone(host: Host, t: Transfer, result: TransferResult): void {
  const { dfu, device } = host.state;
  if (!dfu || !device || result.status === 'cancelled') return;
  const name = t.tag.slice(4);
  if (name.startsWith('op.')) return onOperationDone(host, dfu, name.slice(3), result);
  if (name === 'alive') return onAlive(host, dfu, result);
  if (name !== dfu.probe[0]) return;
  dfu.probe.shift();
  const [kind, text] = name.split(':');
  if (kind === 'name' && result.status === 'ok') dfu.alts[Number(text)]!.name = parseString(result.data) ?? '';
  else if (kind === 'status') {
    const failure = statusTold(dfu, result);
    if (failure !== null) return probeFailed(host, failure);
  } else if (!MAY_FAIL.includes(kind!) && result.status !== 'ok') return probeFailed(host, `${kind}: ${result.status}`);
  nextProbe(host, device, dfu);
}

function probeFailed(host: Host, text: string): void {
  host.state.dfu!.probe = [];
  host.log('dfu-failed', text);
}

function becomeReady(host: Host, dfu: DfuState): void {
  const session = host.session();
  dfu.readyAt = host.now();
  if (session) session.altSettings = dfu.alts.map((a) => a.name);
  host.log('dfu', `dfuIDLE, ${dfu.alts.map((a) => JSON.stringify(a.name)).join(', ')}`);
  host.wait('dfu.next', 0);
}

/** Starts the next operation, or asks again later whether the device is still there. */
export function onDfuWait(host: Host, name: string): void {
  const { dfu } = host.state;
  if (!dfu) return;
  if (name === 'poll') return onOperationWait(host, dfu);
  if (dfu.readyAt === null || host.state.operations.some((o) => o.status === 'running')) return;
  const next = host.state.operations.find((o) => o.status === 'queued');
  if (next) return startOperation(host, dfu, next);
  if (name === 'next') {
    const every = host.options.keepAlive ?? KEEP_ALIVE;
    if (every > 0 && !dfu.left && !dfu.raw) host.wait('dfu.alive', every);
  } else if (!host.state.transfers.some((t) => t.tag === 'dfu.alive')) dfuRequest(host, dfu, 'alive', DFU.GETSTATUS);
}

function onAlive(host: Host, dfu: DfuState, result: TransferResult): void {
  if (result.status === 'ok') takeStatus(dfu, result.data);
  host.wait('dfu.next', 0);
}

/** The device has gone: what runs or waits has failed, except a leave, which ends like this. */
export function dfuGone(host: Host): void {
  for (const o of host.state.operations)
    if (o.status === 'running') failOperation(host, o, o.kind === 'leave' && host.state.dfu?.left ? null : 'the device left the bus');
}
