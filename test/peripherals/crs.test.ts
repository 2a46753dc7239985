import { describe, expect, it } from 'vitest';
import { rate } from '../../src/emu/time.ts';
import { bench, type Bench } from './bench.ts';

const IRQ = 75;
const row = { name: 'CRS', model: 'crs', base: 0x40006000, size: 0x400, irqs: [IRQ] };
const CEN = 1 << 5;
const AUTOTRIMEN = 1 << 6;
const MS = 1e9;
const made = bench([row], { hsi48: 48_000_000, lse: null });

/** One SOF each millisecond, for `n` of them. */
function sofs(b: Bench, n: number): void {
  for (let i = 0; i < n; i++) {
    b.until(b.sys.now + MS);
    b.sys.setWire('usb.sof', b.sys.wire('usb.sof') + 1);
  }
}
const flags = (b: Bench): number => b.read('CRS.ISR') & 0x70f;
const trim = (b: Bench): number => b.field('CRS.CR', 'TRIM');

describe('CRS', () => {
  it('exact 48 MHz against 1 ms SOF: SYNCOK, error 0, TRIM stays', () => {
    const b = made.again();
    b.write('CRS.CR', b.read('CRS.CR') | CEN | AUTOTRIMEN);
    sofs(b, 1);
    expect(flags(b)).toBe(0); // the first SOF only starts the counter
    sofs(b, 1);
    expect(b.read('CRS.ISR') & ~8).toBe(1);
    sofs(b, 100);
    expect([trim(b), b.field('CRS.ISR', 'FECAP'), b.read('CRS.ISR') & 0x706]).toEqual([32, 0, 0]);
  });

  it('an error below FELIM leaves TRIM, above it one step, above 3 x FELIM two, in the right direction', () => {
    // FELIM = 34 ticks of 48 000.
    for (const [hz, step, warn] of [
      [48_033_000, 0, 0],
      [48_035_000, -1, 0],
      [47_965_000, 1, 0],
      [48_101_000, -1, 0],
      [48_103_000, -2, 2],
      [47_897_000, 2, 2],
      [48_500_000, -2, 2],
    ] as const) {
      const b = made.again();
      b.sys.setClock('hsi48', rate(hz));
      b.write('CRS.CR', CEN | AUTOTRIMEN | (32 << 8));
      sofs(b, 2);
      expect([hz, trim(b) - 32, b.read('CRS.ISR') & 2]).toEqual([hz, step, warn]);
      expect(b.sys.wire('crs.trim')).toBe(step);
      expect(b.field('CRS.ISR', 'FEDIR')).toBe(hz > 48_000_000 ? 0 : 1);
    }
  });

  it('without AUTOTRIMEN it only measures', () => {
    const b = made.again();
    b.sys.setClock('hsi48', rate(48_200_000));
    const before = trim(b);
    b.write('CRS.CR', b.read('CRS.CR') | CEN);
    sofs(b, 3);
    expect([trim(b), b.field('CRS.ISR', 'FECAP')]).toEqual([before, 200]);
  });

  it('no SOF in time: SYNCMISS and ERR with its interrupt, then it waits for the next SOF', () => {
    const b = made.again();
    b.write('CRS.CR', b.read('CRS.CR') | CEN | 4);
    sofs(b, 2);
    b.until(b.sys.now + MS);
    expect([flags(b) & 8, b.irqs.get(IRQ)]).toEqual([8, false]);
    b.until(b.sys.now + MS / 10);
    expect([flags(b) & 0x204, b.irqs.get(IRQ)]).toEqual([0x204, true]);
    b.write('CRS.ICR', 4);
    expect([flags(b) & 0x204, b.irqs.get(IRQ)]).toEqual([0, false]);
    b.until(b.sys.now + 50 * MS);
    expect(flags(b) & 0x204).toBe(0);
  });

  it('a SOF far too early: SYNCERR', () => {
    const b = made.again();
    b.write('CRS.CR', b.read('CRS.CR') | CEN);
    sofs(b, 1);
    b.until(b.sys.now + MS / 2);
    b.sys.setWire('usb.sof', b.sys.wire('usb.sof') + 1);
    expect(flags(b)).toBe(0x104);
  });

  it('CFGR is locked while CEN = 1; ICR clears flag by flag', () => {
    const b = made.again();
    b.write('CRS.CR', b.read('CRS.CR') | CEN);
    b.write('CRS.CFGR', 0);
    expect(b.read('CRS.CFGR')).toBe(0x2022bb7f);
    sofs(b, 2);
    b.until(b.sys.now + MS);
    expect(flags(b) & 9).toBe(9);
    b.write('CRS.ICR', 1);
    expect(flags(b) & 9).toBe(8);
  });

  it('the host that stops sending SOF leaves no event armed', () => {
    const b = made.again();
    b.write('CRS.CR', b.read('CRS.CR') | CEN);
    sofs(b, 2);
    b.until(b.sys.now + 10 * MS);
    expect(b.sys.scheduler.next).toBe(Infinity);
  });

  it('each edge of LSE that passes SYNCDIV is a SYNC event, until CEN falls', () => {
    // RELOAD = 48 MHz / 32 768 Hz - 1, as ST's examples have it; FELIM in proportion; HSI48 is 1 % slow.
    for (const divider of [0, 3]) {
      const b = bench([row], { hsi48: 47_520_000, lse: 32_768 });
      b.write('CRS.CFGR', (1 << 28) | (divider << 24) | ((2 << divider) << 16) | (1464 * 2 ** divider - 1));
      b.write('CRS.CR', b.read('CRS.CR') | CEN | AUTOTRIMEN);
      const edge = (1e12 / 32_768) * 2 ** divider;
      b.until(b.sys.now + 1.5 * edge);
      expect(flags(b)).toBe(0); // the first one only starts the counter
      b.until(b.sys.now + edge);
      expect([flags(b), trim(b)]).toEqual([2, 34]);
      b.write('CRS.CR', 0);
      b.write('CRS.ICR', 0xf);
      b.until(b.sys.now + 4 * edge);
      expect(flags(b)).toBe(0);
    }
  });
});
