/** `bootbench board check|run|replay|dump-rom`: the checks on a real board, through the GDB server that the user runs anyway. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkBoard, identify, romVectors, type BoardReport } from '../board/check-board.ts';
import { GdbTarget } from '../board/gdb-target.ts';
import { BoardError, type Transport } from '../board/rsp-client.ts';
import { connectTcp, parseServer, RECORD_HEADER, recording, replaying } from '../board/transports.ts';
import { parseDuration } from '../bench/duration.ts';
import { romProfileIfAny } from '../bench/job.ts';
import { hex32 } from '../bench/result.ts';
import { UsageError } from '../bench/usage-error.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { MS } from '../emu/time.ts';
import { pad, wrap } from '../report/text.ts';
import { chipNamed } from './inputs.ts';
import { EXIT, paintFor, type Io } from './io.ts';
import { Outputs, reason } from './outputs.ts';

export interface BoardOptions {
  readonly gdb?: string;
  readonly chip?: string;
  readonly timeout?: string;
  readonly record?: string;
  readonly json?: string;
  readonly color?: boolean;
}
export const BOARD_SCHEMA = 'bootbench/board@1';
type Action = 'check' | 'run' | 'dump-rom';

/** Opens the way to the board, does `action`, writes the record, and leaves the board to itself. */
async function withBoard<T>(
  action: Action,
  options: BoardOptions,
  io: Io,
  more: readonly string[],
  use: (target: GdbTarget, chip: ChipDescription) => Promise<T>,
): Promise<T> {
  if (options.gdb === undefined)
    throw new UsageError('where is the board? --gdb is missing', 'for example --gdb localhost:3333, where OpenOCD listens');
  if (options.chip === undefined)
    throw new UsageError('which chip? --chip is missing', 'for example --chip stm32h533re; `bootbench chips` lists them');
  const chip = chipNamed(options.chip);
  const { host, port } = parseServer(options.gdb);
  const outputs = new Outputs(options.record === undefined ? [] : [{ option: '--record', path: options.record }], io.cwd);
  const lines = [RECORD_HEADER, [action, chip.name, ...more].join(' ')];
  let transport: Transport = await connectTcp(host, port);
  if (options.record !== undefined) transport = recording(transport, (line) => void lines.push(line), redactRom(chip));
  try {
    return await over(transport, chip, io, use);
  } finally {
    if (options.record !== undefined) outputs.write('--record', `${lines[0]}\n# ${lines.slice(1).join('\n')}\n`);
    outputs.discard();
  }
}
async function over<T>(
  transport: Transport,
  chip: ChipDescription,
  io: Io,
  use: (target: GdbTarget, chip: ChipDescription) => Promise<T>,
): Promise<T> {
  try {
    const target = await GdbTarget.attach(transport, (text) => io.stderr.write(text));
    try {
      await identify(target, chip);
      return await use(target, chip);
    } finally {
      await target.detach();
    }
  } catch (error) {
    // what the board or its server does is no defect of the program
    if (error instanceof BoardError) throw new UsageError(error.message);
    throw error;
  } finally {
    transport.close();
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

export async function boardCheckCommand(options: BoardOptions, io: Io): Promise<number> {
  const found = await withBoard('check', options, io, [], (target, chip) => checkBoard(target, chip, romProfileIfAny(chip)));
  return tell(found, chipNamed(options.chip!), options, io);
}

export async function boardRunCommand(options: BoardOptions, io: Io): Promise<number> {
  const timeout = options.timeout === undefined ? 10_000 : Math.ceil(parseDuration(options.timeout, '--timeout') / MS);
  const found = await withBoard('run', options, io, [String(timeout)], (target, chip) => runToEntry(target, chip, timeout, io));
  return tell(found, chipNamed(options.chip!), options, io);
}
/** Resets, runs to the first instruction of the ROM, and judges there. */
async function runToEntry(target: GdbTarget, chip: ChipDescription, timeout: number, io: Io): Promise<BoardReport> {
  const vectors = await romVectors(target, chip);
  if (vectors === null) throw new BoardError('the ROM cannot be read, so it is not known where it begins; is read-out protection on?');
  const entry = (vectors.reset & ~1) >>> 0;
  await target.monitor('reset halt');
  await target.setBreakpoint(entry, true);
  const stop = await target.runUntilStop(timeout);
  await target.setBreakpoint(entry, false);
  const pc = (await target.readRegister('pc')) ?? 0;
  if (stop === null)
    io.stderr.write(`the ROM's entry ${hex32(entry)} was not reached in ${timeout / 1000} s; the core was at ${hex32(pc)}\n`);
  else if (pc !== entry) io.stderr.write(`the core stopped at ${hex32(pc)}, not at the ROM's entry ${hex32(entry)}\n`);
  return checkBoard(target, chip, romProfileIfAny(chip));
}

export async function boardReplayCommand(file: string, options: BoardOptions, io: Io): Promise<number> {
  let text: string;
  try {
    text = readFileSync(resolve(io.cwd, file), 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reason(error)}`);
  }
  const [, action, name, ms] = /^# (check|run) (\S+)(?: (\d+))?$/m.exec(text) ?? [];
  if (action === undefined) throw new UsageError(`${file} is no record of \`board check\` or \`board run\``);
  const chip = chipNamed(name!);
  const transport = replaying(text.replace(/^# .*\n/m, ''), file);
  const found = await over(transport, chip, io, (target) =>
    action === 'check' ? checkBoard(target, chip, romProfileIfAny(chip)) : runToEntry(target, chip, Number(ms), io),
  );
  return tell(found, chip, options, io);
}

export async function boardDumpCommand(file: string, options: BoardOptions, io: Io): Promise<number> {
  const outputs = new Outputs([{ option: 'the dump', path: file }], io.cwd);
  try {
    const bytes = await withBoard('dump-rom', options, io, [], async (target, chip) => {
      const memory = romProfileIfAny(chip)?.systemMemory.value;
      if (!memory) throw new UsageError(`it is not known where the ROM of ${chip.name} lies`);
      const read = await target.readMemory(memory.base, memory.size);
      if (read?.length !== memory.size) throw new BoardError(`the board let only ${read?.length ?? 0} of ${memory.size} bytes be read`);
      if (read.every((b) => b === read[0]))
        throw new BoardError('all bytes are the same: that is no ROM; many servers answer so for a board that is gone');
      return read;
    });
    outputs.write('the dump', bytes);
    io.stderr.write(`${file}: ${bytes.length} bytes. This is ST's code: use it with --rom on your machine, and do not publish it.\n`);
    return EXIT.ok;
  } finally {
    outputs.discard();
  }
}

function tell(report: BoardReport, chip: ChipDescription, options: BoardOptions, io: Io): number {
  const failed = report.checks.some((c) => c.judgement.verdict === 'fail');
  if (options.json !== undefined) {
    const document = `${JSON.stringify(documentOf(report, chip), null, 2)}\n`;
    if (options.json === '-') io.stdout.write(document);
    else {
      const outputs = new Outputs([{ option: '--json', path: options.json }], io.cwd);
      outputs.write('--json', document);
    }
  }
  if (options.json !== '-') io.stdout.write(textOf(report, chip, io, options.color !== false));
  return report.entry === null || failed ? EXIT.failed : EXIT.ok;
}
function documentOf(report: BoardReport, chip: ChipDescription): object {
  return {
    schema: BOARD_SCHEMA,
    chip: chip.name,
    entry: report.entry && { address: hex32(report.entry.address), how: report.entry.how },
    pc: hex32(report.pc),
    registers: Object.fromEntries(Object.entries(report.registers).map(([name, value]) => [name, hex32(value)])),
    checks: report.checks.map(({ id, judgement }) => {
      const { verdict, observed, expected, because, source, confidence } = judgement;
      return { id, verdict, observed, expected, because, source, confidence };
    }),
  };
}
const ORDER = ['fail', 'warn', 'unknown', 'pass'];
function textOf(report: BoardReport, chip: ChipDescription, io: Io, colour: boolean): string {
  const paint = paintFor(io, io.stdout, colour);
  const where = report.entry
    ? `at the entry into the ROM, ${hex32(report.entry.address)}`
    : `at ${hex32(report.pc)}, not at an entry into the ROM`;
  const lines = [paint('bold', `${chip.name} on a board, ${where}`)];
  const rows = report.checks
    .filter((c) => c.judgement.verdict !== 'n/a')
    .toSorted((a, b) => ORDER.indexOf(a.judgement.verdict) - ORDER.indexOf(b.judgement.verdict));
  const width = Math.max(...rows.map((r) => r.id.length)) + 1;
  for (const { id, judgement } of rows) {
    const { verdict, observed, because } = judgement;
    const style = verdict === 'fail' ? 'red' : verdict === 'pass' ? 'green' : 'dim';
    lines.push(`  ${pad(paint(style, verdict), 9)}${pad(id, width)}${observed ?? ''}`);
    if (verdict === 'fail' || verdict === 'warn' || verdict === 'unknown') lines.push(...wrap(because, io.stdout.columns, ' '.repeat(11)));
  }
  return `${lines.join('\n')}\n`;
}
