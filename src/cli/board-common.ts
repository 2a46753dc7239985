/** What the `board` commands have alike: the way to the board, the record, the consent, the images, the watch on USB. */
import { GdbTarget } from '../board/gdb-target.ts';
import { SERVERS, type ServerName } from '../board/dialects.ts';
import { identify } from '../board/check-board.ts';
import { comparatorsInUse, flashChunks, flashDifference } from '../board/run-board.ts';
import { BoardError, SilentBoard, type Transport } from '../board/rsp-client.ts';
import { connect, RECORD_HEADER, recording } from '../board/transports.ts';
import { askedUser, emulatedHost, nobody, realHost, recorded as watchRecorded, type UsbWatch, type Watcher } from '../board/usb-watch.ts';
import { parseDuration } from '../bench/documents/duration.ts';
import { hex32 } from '../bench/documents/result.ts';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { loadImage, splitImagePath, type LoadedImage } from '../image/image.ts';
import { MS } from '../emu/time.ts';
import { chipNamed, readInput } from './inputs.ts';
import { Interrupted, verbatim, type Io } from './io.ts';
import { mustBeApart, Outputs } from './outputs.ts';
import { usbPackage } from './usb-package.ts';

/** The options of all `board` commands, as the command line library hands them over. */
export interface BoardOptions {
  readonly gdb?: string;
  readonly chip?: string;
  readonly server?: string;
  readonly timeout?: string;
  readonly record?: string;
  readonly json?: string;
  readonly color?: boolean;
  readonly yes?: boolean;
  readonly leaveHalted?: boolean;
  readonly flash?: boolean;
  readonly lastWriters?: boolean;
  readonly watch?: string;
  readonly watchFor?: string;
  readonly hse?: string;
}

