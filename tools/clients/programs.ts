/** Clients that are programs: stm32flash on a pseudo terminal, dfu-util in a guest whose kernel has imported the device over USB/IP. Both run below `bootbench uart` and `bootbench dfu`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { streamOf, type Io } from '../../src/cli/io.ts';
import { main } from '../../src/cli/program.ts';
import { inThread } from '../../src/cli/engine.ts';
import type { DfuRom } from '../../src/usb.ts';
import { jobOf, STEPS } from './attempt.ts';
import type { Outcome, Step } from './client.ts';

/** Effort: a guest boots for each; these stand for the three generations, the three controllers and the quirks. */
const GUEST_ROMS = ['F072', 'F405', 'F722', 'L476', 'G431', 'H533', 'H743', 'F427, long strings', 'C562 (by H533)', 'H743, bank 2 busy'];

async function bootbench(args: readonly string[], cwd: string): Promise<{ code: number; text: string }> {
  let text = '';
  const stream = streamOf((part) => void (text += part), { isTTY: false, columns: 200 });
  const io: Io = { stdout: stream, stderr: stream, env: process.env as Io['env'], cwd, onInterrupt: () => () => undefined };
  const code = await main(args, io, (job, hooks) => inThread(job, hooks));
  return { code, text };
}

async function program(command: readonly string[], rom: DfuRom, exec: string, step: (text: string) => Step): Promise<Outcome> {
  const cwd = mkdtempSync(join(tmpdir(), 'bootbench-clients-'));
  try {
    const { address, bytes } = jobOf(rom).blocks.at(command[0] === 'dfu' ? -1 : 0)!;
    writeFileSync(join(cwd, 'fw.bin'), bytes);
    const place = `0x${address.toString(16).padStart(8, '0')}`;
    const line = exec.replaceAll('ADDRESS', place);
    const { code, text } = await bootbench([...command, '--chip', rom.chip, '--boot0', '--save', 'flash.bin', '--exec', line], cwd);
    const said = text
      .trim()
      .split('\n')
      .filter((l) => !/^(bootbench|usbip|uart)\b/.test(l));
    if (/Terminated$/.test(text.trim())) return { ok: false, step: step(text), why: 'comes to no end in a minute' };
    if (code !== 0)
      return {
        ok: false,
        step: step(text),
        why: said.find((l) => /unknown|unsupported|fail|error/i.test(l)) ?? said.at(-1) ?? `exit ${code}`,
      };
    const flash = readFileSync(join(cwd, 'flash.bin')).subarray(address - 0x0800_0000);
    const same = bytes.every((byte, i) => flash[i] === byte);
    return same
      ? { ok: true, step: 'leave', why: null }
      : { ok: false, step: 'verify', why: 'it is content, but flash is not what was sent' };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

const stepBy =
  (marks: Readonly<Partial<Record<Step, RegExp>>>) =>
  (text: string): Step =>
    STEPS.findLast((step) => marks[step]?.test(text) === true) ?? 'open';

export const stm32flash = (rom: DfuRom): Promise<Outcome> =>
  program(
    ['uart'],
    rom,
    'stm32flash -m 8n1 -b 57600 -w fw.bin -v -g ADDRESS $UART 2>&1',
    stepBy({ descriptors: /Device ID/, erase: /Erasing/, download: /Wrote/, verify: /verified/, leave: /Starting execution/ }),
  );

/** null: not tried. @param guest the program that boots it, as docs/conformance.md uses it */
export async function dfuUtil(rom: DfuRom, guest: string): Promise<Outcome | null> {
  if (!GUEST_ROMS.includes(rom.name)) return null;
  const quirks = rom.quirks.flatMap((quirk) => ['--quirk', quirk]);
  return program(
    ['dfu', '--port', '0', ...quirks],
    rom,
    `${guest} $USBIP_PORT $USBIP_BUSID -- 'timeout 60 dfu-util -a 0 -s ADDRESS:leave -D fw.bin 2>&1'`,
    stepBy({ descriptors: /Opening DFU capable/, erase: /Erase/, download: /Download\s/, leave: /Submitting leave/ }),
  );
}
