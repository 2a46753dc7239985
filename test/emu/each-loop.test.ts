/** Random loops beside a tick: run with what leaves rounds out they end as if each round had been executed, and as much is left out as can be shown. */
import { expect, it } from 'vitest';
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { Core } from '../../src/emu/core/core.ts';
import { S } from '../../src/emu/core/state.ts';
import type { Checkpoint } from '../../src/emu/machine-base.ts';
import type { RegisterModel } from '../../src/emu/registers.ts';
import { FLASH, handlerAt, MAIN, PS_PER_CYCLE, RAM, started, type CoreName } from './core/bare-machine.ts';
import { Chance, LOW, NARROW, WIDE } from './random-thumb.ts';

/** R0 = RAM, R3 = SysTick; R1, R2, R4…R7 are the loop's. */
const SET_UP = [0x2020, 0x0600, 0x23e0, 0x061b, 0x24e0, 0x0224, 0x191b, 0x2410, 0x191b];
const START = [0x605c, 0x2400, 0x609c, 0x2407, 0x601c];
const BLOCK = 0x40000000;
const CYCLES = 25_000;
const PIECES = 4;
/** Counts at [R0 + 8], and does one thing more. */
const HANDLERS: readonly (readonly number[])[] = [
  [0x2020, 0x0600, 0x6882, 0x3201, 0x6082, 0x4770],
  [0xb410, 0x2020, 0x0600, 0x6882, 0x3201, 0x6082, 0x68c4, 0x3402, 0x60c4, 0xbc10, 0x4770],
  [0x4770],
];

/** A register that counts microseconds, one that stays, and one that can be read by the way only. */
const clocked: RegisterModel = {
  modelled: ['TIME', 'DATA'],
  create: () => ({}),
  live: ['TIME'],
  read: (c, r, value) => (r.name === 'TIME' ? c.env.clockCount('ext') & 0xffff : value),
  holds: (c, r) => (r.name === 'TIME' ? c.env.clockTimeOf('ext', c.env.clockCount('ext') + 1) : Infinity),
  repeats: (_c, r) => r.name === 'TIME',
};
const fact = (name: string, offset: number) => ({ name, offset, size: 4 as const, reset: 3, writable: 0xff, fields: [] });
const OVER: Partial<ChipDescription> = {
  facts: { B: { name: 'B', registers: [fact('TIME', 0), fact('DATA', 4)] } },
  blocks: [{ name: 'B', model: 'clocked', base: BLOCK, size: 0x10 }],
  memories: [
    { name: 'FLASH', base: FLASH, size: 0x8000, kind: 'flash', zone: 'user', aliases: [0], waitStates: true },
    { name: 'RAM', base: RAM, size: 0x9000, kind: 'ram', zone: 'user' },
  ],
};

/** What is waited for: the end of a count, ticks that the handler counts, a register, or nothing. */
const WAITS: readonly ((c: Chance, body: readonly number[]) => number[])[] = [
  ...[0, 1, 2].map((): ((c: Chance, body: readonly number[]) => number[]) => (c, body) => {
    const counter = c.of([5, 6, 7]);
    const step = (c.below(3) ? 0x3800 : 0x3000) | (counter << 8) | c.of([1, 1, 2, 3, 255]);
    const compare = c.of([[], [], [0x4280 | (1 << 3) | counter], [0x2800 | (counter << 8) | c.below(4)], [0x4280 | (counter << 3) | 1]]);
    return [...(c.below(2) ? [step, ...body] : [...body, step]), ...compare];
  }),
  (c, body) => [0x6886, ...body, c.of([0x2e00 | c.below(60), 0x42ae, 0x1b71])],
  (c, body) => [0x6886, 0x1b71, ...body, 0x2900 | c.of([2, 5, 20])],
  (c, body) => [...body, 0x681c, 0x03e4],
  (c, body) => [...body, 0x2740, 0x063f, 0x683c, c.of([0x2c00, 0x2cff])],
  (_c, body) => [...body, 0x42b6],
]; // prettier-ignore
function program(core: CoreName, c: Chance): number[] {
  const period = c.of([2_500, 7_001, 20_000]);
  const w = [...SET_UP, 0x2400 | (period >>> 8), 0x0224, 0x3400 | (period & 0xff), ...(c.below(5) ? START : [])];
  for (const r of LOW) w.push(0x2000 | (r << 8) | c.of([0, 1, 200]), (c.of([0, 8, 24]) << 6) | (r << 3) | r);
  for (const at of [12, 16, 20, 24]) w.push(0x6000 | ((at >> 2) << 6) | c.register());
  // the loop goes on behind a masked tick now and then
  if (c.below(8) === 0) w.push(0xb672);
  const kinds = core === 'm0' ? NARROW : [...NARROW, ...WIDE];
  const body = Array.from({ length: c.below(5) }, () => c.of(kinds)(c)).flat();
  const loop = c.of(WAITS)(c, body);
  const back = 0xd000 | (c.of([0, 1, 1, 1, 2, 3, 3, 4, 5, 8, 9, 10, 11, 12, 13]) << 8) | (-(loop.length + 2) & 0xff);
  // behind it [R0 + 28] counts, and all over again
  const again = [...loop, back, 0x69c7, 0x3701, 0x61c7];
  return [...w, ...again, 0xe000 | (-(again.length + 2) & 0x7ff)];
}

