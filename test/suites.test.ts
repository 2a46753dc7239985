import { describe, expect, test } from 'vitest';
import { globSync } from 'tinyglobby';
import { ALONE, EXHAUSTIVE, filesOfRun, WAITING } from './suites.ts';

describe.each(Object.entries({ ALONE, WAITING, EXHAUSTIVE }))('%s', (_, patterns) => {
  test('has no pattern that matches nothing', () => {
    expect(patterns.filter((pattern) => globSync(pattern).length === 0)).toEqual([]);
  });
  test('names no file twice', () => {
    const files = patterns.flatMap((pattern) => globSync(pattern));
    expect(files.filter((file, i) => files.indexOf(file) !== i)).toEqual([]);
  });
});

test('each file is in one of the two runs, and of CI at least in every third', () => {
  const [quick, long] = [filesOfRun(false), filesOfRun(true)];
  expect([...quick, ...long].sort()).toEqual(globSync('test/**/*.test.ts').sort());
  const thirds = ['0', '1', '2'].map((third) => filesOfRun(true, third));
  expect([...new Set(thirds.flat())].sort()).toEqual(long.sort());
  expect(() => filesOfRun(true, '3')).toThrow('BOOTBENCH_THIRD=3 is none of 0, 1, 2');
});
