/** Files for CI systems, ours and those of the documentation, held against the schemas of GitHub and GitLab. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { followsOfficial, GITLAB_CI } from './official-schemas.ts';

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const blocks = (page: string): readonly string[] => [...text(page).matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!);

describe('GitHub', () => {
  it('the action follows the schema of actions', () => followsOfficial('github-action.json', parse(text('action.yml'))));
  it('the reusable workflow follows that of workflows', () =>
    followsOfficial('github-workflow.json', parse(text('.github/workflows/boot-tests.yml'))));
  it('so do the jobs and the steps of the documentation', () => {
    const jobs = blocks('docs/ci.md').filter((yaml) => /^jobs:/m.test(yaml));
    const steps = [...blocks('docs/ci.md'), ...blocks('docs/tutorial.md')].filter((yaml) => /^ +- (?:uses|run):/.test(yaml));
    expect([jobs.length, steps.length]).toEqual([2, 2]);
    for (const yaml of jobs) followsOfficial('github-workflow.json', { on: 'push', ...(parse(yaml) as object) });
    for (const yaml of steps)
      followsOfficial('github-workflow.json', { on: 'push', jobs: { a: { 'runs-on': 'ubuntu-latest', steps: parse(yaml) as unknown } } });
  });
  it('what a caller of the reusable workflow gives stands in no script', () => {
    const { jobs } = parse(text('.github/workflows/boot-tests.yml')) as { jobs: { bootbench: { steps: { run?: string }[] } } };
    for (const { run } of jobs.bootbench.steps) expect(run ?? '').not.toContain('${{');
  });
});

it('GitLab: the job of the documentation follows the schema of its CI files', () => {
  const [job] = blocks('docs/ci.md').filter((yaml) => yaml.includes('codequality'));
  followsOfficial(GITLAB_CI, parse(job!));
});
