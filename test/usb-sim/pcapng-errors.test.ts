/** What a capture says of transfers that the bus spoils: the statuses of Linux's usbmon, and that tshark, where it is installed, reads the file so. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isInterruptTransfer } from '../../src/usb-sim/outside.ts';
import { PcapngWriter } from '../../src/usb-sim/pcapng.ts';
import { folder } from '../cli/helpers.ts';
import { CDC_DEVICE, DFU_DEVICE, MS, US, type Device } from './firmware.ts';
import { held } from './held.ts';

const DEVICE_DESCRIPTOR = Uint8Array.of(0x80, 6, 0, 1, 0, 0, 18, 0);
const SET_LINE_CODING = Uint8Array.of(0x21, 0x20, 0, 0, 0, 0, 7, 0);
const EPROTO = -71;
const EOVERFLOW = -75;
const ENOENT = -2;
const ESHUTDOWN = -108;

type Act = (h: ReturnType<typeof held>) => void;
const read: Act = ({ b }) => void b.usb.submitControl(DEVICE_DESCRIPTOR);
/** Three in a row are one too many for a host controller. */
const spoilt =
  (kind: 'packet' | 'token' | 'timeout'): Act =>
  (h) => {
    const { usb } = h.b;
    usb.disturb(kind);
    read(h);
    for (let again = 2; again > 0; again--) {
      while (usb.state.fault !== null) h.bus.runUntil(() => false, h.bus.now + 20 * US);
      usb.disturb(kind);
    }
  };

function capture(device: Device, act: Act): Uint8Array {
  const h = held(device);
  const writer = new PcapngWriter((t) => isInterruptTransfer(h.b.usb.state, t));
  h.b.usb.tap = writer;
  act(h);
  h.bus.runUntil(() => false, h.bus.now + 20 * MS);
  return writer.bytes();
}
/** Status and data of each completion. */
function completions(file: Uint8Array): [status: number, bytes: number][] {
  const v = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found: [number, number][] = [];
  for (let at = 0; at < file.length; at += v.getUint32(at + 4, true)) {
    const packet = at + 28;
    if (v.getUint32(at, true) === 6 && file[packet + 8] === 'C'.charCodeAt(0))
      found.push([v.getInt32(packet + 28, true), v.getUint32(packet + 36, true)]);
  }
  return found;
}

const CASES: readonly (readonly [name: string, device: Device, act: Act, expected: [number, number]])[] = [
  ['a packet with a wrong CRC is repeated', DFU_DEVICE, (h) => (h.b.usb.disturb('packet'), read(h)), [0, 18]],
  ['a lost handshake is repeated, and its data come once', DFU_DEVICE, (h) => (h.b.usb.disturb('handshake'), read(h)), [0, 18]],
  ['three damaged tokens are a protocol error', DFU_DEVICE, spoilt('token'), [EPROTO, 0]],
  ['three time-outs are a protocol error', DFU_DEVICE, spoilt('timeout'), [EPROTO, 0]],
  ['a babble is an overflow', DFU_DEVICE, (h) => (h.b.usb.disturb('babble'), read(h)), [EOVERFLOW, 0]],
  ['a cable that is pulled in the middle shuts the transfer down', DFU_DEVICE, (h) => (h.b.usb.unplugAt(100, 1), read(h)), [ESHUTDOWN, 0]],
  [
    'a control write that is cut short was not sent',
    CDC_DEVICE,
    (h) => (h.b.usb.unplugAt(60, 1), void h.b.usb.submitControl(SET_LINE_CODING, new Uint8Array(7))),
    [ESHUTDOWN, 0],
  ],
  [
    'a read that its client takes back was killed',
    CDC_DEVICE,
    ({ b, bus }) => {
      const id = b.usb.submitPipe(0x81, 64);
      bus.runUntil(() => false, bus.now + 5 * MS);
      b.usb.cancel(id);
    },
    [ENOENT, 0],
  ],
];

describe('a capture of a bus with errors', () => {
  it.each(CASES)('%s', (_name, device, act, expected) => {
    expect(completions(capture(device, act))).toEqual([expected]);
  });

  const missing = spawnSync('tshark', ['--version']).status !== 0;
  it.skipIf(missing)(
    `is read by tshark without a malformed frame${missing ? ': tshark is not installed' : ''}`,
    { timeout: 60_000 },
    () => {
      const dir = folder();
      CASES.forEach(([, device, act, [status, bytes]], i) => {
        const file = join(dir, `${i}.pcapng`);
        writeFileSync(file, capture(device, act));
        const fields = ['usb.urb_type', 'usb.urb_status', 'usb.data_len', '_ws.malformed'].flatMap((f) => ['-e', f]);
        const { stdout } = spawnSync('tshark', ['-r', file, '-T', 'fields', ...fields], { encoding: 'utf8' });
        const rows = stdout
          .split('\n')
          .slice(0, -1)
          .map((line) => line.split('\t'));
        const [type, told, length, malformed] = rows.find((row) => row[0]!.includes('C'))!;
        expect([type, Number(told), Number(length), malformed]).toEqual(["'C'", status, bytes, '']);
        expect(rows.every((row) => row[3] === '')).toBe(true);
      });
    },
  );
});
