/** Short straight programs with IT blocks against Unicorn: what one instruction leaves for the next (flags, IT, Q, GE, registers kept in locals). */
import { describe, expect, test } from 'vitest';
import type { Profile } from '../../../src/emu/core/builder.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { OPS, type Row } from '../../../src/emu/core/rows.ts';
import { SEED } from '../../seed.ts';
import { seedByTurn } from '../../turn.ts';
import { BareCore } from './bare-core.ts';
import { ours, theirs } from './outcomes.ts';
import { halfwords, Random, randomBits, randomState, rowsOf } from './random-cases.ts';
import { CODE, DATA, DATA_BYTES, integerOracle, integerOracleMissing, PC, SLOT_BYTES, SLOTS, SP, Unicorn, XPSR } from './unicorn.ts';

const CASES = Math.ceil(Number(process.env['BOOTBENCH_CASES'] ?? 6000) / 6);
const LENGTH = 12;
/** A program takes three slots, the rest is `B .`, where both engines end. */
const STRIDE = 4;
/** IT is made here; these end the program, or Unicorn does them differently (see unicorn-known.ts; it forgets the conditions behind a barrier in an IT block). */
const LEFT_OUT = /^(B|B_cond|BL|BX|BLX|CBZ|TBB|TBH|IT|UDF|MOV_pc|ADD_pc|LDR_pc|LDM_pc|NOP|STREX.?|LDREX.?|CLREX|DSB|DMB|ISB)$/;

function program(r: Random, core: BareCore, rows: readonly Row[], withIT: boolean): number[] {
  const out: number[] = [];
  /** One instruction that leaves SP alone, so that memory accesses stay in the data. */
  const instruction = (): number[] => {
    for (;;) {
      const row = r.pick(rows);
      const bits = randomBits(r, row);
      const words = halfwords(bits, row.pattern.length === 32);
      const ins = core.decoder.decode(words[0]!, words[1] ?? 0);
      if (!ins) continue;
      const d = ins.decoded;
      const o = OPS.get(d.op)!;
      if (o.system || o.fp || LEFT_OUT.test(d.op)) continue;
      if ([...o.dest].some((k) => d[k as 'a' | 'b' | 'c' | 'd'] === 13)) continue;
      if (d.op === 'LDM' && d.imm! & 0x2000) continue;
      if (o.timing.startsWith('load') || o.timing.startsWith('store')) if (r.below(3)) continue;
      return words;
    }
  };
  let left = LENGTH;
  while (left > 0) {
    if (withIT && r.below(3) === 0) {
      const n = 1 + r.below(Math.min(4, left));
      // mask: then/else bits, then a 1 as the end
      const mask = ((r.u32() & 0xf & ~((1 << (5 - n)) - 1)) | (1 << (4 - n))) & 0xf;
      out.push(0xbf00 | (r.below(14) << 4) | mask);
      for (let i = 0; i < n; i++) out.push(...instruction());
      left -= n;
    } else {
      out.push(...instruction());
      left--;
    }
  }
  return out;
}

function runProfile(profile: Profile): { failures: string[]; compared: number } {
  const r = new Random(seedByTurn(SEED, 4) ^ 0x5e9);
  const core = new BareCore(profile);
  const rows = rowsOf(profile);
  const template = new Uint8Array(DATA_BYTES).map(() => r.u32());
  const data = new Uint8Array(DATA_BYTES);
  const failures: string[] = [];
  let compared = 0;
  for (let left = CASES; left > 0 && failures.length < 20;) {
    const n = Math.min(left, SLOTS / STRIDE - 1);
    left -= n;
    const image = new Uint8Array(SLOTS * SLOT_BYTES);
    const words = new Uint16Array(image.buffer).fill(0xe7fe);
    const programs: number[][] = [];
    for (let i = 0; i < n; i++) {
      let p = program(r, core, rows, profile.arch !== 'v6m');
      while (p.length > 30) p = program(r, core, rows, profile.arch !== 'v6m');
      programs.push(p);
      words.set(p, (i * STRIDE * SLOT_BYTES) / 2);
    }
    const uc = new Unicorn(profile, integerOracle);
    uc.write(CODE, image);
    uc.write(DATA, template);
    core.code.set(image);
    core.flush();
    for (let i = 0; i < n && failures.length < 20; i++) {
      randomState(r, profile, core.registers, CODE + i * STRIDE * SLOT_BYTES);
      uc.registers.set(core.registers);
      core.data.set(template);
      // long enough for both to be in `B .`; divisions cost more than one cycle here
      const mine = ours(core.run(400));
      const its = theirs(uc.run(60));
      uc.read(DATA, data);
      uc.registers[SP]! &= ~3;
      const end = CODE + i * STRIDE * SLOT_BYTES + programs[i]!.length * 2;
      if (mine === 'ok' && its === 'ok') {
        compared++;
        const wrong = [...core.registers].flatMap((v, k) =>
          v === uc.registers[k] ? [] : [`${k === XPSR ? 'xPSR' : `r${k}`} we ${v.toString(16)}, Unicorn ${uc.registers[k]!.toString(16)}`],
        );
        if (core.registers[PC] !== end) wrong.push(`pc is not at the end of the program ${end.toString(16)}`);
        if (Buffer.compare(data, core.data)) wrong.push('memory differs');
        if (wrong.length) failures.push(`${programs[i]!.map((w) => w.toString(16).padStart(4, '0')).join(' ')}: ${wrong.join('; ')}`);
      }
      if (Buffer.compare(data, template)) uc.write(DATA, template);
    }
    uc.close();
  }
  return { failures, compared };
}

describe.skipIf(integerOracleMissing !== '')(
  `programs against Unicorn${integerOracleMissing ? ` (skipped: ${integerOracleMissing})` : ''}`,
  () => {
    for (const profile of Object.values(PROFILES))
      test(`${profile.name}: programs of ${LENGTH} instructions end in the same state`, () => {
        const { failures, compared } = runProfile(profile);
        expect(failures).toEqual([]);
        expect(compared).toBeGreaterThan(CASES / 10);
      }, 600_000);
  },
);
