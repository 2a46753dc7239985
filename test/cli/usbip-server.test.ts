/** The USB/IP server through real sockets: many clients at once, half-open connections, clients that vanish, malformed messages. */
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listening } from '../../src/cli/serving.ts';
import { serveUsbIp, type UsbIpServer } from '../../src/cli/usbip-server.ts';
import { usbIpExport } from '../../src/usb-sim/usbip-connection.ts';
import { CDC_DEVICE } from '../usb-sim/firmware.ts';
import { held } from '../usb-sim/held.ts';

const words = (...values: number[]): Buffer => {
  const b = Buffer.alloc(4 * values.length);
  values.forEach((v, i) => b.writeUInt32BE(v >>> 0, 4 * i));
  return b;
};
const IMPORT = Buffer.concat([words(0x01118003, 0), Buffer.from('1-1'.padEnd(32, '\0'))]);
const LIST = words(0x01118005, 0);
const GET_DEVICE = Buffer.of(0x80, 6, 0, 1, 0, 0, 18, 0);
const submit = (sequence: number, endpoint: number, input: boolean, length: number, setup: Buffer = Buffer.alloc(8)): Buffer =>
  Buffer.concat([words(1, sequence, 0x00010001, input ? 1 : 0, endpoint, 0, length, 0, 0xffffffff, 0), setup]);

class Client {
  readonly socket: Socket;
  private bytes = Buffer.alloc(0);
  private closed = false;
  private more: (() => void) | null = null;
  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.on('data', (b) => {
      this.bytes = Buffer.concat([this.bytes, b]);
      this.more?.();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.closed = true;
      this.more?.();
    });
  }
  /** The next `n` bytes, or what came before the server closed. */
  async take(n: number): Promise<Buffer> {
    while (this.bytes.length < n && !this.closed) await new Promise<void>((next) => (this.more = next));
    const head = this.bytes.subarray(0, n);
    this.bytes = this.bytes.subarray(n);
    return head;
  }
  /** Status of the answer to an import. */
  async import(): Promise<number> {
    this.socket.write(IMPORT);
    const status = (await this.take(8)).readUInt32BE(4);
    if (status === 0) await this.take(312);
    return status;
  }
  async ended(): Promise<boolean> {
    await this.take(Infinity);
    return this.closed;
  }
}

describe('the USB/IP server', () => {
  let server: UsbIpServer;
  const clients: Client[] = [];
  const client = (): Client => {
    const c = new Client(server.port);
    clients.push(c);
    return c;
  };
  /** A new client gets the device, and an answer from it. */
  const serves = async (): Promise<boolean> => {
    const c = client();
    while ((await c.import()) !== 0) await new Promise((next) => setTimeout(next, 5));
    c.socket.write(submit(1, 0, true, 18, GET_DEVICE));
    const reply = await c.take(48 + 18);
    c.socket.destroy();
    return reply[48] === 18;
  };
  beforeEach(async () => {
    server = await serveUsbIp(
      usbIpExport(held(CDC_DEVICE).bus, '1-1', () => undefined),
      '127.0.0.1',
      0,
    );
  });
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await server.close();
  });

  it('gives the device to one of ten clients at once, and lists it to ten more when that has gone', async () => {
    const ten = Array.from({ length: 10 }, client);
    const answers = await Promise.all(ten.map((c) => c.import()));
    expect(answers.sort()).toEqual([0, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    for (const { socket } of ten) socket.destroy();
    expect(await serves()).toBe(true);
    const listed = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const c = client();
        c.socket.write(LIST);
        return (await c.take(12)).readUInt32BE(8);
      }),
    );
    expect(listed).toEqual(new Array(10).fill(1));
  });
  it('serves beside connections that say nothing, half of a header, or that they will say no more', async () => {
    for (let i = 0; i < 30; i++) {
      const { socket } = client();
      if (i % 3 === 1) socket.write(IMPORT.subarray(0, 5));
      if (i % 3 === 2) socket.end();
    }
    expect(await serves()).toBe(true);
  });
  it.each<[string, Buffer]>([
    ['in the header of an URB', submit(1, 0, true, 18, GET_DEVICE).subarray(0, 30)],
    ['in the data of an URB', Buffer.concat([submit(1, 1, false, 2048), Buffer.alloc(1000)])],
    ['while URBs are out', Buffer.concat(Array.from({ length: 20 }, (_, i) => submit(i + 1, 1, true, 64)))],
  ])('serves the next client when one vanishes %s', async (_where, bytes) => {
    const c = client();
    await c.import();
    c.socket.write(bytes);
    await new Promise((next) => setTimeout(next, 10));
    c.socket.resetAndDestroy();
    expect(await serves()).toBe(true);
  });
  it.each<[string, Buffer]>([
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['another version', words(0x02008003, 0)],
    ['an operation that is not known', words(0x01111234, 0)],
    ['zeros', Buffer.alloc(64)],
  ])('closes on %s in place of an import', async (_what, bytes) => {
    const c = client();
    c.socket.write(bytes);
    expect(await c.ended()).toBe(true);
    expect(await serves()).toBe(true);
  });
  it.each<[string, Buffer]>([
    ['a command that is not known', words(9, ...new Array<number>(11).fill(0))],
    ['a negative length', submit(1, 0, true, -1, GET_DEVICE)],
    ['2 GiB', submit(1, 1, false, 0x7fffffff)],
    ['endpoint 16', submit(1, 16, true, 8)],
    ['a sequence number that is out', Buffer.concat([submit(7, 1, true, 64), submit(7, 1, true, 64)])],
    ['300 transfers at once', Buffer.concat(Array.from({ length: 300 }, (_, i) => submit(i + 1, 1, true, 64)))],
  ])('closes on %s in place of an URB', async (_what, bytes) => {
    const c = client();
    await c.import();
    c.socket.write(bytes);
    expect(await c.ended()).toBe(true);
    expect(await serves()).toBe(true);
  });
});

it('where the address is the matter no other port is proposed', async () => {
  const server = createServer();
  // 192.0.2.0/24 belongs to nobody (RFC 5737 §3)
  await expect(listening(server, 0, '192.0.2.1')).rejects.toThrow(
    /^cannot listen on 192\.0\.2\.1:0: this machine has no such address; give an .* --host$/,
  );
});
