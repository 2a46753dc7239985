/** In which of its rounds a loop that counts stands, from the first to behind the last: by everything that it writes and all that it goes by. */
import { expect, it } from 'vitest';
import { findCountingLoop, moveOn, provedAgain, iterationOf, type CountingLoop } from '../../src/emu/proofs/counting.ts';
import type { Core } from '../../src/emu/core/core.ts';
import { S } from '../../src/emu/core/state.ts';
import { MAIN, RAM, runCycles, started } from './core/bare-machine.ts';

/** r0 = RAM, r1 = 200 · 256, r2 = 0, then the loop: what it counts down and up, and a word that follows. */
const DOWN = [0x2020, 0x0600, 0x21c8, 0x0209, 0x2200, 0x3203, 0x6002, 0x3901, 0xd1fb];
/** The same, upwards by two until r2 has come to r1 (blt). */
const UP = [0x2020, 0x0600, 0x21c8, 0x0209, 0x2200, 0x3202, 0x6002, 0x428a, 0xdbfb];

function looping(code: readonly number[]): { cpu: Core; loop: CountingLoop; again: () => CountingLoop | null } {
  const { machine, cpu } = started('m4', { [MAIN]: [...code, 0xe7fe] });
  machine.skipping = false;
  runCycles(machine, 40);
  const history = { seq: 0, repeats: 0, timeline: { length: 0 } };
  const told = { history, counts: () => new Map<string, number>() };
  const loop = findCountingLoop(cpu, machine.system, told, () => false, machine.now + 1e9, false)!;
  return { cpu, loop, again: () => provedAgain(cpu, machine.system, loop) };
}

it.each([
  ['counts down', DOWN, 2, 1, 0],
  ['counts up', UP, 1, 2, 1],
] as const)('a loop that %s', (_what, code, changed, by, more) => {
  const { cpu, loop, again } = looping(code);
  const last = loop.iterations;
  expect(loop.cells.filter((c) => c.step !== 0).length).toBeGreaterThan(1);
  const at = [0, 1, 2, 255, 256, last - 1, last, last + 1, last + 100].map((round) => {
    moveOn(cpu, loop, round);
    return iterationOf(cpu, loop);
  });
  expect(at).toEqual([0, 1, 2, 255, 256, last - 1, last, -1, -1]);
  // with one of its words otherwise it is none of its rounds, but may count from there
  for (const cell of loop.cells.filter((c) => c.input)) {
    moveOn(cpu, loop, 7);
    const was = cpu.get(cell.where);
    for (const by of [1, -1, 0x40000000]) {
      cpu.set(cell.where, was + by);
      expect(iterationOf(cpu, loop), `${cell.where} by ${by}`).toBe(-1);
    }
    cpu.set(cell.where, was);
    expect(iterationOf(cpu, loop)).toBe(7);
  }
  // what it goes by and does not write
  const base = cpu.get(S.R);
  cpu.set(S.R, RAM + 0x100);
  expect(iterationOf(cpu, loop)).toBe(-1);
  cpu.set(S.R, base);
  const register = S.R + 4 * changed;
  cpu.set(register, cpu.get(register) + by);
  const other = again()!;
  expect([iterationOf(cpu, loop), other.pc, other.iterations, iterationOf(cpu, other)]).toEqual([-1, loop.pc, last - 7 + more, 0]);
  cpu.set(register, cpu.get(register) - by);
  expect(iterationOf(cpu, loop)).toBe(7);
  // and where it stands
  cpu.set(S.PC, loop.pc + 2);
  expect([iterationOf(cpu, loop), again()]).toEqual([-1, null]);
});
