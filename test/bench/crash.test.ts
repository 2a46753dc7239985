/** Faults in words, each of a program of a few instructions. */
import { expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import { plainJob } from './plain-job.ts';

const FLASH_START = 0x08000000;
const HARD_FAULT_HANDLER = FLASH_START + 0x10;
const PROGRAM = FLASH_START + 0x14;
/** The first line about the crash of a program on F405: four vectors, `B .` as the handler, then the instructions. */
function crashOf(...halfwords: readonly number[]): string {
  const words = [0x20020000, PROGRAM | 1, HARD_FAULT_HANDLER | 1, HARD_FAULT_HANDLER | 1, 0xbf00e7fe];
  const bytes = new Uint8Array([...new Uint8Array(Uint32Array.from(words).buffer), ...new Uint8Array(Uint16Array.from(halfwords).buffer)]);
  const result = firstRun(plainJob('stm32f405rg', [{ path: 'fw.bin@0x08000000', bytes }]), {});
  expect(result.outcome).toBe('fault');
  return result.notes.find((n) => n.kind === 'crash')!.text;
}

it('UDF is told from an instruction that the core does not have', () => {
  expect(crashOf(0xde00)).toMatch(/^0x08000014 ran into UDF, which compilers put where no program may come/);
  expect(crashOf(0xfc00, 0x0000)).not.toContain('UDF');
});

it('a wrong key of FLASH is told beside the bus error that it is answered with', () => {
  // LDR r0, =0x40023C08 (OPTKEYR of F4); STR r0, [r0]
  expect(crashOf(0x4800, 0x6000, 0x3c08, 0x4002)).toMatch(/wrote to 0x40023c08: that is FLASH\.OPTKEYR .*OPTKEYR only behind KEYR$/);
});

it('an access to memory on the board, behind a controller that runs, is told to be one', () => {
  // LDR r0, =RCC_AHB3ENR; MOVS r1, #1 (FSMCEN); STR r1, [r0]; LDR r0, =0x60000000; STR r1, [r0]; NOP
  const enable = [0x4802, 0x2101, 0x6001, 0x4802, 0x6001, 0xbf00, 0x3838, 0x4002, 0x0000, 0x6000];
  expect(crashOf(...enable)).toContain('bootbench has no memory behind FSMC: on a board that has one the program goes on here');
  expect(crashOf(...enable.with(1, 0x2100))).toMatch(/nothing answers there on STM32F405RG$/);
});
