/** The second engine: the same program on Unicorn and on bootbench's own core, instruction for instruction. */
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import type { Core } from '../../../src/emu/core/core.ts';
import { Decoder } from '../../../src/emu/core/decode.ts';
import { OPS } from '../../../src/emu/core/rows.ts';
import { S } from '../../../src/emu/core/state.ts';
import type { UnicornBinding } from '../../../src/engines/unicorn-api.ts';
import { UnicornEngine } from '../../../src/engines/unicorn.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { SEED } from '../../seed.ts';
import { BX_LR, CORE_NAMES, FLASH, handlerAt, LOOP, MAIN, RAM, reg, runCycles, started, SVC, word, type CoreName } from './bare-machine.ts';
import { halfwords, Random, randomBits, rowsOf } from './random-cases.ts';
import { unicornLibrary, unicornScript } from './unicorn.ts';

const PROGRAMS = Math.ceil(Number(process.env['BOOTBENCH_PROGRAMS'] ?? 16) / 4);

// r0 = 40; r1 = r2 = 0; do { r1 += r0; STR r1, [r4]; r2 ^= r1; r0 -= 1 } while (r0); SVC; b .
const SUM = [0x2028, 0x2100, 0x2200, 0x2420, 0x0624, 0x1809, 0x6021, 0x404a, 0x3801, 0xd1fa, SVC, LOOP];
// in the handler: a read of SysTick's CSR, which Unicorn does not have: LDR r3, [pc, #4]; LDR r5, [r3]; ADDS r5, #7; BX LR
const HANDLER = [0x4b01, 0x681d, 0x3507, BX_LR, 0xe010, 0xe000];

/** R6 = RAM + 0x1000, where the program loads and stores, R7 = 12 rounds. */
const PREAMBLE = [0x2620, 0x0636, 0x2501, 0x032d, 0x1976, 0x270c];
/** What would leave the straight way, or the frame of the test: IT and what needs an address are made here. */
const LEFT_OUT = /^(B|B_cond|BL|BX|BLX|CBZ|TBB|TBH|IT|UDF|MOV_pc|ADD_pc|LDR_pc|LDM_pc|ADD_SP|STREX.?|LDREX.?|CLREX)$/;

/** Arithmetic of all kinds, loads and stores of all sizes, aligned or not, branches, now and then two hundred instructions without one. */
function randomProgram(core: CoreName, seed: number): number[] {
  const r = new Random(seed);
  const profile = PROFILES[core];
  const decoder = new Decoder(profile);
  const rows = rowsOf(profile);
  const v7 = profile.arch !== 'v6m';
  const arithmetic = (): number[] => {
    for (;;) {
      const row = r.pick(rows);
      const words = halfwords(randomBits(r, row), row.pattern.length === 32);
      const ins = decoder.decode(words[0]!, words[1] ?? 0);
      if (!ins) continue;
      const d = ins.decoded;
      const o = OPS.get(d.op)!;
      if (o.system || o.fp || LEFT_OUT.test(d.op) || /^(load|store)/.test(o.timing)) continue;
      if ([...o.dest].some((k) => [6, 7, 13].includes(d[k as 'a' | 'b' | 'c' | 'd'] as number))) continue;
      return words;
    }
  };
  const access = (): number[] => {
    const t = r.below(6);
    const load = r.below(2) << 11;
    switch (r.below(v7 ? 8 : 5)) {
      case 0:
        return [0x6000 | load | (r.below(32) << 6) | (6 << 3) | t];
      case 1:
        return [0x7000 | load | (r.below(32) << 6) | (6 << 3) | t];
      case 2:
        return [0x8000 | load | (r.below(32) << 6) | (6 << 3) | t];
      case 3: {
        const list = 1 + r.below(63);
        return [0xb400 | list, 0xbc00 | list];
      }
      case 4:
        return [0x4800 | (t << 8) | r.below(32)];
      case 5:
        return [r.pick([0xf8d6, 0xf8c6, 0xf8b6, 0xf8a6]), (t << 12) | r.below(0x80)];
      case 6:
        // in an IT block the core runs it itself
        return [0xbf08 | (r.below(14) << 4), 0x6000 | load | (r.below(32) << 6) | (6 << 3) | t];
      default:
        return [r.pick([0xe9d6, 0xe9c6]), (t << 12) | (((t + 1) % 6) << 8) | r.below(32)];
    }
  };
  const out = [...PREAMBLE];
  const top = out.length;
  for (let segment = 0; segment < 10; segment++) {
    for (let n = r.below(5) === 0 ? 60 + r.below(150) : 1 + r.below(14); n > 0; n--) out.push(...(r.below(3) ? arithmetic() : access()));
    // a branch over ADDS r0, #1; ADDS r1, #3
    out.push(0xd001 | (r.below(14) << 8), 0x3001, 0x3103);
  }
  // SUBS r7, #1; BEQ to the end; BL to the top
  out.push(0x3f01, 0xd001);
  const distance = 2 * (top - out.length) - 4;
  const high = (distance >> 12) & 0x3ff;
  out.push(0xf400 | high, 0xf800 | ((distance >> 1) & 0x7ff), LOOP);
  return out;
}
function runToEnd(machine: Machine, end: number): void {
  for (let i = 0; i < 200 && machine.cores[0]!.pc !== end; i++) runCycles(machine, 2000);
  expect(machine.cores[0]!.pc).toBe(end);
}
const stateOf = (machine: Machine): { registers: number[]; flags: unknown[]; ram: string } => {
  const [cpu] = machine.cores as [Core];
  const { host, row } = machine.system.memories.find((m) => m.row.name === 'RAM')!;
  return {
    registers: Array.from({ length: 15 }, (_, n) => reg(cpu, n)),
    flags: [cpu.get(S.NF) >>> 31, cpu.get(S.ZF) === 0, cpu.get(S.CF), cpu.get(S.VF), cpu.get(S.QF), cpu.get(S.GE)],
    ram: Buffer.from(machine.system.arena.u8.subarray(host, host + row.size)).toString('base64'),
  };
};

