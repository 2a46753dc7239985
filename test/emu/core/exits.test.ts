/** Why translated code is left, counted while a real program runs on an STM32L476. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tierStats } from '../../../src/bench/documents/tier-stats.ts';
import { STM32F072RB } from '../../../src/chips/stm32f072.ts';
import { STM32L476RG } from '../../../src/chips/stm32l476.ts';
import { findSymbol, loadImage } from '../../../src/image/image.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { S } from '../../../src/emu/core/state.ts';
import { MODELS } from '../../../src/peripherals/index.ts';
import { BX_LR, handlerAt, MAIN, runCycles, started } from './bare-machine.ts';
import { BriefMachine } from '../../brief.ts';

const ELF = join(import.meta.dirname, '../../../benchmarks/firmware/workload.m4.elf');
const image = loadImage(readFileSync(ELF), ELF);
const MS = 1e9;

/** The integer workload of the benchmarks, a hundred times over. */
function machine(): Machine {
  const m = new BriefMachine({ chip: STM32L476RG, models: MODELS, seed: 1 });
  m.eraseNonVolatile();
  for (const chunk of image.chunks) m.load(chunk.address, chunk.data);
  m.powerOn();
  // past the copying of .data, which is where the number of repetitions lies
  m.run(5 * MS);
  m.system.write(findSymbol([image], 'repeats')!.address, 4, 100);
  return m;
}

describe('ways out of regions', () => {
  const m = machine();
  m.bootCore.countExits();
  m.run(8000 * MS);
  const { exits } = m.bootCore.tier;
  const sum = (why: Parameters<NonNullable<typeof exits>['get']>[0]): number =>
    [...(exits!.get(why)?.values() ?? [])].reduce((n, c) => n + c, 0);

  it('a state machine with a table branch and several entries stays in its region', () => {
    const from = findSymbol([image], 'workload')!.address & ~1;
    // TBB [PC, R2], found by its bits
    let tbb = from;
    while (m.bootCore.peek(tbb, 2) !== 0xe8df) tbb += 2;
    const before = exits!.get('register')?.get(tbb) ?? 0;
    m.run(16_000 * MS);
    expect((exits!.get('register')?.get(tbb) ?? 0) - before).toBeLessThan(100);
  });
  it('returns are left by an address in a register, the end of a stretch by the budget', () => {
    expect(sum('register')).toBeGreaterThan(100);
    expect(sum('budget')).toBeGreaterThan(0);
    expect(sum('line')).toBe(0);
  });
  it('are told with the places that they are left at most', () => {
    const text = tierStats(m);
    expect(text).toMatch(/^\S+: [\d,]+ instructions; \d+ regions of/);
    expect(text).toMatch(/left, register: [\d,]+ \(0x0800[0-9a-f]{4} /);
  });
  it('are not counted unless asked for, and counting changes nothing', () => {
    const plain = machine();
    plain.run(m.now);
    expect(plain.bootCore.tier.exits).toBeNull();
    expect([plain.bootCore.cycles(), plain.bootCore.retired(), plain.bootCore.pc]).toEqual([
      m.bootCore.cycles(),
      m.bootCore.retired(),
      m.bootCore.pc,
    ]);
  });
});

describe('a callee that branches on to another region', () => {
  it('comes back into the region that called it', () => {
    const elf = join(import.meta.dirname, '../../../benchmarks/firmware/mixed.m0.elf');
    const program = loadImage(readFileSync(elf), elf);
    const m = new BriefMachine({ chip: STM32F072RB, models: MODELS, seed: 1 });
    m.eraseNonVolatile();
    for (const chunk of program.chunks) m.load(chunk.address, chunk.data);
    m.powerOn();
    // its jump tables are addresses that MOV PC takes: until now each such branch made all callers go on in the interpreter
    m.run(2000 * MS);
    m.bootCore.countExits();
    const from = m.bootCore.retired();
    m.run(4000 * MS);
    const counts = m.bootCore.tier.exits!.get('unwound')?.values() ?? [];
    const unwound = [...counts].reduce((n, c) => n + c, 0);
    expect(unwound / (m.bootCore.retired() - from)).toBeLessThan(1 / 5000);
  });
});

describe('a critical section', () => {
  /** MRS PRIMASK; CPSID i; MSR BASEPRI; ISB; DSB; MSR PRIMASK in a loop, with SysTick pending in each of them. */
  function machineIn(tier: boolean): Machine {
    const code = [
      ...[0xf3ef, 0x8310, 0xb672, 0x3001, 0x2240, 0xf382, 0x8811, 0xf3bf, 0x8f6f, 0xf3bf, 0x8f4f],
      ...[0x2200, 0xf382, 0x8811, 0xf383, 0x8810, 0xe7ee],
    ];
    const { machine: m } = started('m4', { [MAIN]: code, [handlerAt(15)]: [0x3401, BX_LR] });
    m.bootCore.setTranslating(tier, 1);
    m.bootCore.write(0xe000e014, 4, 96);
    m.bootCore.write(0xe000e018, 4, 0);
    m.bootCore.write(0xe000e010, 4, 7);
    return m;
  }
  it('is executed inside its region', () => {
    const m = machineIn(true);
    m.bootCore.countExits();
    runCycles(m, 100_000);
    const system = [...(m.bootCore.tier.exits!.get('system')?.values() ?? [])].reduce((n, c) => n + c, 0);
    expect(system).toBe(0);
    expect(m.bootCore.get(S.R)).toBeGreaterThan(1000);
  });
  it('lets an interrupt in where the mask falls, in the cycle in which the interpreter does', () => {
    const [translated, interpreted] = [machineIn(true), machineIn(false)];
    for (let i = 1; i < 400; i++) {
      for (const m of [translated, interpreted]) runCycles(m, 97);
      const seen = [translated, interpreted].map(({ bootCore: c }) => [
        c.pc,
        c.cycles(),
        c.retired(),
        c.get(S.R),
        c.get(S.R + 16),
        c.get(S.PRIMASK),
        c.get(S.BASEPRI),
      ]);
      expect(seen[0]).toEqual(seen[1]);
    }
    expect(translated.bootCore.get(S.R + 16)).toBeGreaterThan(100);
  });
});

describe('a loop with two entries to both of which one block branches', () => {
  it('is entered, and goes round, inside its region', () => {
    // outer: ADDS R1; BPL y; x: ADDS R0; y: ADDS R3; BNE x (three rounds of four); B outer
    const code = [0x3101, 0x07ca, 0xd500, 0x3001, 0x3301, 0x079c, 0xd1fb, 0xe7f7];
    const { machine: m } = started('m4', { [MAIN]: code });
    m.bootCore.setTranslating(true, 1);
    runCycles(m, 10_000);
    m.bootCore.countExits();
    runCycles(m, 10_000);
    m.bootCore.tier.exits!.clear();
    runCycles(m, 100_000);
    const outside = [...(m.bootCore.tier.exits!.get('outside')?.values() ?? [])].reduce((n, c) => n + c, 0);
    expect(outside).toBe(0);
    expect(m.bootCore.get(S.R + 4)).toBeGreaterThan(1000);
  });
});
