/** What `bootbench test` writes for CI servers, and which scenarios it runs. */
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { describe, expect, it, test } from 'vitest';
import { asksForCauses } from '../../src/bench/documents/expect.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { findingsOf } from '../../src/report/findings.ts';
import { dfuResult, primaskResult, tickLeftOn } from '../samples/results.ts';
import { FIRMWARE, IMAGE, cli, folder } from './helpers.ts';

function scenarios(names: readonly string[], outcome = 'dfu'): string {
  const cwd = folder({ 'fw.bin': FIRMWARE });
  mkdirSync(join(cwd, 's'));
  writeFileSync(join(cwd, 's', 'fw.bin'), FIRMWARE);
  for (const name of names)
    writeFileSync(
      join(cwd, 's', name),
      JSON.stringify({ schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: [IMAGE], expect: { outcome } }),
    );
  return cwd;
}
const read = (cwd: string, name: string): string => readFileSync(join(cwd, name), 'utf8');

describe('a scenario that holds with a reservation', () => {
  const reserved = (): RunResult => ({ ...dfuResult(), notes: [{ kind: 'but', text: 'PC13 floats' }] });
  it('is told with it, in all forms that tell what holds', async () => {
    const cwd = scenarios(['a.json']);
    const ran = await cli(['test', 's', '--quiet', '--junit', 'j.xml', '--json', 't.json', '--markdown', 'm.md'], {
      cwd,
      result: reserved,
    });
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^ok {3}s\/a\.json \(.*\)\n {5}But PC13 floats\n/);
    expect(read(cwd, 'j.xml')).toContain('but: PC13 floats');
    expect(read(cwd, 'm.md')).toContain('- s/a.json holds, but: PC13 floats');
    expect(JSON.parse(read(cwd, 't.json'))).toMatchObject({ scenarios: [{ state: 'ok', reservations: ['PC13 floats'] }] });
    expect(ran.jobs[0]?.after).toBeUndefined();
  });
  it('with --strict does not hold, and the device is used', async () => {
    const ran = await cli(['test', 's', '--strict'], { cwd: scenarios(['a.json']), result: reserved });
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('it holds, but: PC13 floats');
    expect(ran.jobs[0]?.after).toBe(true);
  });
  it('with --strict holds where its step `call` made the call, and that is all', async () => {
    const called = (): RunResult => ({
      ...dfuResult(),
      notes: [{ kind: 'but', text: 'no input led there', about: { is: 'called-itself' } }],
    });
    const ran = await cli(['test', 's', '--strict'], { cwd: scenarios(['a.json']), result: called });
    expect([ran.code, ran.out]).toEqual([0, expect.stringMatching(/^ok .*\n {5}But no input led there\n/)]);
  });
});

it.each([
  ['usart1', true, 'usart1: answered', 'rom-silent (of USB, which is not the goal)'],
  ['usart1', false, 'usart1: no answer', 'rom-silent'],
  ['app', true, 'app: runs', 'rom-silent (of USB, which is not the goal)'],
  ['usb', false, 'usb: rom-silent', 'rom-silent'],
] as const)('goal %s, reached = %s: the documents for people say what came of it', async (name, reached, goal, outcome) => {
  const cwd = scenarios(['a.json'], 'rom-silent');
  const result = (): RunResult => ({ ...dfuResult(), outcome: 'rom-silent', goal: { name, reached, at: null } });
  const { code } = await cli(['test', 's', '--quiet', '--junit', 'j.xml', '--json', 't.json', '--html', 'i.html'], { cwd, result });
  expect(code).toBe(0);
  expect(read(cwd, 'j.xml')).toContain(`<property name="goal" value="${goal}"/>`);
  expect(read(cwd, 'j.xml')).toContain(`<property name="outcome" value="${outcome}"/>`);
  expect(read(cwd, 'i.html')).toContain(`<td>${name === 'usb' ? outcome : goal}</td>`);
  expect(JSON.parse(read(cwd, 't.json'))).toMatchObject({ scenarios: [{ outcome: 'rom-silent' }] });
});

