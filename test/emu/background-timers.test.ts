/** Background timers do not end a wait that has nothing to do with them; everything is as if they did. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { S } from '../../src/emu/core/state.ts';
import type { ModelFactory } from '../../src/emu/registers.ts';
import { handlerAt, MAIN, PS_PER_CYCLE, RAM, reg, started, word } from './core/bare-machine.ts';

const DEVICE = 0x4000_0000;
const over: Partial<ChipDescription> = {
  facts: { DEV: { name: 'DEV', registers: [{ name: 'R', offset: 0, size: 4, reset: 0, writable: 0, fields: [] }] } },
  blocks: [{ name: 'DEV', model: 'dev', base: DEVICE, size: 0x400, irqs: [0] }],
};
/** R0 = RAM, R3 = DEV; then round and round: ldr r1, [r3] · str r1, [r0, #4] · a loop inside, so that no place stands for the round: R5 = 3 down to 0. */
const LOOP = [0x2020, 0x0600, 0x2340, 0x061b, 0x6819, 0x6041, 0x2503, 0x3d01, 0xd1fd, 0xe7f9];
/** [R0+8] counts the interrupts. */
const COUNT = [0x6882, 0x3201, 0x6082, 0x4770];

/** What the device does at its timer: distances in cycles; every so many times it counts R up, pulses its interrupt, fires in the foreground. */
interface Course {
  readonly distances: readonly number[];
  readonly counts: number;
  readonly interrupts: number;
  readonly foreground: number;
  readonly ticks: 'none' | 'masked' | 'taken';
}
/** RVR, CVR, CSR: an interrupt each 5,000 cycles. */
const SYSTICK = [
  [0xe000e014, 4_999],
  [0xe000e018, 0],
  [0xe000e010, 7],
] as const;
const nth = (n: number, every: number): boolean => every > 0 && n % every === 0;

function machineWith(course: Course) {
  const fired: unknown[] = [];
  let n = 0;
  const dev: ModelFactory = (layout) => {
    const R = layout.reg('R');
    return {
      timers: ['background', 'foreground'],
      background: ['background'],
      modelled: 'all',
      create: () => ({}),
      onReset: (c) => c.env.arm('background', c.env.now() + course.distances[0]! * PS_PER_CYCLE),
      onTimer: (c, timer) => {
        fired.push([timer, c.env.now(), cpu.cycles(), cpu.retired()]);
        n++;
        if (nth(n, course.counts)) c.put(R, c.get(R) + 1);
        if (nth(n, course.interrupts)) [true, false].forEach((level) => c.env.irq(0, level));
        const next = c.env.now() + course.distances[n % course.distances.length]! * PS_PER_CYCLE;
        c.env.arm(nth(n, course.foreground) ? 'foreground' : 'background', next);
      },
    };
  };
  const { machine, cpu } = started('m33', { [MAIN]: LOOP, [handlerAt(15)]: COUNT, [handlerAt(16)]: COUNT }, {}, over, { dev });
  cpu.write(0xe000e100, 4, 1);
  if (course.ticks !== 'none') for (const [at, value] of SYSTICK) cpu.write(at, 4, value);
  cpu.set(S.PRIMASK, course.ticks === 'masked' ? 1 : 0);
  cpu.write(RAM + 8, 4, 0);
  let places = 0;
  const putWords = cpu.putWords.bind(cpu);
  cpu.putWords = (...args) => {
    places++;
    putWords(...args);
  };
  const end = () => {
    const state = {
      now: machine.now,
      pc: cpu.pc,
      cycles: cpu.cycles(),
      retired: cpu.retired(),
      registers: [0, 1, 2, 3].map((r) => reg(cpu, r)),
      words: [4, 8].map((at) => word(cpu, RAM + at)),
      // SysTick's counter and flag, what is pending
      system: [0xe000e018, 0xe000e010, 0xe000ed04].map((at) => cpu.peek(at, 4)),
      fired,
    };
    machine.release();
    return state;
  };
  return { machine, cpu, end, places: () => places };
}

function run(course: Course, cycles: number, skipping: boolean) {
  const m = machineWith(course);
  m.machine.skipping = skipping;
  m.machine.run(cycles * PS_PER_CYCLE);
  return { state: m.end(), places: m.places() };
}

const courses = fc.record({
  distances: fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 4 }),
  counts: fc.constantFrom(0, 0, 7, 40),
  interrupts: fc.constantFrom(0, 0, 5, 50),
  foreground: fc.constantFrom(0, 0, 9, 60),
  ticks: fc.constantFrom('none', 'masked', 'taken'),
});

describe('Background timers', () => {
  it('do not put the core anywhere as long as nothing changes for it', () => {
    const course = { distances: [5_000], counts: 0, interrupts: 0, foreground: 0, ticks: 'none' } as const;
    const fast = run(course, 1_000_000, true);
    expect(fast.state.fired.length).toBeGreaterThan(190);
    expect(fast.places).toBeGreaterThan(0);
    expect(fast.places).toBeLessThan(20);
    expect(fast.state).toEqual(run(course, 1_000_000, false).state);
  });

  it('are those of SysTick too: ticks that are masked wait together', () => {
    const course = { distances: [7_000], counts: 0, interrupts: 0, foreground: 0, ticks: 'masked' } as const;
    const fast = run(course, 1_000_000, true);
    expect(fast.places).toBeGreaterThan(0);
    expect(fast.places).toBeLessThan(20);
    expect(fast.state).toEqual(run(course, 1_000_000, false).state);
  });

  it('fire at the same times, with the same count of cycles and instructions, as if every round were executed', () => {
    fc.assert(
      fc.property(courses, fc.integer({ min: 60_000, max: 200_000 }), (course, cycles) => {
        expect(run(course, cycles, true).state).toEqual(run(course, cycles, false).state);
      }),
      { numRuns: 25 },
    );
  });
});