class Bench {
  readonly machine;
  readonly cpu: Core;
  private readonly start: Checkpoint;
  private skipped = 0;
  constructor(core: CoreName) {
    const { machine, cpu } = started(core, {}, {}, OVER, { clocked: () => clocked });
    this.machine = machine;
    this.cpu = cpu;
    this.start = machine.save();
    const skip = cpu.skip.bind(cpu);
    cpu.skip = (cycles, ...rest) => {
      this.skipped += cycles;
      skip(cycles, ...rest);
    };
  }
  run(code: readonly number[], handler: readonly number[], waits: number, skipping: boolean): { end: string; skipped: number } {
    const { machine, cpu } = this;
    machine.restore(this.start);
    machine.skipping = skipping;
    const halves = (list: readonly number[]): Uint8Array => Uint8Array.from(list.flatMap((h) => [h & 0xff, h >>> 8]));
    machine.system.pokeMemory('FLASH', MAIN, halves(code));
    machine.system.pokeMemory('FLASH', handlerAt(15), halves(handler));
    cpu.caches.setFlashTiming({ waitStates: waits, cache: waits > 2, sets: 256, ways: 2, kinds: 0 });
    this.skipped = 0;
    const seen = Array.from({ length: PIECES }, (_, i) => {
      machine.run((i + 1) * CYCLES * PS_PER_CYCLE);
      const flags = [cpu.get(S.NF) >>> 31, cpu.get(S.ZF) === 0, cpu.get(S.CF), cpu.get(S.VF), cpu.get(S.QF)];
      const words = [...machine.system.memoryBytes('RAM').subarray(0, 32), ...machine.system.memoryBytes('RAM').subarray(0x7fa0, 0x8000)];
      return [cpu.pc, cpu.cycles(), cpu.retired(), ...cpu.stateWords().subarray(S.R >> 2, S.R15 >> 2), ...flags, ...words, cpu.get(S.CACHE_HITS), machine.history.seq, machine.uninitialisedReads()]; // prettier-ignore
    });
    return { end: JSON.stringify(seen), skipped: this.skipped };
  }
}

/** Of forty loops of 100,000 cycles each, by core: how many have rounds that are left out, and how many thousand cycles that is. */
const LEFT_OUT = { m0: [23, 1494], m4: [24, 1672], m33: [23, 1642], m7: [22, 1336] } as const;
it.each(['m0', 'm4', 'm33', 'm7'] as const)(
  '%s: random loops of which rounds are left out end as if none were, and no fewer are than could be',
  (core) => {
    const bench = new Bench(core);
    const n = ['m0', 'm4', 'm33', 'm7'].indexOf(core);
    let [loops, cycles] = [0, 0];
    for (let i = 0; i < 40; i++) {
      const c = new Chance(1000 * n + i + 1);
      const [code, handler, waits] = [program(core, c), c.of(HANDLERS), c.of([0, 1, 4])];
      const whole = bench.run(code, handler, waits, true);
      const text = code.map((h) => h.toString(16)).join(' ');
      loops += Number(whole.skipped > 0);
      cycles += whole.skipped;
      if (whole.end !== bench.run(code, handler, waits, false).end) throw new Error(`${core} ${i}: ${text}`);
    }
    bench.machine.release();
    const [most, thousands] = LEFT_OUT[core];
    expect(loops).toBeGreaterThanOrEqual(most);
    expect(cycles / 1000).toBeGreaterThanOrEqual(thousands);
  },
);