it('a scenario that holds as long as the ROM undoes what the firmware leaves is told with that', async () => {
  const cwd = scenarios(['a.json']);
  const ran = await cli(['test', 's', '--quiet', '--junit', 'j.xml', '--json', 't.json', '--markdown', 'm.md'], {
    cwd,
    result: () => tickLeftOn(),
  });
  expect(ran.code).toBe(0);
  const holds = 'if the real ROM switches SysTick off (assumed); the firmware leaves SysTick on (a.c:7)';
  expect(ran.out.replace(/\s+/g, ' ')).toContain(`s) Holds ${holds}`);
  expect(read(cwd, 'j.xml')).toContain(`holds: ${holds}`);
  expect(read(cwd, 'm.md').replaceAll('\\', '')).toContain(`- s/a.json holds ${holds}`);
  expect(JSON.parse(read(cwd, 't.json'))).toMatchObject({ scenarios: [{ state: 'ok', reservations: [], conditions: [holds] }] });
});

describe('a SysTick interrupt that is left on, where nobody has published that the ROM copes', () => {
  const annotated = ['--reporter', 'github'];
  it('is a finding with --strict, at the line that left it on, and says how a scenario asks for it', async () => {
    const ran = await cli(['test', 's', '--strict', ...annotated], { cwd: scenarios(['a.json']), result: () => tickLeftOn() });
    expect(ran.code).toBe(1);
    expect(ran.out).toContain(
      'it holds, but: the firmware leaves SysTick on (a.c:7), and the real ROM must be one that switches SysTick off',
    );
    expect(ran.out).toContain('"checks": {"systick": "pass"} in "expect"');
    expect(ran.out).toMatch(/::error file=[^,]*,line=\d+,title=bootbench%3A systick::/);
  });
  it('is none where the scenario, or --rom-option, says what the ROM does, or the scenario what the check shall find', async () => {
    const cwd = scenarios(['a.json']);
    const base = JSON.parse(read(cwd, 's/a.json')) as object;
    const strict = async (more: object, ...args: string[]): Promise<number> => {
      writeFileSync(join(cwd, 's', 'a.json'), JSON.stringify({ ...base, ...more }));
      return (await cli(['test', 's', '--strict', ...args], { cwd, result: () => tickLeftOn() })).code;
    };
    expect(await strict({})).toBe(1);
    expect(await strict({ romOptions: { systick: 'off' } })).toBe(0);
    expect(await strict({}, '--rom-option', 'systick=off')).toBe(0);
    expect(await strict({ expect: { outcome: 'dfu', checks: { systick: 'fail' } } })).toBe(0);
    const said = await cli(['test', 's', '--rom-option', 'systick=uses'], { cwd });
    expect(said.jobs[0]!.rom.options).toEqual({ systick: 'uses' });
  });
  it('an expectation of a check that does not hold stands at the line of that check', () => {
    const result = tickLeftOn({ expect: { checks: { systick: 'pass' } } });
    const [finding, ...others] = findingsOf('s.json', result, ['check systick is fail, expected pass'], (name) =>
      name === 'a.c' ? { path: 'a.c', lines: Array<string>(9).fill(''), newer: false, elsewhere: false } : null,
    );
    expect(finding).toMatchObject({ rule: 'systick', file: 'a.c', line: 7 });
    expect(others).toEqual([]);
  });
});

describe('steps that were not tried, because nothing came that they could be tried on', () => {
  const after = { upload: 'ok', download: 'ok', alive: 'ok' };
  const ran = async (expected: object) => {
    const cwd = scenarios([]);
    const scenario = { schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: [IMAGE], expect: expected };
    writeFileSync(join(cwd, 's', 'a.json'), JSON.stringify(scenario));
    const all = await cli(['test', 's', '--reporter', 'github', '--json', 't.json', '--markdown', 'm.md'], { cwd, result: primaskResult });
    const { scenarios: told } = JSON.parse(read(cwd, 't.json')) as { scenarios: [{ failures: string[] }] };
    return { annotation: /^::error .*$/m.exec(all.out)![0], summary: read(cwd, 'm.md'), failures: told[0].failures };
  };
  it('are no part of an annotation and of the summary, and stay in the document', async () => {
    const { annotation, summary, failures } = await ran({ outcome: 'dfu', after });
    expect(annotation).toContain('::outcome is rom-silent, expected dfu%0A');
    expect(annotation + summary).not.toContain('not-tried');
    expect(failures).toHaveLength(4);
  });
  it('are told where nothing else is wrong', async () => {
    expect((await ran({ after })).annotation).toContain('::after upload is not-tried, expected ok; after download is');
  });
});

