/** `bootbench uart`: the ROM's USART protocol (AN3155) on a pseudo terminal, for stm32flash and its like. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { flashImage } from '../bench/session/flash-image.ts';
import { serialPort, UartLink } from '../bench/session/uart-link.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { MS } from '../emu/time.ts';
import { checkClient, runClient } from './client.ts';
import { heldMachine, started } from './held.ts';
import { loadJob, type RunOptions } from './inputs.ts';
import { EXIT, milliseconds, type Io } from './io.ts';
import { mustBeCalledWhatItIs, Outputs } from './outputs.ts';
import { openPty, type Pty } from './pty.ts';
import { interrupted } from './serving.ts';
import { toldOnUart } from './trigger.ts';

export interface UartOptions extends RunOptions {
  readonly pty?: boolean;
  readonly port?: string;
  readonly baud?: string;
  readonly exec?: string;
  readonly save?: string;
}

const BAUD = 115_200;
/** Slice of virtual time between two looks at the terminal. */
const SLICE = 2 * MS;
/** The machine stands still when nobody has said anything for so long: longer than any erase takes. */
const QUIET = 60_000 * MS;

export async function uartCommand(images: readonly string[], options: UartOptions, io: Io): Promise<number> {
  const baud = baudOf(options.baud);
  if (options.pty !== true && options.exec === undefined) throw new UsageError('nothing uses the port', 'add --pty, or --exec <command>');
  checkClient(options.exec);
  const loaded = await loadJob(images, options, io.cwd);
  const saved = options.save === undefined ? [] : [{ option: '--save', path: options.save }];
  saved.forEach(mustBeCalledWhatItIs);
  const outputs = new Outputs(saved, io.cwd);
  const job = toldOnUart(loaded, io);
  const held = heldMachine(job, io);
  try {
    const port = serialPort(held.session.profile, job.chip, '--port', options.port);
    const link = new UartLink(held, port, baud);
    const { outcome, reason } = started(held, io);
    if (outcome !== 'rom-silent') {
      io.stderr.write(`bootbench: the ROM does not listen: the run ended with ${outcome} (${reason}); \`bootbench run\` shows why\n`);
      return EXIT.failed;
    }
    return await serve(link, port, options, io);
  } finally {
    if (options.save !== undefined) outputs.write('--save', flashImage(held.session.machine, options.save));
    outputs.discard();
    held.release();
  }
}

function baudOf(text: string | undefined): number {
  if (text === undefined) return BAUD;
  const baud = Number(text);
  if (!Number.isInteger(baud) || baud < 1200 || baud > 115_200)
    throw new UsageError(`--baud ${text}: AN3155 allows 1200 to 115200 baud`, 'for example --baud 57600');
  return baud;
}

async function serve(link: UartLink, port: string, options: UartOptions, io: Io): Promise<number> {
  const pty = await openPty();
  const stopped = Promise.race([interrupted(io), pty.lost]);
  const done = { value: false };
  try {
    io.stdout.write(`uart ${pty.path}\n`);
    io.stderr.write(`bootbench: ${port}, 8E1; a pseudo terminal has no parity: stm32flash -m 8n1 ${pty.path}\n`);
    const client = options.exec === undefined ? stopped : runClient(options.exec, { UART: pty.path }, io, stopped);
    const ended = client.then((code) => {
      done.value = true;
      return code;
    });
    const [code] = await Promise.all([ended, bridge(link, pty, done)]);
    if (pty.failure !== null) throw pty.failure;
    return code ?? EXIT.ok;
  } finally {
    pty.close();
  }
}

/** So many bytes wait for the line; a client that writes more waits with them. */
const MOST_WAITING = 1024;
/** A machine that is kept busy gives way to signals, and to the end of the client, so often. */
const TURN_MS = 20;

/** Carries bytes both ways until it is done; the machine runs as fast as it can while somebody speaks. */
async function bridge(link: UartLink, pty: Pty, done: { readonly value: boolean }): Promise<void> {
  const queue: number[] = [];
  let sent: number[] = [];
  let quiet = 0;
  link.onByte = (byte) => sent.push(byte);
  pty.onData = (bytes) => {
    for (const byte of bytes) queue.push(byte);
    if (queue.length > MOST_WAITING) pty.take(false);
  };
  for (let turned = milliseconds(); !done.value;) {
    const byte = queue.shift();
    if (byte !== undefined) {
      link.send(byte);
      quiet = 0;
    } else if (quiet < QUIET) {
      link.run(SLICE);
      quiet += SLICE;
    } else await pause();
    if (sent.length > 0) {
      pty.write(Uint8Array.from(sent));
      sent = [];
      quiet = 0;
    }
    if (queue.length === 0) pty.take(true);
    if (queue.length > 0 && milliseconds() - turned < TURN_MS) continue;
    await nextTurn();
    turned = milliseconds();
  }
}
const PAUSE_MS = 5;
const pause = (): Promise<void> => new Promise((settle) => setTimeout(settle, PAUSE_MS));
