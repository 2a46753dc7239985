/** Runs of fixtures with the minute after the enumeration. */
import { readFileSync } from 'node:fs';
import { AFTER_STEPS, type RunResult } from '../../src/bench/documents/result.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { plainJob } from './plain-job.ts';

export function run(fixture: string, chip: string, scenario: Scenario = {}, after = true): RunResult {
  const path = `fixtures/${fixture}/firmware.elf`;
  const bytes = new Uint8Array(readFileSync(new URL(`../../${path}`, import.meta.url)));
  return runBench(jobInput({ ...plainJob(chip, [{ path, bytes }], scenario), after }));
}
export const optionBytes = (values: Readonly<Record<string, number>>): Scenario => ({ board: { optionBytes: values } });
export const words = ({ after }: RunResult): string => AFTER_STEPS.map((step) => after![step].result).join(' ');
export const STRAIGHT = ['f405-straight', 'stm32f405rg'] as const;
