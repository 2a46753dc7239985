/** How far the core runs before somebody looks up: to the next event, and accesses to devices end that only where they bring an earlier one. */
import { describe, expect, it } from 'vitest';
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { ModelFactory } from '../../src/emu/registers.ts';
import { MAIN, PS_PER_CYCLE, started } from './core/bare-machine.ts';

const over: Partial<ChipDescription> = {
  facts: { DEV: { name: 'DEV', registers: [{ name: 'R', offset: 0, size: 4, reset: 0, writable: 0xffffffff, fields: [] }] } },
  blocks: [{ name: 'DEV', model: 'dev', base: 0x4000_0000, size: 0x400 }],
};
/** R3 = DEV; R1 counts: ldr r2, [r3], and where `store` is set str r1, [r3]. */
const polling = (store: boolean): number[] => [0x2340, 0x061b, 0x2100, 0x3101, 0x681a, store ? 0x6019 : 0xbf00, 0xe7fb];

function run(store: boolean, cycles: number) {
  const fired: number[] = [];
  const dev: ModelFactory = () => ({
    timers: ['written'],
    modelled: 'all',
    create: () => ({}),
    onTimer: () => void fired.push(cpu.cycles()),
    // every hundredth write asks for an event between two edges of the core's clock
    wrote: (c, _r, value) => {
      if (value % 100 === 0) c.env.arm('written', c.env.now() + 20 * PS_PER_CYCLE + 1);
    },
  });
  const { machine, cpu } = started('m33', { [MAIN]: polling(store) }, {}, over, { dev });
  machine.skipping = false;
  machine.system.scheduler.arm(
    machine.system.addTimer('half-way', () => {}),
    (cycles / 2) * PS_PER_CYCLE + 1,
  );
  let runs = 0;
  const runCore = cpu.run.bind(cpu);
  cpu.run = (until) => {
    runs++;
    return runCore(until);
  };
  machine.run(cycles * PS_PER_CYCLE);
  return { runs, fired, accesses: cpu.retired() / 4 };
}

describe('The core', () => {
  it('goes on behind reads of a device up to the next event, also to one between two edges of its clock', () => {
    const { runs, accesses } = run(false, 50_000);
    expect(accesses).toBeGreaterThan(1000);
    expect(runs).toBe(2);
  });

  it('looks up for each event that a write brings', () => {
    const { runs, fired, accesses } = run(true, 50_000);
    expect(fired.length).toBeGreaterThan(10);
    expect(Math.abs(fired.length - accesses / 100)).toBeLessThan(2);
    expect(runs).toBeLessThan(3 * fired.length + 3);
    // so many cycles behind its write, rounded up to the edge, and the rest of an instruction
    const distances = fired.slice(1).map((at, i) => at - fired[i]!);
    expect(Math.max(...distances) - Math.min(...distances)).toBeLessThan(10);
  });

  it('goes on behind enable bits of the NVIC that let nothing in', () => {
    // R3 = ICER0, R4 = ISER0, R1 = 1: str r1, [r3]; str r1, [r4], for ever
    const code = [0x4b03, 0x4c04, 0x2101, 0x6019, 0x6021, 0xe7fc, 0xbf00, 0xbf00, 0xe180, 0xe000, 0xe100, 0xe000];
    const { machine, cpu } = started('m4', { [MAIN]: code }, {}, over, { dev: () => ({ modelled: 'all', create: () => ({}) }) });
    machine.skipping = false;
    let runs = 0;
    const runCore = cpu.run.bind(cpu);
    cpu.run = (until) => {
      runs++;
      return runCore(until);
    };
    machine.run(10_000 * PS_PER_CYCLE);
    expect(cpu.retired()).toBeGreaterThan(3000);
    expect(runs).toBeLessThan(5);
  });
});
