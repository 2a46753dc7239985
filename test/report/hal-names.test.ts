/** The macros of ST's HAL that a patch calls are those that the HAL of the chip's family has. */
import { describe, expect, it } from 'vitest';
import { clockInC } from '../../src/checks/fix-in-c.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { inStyle } from '../../src/report/patch/style.ts';

/** `__HAL_RCC_<name>_CLK_ENABLE()` in stm32xxxx_hal_rcc.h and hal_rcc_ex.h; of H5, RTCAPB is in stm32_hal_legacy.h. */
const HAL: Readonly<Record<string, string>> = {
  C0: 'CRS GPIO PWR RTCAPB SYSCFG',
  F0: 'CRS GPIO PWR SYSCFG',
  F1: 'BKP GPIO PWR',
  F2: 'BKPSRAM GPIO PWR SYSCFG',
  F3: 'GPIO PWR SYSCFG',
  F4: 'BKPSRAM GPIO PWR RTCAPB SYSCFG',
  F7: 'BKPSRAM GPIO PWR RTC SYSCFG',
  G0: 'CRS GPIO PWR RTCAPB SYSCFG',
  G4: 'CRS GPIO PWR RTCAPB SYSCFG',
  H5: 'CRS GPIO RTC RTCAPB',
  H7: 'CRS GPIO RTC SYSCFG',
  L0: 'CRS GPIO PWR SYSCFG',
  L1: 'GPIO PWR SYSCFG',
  L4: 'CRS GPIO PWR RTCAPB SYSCFG',
  U5: 'BKPSRAM CRS GPIO PWR RTCAPB SYSCFG',
  WB: 'CRS GPIO RTCAPB',
};
const FAMILIES = Object.keys(HAL);

describe('clocks in a file that calls the HAL', () => {
  it.each(FAMILIES)('%s', (family) => {
    const chips = CHIPS.filter(({ name }) => name.startsWith(`STM32${family}`));
    expect(chips.length).toBeGreaterThan(0);
    const lines = chips.flatMap((chip) => chip.blocks.flatMap(({ name }) => clockInC(chip, name)));
    const called = inStyle(['  HAL_Init();'], [...new Set(lines)], () => true).flatMap(
      (line) => /^__HAL_RCC_(\w+?)_CLK_ENABLE\(\);/.exec(line)?.[1]?.replace(/^GPIO.$/, 'GPIO') ?? [],
    );
    expect([...new Set(called)].filter((name) => !HAL[family]!.split(' ').includes(name))).toEqual([]);
  });
  it('every family is here', () => {
    const families = new Set(CHIPS.map(({ name }) => name.slice(5, 7).toUpperCase()));
    expect([...families].filter((f) => !FAMILIES.includes(f))).toEqual([]);
  });
});
it('what H7 calls RTCAPBEN is the clock of the RTC in its HAL', () => {
  const patched = (register: string): readonly string[] =>
    inStyle(['HAL_Init();'], [`RCC->${register} |= RCC_${register}_RTCAPBEN;`], () => true);
  expect(patched('APB4ENR')).toEqual(['__HAL_RCC_RTC_CLK_ENABLE();']);
  expect(patched('APB1ENR1')).toEqual(['__HAL_RCC_RTCAPB_CLK_ENABLE();']);
});
