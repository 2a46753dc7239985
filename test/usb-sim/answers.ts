/** What the host makes of a device that answers otherwise: another byte in a descriptor, a request that is refused or not answered, a transaction that is disturbed. */
import type { HostOptions } from '../../src/usb-sim/host-api.ts';
import type { BusFaultKind } from '../../src/usb-sim/types.ts';
import { disk, type Disk } from './disk.ts';
import { bench, MS, type Bench, type Device, type FirmwareOptions } from './firmware.ts';

/** Long enough for three attempts at a device that does not answer. */
const ENUMERATED = 3000 * MS;
const WORKED = 9000 * MS;
const CHUNK = 600;
const hex = (n: number): string => n.toString(16).padStart(2, '0');

/** Where it ended and when, and after how many requests. */
function told(b: Bench): string {
  const { logEntries, sessions, state } = b.usb;
  const session = sessions.at(-1);
  const word = b.usb.dfuReady ? 'ready for DFU' : (session?.enumerated ?? null) !== null ? 'enumerated' : state.enumeration.phase;
  const last = logEntries.findLast((l) => l.kind !== 'request' && l.kind !== 'poll');
  const end = last === undefined ? '-' : `${last.kind} ${last.text}, at ${(last.at / MS).toFixed(1)} ms`;
  return `${word}; ${end}; ${b.firmware.state.requests.length} requests`;
}
function plugged(device: Device, host: Partial<HostOptions>, firmware: FirmwareOptions = {}): Bench {
  const b = bench(device, firmware, host);
  b.firmware.start();
  return b;
}

/** Each byte of the descriptors one more, and 0; each string and the configuration a byte shorter. */
export function* otherDescriptors(device: Device, host: HostOptions['host']): Generator<string> {
  const line = (name: string, changed: Device): string => {
    const b = plugged(changed, { host });
    b.until(
      ENUMERATED,
      () => b.usb.state.enumeration.phase !== 'idle' && b.usb.state.enumeration.phase !== 'running' && b.system.now > 1000 * MS,
    );
    return `${name}: ${told(b)}`;
  };
  yield line('as it is', device);
  for (const which of ['device', 'configuration'] as const)
    for (const [i, byte] of device[which].entries())
      for (const value of new Set([(byte + 1) & 0xff, 0, ...(i === 2 ? [8, 9] : [])]))
        if (value !== byte) yield line(`${which}[${i}] = ${hex(value)}`, { ...device, [which]: device[which].with(i, value) });
  for (const i of device.strings.keys())
    yield line(`string ${i} cut`, { ...device, strings: device.strings.with(i, device.strings[i]!.slice(0, -1)) });
  yield line('configuration cut', { ...device, configuration: device.configuration.slice(0, -1) });
  yield line('device cut', { ...device, device: device.device.slice(0, -1) });
}

function* served(device: Device, what: string, firmware: FirmwareOptions, work: (b: Bench) => void): Generator<string> {
  const b = plugged(device, {}, firmware);
  work(b);
  b.until(WORKED, () => b.usb.dfuIdle && b.system.now > 800 * MS);
  const ends = b.usb.state.operations.map((o) => `${o.kind} ${o.status}${o.error === null ? '' : ` (${o.error})`}`);
  yield `${what}: ${told(b)}${ends.length === 0 ? '' : `; ${ends.join(', ')}`}`;
}
/** Erase, download, upload and leave. */
function allDfu(b: Bench): void {
  const data = Uint8Array.from({ length: CHUNK }, (_, i) => i * 7);
  b.usb.dfu({ kind: 'download', address: 0x08002000, data });
  b.usb.dfu({ kind: 'upload', address: 0x08002000, length: CHUNK });
  b.usb.dfu({ kind: 'erase', address: 0x08000000, length: 1 });
  b.usb.dfu({ kind: 'leave', address: 0x08000000 });
}
const REQUESTS = [0x8006, 0x0005, 0x0009, 0x8008, 0x010b, 0xa103, 0xa105, 0xa102, 0x2101, 0x2104, 0x2106, 0xa1fe, 0x2120, 0x2122, 0x0201];
const FAULTS: readonly BusFaultKind[] = ['packet', 'handshake', 'token', 'timeout', 'babble'];

/** The work of a DFU client, with one thing that goes wrong. */
export function* otherAnswers(device: Device): Generator<string> {
  yield* served(device, 'as it is', {}, allDfu);
  for (const request of REQUESTS) {
    yield* served(device, `refuses ${hex(request)}`, { stalls: [request] }, allDfu);
    yield* served(device, `does not answer ${hex(request)}`, { deafTo: [request] }, allDfu);
  }
  for (const wrongToggles of [1, 2, 5]) yield* served(device, `${wrongToggles} wrong toggles`, { wrongToggles }, allDfu);
  yield* served(device, 'leaves without an answer', { silentLeave: true }, allDfu);
  yield* served(device, 'slow', { latency: 2 * MS }, allDfu);
  for (const kind of FAULTS)
    for (const after of [0, 1, 2, 3, 7, 20, 55, 90, 150, 260])
      yield* served(device, `${kind} in ${after}`, {}, (b) => {
        allDfu(b);
        b.usb.disturb(kind, after);
      });
  for (const address of [0x08000001, 0x07ffffff, 0x08fff000, 0x08fff400, 0x0807ffff, 0x08080000])
    for (const kind of ['download', 'upload', 'erase'] as const)
      yield* served(device, `${kind} at ${hex(address)}`, {}, (b) => {
        b.usb.dfu(kind === 'download' ? { kind, address, data: new Uint8Array(8) } : { kind, address, length: 8 });
      });
}

const INQUIRY = 0x12;
const COMMANDS = [INQUIRY, 0x00, 0x03, 0x25, 0x28];
/** A disk that says something else: a byte of its data or of its status is another one, or is missing. */
export function* otherDisks(): Generator<string> {
  const line = (what: string, options: Disk): string => {
    const { usb, port } = disk(options);
    const last = usb.state.log.findLast((l) => l.kind !== 'request');
    return `${what}: ${port.commands.map(hex).join(' ')}; ${last?.text ?? '-'}`;
  };
  for (const notReady of [0, 1, 2, 3, 4]) yield line(`not ready ${notReady} times`, { notReady });
  for (const blockSize of [1, 256, 512, 1024, 4095, 4096, 4097, 0xffff]) yield line(`blocks of ${blockSize}`, { blockSize });
  yield line('INQUIRY stalls', { stallsInquiry: true });
  for (const op of COMMANDS) {
    for (let i = 0; i < 8; i++)
      yield line(`${hex(op)} data[${i}] is another`, { notReady: 1, data: (of, data) => (of === op ? data.with(i, data[i]! ^ 1) : data) });
    for (let i = 0; i < 13; i++)
      yield line(`${hex(op)} status[${i}] is another`, { notReady: 1, status: (of, csw) => (of === op ? csw.with(i, csw[i]! ^ 1) : csw) });
    for (const length of [1, 5, 12]) {
      yield line(`${hex(op)} ${length} bytes of data`, { notReady: 1, data: (of, data) => (of === op ? data.slice(0, length) : data) });
      yield line(`${hex(op)} ${length} bytes of status`, { notReady: 1, status: (of, csw) => (of === op ? csw.slice(0, length) : csw) });
    }
    yield line(`${hex(op)} a longer status`, { notReady: 1, status: (of, csw) => (of === op ? [...csw, 0] : csw) });
  }
}