describe('a scenario that fails with a proved cause', () => {
  it('is told with cause, line and fix, in all forms', async () => {
    const cwd = scenarios(['a.json']);
    const files = ['--junit', 'j.xml', '--sarif', 's.sarif', '--codequality', 'c.json', '--json', 't.json', '--html', 'i.html'];
    const ran = await cli(['test', 's', '--reporter', 'github', ...files], { cwd, result: primaskResult });
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/FAIL s\/a\.json.*\n.*outcome is rom-silent, expected dfu\n.*Cause {2}primask/);
    expect(ran.out).toMatch(/^::error file=s\/a\.json,line=1,title=bootbench%3A primask::/m);

    const suite = new XMLParser({ ignoreAttributes: false }).parse(read(cwd, 'j.xml')) as {
      testsuites: { testsuite: { testcase: Record<string, unknown> } };
    };
    expect(suite.testsuites.testsuite.testcase).toMatchObject({ '@_name': 's/a.json', '@_file': 's/a.json', '@_line': '1' });
    const log = JSON.parse(read(cwd, 's.sarif')) as { version: string; runs: { results: { ruleId: string }[] }[] };
    expect(log).toMatchObject({ version: '2.1.0', runs: [{ results: [{ ruleId: 'primask', ruleIndex: 0, level: 'error' }] }] });
    expect(JSON.parse(read(cwd, 'c.json'))).toMatchObject([
      { check_name: 'bootbench/primask', severity: 'major', location: { path: 's/a.json', lines: { begin: 1 } } },
    ]);
    expect(JSON.parse(read(cwd, 't.json'))).toMatchObject({
      schema: 'bootbench/test@1',
      scenarios: [{ path: 's/a.json', state: 'fail', outcome: 'rom-silent' }],
    });
    expect(read(cwd, 'i.html')).toContain('0 of 1 scenarios hold');
  });

  it('names the source file where it is found', async () => {
    const cwd = scenarios(['a.json']);
    writeFileSync(join(cwd, 'main.c'), Array(60).fill('  f();').join('\n'));
    const ran = await cli(['test', 's', '--reporter', 'github'], { cwd, result: primaskResult });
    expect(ran.out).toMatch(/^::error file=main\.c,line=42,/m);
  });

  it('of a product in a repository of several is named from the root of the repository, in all forms', async () => {
    const root = folder();
    mkdirSync(join(root, '.git'));
    mkdirSync(join(root, 'charger', 'src'), { recursive: true });
    mkdirSync(join(root, 'shared'));
    writeFileSync(join(root, 'charger', 'fw.bin'), FIRMWARE);
    writeFileSync(join(root, 'charger', 'a.json'), JSON.stringify({ schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: [IMAGE], expect: { outcome: 'dfu' } }));
    const cwd = join(root, 'charger');
    const places = async (): Promise<string[]> => {
      const ran = await cli(['test', 'a.json', '--reporter', 'github', '--sarif', 's.sarif', '--codequality', 'c.json'], { cwd, result: primaskResult });
      const log = JSON.parse(read(cwd, 's.sarif')) as { runs: [{ results: [{ locations: [{ physicalLocation: { artifactLocation: { uri: string } } }] }] }] };
      const [finding] = JSON.parse(read(cwd, 'c.json')) as [{ location: { path: string } }];
      return [/file=([^,]*)/.exec(ran.out)![1]!, log.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri, finding.location.path];
    };
    expect(await places()).toEqual(Array(3).fill('charger/a.json'));
    // a driver that several products share lies beside them
    writeFileSync(join(root, 'shared', 'main.c'), Array(60).fill('  f();').join('\n'));
    const shared = primaskResult();
    const elsewhere = JSON.parse(JSON.stringify(shared).replaceAll('"main.c"', '"../shared/main.c"')) as typeof shared;
    const ran = await cli(['test', 'a.json', '--reporter', 'github'], { cwd, result: () => elsewhere });
    expect(ran.out).toMatch(/^::error file=shared\/main\.c,line=42,/m);
    writeFileSync(join(root, 'charger', 'main.c'), Array(60).fill('  f();').join('\n'));
    expect(await places()).toEqual(Array(3).fill('charger/main.c'));
  }); // prettier-ignore

  it('is written into the summary of a step on GitHub', async () => {
    const cwd = scenarios(['a.json']);
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(cwd, 'summary.md') };
    writeFileSync(env.GITHUB_STEP_SUMMARY, 'before\n');
    await cli(['test', 's'], { cwd, env, result: primaskResult });
    expect(read(cwd, 'summary.md')).toMatch(/^before\n### bootbench: 0 of 1 scenarios hold/);
  });

  it.skipIf(process.platform === 'win32').each([
    ['a folder', '.', 2],
    ['a full device, which is not read for what stood there', '/dev/full', 4],
  ])('a summary that is %s is told, with the exit code of what is wrong', async (_what, path, code) => {
    const cwd = scenarios(['a.json']);
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: path === '.' ? cwd : path };
    const ran = await cli(['test', 's'], { cwd, env, result: primaskResult });
    expect([ran.code, ran.err]).toEqual([code, expect.stringContaining('GITHUB_STEP_SUMMARY: cannot write')]);
  });

  it('does not count when the baseline has it, and counts again when it fails otherwise', async () => {
    const cwd = scenarios(['a.json']);
    const base = ['test', 's', '--baseline', 'known.json'];
    expect((await cli([...base, '--update-baseline'], { cwd, result: primaskResult })).code).toBe(0);
    expect((await cli(base, { cwd, result: primaskResult })).code).toBe(0);
    expect((await cli(base, { cwd, result: () => ({ ...primaskResult(), outcome: 'fault' }) })).code).toBe(1);
  });
});

