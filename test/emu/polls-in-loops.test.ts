/** A poll inside of another loop comes by with another count of that one each time: it is known again, unless it looks at the count. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { S } from '../../src/emu/core/state.ts';
import { guestOn, runGuest, withWords } from '../../benchmarks/guest.ts';
import { MAIN, PS_PER_CYCLE, reg, started } from './core/bare-machine.ts';
import { countSkipped } from './skipped.ts';

/** r2 = 0xE000E000, r0 = RAM, and a word there that the count never comes to. */
const BASE = [0x22e0, 0x0612, 0x23e0, 0x021b, 0x18d2, 0x2020, 0x0600, 0x6002];
/** ldr r3, [r2, #16] · … · lsls r3, r3, #15 · bpl: COUNTFLAG is polled; then ldr r3, [r0] · adds r1, #1 · cmp r3, r1 · bne back to it. */
const polls = (...body: number[]): number[] => {
  const n = body.length;
  return [...BASE, 0x6913, ...body, 0x03db, 0xd500 | (0xfc - n), 0x6803, 0x3101, 0x428b, 0xd100 | (0xf8 - n)];
};
const PERIOD = 50_000;
const SYST = 0xe000e010;

function ran(program: readonly number[], skipping: boolean) {
  const { machine, cpu } = started('m4', { [MAIN]: [...program] });
  machine.skipping = skipping;
  const skipped = countSkipped([cpu]);
  for (const [offset, value] of [[4, PERIOD - 1], [8, 0], [0, 5]] as const) cpu.write(SYST + offset, 4, value); // prettier-ignore
  const seen: unknown[] = [];
  for (let n = 1; n <= 40; n++) {
    machine.run(n * (PERIOD + 777) * PS_PER_CYCLE);
    seen.push([cpu.cycles(), cpu.retired(), cpu.pc, ...[0, 1, 2, 3, 4, 5].map((r) => reg(cpu, r)), cpu.get(S.NF) >>> 0]);
  }
  return { seen, skipped: skipped(), periods: reg(cpu, 1) };
}
const KINDS: readonly (readonly [string, number[]])[] = [
  ['nothing looks at the count', polls()],
  ['movs r4, #1 · adds r4, #2', polls(0x2401, 0x3402)],
  ['adds r4, r1, #1: of the count', polls(0x1c4c)],
  ['tst r1, r1: flags of the count', polls(0x4209)],
  ['push {r1} · pop {r4}: a copy of the count', polls(0xb402, 0xbc10)],
  ['mov r5, lr', polls(0x4675)],
];

describe('A poll inside of another loop', () => {
  it.each(KINDS)('ends as if each round had been executed: %s', (_what, program) => {
    const left = ran(program, true);
    expect(left.seen).toEqual(ran(program, false).seen);
    expect(left.periods).toBeGreaterThan(38);
    expect(left.skipped).toBeGreaterThan(0);
  });
  it('is looked for no more once it is known: a hundred ticks of SysTick, each polled by itself', () => {
    const elf = withWords(readFileSync('benchmarks/firmware/poll.m4.elf'), { repeats: 100 }, 'poll.m4.elf');
    const ends = [true, false].map((skipping) => {
      const guest = guestOn('STM32L476RG', elf);
      guest.machine.skipping = skipping;
      const core = guest.machine.bootCore;
      let looks = 0;
      const trace = core.trace.bind(core);
      core.trace = (accesses) => {
        if (accesses !== null) looks++;
        trace(accesses);
      };
      runGuest(guest);
      return { looks, end: [core.cycles(), core.retired(), ...core.stateWords().subarray(S.R >> 2, S.R15 >> 2)] };
    });
    expect(ends[0]!.end).toEqual(ends[1]!.end);
    expect(ends[0]!.looks).toBeLessThan(10);
  });
});
