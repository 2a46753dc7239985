import { findChip } from '../../src/chips/index.ts';
import { STM32F303CC } from '../../src/chips/stm32f3.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { StChip } from './st-chip.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import f0x2 from '../../src/chips/generated/stm32f0x2.json' with { type: 'json' };
import { loadFacts, type GeneratedFacts } from '../../src/chips/facts.ts';
import type { System } from '../../src/emu/system.ts';
import { MS, rate } from '../../src/emu/time.ts';
import { usbFsdev, usbFsdevPort } from '../../src/peripherals/usb/usb-fsdev.ts';
import { BriefSystem } from '../brief.ts';

const USB = 0x40005c00;
const PMA = 0x40006000;
const RCC_APB1ENR = 0x4002101c;
let system: System;
const get = (offset: number): number => system.read(USB + offset, 2);
const set = (offset: number, v: number): void => void system.write(USB + offset, 2, v);
const pma = (at: number, v: number): void => void system.write(PMA + at, 2, v);

beforeEach(() => {
  const facts = loadFacts(f0x2 as unknown as GeneratedFacts);
  system = new BriefSystem(
    {
      name: 'F0 USB',
      family: 'test',
      line: 'test',
      cores: [],
      memories: [],
      clocks: ['usb'],
      rcc: 'RCC',
      parameters: {},
      facts,
      blocks: [
        { name: 'RCC', model: null, base: 0x40021000, size: 0x400 },
        { name: 'USB', model: 'usb-fsdev', base: USB, size: 0x800, irqs: [31], clock: 'APB1ENR.USBEN' },
      ],
    },
    { 'usb-fsdev': usbFsdev },
  );
  system.resetBlocks('power');
  system.setClock('usb', rate(48_000_000));
  system.write(RCC_APB1ENR, 4, 1 << 23);
});

