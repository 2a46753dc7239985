import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsbIpConnection, usbIpExport, type UsbIpExport } from '../../src/usb-sim/usbip-connection.ts';
import { CDC_DEVICE, ISO_DEVICE, MS, type Device } from './firmware.ts';
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
/** Of packets at these places of the client's buffer, [offset, length]. */
function submitIso(
  sequence: number,
  endpoint: number,
  length: number,
  packets: readonly (readonly [number, number])[],
  data?: number[],
): number[] {
  const head = [1, sequence, 0x00010001, data ? 0 : 1, endpoint, 0, length, 0, packets.length, 1].flatMap(word);
  return [...head, ...NO_SETUP, ...(data ?? []), ...packets.flatMap(([offset, size]) => [offset, size, 0, 0].flatMap(word))];
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
  it.each([
    ['64 bytes', [64, 0]],
    ['256 bytes', [0, 1]],
  ])('a data stage of %s in the other direction than the URB is -EINVAL', async (_what, length) => {
    const { client } = await imported();
    client.send(...submit(1, [0x21, 1, 2, 0, 0, 0, ...length], true, 256));
    expect((await client.take(48)).slice(20, 24)).toEqual(word(-22));
    client.connection.end();
  });
});

describe('USB/IP: isochronous transfers', () => {
  async function imported(device: Device = ISO_DEVICE): Promise<ReturnType<typeof server> & { client: Client }> {
    const s = server(device);
    const client = new Client(s.shared);
    await client.import();
    await client.take(312);
    return { ...s, client };
  }
  /** Status, bytes moved, packets and errors of a reply. */
  const headOf = (reply: number[]): number[] => {
    const v = new DataView(Uint8Array.from(reply).buffer);
    return [20, 24, 32, 36].map((at) => v.getInt32(at));
  };
  const descriptors = (bytes: number[]): number[][] => {
    const v = new DataView(Uint8Array.from(bytes).buffer);
    return Array.from({ length: bytes.length / 16 }, (_, i) => [0, 4, 8, 12].map((at) => v.getInt32(16 * i + at)));
  };

  it('what comes in lies packed, and each descriptor says how much of it is whose', async () => {
    const { client } = await imported();
    client.send(
      ...submitIso(
        5,
        2,
        128,
        [0, 32, 64, 96].map((at) => [at, 32]),
      ),
    );
    const reply = await client.take(48 + 6 + 4 * 16);
    expect(reply.slice(0, 8)).toEqual([...word(3), ...word(5)]);
    // the two buffers hold a byte each when the stream begins
    expect(headOf(reply)).toEqual([0, 6, 4, 0]);
    expect(descriptors(reply.slice(48 + 6, 48 + 6 + 64))).toEqual([
      [0, 32, 1, 0],
      [32, 32, 1, 0],
      [64, 32, 2, 0],
      [96, 32, 2, 0],
    ]);
    expect(reply.slice(48 + 2, 48 + 6)).toEqual([1, 0xaa, 2, 0xaa]);
    client.connection.end();
  });
  it('what goes out is taken from where the descriptors say', async () => {
    const { client, b, bus } = await imported();
    const data = Array.from({ length: 40 }, (_, i) => i);
    const message = submitIso(
      6,
      1,
      40,
      [
        [30, 3],
        [0, 0],
        [7, 2],
      ],
      data,
    );
    // in pieces: the last descriptor arrives by itself
    client.send(...message.slice(0, -16));
    client.send(...message.slice(-16));
    const reply = await client.take(48 + 3 * 16);
    expect(headOf(reply)).toEqual([0, 5, 3, 0]);
    expect(descriptors(reply.slice(48)).map((d) => d[2])).toEqual([3, 0, 2]);
    b.until(bus.now + MS);
    expect(b.firmware.state.isoIn).toEqual([[30, 31, 32], [], [7, 8]]);
    client.connection.end();
  });
  it('a babble is -EOVERFLOW of its packet', async () => {
    const { client } = await imported();
    client.send(
      ...submitIso(1, 2, 65, [
        [0, 32],
        [32, 32],
        [64, 1],
      ]),
    );
    const reply = await client.take(48 + 2 + 48);
    expect(headOf(reply)).toEqual([0, 2, 3, 1]);
    expect(descriptors(reply.slice(50)).map((d) => d[3])).toEqual([0, 0, -75]);
    client.connection.end();
  });
  it.each([
    ['a packet behind the end of the buffer', submitIso(1, 2, 32, [[1, 32]]), -22],
    ['an offset that overflows', submitIso(1, 2, 32, [[0xfffffff0, 32]]), -22],
    ['a packet that is larger than the endpoint takes', submitIso(1, 2, 64, [[0, 33]]), -22],
    ['an endpoint that is not there', submitIso(1, 7, 32, [[0, 32]]), -22],
    ['endpoint 0', submitIso(1, 0, 8, [[0, 8]]), -22],
    ['a transfer without packets to an isochronous endpoint', submit(1, NO_SETUP, true, 32, [], 2), -71],
  ])('%s is an error, and the device serves the next request', async (_what, bytes, errno) => {
    const { client } = await imported();
    client.send(...bytes);
    expect((await client.take(48)).slice(20, 24)).toEqual(word(errno));
    client.send(...submit(2, GET_DEVICE_18, true, 18));
    expect((await client.take(66)).slice(20, 24)).toEqual(word(0));
    client.connection.end();
  });
  it('isochronous packets for a bulk endpoint are -EINVAL', async () => {
    const { client } = await imported(CDC_DEVICE);
    client.send(...submitIso(1, 1, 32, [[0, 32]]));
    expect((await client.take(48)).slice(20, 24)).toEqual(word(-22));
    client.connection.end();
  });
  it('more packets than Linux sends close the connection', async () => {
    const { client } = await imported();
    client.send(...[1, 1, 0x00010001, 1, 2, 0, 32, 0, 1025, 1].flatMap(word), ...NO_SETUP);
    expect(client.closed).toBe(true);
  });
  it('a stream that is unlinked, and a client that vanishes in the middle of one, leave a device that serves the next', async () => {
    const { client, shared } = await imported();
    const long = Array.from({ length: 500 }, (): readonly [number, number] => [0, 32]);
    client.send(...submitIso(1, 2, 32, long), ...unlink(2, 1));
    expect((await client.take(48)).slice(20, 24)).toEqual(word(-104));
    client.send(...submitIso(3, 2, 32, long));
    client.connection.end();
    const next = new Client(shared);
    expect((await next.import()).slice(4)).toEqual([0, 0, 0, 0]);
    await next.take(312);
    next.send(...submit(1, GET_DEVICE_18, true, 18));
    expect((await next.take(66)).slice(48, 50)).toEqual([18, 1]);
    next.connection.end();
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
      fc
        .tuple(
          fc.nat({ max: 5 }),
          fc.nat({ max: 3 }),
          fc.nat({ max: 100 }),
          fc.array(fc.tuple(fc.nat({ max: 99 }), fc.nat({ max: 40 })), { maxLength: 5 }),
        )
        .map(([sequence, endpoint, length, packets]) => submitIso(sequence, endpoint, length, packets)),
    );
    const s = server(ISO_DEVICE);
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