describe('which scenarios run', () => {
  it('--list, --filter and --shard: every one in exactly one shard', async () => {
    const cwd = scenarios(['a.json', 'b.json', 'c.json', 'd.json', 'e.json']);
    const list = async (...args: string[]): Promise<string[]> =>
      (await cli(['test', 's', '--list', ...args], { cwd })).out.trim().split('\n');
    expect(await list('--filter', 'B.json')).toEqual(['s/b.json']);
    const shards = [await list('--shard', '1/3'), await list('--shard', '2/3'), await list('--shard', '3/3')];
    expect(shards.flat().sort()).toEqual(await list());
  });

  it('--bail ends at the first that does not hold', async () => {
    const cwd = scenarios(['a.json', 'b.json', 'c.json']);
    expect((await cli(['test', 's', '--bail', '--jobs', '1'], { cwd, result: primaskResult })).jobs).toHaveLength(1);
  });

  it('--cache: what has run with the same bytes is not run again', async () => {
    const cwd = scenarios(['a.json']);
    const args = ['test', 's', '--cache', '.cache'];
    expect((await cli(args, { cwd })).jobs).toHaveLength(1);
    const again = await cli(args, { cwd });
    expect(again.jobs).toHaveLength(0);
    expect(again.out).toContain('(cached)');
    writeFileSync(join(cwd, 's', 'fw.bin'), FIRMWARE.with(0, 0x04));
    expect((await cli(args, { cwd })).jobs).toHaveLength(1);
  });

  it('--effort says of every run what it may cost, as with run; a result of another effort is another', async () => {
    const cwd = scenarios(['a.json', 'b.json']);
    const of = async (...args: string[]) =>
      (await cli(['test', 's', '--cache', '.cache', ...args], { cwd })).jobs.map(({ effort, after }) => [effort, after]);
    const two = (...job: readonly unknown[]): unknown[] => [job, job];
    expect(await of('--effort', 'full')).toEqual(two('full', undefined));
    expect(await of('--effort', 'quick', '--strict')).toEqual(two('quick', undefined));
    expect(await of('--strict')).toEqual(two(undefined, true));
    expect(await of('--effort', 'full')).toEqual([]);
    const wrong = await cli(['test', 's', '--effort', 'fast'], { cwd });
    expect([wrong.code, wrong.out, wrong.err]).toEqual([2, '', 'bootbench: --effort: "fast" is not known; it is quick, normal, full\n']);
  });

  it('--cache: what stands there and is no result of it is run again', async () => {
    const cwd = scenarios(['a.json']);
    const args = ['test', 's', '--cache', '.cache'];
    await cli(args, { cwd });
    const [name] = readdirSync(join(cwd, '.cache'));
    const file = join(cwd, '.cache', name!);
    const whole = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    for (const content of [
      '{}',
      'null',
      '[]',
      '"x"',
      '',
      '['.repeat(1e6),
      JSON.stringify({ ...whole, ended: null }),
      JSON.stringify({ ...whole, schema: 'x' }),
    ]) {
      writeFileSync(file, content);
      const ran = await cli(args, { cwd });
      expect([ran.code, ran.jobs.length], content.slice(0, 40)).toEqual([0, 1]);
    }
    // the scenario is the one that is asked for
    writeFileSync(file, JSON.stringify({ ...whole, scenario: null }));
    expect(await cli(args, { cwd })).toMatchObject({ code: 0, jobs: [] });
    for (const make of [(): void => symlinkSync('/dev/zero', file), (): void => void spawnSync('mkfifo', [file])]) {
      rmSync(file);
      make();
      expect((await cli(args, { cwd })).jobs).toHaveLength(1);
    }
  });

  it('--timeout is told of a run that was ended by it', async () => {
    const late = { result: () => ({ ...dfuResult(), ended: { reason: 'wall' as const, at: '1.000000000' } }) };
    const ran = await cli(['test', 's', '--timeout', '2s'], { cwd: scenarios(['a.json']), ...late });
    expect(ran.out).toContain('it took longer than --timeout 2s');
    expect(ran.code).toBe(1);
  });
});

