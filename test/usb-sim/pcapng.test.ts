import { describe, expect, it } from 'vitest';
import { isInterruptTransfer } from '../../src/usb-sim/outside.ts';
import { PcapngWriter } from '../../src/usb-sim/pcapng.ts';
import type { Transfer } from '../../src/usb-sim/types.ts';
import { CDC_DEVICE, DFU_DEVICE, MS, type Device } from './firmware.ts';
import { held } from './held.ts';

interface Packet {
  readonly at: number;
  readonly event: string;
  readonly id: number;
  readonly kind: number;
  readonly endpoint: number;
  readonly status: number;
  readonly setup: number[] | null;
  readonly data: number[];
}

/** Reads the blocks of a file as the pcapng draft describes them. */
function packets(file: Uint8Array): Packet[] {
  const v = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found: Packet[] = [];
  for (let at = 0; at < file.length;) {
    const [type, length] = [v.getUint32(at, true), v.getUint32(at + 4, true)];
    expect(length % 4).toBe(0);
    expect(v.getUint32(at + length - 4, true)).toBe(length);
    if (at === 0) expect([type, v.getUint32(8, true)]).toEqual([0x0a0d0d0a, 0x1a2b3c4d]);
    if (type === 1) expect(v.getUint16(at + 8, true)).toBe(220);
    if (type === 6) {
      const p = at + 28;
      const captured = v.getUint32(at + 20, true);
      expect(captured).toBe(64 + v.getUint32(p + 36, true));
      found.push({
        at: v.getUint32(at + 12, true) * 2 ** 32 + v.getUint32(at + 16, true),
        event: String.fromCharCode(file[p + 8]!),
        id: v.getUint32(p, true),
        kind: file[p + 9]!,
        endpoint: file[p + 10]!,
        status: v.getInt32(p + 28, true),
        setup: file[p + 14] === 0 ? [...file.subarray(p + 40, p + 48)] : null,
        data: [...file.subarray(p + 64, p + captured)],
      });
    }
    at += length;
  }
  return found;
}

function captured(device: Device, act: (h: ReturnType<typeof held>) => void): Packet[] {
  const h = held(device);
  const writer = new PcapngWriter((t) => isInterruptTransfer(h.b.usb.state, t));
  h.b.usb.tap = writer;
  act(h);
  h.bus.runUntil(() => false, h.bus.now + 20 * MS);
  return packets(writer.bytes());
}

/** As long as its bytes, each of which is its length. */
const out = (bytes: number): Transfer =>
  ({
    kind: 'out',
    endpoint: 1,
    address: 1,
    setup: null,
    iso: false,
    length: bytes,
    sent: bytes,
    data: new Uint8Array(bytes).fill(bytes),
  }) as unknown as Transfer;
describe('pcapng', () => {
  it('a control read is a submit with its SETUP and a completion with its data, in virtual nanoseconds', () => {
    const [submit, complete] = captured(DFU_DEVICE, ({ b }) => void b.usb.submitControl(Uint8Array.of(0x80, 6, 0, 1, 0, 0, 18, 0)));
    expect(submit).toMatchObject({ event: 'S', kind: 2, endpoint: 0x80, setup: [0x80, 6, 0, 1, 0, 0, 18, 0], data: [] });
    expect(complete).toMatchObject({ event: 'C', kind: 2, status: 0, setup: null, data: DFU_DEVICE.device });
    expect(complete!.id).toBe(submit!.id);
    expect(complete!.at).toBeGreaterThan(submit!.at);
    expect(submit!.at).toBeGreaterThanOrEqual(500e6);
  });
  it('a STALL is -EPIPE', () => {
    const [, complete] = captured(DFU_DEVICE, ({ b }) => void b.usb.submitControl(Uint8Array.of(0x80, 6, 0, 6, 0, 0, 10, 0)));
    expect(complete).toMatchObject({ event: 'C', status: -32, data: [] });
  });
  it('bulk data stands in the submit of an OUT and in the completion of an IN', () => {
    const all = captured(CDC_DEVICE, ({ b }) => {
      b.usb.submitPipe(0x81, 64);
      b.usb.submitPipe(0x01, Uint8Array.of(7, 8, 9));
    });
    expect(all.filter((p) => p.data.length > 0).map((p) => [p.event, p.kind, p.endpoint, p.data])).toEqual([
      ['S', 3, 0x01, [7, 8, 9]],
      ['C', 3, 0x81, [7, 8, 9]],
    ]);
  });
  it('ends with a whole packet at its bound, counts what is left out, and joins what lies across pieces of its memory', () => {
    const most = 5 << 19;
    const writer = new PcapngWriter(() => false, most);
    const sizes = Array.from({ length: 50 }, (_, i) => 65_000 + i);
    for (const bytes of sizes) writer.started(out(bytes), bytes);
    const file = writer.bytes();
    const kept = packets(file);
    expect(file.length).toBeLessThanOrEqual(most);
    expect(file.length).toBeGreaterThan(most - 65_200);
    expect(kept.map((p) => p.data.length)).toEqual(sizes.slice(0, kept.length));
    expect(kept.every((p) => p.data.every((byte) => byte === (p.data.length & 0xff)))).toBe(true);
    expect(writer.leftOut).toBe(50 - kept.length);
  });
  it('of a client that asks without a pause is kept to 64 MB, and that is told once, when it happens', () => {
    let told = 0;
    const writer = new PcapngWriter(
      () => false,
      undefined,
      () => told++,
    );
    const data = out(1 << 20);
    for (let i = 0; i < 63; i++) writer.started(data, i);
    expect([told, writer.leftOut]).toEqual([0, 0]);
    for (let i = 63; i < 70; i++) writer.started(data, i);
    expect([told, writer.leftOut]).toEqual([1, 7]);
    expect(writer.bytes().length).toBeLessThan(64 << 20);
  });
});
