/** LTDC, DMA2D and the DSI host: frames and their interrupt, reloads, pixels, what the regulator and the PLL of the link say. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { StChip } from './st-chip.ts';

const FRAME = Math.round(1e12 / 60);
const RAM = 0x20010000;

/** 480 lines of 800 pixels in all, of which 2 to 473 are shown. */
function panel(h: StChip): void {
  h.write('LTDC.SSCR', 1);
  h.write('LTDC.BPCR', 1);
  h.write('LTDC.AWCR', (799 << 16) | 473);
  h.write('LTDC.TWCR', (799 << 16) | 479);
}
describe.each(['STM32F429ZI', 'STM32F746ZG', 'STM32H743ZI', 'STM32L4R9ZI'])('LTDC of %s', (name) => {
  const chip = new StChip(findChip(name)!);
  const fresh = (): StChip => {
    const h = chip.again();
    h.set(name.includes('H7') ? 'RCC.APB3ENR.LTDCEN' : 'RCC.APB2ENR.LTDCEN', 1);
    panel(h);
    return h;
  };
  const line = name.includes('L4') ? 91 : 88;

  it('raises the line interrupt once a frame, after LTDCEN and where LIPCR says', () => {
    const h = fresh();
    h.write('LTDC.LIPCR', 240);
    h.write('LTDC.IER', 1);
    h.wait(2 * FRAME);
    expect(h.irqs.get(line) ?? false).toBe(false);
    h.set('LTDC.GCR.LTDCEN', 1);
    h.wait(FRAME * 0.49);
    expect(h.get('LTDC.ISR.LIF')).toBe(0);
    for (let frame = 0; frame < 3; frame++) {
      h.wait(FRAME * 0.02);
      expect([h.get('LTDC.ISR.LIF'), h.irqs.get(line)]).toEqual([1, true]);
      h.write('LTDC.ICR', 1);
      expect([h.get('LTDC.ISR.LIF'), h.irqs.get(line)]).toEqual([0, false]);
      h.wait(FRAME * 0.98);
    }
  });

  it('reloads at once, or when the active lines are over', () => {
    const h = fresh();
    h.write('LTDC.SRCR', 1);
    expect(h.read('LTDC.SRCR')).toBe(0);
    h.set('LTDC.GCR.LTDCEN', 1);
    h.write('LTDC.SRCR', 2);
    h.wait(FRAME * 0.95);
    expect([h.read('LTDC.SRCR'), h.get('LTDC.ISR.RRIF')]).toEqual([2, 0]);
    h.wait(FRAME * 0.05);
    expect([h.read('LTDC.SRCR'), h.get('LTDC.ISR.RRIF')]).toEqual([0, 1]);
  });

  it('shows where it is, and whether lines are synchronised or shown', () => {
    const h = fresh();
    h.set('LTDC.GCR.LTDCEN', 1);
    expect([h.get('LTDC.CPSR.CYPOS'), h.get('LTDC.CDSR.VSYNCS'), h.get('LTDC.CDSR.VDES')]).toEqual([0, 1, 0]);
    h.wait(FRAME / 2);
    expect([h.get('LTDC.CPSR.CYPOS'), h.get('LTDC.CDSR.VSYNCS'), h.get('LTDC.CDSR.VDES')]).toEqual([240, 0, 1]);
  });
});

