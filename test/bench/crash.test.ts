/** Faults in words, each of a program of a few instructions. */
import { expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const FLASH_START = 0x08000000;
const HARD_FAULT_HANDLER = FLASH_START + 0x10;
const PROGRAM = FLASH_START + 0x14;
/** The first line about the crash of a program on F405: four vectors, `B .` as the handler, then the instructions. */
const crashOf = (...halfwords: readonly number[]): string => crashOn('stm32f405rg', ...halfwords);
const crashOn = (chip: string, ...halfwords: readonly number[]): string => crashLines(chip, halfwords)[0]!;
function crashLines(chip: string, halfwords: readonly number[]): readonly string[] {
  const words = [0x20005000, PROGRAM | 1, HARD_FAULT_HANDLER | 1, HARD_FAULT_HANDLER | 1, 0xbf00e7fe];
  const bytes = new Uint8Array([...new Uint8Array(Uint32Array.from(words).buffer), ...new Uint8Array(Uint16Array.from(halfwords).buffer)]);
  const result = firstRun(plainJob(chip, [{ path: 'fw.bin@0x08000000', bytes }]), {});
  expect(result.outcome).toBe('fault');
  return result.notes.flatMap(({ kind, text }) => (kind === 'crash' ? [text] : []));
}

it('UDF is told from an instruction that the core does not have', () => {
  expect(crashOf(0xde00)).toMatch(/^0x08000014 executed UDF, which compilers place where the program must never get to/);
  expect(crashOf(0xf7f0, 0xa005)).toContain('executed UDF');
  expect(crashOf(0xf7f0, 0x8000)).toBe('0x08000014 executed an undefined instruction (0xf7f08000)');
  expect(crashOf(0xb6f0)).toBe('0x08000014 executed an undefined instruction (0xb6f0)');
});

it('an even reset vector is told as one: nothing jumped there', () => {
  const bytes = new Uint8Array(Uint32Array.from([0x20005000, PROGRAM, PROGRAM, PROGRAM, 0xe7fee7fe, 0xe7fee7fe]).buffer);
  const result = firstRun(plainJob('stm32f405rg', [{ path: 'fw.bin@0x08000000', bytes }]), {});
  const told = result.notes.flatMap(({ kind, text }) => (kind === 'crash' ? [text] : []));
  expect(told[0]).toBe('the reset vector is 0x08000014: bit 0 is 0, and a Cortex-M has no Arm state');
});

it('an SVC that is masked is the reason of its HardFault, and the mask is named', () => {
  // CPSID i; SVC #1
  expect(crashOf(0xb672, 0xdf01)).toBe('0x08000016 executed SVC with PRIMASK = 1: an SVC that cannot be taken at once causes a HardFault');
  // MOVS r0, #0x20; MSR BASEPRI, r0; LDR r1, =SHPR2; LDR r2, =0x40000000; STR r2, [r1]; SVC #1
  const lowered = [0x2020, 0xf380, 0x8811, 0x4902, 0x4a02, 0x600a, 0xdf01, 0xe7fe, 0xed1c, 0xe000, 0x0000, 0x4000];
  expect(crashOf(...lowered)).toBe('0x08000020 executed SVC with BASEPRI = 0x20: an SVC that cannot be taken at once causes a HardFault');
});
it('an SVC in a handler that is as urgent is one, too', () => {
  // the vectors are those of two handlers: `B .`, and SVC #2 for PendSV, which the program makes pending: LDR r0, =ICSR; LDR r1, =PENDSVSET; STR r1, [r0]; B .
  const code = [0xe7fe, 0xdf02, 0x4801, 0x4902, 0x6001, 0xe7fe, 0xed04, 0xe000, 0x0000, 0x1000];
  const vectors = Array.from({ length: 16 }, (_, i) => FLASH_START + 0x41 + (i === 1 ? 4 : i === 14 ? 2 : 0)).with(0, 0x20020000);
  const bytes = new Uint8Array([...new Uint8Array(Uint32Array.from(vectors).buffer), ...new Uint8Array(Uint16Array.from(code).buffer)]);
  const { notes } = firstRun(plainJob('stm32f405rg', [{ path: 'fw.bin@0x08000000', bytes }]), {});
  expect(notes.filter((n) => n.kind === 'crash').map((n) => n.text)).toEqual([
    '0x08000042 executed SVC in a handler of the same or a higher priority: an SVC that cannot be taken at once causes a HardFault',
  ]);
});

it('IACCVIOL is the default map where no MPU is on, and the MPU where one is', () => {
  const registers = (chip: string, ...halfwords: readonly number[]): string =>
    crashLines(chip, halfwords).find((text) => text.startsWith('CFSR'))!;
  // LDR r0, =0xFFFFFFFF; BX r0
  const toEnd = [0x4800, 0x4700, 0xffff, 0xffff];
  const byMap = 'IACCVIOL (the default memory map does not allow instruction fetches at this address';
  expect(registers('stm32f105rc', ...toEnd)).toContain(`${byMap}; this core has no MPU)`);
  expect(registers('stm32f405rg', ...toEnd)).toContain(`${byMap})`);
  // the same of a peripheral
  expect(registers('stm32f405rg', 0x4800, 0x4700, 0x0001, 0x4000)).toContain(`${byMap})`);
  // LDR r0, =MPU_CTRL; MOVS r1, #1; STR r1, [r0]; DSB; ISB: no region lets anything pass
  const denied = [0x4803, 0x2101, 0x6001, 0xf3bf, 0x8f4f, 0xf3bf, 0x8f6f, 0xbf00, 0xed94, 0xe000];
  expect(registers('stm32f405rg', ...denied)).toContain('IACCVIOL (the MPU does not allow instruction fetches at this address)');
});

it('a wrong key of FLASH is told beside the bus error that it is answered with', () => {
  // LDR r0, =0x40023C08 (OPTKEYR of F4); STR r0, [r0]
  expect(crashOf(0x4800, 0x6000, 0x3c08, 0x4002)).toMatch(/wrote to 0x40023c08: this is FLASH\.OPTKEYR .*OPTKEYR only after KEYR$/);
});

it.each([
  ['stm32l072cz', 'erased flash, which reads 0x00000000 on this chip and 0xffffffff on most others: no image has bytes there'],
  ['stm32f405rg', 'erased flash: no image has bytes there'],
])('a jump to what an empty slot of %s reads', (chip, is) => {
  const images = bareImage(new Thumb(MAIN).constant(0, 0x08004000).ldr(0, 0, 4).bx(0));
  const { notes } = firstRun(plainJob(chip, images), {});
  expect(notes.filter(({ kind }) => kind === 'chain').map(({ text }) => text)).toContain(`0x08004004 is ${is}`);
});

it('an access behind the flash names a part of the line that has flash there, in the same package', () => {
  // LDR r0, =address; LDR r0, [r0]
  const read = (address: number): readonly number[] => [0x4800, 0x6800, address & 0xffff, address >>> 16];
  expect(crashOn('stm32f103c8', ...read(0x0801fc00))).toMatch(
    /STM32F103C8, whose flash has 64 KiB; that of STM32F103CB includes this address$/,
  );
  expect(crashOn('stm32f103c8', ...read(0x08030000))).toContain('that of STM32F103RC includes');
  expect(crashOn('stm32f103c8', ...read(0x08200000))).toMatch(/STM32F103C8$/);
});

it('an access to memory on the board, behind a controller that runs, is told to be one', () => {
  // LDR r0, =RCC_AHB3ENR; MOVS r1, #1 (FSMCEN); STR r1, [r0]; LDR r0, =0x64000000 (bank 2, which is off out of reset); STR r1, [r0]; NOP
  const enable = [0x4802, 0x2101, 0x6001, 0x4802, 0x6001, 0xbf00, 0x3838, 0x4002, 0x0000, 0x6400];
  expect(crashOf(...enable)).toContain(
    'if your board has memory on FSMC, add "board": {"memories": [{"at": "0x64000000", "kilobytes": 16384}]} to the scenario',
  );
  expect(crashOf(...enable.with(1, 0x2100))).toMatch(
    /there is nothing at this address on STM32F405RG; it is in the window of FSMC, whose clock is off$/,
  );
});

it('no memory is proposed for a jump to an even address', () => {
  // as above, with BX r0 in place of the store
  const jump = (low: number): string => crashOf(0x4802, 0x2101, 0x6001, 0x4802, 0x4700, 0xbf00, 0x3838, 0x4002, low, 0x639a);
  expect(jump(0xf042)).toMatch(/jumped to 0x639af042: bit 0 is 0, and a Cortex-M has no Arm state$/);
  expect(jump(0xf043)).toContain('if your board has memory on FSMC');
});

/** The lines about the crash of a program whose SysTick vector is no handler; it moves VTOR to `table` first, if one is given. */
function tickInto(vector: number, table: number | null = null): readonly string[] {
  const start = FLASH_START + 0x40;
  const handler = FLASH_START + 0x44;
  // Reset: B over the handler; B .; LDR r0, =VTOR; LDR r1, =table; STR r1, [r0] (or NOP); LDR r0, =SYST_CSR; MOVS r1, #99; STR r1, [r0, #4]; MOVS r1, #7; STR r1, [r0]; B .
  const code = [0xe001, 0xbf00, 0xe7fe, 0x4804, 0x4904, table === null ? 0xbf00 : 0x6001, 0x4804, 0x2163, 0x6041, 0x2107, 0x6001, 0xe7fe];
  const vectors = Array.from({ length: 16 }, (_, i) => (i === 0 ? 0x20020000 : i === 1 ? start | 1 : i === 15 ? vector : handler | 1));
  const words = Uint32Array.from([0xe000ed08, table ?? 0, 0xe000e010]);
  const parts = [Uint32Array.from(vectors), Uint16Array.from(code), words].map((x) => new Uint8Array(x.buffer));
  const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
  const result = firstRun(plainJob('stm32f405rg', [{ path: 'fw.bin@0x08000000', bytes }]), {});
  expect(result.outcome).toBe('fault');
  return result.notes.filter((n) => n.kind === 'crash' || n.kind === 'chain').map((n) => n.text);
}

it.each([
  [0x60000001, 'there is nothing at this address on STM32F405RG; it is in the window of FSMC, whose clock is off'],
  [0x08000044, 'bit 0 is 0, and a Cortex-M has no Arm state'],
  [0x08008001, 'no image has code there'],
])('a vector that holds %i is told, and not that somebody jumped', (vector, why) => {
  const lines = tickInto(vector);
  expect(lines[0]).toMatch(/^SysTick was taken( at 0x080000[0-9a-f]{2})?, and its vector at 0x0000003c holds /);
  expect(lines[0]!.endsWith(why)).toBe(true);
  expect(lines.join()).not.toMatch(/jumped|power-on/);
});

it('of a table in RAM is told that nobody filled it', () => {
  const lines = tickInto(0x08000045, 0x20001000);
  expect(lines[0]).toMatch(/^SysTick was taken.*its vector at 0x2000103c holds 0x[0-9a-f]{8}: /);
  expect(lines[1]).toBe('nothing has written that vector since power-on, so this entry of the vector table in RAM was never filled');
});

it('a handler that jumps to where its vector points since it moved VTOR has jumped', () => {
  // Reset: SVC #0; B .; SVCall: LDR r0, =VTOR; LDR r1, =0x08001000, which is erased; STR r1, [r0]; LDR r2, =0xffffffff; BLX r2; B .
  const code = [0xdf00, 0xe7fe, 0x4802, 0x4903, 0x6001, 0x4a03, 0x4790, 0xe7fe];
  const vectors = Array.from({ length: 16 }, (_, i) => (i === 0 ? 0x20020000 : FLASH_START + (i === 11 ? 0x45 : 0x41)));
  const words = Uint32Array.from([0xe000ed08, 0x08001000, 0xffffffff]);
  const bytes = new Uint8Array([Uint32Array.from(vectors), Uint16Array.from(code), words].flatMap((x) => [...new Uint8Array(x.buffer)]));
  const { notes } = firstRun(plainJob('stm32f405rg', [{ path: 'fw.bin@0x08000000', bytes }]), {});
  const [first] = notes.filter((n) => n.kind === 'crash').map((n) => n.text);
  expect(first).toMatch(/^0x0800004c.* jumped to 0xfffffffe: there is nothing at this address/);
});

it('a vector table at an address that VTOR cannot hold is told with what was written', () => {
  // LDR r0, =VTOR; LDR r1, =0x08000040; STR r1, [r0]; SVC #0: the vector of SVCall is read at 0x0800002c
  const lines = [0x4803, 0x4904, 0x6001, 0xdf00, 0xe7fe, 0xbf00, 0xbf00, 0xbf00, 0xed08, 0xe000, 0x0040, 0x0800];
  const words = [0x20005000, PROGRAM | 1, HARD_FAULT_HANDLER | 1, HARD_FAULT_HANDLER | 1, 0xbf00e7fe];
  const bytes = new Uint8Array(0x100);
  bytes.set(new Uint8Array(Uint32Array.from(words).buffer));
  bytes.set(new Uint8Array(Uint16Array.from(lines).buffer), 0x14);
  bytes.fill(0, 0x2c, 0x30);
  const result = firstRun(plainJob('stm32f405rg', [{ path: 'fw.bin@0x08000000', bytes }]), {});
  expect(result.outcome).toBe('fault');
  expect(result.notes.map(({ text }) => text).join('\n')).toMatch(
    /VTOR was written with 0x08000040 \(set at 0x08000018\) and is 0x08000000: its low bits do not exist/,
  );
});

it('a fault in the ROM is told with its place, and both bits of CONTROL that are wrong', () => {
  // LDR r0, =0x1FFF0000; LDR r1, [r0, #4]; LDR r3, =PSP; MSR PSP, r3; MOVS r2, #CONTROL; MSR CONTROL, r2; ISB; BX r1
  const jump = (control: number): readonly number[] =>
    [0x4805, 0x6841, 0x4b05, 0xf383, 0x8809, 0x2200 | control, 0xf382, 0x8814, 0xf3bf, 0x8f6f, 0x4708, 0xbf00, 0x0000, 0x1fff, 0x0400, 0x2000]; // prettier-ignore
  const run = (control: number) => {
    const words = [0x20005000, PROGRAM | 1, HARD_FAULT_HANDLER | 1, HARD_FAULT_HANDLER | 1, 0xbf00e7fe];
    const code = Uint16Array.from(jump(control));
    const bytes = new Uint8Array([...new Uint8Array(Uint32Array.from(words).buffer), ...new Uint8Array(code.buffer)]);
    const { outcome, notes, diagnosis } = firstRun(plainJob('stm32f405rg', [{ path: 'fw.bin@0x08000000', bytes }]), {});
    return { outcome, crash: notes.find((n) => n.kind === 'crash')?.text, cause: diagnosis.causes[0] };
  };
  const { outcome, crash, cause } = run(3);
  expect(outcome).toBe('fault');
  expect(crash).toMatch(/^the ROM, at 0x1fff[0-9a-f]{4}, (accessed|stored to) 0xe000[0-9a-f]{4}: this is in the private peripheral bus, which unprivileged code must not access \(CONTROL\.nPRIV = 1\)$/); // prettier-ignore
  expect(cause).toMatchObject({ id: 'control', proved: true });
  expect(cause!.explanation).toMatch(/^the ROM runs unprivileged \(nPRIV = 1\): .*; the ROM uses PSP as its stack pointer/);
  expect(run(1).cause!.explanation).toBe('the ROM runs unprivileged (nPRIV = 1): its accesses to NVIC and SCB fault');
});
