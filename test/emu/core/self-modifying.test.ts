/** A store into code near the instruction that stores: it ends as any other, and what it wrote runs. */
import { describe, expect, it } from 'vitest';
import { S } from '../../../src/emu/core/state.ts';
import { CORE_NAMES, LOOP, RAM, reg, runCycles, started, word, type CoreName } from './bare-machine.ts';

const AT = RAM + 0x4000;
const NOP = 0xbf00;
const STRB_R0_R6 = 0x7030;
const ADDS_R2 = 0x3200;
const ADDS_R3_1 = 0x3301;
/** STMIA R6!, {R0, R1} */
const STM_R0_R1_R6 = 0xc603;
const movs = (r: number, imm: number): number => 0x2000 | (r << 8) | imm;

function run(core: CoreName, code: readonly number[], registers: Readonly<Record<number, number>>, translating: boolean) {
  const { machine, cpu } = started(core);
  code.forEach((h, i) => machine.system.write(AT + 2 * i, 2, h));
  cpu.setTranslating(translating, 1);
  for (const [n, value] of Object.entries(registers)) cpu.set(S.R + 4 * Number(n), value);
  cpu.branchTo(AT);
  runCycles(machine, 2000);
  return cpu;
}

describe.each(CORE_NAMES)('%s', (core) => {
  it.each([
    [2, true],
    [2, false],
    [10, true],
    [40, false],
    [70, true],
  ])('a byte stored %d bytes ahead is part of the instruction there, and the store runs once (translated: %s)', (ahead, translating) => {
    const code = [ADDS_R3_1, STRB_R0_R6, ...Array<number>(ahead / 2 - 1).fill(NOP), ADDS_R2, LOOP];
    const cpu = run(core, code, { 0: 0x21, 2: 0, 3: 0, 6: AT + 2 + ahead }, translating);
    expect([reg(cpu, 2), reg(cpu, 3)]).toEqual([0x21, 1]);
    expect(cpu.pc).toBe(AT + 4 + ahead);
  });
  it('a block of words stored over the code ahead keeps its operands to the end', () => {
    // the words are MOVS R2, #5; MOVS R3, #6 and MOVS R4, #7; B .
    const [first, second] = [(movs(3, 6) << 16) | movs(2, 5), ((LOOP << 16) | movs(4, 7)) >>> 0];
    const cpu = run(core, [NOP, STM_R0_R1_R6, NOP, NOP, NOP, NOP], { 0: first, 1: second, 6: AT + 4 }, false);
    expect([2, 3, 4, 6].map((n) => reg(cpu, n))).toEqual([5, 6, 7, AT + 12]);
    expect(word(cpu, AT + 8)).toBe(second);
  });
});
