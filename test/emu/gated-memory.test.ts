/** RAM behind a clock gate: CCM of F4 (RCC_AHB1ENR.CCMDATARAMEN), fast while its clock is on, silent while it is off, in both tiers alike; backup SRAM. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { S } from '../../src/emu/core/state.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { MS } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { StChip } from '../peripherals/st-chip.ts';
import { BriefMachine } from '../brief.ts';

const AHB1ENR = 0x40023830;
const CCM = 0x10000000;
const [ON, OFF] = [1 << 20, 0];
// Thumb
const LDR_LITERAL = (rd: number, n: number): number => 0x4800 | (rd << 8) | n;
const LITERALS = 0x80;

/**
 * R0 = AHB1ENR, R1 = on, R2 = off, R3 = CCM, R5 = sum. For ever: the clock goes on, R4 counts and is stored, read and added; the clock goes off, R4 is stored one
 * higher, read and added; it goes on again, and what is there is added.
 */
const PROGRAM = [
  ...[15, 16, 16, 17].map((n, r) => LDR_LITERAL(r, n)),
  0x2400, // MOVS R4, #0
  0x2500, // MOVS R5, #0
  0x6001, // loop: STR R1, [R0]
  0x3401, // ADDS R4, #1
  0x601c, // STR R4, [R3]
  0x681e, // LDR R6, [R3]
  0x19ad, // ADDS R5, R5, R6
  0x6002, // STR R2, [R0]
  0x3401, // ADDS R4, #1
  0x601c, // STR R4, [R3]
  0x681e, // LDR R6, [R3]
  0x19ad, // ADDS R5, R5, R6
  0xbf00, // NOP
  0x6001, // STR R1, [R0]
  0x681e, // LDR R6, [R3]
  0x19ad, // ADDS R5, R5, R6
  0xe7f0, // B loop
];

function machine(translated: boolean): Machine {
  const m = new BriefMachine({ chip: findChip('stm32f407vg')!, models: MODELS, parameters: {}, seed: 1 });
  if (!translated) m.withoutShortcuts(['translation']);
  m.eraseNonVolatile();
  const bytes = new DataView(new ArrayBuffer(0x100));
  [0x20001000, 0x08000041].forEach((word, i) => bytes.setUint32(4 * i, word, true));
  PROGRAM.forEach((half, i) => bytes.setUint16(0x40 + 2 * i, half, true));
  [AHB1ENR, ON, OFF, CCM].forEach((word, i) => bytes.setUint32(LITERALS + 4 * i, word, true));
  m.load(0x08000000, new Uint8Array(bytes.buffer));
  m.powerOn();
  return m;
}
const r = (m: Machine, n: number): number => m.bootCore.get(S.R + 4 * n) >>> 0;
const all = (m: Machine): number[] => [...Array(16).keys()].map((n) => r(m, n));

/** The sum behind so many whole rounds, each of which reads an odd number twice and 0 once. */
const sumOf = (rounds: number): number => 2 * rounds ** 2;

describe('CCM of F407', () => {
  it('is there behind a reset (RM0090 6.3.10), reads 0 and takes nothing without its clock, and keeps what it has', () => {
    const m = machine(true);
    const { system } = m;
    system.write(CCM, 4, 0x12345678);
    expect(system.read(CCM, 4)).toBe(0x12345678);
    system.write(AHB1ENR, 4, OFF);
    system.write(CCM, 4, 1);
    expect(system.read(CCM, 4)).toBe(0);
    system.write(AHB1ENR, 4, ON);
    expect(system.read(CCM, 4)).toBe(0x12345678);
  });
  it('stores and loads around its switch are what they should be, in both tiers at every time', () => {
    const [fast, slow] = [machine(true), machine(false)];
    for (let i = 1; i <= 40; i++) {
      for (const m of [fast, slow]) m.run(i * 0.37 * MS);
      expect(all(fast)).toEqual(all(slow));
      const [count, sum] = [r(fast, 4), r(fast, 5)];
      const rounds = count >> 1;
      expect(count & 1 ? [sumOf(rounds), sumOf(rounds) + count] : [sumOf(rounds), sumOf(rounds) - count + 1]).toContain(sum);
    }
    expect(r(fast, 4)).toBeGreaterThan(1000);
    expect(fast.bootCore.tier.counters.compiled).toBeGreaterThan(0);
  });
  it('a checkpoint brings back whether it has its clock', () => {
    const m = machine(true);
    m.system.write(CCM, 4, 7);
    const checkpoint = m.save();
    m.system.write(AHB1ENR, 4, OFF);
    expect(m.system.read(CCM, 4)).toBe(0);
    m.restore(checkpoint);
    expect(m.system.read(CCM, 4)).toBe(7);
  });
});

describe.each([
  ['stm32h533re', 'BKPRAMEN', 'PWR.DBPCR.DBP'],
  ['stm32h503rb', 'BKPRAMEN', 'PWR.DBPCR.DBP'],
  ['stm32h563zi', 'BKPRAMEN', 'PWR.DBPCR.DBP'],
  ['stm32u575zi', 'BKPSRAMEN', 'PWR.DBPR.DBP'],
] as const)('backup SRAM of %s', (name, clock, dbp) => {
  it('takes stores with its clock and DBP, and reads 0 without the clock', () => {
    const h = new StChip(findChip(name)!);
    const at = 0x40036400;
    const store = (value: number): number => {
      h.system.write(at, 4, value);
      return h.system.read(at, 4);
    };
    if (name === 'stm32u575zi') h.set('RCC.AHB3ENR.PWREN', 1);
    h.set(`RCC.AHB1ENR.${clock}`, 0);
    expect(store(1)).toBe(0);
    h.set(`RCC.AHB1ENR.${clock}`, 1);
    expect(store(2)).toBe(0);
    h.set(dbp, 1);
    expect(store(3)).toBe(3);
    h.set(dbp, 0);
    expect(store(4)).toBe(3);
    h.set(`RCC.AHB1ENR.${clock}`, 0);
    expect(h.system.read(at, 4)).toBe(0);
  });
});
