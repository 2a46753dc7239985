/** Comparisons of checks, on both sides of their borders. */
import { expect, it } from 'vitest';
import { isInterrupt } from '../../src/checks/core-registers.ts';
import { inRomRam } from '../../src/checks/msp.ts';
import type { RomFacts } from '../../src/checks/check.ts';

it('PendSV, 14, is the first exception that comes from outside of the running code', () => {
  expect([13, 14, 15].map(isInterrupt)).toEqual([false, true, true]);
});

it('a stack is in the RAM of the ROM above its lower edge and up to its upper one: SP points behind its first word', () => {
  const rom = { ramUse: [{ base: 0x20000000, size: 0x1000 }] } as unknown as RomFacts;
  expect([0x20000000, 0x20000004, 0x20001000, 0x20001004].map((sp) => inRomRam(rom, sp))).toEqual([false, true, true, false]);
});