/** What a record says of the command that made it, so that it can be played again. */
export interface Recorded {
  readonly action: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What goes into a record, and what does not. */
export interface Recording {
  /** Work on the board that stays out of it, such as reading a user's firmware back. */
  off<T>(work: () => Promise<T>): Promise<T>;
  /** What is seen on USB, and by whom. */
  watch(watch: UsbWatch, watcher?: Watcher): UsbWatch;
  /** Words that stand in the record for work that stays out of it; of a record, the words alone. */
  note(work: () => Promise<string>): Promise<string>;
}

/** The file of `--json`, kept free before the board is touched. Neither it nor that of `--record` may be something that is read, nor both one. */
export function jsonOutput({ json, record }: BoardOptions, io: Io, inputs: readonly string[] = []): Outputs {
  const to = json === undefined || json === '-' ? [] : [{ option: '--json', path: json }];
  mustBeApart([...to, ...(record === undefined ? [] : [{ option: '--record', path: record }])], io.cwd, inputs);
  return new Outputs(to, io.cwd);
}

/** Opens the way to the board, does the work, writes the record, and leaves the board to itself. */
export async function withBoard<T>(
  recorded: Recorded,
  options: BoardOptions,
  io: Io,
  use: (target: GdbTarget, chip: ChipDescription, recording: Recording) => Promise<T>,
): Promise<T> {
  if (options.gdb === undefined)
    throw new UsageError('where is the board? --gdb is missing', 'for example --gdb localhost:3333, where OpenOCD listens');
  if (options.chip === undefined)
    throw new UsageError('which chip? --chip is missing', 'for example --chip stm32h533re; `bootbench chips` lists them');
  const chip = chipNamed(options.chip);
  const server = serverNamed(options.server);
  const running = options.leaveHalted !== true;
  const outputs = new Outputs(options.record === undefined ? [] : [{ option: '--record', path: options.record }], io.cwd);
  const lines = [RECORD_HEADER, `# ${recorded.action} ${chip.name} ${JSON.stringify({ ...recorded.options, server, running })}`];
  const mark = (words: string): void => void lines.push(`@ ${words}`);
  let silent = false;
  const kept: Recording = {
    async off(work) {
      silent = true;
      try {
        return await work();
      } finally {
        silent = false;
      }
    },
    // what the emulated host saw stands in its server's answers
    watch: (watch, watcher = watch === emulatedHost ? 'emulated' : 'host') => watchRecorded(watch, watcher, mark),
    async note(work) {
      const words = await kept.off(work);
      mark(words);
      return words;
    },
  };
  let transport: Transport;
  try {
    transport = await connect(options.gdb);
  } catch (error) {
    outputs.discard();
    throw error;
  }
  if (options.record !== undefined) transport = recording(transport, (line) => void (silent || lines.push(line)), redactRom(chip));
  try {
    return await over(transport, chip, io, { server, running }, (target) => use(target, chip, kept));
  } finally {
    if (options.record !== undefined) outputs.write('--record', verbatim(`${lines.join('\n')}\n`));
    outputs.discard();
  }
}
function serverNamed(name: string | undefined): ServerName | null {
  if (name === undefined) return null;
  const found = SERVERS.find((s) => s === name.toLowerCase());
  if (found === undefined) throw new UsageError(`--server: ${JSON.stringify(name)} is not known`, `it is one of ${SERVERS.join(', ')}`);
  return found;
}

export async function over<T>(
  transport: Transport,
  chip: ChipDescription,
  io: Io,
  how: { readonly server: ServerName | null; readonly running: boolean },
  use: (target: GdbTarget, chip: ChipDescription) => Promise<T>,
): Promise<T> {
  const farewell: Farewell = { until: null };
  try {
    const target = await GdbTarget.attach(transport, (text) => io.stderr.write(text), how.server);
    return await leftAlone(target, how.running, io, farewell, async () => {
      await identify(target, chip);
      return use(target, chip);
    });
  } catch (error) {
    // what the board or its server does is no defect of the program
    if (error instanceof SilentBoard) throw new SurroundingsError(error.message);
    if (error instanceof BoardError) throw new UsageError(error.message);
    throw error;
  } finally {
    transport.close();
    const closesMs = Math.min(CLOSES_MS, (farewell.until ?? Infinity) - performance.now());
    // many servers have room for one client: the next command would find it taken
    for (let waited = 0; !transport.closed && waited < closesMs; waited += 10) await new Promise((settle) => void setTimeout(settle, 10));
    // who does not close his end would keep the program alive
    transport.destroy();
  }
}
/** Of a server that has been told to let go. */
const CLOSES_MS = 1000;
/** From a signal on, for all that is left to do on the board: nobody waits longer for a server that says nothing any more. */
const FAREWELL_MS = 1000;
/** The same where the server has fallen silent by itself: it may only have been slow. */
const SILENT_MS = 2000;
interface Farewell {
  /** By `performance.now()`; null: no signal has come, and the server answers. */
  until: number | null;
}
/** Does the work, and lets go of the board; also where a signal comes in the middle of either. */
async function leftAlone<T>(target: GdbTarget, running: boolean, io: Io, farewell: Farewell, work: () => Promise<T>): Promise<T> {
  let interrupt: (error: Interrupted) => void = () => undefined;
  const told = new Promise<never>((_, fail) => (interrupt = fail));
  const stopListening = io.onInterrupt((signal) => interrupt(new Interrupted(signal, 'interrupted')));
  const workAndLeave = async (): Promise<T> => {
    const done = await work().catch(async (error: unknown) => {
      if (error instanceof Interrupted) throw error;
      if (error instanceof SilentBoard) farewell.until = performance.now() + SILENT_MS;
      await target.detach(running, farewell.until ?? Infinity);
      throw error;
    });
    await target.detach(running);
    return done;
  };
  try {
    return await Promise.race([workAndLeave(), told]);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    farewell.until = performance.now() + FAREWELL_MS;
    const letGo = target.takenOver(error, farewell.until).then((heir) => heir.detach(running));
    const late = new Promise<false>((settle) => void setTimeout(() => settle(false), FAREWELL_MS).unref());
    const left = await Promise.race([letGo, late]);
    const state = running ? 'the board runs on' : 'the board is left halted';
    throw new Interrupted(error.signal, `interrupted: ${left ? state : 'the board does not answer, and what it does now is not known'}`);
  } finally {
    stopListening();
  }
}
/** ST's ROM does not go into records: of system memory only the two words of its vector table that say where it begins stay. */
function redactRom(chip: ChipDescription): (request: string, reply: string) => string {
  const [from, to] = chip.rom?.range.value ?? [1, 0];
  const table = chip.rom?.vectorTable.value ?? 0;
  return (request, reply) => {
    const [, at, size] = /^m([0-9a-f]+),([0-9a-f]+)$/.exec(request) ?? [];
    if (at === undefined) return reply;
    const [address, length] = [parseInt(at, 16), parseInt(size!, 16)];
    const vectors = address >= table && address + length <= table + 8;
    return address + length > from && address <= to && !vectors && !/^E/.test(reply) ? '00'.repeat(reply.length / 2) : reply;
  };
}

/** Milliseconds of an option, or `fallback`. */
export const millisecondsOf = (text: string | undefined, option: string, fallback: number): number =>
  text === undefined ? fallback : Math.ceil(parseDuration(text, option) / MS);

/** Hertz of `--hse 8M`; null where it is left out. */
export function hseOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const mhz = Number(/^(\d{1,2}(?:\.\d{1,6})?)\s*(?:M|MHz)$/i.exec(text)?.[1]);
  if (!(mhz >= 1 && mhz <= 50))
    throw new UsageError(`--hse: ${JSON.stringify(text)} is not a frequency from 1 to 50 MHz`, 'for example --hse 8M');
  return Math.round(mhz * 1e6);
}

