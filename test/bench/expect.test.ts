import { describe, expect, test } from 'vitest';
import { checkExpect, judge } from '../../src/bench/documents/expect.ts';
import type { Expect } from '../../src/bench/documents/scenario-types.ts';
import { UsageError, nearWords } from '../../src/bench/documents/usage-error.ts';
import { dfuResult, primaskCause, primaskResult } from '../samples/results.ts';

const failed = primaskResult();
const talkative = {
  ...dfuResult(),
  console: { usart1: 'boot\nready 32 MHz\n' },
  resets: [...dfuResult().resets, { at: '0.1', by: 'software' as const, flags: [], from: null }],
};

describe('expect', () => {
  test.each<[Expect, string[]]>([
    [{}, []],
    [{ outcome: 'rom-silent' }, []],
    [{ outcome: ['dfu', 'rom-silent'] }, []],
    [{ outcome: 'dfu' }, ['outcome is rom-silent, expected dfu']],
    [{ causes: ['primask'] }, []],
    [{ causes: ['primask', 'msp'] }, ['cause msp is not proved (proved: primask)']],
    [{ notCauses: ['msp'] }, []],
    [{ notCauses: ['primask'] }, ['cause primask is proved, which was not expected']],
    [{ notCauses: ['*'] }, ['no cause was expected, proved: primask']],
    [{ checks: { primask: 'fail', systick: 'pass|warn', 'leave-path': 'unknown' } }, []],
    [{ checks: { primask: 'pass|warn' } }, ['check primask is fail, expected pass or warn']],
    [{ resets: { power: 1 } }, []],
    [{ resets: { software: { min: 1 } } }, ['0 resets by software, expected at least 1']],
    [{ console: { usart1: 'x' } }, ['console usart1 does not show "x"; it shows nothing']],
  ])('%j on a run with PRIMASK proved gives %j', (expected, failures) => {
    expect(judge(failed, expected)).toEqual({ holds: failures.length === 0, failures });
  });

  test.each<[Expect, boolean]>([
    [{ notCauses: ['*'] }, true],
    [{ resets: { software: 1 } }, true],
    [{ resets: { software: { max: 0 } } }, false],
    [{ resets: { software: { min: 2, max: 3 } } }, false],
    [{ console: { usart1: 'ready' } }, true],
    [{ console: { usart1: '/^ready \\d+ MHz$/' } }, true],
    [{ console: { usart1: '/READY/i' } }, true],
    [{ console: { usart1: ['boot', '/MHz$/', 'absent'] } }, false],
  ])('%j on a run that reached DFU: %s', (expected, holds) => {
    expect(judge(talkative, expected).holds).toBe(holds);
  });

  test('a suspect that is not proved is no cause', () => {
    const suspected = { ...failed, diagnosis: { ...failed.diagnosis, causes: [{ ...primaskCause, proved: false }] } };
    expect(judge(suspected, { causes: ['primask'] }).holds).toBe(false);
    expect(judge(suspected, { notCauses: ['*'] }).holds).toBe(true);
  });

  test.each<[Expect, string]>([
    [{ causes: ['primsk'] }, 'did you mean primask?'],
    [{ notCauses: ['*', 'mps'] }, 'did you mean mpu or msp?'],
    [{ checks: { vttor: 'pass' } }, 'did you mean vtor?'],
    [{ console: { usart1: '/(/' } }, 'expect.console.usart1'],
    [{ resets: { power: { min: 2, max: 1 } } }, 's.json: expect.resets.power: no number is at least 2 and at most 1'],
  ])('%j can never hold and is refused before the run', (expected, message) => {
    expect(() => checkExpect(expected, 's.json')).toThrow(message);
    expect(() => checkExpect(expected, 's.json')).toThrow(UsageError);
  });
});

test('near words: mistyped, swapped, shortened, but not far ones', () => {
  const words = ['primask', 'basepri', 'faultmask', 'vtor', 'msp'];
  expect(nearWords('primsk', words)).toEqual(['primask']);
  expect(nearWords('PRIMASK', words)).toEqual(['primask']);
  expect(nearWords('fault', words)).toEqual(['faultmask']);
  expect(nearWords('quite-another', words)).toEqual([]);
});
