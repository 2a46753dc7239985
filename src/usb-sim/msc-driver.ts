/**
 * The host's mass-storage driver: Bulk-Only Transport (USB MSC BOT 1.0) with the SCSI commands by which an operating system gets to know a disk, and the first
 * block. Order: Linux usb-storage and sd (INQUIRY, TEST UNIT READY, READ CAPACITY, READ); the others are taken to do the same (assumed).
 */
import { MS } from '../emu/time.ts';
import { setupPacket, type InterfaceInfo } from './descriptors.ts';
import type { Host } from './host-api.ts';
import type { MscState, Transfer, TransferResult } from './types.ts';

const BULK = 2;
const CBW_SIGNATURE = 0x43425355;
const CSW_SIGNATURE = 0x53425355;
const CSW_LENGTH = 13;
/** SCSI time limit of Linux (sd: 30 s). */
const LIMIT = 30_000 * MS;
/** TEST UNIT READY is tried this often, each time after a REQUEST SENSE. */
const MAX_TRIES = 3;
const MAX_BLOCK = 4096;

const COMMANDS = {
  inquiry: { cdb: [0x12, 0, 0, 0, 36, 0], length: 36, name: 'INQUIRY' },
  ready: { cdb: [0x00, 0, 0, 0, 0, 0], length: 0, name: 'TEST UNIT READY' },
  sense: { cdb: [0x03, 0, 0, 0, 18, 0], length: 18, name: 'REQUEST SENSE' },
  capacity: { cdb: [0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], length: 8, name: 'READ CAPACITY' },
  read: { cdb: [0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], length: 0, name: 'READ block 0' },
} as const;

export function bindMsc(host: Host, i: InterfaceInfo): void {
  const bulk = (input: boolean): InterfaceInfo['endpoints'][number] | undefined =>
    i.endpoints.find((e) => (e.attributes & 3) === BULK && ((e.address & 0x80) !== 0) === input && e.maxPacket > 0);
  const [input, output] = [bulk(true), bulk(false)];
  host.state.msc =
    input && output
      ? {
          interfaceNumber: i.number,
          inEndpoint: input.address & 0xf,
          inPacket: input.maxPacket,
          outEndpoint: output.address & 0xf,
          outPacket: output.maxPacket,
          command: 'inquiry',
          phase: 'idle',
          tag: 0,
          tries: 0,
          blockSize: 512,
          data: new Uint8Array(0),
        }
      : null;
  host.control('msc.max-lun', setupPacket(0xa1, 0xfe, 0, i.number, 1));
}

export function onMscDone(host: Host, t: Transfer, result: TransferResult): void {
  const { msc } = host.state;
  const name = t.tag.slice(4);
  // A STALL means one unit (Bulk-Only Transport §3.2).
  if (name === 'max-lun') host.state.mscMaxLun = result.status === 'ok' ? (result.data[0] ?? 0) : 0;
  if (!msc) return;
  switch (name) {
    case 'max-lun':
      return start(host, msc, 'inquiry');
    case 'cbw':
      if (result.status !== 'ok') return failed(host, msc, `command: ${result.status}`);
      return lengthOf(msc) > 0 ? receive(host, msc, 'data', lengthOf(msc)) : receive(host, msc, 'csw', CSW_LENGTH);
    case 'data':
      // A device that has less, or nothing, may end the data stage by a STALL (§6.7.2).
      if (result.status !== 'ok' && result.status !== 'stall') return failed(host, msc, `data: ${result.status}`);
      msc.data = result.data.slice();
      return result.status === 'stall' ? clearHalt(host, msc) : receive(host, msc, 'csw', CSW_LENGTH);
    case 'clear-halt':
      delete host.state.toggles[`in${msc.inEndpoint}`];
      return receive(host, msc, 'csw', CSW_LENGTH);
    case 'csw':
      return statusCame(host, msc, result);
  }
}

const lengthOf = (msc: MscState): number => (msc.command === 'read' ? msc.blockSize : COMMANDS[msc.command].length);

