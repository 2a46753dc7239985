/** `bootbench gdb`: a GDB remote server for the emulated machine, a port for each core. */
import { createServer, type Server, type Socket } from 'node:net';
import { unasked } from '../bench/input/run-input.ts';
import { jobInput } from '../bench/input/job.ts';
import { Session } from '../bench/session/session.ts';
import { GdbHub } from '../debug/gdb-hub.ts';
import type { GdbServer } from '../debug/gdb-server.ts';
import type { Core } from '../emu/core/core.ts';
import { findChip } from '../chips/index.ts';
import { loadJob, type MachineOptions } from './inputs.ts';
import { EXIT, type Io } from './io.ts';
import { paced } from './paced.ts';
import { usePrebuilt } from './prebuilt.ts';
import { addressOf, Guest, hostName, interrupted, isLoopback, listening, portNumber, takeOver } from './serving.ts';

export interface GdbOptions extends MachineOptions {
  readonly port?: string;
  readonly host?: string;
}

export async function gdbCommand(images: readonly string[], options: GdbOptions, io: Io): Promise<number> {
  const port = portNumber(options.port, 3333);
  const job = await loadJob(images, options, io.cwd, true);
  usePrebuilt(findChip(job.chip)?.cores ?? []);
  const session = new Session(unasked(jobInput(job)));
  const hub = new GdbHub(session);
  const host = hostName(options.host);
  const log = (text: string): void => io.stderr.write(`${text}\n`);
  let turning = false;
  let ended = false;
  hub.onWake = () => {
    if (turning) return;
    turning = true;
    const turn = (): void => {
      turning = !ended && hub.advance();
      if (turning) setImmediate(turn);
    };
    setImmediate(turn);
  };
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const guests = new Map<Core, Guest>();
  try {
    for (const [i, core] of hub.cores.entries()) {
      const wanted = port === 0 ? 0 : port + i;
      servers.push(
        await listening(
          createServer((socket) => void serve(hub, core, socket, { sockets, guests, log })),
          wanted,
          host,
        ),
      );
    }
  } catch (error) {
    for (const server of servers) server.close();
    session.release();
    throw error;
  }
  for (const [i, core] of hub.cores.entries()) if (i > 0) log(`${core.row.name}: ${addressOf(servers[i]!)}`);
  if (!isLoopback(host)) log(`listening on ${host}: anyone who can connect to this port controls the emulated machine`);
  io.stdout.write(`gdb ${addressOf(servers[0]!)}\n`);
  await interrupted(io);
  // a turn may be waiting: the machine does not run any more
  ended = true;
  for (const server of servers) server.close();
  hub.onWake = () => undefined;
  for (const socket of sockets) socket.destroy();
  session.release();
  return EXIT.ok;
}

interface Clients {
  readonly sockets: Set<Socket>;
  /** Who has a core. */
  readonly guests: Map<Core, Guest>;
  readonly log: (text: string) => void;
}

async function serve(hub: GdbHub, core: Core, socket: Socket, { sockets, guests, log }: Clients): Promise<void> {
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
  // a person thinks for as long as he wants to: only who has never said anything gives way
  const guest = new Guest(socket, Infinity);
  const take = (): GdbServer | null => hub.connect(core, guest.send);
  const server = await takeOver(socket, take, () => guests.get(core) ?? null);
  if (server === null) {
    if (socket.destroyed) return;
    log(`${core.row.name}: a second client was refused`);
    socket.end();
    return;
  }
  guests.set(core, guest);
  log(`${core.row.name}: client attached, the core is halted`);
  paced(socket, (bytes) => {
    server.receive(bytes);
    if (!server.closed) return;
    // the next client may come before this socket is closed
    hub.disconnect(server);
    socket.end();
  });
  socket.on('close', () => {
    hub.disconnect(server);
    log(`${core.row.name}: client disconnected`);
  });
}
