/**
 * Code in flash waits while its bank is programmed or erased; code in RAM, in the other bank, time, watchdogs and interrupts' requests go on
 * (RM0090 3.6, RM0091 3.2.2). Sector erase of F4: 1 s for 128 KB by words (DS8626, typical).
 */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { S } from '../../src/emu/core/state.ts';
import { Machine } from '../../src/emu/machine.ts';
import { MS } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';

const [FLASH, RAM] = [0x08000000, 0x20000000];
const KEYS = [0x45670123, 0xcdef89ab];
const LDR_LITERAL = (rd: number, at: number, n: number): number => 0x4800 | (rd << 8) | ((0x80 + 4 * n - ((at + 4) & ~3)) >> 2);

/**
 * R0 = FLASH, keys into KEYR, R3 into CR; then R4 counts rounds until BSY falls, and R5 is 1. What runs from RAM is the
 * same code elsewhere.
 */
function program(cr: number): Uint8Array {
  const halves: number[] = [];
  const literals = [0x40023c00, ...KEYS, cr];
  literals.forEach((_, n) => halves.push(LDR_LITERAL(n, 2 * halves.length, n)));
  halves.push(0x6041, 0x6042); // STR R1, [R0, #4]; STR R2, [R0, #4]
  halves.push(0x6103); // STR R3, [R0, #16]
  halves.push(0x3401, 0x68c6, 0x0fb7, 0x03f6, 0xd4fa); // loop: ADDS R4, #1; LDR R6, [R0, #12]; LSRS R7, R6, #30; LSLS R6, R6, #15; BMI loop
  halves.push(0x2501, 0xe7fe); // MOVS R5, #1; B .
  const view = new DataView(new ArrayBuffer(0xa0));
  halves.forEach((half, i) => view.setUint16(2 * i, half, true));
  literals.forEach((word, i) => view.setUint32(0x80 + 4 * i, word, true));
  return new Uint8Array(view.buffer);
}
const SECTOR_11 = (2 << 8) | (11 << 3) | 2 | (1 << 16);
const SECTOR_12_OF_BANK_2 = (2 << 8) | (0x1b << 3) | 2 | (1 << 16);

function machine(chip: string, at: number, cr: number, translated = true): Machine {
  const m = new Machine({ chip: findChip(chip)!, models: MODELS, parameters: {}, seed: 1 });
  if (!translated) m.withoutShortcuts(['translation']);
  m.eraseNonVolatile();
  m.load(FLASH, new Uint8Array(new Uint32Array([0x20001000, (at + 0x40) | 1]).buffer));
  m.load(FLASH + 0x40, program(cr));
  m.powerOn();
  if (at === RAM) m.replace(RAM + 0x40, program(cr));
  return m;
}
const r = (m: Machine, n: number): number => m.bootCore.get(S.R + 4 * n) >>> 0;

describe.each([true, false])('translated: %s', (translated) => {
  it('code in flash stands still during its erase, and goes on behind it', () => {
    const m = machine('stm32f405rg', FLASH, SECTOR_11, translated);
    m.run(999 * MS);
    expect(r(m, 4)).toBe(0);
    expect(r(m, 5)).toBe(0);
    m.run(1100 * MS);
    expect([r(m, 4), r(m, 5)]).toEqual([1, 1]);
  });
  it('its cycles go on, as those of a core that waits for the bus', () => {
    const m = machine('stm32f405rg', FLASH, SECTOR_11, translated);
    m.run(500 * MS);
    expect(m.bootCore.cycles()).toBeGreaterThan(0.49 * 16e6);
  });
  it('code in RAM runs on', () => {
    const m = machine('stm32f405rg', RAM, SECTOR_11, translated);
    m.run(900 * MS);
    expect(r(m, 4)).toBeGreaterThan(1_000_000);
    expect(r(m, 5)).toBe(0);
    m.run(1100 * MS);
    expect(r(m, 5)).toBe(1);
  });
  it('code in the other bank runs on', () => {
    const m = machine('stm32f429zi', FLASH, SECTOR_12_OF_BANK_2, translated);
    m.run(900 * MS);
    expect(r(m, 4)).toBeGreaterThan(1_000_000);
    const same = machine('stm32f429zi', FLASH, SECTOR_11, translated);
    same.run(900 * MS);
    expect(r(same, 4)).toBe(0);
  });
  it('a jump from RAM into flash that is busy waits in front of its first instruction', () => {
    const m = machine('stm32f405rg', RAM, SECTOR_11, translated);
    m.run(100 * MS);
    m.bootCore.beginCall(FLASH + 0x40);
    const instructions = m.bootCore.retired();
    m.run(900 * MS);
    expect(m.bootCore.pc).toBe(FLASH + 0x40);
    expect(m.bootCore.retired()).toBe(instructions);
    m.run(1100 * MS);
    expect(m.bootCore.pc).not.toBe(FLASH + 0x40);
  });
});

describe('a reset that comes meanwhile', () => {
  it('finds the core in front of what it waits for, and says so', () => {
    const m = machine('stm32f405rg', FLASH, SECTOR_11);
    m.run(100 * MS);
    m.askReset('iwdg', m.bootCore, false);
    m.run(101 * MS);
    expect(m.history.resets.at(-1)).toMatchObject({ by: 'iwdg', waited: true });
  });
  it('is not one of those when nothing is erased', () => {
    const m = machine('stm32f405rg', FLASH, 0x80000000);
    m.run(100 * MS);
    m.askReset('iwdg', m.bootCore, false);
    m.run(101 * MS);
    expect(m.history.resets.at(-1)).not.toHaveProperty('waited');
  });
});
