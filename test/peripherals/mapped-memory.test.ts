/** Memory-mapped mode of QUADSPI and OCTOSPI with nothing at their pins: who answers, what BUSY, the time-out and ABORT do. */
import { describe, expect, it } from 'vitest';
import { withBanks } from '../../src/bench/input/outside-memory.ts';
import { findChip } from '../../src/chips/index.ts';
import { StChip } from './st-chip.ts';

const BUS_ERROR = -1;
const [EN, ABORT, TCEN] = [1, 2, 8];
const MAPPED = 3;
const BUSY = 1 << 5;
const [TCF, TOF] = [1 << 1, 1 << 4];
/** 64 KB of memory. */
const SIZE = 15 << 16;

describe.each([
  ['STM32L476RG', 'QUADSPI', 'AHB3ENR.QSPIEN', 0x90000000],
  ['STM32WB55RG', 'QUADSPI', 'AHB3ENR.QUADSPIEN', 0x90000000],
  ['STM32F746ZG', 'QUADSPI', 'AHB3ENR.QSPIEN', 0x90000000],
  ['STM32H743ZI', 'QUADSPI', 'AHB3ENR.QSPIEN', 0x90000000],
  ['STM32H563ZI', 'OCTOSPI1', 'AHB4ENR.OCTOSPI1EN', 0x90000000],
  ['STM32L4R5ZI', 'OCTOSPI1', 'AHB3ENR.OCTOSPI1EN', 0x90000000],
  ['STM32L4R5ZI', 'OCTOSPI2', 'AHB3ENR.OSPI2EN', 0x70000000],
  ['STM32H723ZG', 'OCTOSPI2', 'AHB3ENR.OSPI2EN', 0x70000000],
] as const)('%s %s', (name, block, gate, window) => {
  const quad = block === 'QUADSPI';
  const made = new StChip(withBanks(findChip(name)!));
  /** Four lines for the data of a read, memory-mapped. */
  const map = (control = 0): StChip => {
    const h = made.again();
    h.set(`RCC.${gate}`, 1);
    if (quad) {
      h.write('QUADSPI.DCR', SIZE);
      h.write('QUADSPI.CR', EN | control);
      h.write('QUADSPI.CCR', ((MAPPED << 26) | (3 << 24) | (2 << 12) | (1 << 10) | (1 << 8) | 0x6b) >>> 0);
    } else {
      h.write(`${block}.DCR1`, SIZE);
      h.write(`${block}.CR`, EN);
      h.write(`${block}.CCR`, (3 << 24) | (2 << 12) | (1 << 8) | 1);
      h.write(`${block}.IR`, 0x6b);
      h.write(`${block}.CR`, ((MAPPED << 28) | EN | control) >>> 0);
    }
    return h;
  };
  const read = (h: StChip, offset: number): number => h.system.read(window + offset, 4);
  const status = (h: StChip): number => h.read(`${block}.SR`) & (BUSY | TCF | TOF);

  it('a mapped memory reads ones up to its size, and an access raises BUSY', () => {
    const h = map();
    expect(status(h)).toBe(0);
    expect([read(h, 0), h.system.read(window + 0xfffe, 2), read(h, 0x10000)]).toEqual([0xffffffff, 0xffff, BUS_ERROR]);
    expect(status(h)).toBe(BUSY);
    expect(h.notes).toHaveLength(1);
  });
  it('is a bus error before it is mapped, while the controller is off or has no clock, and behind a reset', () => {
    const h = made.again();
    h.set(`RCC.${gate}`, 1);
    expect(read(h, 0)).toBe(BUS_ERROR);
    const on = map();
    on.set(`${block}.CR.EN`, 0);
    expect(read(on, 0)).toBe(BUS_ERROR);
    on.set(`${block}.CR.EN`, 1);
    expect(read(on, 0)).toBe(0xffffffff);
    on.set(`RCC.${gate}`, 0);
    expect(read(on, 0)).toBe(BUS_ERROR);
    const again = map();
    again.reset('software');
    again.set(`RCC.${gate}`, 1);
    expect(read(again, 0)).toBe(BUS_ERROR);
  });
  it('BUSY locks the registers until ABORT, which raises TCF', () => {
    const h = map();
    read(h, 0);
    const before = h.read(`${block}.CCR`);
    h.write(`${block}.CCR`, 0);
    expect(h.read(`${block}.CCR`)).toBe(before);
    h.write(`${block}.CR`, (h.read(`${block}.CR`) | ABORT) >>> 0);
    expect(status(h)).toBe(TCF);
    h.write(`${block}.CCR`, 0);
    expect(h.read(`${block}.CCR`)).toBe(0);
  });
  it('falls back after the time-out where that is enabled, and stays busy where it is not', () => {
    const h = map(TCEN);
    h.write(`${block}.LPTR`, 100);
    read(h, 0);
    expect(status(h)).toBe(BUSY);
    h.wait(1e9);
    expect(status(h)).toBe(TOF);
    const without = map();
    read(without, 0);
    without.wait(1e9);
    expect(status(without)).toBe(BUSY);
  });
  it(quad ? 'takes no writes' : 'takes writes', () => {
    expect(map().system.write(window, 4, 1)).toBe(quad ? BUS_ERROR : 0);
  });
  it('a memory of the board takes the window', () => {
    const chip = findChip(name)!;
    const row = { name: 'outside', base: window, size: 0x10000, kind: 'flash', zone: 'user' } as const;
    const h = new StChip(withBanks({ ...chip, memories: [...chip.memories, row] }));
    h.system.memoryBytes('outside').fill(0x5a);
    expect(read(h, 0)).toBe(0x5a5a5a5a);
  });
});
