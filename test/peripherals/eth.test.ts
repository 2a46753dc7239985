/** Ethernet as drivers wait for it: software reset, flush, MDIO frames. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { F107, f105Chip } from '../../src/chips/stm32f105.ts';
import { STM32F767ZI } from '../../src/chips/stm32f7.ts';
import { STM32H563ZI } from '../../src/chips/stm32h563.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const STM32F107VC = f105Chip(F107, { name: 'STM32F107VC', flashKilobytes: 256 });
const HSI = 64;
const ROWS = [
  {
    name: 'F107',
    chip: STM32F107VC,
    enable: 'RCC.AHBENR.ETHMACEN',
    dma: 'ETHERNET_DMA.DMABMR',
    mdio: 'ETHERNET_MAC.MACMII',
    filter: 'ETHERNET_MAC.MACCR',
    mhz: 8,
    old: true,
  },
  {
    name: 'F767',
    chip: STM32F767ZI,
    enable: 'RCC.AHB1ENR.ETHMACEN',
    dma: 'Ethernet_DMA.DMABMR',
    mdio: 'Ethernet_MAC.MACMII',
    filter: 'Ethernet_MAC.MACCR',
    mhz: 16,
    old: true,
  },
  {
    name: 'H563',
    chip: STM32H563ZI,
    enable: 'RCC.AHB1ENR.ETHEN',
    dma: 'ETH.DMAMR',
    mdio: 'ETH.MACMDIO',
    filter: 'ETH.MACCR',
    mhz: HSI / 2,
    old: false,
  },
  {
    name: 'H745',
    chip: STM32H745XI,
    enable: 'RCC.AHB1ENR.ETH1MACEN',
    dma: 'Ethernet_MAC.DMAMR',
    mdio: 'Ethernet_MAC.MACMDIO',
    filter: 'Ethernet_MAC.MACCR',
    mhz: HSI,
    old: false,
  },
];

describe.each(ROWS)('Ethernet of $name', ({ chip, enable, dma, mdio, filter, mhz, old }) => {
  const made = new StChip(chip);
  const fresh = (): StChip => {
    const h = made.again();
    h.set(enable, 1);
    h.wait(MS);
    return h;
  };

  it('a software reset ends by itself and takes the registers back', () => {
    const h = fresh();
    const before = h.read(filter);
    h.write(filter, before | 0x4000);
    expect(h.read(filter)).not.toBe(before);
    h.write(dma, h.read(dma) | 1);
    expect(h.read(dma) & 1).toBe(1);
    h.wait(20 * US);
    expect(h.read(dma) & 1).toBe(0);
    expect(h.read(filter)).toBe(before);
  });

  it('a frame on MDIO takes 64 clocks of MDC; nobody answers: ones', () => {
    // HCLK by MDC: RM0090 33.8.1, RM0399 58.11.46
    const dividers = [42, 62, 16, 26];
    fc.assert(
      fc.property(fc.nat(3), fc.nat(31), (cr, phy) => {
        const h = fresh();
        const clocks = 64 * dividers[cr]!;
        h.write(`${mdio}AR`, old ? (phy << 11) | (1 << 6) | (cr << 2) | 1 : ((phy << 21) | (1 << 16) | (cr << 8) | (3 << 2) | 1) >>> 0);
        h.wait(Math.floor(((clocks - 2) * 1_000_000) / mhz));
        expect(h.read(`${mdio}AR`) & 1).toBe(1);
        h.wait(Math.ceil(4_000_000 / mhz));
        expect(h.read(`${mdio}AR`) & 1).toBe(0);
        expect(h.read(`${mdio}DR`) & 0xffff).toBe(0xffff);
      }),
      { numRuns: 8 },
    );
  });

  it('nothing ends while the block has no clock', () => {
    const h = made.again();
    h.write(dma, h.read(dma) | 1);
    h.wait(MS);
    h.set(enable, 1);
    expect(h.read(dma) & 1).toBe(old ? 1 : 0);
  });
});
