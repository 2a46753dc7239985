/** Clients that ask and do not read hold neither the server nor the others. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { gdbCommand } from '../../src/cli/gdb.ts';
import { MOST_UNREAD, mustRead, paced, sendTo } from '../../src/cli/paced.ts';
import { probeCommand } from '../../src/cli/probe.ts';
import { GdbServer } from '../../src/debug/gdb-server.ts';
import { StLinkConnection } from '../../src/debug/probe/st-link.ts';
import { frame } from '../../src/debug/packets.ts';
import { serve } from '../debug/serve.ts';

const ELF = 'fixtures/f405-masked/firmware.elf';
const OPTIONS = { chip: 'stm32f405', port: '0' };
const opened: Socket[] = [];
afterEach(() => opened.splice(0).forEach((socket) => socket.destroy()));

/** A client that reads nothing until it is told to. */
function client(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.on('error', () => undefined);
  opened.push(socket);
  return socket;
}
async function listen(take: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    take(socket);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const ASKED = 8 << 20;
const ANSWER = Buffer.alloc(0x8000);

describe('a client that asks without an end', () => {
  it('and reads nothing is not answered further, and closed', async () => {
    let [heard, unsent] = [0, 0];
    const gone = new Promise<void>((settle) => {
      void listen((socket) => {
        socket.on('close', () => settle());
        paced(
          socket,
          (bytes) => {
            heard += bytes.length;
            socket.write(ANSWER);
            unsent = Math.max(unsent, socket.writableLength);
          },
          50,
        );
      }).then((port) => client(port).write(Buffer.alloc(ASKED)));
    });
    await gone;
    expect(heard).toBeLessThan(ASKED / 8);
    expect(unsent).toBeLessThan(4 * ANSWER.length);
  });
  it('and was silent before for longer than anybody waits, is closed all the same', async () => {
    let asking: Socket | null = null;
    const gone = new Promise<void>((settle) => {
      void listen((socket) => {
        socket.on('close', () => settle());
        paced(socket, () => socket.write(ANSWER), 50);
        socket.once('timeout', () => asking?.write(Buffer.alloc(ASKED)));
      }).then((port) => (asking = client(port)));
    });
    await gone;
    expect(asking).not.toBeNull();
  });
  it('and reads lets the event loop go on between its pieces', async () => {
    let [heard, sinceTurn, most] = [0, 0, 0];
    let over = (): void => undefined;
    const all = new Promise<void>((settle) => (over = settle));
    const turn = (): void => {
      sinceTurn = 0;
      if (heard < 1 << 16) setImmediate(turn);
    };
    turn();
    const port = await listen((socket) =>
      paced(socket, (bytes) => {
        heard += bytes.length;
        most = Math.max(most, (sinceTurn += bytes.length));
        socket.write(ANSWER);
        if (heard === 1 << 16) over();
      }),
    );
    const asking = client(port);
    asking.resume();
    asking.write(Buffer.alloc(1 << 16));
    await all;
    expect(most).toBeLessThanOrEqual(2048);
  });
  it('gets each byte to the server, in its order', async () => {
    const sent = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) & 0xff));
    const got: Uint8Array[] = [];
    let length = 0;
    let over = (): void => undefined;
    const all = new Promise<void>((settle) => (over = settle));
    const port = await listen((socket) =>
      paced(socket, (bytes) => {
        got.push(bytes.slice());
        if ((length += bytes.length) === sent.length) over();
      }),
    );
    client(port).write(sent);
    await all;
    expect(Buffer.concat(got).equals(sent)).toBe(true);
  });
});
describe('a client that does not read', () => {
  it('what a machine prints is kept for it up to a bound', async () => {
    let most = 0;
    const gone = new Promise<void>((settle) => {
      void listen((socket) => {
        socket.on('close', () => settle());
        const send = sendTo(socket);
        for (let i = 0; i < 1000 && !socket.destroyed; i++) {
          send(ANSWER);
          most = Math.max(most, socket.writableLength);
        }
      }).then(client);
    });
    await gone;
    expect(most).toBeLessThanOrEqual(MOST_UNREAD + ANSWER.length);
  });
  it('is closed though it only waits', async () => {
    const gone = new Promise<void>((settle) => {
      void listen((socket) => {
        socket.on('close', () => settle());
        mustRead(socket, 50);
        socket.write(Buffer.alloc(16 << 20));
      }).then(client);
    });
    await gone;
  });
});

/** Reads of 16 KB of flash; and of an ST-LINK, which answers with its serial number. */
const FLOODS = [
  ['gdb', (io) => gdbCommand([ELF], OPTIONS, io), frame('m8000000,4000'), GdbServer],
  ['probe', (io) => probeCommand([ELF], OPTIONS, io), Uint8Array.of(0, 0, 0, 0), StLinkConnection],
] as const satisfies readonly (readonly [
  string,
  Parameters<typeof serve>[0],
  Uint8Array,
  { prototype: { receive(bytes: Uint8Array): void } },
])[];

describe.each(FLOODS)('%s', (name, command, question, server) => {
  it('drops what a client had asked that is gone, and serves the next', async () => {
    let heard = 0;

    const receive = server.prototype.receive as (this: unknown, bytes: Uint8Array) => void;
    const spy = vi.spyOn(server.prototype, 'receive').mockImplementation(function (this: unknown, bytes: Uint8Array) {
      heard += bytes.length;
      receive.call(this, bytes);
    });
    onTestFinished(() => spy.mockRestore());
    const { line } = await serve(command);
    const port = Number(line.trim().replace(`${name} `, '').split(':')[1]);
    const flood = Buffer.concat(Array.from({ length: 500_000 }, () => question));
    const first = client(port);
    first.write(flood);
    await vi.waitFor(() => expect(heard).toBeGreaterThan(0));
    first.resetAndDestroy();
    const second = client(port);
    second.resume();
    second.write(question);
    await once(second, 'data');
    expect(heard).toBeLessThan(flood.length / 4);
  });
});
