/** The hardware chose the ROM: what no program could hand over is no fault of one. A ROM that would not do it by itself is told all the same. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { check, FakeTarget } from './fake-target.ts';

const verdict = (t: FakeTarget, id: string): string => check(id).judge(t.subject()).verdict;
const booted = (): FakeTarget => {
  const t = new FakeTarget();
  t.entry = { ...t.entry!, how: 'boot', fromPc: null };
  return t;
};

describe('a boot into the ROM', () => {
  it.each([
    ['hsi48', 'RCC.CR.HSI48ON', 0, 'hsi48', 'keeps'],
    ['vddusb', 'PWR.USBSCR.USB33SV', 0, 'usb-supply', 'keeps'],
    ['reset-flags', 'RCC.RSR.SFTRSTF', 1, 'reset-flags', 'software-returns'],
  ])('%s is the ROM’s own work, unless this ROM leaves it', (id, path, value, option, other) => {
    const t = booted().set(path, value);
    expect(verdict(t, id)).toBe('pass');
    t.options[option] = other;
    expect(verdict(t, id)).toBe('warn');
    const jumped = new FakeTarget().set(path, value);
    expect(verdict(jumped, id)).toBe('warn');
  });
});

describe('VTOR = 0', () => {
  it('is the ROM’s table where system memory is mapped there (STM32L4, MEM_MODE 1), and the application’s where it is not', () => {
    const t = new FakeTarget(findChip('stm32l476rg')!);
    t.core['vtor'] = 0;
    expect(verdict(t.set('SYSCFG.MEMRMP.MEM_MODE', 1), 'vtor')).toBe('pass');
    expect(verdict(t.set('SYSCFG.MEMRMP.MEM_MODE', 0), 'vtor')).toBe('warn');
    t.core['vtor'] = 0x08000000;
    expect(verdict(t.set('SYSCFG.MEMRMP.MEM_MODE', 1), 'vtor')).toBe('warn');
  });
});
