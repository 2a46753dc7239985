/** A branch through a pointer that was read from erased flash: 0xFFFFFFFF is no EXC_RETURN in Thread mode, and BLX and MOV to PC never return. */
import { describe, expect, it } from 'vitest';
import { S } from '../../../src/emu/core/state.ts';
import { CORE_NAMES, FLASH, handlerAt, MAIN, RAM, runCycles, started, word, type CoreName } from './bare-machine.ts';

const LDR_R0_R6 = 0x6830;
const ADDS_R6_4 = 0x3604;
const POINTERS = RAM + 0x100;
const ROUNDS = 20;
const HARD_FAULT = 3;

/** A loop through a list of pointers, of which the last leads nowhere. */
function run(core: CoreName, branch: number, target: number, translating: boolean) {
  const { machine, cpu } = started(core, { [MAIN]: [LDR_R0_R6, ADDS_R6_4, branch] });
  cpu.setTranslating(translating, 1);
  cpu.set(S.R + 24, POINTERS);
  for (let i = 0; i < ROUNDS; i++) machine.system.write(POINTERS + 4 * i, 4, FLASH + MAIN + 1);
  machine.system.write(POINTERS + 4 * ROUNDS, 4, target);
  runCycles(machine, 1000);
  const frame = cpu.get(S.SP);
  return {
    exception: cpu.get(S.IPSR),
    pc: cpu.pc,
    stackedPc: word(cpu, frame + 24),
    cycles: cpu.cycles(),
    instructions: cpu.retired(),
    cfsr: core === 'm0' ? 0 : word(cpu, 0xe000ed28),
    compiled: cpu.tier.counters.compiled,
  };
}

describe.each(CORE_NAMES)('%s', (core) => {
  it.each([
    ['BX R0', 0x4700, 0xffff_ffff],
    ['BX R0', 0x4700, 0xffff_fffe],
    ['BLX R0', 0x4780, 0xffff_ffff],
    ['BLX R0', 0x4780, 0xffff_fffe],
    ['MOV PC, R0', 0x4687, 0xffff_ffff],
  ])('%s (%i) to %i: HardFault, at the same cycle in both tiers', (_, branch, target) => {
    const slow = run(core, branch, target, false);
    const { compiled, ...fast } = run(core, branch, target, true);
    expect(compiled).toBeGreaterThan(0);
    expect({ ...fast, compiled: 0 }).toEqual(slow);
    expect([slow.exception, slow.pc, slow.stackedPc]).toEqual([HARD_FAULT, FLASH + handlerAt(HARD_FAULT), 0xffff_fffe]);
  });
});
