/** A request that two presses of NRST are: the word of the first one has to be there behind the second. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { CHIP, FLASH, imageOf, nothing, ROM, store, VTOR, type Part } from './late-program.ts';
import { plainJob } from './plain-job.ts';

const MAGIC = 0xf01669ef;
const WORD = 8;
/** Start-up code has cleared the word; `later` is what becomes of it behind the test. */
function tapped(later: Part, presses: readonly string[] = ['20ms']): RunResult {
  const setUp: Part = (t) => {
    t.constant(0, MAGIC).ldr(1, 7, WORD).cmpRegister(1, 0).beq('tapped').str(0, 7, WORD);
    later(t);
  };
  // the ROM's own table: what becomes of VTOR there is another test's
  const wait: Part = (t) => store(t.label('on').b('on').label('tapped'), VTOR, ROM);
  const bytes = imageOf({ setUp, wait });
  const steps = presses.map((at) => ({ at, do: { nrst: { for: '1ms' } } }) as const);
  return runBench(jobInput(plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }], { steps, until: '200ms' })));
}
const magic = (r: RunResult): string => r.checks.find((c) => c.id === 'magic-survives')!.verdict;

/** Takes the word back 10 ms behind its store. */
const takenBack: Part = (t) => t.constant(2, 13_000).label('wait').put(0x3a01).bne('wait').movs(0, 0).str(0, 7, WORD);

describe('a second press of NRST', () => {
  it('finds the word cleared by start-up code: that is the cause, proved', () => {
    const result = tapped(nothing);
    expect([result.outcome, magic(result)]).toEqual(['stuck', 'fail']);
    expect(result.diagnosis.sets).toEqual([['magic-survives']]);
    expect(result.diagnosis.causes[0]!.explanation).toContain('overwritten after the reset');
  });
  it('that comes when the program has taken the word back is no request', () => {
    const result = tapped(takenBack);
    expect([result.outcome, magic(result)]).toEqual(['stuck', 'n/a']);
  });
  it('is the one that follows another reset most closely', () => {
    const result = tapped(takenBack, ['50ms', '54ms']);
    expect([magic(result), result.diagnosis.sets]).toEqual(['fail', [['magic-survives']]]);
  });
});
