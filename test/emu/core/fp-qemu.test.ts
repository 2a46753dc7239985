/**
 * Compiled floating-point code, and single instructions in random FPSCR states, on QEMU's MPS2 boards and here. QEMU 7.2 has the rounding of
 * VCVT from fixed point that Unicorn's QEMU 5.0 lacks.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { serveSemihosting } from '../../../src/bench/semihosting.ts';
import { loadImage } from '../../../src/emu/image/image.ts';
import { PS_PER_SECOND } from '../../../src/emu/time.ts';
import { bareMachine, type CoreName } from './bare-machine.ts';

const BOARDS = [
  { core: 'm4', board: 'mps2-an386', flags: ['-mcpu=cortex-m4', '-mfpu=fpv4-sp-d16'], base: 0 },
  { core: 'm7', board: 'mps2-an500', flags: ['-mcpu=cortex-m7', '-mfpu=fpv5-d16'], base: 0 },
  { core: 'm33', board: 'mps2-an505', flags: ['-mcpu=cortex-m33', '-mfpu=fpv5-sp-d16'], base: 0x1000_0000 },
] as const;
const CASES = BOARDS.flatMap((b) => ['-O0', '-O2', '-Os'].map((level) => ({ ...b, level })));
const PROGRAMS = join(import.meta.dirname, 'programs');

const installed = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const oracles = installed('qemu-system-arm') && installed('arm-none-eabi-gcc');
if (!oracles && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error('qemu-system-arm and arm-none-eabi-gcc are required');

function build(dir: string, c: (typeof CASES)[number]): string {
  const elf = join(dir, `float.${c.core}${c.level}.elf`);
  execFileSync('arm-none-eabi-gcc', [
    ...c.flags,
    c.level,
    '-mthumb',
    '-mfloat-abi=hard',
    '-nostartfiles',
    '-nostdlib',
    '-ffreestanding',
    `-Wl,--defsym=base=${c.base}`,
    '-Wl,--no-warn-rwx-segments',
    '-T',
    join(PROGRAMS, 'exceptions.ld'),
    '-o',
    elf,
    join(PROGRAMS, 'float.c'),
    '-lgcc',
  ]);
  return elf;
}
const lines = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((l) => l.trim());
function onQemu(elf: string, board: string): string[] {
  const r = spawnSync(
    'qemu-system-arm',
    ['-M', board, '-nographic', '-monitor', 'none', '-serial', 'none', '-semihosting-config', 'enable=on,target=native', '-kernel', elf],
    { encoding: 'utf8', timeout: 60_000 },
  );
  return lines(`${r.stdout}${r.stderr}`);
}
function here(elf: string, core: CoreName): string[] {
  const machine = bareMachine(core);
  for (const c of loadImage(readFileSync(elf), elf).chunks) machine.load(c.address, c.data);
  let text = '';
  machine.observer.semihosting = (cpu) => {
    serveSemihosting(cpu, { print: (t) => void (text += t), exit: () => machine.stop(), now: () => machine.now });
    return true;
  };
  machine.observer.lockup = (_core, why) => {
    text += `lockup: ${why}\n`;
    machine.stop();
  };
  machine.bootAt = 0;
  machine.powerOn();
  machine.run(PS_PER_SECOND);
  return lines(text);
}

describe.skipIf(!oracles)('floating-point programs against QEMU (needs qemu-system-arm and arm-none-eabi-gcc)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bootbench-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  it.each(CASES)(
    '$core $level: same words as on $board',
    (c) => {
      const elf = build(dir, c);
      const expected = onQemu(elf, c.board);
      expect(expected).toHaveLength(63);
      expect(new Set(expected).size).toBe(63);
      expect(here(elf, c.core)).toEqual(expected);
    },
    60_000,
  );
});
