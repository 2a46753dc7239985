/**
 * Which encodings exist: our decoder against Unicorn, over the 16-bit space and a sample of the 32-bit space. By default every 11th
 * 16-bit encoding, with more BOOTBENCH_CASES more of them, others with the next commit; all of them with 59392.
 */
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { Decoder } from '../../../src/emu/core/decode.ts';
import { Handlers } from '../../../src/emu/core/interpreter/handlers.ts';
import '../../../src/emu/core/isa/index.ts';
import { OPS, ROWS } from '../../../src/emu/core/rows.ts';
import { SEED } from '../../seed.ts';
import { disagreements, WIDE } from './decode-cases.ts';
import { Random, randomBits } from './random-cases.ts';
import { seedByTurn } from '../../turn.ts';
import { unicornMissing } from './unicorn.ts';

const CASES = Number(process.env['BOOTBENCH_CASES'] ?? 5400);

describe.skipIf(unicornMissing !== '')(`decoding against Unicorn${unicornMissing ? ` (skipped: ${unicornMissing})` : ''}`, () => {
  for (const profile of Object.values(PROFILES)) {
    test(`${profile.name}: the 16-bit encodings that exist`, () => {
      const stride = Math.max(1, Math.floor(WIDE / CASES));
      const list: [number, number][] = [];
      for (let w = seedByTurn(SEED, stride) % stride; w < WIDE; w += stride) list.push([w, 0xe7fe]);
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
      expect(
        disagreements(
          profile,
          list.filter(([a]) => a >= WIDE),
        ),
      ).toEqual([]);
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
          if (ins && Math.min(...handlers.idsOf(ins.decoded)) <= 0) bad.push(row.name);
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
    for (const [a, b] of [
      [0xf3ef, 0x8010],
      [0xf380, 0x8810],
      [0xf3bf, 0x8f4f],
      [0xf3bf, 0x8f5f],
      [0xf3bf, 0x8f6f],
    ] as const)
      ops.add(decoder.decode(a, b)?.decoded.op ?? 'missing');
    expect([...ops].sort()).toEqual(['BL', 'DMB', 'DSB', 'ISB', 'MRS', 'MRS_word', 'MSR', 'UDF']);
  });
});
