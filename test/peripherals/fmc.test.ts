/** FMC and FSMC with nothing at their pins: which banks answer. */
import { describe, expect, it } from 'vitest';
import { withBanks } from '../../src/bench/input/outside-memory.ts';
import { findChip } from '../../src/chips/index.ts';
import { StChip } from './st-chip.ts';

const BUS_ERROR = -1;
const SDRAM = 0xc0000000;

describe.each([
  [
    'stm32f407vg',
    'FSMC',
    'AHB3ENR.FSMCEN',
    [
      ['PCR2', 0x70000000],
      ['PCR3', 0x80000000],
      ['PCR4', 0x90000000],
    ],
  ],
  ['stm32f429zi', 'FMC', 'AHB3ENR.FMCEN', [['PCR2', 0x70000000]]],
  ['stm32f746zg', 'FMC', 'AHB3ENR.FMCEN', [['PCR', 0x80000000]]],
  ['stm32h743zi', 'FMC', 'AHB3ENR.FMCEN', [['PCR', 0x80000000]]],
  ['stm32f103ze', 'FSMC', 'AHBENR.FSMCEN', [['PCR3', 0x80000000]]],
  ['stm32l476rg', 'FMC', 'AHB3ENR.FMCEN', [['PCR', 0x80000000]]],
  ['stm32g474re', 'FMC', 'AHB3ENR.FMCEN', [['PCR', 0x80000000]]],
  ['stm32h563zi', 'FMC', 'AHB4ENR.FMCEN', [['PCR', 0x80000000]]],
] as const)('%s %s', (name, block, gate, nand) => {
  const made = new StChip(withBanks(findChip(name)!));
  const on = (): StChip => {
    const h = made.again();
    h.set(`RCC.${gate}`, 1);
    return h;
  };
  const read = (h: StChip, address: number): number => h.system.read(address, 4);

  it('bank 1 is enabled out of reset and reads ones, the others end in a bus error', () => {
    const h = on();
    expect([read(h, 0x60000000), h.system.read(0x63fffffe, 2), h.system.read(0x60000001, 1)]).toEqual([0xffffffff, 0xffff, 0xff]);
    expect([0x64000000, 0x68000000, 0x6c000000, 0x80000000, SDRAM].map((a) => read(h, a))).toEqual(Array(5).fill(BUS_ERROR));
    expect(h.system.write(0x64000000, 4, 0)).toBe(BUS_ERROR);
    expect(h.system.write(0x60000000, 4, 0)).toBe(0);
    expect(h.notes).toHaveLength(1);
  });
  it('MBKEN decides for each bank of NOR and SRAM', () => {
    const h = on();
    [2, 3, 4].forEach((n) => {
      expect(read(h, 0x60000000 + (n - 1) * 0x4000000)).toBe(BUS_ERROR);
      h.set(`${block}.BCR${n}.MBKEN`, 1);
      expect(read(h, 0x60000000 + (n - 1) * 0x4000000)).toBe(0xffffffff);
    });
    h.set(`${block}.BCR1.MBKEN`, 0);
    expect(read(h, 0x60000000)).toBe(BUS_ERROR);
  });
  it.each<readonly [register: string, address: number]>(nand)('%s.PBKEN decides for NAND at %i', (register, address) => {
    const h = on();
    expect(read(h, address)).toBe(BUS_ERROR);
    h.set(`${block}.${register}.PBKEN`, 1);
    expect(read(h, address)).toBe(0xffffffff);
  });
  it('without the controller’s clock, and behind its reset, no bank is left', () => {
    const h = on();
    h.set(`${block}.BCR4.MBKEN`, 1);
    h.set(`RCC.${gate}`, 0);
    expect([read(h, 0x60000000), read(h, 0x6c000000)]).toEqual([BUS_ERROR, BUS_ERROR]);
    h.set(`RCC.${gate}`, 1);
    h.reset('software');
    h.set(`RCC.${gate}`, 1);
    expect([read(h, 0x60000000), read(h, 0x6c000000)]).toEqual([0xffffffff, BUS_ERROR]);
  });
});

it.each(['stm32f429zi', 'stm32f746zg', 'stm32h743zi', 'stm32h563zi'])('%s: SDRAM answers once its clock is on', (name) => {
  const h = new StChip(withBanks(findChip(name)!));
  h.set(name === 'stm32h563zi' ? 'RCC.AHB4ENR.FMCEN' : 'RCC.AHB3ENR.FMCEN', 1);
  const both = (): number[] => [SDRAM, 0xd0000000].map((a) => h.system.read(a, 4));
  h.write('FMC.SDCMR', 1 << 4); // MODE 0, bank 1
  expect(both()).toEqual([BUS_ERROR, BUS_ERROR]);
  h.write('FMC.SDCMR', (1 << 4) | 1);
  expect(both()).toEqual([0xffffffff, BUS_ERROR]);
  h.write('FMC.SDCMR', (1 << 3) | 1);
  expect(both()).toEqual([0xffffffff, 0xffffffff]);
});

it('a memory of the board takes its place out of the bank', () => {
  const chip = findChip('stm32f407vg')!;
  const row = { name: 'outside', base: 0x60010000, size: 0x10000, kind: 'ram', zone: 'user' } as const;
  const h = new StChip(withBanks({ ...chip, memories: [...chip.memories, row] }));
  h.set('RCC.AHB3ENR.FSMCEN', 1);
  h.system.write(0x60010004, 4, 0x1234);
  expect([0x6000fffc, 0x60010004, 0x60020000].map((a) => h.system.read(a, 4))).toEqual([0xffffffff, 0x1234, 0xffffffff]);
});

describe('BMAP of H7', () => {
  it('1: an enabled bank of NOR and SRAM is where SDRAM was, and the other way round', () => {
    const h = new StChip(withBanks(findChip('stm32h743zi')!));
    h.set('RCC.AHB3ENR.FMCEN', 1);
    const answer = (): boolean[] => [0x60000000, SDRAM].map((at) => h.system.read(at, 4) !== BUS_ERROR);
    expect(answer()).toEqual([true, false]);
    h.set('FMC.BCR1.BMAP', 1);
    expect(answer()).toEqual([false, true]);
    h.set('FMC.BCR1.BMAP', 0);
    expect(answer()).toEqual([true, false]);
  });
});
