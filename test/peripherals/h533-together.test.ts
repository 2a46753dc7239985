/** The STM32H533's own RCC, PWR and FLASH with the peripherals that hang on them, through bus addresses. */
import { describe, expect, it } from 'vitest';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { SILENT } from '../../src/emu/system.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefSystem } from '../brief.ts';

const RCC = 0x44020c00;
const PWR_DBPCR = 0x44020824;
const IWDG = 0x40003000;
const TIM6 = 0x40001000;
const USART2 = 0x40004400;
const TAMP_BKP0R = 0x44007d00;
const RCC_CR = RCC;
const [AHB2ENR, APB1LENR, APB3ENR, APB1LRSTR] = [RCC + 0x8c, RCC + 0x9c, RCC + 0xa8, RCC + 0x74];
const MS = 1e9;

function board() {
  const sys = new BriefSystem(STM32H533RE, MODELS);
  const resets: string[] = [];
  const text: string[] = [];
  const irqs = new Map<number, boolean>();
  sys.listener = {
    ...SILENT,
    reset: (by) => void resets.push(by),
    note: (kind, t) => void (kind.startsWith('console:') && text.push(`${kind.slice(8)}:${t}`)),
    irq: (line, level) => void irqs.set(line, level),
  };
  sys.resetBlocks('power');
  const later = (ps: number): void => sys.fireDue(sys.now + ps);
  later(10 * MS);
  return { sys, resets, text, irqs, later };
}

describe('STM32H533 peripherals on the chip', () => {
  it('the IWDG turns the LSI on by itself and bites after 512 ms of LSI', () => {
    const { sys, resets, later } = board();
    expect(sys.clock('lsi').rate).toBeNull();
    sys.write(IWDG, 4, 0xcccc);
    later(1 * MS);
    expect(sys.clock('lsi').rate).toEqual({ num: 32_000, den: 1 });
    later(510 * MS);
    expect(resets).toEqual([]);
    later(2 * MS);
    expect(resets).toEqual(['iwdg']);
  });

  it('TIM6 counts the 32 MHz that HSI/2 gives after reset, 64 MHz after HSIDIV = 1', () => {
    const { sys, later } = board();
    sys.write(APB1LENR, 4, 1 << 4);
    sys.write(TIM6, 2, 1);
    later(MS);
    expect(Math.abs(sys.read(TIM6 + 0x24, 4) - 32_000)).toBeLessThanOrEqual(1);
    sys.write(TIM6 + 0x24, 4, 0);
    sys.write(RCC_CR, 4, sys.read(RCC_CR, 4) & ~(3 << 3));
    later(MS / 2);
    expect(Math.abs(sys.read(TIM6 + 0x24, 4) - 32_000)).toBeLessThanOrEqual(64);
  });

  it('a timer whose RCC clock is switched off raises no interrupt, as HAL_RCC-style clean-up expects', () => {
    const { sys, irqs, later } = board();
    sys.write(APB1LENR, 4, 1 << 4);
    sys.write(TIM6 + 0x2c, 4, 999);
    sys.write(TIM6 + 0x0c, 2, 1);
    sys.write(TIM6, 2, 1);
    sys.write(APB1LENR, 4, 0);
    later(100 * MS);
    expect(irqs.get(49)).toBe(false);
    sys.write(APB1LENR, 4, 1 << 4);
    later(MS);
    expect(irqs.get(49)).toBe(true);
    sys.write(APB1LRSTR, 4, 1 << 4);
    sys.write(APB1LRSTR, 4, 0);
    expect(irqs.get(49)).toBe(false);
  });

  it('USART2 prints at its kernel clock', () => {
    const { sys, text, later } = board();
    sys.write(APB1LENR, 4, 1 << 17);
    sys.write(USART2 + 0x0c, 4, 278); // 115 200 Bd at 32 MHz
    sys.write(USART2, 4, 9);
    sys.write(USART2 + 0x28, 4, 0x48);
    sys.write(USART2 + 0x28, 4, 0x69);
    later(2 * 2780 * 31_250 - 31_250);
    expect(text).toEqual(['usart2:H']);
    later(2 * 31_250);
    expect(text).toEqual(['usart2:H', 'usart2:i']);
  });

  it('a magic value in BKP0R needs RTCAPBEN and DBP, and survives a system reset', () => {
    const { sys } = board();
    sys.write(TAMP_BKP0R, 4, 1);
    sys.write(APB3ENR, 4, 1 << 21);
    sys.write(TAMP_BKP0R, 4, 2);
    expect(sys.read(TAMP_BKP0R, 4)).toBe(0);
    sys.write(PWR_DBPCR, 4, 1);
    sys.write(TAMP_BKP0R, 4, 3);
    sys.resetBlocks('system');
    expect(sys.read(TAMP_BKP0R, 4)).toBe(0);
    sys.write(APB3ENR, 4, 1 << 21);
    expect(sys.read(TAMP_BKP0R, 4)).toBe(3);
  });

  it('GPIO needs its clock; the pin of port E does not move port A', () => {
    const { sys } = board();
    const [A, E] = [0x42020000, 0x42021000];
    sys.write(A, 4, 0xabfff7ff);
    expect(sys.read(A, 4)).toBe(0);
    sys.write(AHB2ENR, 4, 0x11);
    sys.write(A, 4, 0xabfff7ff); // PA5 output
    sys.write(A + 0x18, 4, 1 << 5);
    sys.write(E, 4, 0xfffff7ff);
    expect([sys.wire('out.PA5'), sys.wire('out.PE5')]).toEqual([1, 0]);
  });
});
