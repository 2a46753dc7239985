import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsbIpConnection, usbIpExport, type UsbIpExport } from '../../src/usb-sim/usbip-connection.ts';
import { CDC_DEVICE, MS, type Device } from './firmware.ts';
import { held, type Held } from './held.ts';

/** A client: what it was sent, and whether the server has closed. */
class Client {
  readonly connection: UsbIpConnection;
  bytes: number[] = [];
  closed = false;
  constructor(shared: UsbIpExport) {
    this.connection = new UsbIpConnection(shared, { send: (b) => this.bytes.push(...b), close: () => (this.closed = true) });
  }
  send(...bytes: number[]): void {
    this.connection.receive(Uint8Array.from(bytes));
  }
  /** The next `n` bytes of the server. */
  async take(n: number): Promise<number[]> {
    for (let i = 0; this.bytes.length < n && !this.closed && i < 5000; i++) await new Promise((next) => setTimeout(next, 1));
    return this.bytes.splice(0, n);
  }
  async import(busId = '1-1'): Promise<number[]> {
    this.send(1, 0x11, 0x80, 3, 0, 0, 0, 0, ...[...busId].map((c) => c.charCodeAt(0)), ...new Array(32 - busId.length).fill(0));
    return this.take(8);
  }
}
const word = (n: number): number[] => [(n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff];
function submit(sequence: number, setup: number[], input: boolean, length: number, data: number[] = [], endpoint = 0): number[] {
  const head = [1, sequence, 0x00010001, input ? 1 : 0, endpoint, 0, length, 0, 0xffffffff, 0].flatMap(word);
  return [...head, ...setup, ...data];
}
const unlink = (sequence: number, target: number): number[] => [
  ...[2, sequence, 0x00010001, 0, 0, target].flatMap(word),
  ...new Array(24).fill(0),
];
const NO_SETUP = new Array<number>(8).fill(0);
const GET_DEVICE_18 = [0x80, 6, 0, 1, 0, 0, 18, 0];

function server(device?: Device): Held & { shared: UsbIpExport; log: string[] } {
  const log: string[] = [];
  const h = held(device);
  return { ...h, log, shared: usbIpExport(h.bus, '1-1', (text) => log.push(text)) };
}

describe('USB/IP: before the import', () => {
  it('lists the device with its interfaces', async () => {
    const { shared } = server();
    const client = new Client(shared);
    client.send(1, 0x11, 0x80, 5, 0, 0, 0, 0);
    const reply = await client.take(8 + 4 + 312 + 4);
    expect(reply.slice(0, 12)).toEqual([1, 0x11, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(reply.slice(12 + 300, 12 + 306)).toEqual([0x04, 0x83, 0xdf, 0x11, 0x03, 0x00]);
    expect(reply.slice(-4)).toEqual([0xfe, 1, 2, 0]);
    client.connection.end();
  });
  it('a bus id that is not exported, a wrong version, an unknown operation: an answer or a close', async () => {
    const { shared, log } = server();
    const lost = new Client(shared);
    expect(await lost.import('3-7')).toEqual([1, 0x11, 0, 3, 0, 0, 0, 4]);
    const old = new Client(shared);
    old.send(1, 6, 0x80, 3, 0, 0, 0, 0);
    expect(await old.take(8)).toEqual([1, 0x11, 0, 3, 0, 0, 0, 3]);
    expect(old.closed).toBe(true);
    const odd = new Client(shared);
    odd.send(...'GET / HTTP/1.1\r\n\r\n'.split('').map((c) => c.charCodeAt(0)));
    expect(odd.closed).toBe(true);
    expect(log.join('\n')).toMatch(/operation 0x5420 is not known/);
  });
  it('the second of two clients is told that the device is busy, and gets it when the first has gone', async () => {
    const { shared } = server();
    const [first, second] = [new Client(shared), new Client(shared)];
    expect((await first.import()).slice(4)).toEqual([0, 0, 0, 0]);
    expect((await second.import()).slice(4)).toEqual([0, 0, 0, 2]);
    first.connection.end();
    expect((await second.import()).slice(4)).toEqual([0, 0, 0, 0]);
    second.connection.end();
  });
  it('of ten clients at once one has the device, the others an answer', async () => {
    const { shared } = server();
    const clients = Array.from({ length: 10 }, () => new Client(shared));
    const replies = await Promise.all(clients.map((c) => c.import()));
    expect(replies.map((r) => r[7]).sort()).toEqual([0, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    for (const c of clients) c.connection.end();
  });
});

describe('USB/IP: transfers', () => {
  async function imported(device?: Device): Promise<ReturnType<typeof server> & { client: Client }> {
    const s = server(device);
    const client = new Client(s.shared);
    await client.import();
    await client.take(312);
    return { ...s, client };
  }

  it('a control read comes back with its data; bytes may arrive one by one', async () => {
    const { client } = await imported();
    for (const byte of submit(7, GET_DEVICE_18, true, 18)) client.send(byte);
    const reply = await client.take(48 + 18);
    expect(reply.slice(0, 8)).toEqual([...word(3), ...word(7)]);
    expect(reply.slice(20, 28)).toEqual([...word(0), ...word(18)]);
    expect(reply.slice(48, 50)).toEqual([18, 1]);
    client.connection.end();
  });
  it('a STALL is -EPIPE, and the device serves the next request', async () => {
    const { client } = await imported();
    client.send(...submit(1, [0x80, 6, 0, 6, 0, 0, 10, 0], true, 10));
    expect((await client.take(48)).slice(20, 24)).toEqual(word(-32));
    client.send(...submit(2, GET_DEVICE_18, true, 18));
    expect((await client.take(66)).slice(20, 24)).toEqual(word(0));
    client.connection.end();
  });
  it('SET_ADDRESS of a client is acknowledged and does not reach the device', async () => {
    const { client, b } = await imported();
    client.send(...submit(1, [0, 5, 99, 0, 0, 0, 0, 0], false, 0));
    expect((await client.take(48)).slice(20, 24)).toEqual(word(0));
    expect(b.usb.state.address).toBe(1);
    client.connection.end();
  });
  it('GET_DESCRIPTOR(DEVICE, 64) after other requests resets the device: vhci_hcd keeps port resets to itself', async () => {
    const { client, b } = await imported();
    const resets = (): number => b.usb.logEntries.filter((l) => l.kind === 'reset').length;
    client.send(...submit(1, [0x80, 6, 0, 1, 0, 0, 64, 0], true, 64));
    await client.take(66);
    const before = resets();
    client.send(...submit(2, [0x80, 6, 0, 1, 0, 0, 64, 0], true, 64));
    expect((await client.take(66)).slice(20, 24)).toEqual(word(0));
    expect(resets()).toBe(before + 2);
    client.connection.end();
  });
  it('a polled pipe that is unlinked answers -ECONNRESET, once', async () => {
    const { client } = await imported(CDC_DEVICE);
    client.send(...submit(5, NO_SETUP, true, 64, [], 1));
    client.send(...unlink(6, 5), ...unlink(7, 5));
    const replies = await client.take(96);
    expect(replies.slice(0, 8)).toEqual([...word(4), ...word(6)]);
    expect(replies.slice(20, 24)).toEqual(word(-104));
    expect(replies.slice(48 + 20, 48 + 24)).toEqual(word(0));
    client.connection.end();
  });
  it('bulk data goes out and comes back', async () => {
    const { client } = await imported(CDC_DEVICE);
    client.send(...submit(1, NO_SETUP, true, 64, [], 1));
    client.send(...submit(2, NO_SETUP, false, 3, [7, 8, 9], 1));
    const out = await client.take(48);
    expect(out.slice(4, 8)).toEqual(word(2));
    expect(out.slice(24, 28)).toEqual(word(3));
    expect((await client.take(51)).slice(48)).toEqual([7, 8, 9]);
    client.connection.end();
  });
  it('an unplug closes the connection', async () => {
    const { client, b } = await imported();
    client.send(...submit(1, GET_DEVICE_18, true, 18));
    b.usb.unplug();
    for (let i = 0; i < 2000 && !client.closed; i++) await new Promise((next) => setTimeout(next, 1));
    expect(client.closed).toBe(true);
  });
  it('a client that vanishes in the middle leaves a machine that serves the next one', async () => {
    const { client, shared } = await imported(CDC_DEVICE);
    client.send(...submit(1, NO_SETUP, true, 64, [], 1), ...submit(2, GET_DEVICE_18, true, 18).slice(0, 20));
    client.connection.end();
    const next = new Client(shared);
    expect((await next.import()).slice(4)).toEqual([0, 0, 0, 0]);
    await next.take(312);
    next.send(...submit(1, GET_DEVICE_18, true, 18));
    expect((await next.take(66)).slice(48, 50)).toEqual([18, 1]);
    next.connection.end();
  });
  it.each([
    ['another device id', [...[1, 1, 99, 1, 0, 0, 18, 0, 0xffffffff, 0].flatMap(word), ...GET_DEVICE_18]],
    ['a negative length', submit(1, GET_DEVICE_18, true, -1)],
    ['a length of 2 GiB', submit(1, NO_SETUP, false, 0x7fffffff, [], 1)],
    ['an unknown command', [...word(77), ...new Array<number>(44).fill(0)]],
    ['endpoint 200', submit(1, NO_SETUP, true, 8, [], 200)],
  ])('%s closes the connection', async (_what, bytes) => {
    const { client } = await imported();
    client.send(...bytes);
    expect(client.closed).toBe(true);
  });
  it('a data stage in the other direction than the URB is -EINVAL', async () => {
    const { client } = await imported();
    client.send(...submit(1, [0x21, 1, 2, 0, 0, 0, 64, 0], true, 64));
    expect((await client.take(48)).slice(20, 24)).toEqual(word(-22));
    client.connection.end();
  });
});

describe('USB/IP: hostile bytes (property)', () => {
  it('whatever arrives, in whatever pieces, the connection answers, waits or closes, and the next client is served', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 80 }).map((b) => [...b]),
      fc.constant([1, 0x11, 0x80, 3, 0, 0, 0, 0, 0x31, 0x2d, 0x31, ...new Array<number>(29).fill(0)]),
      fc.constant([1, 0x11, 0x80, 5, 0, 0, 0, 0]),
      fc
        .tuple(fc.nat({ max: 5 }), fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.boolean(), fc.nat({ max: 300 }), fc.nat({ max: 16 }))
        .map(([sequence, setup, input, length, endpoint]) => submit(sequence, [...setup], input, length, [], endpoint)),
      fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 })).map(([a, b]) => unlink(a, b)),
    );
    const s = server();
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const client = new Client(s.shared);
        for (const p of pieces) {
          client.send(...p);
          await null;
        }
        await new Promise((next) => setTimeout(next, 2));
        client.connection.end();
        expect(s.shared.owner).toBe(null);
      }),
      { numRuns: 60 },
    );
    const after = new Client(s.shared);
    expect((await after.import()).slice(4)).toEqual([0, 0, 0, 0]);
    after.connection.end();
    expect(s.bus.now).toBeGreaterThan(500 * MS);
  });
});
