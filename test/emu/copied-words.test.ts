/** A recorded loop that hands a word of RAM on is left out whatever the word holds, and one that does more with it is not taken for one that does not. */
import { describe, expect, it, vi } from 'vitest';
import { LinearRun } from '../../src/emu/proofs/linear.ts';
import { FLASH, MAIN, PS_PER_CYCLE, RAM, RAM_END, reg, started, word } from './core/bare-machine.ts';
import { countSkipped } from './skipped.ts';

const over = {
  memories: [
    { name: 'FLASH', base: FLASH, size: 0x8_0000, kind: 'flash', zone: 'user', aliases: [0], waitStates: true },
    { name: 'RAM', base: RAM, size: RAM_END - RAM, kind: 'ram', zone: 'user' },
  ],
} as const;
/** R0 = RAM; at the end of a round R5 = 3 down to 0, and back to the third instruction. */
const BEGIN = [0x2020, 0x0600];
const end = (instructions: number): number[] => [0x2503, 0x3d01, 0xd1fd, 0xe800 - (instructions + 5)];
const round = (...body: number[]): number[] => [...BEGIN, ...body, ...end(body.length)];

const WORD = RAM + 8;
/** What a round does with the word at RAM + 8. */
const COPIES: readonly [string, number[]][] = [
  ['ldr r1, [r0, #8] · str r1, [r0, #4]', round(0x6881, 0x6041)],
  ['str r1, [r0, #4] · ldr r1, [r0, #8]: held over the end of a round', round(0x6041, 0x6881)],
  ['ldr r1, [r0, #8] · push {r1} · pop {r2}', round(0x6881, 0xb402, 0xbc04)],
];
const DOES_MORE: readonly [string, number[]][] = [
  ['cmp r1, #5 · bne · movs r6, #1', round(0x6881, 0x6041, 0x2905, 0xd100, 0x2601)],
  ['adds r2, r1, #1 · str r2, [r0, #4]', round(0x6881, 0x1c4a, 0x6042)],
  ['ldrb r2, [r0, #8] as well', round(0x6881, 0x6041, 0x7a02)],
  ['its address: movs r3, #0xc · ands r1, r3 · ldr r2, [r0, r1]', round(0x6881, 0x230c, 0x4019, 0x5842)],
  ['lsls r2, r1, #1: a shift', round(0x6881, 0x004a)],
];

function fresh(program: readonly number[], skipping = true, without: readonly 'copied-words'[] = []) {
  const { machine, cpu } = started('m33', { [MAIN]: [...program] }, {}, over);
  machine.skipping = skipping;
  machine.withoutShortcuts(without);
  let steps = 0;
  const step = cpu.step.bind(cpu);
  cpu.step = () => {
    steps++;
    return step();
  };
  const skipped = countSkipped([cpu]);
  for (let at = 0; at < 0x20; at += 4) machine.system.write(RAM + at, 4, 0);
  const start = machine.save();
  /** The word holds one value, and another one on the way. */
  const run = (first: number, then: number) => {
    machine.restore(start);
    const before = skipped();
    steps = 0;
    for (let n = 1; n <= 20; n++) {
      if (n === 1 || n === 11) machine.system.write(WORD, 4, n === 1 ? first : then);
      machine.run(n * 20_000 * PS_PER_CYCLE);
    }
    const registers = [1, 2, 3, 5, 6].map((r) => reg(cpu, r));
    const state = { cycles: cpu.cycles(), retired: cpu.retired(), pc: cpu.pc, registers, words: [4, 8].map((at) => word(cpu, RAM + at)) };
    return { state, steps, skipped: skipped() - before };
  };
  return run;
}

/** 5 is the value that one of the programs compares with, 0x20000000 an address. */
const VALUES = [
  [1, 2],
  [5, 7],
  [7, 5],
  [0xffffffff, 0x80000000],
  [0x2000_0000, 4],
] as const;

describe('A word that a recorded round only copies', () => {
  it.each(COPIES)('may hold another value: %s', (_what, program) => {
    const run = fresh(program);
    const first = run(1, 2);
    const again = run(0x12345678, 0x9abcdef0);
    expect(again.skipped).toBeGreaterThan(300_000);
    expect(again.steps).toBeLessThan(first.steps / 2);
    const off = fresh(program, true, ['copied-words']);
    off(1, 2);
    expect(off(0x12345678, 0x9abcdef0).steps).toBeGreaterThan(2 * again.steps);
  });
  it.each([...COPIES, ...DOES_MORE])('changes nothing but speed: %s', (_what, program) => {
    const [run, plain] = [fresh(program), fresh(program, false)];
    for (const [first, then] of VALUES) expect(run(first, then).state).toEqual(plain(first, then).state);
  });
  it('is looked into when another value stands there and not before', () => {
    const run = fresh(COPIES[0]![1]);
    const followed = vi.spyOn(LinearRun.prototype, 'wordsThatHold');
    expect(run(1, 1).skipped).toBeGreaterThan(300_000);
    expect(followed).not.toHaveBeenCalled();
    run(1, 2);
    expect(followed).toHaveBeenCalled();
    followed.mockClear();
    run(3, 4);
    expect(followed, 'it stays known').not.toHaveBeenCalled();
    followed.mockRestore();
  });
});

/** What a round does with the words at RAM + 8 and RAM + 12. */
const PAIRS: readonly [string, number[]][] = [
  ['both are copied', round(0x6881, 0x6041, 0x68c2, 0x6102)],
  ['one is copied over the other', round(0x6881, 0x60c1)],
  ['one is compared: cmp r2, #5 · bne · movs r6, #1', round(0x6881, 0x6041, 0x68c2, 0x6102, 0x2a05, 0xd100, 0x2601)],
];
describe('Two words that have both moved', () => {
  const states = (program: readonly number[], skipping: boolean): unknown[] => {
    const { machine, cpu } = started('m33', { [MAIN]: [...program] }, {}, over);
    machine.skipping = skipping;
    for (let at = 0; at < 0x20; at += 4) machine.system.write(RAM + at, 4, 0);
    return VALUES.map(([first, second], n) => {
      machine.system.write(RAM + 8, 4, first);
      machine.system.write(RAM + 12, 4, second);
      for (let part = 1; part <= 5; part++) machine.run((5 * n + part) * 20_000 * PS_PER_CYCLE);
      return [
        cpu.cycles(),
        cpu.retired(),
        cpu.pc,
        ...[1, 2, 6].map((r) => reg(cpu, r)),
        ...[4, 8, 12, 16].map((at) => word(cpu, RAM + at)),
      ];
    });
  };
  it.each(PAIRS)('change nothing but speed: %s', (_what, program) => expect(states(program, true)).toEqual(states(program, false)));
  it('are followed in one walk, and those that they are copied to in another', () => {
    const places = vi.spyOn(LinearRun.prototype, 'placesThatHold');
    states(PAIRS[0]![1], true);
    const followed = new Set(places.mock.contexts);
    places.mockRestore();
    expect(followed.size).toBe(2);
  });
});
