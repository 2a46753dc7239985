/** Decoding takes over what it knows of the same bytes a little before: the order in which code is reached must not show. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { S } from '../../../src/emu/core/state.ts';
import { CORE_NAMES, FLASH, RAM, started, type CoreName } from './bare-machine.ts';

const AT = 0x4000;
/** Over a page and half of the next one. */
const END = AT + 0x1800;
const FLASH_SIZE = 0x8_0000;
/** Cycles of each instruction, run alone, in an order of addresses. */
function costs(core: CoreName, halfwords: readonly number[], order: readonly number[], first = AT): number[] {
  const { machine, cpu } = started(core);
  machine.load(FLASH + first, new Uint8Array(Uint16Array.from(halfwords).buffer));
  machine.skipping = false;
  cpu.setTranslating(false);
  const found: number[] = [];
  for (const at of order) {
    cpu.set(S.PC, FLASH + at);
    for (let n = 0; n < 8; n++) cpu.set(S.R + 4 * n, RAM);
    const before = cpu.cycles();
    cpu.step();
    found[(at - first) / 2] = cpu.cycles() - before;
  }
  return found;
}
const ADDRESSES = Array.from({ length: (END - AT) / 2 }, (_, i) => AT + 2 * i);

describe('Code that repeats itself', () => {
  // MOV, ADD, SUB, MUL, LSL, LDR, STR on low registers, NOP; what a CPU finds in empty flash and RAM
  const instruction = fc.oneof(
    fc.constantFrom(0x0000, 0xbf00, 0x2100, 0x1840, 0x4348, 0x0049, 0x6800, 0x6001, 0x3101),
    fc.integer({ min: 0x1800, max: 0x1dff }),
  );
  it.each(CORE_NAMES.map((n) => [n]))('%s: costs the same whether it is reached from below or from above', (core) => {
    fc.assert(
      fc.property(
        fc.array(instruction, { minLength: 1, maxLength: 6 }),
        fc.array(instruction, { minLength: 1, maxLength: 3 }),
        (piece, odd) => {
          // one period of 256 bytes or a part of it, with something else in the middle of both pages
          const code = ADDRESSES.map((_a, i) => piece[(i % 128) % piece.length]!);
          code.splice(700, odd.length, ...odd);
          code.splice(2100, odd.length, ...odd);
          const r0 = costs(core, code, ADDRESSES);
          expect(r0).toEqual(costs(core, code, [...ADDRESSES].reverse()));
        },
      ),
      { numRuns: 6 },
    );
  });
  it.each(CORE_NAMES.map((n) => [n]))('%s: empty memory costs the same over pages, and up to its end, wherever it is entered', (core) => {
    for (const [first, halfword] of [
      [AT, 0x0000],
      [FLASH_SIZE - 0x1800, 0xbf00],
    ] as const) {
      const code = ADDRESSES.map(() => halfword);
      const from = (at: number): number[] => ADDRESSES.map((a) => a - AT + first).filter((a) => a >= at && a + 4 < FLASH_SIZE);
      const below = costs(core, code, from(first), first);
      expect(costs(core, code, from(first).reverse(), first)).toEqual(below);
      expect(costs(core, code, from(first + 0xf40), first).slice(0x7a0)).toEqual(below.slice(0x7a0));
    }
  });
  it.each(CORE_NAMES.map((n) => [n]))('%s: a stop in the middle of empty memory is met, also one that is set later', (core) => {
    const { machine, cpu } = started(core, { [AT]: ADDRESSES.map(() => 0x0000) });
    machine.skipping = false;
    cpu.set(S.PC, FLASH + AT);
    const meets = (at: number): void => {
      cpu.setBreakpoints(new Set([FLASH + at]));
      expect(machine.run(machine.now + 1_000_000_000)).toBe('stopped');
      expect(cpu.pc).toBe(FLASH + at);
      cpu.takeBreak();
    };
    for (const at of [0x4412, 0x4414, 0x4a00]) meets(at);
  });
});
