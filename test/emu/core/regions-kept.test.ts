/**
 * Translated code is kept while other assumptions hold (clocks, caches, checkpoints) and comes back at once: only if its bytes, the constants that were folded into
 * it, the far instructions that its cycles hang on, and the stops of the bench are what they were.
 */
import { describe, expect, it } from 'vitest';
import type { ChipDescription } from '../../../src/emu/chip.ts';
import type { Core } from '../../../src/emu/core/core.ts';
import { S } from '../../../src/emu/core/state.ts';
import type { Checkpoint } from '../../../src/emu/machine-base.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { PS_PER_SECOND } from '../../../src/emu/time.ts';
import { bareMachine, CORE_NAMES, FLASH, MAIN, PS_PER_CYCLE, RAM, reg, type CoreName } from './bare-machine.ts';
import { BriefMachine } from '../../brief.ts';

/** Reached by a branch, in front of main; behind it the pool and a place that a branch which is never taken leads to. */
const FAR = MAIN - 0x400;
const POOL = MAIN + 0x300;
const NEVER_TAKEN = MAIN + 0x600;
const branch = (from: number, to: number): number => 0xe000 | (((to - from - 4) >> 1) & 0x7ff);
/**
 * main: adds r0, #1 · ldr r2, POOL · adds r1, r1, r2 · eors r1, r0 · cmp r0, #0 · beq + b NEVER_TAKEN · b FAR
 * FAR: adds r3, #1 · b main
 */
const PROGRAM: Readonly<Record<number, readonly number[]>> = {
  [MAIN]: [
    0x3001,
    0x4a00 | ((POOL - (MAIN + 4)) >> 2),
    0x1889,
    0x4041,
    0x2800,
    0xd100,
    branch(MAIN + 12, NEVER_TAKEN),
    branch(MAIN + 14, FAR),
  ],
  [FAR]: [0x3301, branch(FAR + 2, MAIN)],
  [POOL]: [0x1234, 0],
  [NEVER_TAKEN]: [0xbf00, 0xbf00],
};

/** Machines of one chip share what they translate. */
function chipOf(core: CoreName): ChipDescription {
  const { chip } = bareMachine(core);
  return { ...chip, memories: chip.memories.map((m) => (m.kind === 'flash' ? { ...m, waitStates: true as const } : m)) };
}
function machineOf(chip: ChipDescription, translated: boolean): { machine: Machine; cpu: Core } {
  const machine = new BriefMachine({ chip, models: {}, seed: 1 });
  machine.system.setClock('hclk', { num: PS_PER_SECOND / PS_PER_CYCLE, den: 1 });
  machine.skipping = false;
  const image = new Uint8Array(0x2000);
  const view = new DataView(image.buffer);
  view.setUint32(0, RAM + 0x8000, true);
  view.setUint32(4, FLASH + MAIN + 1, true);
  for (const [at, code] of Object.entries(PROGRAM)) code.forEach((h, i) => view.setUint16(Number(at) + 2 * i, h, true));
  machine.load(FLASH, image);
  machine.powerOn();
  const cpu = machine.cores[0]!;
  cpu.setTranslating(translated, 2);
  return { machine, cpu };
}
const halfWord = (at: number, value: number) => (m: Machine) =>
  m.system.pokeMemory('FLASH', at, new Uint8Array([value & 0xff, value >>> 8]));
const waitStates = (n: number) => (m: Machine) =>
  m.cores[0]!.caches.setFlashTiming({ waitStates: n, cache: false, sets: 256, ways: 2, kinds: 0 });
const run = (cycles: number) => (m: Machine) => {
  const end = m.now + cycles * PS_PER_CYCLE;
  while (m.now < end && m.run(end) === 'limit');
};
const stateOf = ({ machine, cpu }: { machine: Machine; cpu: Core }): unknown => ({
  registers: [0, 1, 2, 3].map((n) => reg(cpu, n)),
  pc: cpu.pc,
  cycles: cpu.cycles(),
  retired: cpu.retired(),
  now: machine.now,
  flags: [S.NF, S.ZF, S.CF, S.VF].map((o) => cpu.get(o)),
});

