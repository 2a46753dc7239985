/** The operating system's class drivers for CDC-ACM, HID and mass storage: the requests that they make at bind, and their polls. */
import { MS } from '../emu/time.ts';
import { DESCRIPTOR, setupPacket, type DeviceInfo, type InterfaceInfo } from './descriptors.ts';
import type { Host } from './host-api.ts';
import { bindMsc, onMscDone } from './msc-driver.ts';
import type { Transfer, TransferResult } from './types.ts';

const endpointOf = (i: InterfaceInfo, type: number, input: boolean): InterfaceInfo['endpoints'][number] | undefined =>
  i.endpoints.find((e) => (e.attributes & 3) === type && ((e.address & 0x80) !== 0) === input && e.maxPacket > 0);
const BULK = 2;
const INTERRUPT = 3;
/** SET_LINE_CODING, 115200 8N1: what a terminal program sets. */
const LINE_CODING = Uint8Array.of(0x00, 0xc2, 0x01, 0x00, 0, 0, 8);

export function bindClassDrivers(host: Host, info: DeviceInfo): void {
  for (const i of info.interfaces) {
    if (i.alternate !== 0) continue;
    if (i.classCode === 0x02 && i.subclass === 0x02) bindCdc(host, info, i);
    else if (i.classCode === 0x03) bindHid(host, i);
    else if (i.classCode === 0x08 && i.protocol === 0x50 && !host.state.msc) bindMsc(host, i);
  }
}

function bindCdc(host: Host, info: DeviceInfo, control: InterfaceInfo): void {
  const data = info.interfaces.find((i) => i.classCode === 0x0a && endpointOf(i, BULK, true) && endpointOf(i, BULK, false));
  if (!data || host.state.cdc) return;
  const input = endpointOf(data, BULK, true)!;
  const output = endpointOf(data, BULK, false)!;
  const notify = endpointOf(control, INTERRUPT, true);
  host.state.cdc = {
    controlInterface: control.number,
    inEndpoint: input.address & 0xf,
    inPacket: input.maxPacket,
    outEndpoint: output.address & 0xf,
    outPacket: output.maxPacket,
    notifyEndpoint: notify ? notify.address & 0xf : -1,
    notifyPacket: notify?.maxPacket ?? 0,
    notifyEvery: Math.max(1, notify?.interval ?? 1) * MS,
    ready: false,
  };
  host.control('cdc.line-coding', setupPacket(0x21, 0x20, 0, control.number, 7), LINE_CODING);
  host.control('cdc.line-state', setupPacket(0x21, 0x22, 3, control.number, 0));
}

/** What a program that opens the port at this speed and closes it again does: SET_LINE_CODING, then DTR and RTS fall. Once there is a port. */
export function setLine(host: Host): void {
  const { cdc, cdcBaud } = host.state;
  if (!cdc?.ready || cdcBaud === null) return;
  host.state.cdcBaud = null;
  const coding = LINE_CODING.slice();
  new DataView(coding.buffer).setUint32(0, cdcBaud, true);
  host.log('driver', `CDC: opened at ${cdcBaud} baud and closed`);
  host.control('cdc.set-coding', setupPacket(0x21, 0x20, 0, cdc.controlInterface, 7), coding);
  host.control('cdc.set-state', setupPacket(0x21, 0x22, 0, cdc.controlInterface, 0));
}

function bindHid(host: Host, i: InterfaceInfo): void {
  const input = endpointOf(i, INTERRUPT, true);
  if (!input || host.state.hidEndpoint >= 0) return;
  host.state.hidEndpoint = input.address & 0xf;
  // A device may refuse SET_IDLE.
  host.control('hid.idle', setupPacket(0x21, 0x0a, 0, i.number, 0));
  host.control('hid.report-descriptor', setupPacket(0x81, 6, DESCRIPTOR.REPORT << 8, i.number, 255));
  poll(host, 'hid.report', input.address & 0xf, input.maxPacket, Math.max(1, input.interval) * MS);
}

function poll(host: Host, tag: string, endpoint: number, maxPacket: number, every: number): void {
  const t = host.pipe(tag, 'in', endpoint, maxPacket, maxPacket);
  t.every = every;
  t.deadline = Infinity;
}

export function onClassDone(host: Host, t: Transfer, result: TransferResult): void {
  if (result.status === 'cancelled') return;
  switch (t.tag) {
    case 'cdc.line-state':
      return lineStateSet(host);
    case 'cdc.in':
    case 'cdc.notify':
    case 'cdc.out':
    case 'hid.report':
      return result.status === 'ok' ? endpointDone(host, t, result.data) : endpointFailed(host, t, result);
    default:
      if (t.tag.startsWith('msc.')) onMscDone(host, t, result);
  }
}

/** A device that refuses line settings still moves data. */
function lineStateSet(host: Host): void {
  const { cdc } = host.state;
  if (!cdc) return;
  cdc.ready = true;
  setLine(host);
  poll(host, 'cdc.in', cdc.inEndpoint, cdc.inPacket, MS);
  if (cdc.notifyEndpoint >= 0) poll(host, 'cdc.notify', cdc.notifyEndpoint, cdc.notifyPacket, cdc.notifyEvery);
  pumpCdc(host);
}

function endpointDone(host: Host, t: Transfer, data: Uint8Array): void {
  const { state } = host;
  const { cdc } = state;
  switch (t.tag) {
    case 'cdc.in':
      if (data.length > 0) host.options.console?.('cdc', data);
      if (cdc) poll(host, t.tag, cdc.inEndpoint, cdc.inPacket, MS);
      return;
    case 'cdc.notify':
      if (cdc) poll(host, t.tag, cdc.notifyEndpoint, cdc.notifyPacket, cdc.notifyEvery);
      return;
    case 'cdc.out':
      return pumpCdc(host);
    case 'hid.report':
      state.hidReports++;
      host.options.report?.(data);
      poll(host, t.tag, t.endpoint, t.maxPacket, t.every);
      // The next report is not asked for before the interval has passed.
      state.transfers[state.transfers.length - 1]!.due += t.every;
  }
}

function endpointFailed(host: Host, t: Transfer, result: TransferResult): void {
  host.log('driver', `${t.tag}: ${result.status} on endpoint ${t.endpoint}, the pipe is left`);
}

/** Sends what waits for the CDC device, one transfer of at most 4 KiB at a time. */
export function pumpCdc(host: Host): void {
  const { state } = host;
  if (!state.cdc?.ready || state.cdcQueue.length === 0 || state.transfers.some((t) => t.tag === 'cdc.out')) return;
  const chunk = state.cdcQueue.slice(0, 4096);
  state.cdcQueue = state.cdcQueue.slice(chunk.length);
  const t = host.pipe('cdc.out', 'out', state.cdc.outEndpoint, state.cdc.outPacket, chunk);
  t.deadline = Infinity;
}
