/** `bootbench board capture`: what a board holds after a reset, at the ROM's entry, in the running ROM or behind a leave, as facts for review. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { capture, CAPTURE_POINTS, CAPTURE_SCHEMA, type Capture, type CapturePoint } from '../board/capture.ts';
import type { GdbTarget } from '../board/gdb-target.ts';
import { SettleBench } from '../board/settle.ts';
import { nobody } from '../board/usb-watch.ts';
import { BoardError } from '../board/rsp-client.ts';
import { continueTo, hasArrived, romEntry, runTo } from '../board/run-board.ts';
import { bootAddress, romProfileIfAny } from '../bench/input/job.ts';
import { hex32 } from '../bench/documents/result.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { resolveRomOptions } from '../rom/options.ts';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { consentToReset, millisecondsOf, withBoard, type BoardOptions } from './board-common.ts';
import { EXIT, type Io } from './io.ts';
import { Outputs } from './outputs.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';

export interface CaptureOptions extends BoardOptions {
  readonly at?: string;
}

export async function boardCaptureCommand(file: string, options: CaptureOptions, io: Io): Promise<number> {
  const at = CAPTURE_POINTS.find((p) => p === (options.at ?? 'now'));
  if (at === undefined) throw new UsageError(`--at: ${JSON.stringify(options.at)} is not known`, `it is ${CAPTURE_POINTS.join(', ')}`);
  if (file !== '-' && existsSync(resolve(io.cwd, file)))
    throw new UsageError(`${file} already exists, and measured facts are not overwritten`, 'give another name and compare the two files');
  const timeout = millisecondsOf(options.timeout, '--timeout', at === 'leave' ? 120_000 : 10_000);
  const outputs = new Outputs(file === '-' ? [] : [{ option: 'the facts', path: file }], io.cwd);
  try {
    let chip: ChipDescription | null = null;
    const captured = await withBoard({ action: 'capture', options: { at, timeout } }, options, io, async (target, found) => {
      chip = found;
      if (at === 'now') await target.assertHalted();
      else await consentToReset(target, options, io);
      return captureAt(target, found, at, timeout, io);
    });
    const document = captureDocument(captured, chip!, new Date());
    if (file === '-') io.stdout.raw(document);
    else outputs.write('the facts', document);
    const differ = captured.values.filter((v) => v.afterReset !== null && v.afterReset !== v.value).length;
    io.stderr.write(
      `${captured.values.length} registers read at ${at}; ${differ} differ from the documented reset values` +
        `${captured.settles.length > 0 ? `; ${captured.settles.map((s) => `${s.option}: ${s.value}`).join(', ')}` : ''}\n`,
    );
    return EXIT.ok;
  } finally {
    outputs.discard();
  }
}

/** Brings the board to that point and reads it. */
export async function captureAt(target: GdbTarget, chip: ChipDescription, at: CapturePoint, timeout: number, io: Io): Promise<Capture> {
  if (at === 'reset') await target.resetHalt();
  if (at === 'rom') await toRom(target, chip, timeout);
  if (at === 'entry') await toEntry(target, chip, timeout);
  if (at === 'leave') await toLeave(target, chip, timeout, io);
  return capture(target, chip, at);
}
/** Long enough for a ROM to set itself up, and shorter than its search for a host. */
const IN_ROM_MS = 1000;
/** A while behind a jump from the state that a reset leaves, which a probe in RAM makes. */
async function toRom(target: GdbTarget, chip: ChipDescription, timeout: number): Promise<void> {
  const profile = romProfileIfAny(chip);
  if (profile === null) throw new UsageError(`the ROM of ${chip.name} is not known`);
  const bench = await SettleBench.at(target, chip, profile, nobody, { timeout, watchFor: 0, tries: 1 });
  await bench.bareJump();
  await target.runUntilStop(IN_ROM_MS);
  await target.assertHalted();
  const pc = (await target.readRegister('pc')) ?? 0;
  const { base, size } = profile.systemMemory.value;
  if (pc < base || pc >= base + size) throw new BoardError(`the core did not stay in the ROM: it is at ${hex32(pc)}`);
}
async function toEntry(target: GdbTarget, chip: ChipDescription, timeout: number): Promise<void> {
  const arrival = await runTo(target, await romEntry(target, chip), timeout);
  if (!hasArrived(arrival)) throw new BoardError(`the ROM's entry was not reached: the core is at ${hex32(arrival.pc)}`);
}
/** The first instruction of the application behind the ROM: its reset vector, once the ROM has been entered. */
async function toLeave(target: GdbTarget, chip: ChipDescription, timeout: number, io: Io): Promise<void> {
  const [from, to] = chip.rom?.range.value ?? [1, 0];
  const pc = (await target.readRegister('pc')) ?? 0;
  if (pc < from || pc > to) await toEntry(target, chip, timeout);
  const table = bootAddress(chip, {});
  const vector = table === null ? null : await target.word(table + 4);
  if (vector === null || vector === 0 || vector === 0xffffffff)
    throw new BoardError('there is no application in flash for the ROM to start');
  io.stderr.write('the ROM runs: send it a leave request now, for example `dfu-util -a 0 -s 0x08000000:leave -D firmware.bin`\n');
  const arrival = await continueTo(target, (vector & ~1) >>> 0, timeout);
  if (!hasArrived(arrival)) throw new BoardError(`no leave was seen in ${timeout / 1000} s: the core is at ${hex32(arrival.pc)}`);
}

/** @param date null: not told */
export function captureDocument(c: Capture, chip: ChipDescription, date: Date | null): SafeText {
  const defaults = resolveRomOptions(romProfileIfAny(chip)?.options ?? {});
  const hexOrNull = (n: number | null): string | null => (n === null ? null : hex32(n));
  const document = {
    schema: CAPTURE_SCHEMA,
    chip: chip.name,
    date: date === null ? null : date.toISOString().slice(0, 10),
    silicon: { devId: hexOrNull(c.devId), revId: hexOrNull(c.revId), cpuid: hexOrNull(c.cpuid) },
    rom: { kind: c.rom },
    at: c.at,
    confidence: c.rom === 'silicon' ? 'measured' : 'assumed',
    registers: Object.fromEntries(Object.entries(c.registers).map(([name, value]) => [name, hex32(value)])),
    settles: c.settles.map((s) => {
      const present = defaults.find((o) => o.id === s.option);
      return { ...s, default: present?.value ?? null, defaultConfidence: present?.confidence ?? null };
    }),
    values: c.values.map((v) => ({
      path: v.path,
      address: hex32(v.address),
      value: hex32(v.value),
      ...(v.afterReset === null || v.afterReset === v.value ? {} : { afterReset: hex32(v.afterReset) }),
    })),
  };
  return jsonDocument(document);
}
