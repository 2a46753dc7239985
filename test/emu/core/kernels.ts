/** Short pieces of assembly, measured on the emulated core by its own counter: DWT CYCCNT, on Cortex-M0 SysTick. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { bareMachine, FLASH, RAM, type CoreName } from './bare-machine.ts';

export const compilerMissing = spawnSync('arm-none-eabi-gcc', ['--version']).status === 0 ? '' : 'arm-none-eabi-gcc is not here';
if (compilerMissing && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(compilerMissing);

export interface Kernel {
  readonly rule: string;
  readonly code: string;
  readonly cycles: number;
  /** Run before the measurement begins. */
  readonly before?: string;
}
const RESULTS = RAM + 0x1000;
const BUFFER = RAM + 0x2000;
function flagsOf(core: CoreName): string[] {
  const { title, fpu, fpv5 } = PROFILES[core];
  const unit = `${fpv5 ? 'fpv5' : 'fpv4'}${fpu === 'sp' ? '-sp' : ''}-d16`;
  return [`-mcpu=${title.toLowerCase().replace('+', 'plus')}`, ...(fpu === 'none' ? [] : [`-mfpu=${unit}`, '-mfloat-abi=hard'])];
}
const isSlim = (core: CoreName): boolean => PROFILES[core].arch === 'v6m';
/** R0…R3 = 8, 3, 5, 1; R4 and R5 point into RAM (R5 to R4 + 64), R6 = 4; R11 to the counter. ISB, or a branch, keeps the kernel apart from the reads. */
function functionOf(k: Kernel, index: number, core: CoreName): string {
  const slim = isSlim(core);
  const counter = slim ? '0xe000e018' : '0xe0001004';
  const read = (r: string): string => (slim ? `mov r7, r11\n ldr r7, [r7]\n mov ${r}, r7` : `ldr.w ${r}, [r11]`);
  return `
.balign 16
.thumb_func
k${index}:
 push {r4-r7, lr}
 ldr r4, =${counter}
 mov r11, r4
 ldr r4, =${BUFFER}
 ldr r5, =${BUFFER + 64}
 movs r6, #4
 movs r0, #8
 movs r1, #3
 movs r2, #5
 movs r3, #1
 ${(k.before ?? '').split(';').join('\n ')}
 b 1f
 .ltorg
 .balign 16
1:
 ${read('r8')}
 isb
 .balign 4
 ${k.code.split(';').join('\n ')}
 ${slim || core === 'm3' || core === 'm4' ? 'b 9f\n .balign 4' : 'isb'}
9:
 ${read('r9')}
 mov r0, r8
 mov r1, r9
 ${slim ? 'subs r0, r0, r1\n lsls r0, r0, #8\n lsrs r0, r0, #8' : 'subs r0, r1, r0'}
 ldr r1, =${RESULTS + 4 * index}
 str r0, [r1]
 pop {r4-r7, pc}
 .ltorg
`;
}
/** Cycles of each kernel, without what the measurement itself takes. */
export function measure(core: CoreName, kernels: readonly Kernel[]): number[] {
  const all = [{ rule: 'nothing', code: '', cycles: 0 }, ...kernels];
  const enable = isSlim(core)
    ? 'ldr r0, =0xe000e010\n ldr r1, =0xffffff\n str r1, [r0, #4]\n movs r1, #0\n str r1, [r0, #8]\n movs r1, #5\n str r1, [r0]'
    : 'ldr r0, =0xe000ed88\n ldr r1, =0xf00000\n str r1, [r0]\n ldr r0, =0xe000edfc\n ldr r1, =0x1000000\n str r1, [r0]\n ldr r0, =0xe0001fb0\n ldr r1, =0xc5acce55\n str r1, [r0]\n ldr r0, =0xe0001000\n movs r1, #1\n str r1, [r0]\n dsb\n isb';
  const source = `
 .syntax unified
 .thumb
 .section .text
 .word ${RAM + 0x800}
 .word start + 1
 .thumb_func
start:
 ${enable}
${all.map((_, i) => ` bl k${i}`).join('\n')}
.thumb_func
done:
 b done
 .ltorg
${all.map((k, i) => functionOf(k, i, core)).join('\n')}`;
  const folder = mkdtempSync(join(tmpdir(), 'bootbench-kernels-'));
  try {
    const at = (name: string): string => join(folder, name);
    writeFileSync(at('k.s'), source);
    const run = (command: string, args: readonly string[]): void => {
      const r = spawnSync(command, args, { encoding: 'utf8' });
      if (r.status !== 0) throw new Error(`${command}: ${r.stderr}`);
    };
    run('arm-none-eabi-gcc', [
      ...flagsOf(core),
      '-mthumb',
      '-nostdlib',
      '-Wl,-Ttext=0x08000000,--no-warn-rwx-segments',
      '-Wl,-e,start',
      '-o',
      at('k.elf'),
      at('k.s'),
    ]);
    run('arm-none-eabi-objcopy', ['-O', 'binary', at('k.elf'), at('k.bin')]);
    const machine = bareMachine(core);
    const image = readFileSync(at('k.bin'));
    machine.load(FLASH, new Uint8Array(image));
    machine.powerOn();
    machine.run(machine.now + 1e9);
    const cpu = machine.cores[0]!;
    const values = all.map((_, i) => cpu.peek(RESULTS + 4 * i, 4)!);
    return values.slice(1).map((v) => v - values[0]!);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