describe.each(['STM32F429ZI', 'STM32H743ZI', 'STM32L496ZG', 'STM32U575ZI'])('DMA2D of %s', (name) => {
  const chip = new StChip(findChip(name)!);
  const at = name.includes('H7') ? 0x24000000 : RAM;
  const OCOLR = 0x38;
  const fresh = (): StChip => {
    const h = chip.again();
    h.set(name.includes('H7') ? 'RCC.AHB3ENR.DMA2DEN' : 'RCC.AHB1ENR.DMA2DEN', 1);
    for (let i = 0; i < 0x400; i += 4) h.system.write(at + i, 4, 0);
    return h;
  };
  const word = (h: StChip, offset: number): number => h.system.read(at + offset, 4);
  const run = (h: StChip, mode: number): void => {
    h.write('DMA2D.CR', (mode << 16) | 0x201);
    expect([h.get('DMA2D.CR.START'), h.get('DMA2D.ISR.TCIF')]).toEqual([1, 0]);
    h.wait(1e9);
    expect([h.get('DMA2D.CR.START'), h.get('DMA2D.ISR.TCIF')]).toEqual([0, 1]);
    h.write('DMA2D.IFCR', 2);
    expect(h.get('DMA2D.ISR.TCIF')).toBe(0);
  };

  it('fills a rectangle and leaves what lies beside it', () => {
    const h = fresh();
    h.write('DMA2D.OPFCCR', 2);
    h.system.write(h.system.block('DMA2D').row.base + OCOLR, 4, 0xf800);
    h.write('DMA2D.OMAR', at + 4);
    h.write('DMA2D.OOR', 2);
    h.write('DMA2D.NLR', (2 << 16) | 2);
    run(h, 3);
    expect([0, 4, 8, 12, 16].map((o) => word(h, o))).toEqual([0, 0xf800f800, 0, 0xf800f800, 0]);
  });

  it('copies, and converts RGB565 to ARGB8888', () => {
    const h = fresh();
    h.system.write(at, 4, 0x07e0f800);
    h.write('DMA2D.FGMAR', at);
    h.write('DMA2D.FGPFCCR', 2);
    h.write('DMA2D.OMAR', at + 0x100);
    h.write('DMA2D.NLR', (2 << 16) | 1);
    run(h, 0);
    expect(word(h, 0x100)).toBe(0x07e0f800);
    run(h, 1);
    expect([word(h, 0x100), word(h, 0x104)]).toEqual([0xffff0000, 0xff00ff00]);
  });

  it('blends by the alpha of the foreground, and takes A8 as alpha of one colour', () => {
    const h = fresh();
    h.system.write(at, 4, 0x00ff80);
    h.write('DMA2D.FGMAR', at);
    h.write('DMA2D.FGPFCCR', 9);
    h.write('DMA2D.FGCOLR', 0xff0000);
    for (let i = 0; i < 3; i++) h.system.write(at + 0x80 + 4 * i, 4, 0xff0000ff);
    h.write('DMA2D.BGMAR', at + 0x80);
    h.write('DMA2D.BGPFCCR', 0);
    h.write('DMA2D.OMAR', at + 0x100);
    h.write('DMA2D.NLR', (3 << 16) | 1);
    run(h, 2);
    expect([0, 4, 8].map((o) => word(h, 0x100 + o))).toEqual([0xff80007f, 0xffff0000, 0xff0000ff]);
  });

  it('loads a table of colours and looks L8 up in it', () => {
    const h = fresh();
    h.system.write(at, 4, 0xff112233);
    h.system.write(at + 4, 4, 0xff445566);
    h.write('DMA2D.FGCMAR', at);
    h.write('DMA2D.FGPFCCR', (1 << 8) | (1 << 5) | 5);
    h.wait(1e9);
    expect([h.get('DMA2D.FGPFCCR.START'), h.get('DMA2D.ISR.CTCIF')]).toEqual([0, 1]);
    h.system.write(at + 0x40, 4, 0x01);
    h.write('DMA2D.FGMAR', at + 0x40);
    h.write('DMA2D.OMAR', at + 0x100);
    h.write('DMA2D.NLR', (2 << 16) | 1);
    run(h, 1);
    expect([word(h, 0x100), word(h, 0x104)]).toEqual([0xff445566, 0xff112233]);
  });

  it('tells a bus error, and ends by ABORT', () => {
    const h = fresh();
    h.write('DMA2D.OMAR', 0x1ffe0000);
    h.write('DMA2D.NLR', (1 << 16) | 1);
    h.write('DMA2D.CR', 0x30101);
    h.wait(1e9);
    expect([h.get('DMA2D.CR.START'), h.get('DMA2D.ISR.TEIF'), h.get('DMA2D.ISR.TCIF')]).toEqual([0, 1, 0]);
    expect(h.notes).toContain('bus error at 0x1ffe0000');
    h.write('DMA2D.IFCR', 0x3f);
    h.write('DMA2D.CR', 0x30001);
    h.write('DMA2D.CR', 0x30005);
    h.wait(1e9);
    expect([h.get('DMA2D.CR.START'), h.get('DMA2D.ISR.TCIF')]).toEqual([0, 0]);
  });
});

describe.each([
  ['STM32F469NI', 92],
  ['STM32F769NI', 98],
  ['STM32F779NI', 98],
  ['STM32L4R9ZI', 78],
  ['STM32H747XI', 123],
  ['STM32H757XI', 123],
])('the DSI host of %s', (name, line) => {
  const chip = new StChip(findChip(name)!);
  const fresh = (): StChip => {
    const h = chip.again();
    h.set(name.includes('H7') ? 'RCC.APB3ENR.DSIEN' : 'RCC.APB2ENR.DSIEN', 1);
    return h;
  };

  it('has a regulator that gets ready and a PLL that locks, and both tell', () => {
    const h = fresh();
    h.write('DSIHOST.WIER', 1 << 13);
    h.set('DSIHOST.WRPCR.REGEN', 1);
    expect(h.get('DSIHOST.WISR.RRS')).toBe(0);
    h.wait(1e9);
    expect([h.get('DSIHOST.WISR.RRS'), h.get('DSIHOST.WISR.PLLLS'), h.irqs.get(line)]).toEqual([1, 0, true]);
    h.write('DSIHOST.WIFCR', 1 << 13);
    expect(h.irqs.get(line)).toBe(false);
    h.set('DSIHOST.WRPCR.PLLEN', 1);
    h.wait(1e9);
    expect([h.get('DSIHOST.WISR.PLLLS'), h.get('DSIHOST.WISR.PLLLIF')]).toEqual([1, 1]);
    h.set('DSIHOST.WRPCR.PLLEN', 0);
    expect([h.get('DSIHOST.WISR.PLLLS'), h.get('DSIHOST.WISR.PLLUIF')]).toEqual([0, 1]);
  });

  it('has empty FIFOs for commands, and ends a refresh in adapted command mode with ERIF', () => {
    const h = fresh();
    expect(h.read('DSIHOST.GPSR')).toBe(0x15);
    h.write('DSIHOST.WCFGR', 1);
    h.write('DSIHOST.WCR', 8);
    h.write('DSIHOST.WCR', 12);
    expect(h.get('DSIHOST.WISR.BUSY')).toBe(1);
    h.wait(FRAME);
    expect([h.get('DSIHOST.WISR.BUSY'), h.get('DSIHOST.WISR.ERIF'), h.read('DSIHOST.WCR')]).toEqual([0, 1, 8]);
  });
});

it.each(['STM32F767ZI', 'STM32F777ZI', 'STM32H755XI', 'STM32L4R7ZI', 'STM32F429ZI'])('%s has no DSI host', (name) => {
  expect(() => new StChip(findChip(name)!).system.block('DSIHOST')).toThrow();
});
it.each(['STM32F756ZG', 'STM32F777ZI', 'STM32F779NI'])('%s has CRYP and HASH', (name) => {
  const h = new StChip(findChip(name)!);
  expect([h.system.block('CRYP').row.name, h.system.block('HASH').row.name]).toEqual(['CRYP', 'HASH']);
});
