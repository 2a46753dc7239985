import { describe, expect, test } from 'vitest';
import { globSync } from 'tinyglobby';
import { ALONE, EXHAUSTIVE, WAITING } from './suites.ts';

describe.each(Object.entries({ ALONE, WAITING, EXHAUSTIVE }))('%s', (_, patterns) => {
  test('has no pattern that matches nothing', () => {
    expect(patterns.filter((pattern) => globSync(pattern).length === 0)).toEqual([]);
  });
  test('names no file twice', () => {
    const files = patterns.flatMap((pattern) => globSync(pattern));
    expect(files.filter((file, i) => files.indexOf(file) !== i)).toEqual([]);
  });
});