function suite(unicorn: UnicornBinding): void {
  test.each(CORE_NAMES)('%s: a loop, an exception and a read of the PPB end in the same state', (core) => {
    const states = ['bootbench', 'unicorn'].map((engine) => {
      const { machine, cpu } = started(core, { [MAIN]: SUM, [handlerAt(11)]: HANDLER });
      let own = 0;
      if (engine === 'unicorn') cpu.useEngine((host) => new UnicornEngine({ ...host, runOwn: () => (own++, host.runOwn()) }, unicorn));
      runCycles(machine, 4000);
      const state = { state: [0, 1, 2, 3, 4, 5, 13, 14].map((n) => reg(cpu, n)), pc: cpu.pc, memory: word(cpu, RAM), own };
      machine.release();
      return state;
    });
    expect(states[0]!.memory).toBe(820);
    expect(states[0]!.state[5]! & 7).toBe(7);
    expect({ ...states[1], own: 0 }).toEqual(states[0]);
    // SVC, the read, the return; not the loop
    expect(states[1]!.own).toBeGreaterThan(2);
    expect(states[1]!.own).toBeLessThan(40);
  });

  test.each(CORE_NAMES)(
    '%s: random programs end with the same registers, flags and memory',
    (core) => {
      let onUnicorn = 0;
      let own = 0;
      for (let i = 0; i < PROGRAMS; i++) {
        const program = randomProgram(core, SEED + i);
        const end = FLASH + MAIN + 2 * (program.length - 1);
        const states = [false, true].map((second) => {
          const { machine, cpu } = started(core, { [MAIN]: program });
          if (second) cpu.useEngine((host) => new UnicornEngine({ ...host, runOwn: () => (own++, host.runOwn()) }, unicorn));
          runToEnd(machine, end);
          if (second) onUnicorn += cpu.retired();
          const state = stateOf(machine);
          machine.release();
          return state;
        });
        expect(states[1], `program ${i} of seed ${SEED}`).toEqual(states[0]);
      }
      expect(onUnicorn - own).toBeGreaterThan(onUnicorn / 3);
      if (process.env['BOOTBENCH_PROGRAMS'] !== undefined)
        console.log(`${core}: ${PROGRAMS} programs, ${onUnicorn} instructions, ${own} of them its own`);
    },
    600_000,
  );

  test('code that is put in place of other code between two runs is what runs', () => {
    // MOVS r0, #1; b .
    const { machine, cpu } = started('m4', { [MAIN]: [0x2001, 0x3005, LOOP] });
    cpu.useEngine((host) => new UnicornEngine(host, unicorn));
    runCycles(machine, 100);
    expect(reg(cpu, 0)).toBe(6);
    machine.replace(FLASH + MAIN, Uint8Array.of(0x02, 0x20, 0x10, 0x30));
    cpu.branchTo(FLASH + MAIN);
    runCycles(machine, 100);
    expect(reg(cpu, 0)).toBe(0x12);
    machine.release();
  });

  test.each([
    ['what Unicorn runs', [0x2003], [0x2009]], // MOVS r0, #3; MOVS r0, #9
    ['what the core runs itself', [0xfb92, 0xf0f4], [0xfbb2, 0xf0f4]], // SDIV r0, r2, r4; UDIV r0, r2, r4
  ])('code in RAM that the program has written over is what runs: %s', (_what, first, second) => {
    const pool = [0, 0x2000, 0xfff8, 0xffff, 2, 0, ...[first, second].flatMap((w) => (w.length === 2 ? w : [...w, 0xbf00])), BX_LR, 0];
    const POOL = MAIN + 0x100;
    const code: number[] = [];
    const load = (register: number, literal: number): void => {
      const from = (MAIN + 2 * code.length + 4) & ~3;
      code.push(0x4800 | (register << 8) | ((POOL + 4 * literal - from) >> 2));
    };
    // r1 = RAM, r2 = -8, r4 = 2
    for (const [register, literal] of [[1, 0], [2, 1], [4, 2]] as const) load(register, literal); // prettier-ignore
    for (const literal of [3, 4]) {
      // STR r5, [r1]; STR r5, [r1, #4]; ADDS r6, r1, #1; BLX r6
      load(5, literal);
      code.push(0x600d);
      load(5, 5);
      code.push(0x604d, 0x1c4e, 0x47b0);
      // MOV r3, r0 the first time
      if (literal === 3) code.push(0x0003);
    }
    code.push(LOOP);
    const results = [false, true].map((withUnicorn) => {
      const { machine, cpu } = started('m4', { [MAIN]: code, [POOL]: pool });
      if (withUnicorn) cpu.useEngine((host) => new UnicornEngine(host, unicorn));
      runToEnd(machine, FLASH + MAIN + 2 * (code.length - 1));
      const result = [reg(cpu, 3), reg(cpu, 0)];
      machine.release();
      return result;
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[0]![0]).not.toBe(results[0]![1]);
  });
}

for (const [name, unicorn] of [
  ['libunicorn', unicornLibrary],
  ['unicorn.js', unicornScript],
] as const)
  describe.skipIf(typeof unicorn === 'string')(`${name} as engine${typeof unicorn === 'string' ? ` (skipped: ${unicorn})` : ''}`, () =>
    suite(unicorn as UnicornBinding),
  );
