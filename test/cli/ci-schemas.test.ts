/** Files for CI systems, ours and those of the documentation, held against the schemas of GitHub and GitLab. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { folder } from './helpers.ts';
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
    expect([jobs.length, steps.length]).toEqual([5, 2]);
    for (const yaml of jobs) followsOfficial('github-workflow.json', { on: 'push', ...(parse(yaml) as object) });
    for (const yaml of steps)
      followsOfficial('github-workflow.json', { on: 'push', jobs: { a: { 'runs-on': 'ubuntu-latest', steps: parse(yaml) as unknown } } });
  });
  it('each job installs the bootbench of its project before it runs it', () => {
    const workflow = 'demo/firmware/.github/workflows/bootloader.yml';
    const yaml = [...blocks('docs/ci.md'), ...blocks('docs/tutorial.md'), text(workflow), text('.github/workflows/boot-tests.yml')];
    const using = yaml.filter((block) => block.includes('npx bootbench'));
    expect(using.length).toBeGreaterThan(4);
    for (const block of using) expect(block).toMatch(/npm ci[^]*npx bootbench/);
  });
  it('of a monorepo only the folder changes: what is no command has its paths from the root', () => {
    const whole = blocks('docs/ci.md').filter((block) => block.includes('defaults:'));
    expect(whole).toHaveLength(4);
    for (const yaml of whole) {
      const { env, jobs } = parse(yaml) as {
        env: Record<string, string>;
        jobs: Record<string, { defaults: { run: Record<string, string> }; steps: { with?: Record<string, string> }[] }>;
      };
      const { defaults, steps } = jobs['bootloader']!;
      const paths = steps.flatMap((step) => [step.with?.['path'], step.with?.['sarif_file']].filter((path) => path !== undefined));
      expect(env).toEqual({ FOLDER: '.' });
      expect(defaults.run['working-directory']).toBe('${{ env.FOLDER }}');
      expect(paths).toEqual(['${{ env.FOLDER }}/.bootbench', '${{ env.FOLDER }}/bootbench.sarif']);
    }
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

const hasCMake = ['cmake', 'ctest'].every((name) => spawnSync(name, ['--version']).status === 0);
it.skipIf(!hasCMake)(`CMake: CTest finds the test of the documentation${hasCMake ? '' : ' (cmake missing)'}`, () => {
  const [, cmake] = /```cmake\n(.*?)```/s.exec(text('docs/ci.md'))!;
  const cwd = folder({
    'CMakeLists.txt': `cmake_minimum_required(VERSION 3.20)\nproject(firmware NONE)\nadd_executable(firmware IMPORTED)\nset_target_properties(firmware PROPERTIES IMPORTED_LOCATION fw.elf)\n${cmake}`,
  });
  mkdirSync(join(cwd, 'node_modules', '.bin'), { recursive: true });
  writeFileSync(join(cwd, 'node_modules', '.bin', 'bootbench'), '#!/bin/sh\n');
  chmodSync(join(cwd, 'node_modules', '.bin', 'bootbench'), 0o755);
  const configured = spawnSync('cmake', ['-B', 'build'], { cwd, encoding: 'utf8' });
  expect(configured.status, configured.stderr).toBe(0);
  expect(spawnSync('ctest', ['--test-dir', 'build', '-N'], { cwd, encoding: 'utf8' }).stdout).toContain('Total Tests: 1');
});
