/** Blocks that a part has beside its kin's rows, each behind its clock and reset, at the place and on the lines of its CMSIS header. */
import { describe, expect, it } from 'vitest';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import type { Row } from '../../src/chips/rows.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from '../peripherals/st-chip.ts';

/** Part, register that takes `0x5` in its lowest bits, its address, gate, reset or null, interrupt lines. */
const BLOCKS: readonly (readonly [string, string, number, string, string | null, readonly number[]])[] = [
  ['stm32h753zi', 'CRYP.IMSCR', 0x48021014, 'AHB2ENR.CRYPEN', 'AHB2RSTR.CRYPRST', [79]],
  ['stm32h750vb', 'HASH.STR', 0x48021408, 'AHB2ENR.HASHEN', 'AHB2RSTR.HASHRST', [80]],
  ['stm32h755xi', 'CRYP.IMSCR', 0x48021014, 'AHB2ENR.CRYPEN', 'AHB2RSTR.CRYPRST', [79]],
  ['stm32h747xi', 'DSIHOST.VMCR', 0x50000038, 'APB3ENR.DSIEN', 'APB3RSTR.DSIRST', [123]],
  ['stm32h723zg', 'DTS.CFGR1', 0x58006800, 'APB4ENR.DTSEN', 'APB4RSTR.DTSRST', [147]],
  ['stm32h735zg', 'OTFDEC2.R1STARTADDR', 0x5200bc24, 'AHB3ENR.OTFDEC2EN', 'AHB3RSTR.OTFDEC2RST', [152]],
  ['stm32l486rg', 'AES.IVR0', 0x50060020, 'AHB2ENR.AESEN', 'AHB2RSTR.AESRST', [79]],
  ['stm32l4a6zg', 'AES.IVR0', 0x50060020, 'AHB2ENR.AESEN', 'AHB2RSTR.AESRST', [79]],
  ['stm32f733ze', 'AES.IVR0', 0x50060020, 'AHB2ENR.AESEN', 'AHB2RSTR.AESRST', [79]],
  ['stm32g484re', 'AES.IVR0', 0x50060020, 'AHB2ENR.AESEN', 'AHB2RSTR.AESRST', [85]],
  ['stm32f417vg', 'CRYP.IMSCR', 0x50060014, 'AHB2ENR.CRYPEN', 'AHB2RSTR.CRYPRST', [79]],
  ['stm32g0c1re', 'AES.IVR0', 0x40026020, 'AHBENR.AESEN', 'AHBRSTR.AESRST', [31]],
  ['stm32g041k8', 'AES.IVR0', 0x40026020, 'AHBENR.AESEN', 'AHBRSTR.AESRST', [31]],
  ['stm32l053r8', 'LCD.FCR', 0x40002404, 'APB1ENR.LCDEN', 'APB1RSTR.LCDRST', [30]],
  ['stm32g061k8', 'AES.IVR0', 0x40026020, 'AHBENR.AESEN', 'AHBRSTR.AESRST', [31]],
  ['stm32l073rz', 'LCD.FCR', 0x40002404, 'APB1ENR.LCDEN', 'APB1RSTR.LCDRST', [30]],
  ['stm32l162re', 'AES.IVR0', 0x50060020, 'AHBENR.AESEN', 'AHBRSTR.AESRST', [55]],
  ['stm32h563zi', 'CEC.CFGR', 0x40007004, 'APB1LENR.CECEN', 'APB1LRSTR.CECRST', [119]],
  ['stm32u585ai', 'AES.IVR0', 0x420c0020, 'AHB2ENR1.AESEN', 'AHB2RSTR1.AESRST', [93]],
  ['stm32f303re', 'SPI4.CRCPR', 0x40013c10, 'APB2ENR.SPI4EN', 'APB2RSTR.SPI4RST', [84]],
  ['stm32f303re', 'TIM20.CCR1', 0x40015034, 'APB2ENR.TIM20EN', 'APB2RSTR.TIM20RST', [77, 78, 79, 80]],
  ['stm32f334r8', 'DAC2.DHR12R1', 0x40009808, 'APB1ENR.DAC2EN', 'APB1RSTR.DAC2RST', [55]],
  ['stm32l452re', 'DFSDM.FLT0AWHTR', 0x40016120, 'APB2ENR.DFSDM1EN', 'APB2RSTR.DFSDM1RST', [61, 62]],
  ['stm32f091rc', 'DMA2.CMAR1', 0x40020414, 'AHBENR.DMA2EN', null, [10, 11]],
];

