/** Clients that close and connect again at once, as scripts of debuggers do: nobody else has the core, so nobody is refused. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { gdbCommand } from '../../src/cli/gdb.ts';
import { probeCommand } from '../../src/cli/probe.ts';
import type { Io } from '../../src/cli/io.ts';
import { serve } from './serve.ts';

const ELF = 'fixtures/f405-masked/firmware.elf';
const OPTIONS = { chip: 'stm32f405', port: '0' };
const opened: Socket[] = [];
afterEach(() => void vi.useRealTimers());
afterAll(() => opened.forEach((socket) => socket.destroy()));

/** Whether a new client is answered; it stays connected. */
function ask(address: string, question: Uint8Array): Promise<{ readonly answered: boolean; readonly socket: Socket }> {
  const [host, port] = address.split(':') as [string, string];
  const socket = connect(Number(port), host, () => socket.write(question));
  opened.push(socket);
  return new Promise((settle) => {
    socket.once('data', () => settle({ answered: true, socket }));
    socket.once('close', () => settle({ answered: false, socket }));
    socket.on('error', () => undefined);
  });
}
const HALT_REASON = new TextEncoder().encode('$?#3f');
const SERIAL_NUMBER = Uint8Array.of(0, 0, 0, 0);
const IDLE_MS = 11_000;
const SERVERS = [
  ['gdb', (io: Io) => gdbCommand([ELF], OPTIONS, io), HALT_REASON],
  ['probe', (io: Io) => probeCommand([ELF], OPTIONS, io), SERIAL_NUMBER],
] as const;

describe.each(SERVERS)('%s', (name, command, question) => {
  it('takes a client that comes right behind the last one, every time', async () => {
    const { line } = await serve(command);
    const address = line.trim().replace(`${name} `, '');
    const answers: boolean[] = [];
    for (let i = 0; i < 20; i++) {
      const { answered, socket } = await ask(address, question);
      answers.push(answered);
      socket.destroy();
    }
    expect(answers).toEqual(answers.map(() => true));
  });
  it('refuses a second one beside the first', async () => {
    const { line } = await serve(command);
    const address = line.trim().replace(`${name} `, '');
    expect((await ask(address, question)).answered).toBe(true);
    expect((await ask(address, question)).answered).toBe(false);
  });
  it('gives the place of a client that has never asked anything to one that comes', async () => {
    const { line, end } = await serve(command);
    const address = line.trim().replace(`${name} `, '');
    const idle = connect(Number(address.split(':')[1]), '127.0.0.1').on('error', () => undefined);
    opened.push(idle);
    await once(idle, 'connect');
    expect((await ask(address, question)).answered).toBe(true);
    expect(await end()).toBe(0);
  });
  it('keeps a debugger that thinks, and no probe that nobody has used for 10 s', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { line } = await serve(command);
    const address = line.trim().replace(`${name} `, '');
    expect((await ask(address, question)).answered).toBe(true);
    vi.advanceTimersByTime(IDLE_MS);
    expect((await ask(address, question)).answered).toBe(name === 'probe');
  });
});
