/** What is UNPREDICTABLE in an IT block because of its place there (DDI 0403 A7.7: IT, B, CBZ): one list, and both tiers do the same. */
import { describe, expect, it } from 'vitest';
import { S } from '../../../src/emu/core/state.ts';
import { FLASH, LOOP, MAIN, NOP, reg, runCycles, started, type CoreName } from './bare-machine.ts';

/** Rounds of `body` until R5 is 0; R0 counts what was done. Flags in front of it: NE. */
const rounds = (body: readonly number[]): number[] => {
  const code = [0x2000, 0x2532, 0x2101, ...body, 0x3d01]; // movs r0, #0; movs r5, #50; movs r1, #1; …; subs r5, #1
  const back = -(2 * (code.length - 2) + 4) >> 1;
  return [...code, 0xd100 | (back & 0xff), LOOP]; // bne (to movs r1, #1)
};
const CASES: readonly (readonly [what: string, body: readonly number[], r0: number])[] = [
  // itt eq; it ne (left out); addeq (left out): the outer block goes on
  ['an IT whose condition fails in an IT block leaves the outer block as it is', [0xbf04, 0xbf18, 0x3001, 0x3002], 100],
  // itt ne; it eq; add r0, #1: by the new block
  ['an IT in an IT block begins a new one', [0xbf1c, 0xbf08, 0x3001, 0x3002], 100],
  // itt ne; b +2 (over add r0, #4); … add r0, #1 at the target is governed by the rest: NE passes
  ['a branch in front of the end of its IT block takes the rest along: passes', [0xbf1c, 0xe000, 0x3004, 0x3001, 0x3002], 150],
  // ite ne; b +0; then at the target EQ: left out
  ['a branch in front of the end of its IT block takes the rest along: is left out', [0xbf14, 0xe000, 0x3004, 0x3001, 0x3002], 100],
  // it al + else: condition 0b1111
  ['condition 0b1111 (AL with ELSE) passes', [0xbfec, 0x3001, 0x3002], 150],
  // it ne; cbz r7, over one
  ['CBZ in an IT block branches', [0x2700, 0x2a00, 0x2900, 0xbf18, 0xb107, 0x3001, 0x3002], 100],
  // ite ne; beq: conditional branch inside
  ['a conditional branch in an IT block asks both conditions', [0xbf18, 0xd000, 0x3001, NOP, 0x3002], 150],
]; // prettier-ignore

describe.each(['m3', 'm4', 'm33', 'm7'] as const satisfies readonly CoreName[])('%s', (core) => {
  it.each(CASES)('%s', (_what, body, r0) => {
    const [slow, fast] = [false, true].map((translating) => {
      const one = started(core, { [MAIN]: rounds(body) });
      one.cpu.setTranslating(translating, 1);
      return one;
    });
    for (let stop = 0; stop < 40; stop++) {
      for (const one of [slow!, fast!]) runCycles(one.machine, 37);
      expect([reg(fast!.cpu, 0), fast!.cpu.pc, fast!.cpu.cycles(), fast!.cpu.get(S.IT)], `stop ${stop}`).toEqual([
        reg(slow!.cpu, 0),
        slow!.cpu.pc,
        slow!.cpu.cycles(),
        slow!.cpu.get(S.IT),
      ]);
    }
    runCycles(slow!.machine, 4000);
    expect(slow!.cpu.pc).toBe(FLASH + MAIN + 2 * (rounds(body).length - 1));
    expect(reg(slow!.cpu, 0)).toBe(r0);
    expect(fast!.cpu.tier.counters.compiled).toBeGreaterThan(0);
  });
});
