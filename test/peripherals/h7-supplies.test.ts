/** PWR, SYSCFG, EXTI and HSEM of the H745. */
import { beforeEach, describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const chip = new StChip(STM32H745XI);
const h = chip;
/** Levels of interrupt lines by core. */
const lines = new Map<string, boolean>();
beforeEach(() => {
  chip.again();
  lines.clear();
  chip.system.listener.irq = (line, level, core) => void lines.set(core === undefined ? `${line}` : `${line}.${core}`, level);
});
const as = (core: number, body: () => void): void => {
  h.system.master = core;
  body();
  h.system.master = 0;
};

describe('PWR', () => {
  it('ACTVOSRDY rises only after a write of CR3', () => {
    h.wait(1000 * US);
    expect(h.get('PWR.CSR1.ACTVOSRDY')).toBe(0);
    h.write('PWR.CR3', 4);
    h.wait(30 * US);
    expect([h.get('PWR.CSR1.ACTVOSRDY'), h.get('PWR.CSR1.ACTVOS')]).toEqual([1, 1]);
  });
  it('the supply bits are written once until power is off; a reset does not free them', () => {
    h.write('PWR.CR3', 2);
    h.write('PWR.CR3', 4);
    expect(h.read('PWR.CR3') & 7).toBe(2);
    h.reset('software');
    h.write('PWR.CR3', 4);
    expect(h.read('PWR.CR3') & 7).toBe(2);
    h.system.resetBlocks('power');
    h.write('PWR.CR3', 4);
    expect(h.read('PWR.CR3') & 7).toBe(4);
  });
  it.each(['stm32h743zi', 'stm32h723zg'])('%s has the LDO alone: SCUEN is 1 until the first write, and no write changes it', (name) => {
    const ldo = new StChip(findChip(name)!);
    const seen = [0x0, 0x2, 0x6].map((value, i) => {
      if (i > 0) ldo.write('PWR.CR3', value);
      return ldo.read('PWR.CR3') & 7;
    });
    ldo.reset('software');
    expect([...seen, ldo.read('PWR.CR3') & 7]).toEqual([6, 2, 2, 2]);
    ldo.system.resetBlocks('power');
    expect(ldo.read('PWR.CR3') & 7).toBe(6);
  });
  it.each([
    ['smps', 1, 2, 4],
    ['ldo', 0, 4, 2],
  ])('on a board that is wired for the %s the other one never gets ready, until power is off', (_, wired, wrong, right) => {
    const board = new StChip(STM32H745XI, { 'core.smps': wired });
    const told: string[] = [];
    board.system.listener.note = (_kind, text) => void (text.includes('the board feeds the core from') && told.push(text));
    board.write('PWR.CR3', wrong);
    board.set('PWR.D3CR.VOS', 3);
    board.wait(1000 * US);
    expect([board.get('PWR.CSR1.ACTVOSRDY'), board.get('PWR.D3CR.VOSRDY'), board.system.wire('vos')]).toEqual([0, 0, 0]);
    board.reset('software');
    board.write('PWR.CR3', right);
    board.wait(1000 * US);
    expect(board.get('PWR.CSR1.ACTVOSRDY')).toBe(0);
    board.system.resetBlocks('power');
    board.write('PWR.CR3', right);
    board.wait(1000 * US);
    expect([board.get('PWR.CSR1.ACTVOSRDY'), told.length]).toEqual([1, 1]);
  });
  it('VOS changes take their time; before the supply is configured the range stays VOS3', () => {
    h.set('PWR.D3CR.VOS', 3);
    h.wait(100 * US);
    expect([h.get('PWR.CSR1.ACTVOS'), h.system.wire('vos')]).toEqual([1, 0]);
    h.write('PWR.CR3', 2);
    expect(h.get('PWR.D3CR.VOSRDY')).toBe(0);
    h.wait(100 * US);
    expect([h.get('PWR.D3CR.VOSRDY'), h.get('PWR.CSR1.ACTVOS'), h.system.wire('vos')]).toEqual([1, 3, 2]);
    h.set('RCC.APB4ENR.SYSCFGEN', 1);
    h.set('SYSCFG.PWRCR.ODEN', 1);
    h.wait(100 * US);
    expect(h.system.wire('vos')).toBe(3);
  });
  it('USB33DEN switches the detector and the transceiver’s supply, if VDD33USB has one', () => {
    h.set('PWR.CR3.USB33DEN', 1);
    expect([h.get('PWR.CR3.USB33RDY'), h.system.wire('usb.supply')]).toEqual([0, 1]);
    h.wait(20 * US);
    expect(h.get('PWR.CR3.USB33RDY')).toBe(1);
    const dead = new StChip(STM32H745XI, { 'vddusb.volts': 0 });
    dead.set('PWR.CR3.USB33DEN', 1);
    dead.wait(100 * US);
    expect([dead.get('PWR.CR3.USB33RDY'), dead.system.wire('usb.supply')]).toEqual([0, 0]);
    // The internal regulator makes 3.3 V of VDD50USB.
    dead.set('PWR.CR3.USBREGEN', 1);
    dead.wait(100 * US);
    expect(dead.get('PWR.CR3.USB33RDY')).toBe(1);
  });
  it('DBP opens the backup domain until a reset', () => {
    h.set('PWR.CR1.DBP', 1);
    expect(h.system.wire('dbp')).toBe(1);
    h.write('RTC.BKP0R', 0xb007b007);
    expect(h.read('RTC.BKP0R')).toBe(0xb007b007);
    h.reset('software');
    expect(h.system.wire('dbp')).toBe(0);
    h.write('RTC.BKP0R', 0);
    expect(h.read('RTC.BKP0R')).toBe(0xb007b007);
  });
});

describe('EXTI', () => {
  const edge = (): void => {
    h.system.setWire('in.PA3', 0);
    h.system.setWire('in.PA3', 1);
  };
  it('a line reaches the cores whose mask lets it through, on their own pending bits', () => {
    h.set('EXTI.RTSR1.TR3', 1);
    h.write('EXTI.C2IMR1', 8);
    edge();
    expect([lines.get('9.0') ?? false, lines.get('9.1')]).toEqual([false, true]);
    expect([h.read('EXTI.C1PR1'), h.read('EXTI.C2PR1')]).toEqual([8, 8]);
    h.write('EXTI.C2PR1', 8);
    expect([h.read('EXTI.C1PR1'), h.read('EXTI.C2PR1'), lines.get('9.1')]).toEqual([8, 0, false]);
  });
  it('SWIER triggers as an edge does; an event output goes to its core', () => {
    h.write('EXTI.C1EMR1', 1);
    const before = h.system.wire('event.cm7');
    h.write('EXTI.SWIER1', 1);
    expect(h.system.wire('event.cm7')).not.toBe(before);
    expect(h.system.wire('event.cm4')).toBe(0);
  });
  it('SEV of the M4 interrupts the M7 on line 65, unless masked', () => {
    const levels: boolean[] = [];
    chip.system.listener.irq = (line, level, core) => void (line === 65 && core === 0 && levels.push(level));
    h.system.setWire('sev.cm4', 1);
    expect(levels).toEqual([true, false]);
    h.write('EXTI.C1IMR3', 0);
    h.system.setWire('sev.cm4', 2);
    expect(levels).toHaveLength(2);
  });
});

describe('HSEM', () => {
  beforeEach(() => h.set('RCC.AHB4ENR.HSEMEN', 1));
  const take = (core: number, process: number): void =>
    as(core, () => h.write('HSEM.R5', 0x80000000 | ((core === 0 ? 3 : 1) << 8) | process));
  it('the first to write its lock has it; the other reads who', () => {
    take(0, 7);
    take(1, 9);
    expect(h.read('HSEM.R5')).toBe(0x80000307);
  });
  it('a write in another core’s name does nothing; only the owner’s process releases', () => {
    as(1, () => h.write('HSEM.R5', 0x80000300));
    expect(h.read('HSEM.R5')).toBe(0);
    take(0, 7);
    as(0, () => h.write('HSEM.R5', 0x306));
    expect(h.read('HSEM.R5')).toBe(0x80000307);
    as(0, () => h.write('HSEM.R5', 0x307));
    expect(h.read('HSEM.R5')).toBe(0);
  });
  it('a read of RLR takes a free one', () => {
    as(1, () => expect(h.read('HSEM.RLR2')).toBe(0x80000100));
    as(0, () => expect(h.read('HSEM.RLR2')).toBe(0x80000100));
  });
  it('a release interrupts the cores that wait for it, each on its own line', () => {
    h.write('HSEM.C2IER', 1 << 5);
    take(0, 0);
    as(0, () => h.write('HSEM.R5', 0x300));
    expect([lines.get('125.0') ?? false, lines.get('126.1')]).toEqual([false, true]);
    expect(h.read('HSEM.C2MISR')).toBe(1 << 5);
    h.write('HSEM.C2ICR', 1 << 5);
    expect([h.read('HSEM.C2ISR'), lines.get('126.1')]).toEqual([0, false]);
  });
  it('CR with the key frees all of one core', () => {
    take(0, 1);
    as(1, () => h.read('HSEM.RLR6'));
    h.write('HSEM.KEYR', 0xabcd0000);
    h.write('HSEM.CR', 0x12340300);
    expect(h.read('HSEM.R5')).not.toBe(0);
    h.write('HSEM.CR', 0xabcd0300);
    expect([h.read('HSEM.R5'), h.read('HSEM.R6')]).toEqual([0, 0x80000100]);
  });
});
