/** Bits that a polling loop tests, read from its instructions. */
import { expect, it } from 'vitest';
import { FLASH, MAIN, started } from './bare-machine.ts';

const LDR = 0x6908; // LDR R0, [R1, #16]
const MOVS = 0x2480; // MOVS R4, #128
const LSLS = 0x01a4; // LSLS R4, R4, #6
const TST = 0x4220; // TST R0, R4
const BNE = 0xd1fa;

it.each([
  ['made behind the read', [LDR, MOVS, LSLS, TST, BNE], 0, 1 << 13],
  ['begun in front of it: not known, and no bit of the shift', [MOVS, LDR, LSLS, TST, BNE], 1, null],
  ['of LSLS of what is counted behind the read', [LDR, 0x1c64 /* ADDS R4, R4, #1 */, 0x0660 /* LSLS R0, R4, #25 */, 0xd4fb], 0, null],
  ['of LSLS of the word itself', [LDR, 0x0480 /* LSLS R0, R0, #18 */, 0xd4fc /* BMI */], 0, 1 << 13],
  ['of LSLS of the word that went over the stack', [LDR, 0x9000, 0x9b00, 0x049b /* LSLS R3, R3, #18 */, 0xd4fa], 0, 1 << 13],
] as const)('a mask %s', (_, code, read, mask) => {
  const { cpu } = started('m0', { [MAIN]: [...code] });
  expect(cpu.testedMask(FLASH + MAIN + 2 * read)).toBe(mask);
});
