/**
 * What random programs come to on each core, in how many cycles, beside what they came to before (timetable/*.txt): the tiers may agree on a wrong number, and no oracle
 * of the tests counts cycles. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import fc from 'fast-check';
import { it } from 'vitest';
import { CORE_NAMES } from './bare-machine.ts';
import { expectAsBefore } from './golden-file.ts';
import { alone, Rig } from './random-programs/lock-step.ts';
import { anyProgram } from './random-programs/program.ts';

const PROGRAMS = fc.sample(anyProgram, { seed: 17, numRuns: 60 });

it.each(CORE_NAMES)('%s takes the time that it took', (core) => {
  const rig = new Rig(core);
  expectAsBefore(
    PROGRAMS.map((program, i) => `${i + 1}: ${alone(program, rig)}`),
    new URL(`./timetable/${core}.txt`, import.meta.url),
  );
});
