/**
 * Which encodings exist: our decoder against Unicorn, over the 16-bit space and a sample of the 32-bit space. By default every 11th
 * 16-bit encoding; all of them with BOOTBENCH_CASES=59392 or more.
 */
import { describe, expect, test } from 'vitest';
import { PROFILES, type Profile } from '../../../src/emu/core/builder.ts';
import { Decoder } from '../../../src/emu/core/decode.ts';
import { Handlers } from '../../../src/emu/core/handlers.ts';
import '../../../src/emu/core/isa/index.ts';
import { OPS, ROWS } from '../../../src/emu/core/rows.ts';
import { theirs } from './outcomes.ts';
import { Random, randomBits } from './random-cases.ts';
import { CODE, DATA, PC, SLOT_BYTES, SLOTS, Unicorn, unicornMissing, XPSR } from './unicorn.ts';
import { harmsUnicorn, knownDifference } from './unicorn-known.ts';

const CASES = Number(process.env['BOOTBENCH_CASES'] ?? 5400);
const SEED = Number(process.env['BOOTBENCH_SEED'] ?? 20261120);
const WIDE = 0xe800;

function disagreements(profile: Profile, encodings: readonly (readonly [number, number])[]): string[] {
  const found: string[] = [];
  for (let from = 0; from < encodings.length; from += SLOTS - 1) found.push(...disagreementsOf(profile, encodings.slice(from, from + SLOTS - 1)));
  return found.slice(0, 40);
}
function disagreementsOf(profile: Profile, encodings: readonly (readonly [number, number])[]): string[] {
  const decoder = new Decoder(profile);
  const found: string[] = [];
  const uc = new Unicorn(profile);
  // all code is there before the first run: a branch may translate any slot
  const code = new Uint16Array((SLOTS * SLOT_BYTES) / 2).fill(0xe7fe);
  encodings.forEach((e, slot) => code.set(e, (slot * SLOT_BYTES) / 2));
  uc.write(CODE, new Uint8Array(code.buffer));
  encodings.forEach(([first, second], slot) => {
    const c = decoder.classify(first, second);
    if (c === 'unpredictable' || harmsUnicorn(profile, [first])) return;
    const decoded = c === 'undefined' ? null : c.decoded;
    // the floating-point space is compared by its own test
    if (profile.fpu !== 'none' && (first & 0xec00) === 0xec00 && ((second >>> 9) & 7) === 5) return;
    uc.registers.fill(DATA + 0x1000);
    uc.registers[PC] = CODE + slot * SLOT_BYTES;
    uc.registers[XPSR] = 0;
    const before = uc.registers.slice();
    const its = theirs(uc.run(1));
    const mine = decoded && decoded.op !== 'UDF' ? 'ok' : 'undefined';
    if ((its === 'undefined') === (mine === 'undefined')) return;
    // BX and BLX to an even address
    if (decoded && ['BX', 'BLX', 'LDR_pc', 'LDM_pc'].includes(decoded.op)) return;
    if (knownDifference({ profile, words: [first, second], decoded, before, mine, its, problems: [] })) return;
    found.push(`${first.toString(16)} ${second.toString(16).padStart(4, '0')}: we ${decoded ? JSON.stringify(decoded) : 'undefined'}, Unicorn ${its}`);
  });
  uc.close();
  return found;
}

describe.skipIf(unicornMissing !== '')(`decoding against Unicorn${unicornMissing ? ` (skipped: ${unicornMissing})` : ''}`, () => {
  for (const profile of Object.values(PROFILES)) {
    test(`${profile.name}: the 16-bit encodings that exist`, () => {
      const stride = Math.max(1, Math.floor(WIDE / CASES));
      const list: [number, number][] = [];
      for (let w = SEED % stride; w < WIDE; w += stride) list.push([w, 0xe7fe]);
      expect(disagreements(profile, list)).toEqual([]);
    }, 600_000);
    test(`${profile.name}: the 32-bit encodings that exist`, () => {
      const r = new Random(SEED);
      const wide = ROWS.filter((row) => row.pattern.length === 32);
      const list = Array.from({ length: CASES }, (): [number, number] => {
        // half uniform, half near the rows of any profile with one bit flipped
        if (r.below(2)) return [WIDE + r.below(0x1800), r.below(0x10000)];
        const bits = (randomBits(r, r.pick(wide)) ^ (1 << r.below(27))) >>> 0;
        return [bits >>> 16, bits & 0xffff];
      });
      expect(disagreements(profile, list.filter(([a]) => a >= WIDE))).toEqual([]);
    }, 600_000);
  }
});

describe('rows', () => {
  test('every row decodes to an op and a variant that exist', () => {
    const handlers = new Handlers();
    const r = new Random(1);
    const bad: string[] = [];
    for (const profile of Object.values(PROFILES)) {
      const decoder = new Decoder(profile);
      for (const row of ROWS.filter((x) => x.on(profile))) {
        for (let i = 0; i < 100; i++) {
          const bits = randomBits(r, row);
          const wide = row.pattern.length === 32;
          const ins = decoder.decode(wide ? bits >>> 16 : bits, wide ? bits & 0xffff : 0);
          // idOf throws for an op or variant that nobody defined
          if (ins && Math.min(handlers.idOf(ins.decoded, false), handlers.idOf(ins.decoded, true)) <= 0) bad.push(row.name);
        }
      }
    }
    expect(bad).toEqual([]);
  });
  test('every op is reached by some row', () => {
    const r = new Random(2);
    const reached = new Set<string>();
    for (const profile of Object.values(PROFILES)) {
      const decoder = new Decoder(profile);
      for (const row of ROWS.filter((x) => x.on(profile))) {
        for (let i = 0; i < 200; i++) {
          const bits = randomBits(r, row);
          const wide = row.pattern.length === 32;
          const ins = decoder.decode(wide ? bits >>> 16 : bits, wide ? bits & 0xffff : 0);
          if (ins) reached.add(ins.decoded.op);
        }
      }
    }
    expect([...OPS.keys()].filter((name) => !reached.has(name))).toEqual([]);
  });
  test('ARMv6-M has the 32-bit instructions BL, MRS, MSR, barriers and UDF, and no other', () => {
    const decoder = new Decoder(PROFILES.m0);
    const r = new Random(3);
    const ops = new Set<string>();
    for (let i = 0; i < 300_000; i++) {
      const ins = decoder.decode(WIDE + r.below(0x1800), r.below(0x10000));
      if (ins) ops.add(ins.decoded.op);
    }
    for (const [a, b] of [[0xf3ef, 0x8010], [0xf380, 0x8810], [0xf3bf, 0x8f4f], [0xf3bf, 0x8f5f], [0xf3bf, 0x8f6f]] as const) ops.add(decoder.decode(a, b)?.decoded.op ?? 'missing');
    expect([...ops].sort()).toEqual(['BL', 'DMB', 'DSB', 'ISB', 'MRS', 'MSR', 'UDF']);
  });
});