describe('Regions that are kept', () => {
  it('come back without being translated again when a clock is what it was', () => {
    const { machine, cpu } = machineOf(chipOf('m4'), true);
    const switching = (): void => {
      for (let i = 0; i < 20; i++) {
        waitStates(i & 1 ? 4 : 0)(machine);
        run(5_000)(machine);
      }
    };
    // until every place that branches ever arrive at is hot
    for (let i = 0; i < 3; i++) switching();
    const { compiled } = cpu.tier.counters;
    expect(compiled).toBeGreaterThan(1);
    switching();
    expect(cpu.tier.counters).toMatchObject({ compiled, revived: 0, dropped: 0 });
  });

  it('in RAM stay through a restored checkpoint whose code is the same, and go with one whose code is not', () => {
    const { machine, cpu } = machineOf(chipOf('m33'), true);
    const start = 0x1000;
    const put = (at: number, halves: readonly number[]): void => halves.forEach((h, i) => machine.system.write(RAM + at + 2 * i, 2, h));
    // adds r0, #1 · str r0, [r6] · b back, and what it stores lies in another page
    put(start, [0x3001, 0x6030, branch(start + 4, start)]);
    cpu.set(S.R + 24, RAM + 0x4000);
    cpu.branchTo(RAM + start);
    run(20_000)(machine);
    const one = machine.save();
    put(start, [0x3002]);
    const two = machine.save();
    const pace = (c: Checkpoint): number => {
      machine.restore(c);
      const before = reg(cpu, 0);
      run(20_000)(machine);
      return reg(cpu, 0) - before;
    };
    const rounds = pace(one);
    const { dropped, compiled } = cpu.tier.counters;
    for (let i = 0; i < 5; i++) expect(pace(one)).toBe(rounds);
    expect(cpu.tier.counters).toMatchObject({ dropped, compiled });
    expect(pace(two)).toBe(2 * rounds);
    expect(pace(one)).toBe(rounds);
  });

  // The constant lies away from the code that loads it; a live region went on with the old one.
  it('a constant in flash that is programmed is read anew by the code that was running', () => {
    const [sums, compiled] = [true, false]
      .map((translated) => {
        const { machine, cpu } = machineOf(chipOf('m4'), translated);
        waitStates(4)(machine);
        run(20_000)(machine);
        halfWord(POOL, 0x4321)(machine);
        run(5000)(machine);
        return [reg(cpu, 1), cpu.tier.counters.compiled] as const;
      })
      .reduce<[number[], number[]]>(
        ([r, n], [sum, count]) => [
          [...r, sum],
          [...n, count],
        ],
        [[], []],
      );
    expect(sums[0]).toBe(sums[1]);
    expect(compiled[0]).toBeGreaterThan(0);
  });

  it.each(CORE_NAMES)('%s: behave as the interpreter tier whatever changes while they rest', (core) => {
    const [translated, interpreted] = lockStep(chipOf(core), 0x2545f491);
    expect(translated.tier.counters.compiled).toBeGreaterThan(5);
    expect(translated.tier.counters.revived).toBeGreaterThan(5);
    expect(translated.tier.counters.adopted).toBe(0);
    expect(interpreted.tier.counters.compiled).toBe(0);
  });
});

