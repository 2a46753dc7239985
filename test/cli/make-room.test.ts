import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeRoom } from '../../src/cli/make-room.ts';

/** A server of three connections, which are busy once they have sent something. */
async function served(): Promise<{ readonly come: (text?: string) => Promise<Socket>; readonly open: Set<Socket> }> {
  const [busy, open] = [new Set<Socket>(), new Set<Socket>()];
  const server = createServer((socket) => socket.on('error', () => undefined).on('data', () => (busy.add(socket), socket.write('heard'))));
  makeRoom(server, 3, (socket) => !busy.has(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => (open.forEach((client) => client.destroy()), void server.close()));
  const come = async (text = ''): Promise<Socket> => {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
    open.add(client);
    client.once('close', () => open.delete(client));
    await once(client, 'connect');
    if (text !== '') {
      client.write(text);
      await Promise.race([once(client, 'data'), once(client, 'close')]);
    }
    return client;
  };
  return { come, open };
}

describe('a server with as many connections as it may have', () => {
  it('gives the place of the one that has asked nothing for longest to who comes', async () => {
    const { come, open } = await served();
    const asks = await come('ask');
    const [first, second] = [await come(), await come()];
    const gone = once(first, 'close');
    const comes = await come('ask');
    await gone;
    expect([...open]).toEqual([asks, second, comes]);
  });
  it('refuses who comes where all of them ask', async () => {
    const { come, open } = await served();
    const all = [await come('ask'), await come('ask'), await come('ask')];
    await come('ask');
    expect([...open]).toEqual(all);
  });
});
