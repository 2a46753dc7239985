/** What to do where a search came to its bound. */
import { expect, it } from 'vitest';
import { storyOf } from '../../src/report/story/story.ts';
import { NO_SOURCES } from '../../src/report/source-lines.ts';
import { primaskResult } from '../samples/results.ts';

const storyAfter = (more: boolean, proved: boolean) => {
  const result = primaskResult();
  const nothing = { ...result.diagnosis, causes: [], sets: [], explained: false };
  const notes = [{ kind: 'limit', text: 'the search was ended', about: { is: 'search-ended', more } as const }];
  return storyOf({ ...result, diagnosis: proved ? result.diagnosis : nothing, notes }, { sources: NO_SOURCES });
};
const stepsAfter = (more: boolean): readonly string[] =>
  storyAfter(more, false).flatMap((fact) => (fact.is === 'next' ? fact.steps.map(({ text }) => text) : []));

it('more effort is offered where there is more, and no cause is proved', () => {
  expect(stepsAfter(true)).toContainEqual(expect.stringContaining('--effort full'));
  expect(stepsAfter(false).join()).not.toContain('--effort');
});
it.each([
  [true, true],
  [false, false],
])('a search that was ended is a detail where a cause is proved (%s)', (proved, detail) => {
  expect(storyAfter(true, proved).flatMap((fact) => (fact.is === 'condition' ? [fact.detail] : []))).toEqual([detail]);
});
