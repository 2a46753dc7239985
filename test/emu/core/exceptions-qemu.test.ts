/**
 * The same program on QEMU's MPS2 boards and here: faults by kind and mask, escalation, nesting, 150 random sets of priorities, FP frames,
 * MSR and MRS. Known differences of QEMU are masked in the program: UFRDY in ARMv7-M's FPCCR (DDI 0403 B3.2.21 has no such bit), VECTPENDING
 * showing what BASEPRI masks (DDI 0403 B3.2.4: it takes BASEPRI into account), and Secure state's bits on its Cortex-M33.
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
const PROGRAMS = join(import.meta.dirname, 'programs');

const installed = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const oracles = installed('qemu-system-arm') && installed('arm-none-eabi-gcc');
if (!oracles && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error('qemu-system-arm and arm-none-eabi-gcc are required');

function build(dir: string, program: string, b: (typeof BOARDS)[number]): string {
  const elf = join(dir, `${program}.${b.core}.elf`);
  execFileSync('arm-none-eabi-gcc', [
    ...b.flags,
    '-mthumb',
    '-mfloat-abi=softfp',
    '-O1',
    '-fno-builtin',
    '-nostdlib',
    '-ffreestanding',
    `-Wl,--defsym=base=${b.base}`,
    '-Wl,--no-warn-rwx-segments',
    '-T',
    join(PROGRAMS, 'exceptions.ld'),
    '-o',
    elf,
    join(PROGRAMS, `${program}.c`),
  ]);
  return elf;
}
function onQemu(elf: string, board: string): string[] {
  const r = spawnSync(
    'qemu-system-arm',
    ['-M', board, '-nographic', '-monitor', 'none', '-serial', 'none', '-semihosting-config', 'enable=on,target=native', '-kernel', elf],
    { encoding: 'utf8', timeout: 60_000 },
  );
  return `${r.stdout}${r.stderr}`
    .trim()
    .split('\n')
    .map((l) => l.trim());
}
function here(elf: string, core: CoreName): string[] {
  // QEMU's boards have 32 lines and 8 priority bits
  const machine = bareMachine(core, { nvicLines: 32, priorityBits: 8 });
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
  return text
    .trim()
    .split('\n')
    .map((l) => l.trim());
}

describe.skipIf(!oracles)('exceptions against QEMU (needs qemu-system-arm and arm-none-eabi-gcc)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bootbench-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  for (const program of ['exceptions', 'mpu'])
    it.each(BOARDS)(
      `${program}: $core sees what $board sees`,
      (b) => {
        const elf = build(dir, program, b);
        const expected = onQemu(elf, b.board);
        expect(expected.length).toBeGreaterThan(300);
        expect(here(elf, b.core)).toEqual(expected);
      },
      60_000,
    );
});
