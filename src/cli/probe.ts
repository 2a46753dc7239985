/** `bootbench probe`: the emulated chip behind an ST-LINK over TCP, for OpenOCD and other debuggers that bring their own GDB server. */
import { createServer, type Socket } from 'node:net';
import { unasked } from '../bench/input/run-input.ts';
import { jobInput } from '../bench/input/job.ts';
import { Session } from '../bench/session/session.ts';
import { DebugTarget } from '../debug/debug-target.ts';
import { DebugPort } from '../debug/probe/debug-port.ts';
import { StLink, StLinkConnection } from '../debug/probe/st-link.ts';
import { findChip } from '../chips/index.ts';
import { loadJob, type MachineOptions } from './inputs.ts';
import { EXIT, type Io } from './io.ts';
import { paced } from './paced.ts';
import { usePrebuilt } from './prebuilt.ts';
import type { Pty } from './pty.ts';
import { serialAdapter, serialPort } from './serial-adapter.ts';
import { addressOf, Guest, hostName, interrupted, isLoopback, listening, portNumber, takeOver } from './serving.ts';

export interface ProbeOptions extends MachineOptions {
  readonly port?: string;
  readonly host?: string;
  readonly pty?: boolean;
}

/** The port of ST's own server, which OpenOCD takes if nothing else is said. */
const PORT = 7184;
/** OpenOCD asks ten times in a second how the machine is; one that has asked nothing for so long gives way to the next. */
const IDLE_MS = 10_000;

export async function probeCommand(images: readonly string[], options: ProbeOptions, io: Io): Promise<number> {
  const port = portNumber(options.port, PORT);
  const job = await loadJob(images, options, io.cwd, true);
  usePrebuilt(findChip(job.chip)?.cores ?? []);
  const session = new Session(unasked(jobInput(job)));
  const usart = options.pty === true ? serialPort(session) : null;
  const target = new DebugTarget(session);
  target.onConsole = (text) => io.stderr.write(text);
  const debugPort = new DebugPort(target);
  const host = hostName(options.host);
  const log = (text: string): void => io.stderr.write(`${text}\n`);
  let client: Guest | null = null;
  let turning = false;
  const wake = (): void => {
    if (turning) return;
    turning = true;
    const turn = (): void => {
      turning = client !== null && debugPort.advance();
      if (turning) setImmediate(turn);
    };
    setImmediate(turn);
  };
  const probe = new StLink(debugPort);
  /** One that was refused may keep its end open. */
  const sockets = new Set<Socket>();
  const serve = async (socket: Socket): Promise<void> => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    const take = (): Guest | null => (client === null ? (client = new Guest(socket, IDLE_MS)) : null);
    const guest = await takeOver(socket, take, () => client);
    if (guest === null) {
      if (socket.destroyed) return;
      log('a second client was refused');
      socket.end();
      return;
    }
    socket.setNoDelay(true);
    log('client attached');
    const connection = new StLinkConnection(probe, guest.send);
    paced(socket, (bytes) => {
      connection.receive(bytes);
      if (connection.broken) socket.end();
      wake();
    });
    socket.on('close', () => {
      client = null;
      log('client disconnected, the machine is halted');
    });
  };
  const server = await listening(
    createServer((socket) => void serve(socket)),
    port,
    host,
  );
  let adapter: Pty | null = null;
  try {
    adapter = usart === null ? null : await serialAdapter(session, usart, wake);
    if (!isLoopback(host)) log(`listening on ${host}: anyone who can connect to this port controls the emulated machine`);
    io.stdout.write(`probe ${addressOf(server)}\n${adapter === null ? '' : `uart ${adapter.path}\n`}`);
    await Promise.race([interrupted(io), ...(adapter === null ? [] : [adapter.lost])]);
    if (adapter?.failure) throw adapter.failure;
    return EXIT.ok;
  } finally {
    server.close();
    adapter?.close();
    for (const socket of sockets) socket.destroy();
    client = null;
    session.release();
  }
}