describe.each(BLOCKS)('%s %s', (part, register, address, gate, reset, irqs) => {
  const [block] = register.split('.') as [string];
  it('lies where the header has it and takes nothing without its clock', () => {
    const h = new StChip(findChip(part)!);
    const before = h.system.read(address, 4);
    h.system.write(address, 4, 0x55);
    h.set(`RCC.${gate}`, 1);
    expect(h.get(`RCC.${gate}`)).toBe(1);
    const still = h.read(register);
    expect(h.system.read(address, 4)).toBe(still);
    h.write(register, 0x55);
    expect(h.read(register)).not.toBe(still);
    expect(before).toBe(0);
    if (reset === null) return;
    h.set(`RCC.${reset}`, 1);
    h.set(`RCC.${reset}`, 0);
    h.wait(MS);
    expect(h.read(register)).toBe(still);
  });
  it('has its interrupt lines', () => {
    expect(findChip(part)!.blocks.find((b) => b.name === block)!.irqs).toEqual(expect.arrayContaining([...irqs]));
  });
});

describe('what only some dies have', () => {
  it.each([
    ['stm32f303cc', 'APB2ENR.SPI4EN'],
    ['stm32h743zi', 'AHB3ENR.OTFDEC1EN'],
    ['stm32f405rg', 'AHB2ENR.CRYPEN'],
  ])('%s has no %s', (part, field) => {
    const rcc = findChip(part)!.facts['RCC']!.registers.find((r) => r.name === field.split('.')[0])!;
    expect(rcc.fields.map((f) => f.name)).not.toContain(field.split('.')[1]);
  });
  it.each([
    ['stm32g030k8', 'TIM2 TIM6 TIM15 LPTIM1 LPUART1 USART3 DAC1 COMP VREFBUF UCPD1 HDMI_CEC USB CRS DMA2 GPIOE AES'],
    ['stm32g050k8', 'TIM2 LPTIM1 LPUART1 USART3 DAC1 COMP VREFBUF UCPD1 HDMI_CEC USB CRS DMA2 GPIOE AES'],
    ['stm32g061k8', 'USART3 UCPD1 HDMI_CEC USB CRS DMA2 GPIOE'],
    ['stm32c031c6', 'TIM2 SPI2 I2C2 USB CRS'],
    ['stm32c011f6', 'TIM2 SPI2 I2C2 USB CRS GPIOD'],
    ['stm32g031k8', 'TIM6 TIM15 USART3 DAC1 COMP UCPD1 HDMI_CEC USB CRS DMA2 GPIOE AES'],
  ])('%s has no %s', (part, absent) => {
    const here = findChip(part)!.blocks.map((b) => b.name);
    expect(absent.split(' ').filter((name) => here.includes(name))).toEqual([]);
  });
  it.each(CHIPS.filter((c) => /STM32[CG]0/.test(c.name)).map((c) => [c.name, c] as const))('%s: DMAMUX feeds all channels', (_, chip) => {
    const rows = chip.blocks as readonly Row[];
    const channels = rows.flatMap((b) => (b.model === 'dma-v1' ? [b.options.lines.length] : []));
    const muxes = rows.flatMap((b) => (b.model === 'dmamux' ? [b.options.channels] : []));
    expect(channels.reduce((n, c) => n + c, 0)).toBe(muxes[0]);
  });
  it('F446 has SPDIF-RX on a line behind that of SPI3', () => {
    const lines = (name: string): unknown => findChip('stm32f446re')!.blocks.find((b) => b.name === name)!.irqs;
    expect([lines('SPI3'), lines('SPDIF_RX')]).toEqual([[51], [94]]);
  });
});

describe('F091', () => {
  /** A byte from memory to the transmit register of USART1, by a channel of a DMA whose CSELR says `select`. */
  function sent(dma: string, channel: number, select: number): number {
    const h = new StChip(findChip('stm32f091rc')!);
    for (const gate of ['AHBENR.DMA1EN', 'AHBENR.DMA2EN', 'APB2ENR.USART1EN']) h.set(`RCC.${gate}`, 1);
    h.write('USART1.BRR', 69);
    h.write('USART1.CR3', 1 << 7);
    h.write('USART1.CR1', 9);
    h.write(`${dma}.CSELR`, select << (4 * (channel - 1)));
    h.write(`${dma}.CPAR${channel}`, 0x40013828);
    h.write(`${dma}.CMAR${channel}`, 0x20000000);
    h.write(`${dma}.CNDTR${channel}`, 3);
    h.write(`${dma}.CCR${channel}`, 0x91);
    h.wait(10 * MS);
    return 3 - h.read(`${dma}.CNDTR${channel}`);
  }
  it.each([
    ['DMA1', 2, 8, 3],
    ['DMA1', 4, 8, 3],
    ['DMA2', 5, 8, 3],
    ['DMA1', 2, 0, 0],
    ['DMA1', 2, 9, 0],
    ['DMA1', 1, 8, 0],
  ])('%s channel %i with %i in CSELR carries %i of three bytes to USART1', (dma, channel, select, bytes) => {
    expect(sent(dma, channel, select)).toBe(bytes);
  });
});
