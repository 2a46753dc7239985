/**
 * Random programs with interrupts, faults and code that changes itself: the interpreter, the translated tier and both mixed by chance come to the same
 * state in the same cycles. BOOTBENCH_PROGRAMS=20000 runs so many instead of a few hundred, BOOTBENCH_SEED other ones.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEED } from '../../seed.ts';
import { CORE_NAMES } from './bare-machine.ts';
import { lockStep, Rig } from './random-programs/lock-step.ts';
import { anyProgram } from './random-programs/program.ts';

const PROGRAMS = Math.ceil(Number(process.env['BOOTBENCH_PROGRAMS'] ?? 160) / CORE_NAMES.length);
/** The engine keeps the memory of every region, so machines are not used for ever. */
const PROGRAMS_A_RIG = 40;

describe(`${PROGRAMS} random programs, seed ${SEED}`, () => {
  it.each(CORE_NAMES)(
    '%s: registers, flags, cycles, memory, caches and exceptions are the same at random stops in all three modes',
    (core) => {
      let rig = new Rig(core);
      let cycles = 0;
      let compiled = 0;
      let faults = 0;
      const exceptions = new Map<number, number>();
      fc.assert(
        fc.property(anyProgram, (program) => {
          if (rig.programs >= PROGRAMS_A_RIG) rig = new Rig(core);
          const earlier = rig.programs;
          const outcome = lockStep(program, rig);
          if (outcome.differences.length > 0) {
            rig = new Rig(core);
            throw new Error(`after ${earlier} other programs on the same machines: ${outcome.differences.join('\n')}`);
          }
          cycles += outcome.cycles;
          compiled += outcome.compiled;
          faults += outcome.faults;
          for (const [n, count] of outcome.exceptions) exceptions.set(n, (exceptions.get(n) ?? 0) + count);
        }),
        { numRuns: PROGRAMS, seed: SEED },
      );
      expect(cycles).toBeGreaterThan(PROGRAMS * 2000);
      expect(compiled).toBeGreaterThan(PROGRAMS * 5);
      expect(faults).toBeGreaterThan(PROGRAMS * 3);
      // NMI, HardFault, UsageFault where there is one, SVCall, PendSV, SysTick, interrupts from outside and of the device
      for (const n of [2, 3, ...(core === 'm0' ? [] : [5, 6]), 11, 14, 15, 16, 19])
        expect(exceptions.get(n), `exception ${n}`).toBeGreaterThan(0);
      if (process.env['BOOTBENCH_PROGRAMS'] !== undefined)
        console.log(
          `${core}: ${PROGRAMS} programs, ${cycles} cycles, ${compiled} regions, ${faults} faults, ${[...exceptions.values()].reduce((a, b) => a + b, 0)} exceptions`,
        );
    },
    24 * 3_600_000,
  );
});
