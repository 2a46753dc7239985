/** SDIO and SDMMC without a card: commands end as drivers wait for it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { StChip } from './st-chip.ts';

const NS = 1000;
const CMDSENT = 1 << 7;
const CTIMEOUT = 1 << 2;
describe.each([
  ['stm32f405rg', 'SDIO', 'APB2ENR.SDIOEN', true, 'STA'],
  ['stm32f767zi', 'SDMMC1', 'APB2ENR.SDMMC1EN', true, 'STA'],
  ['stm32l476rg', 'SDMMC1', 'APB2ENR.SDMMCEN', true, 'STA'],
  ['stm32f103re', 'SDIO', 'AHBENR.SDIOEN', true, 'STA'],
  ['stm32h743zi', 'SDMMC1', 'AHB3ENR.SDMMC1EN', false, 'STAR'],
  ['stm32h563zi', 'SDMMC2', 'AHB4ENR.SDMMC2EN', false, 'STAR'],
] as const)('%s %s', (name, block, enable, old, sta) => {
  const made = new StChip(findChip(name)!);
  const [mask, command] = old ? ['MASK', 'CMD'] : ['MASKR', made.layout(block).at(0x0c)!.name];
  const start = (wait: number, div: number, index = 0): StChip => {
    const h = made.again();
    h.set(`RCC.${enable}`, 1);
    h.write(`${block}.POWER`, 3);
    h.write(`${block}.CLKCR`, div | (old ? 1 << 8 : 0));
    h.write(`${block}.${mask}`, CMDSENT | CTIMEOUT);
    h.write(`${block}.${command}`, index | (wait << (old ? 6 : 8)) | (1 << (old ? 10 : 12)));
    return h;
  };
  const flags = (h: StChip): number => h.read(`${block}.${sta}`) & (CMDSENT | CTIMEOUT);

  it('a command is sent after 48 clocks, an answer is waited for over 64 more', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.integer({ min: 1, max: 255 }), (wait, div) => {
        const h = start(wait, div);
        const clocks = (48 + (wait ? 64 : 0)) * (old ? div + 2 : 2 * div);
        const ps = (clocks * 1e12) / 48e6;
        h.wait(ps - 10 * NS);
        expect(flags(h)).toBe(0);
        h.wait(20 * NS);
        expect(flags(h)).toBe(wait ? CTIMEOUT : CMDSENT);
        expect([...h.irqs.values()].some((level) => level)).toBe(true);
        h.write(`${block}.ICR`, 0xffffffff);
        expect(flags(h)).toBe(0);
        expect([...h.irqs.values()].some((level) => level)).toBe(false);
      }),
      { numRuns: 20 },
    );
  });
  it('without its supply nothing is sent', () => {
    const h = made.again();
    h.set(`RCC.${enable}`, 1);
    h.write(`${block}.${command}`, old ? 1 << 10 : 1 << 12);
    h.wait(1e9);
    expect(flags(h)).toBe(0);
  });
});
