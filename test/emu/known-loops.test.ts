/** A loop that was left out before a checkpoint was restored is known again where it is the same, and only there. */
import { describe, expect, it } from 'vitest';
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { Machine } from '../../src/emu/machine.ts';
import type { ModelFactory } from '../../src/emu/registers.ts';
import { FLASH, MAIN, PS_PER_CYCLE, RAM, RAM_END, reg, started, word } from './core/bare-machine.ts';
import { countSkipped } from './skipped.ts';

const DEVICE = 0x4000_0000;
const over: Partial<ChipDescription> = {
  facts: {
    DEV: { name: 'DEV', registers: [{ name: 'R', offset: 0, size: 4, reset: 0, writable: 0, fields: [] }] },
    RCC: {
      name: 'RCC',
      registers: [{ name: 'ENR', offset: 0, size: 4, reset: 1, writable: 1, fields: [{ name: 'DEV', bit: 0, width: 1 }] }],
    },
  },
  blocks: [
    { name: 'RCC', model: 'dev', base: 0x4800_0000, size: 0x400 },
    { name: 'DEV', model: 'dev', base: DEVICE, size: 0x400, clock: 'ENR.DEV' },
  ],
  memories: [
    { name: 'FLASH', base: FLASH, size: 0x8_0000, kind: 'flash', zone: 'user', aliases: [0], waitStates: true },
    { name: 'RAM', base: RAM, size: RAM_END - RAM, kind: 'ram', zone: 'user' },
  ],
};
const dev: ModelFactory = () => ({ timers: ['t'], modelled: 'all', create: () => ({}) });
/** R0 = RAM, R3 = DEV; then round and round: ldr r1, [r3] · str r1, [r0, #4] · R5 = 3 down to 0. */
const LOOP = [0x2020, 0x0600, 0x2340, 0x061b, 0x6819, 0x6041, 0x2503, 0x3d01, 0xd1fd, 0xe7f9];

/** The same but for the round: ldr r1, [r3], and R4 = 0xff0000 down to 0. */
const POLL = [0x2020, 0x0600, 0x2340, 0x061b, 0x24ff, 0x0424, 0x6819, 0x3c01, 0xd1fc, 0xe7f9];
const PROGRAMS = { 'that is steady': LOOP, 'that counts': POLL };

function fresh(program = LOOP) {
  const { machine, cpu } = started('m33', { [MAIN]: program }, {}, over, { dev });
  let steps = 0;
  const step = cpu.step.bind(cpu);
  cpu.step = () => {
    steps++;
    return step();
  };
  const skipped = countSkipped([cpu]);
  const start = machine.save();
  const run = (change: (machine: Machine) => void) => {
    machine.restore(start);
    change(machine);
    steps = 0;
    const before = skipped();
    // in pieces: the second skip of a loop records it
    for (let n = 1; n <= 20; n++) machine.run(n * 20_000 * PS_PER_CYCLE);
    const state = {
      cycles: cpu.cycles(),
      retired: cpu.retired(),
      pc: cpu.pc,
      registers: [1, 4, 5].map((r) => reg(cpu, r)),
      word: word(cpu, RAM + 4),
    };
    return { state: { ...state, unclocked: machine.state.unclocked }, steps, skipped: skipped() - before };
  };
  return { machine, run };
}

const CHANGES: readonly [string, (machine: Machine) => void][] = [
  ['nothing has changed', () => {}],
  ['the device holds another value', (m) => void (m.system.block('DEV').state.regs[0] = 9)],
  ['the device has no clock', (m) => void m.system.write(0x4800_0000, 4, 0)],
  ['what is read is replaced on the way', (m) => void m.setRepairs({ pages: new Set([DEVICE >>> 12]), read: () => 7 })],
  ['flash has wait states', (m) => m.cores[0]!.caches.setFlashTiming({ waitStates: 5, cache: false, sets: 256, ways: 2, kinds: 0 })],
  ['the bench wants a stop in it', (m) => m.cores[0]!.setBreakpoints(new Set([FLASH + MAIN + 12]))],
  ['an instruction is another one', (m) => m.replace(FLASH + MAIN + 12, Uint8Array.of(4, 0x25))],
];

describe('A loop that is known', () => {
  it.each(Object.entries(PROGRAMS))('%s needs no steps to be found again', (_kind, program) => {
    const { run } = fresh(program);
    const first = run(() => {});
    const second = run(() => {});
    expect(second.state).toEqual(first.state);
    expect(second.skipped).toBeGreaterThan(300_000);
    expect(second.steps).toBeLessThan(first.steps / 4);
  });

  it('needs none where the bench has a stop in other code', () => {
    const { machine, run } = fresh();
    machine.cores[0]!.setBreakpoints(new Set([FLASH + MAIN + 0x40]));
    const first = run(() => {});
    const second = run(() => {});
    expect(second.state).toEqual(first.state);
    expect(second.steps).toBeLessThan(first.steps / 4);
  });

  const cases = Object.entries(PROGRAMS).flatMap(([kind, program]) =>
    CHANGES.map(([what, change]) => [kind, what, program, change] as const),
  );
  it.each(cases)('%s is left out rightly when %s', (_kind, _what, program, change) => {
    const used = fresh(program);
    used.run(() => {});
    const again = used.run(change);
    const other = fresh(program);
    other.machine.skipping = false;
    expect(again.state).toEqual(other.run(change).state);
  });
});
