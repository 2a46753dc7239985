/** What to do where a search came to its bound. */
import { expect, it } from 'vitest';
import { storyOf } from '../../src/report/story/story.ts';
import { NO_SOURCES } from '../../src/report/source-lines.ts';
import { primaskResult } from '../samples/results.ts';

const stepsAfter = (more: boolean): readonly string[] => {
  const result = primaskResult();
  const told = storyOf(
    {
      ...result,
      diagnosis: { ...result.diagnosis, causes: [], sets: [], explained: false },
      notes: [{ kind: 'limit', text: 'the search was ended', about: { is: 'search-ended', more } }],
    },
    { sources: NO_SOURCES },
  );
  return told.flatMap((fact) => (fact.is === 'next' ? fact.steps.map(({ text }) => text) : []));
};

it('more effort is offered where there is more, and no cause is proved', () => {
  expect(stepsAfter(true)).toContainEqual(expect.stringContaining('--effort full'));
  expect(stepsAfter(false).join()).not.toContain('--effort');
});
