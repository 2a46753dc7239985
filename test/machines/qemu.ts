/**
 * QEMU's boards, for tests only: what a program prints by semihosting there, and on a machine of the same core here. Programs use nothing of a
 * board but code memory, 16 KB of RAM at 0x20000000 and the NVIC.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveSemihosting } from '../../src/bench/input/semihosting.ts';
import { loadImage } from '../../src/image/image.ts';
import { PS_PER_SECOND } from '../../src/emu/time.ts';
import { bareMachine, type CoreName } from '../emu/core/bare-machine.ts';

/** As many interrupts and bits of priority as QEMU's models of these boards have. */
const MPS2 = { nvicLines: 32, priorityBits: 8 };
const NRF51 = { nvicLines: 32, priorityBits: 2 };
export const MICROBIT = { core: 'm0', board: 'microbit', flags: ['-mcpu=cortex-m0'], base: 0, nvic: NRF51 } as const;
export const BOARDS = [
  { core: 'm4', board: 'mps2-an386', flags: ['-mcpu=cortex-m4', '-mfpu=fpv4-sp-d16'], base: 0, nvic: MPS2 },
  { core: 'm7', board: 'mps2-an500', flags: ['-mcpu=cortex-m7', '-mfpu=fpv5-d16'], base: 0, nvic: MPS2 },
  { core: 'm33', board: 'mps2-an505', flags: ['-mcpu=cortex-m33', '-mfpu=fpv5-sp-d16'], base: 0x1000_0000, nvic: MPS2 },
] as const;
/** Without FPU: for programs that do not use one. */
export const M3_BOARD = { core: 'm3', board: 'mps2-an385', flags: ['-mcpu=cortex-m3'], base: 0, nvic: MPS2 } as const;
const PROGRAMS = join(import.meta.dirname, '../emu/core/programs');
interface Board {
  readonly core: CoreName;
  readonly board: string;
  readonly flags: readonly string[];
  readonly base: number;
  readonly nvic: { readonly nvicLines: number; readonly priorityBits: number };
}

const installed = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
export const oracles = installed('qemu-system-arm') && installed('arm-none-eabi-gcc');
if (!oracles && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error('qemu-system-arm and arm-none-eabi-gcc are required');

/** @param more options of the compiler, and libraries, which stand behind the source. */
export function build(elf: string, program: string, { flags, base }: Board, more: readonly string[]): string {
  execFileSync('arm-none-eabi-gcc', [
    ...flags,
    '-mthumb',
    '-nostdlib',
    '-ffreestanding',
    `-Wl,--defsym=base=${base}`,
    '-Wl,--no-warn-rwx-segments',
    '-T',
    join(PROGRAMS, 'exceptions.ld'),
    '-o',
    elf,
    join(PROGRAMS, `${program}.c`),
    ...more,
  ]);
  return elf;
}

const lines = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((l) => l.trim());

export function onQemu(elf: string, board: string): string[] {
  const r = spawnSync(
    'qemu-system-arm',
    ['-M', board, '-nographic', '-monitor', 'none', '-serial', 'none', '-semihosting-config', 'enable=on,target=native', '-kernel', elf],
    { encoding: 'utf8', timeout: 180_000 },
  );
  return lines(`${r.stdout}${r.stderr}`);
}

export function here(elf: string, { core, nvic }: Board): string[] {
  const machine = bareMachine(core, nvic);
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
