/** Blocks of which firmware waits for one flag: TSC, DCACHE, RAMCFG. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

/** Counts of an electrode that nobody touches, and a maximum of 1,023. */
const [UNTOUCHED, MCV] = [1000, 2];
describe.each([
  ['stm32l476rg', 'RCC.AHB1ENR.TSCEN'],
  ['stm32f072rb', 'RCC.AHBENR.TSCEN'],
  ['stm32f303cc', 'RCC.AHBENR.TSCEN'],
  ['stm32l072cz', 'RCC.AHBENR.TOUCHEN'],
  ['stm32u575zi', 'RCC.AHB1ENR.TSCEN'],
] as const)('TSC of %s', (chip, gate) => {
  const h = new StChip(findChip(chip)!);
  it('an acquisition raises EOAF after its pulses, and a flag and a count in each enabled group', () => {
    h.again();
    h.set(gate, 1);
    h.write('TSC.IOGCSR', 0b101);
    const [high, low, divider] = [4, 7, 3];
    const cr = ((high << 28) | (low << 24) | (divider << 12) | (MCV << 5) | 1) >>> 0;
    h.write('TSC.CR', cr);
    h.write('TSC.IER', 1);
    h.write('TSC.CR', (cr | 2) >>> 0);
    const time = (UNTOUCHED * (high + 1 + low + 1) * 2 ** divider * 1e12) / h.hz('hclk')!;
    h.wait(time * 0.9);
    expect([h.read('TSC.ISR'), h.get('TSC.CR.START')]).toEqual([0, 1]);
    h.wait(time * 0.2);
    expect([h.read('TSC.ISR'), h.get('TSC.CR.START')]).toEqual([1, 0]);
    expect(h.read('TSC.IOGCSR')).toBe(0x50005);
    expect([1, 2, 3].map((n) => h.read(`TSC.IOG${n}CR`))).toEqual([UNTOUCHED, 0, UNTOUCHED]);
    const line = h.system.block('TSC').row.irqs![0]!;
    expect(h.irqs.get(line)).toBe(true);
    h.write('TSC.ICR', 1);
    expect([h.read('TSC.ISR'), h.irqs.get(line)]).toEqual([0, false]);
  });
  it('an electrode that counts further than MCV allows ends in a maximum count error', () => {
    h.again();
    h.set(gate, 1);
    h.write('TSC.IOGCSR', 0b101);
    h.write('TSC.CR', 3);
    h.wait(1000 * US);
    expect([h.read('TSC.ISR'), h.read('TSC.IOGCSR'), h.read('TSC.IOG1CR')]).toEqual([3, 0b101, 255]);
  });
  it('does nothing while it is off', () => {
    h.again();
    h.set(gate, 1);
    h.write('TSC.IOGCSR', 1);
    h.write('TSC.CR', 2);
    h.wait(1000 * US);
    expect([h.read('TSC.ISR'), h.get('TSC.CR.START')]).toEqual([0, 0]);
  });
});

describe.each(['stm32h563zi', 'stm32u575zi'])('DCACHE and RAMCFG of %s', (chip) => {
  const M = chip.includes('u5') ? 'RAM' : 'M';
  const h = new StChip(findChip(chip)!);
  it('an invalidation and a command over a range end with their flags', () => {
    h.again();
    h.set(`RCC.AHB1ENR.DCACHE${chip.includes('u5') ? '1' : ''}EN`, 1);
    h.wait(100 * US);
    h.write('DCACHE.FCR', 0x1e);
    h.write('DCACHE.CR', 1);
    h.write('DCACHE.CR', 3);
    expect(h.read('DCACHE.SR') & 3).toBe(1);
    h.wait(100 * US);
    expect([h.read('DCACHE.SR') & 3, h.read('DCACHE.CR') & 2]).toEqual([2, 0]);
    h.write('DCACHE.CMDRSADDRR', 0x90000000);
    h.write('DCACHE.CMDREADDRR', 0x90000100);
    h.write('DCACHE.CR', 1 | (1 << 8) | (1 << 11));
    expect(h.read('DCACHE.SR') & 0x18).toBe(8);
    h.wait(100 * US);
    expect(h.read('DCACHE.SR') & 0x18).toBe(0x10);
  });
  it('SRAMER erases its RAM behind both keys only, and SRAMBUSY lasts a cycle a word', () => {
    h.again();
    h.set('RCC.AHB1ENR.RAMCFGEN', 1);
    const ram = h.system.chip.memories.find((m) => m.name === 'sram2')!;
    h.system.memoryBytes('sram2').fill(0x5a);
    h.write(`RAMCFG.${M}2ERKEYR`, 0x53);
    h.write(`RAMCFG.${M}2CR`, 1 << 8);
    expect([h.read(`RAMCFG.${M}2CR`) & 0x100, h.system.read(ram.base, 4)]).toEqual([0, 0x5a5a5a5a]);
    for (const key of [0xca, 0x53]) h.write(`RAMCFG.${M}2ERKEYR`, key);
    h.write(`RAMCFG.${M}2CR`, 1 << 8);
    expect(h.get(`RAMCFG.${M}2ISR.SRAMBUSY`)).toBe(1);
    const time = ((ram.size / 4) * 1e12) / h.hz('hclk')!;
    h.wait(time * 0.98);
    expect(h.get(`RAMCFG.${M}2ISR.SRAMBUSY`)).toBe(1);
    h.wait(time * 0.04);
    expect([h.get(`RAMCFG.${M}2ISR.SRAMBUSY`), h.read(`RAMCFG.${M}2CR`) & 0x100]).toEqual([0, 0]);
    expect([h.system.read(ram.base, 4), h.system.read(ram.base + ram.size - 4, 4)]).toEqual([0, 0]);
  });
});