test.each<[string, string[], string]>([
  ['a shard that does not exist', ['--shard', '4/3'], '1 <= i <= n'],
  ['a shard without a scenario', ['--shard', '2/3'], 'there is one scenario, so part 2/3 is empty; use at most 1 part'],
  ['a reporter that is not known', ['--reporter', 'githb'], 'did you mean github?'],
  ['a filter that leaves nothing', ['--filter', 'zzz'], '--list shows them'],
  ['a baseline that is none', ['--baseline', 's/a.json'], 'is not a baseline file'],
  ['a baseline to write without a name', ['--update-baseline'], '--baseline is missing'],
  ['a cache that is a file', ['--cache', 'fw.bin'], 'is not a folder'],
  // where no folder can be made, `mkdirSync` with `recursive` does not come back
  ...(process.platform === 'linux'
    ? [['a cache that cannot be made', ['--cache', '/proc/none/cache'], 'cannot make'] as [string, string[], string]]
    : []),
  ['a document over a scenario', ['--json', 's/a.json'], 'is an input of this run'],
  ['two documents on stdout', ['--json', '-', '--sarif', '-'], 'both write to stdout'],
])('%s: exit 2, one line', async (_what, args, text) => {
  const ran = await cli(['test', 's', ...args], { cwd: scenarios(['a.json']) });
  expect(ran.code).toBe(2);
  expect(ran.err).toContain(text);
  expect(ran.err.trim().split('\n')).toHaveLength(1);
});

test('a run never writes over what it reads, by whatever name', async () => {
  const cwd = folder({ 'fw.bin': FIRMWARE });
  linkSync(join(cwd, 'fw.bin'), join(cwd, 'other.json'));
  const ran = await cli(['run', IMAGE, '--chip', 'h533re', '--json', 'other.json'], { cwd });
  expect(ran).toMatchObject({ code: 2, jobs: [] });
  expect(ran.err).toContain('is an input of this run');
  expect(new Uint8Array(readFileSync(join(cwd, 'fw.bin')))).toEqual(FIRMWARE);
});

test.each([
  [{ outcome: 'fault' }, 'fault', false],
  [{ outcome: 'dfu', notCauses: ['*'], checks: { vtor: 'pass' } }, 'dfu', false],
  [{ causes: ['primask'] }, 'rom-silent', true],
  [{ checks: { primask: 'warn' } }, 'rom-silent', true],
] as const)('expect %j of a run that ends in %s needs the search for causes: %s', (expected, outcome, needs) => {
  expect(asksForCauses(expected as Parameters<typeof asksForCauses>[0], outcome)).toBe(needs);
});