describe('Translations that machines share', () => {
  it.each(CORE_NAMES)('%s: are used where code, constants and stops are the same; the machine behaves as the interpreter tier', (core) => {
    const chip = chipOf(core);
    let adopted = 0;
    for (const seed of [0x2545f491, 0x1f123bb5, 0x05491333]) adopted += lockStep(chip, seed)[0].tier.counters.adopted;
    expect(adopted).toBeGreaterThan(10);
  });

  it('a machine that runs what another one has translated translates nothing', () => {
    const chip = chipOf('m4');
    const [first, second] = [0, 1].map(() => {
      const { machine, cpu } = machineOf(chip, true);
      run(50_000)(machine);
      return cpu.tier.counters;
    });
    expect(first!.compiled).toBeGreaterThan(0);
    expect(second).toMatchObject({ compiled: 0, adopted: first!.compiled });
  });

  // A page that this machine has never fetched from is part of the translation: stores to it have to be seen all the same.
  it('code in a page that only another machine has run is code here too', () => {
    const chip = chipOf('m33');
    const start = 0xff0;
    const far = 0x1040;
    const scratch = 0x1800;
    /** start: adds r0, #1 · strh r5, [r6] · cmp r4, #0 · beq + b far · b start; far: adds r3, #1 · b start */
    const inRam = (translated: boolean, wentFar: boolean) => {
      const { machine, cpu } = machineOf(chip, false);
      const write = (at: number, halves: readonly number[]): void => halves.forEach((h, i) => machine.system.write(RAM + at + 2 * i, 2, h));
      write(start, [0x3001, 0x8035, 0x2c00, 0xd000, branch(start + 8, far), branch(start + 10, start)]);
      write(far, [0x3301, branch(far + 2, start)]);
      const set = (n: number, value: number): void => cpu.set(S.R + 4 * n, value);
      for (const [n, value] of [0, 0, 0, 0, wentFar ? 1 : 0, 0x3301, RAM + scratch].entries()) set(n, value);
      cpu.branchTo(RAM + start);
      run(30_000)(machine);
      set(4, 0);
      cpu.setTranslating(translated, 2);
      run(30_000)(machine);
      return { machine, cpu, set };
    };
    expect(inRam(true, true).cpu.tier.counters.compiled).toBeGreaterThan(0);
    const both = [inRam(true, false), inRam(false, false)] as const;
    expect(both[0].cpu.tier.counters.adopted).toBeGreaterThan(0);
    for (const { machine, set } of both) {
      set(4, 1);
      set(5, 0x3305);
      set(6, RAM + far);
      run(30_000)(machine);
    }
    expect(reg(both[1].cpu, 3)).toBeGreaterThan(5000);
    expect(stateOf(both[0])).toEqual(stateOf(both[1]));
  });
});

/** A machine of each tier through the same chances; they agree at every stop. */
function lockStep(chip: ChipDescription, seed: number): [Core, Core] {
  let x = seed;
  const pick = (n: number): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
  const both = [machineOf(chip, true), machineOf(chip, false)] as const;
  let saved: readonly Checkpoint[] | null = null;
  for (let i = 0; i < 400; i++) {
    const what = pick(9);
    const n = pick(4);
    const stop = [MAIN, MAIN + 4, MAIN + 8, FAR][n]!;
    const act: (m: Machine, k: number) => void =
      what < 3
        ? waitStates([0, 2, 4, 0][n]!)
        : what === 3
          ? halfWord(POOL, 0x1000 + n)
          : what === 4
            ? halfWord(FAR, 0x3301 + n)
            : what === 5
              ? // the first half-word of a wide instruction, or a narrow one: other cycles where targets are fetched ahead
                halfWord(NEVER_TAKEN, n & 1 ? 0xf3af : 0xbf00)
              : what === 6
                ? (m) => m.cores[0]!.setBreakpoints(n === 3 ? new Set() : new Set([FLASH + stop]))
                : (m, k) => saved && m.restore(saved[k]!);
    both.forEach(({ machine }, k) => act(machine, k));
    if (what === 8) saved = both.map(({ machine }) => machine.save());
    const cycles = 50 + pick(3000);
    for (const { machine } of both) run(cycles)(machine);
    expect(stateOf(both[0]), `after step ${i} (${what}, ${n})`).toEqual(stateOf(both[1]));
  }
  return [both[0].cpu, both[1].cpu];
}
