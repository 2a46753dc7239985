/** RNG: data ready, words, clock error, interrupt, configuration behind CONDRST. */
import { describe, expect, it } from 'vitest';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { STM32L496ZG } from '../../src/chips/stm32l496.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

interface Row {
  readonly chip: ChipDescription;
  /** Gives the generator its 48 MHz. */
  readonly clock: (h: StChip) => void;
}
const rows: readonly Row[] = [
  {
    chip: STM32F405RG,
    clock: (h) => {
      // 16 MHz / 16 x 192 / 4.
      h.write('RCC.PLLCFGR', 16 | (192 << 6) | (4 << 24));
      h.set('RCC.CR.PLLON', 1);
    },
  },
  {
    chip: STM32L496ZG,
    clock: (h) => h.set('RCC.CRRCR.HSI48ON', 1),
  },
  { chip: STM32H533RE, clock: (h) => h.set('RCC.CR.HSI48ON', 1) },
  { chip: STM32H745XI, clock: (h) => h.set('RCC.CR.HSI48ON', 1) },
];

describe.each(rows.map((r) => [r.chip.name, r] as const))('%s', (_name, { chip, clock }) => {
  const made = new StChip(chip);
  const fresh = (): StChip => {
    const h = made.again();
    clock(h);
    h.wait(MS);
    h.set('RCC.AHB2ENR.RNGEN', 1);
    return h;
  };
  const line = made.system.block('RNG').row.irqs![0]!;

  it('a word is ready 40 of its clocks after RNGEN; reading it takes it, the next one differs', () => {
    const h = fresh();
    h.set('RNG.CR.RNGEN', 1);
    expect([h.get('RNG.SR.DRDY'), h.read('RNG.DR')]).toEqual([0, 0]);
    h.wait(0.8 * US);
    expect(h.get('RNG.SR.DRDY')).toBe(0);
    h.wait(0.1 * US);
    expect(h.get('RNG.SR.DRDY')).toBe(1);
    const words = new Set<number>();
    for (let i = 0; i < 16; i++) {
      words.add(h.read('RNG.DR'));
      expect(h.get('RNG.SR.DRDY')).toBe(0);
      h.wait(1 * US);
    }
    expect(words.size).toBe(16);
  });
  it('the same run gets the same words', () => {
    const run = (): number => {
      const h = fresh();
      h.set('RNG.CR.RNGEN', 1);
      h.wait(1 * US);
      return h.read('RNG.DR');
    };
    expect(run()).toBe(run());
  });
  it('the interrupt follows DRDY while IE is set', () => {
    const h = fresh();
    h.write('RNG.CR', h.read('RNG.CR') | 0xc);
    h.wait(1 * US);
    expect(h.irqs.get(line)).toBe(true);
    h.read('RNG.DR');
    expect(h.irqs.get(line)).toBe(false);
    h.wait(1 * US);
    h.set('RNG.CR.RNGEN', 0);
    expect([h.get('RNG.SR.DRDY'), h.irqs.get(line)]).toEqual([0, false]);
  });
  it('without its clock there is a clock error and no word; CEIS falls by a 0', () => {
    const h = made.again();
    h.set('RCC.AHB2ENR.RNGEN', 1);
    if (chip === STM32L496ZG) h.set('RCC.CCIPR.CLK48SEL', 1);
    h.write('RNG.CR', h.read('RNG.CR') | 0xc);
    expect([h.get('RNG.SR.CECS'), h.get('RNG.SR.CEIS'), h.irqs.get(line)]).toEqual([1, 1, true]);
    h.wait(MS);
    expect(h.get('RNG.SR.DRDY')).toBe(0);
    h.write('RNG.SR', 0);
    expect([h.get('RNG.SR.CECS'), h.get('RNG.SR.CEIS'), h.irqs.get(line)]).toEqual([1, 0, false]);
  });
});

it('H5: the configuration changes only together with CONDRST, and never after CONFIGLOCK', () => {
  const h = new StChip(STM32H533RE);
  h.set('RCC.AHB2ENR.RNGEN', 1);
  const before = h.read('RNG.CR');
  h.set('RNG.CR.CLKDIV', 3);
  expect(h.read('RNG.CR')).toBe(before);
  h.write('RNG.CR', (before | (3 << 16) | (1 << 30)) >>> 0);
  h.set('RNG.CR.CONDRST', 0);
  expect(h.get('RNG.CR.CLKDIV')).toBe(3);
  h.set('RNG.CR.CONFIGLOCK', 1);
  h.write('RNG.CR', 1 << 30);
  expect([h.get('RNG.CR.CLKDIV'), h.get('RNG.CR.CONFIGLOCK')]).toEqual([3, 1]);
});