function start(host: Host, msc: MscState, command: MscState['command']): void {
  const { cdb } = COMMANDS[command];
  msc.command = command;
  msc.phase = 'cbw';
  msc.data = new Uint8Array(0);
  const cbw = new Uint8Array(31);
  const view = new DataView(cbw.buffer);
  view.setUint32(0, CBW_SIGNATURE, true);
  view.setUint32(4, ++msc.tag, true);
  view.setUint32(8, lengthOf(msc), true);
  cbw[12] = lengthOf(msc) > 0 ? 0x80 : 0;
  cbw[14] = cdb.length;
  cbw.set(cdb, 15);
  host.pipe('msc.cbw', 'out', msc.outEndpoint, msc.outPacket, cbw).deadline = host.now() + LIMIT;
}
function receive(host: Host, msc: MscState, phase: 'data' | 'csw', length: number): void {
  msc.phase = phase;
  host.pipe(`msc.${phase}`, 'in', msc.inEndpoint, msc.inPacket, length).deadline = host.now() + LIMIT;
}
function clearHalt(host: Host, msc: MscState): void {
  msc.phase = 'clear-halt';
  host.control('msc.clear-halt', setupPacket(2, 1, 0, 0x80 | msc.inEndpoint, 0));
}

function statusCame(host: Host, msc: MscState, result: TransferResult): void {
  const { data } = result;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const valid = data.length === CSW_LENGTH && view.getUint32(0, true) === CSW_SIGNATURE && view.getUint32(4, true) === msc.tag;
  if (result.status !== 'ok' || !valid) return failed(host, msc, result.status === 'ok' ? 'no valid status' : `status: ${result.status}`);
  const refused = data[12] !== 0;
  host.log('storage', `${COMMANDS[msc.command].name}: ${refused ? `failed (status ${data[12]})` : describe(msc)}`);
  if (msc.command === 'sense') return start(host, msc, 'ready');
  if (refused) {
    if (msc.command === 'ready' && ++msc.tries < MAX_TRIES) return start(host, msc, 'sense');
    msc.phase = 'idle';
    return;
  }
  goOn(host, msc);
}

/** The next command behind one that was served. */
function goOn(host: Host, msc: MscState): void {
  switch (msc.command) {
    case 'inquiry':
      return start(host, msc, 'ready');
    case 'ready':
      return start(host, msc, 'capacity');
    case 'capacity':
      msc.blockSize = blockSize(msc.data);
      if (msc.blockSize > 0 && msc.blockSize <= MAX_BLOCK) return start(host, msc, 'read');
      return failed(host, msc, `a block size of ${msc.blockSize}`);
    case 'read':
      msc.phase = 'ready';
  }
}

const word = (d: Uint8Array, at: number): number =>
  (((d[at] ?? 0) << 24) | ((d[at + 1] ?? 0) << 16) | ((d[at + 2] ?? 0) << 8) | (d[at + 3] ?? 0)) >>> 0;
const blockSize = (d: Uint8Array): number => word(d, 4);
const text = (d: Uint8Array): string => String.fromCharCode(...d.map((b) => (b >= 0x20 && b < 0x7f ? b : 0x20))).trim();

function describe(msc: MscState): string {
  const d = msc.data;
  switch (msc.command) {
    case 'inquiry':
      return `"${text(d.subarray(8, 16))}" "${text(d.subarray(16, 32))}"`;
    case 'capacity':
      return `${word(d, 0) + 1} blocks of ${blockSize(d)} bytes`;
    case 'sense':
      return `sense key ${(d[2] ?? 0) & 0xf}, code ${d[12] ?? 0}`;
    case 'read':
      return `${d.length} bytes`;
    default:
      return 'ok';
  }
}

function failed(host: Host, msc: MscState, why: string): void {
  msc.phase = 'idle';
  host.log('driver', `mass storage, ${COMMANDS[msc.command].name}: ${why}; the disk is left`);
}
