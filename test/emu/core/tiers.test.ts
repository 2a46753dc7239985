/** Interpreter tier = translated tier: state, cycles, instructions and memory at every stop, whatever mixes them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STM32H533RE } from '../../../src/chips/stm32h533.ts';
import { STM32H745XI } from '../../../src/chips/stm32h745.ts';
import { STM32F405RG } from '../../../src/chips/stm32f405.ts';
import { STM32L476RG } from '../../../src/chips/stm32l476.ts';
import type { ChipDescription } from '../../../src/emu/chip.ts';
import { S } from '../../../src/emu/core/state.ts';
import { loadImage } from '../../../src/image/image.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { MODELS } from '../../../src/peripherals/index.ts';
import { FLASH, MAIN, PS_PER_CYCLE, reg, started } from './bare-machine.ts';
import { BOOKS, rowsByUse } from './book-keeping.ts';
import { BriefMachine } from '../../brief.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** A small generator, so that a failing run can be repeated. */
function generator(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

function machine(elf: string, chip: ChipDescription): Machine {
  const m = new BriefMachine({ chip, models: MODELS, seed: 1 });
  m.eraseNonVolatile();
  for (const chunk of loadImage(readFileSync(elf), elf).chunks) m.load(chunk.address, chunk.data);
  m.skipping = false;
  m.observer = {
    semihosting: (core) => {
      const call = core.get(S.R);
      if (call !== 0x18 && call !== 0x20) return true;
      m.state.semihostingExit = call === 0x20 ? (core.peek(core.get(S.R + 4), 4) ?? 0) : core.get(S.R + 4);
      m.stop();
      return true;
    },
  };
  m.powerOn();
  return m;
}

function hash(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  return h >>> 0;
}

function compare(a: Machine, b: Machine, where: string): void {
  const [x, y] = [a.bootCore, b.bootCore];
  expect([x.cycles(), x.retired(), x.pc], where).toEqual([y.cycles(), y.retired(), y.pc]);
  expect(x.branchTargets?.save().words, where).toEqual(y.branchTargets?.save().words);
  const [wa, wb] = [x.stateWords(), y.stateWords()];
  for (let i = 0; i < wa.length; i++)
    if (!BOOKS.has(i) && wa[i] !== wb[i])
      expect(`word ${(i * 4).toString(16)}: ${wa[i]}`, where).toBe(`word ${(i * 4).toString(16)}: ${wb[i]}`);
}

function lockStep(
  elf: string,
  seed: number,
  virtualPs: number,
  mixed: boolean,
  chip: ChipDescription = STM32H533RE,
  ram = 'sram1',
  prepare: (m: Machine) => void = () => {},
): Machine {
  const random = generator(seed);
  const [a, b] = [machine(elf, chip), machine(elf, chip)];
  for (const m of [a, b]) prepare(m);
  a.bootCore.setTranslating(false);
  b.bootCore.setTranslating(true, 2);
  let t = 0;
  for (let n = 0; t < virtualPs && a.state.semihostingExit === null; n++) {
    t += Math.floor(31_250 * (random() < 0.2 ? 1 + random() * 40 : 2_000 + random() * 60_000));
    if (mixed) b.bootCore.setTranslating(random() < 0.7, 1 + Math.floor(random() * 20));
    expect(a.run(t)).toBe(b.run(t));
    compare(a, b, `${elf}, stop ${n}, seed ${seed}`);
    if (n % 64 === 0) expect(hash(a.system.memoryBytes(ram).subarray(0, 0x4000))).toBe(hash(b.system.memoryBytes(ram).subarray(0, 0x4000)));
  }
  expect(hash(a.system.memoryBytes(ram))).toBe(hash(b.system.memoryBytes(ram)));
  expect(a.bootCore.l1?.save()).toEqual(b.bootCore.l1?.save());
  expect(rowsByUse(a)).toEqual(rowsByUse(b));
  expect(a.state.semihostingExit).toBe(b.state.semihostingExit);
  return b;
}

describe('translated code is the interpreter, faster', () => {
  const programs = readdirSync(join(ROOT, 'fixtures')).filter((d) => d.startsWith('h533-cpu-'));
  it.each(programs)('%s: every state at random stops', (name) => {
    const b = lockStep(join(ROOT, 'fixtures', name, 'firmware.elf'), 7 + name.length, 4e12, false);
    expect(b.bootCore.tier.counters.compiled).toBeGreaterThan(5);
    expect(b.state.semihostingExit).toBe(0x20026);
  });
  it.each(programs.slice(0, 4))('%s: with the tier switched on and off at random', (name) => {
    lockStep(join(ROOT, 'fixtures', name, 'firmware.elf'), 99, 4e12, true);
  });
  it('a tick interrupt is taken at the same instruction and cycle', () => {
    lockStep(join(ROOT, 'benchmarks/firmware/tick.m33.elf'), 5, 0.2e12, false);
  });
  it('a merge sort that calls itself, a table branch and IT blocks stop alike anywhere', () => {
    const b = lockStep(join(ROOT, 'benchmarks/firmware/workload.m33.elf'), 17, 0.2e12, true);
    expect(b.bootCore.tier.counters.compiled).toBeGreaterThan(5);
  });
  it('with the instruction cache on, hits, misses and replacement are the same', () => {
    const b = lockStep(join(ROOT, 'fixtures/h533-straight/firmware.elf'), 11, 0.06e12, false);
    expect(b.bootCore.get(S.CACHE_MISSES)).toBeGreaterThan(10);
    expect(b.bootCore.tier.counters.compiled).toBeGreaterThan(0);
  });
  it('with the L1 caches of a Cortex-M7 on, lines, dirty marks and memory are the same', () => {
    const b = lockStep(join(ROOT, 'fixtures/h745-caches-on/firmware.elf'), 13, 0.012e12, true, STM32H745XI, 'axisram');
    expect(b.bootCore.l1!.dirtyLines().length).toBeGreaterThan(400);
    expect(b.bootCore.tier.counters.compiled).toBeGreaterThan(2);
  });
  it.each([
    ['L4: instructions and data', STM32L476RG, 'workload', 3],
    ['L4: all and prefetch', STM32L476RG, 'tick', 7],
    ['L4: prefetch alone', STM32L476RG, 'workload', 4],
    ['F4: all and prefetch', STM32F405RG, 'workload', 7],
    ['F4: data alone', STM32F405RG, 'workload', 2],
  ] as const)('with caches of the flash controller, %s', (_what, chip, program, kinds) => {
    const ram = chip.memories.find((m) => m.kind === 'ram')!.name;
    const b = lockStep(join(ROOT, `benchmarks/firmware/${program}.m4.elf`), 17 + kinds, 0.06e12, true, chip, ram, (m) => {
      for (const [wire, bit] of [
        ['art.icache', 1],
        ['art.dcache', 2],
        ['flash.prefetch', 4],
      ] as const)
        m.system.setWire(wire, kinds & bit ? 1 : 0);
      m.system.setWire('flash.latency', 4);
    });
    expect(b.bootCore.get(S.FETCH_MODE)).toBe(3);
    expect(b.bootCore.tier.counters.compiled).toBeGreaterThan(0);
  });
  it('a polled SysTick gives the same values', () => {
    lockStep(join(ROOT, 'benchmarks/firmware/poll.m33.elf'), 6, 0.1e12, true);
  });
  // The instruction that is stopped at is not translated; a region used to end in the middle of the IT block and to lose ITSTATE.
  it.each(['m4', 'm33', 'm7'] as const)('%s: an IT block with a breakpoint inside keeps its condition', (core) => {
    // r0 += 3 for every odd r1 from 200 down: MOVS r2, #1; TST r1, r2; ITT NE; ADDNE r0, #1; ADDNE r0, #2; SUBS r1, #1; BNE
    const code = [0x2000, 0x21c8, 0x2201, 0x4211, 0xbf1c, 0x3001, 0x3002, 0x3901, 0xd1f8, 0xe7fe];
    for (const stop of [MAIN + 0x0a, MAIN + 0x0c]) {
      const { machine: m, cpu } = started(core, { [MAIN]: code });
      cpu.setTranslating(true, 2);
      cpu.setBreakpoints(new Set([FLASH + stop]));
      let stops = 0;
      while (m.run(5000 * PS_PER_CYCLE) === 'stopped') stops++;
      expect(stops).toBeGreaterThanOrEqual(100);
      expect(cpu.tier.counters.compiled).toBeGreaterThan(0);
      expect([reg(cpu, 0), reg(cpu, 1)], `stopped at ${stop.toString(16)}`).toEqual([300, 0]);
    }
  });
});
