/** What to do where a search came to its bound. */
import { expect, it } from 'vitest';
import { shortReport } from '../../src/report/short.ts';
import { storyOf } from '../../src/report/story/story.ts';
import { NO_SOURCES } from '../../src/report/source-lines.ts';
import { primaskResult } from '../samples/results.ts';

const resultAfter = (more: boolean, proved: boolean) => {
  const result = primaskResult();
  const nothing = { ...result.diagnosis, causes: [], sets: [], explained: false };
  const notes = [{ kind: 'limit', text: 'the search was ended', about: { is: 'search-ended', more } as const }];
  return { ...result, diagnosis: proved ? result.diagnosis : nothing, notes };
};
const storyAfter = (more: boolean, proved: boolean) => storyOf(resultAfter(more, proved), { sources: NO_SOURCES });
const stepsAfter = (more: boolean): readonly string[] =>
  storyAfter(more, false).flatMap((fact) => (fact.is === 'next' ? fact.steps.map(({ text }) => text) : []));

it('more effort is offered where there is more, and no cause is proved', () => {
  expect(stepsAfter(true)).toContainEqual(expect.stringContaining('--effort full'));
  expect(stepsAfter(false).join()).not.toContain('--effort');
});
it('a list of scenarios tells it as well, and no other step', () => {
  const inList = (more: boolean, proved: boolean): string[] =>
    shortReport(resultAfter(more, proved), { embedded: true, sources: NO_SOURCES })
      .split('\n')
      .filter((line) => line.startsWith('Next'));
  expect(inList(true, false)).toEqual(['Next   add --effort full: a search was ended before its end']);
  expect([...inList(false, false), ...inList(true, true)]).toEqual([]);
});
it.each([
  [true, true],
  [false, false],
])('a search that was ended is a detail where a cause is proved (%s)', (proved, detail) => {
  expect(storyAfter(true, proved).flatMap((fact) => (fact.is === 'condition' ? [fact.detail] : []))).toEqual([detail]);
});

it('a run that ended soon after a late entry is offered more time, and none that is clear', () => {
  const result = primaskResult();
  const late = { ...result.entries.at(-1)!, at: '30.000100000' };
  const after = (explained: boolean | null, reason: 'deadline' | 'settled') => {
    const diagnosis = { ...result.diagnosis, causes: [], sets: [], explained };
    const ended = { ...result.ended, reason, at: '31.000000000' };
    const story = storyOf({ ...result, outcome: 'rom-silent', entries: [late], ended, diagnosis }, { sources: NO_SOURCES });
    return story.flatMap((fact) => (fact.is === 'next' ? fact.steps.map(({ text }) => text) : [])).join();
  };
  expect(after(null, 'deadline')).toContain('--until 41s');
  expect([after(false, 'deadline'), after(null, 'settled')].join()).not.toContain('--until');
});
