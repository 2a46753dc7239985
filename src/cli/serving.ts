/** What the servers of the command line have alike: ports, addresses, the end. */
import type { AddressInfo, Server, Socket } from 'node:net';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import type { Io } from './io.ts';
import { emptyName } from './outputs.ts';
import { sendTo } from './paced.ts';

const LOOPBACK = '127.0.0.1';
export const isLoopback = (host: string): boolean => host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
/** Where a server listens. An empty name would be every address of this machine. */
export function hostName(text: string | undefined): string {
  if (text?.trim() === '') throw emptyName('--host');
  return text ?? LOOPBACK;
}

/** A port as typed, or `fallback` if it was left out; 0 = a free one. */
export function portNumber(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65535)) throw new UsageError(`--port: ${JSON.stringify(text)} is not a port`, 'give 0 (any free port) to 65535');
  return port;
}
const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is already in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'there is no such host',
};
/** Another port does not help where the address is the matter. */
export function cannotListen(host: string, port: number, { code = '', message }: NodeJS.ErrnoException): UsageError | SurroundingsError {
  const address = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(code);
  const instead = address ? 'give an address of this machine with --host' : 'give another port with --port; 0 = any free port';
  const kind = code === 'EADDRINUSE' ? SurroundingsError : UsageError;
  return new kind(`cannot listen on ${host}:${port}: ${WHY[code] ?? message}`, instead);
}
export function listening(server: Server, port: number, host: string): Promise<Server> {
  return new Promise((settle, fail) => {
    server.once('error', (error) => fail(cannotListen(host, port, error)));
    server.listen(port, host, () => settle(server));
  });
}
/** `127.0.0.1:3333`, IPv6 in brackets. */
export function addressOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
/** Settles at the first signal that ends the program. */
export const interrupted = (io: Io): Promise<null> => new Promise((settle) => void io.onInterrupt(() => settle(null)));

/** Who connects again at once may be heard before the end of his last connection: so long nobody is refused. */
const HANDOVER_MS = 300;
const AGAIN_MS = 10;
/** A peer that says nothing for so long is asked whether it is still there: one that lost its power would keep its place. */
export const KEEP_ALIVE_MS = 30_000;

/** A client that is served alone. */
export class Guest {
  private readonly socket: Socket;
  private readonly patience: number;
  private readonly since = performance.now();
  private answered: number | null = null;

  /** @param patience one that has asked nothing for so many milliseconds gives way to another */
  constructor(socket: Socket, patience: number) {
    this.socket = socket;
    this.patience = patience;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  /** Sends, and keeps in mind that this client has asked something. */
  readonly send = (bytes: Uint8Array): void => {
    this.answered = performance.now();
    sendTo(this.socket)(bytes);
  };

  /** Is closed if it does nothing with its place; one that has never asked anything is no client. */
  giveWay(): boolean {
    const idle = performance.now() - (this.answered ?? this.since) >= (this.answered === null ? HANDOVER_MS : this.patience);
    if (idle) this.socket.destroy();
    return idle;
  }
}

/**
 * What `take` gives to this client; null where somebody else goes on having it, or the client is gone.
 *
 * @param present who has it
 */
export async function takeOver<T>(socket: Socket, take: () => T | null, present: () => Guest | null): Promise<T | null> {
  for (let left = HANDOVER_MS; !socket.destroyed; left -= AGAIN_MS) {
    const taken = take();
    if (taken !== null || (left <= 0 && present()?.giveWay() !== true)) return taken;
    await new Promise((next) => setTimeout(next, AGAIN_MS));
  }
  return null;
}