describe('USB FSDEV', () => {
  it('resets as the SVD says and needs no supply wire for its pull-up', () => {
    expect([get(0x40), get(0x44), get(0x4c), get(0x50)]).toEqual([3, 0, 0, 0]);
    set(0x40, 0);
    set(0x58, 0x8000);
    expect(system.wire('usb.pullup')).toBe(1);
  });
  it('BTABLE places the descriptors; 16-bit entries; half-word packet memory; LPMODE is plain', () => {
    const port = usbFsdevPort(system, 'USB');
    set(0x40, 0);
    set(0x50, 0x40);
    pma(0x40, 0x80); // ADDR_TX
    pma(0x42, 3);
    pma(0x44, 0xc0);
    pma(0x46, 0x8400); // 64 bytes
    pma(0x80, 0x2211);
    pma(0x82, 0x4433);
    set(0x00, 0x3230);
    set(0x4c, 0x80);
    expect(port.in(0, 0)).toEqual({ toggle: 0, data: Uint8Array.of(0x11, 0x22, 0x33) });
    expect(port.setup(0, 0, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toBe('ack');
    expect(system.read(PMA + 0x46, 2)).toBe(0x8408);
    expect(system.read(PMA + 0xc2, 2)).toBe(0x0403);
    expect(get(0x44) & 0x801f).toBe(0x8010);
    set(0x40, 4);
    expect(get(0x40)).toBe(4);
  });
});

describe('errors on the bus (RM0091, USB_ISTR.ERR)', () => {
  it('ERR, data up to the cut in the packet memory, and the endpoint as it was', () => {
    const port = usbFsdevPort(system, 'USB');
    set(0x40, 0x2000);
    pma(0x04, 0xc0);
    pma(0x06, 0x8400);
    set(0x00, 0x3220);
    set(0x4c, 0x80);
    set(0x44, 0);
    const before = get(0);
    port.lost({ how: 'cut', packet: 'data', address: 0, endpoint: 0, setup: false, data: Uint8Array.of(0x11, 0x22, 0x33) });
    expect([system.read(PMA + 0xc0, 2), system.read(PMA + 0xc2, 2)]).toEqual([0x2211, 0x33]);
    expect([get(0), get(0x44) & 0xa000, system.read(PMA + 0x06, 2)]).toEqual([before, 0x2000, 0x8400]);
    expect(port.out(0, 0, 0, Uint8Array.of(7))).toBe('ack');
  });
  it('a packet beyond the buffer (a babble) is answered by STALL and raises nothing (RM0365, buffer overrun)', () => {
    const port = usbFsdevPort(system, 'USB');
    set(0x40, 0);
    pma(0x04, 0xc0);
    pma(0x06, 0x8400);
    set(0x00, 0x3220);
    set(0x4c, 0x80);
    expect(port.out(0, 0, 0, new Uint8Array(68))).toBe('stall');
    expect([get(0x44) & 0x8000, get(0) & 0x3000]).toEqual([0, 0x3000]);
  });
});

describe('packet memory of F303xC and F103, one half-word in each word (RM0316 32.5.3)', () => {
  it('the CPU finds half-words four bytes apart, nothing between them and none behind 512 bytes', () => {
    const chip = new StChip(STM32F303CC);
    chip.set('RCC.APB1ENR.USBEN', 1);
    const at = (n: number): number => 0x40006000 + n;
    chip.system.write(at(0), 2, 0x1234);
    chip.system.write(at(4), 2, 0x5678);
    chip.system.write(at(8), 4, 0xaaaa9abc);
    chip.system.write(at(0x3fc), 2, 0xcafe);
    const read = (n: number, size: 2 | 4): number => chip.system.read(at(n), size);
    expect([read(0, 4), read(2, 2), read(4, 2), read(8, 4), read(0x3fc, 2)]).toEqual([0x1234, 0, 0x5678, 0x9abc, 0xcafe]);
  });
});

describe('F103', () => {
  /** EP0 answers SETUP, with a receive buffer at 0x40 whose size nobody has written; CNTR = 0: no mask bit is set. */
  const firstSetup = (chip: ChipDescription): { readonly h: StChip; readonly answer: string } => {
    const h = new StChip(chip);
    h.write('RCC.CR', h.read('RCC.CR') | (1 << 16));
    h.wait(10 * MS);
    // PLL: HSE of 8 MHz times 6, USB undivided.
    h.write('RCC.CFGR', (4 << 18) | (1 << 16) | (1 << 22));
    h.write('RCC.CR', h.read('RCC.CR') | (1 << 24));
    h.wait(1 * MS);
    h.set('RCC.APB1ENR.USBEN', 1);
    h.write('USB.CNTR', 0);
    h.write('USB.ISTR', 0);
    h.system.write(0x40006000 + 8, 2, 0x40);
    h.write('USB.EP0R', 0x3220);
    h.write('USB.DADDR', 0x80);
    return { h, answer: usbFsdevPort(h.system, 'USB').setup(0, 0, Uint8Array.of(0x80, 6, 0, 1, 0, 0, 64, 0)) };
  };
  it('CTR interrupts whatever CTRM says, and a buffer without blocks takes a packet (stm32-hid-bootloader, reported)', () => {
    const { h, answer } = firstSetup(findChip('stm32f103cb')!);
    expect([answer, h.irqs.get(20), h.read('USB.ISTR') & 0x8000]).toEqual(['ack', true, 0x8000]);
    expect([h.system.read(0x40006000 + 0x80, 2), h.system.read(0x40006000 + 12, 2)]).toEqual([0x0680, 8]);
  });
  it('on F303 it does not', () => {
    expect(firstSetup(STM32F303CC).answer).not.toBe('ack');
  });
});

describe('F303', () => {
  it('USB_IT_RMP moves the interrupt from line 20 to 75 and back, while it stands too (ChibiOS)', () => {
    const h = new StChip(STM32F303CC);
    h.set('RCC.APB1ENR.USBEN', 1);
    h.set('RCC.APB2ENR.SYSCFGEN', 1);
    const lines = (): readonly boolean[] => [20, 75].map((n) => h.irqs.get(n) === true);
    // FRES raises RESET, RESETM lets it through.
    h.write('USB.CNTR', 0x401);
    expect(lines()).toEqual([true, false]);
    h.write('SYSCFG.CFGR1', 1 << 5);
    expect(lines()).toEqual([false, true]);
    h.write('USB.CNTR', 0);
    expect(lines()).toEqual([false, false]);
    h.write('USB.CNTR', 0x401);
    expect(lines()).toEqual([false, true]);
    h.write('SYSCFG.CFGR1', 0);
    expect(lines()).toEqual([true, false]);
  });
});
