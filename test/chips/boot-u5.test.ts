/** Where STM32U575 starts with TZEN = 0, over every state of BOOT0's bits: AN2606 Table 2, pattern 12, written apart from the chip's rules. */
import { expect, it } from 'vitest';
import { STM32U575ZI } from '../../src/chips/stm32u5.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefMachine } from '../brief.ts';

const PLACES = { flash: 0x08000000, upper: 0x08100000, rom: 0x0bf90000 } as const;

/** A table at each place, whose reset vector tells it apart. */
function starts(parameters: Readonly<Record<string, number>>): string | undefined {
  const m = new BriefMachine({ chip: STM32U575ZI, models: MODELS, parameters, seed: 1 });
  m.eraseNonVolatile();
  for (const base of Object.values(PLACES)) m.load(base, new Uint8Array(new Uint32Array([0x20010000, base + 0x201]).buffer));
  m.powerOn();
  const { pc } = m.bootCore;
  m.release();
  return Object.entries(PLACES).find(([, base]) => pc === base + 0x200)?.[0];
}

const bits = [0, 1];
const states = bits.flatMap((pin) => bits.flatMap((nSWBOOT0) => bits.map((nBOOT0) => ({ pin, nSWBOOT0, nBOOT0 }))));
it.each(states)('BOOT0 pin $pin, nSWBOOT0 $nSWBOOT0, nBOOT0 $nBOOT0', ({ pin, nSWBOOT0, nBOOT0 }) => {
  const boot0 = nSWBOOT0 === 1 ? pin : 1 - nBOOT0;
  const parameters = { 'boot0.level': pin, 'option.nSWBOOT0': nSWBOOT0, 'option.nBOOT0': nBOOT0 };
  expect(starts(parameters)).toBe(boot0 === 1 ? 'rom' : 'flash');
  // NSBOOTADD0 and NSBOOTADD1, in units of 128 bytes, are what BOOT0 chooses between.
  const turned = { 'option.NSBOOTADD0': PLACES.rom / 128, 'option.NSBOOTADD1': PLACES.upper / 128 };
  expect(starts({ ...parameters, ...turned })).toBe(boot0 === 1 ? 'upper' : 'rom');
  expect(starts({ ...parameters, 'option.RDP': 0xcc })).toBe('flash');
});
