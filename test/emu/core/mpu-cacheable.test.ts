import { describe, expect, it } from 'vitest';
import { mpuCacheable } from '../../../src/emu/core/arm/mpu.ts';
import { writeScs } from '../../../src/emu/core/arm/scs.ts';
import { started } from './bare-machine.ts';

const CTRL = 0xe000ed94;
const RNR = 0xe000ed98;
const RBAR = 0xe000ed9c;
const RLAR = 0xe000eda0;
const MAIR1 = 0xe000edc4;

describe('MPU (PMSAv8): caching of the code region', () => {
  it.each([
    ['normal, write-back', 0xff, true],
    ['normal, non-cacheable', 0x44, false],
    ['device nGnRE', 0x04, false],
  ])('%s (attribute 5)', (_name, attribute, cacheable) => {
    const { cpu } = started('m33');
    const base = 0x08001000;
    const write = (address: number, value: number): void => writeScs(cpu, address, 4, value, true);
    write(MAIR1, attribute << 8);
    write(RNR, 2);
    write(RBAR, base);
    write(RLAR, (base + 0x7e0) | (5 << 1) | 1);
    expect(mpuCacheable(cpu, base)).toBe(true);
    write(CTRL, 5);
    expect(mpuCacheable(cpu, base)).toBe(cacheable);
    expect(mpuCacheable(cpu, base + 0x7ff)).toBe(cacheable);
    expect(mpuCacheable(cpu, base + 0x800)).toBe(true);
  });
});