/** Puts a question to a person at the terminal; null where there is none. */
async function askUser(question: string, io: Io): Promise<boolean | null> {
  const answer = await io.ask?.({ message: question });
  return answer === undefined ? null : answer.length > 0;
}
/** Before the first reset: comparators that are set say that somebody is debugging this board, whose work a reset ends. */
export async function consentToReset(target: GdbTarget, options: Pick<BoardOptions, 'yes'>, io: Io): Promise<void> {
  const used = await comparatorsInUse(target);
  if (used === 0 || options.yes === true) return;
  const found = `${used} ${used === 1 ? 'breakpoint or watchpoint is' : 'breakpoints or watchpoints are'} set on this board: somebody is debugging it`;
  if ((await askUser(`${found}. Reset it anyway?`, io)) === true) return;
  throw new UsageError(`${found}, and a reset would end that`, 'close the other debugger, or add --yes');
}

export const imagesOf = (paths: readonly string[], io: Io): LoadedImage[] =>
  paths.map((path) => loadImage(readInput(splitImagePath(path).file, 'image', io.cwd), path));
/** With --flash programs the images; else says where the board's flash is another one. */
export async function settleFlash(
  target: GdbTarget,
  chip: ChipDescription,
  images: readonly LoadedImage[],
  options: Pick<BoardOptions, 'flash'>,
  io: Io,
): Promise<void> {
  const difference = images.length === 0 ? null : await flashDifference(target, chip, images);
  if (difference === null) return;
  const { address, path } = difference;
  if (options.flash !== true) {
    io.stderr.write(`the board's flash does not hold ${path}: it differs at ${hex32(address)}; --flash programs it\n`);
    return;
  }
  const chunks = flashChunks(chip, images);
  const regions = await target.flashRegions();
  if (!chunks.every((c) => regions.some((r) => c.address >= r.start && c.address + c.data.length <= r.start + r.length)))
    throw new UsageError(
      `${target.dialect.label} cannot program this flash`,
      'program the image with your usual tool, then leave --flash out',
    );
  await target.program(
    regions,
    chunks.map((c) => ({ address: c.address, bytes: c.data })),
  );
  const left = await flashDifference(target, chip, images);
  if (left !== null) throw new BoardError(`the flash was programmed, but does not hold ${left.path} at ${hex32(left.address)}`);
  io.stderr.write(`${chunks.reduce((n, c) => n + c.data.length, 0)} bytes programmed\n`);
}

/** DFU enumerates within a second where it does at all; hosts retry for some seconds. */
export const WATCH_MS = 10_000;
export const SEEN = { dfu: 'DFU', nothing: 'no DFU', 'not-watched': 'nobody watched' } as const;
const WATCHES = ['usb', 'ask', 'none'] as const;
/** Who watches USB: by --watch; left out: the emulated host where there is one, the package `usb` if it is installed, a person at a terminal, nobody. */
export async function usbWatch(target: GdbTarget, options: Pick<BoardOptions, 'watch'>, io: Io): Promise<UsbWatch> {
  const { watch } = options;
  const asked = askedUser((question) => askUser(question, io));
  if (watch !== undefined && !(WATCHES as readonly string[]).includes(watch))
    throw new UsageError(`--watch: ${JSON.stringify(watch)} is not known`, `it is one of ${WATCHES.join(', ')}`);
  if (watch === 'none') return nobody;
  if (watch === 'ask') {
    if (io.ask === undefined) throw new UsageError('--watch ask needs a terminal', 'or use --watch usb, which needs the package `usb`');
    return asked;
  }
  if (watch === undefined && target.dialect.name === 'bootbench') return emulatedHost;
  try {
    return realHost((await usbPackage('--watch usb')).webusb);
  } catch (error) {
    if (watch === 'usb' || !(error instanceof UsageError)) throw error;
    return io.ask === undefined ? nobody : asked;
  }
}
