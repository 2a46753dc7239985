/** What other people's CI takes from this repository: the GitHub action, and the plugin of pytest. Both run the built program on the firmware of `bootbench demo`. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';
import { spoken } from '../../src/report/text.ts';
import { builtProgram } from '../built.ts';
import { commandsIn, CONTROLS, HOSTILE_LINES, LANGUAGES } from '../samples/hostile.ts';

const DEMO = packageFile('demo/firmware');
let dist = '';
let cwd = '';
beforeAll(() => {
  dist = builtProgram();
  cwd = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  cpSync(DEMO, join(cwd, 'project'), { recursive: true });
});
afterAll(() => {
  for (const folder of [dist, cwd]) rmSync(folder, { recursive: true, force: true });
});
const mended = (): void => cpSync(join(DEMO, 'fixes', '3-request-kept.elf'), join(cwd, 'project', 'build', 'firmware.elf'));
const broken = (): void => cpSync(join(DEMO, 'build', 'firmware.elf'), join(cwd, 'project', 'build', 'firmware.elf'));

describe('the GitHub action', () => {
  const action = readFileSync(packageFile('action.yml'), 'utf8');
  const step = (name: string, env: Readonly<Record<string, string>>) => {
    const outputs = join(cwd, 'outputs');
    writeFileSync(outputs, '');
    const ran = spawnSync(packageFile(`deploy/github/${name}.sh`), [], {
      cwd: join(cwd, 'project'),
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        ACTION: join(cwd, 'action'),
        RUNNER_TEMP: cwd,
        GITHUB_OUTPUT: outputs,
        GITHUB_ACTIONS: 'true',
        ...env,
      },
    });
    const said = readFileSync(outputs, 'utf8').trimEnd().split('\n');
    return {
      code: ran.status,
      out: ran.stdout,
      outputs: Object.fromEntries(said.map((line) => line.split(/=(.*)/s).slice(0, 2))) as Record<string, string>,
    };
  };
  beforeAll(() => {
    mkdirSync(join(cwd, 'action'));
    symlinkSync(dist, join(cwd, 'action', 'dist'));
  });
  it('hands each input to a step, and each output is one that a step writes', () => {
    const inputs = [...action.slice(0, action.indexOf('outputs:')).matchAll(/^ {2}([\w-]+):$/gm)].map(([, name]) => name!);
    expect(inputs).toEqual(['scenarios', 'working-directory', 'arguments', 'cache']);
    for (const name of inputs) expect(action).toContain(`\${{ inputs.${name} }}`);
    const script = readFileSync(packageFile('deploy/github/test.sh'), 'utf8');
    const outputs = [...action.matchAll(/steps\.test\.outputs\.(\w+)/g)].map(([, name]) => name!);
    expect(outputs).toEqual(['verdict', 'report', 'sarif', 'comment']);
    for (const name of outputs) expect(script).toContain(`echo "${name}=$`);
  });
  it('takes what is built, and leaves it', () => {
    expect(step('prepare', {}).code).toBe(0);
  });
  it('holds: exit 0, and the page', () => {
    mended();
    const { code, outputs } = step('test', { SCENARIOS: 'scenarios/button.json', CACHE: '.cache' });
    expect([code, outputs['verdict']]).toEqual([0, 'holds']);
    expect(readFileSync(outputs['report']!, 'utf8')).toContain('scenarios/button.json');
    expect(readFileSync(outputs['comment']!, 'utf8')).toBe('### bootbench: 1 of 1 scenarios hold\n');
  });
  it('fails: exit 1, annotations, and a comment with the cause and its line', () => {
    broken();
    const { code, out, outputs } = step('test', { SCENARIOS: 'scenarios', ARGUMENTS: '--filter button --jobs 1', CACHE: '' });
    expect([code, outputs['verdict']]).toEqual([1, 'fails']);
    expect(out).toMatch(/^::error file=src\/bootloader\.c,line=10,/m);
    expect(readFileSync(outputs['comment']!, 'utf8')).toMatch(/^\*\*primask\*\* src\/bootloader\.c:10\n\n```text\n/m);
    expect(readFileSync(outputs['sarif']!, 'utf8')).toContain('"uriBaseId": "%SRCROOT%"');
  });
  it('no scenario: exit 2, and an error', () => {
    expect(step('test', { SCENARIOS: 'none' })).toMatchObject({ code: 2, outputs: { verdict: 'error' } });
  });
});

const noPytest = spawnSync('python3', ['-m', 'pytest', '--version']).status === 0 ? null : 'python3-pytest is not installed';
describe.skipIf(noPytest !== null)(`the plugin of pytest${noPytest === null ? '' : `: ${noPytest}`}`, () => {
  const pytest = (...args: readonly string[]) =>
    spawnSync('python3', ['-m', 'pytest', '-q', '-p', 'bootbench_pytest', '-p', 'no:cacheprovider', ...args], {
      cwd: join(cwd, 'project'),
      encoding: 'utf8',
      env: {
        ...process.env,
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONPATH: packageFile('deploy/pytest'),
        BOOTBENCH: `'${process.execPath}' '${join(dist, 'bootbench.js')}'`,
      },
    });
  it('a scenario is a test; one that does not hold says the cause', () => {
    broken();
    const { status, stdout } = pytest('--bootbench', 'scenarios/button.json');
    expect(status, stdout).toBe(1);
    expect(stdout).toMatch(/^Cause +primask/m);
    mended();
    expect(pytest('--bootbench', 'scenarios/button.json').stdout).toContain('1 passed');
  });
  it('the fixture runs an image, and wrong input is an error in words', () => {
    const test = `def test_a(bootbench):
    assert bootbench("build/firmware.elf", board="nucleo-f446re", until="5s")["outcome"] == "dfu"
def test_b(bootbench):
    bootbench("missing.elf")
`;
    writeFileSync(join(cwd, 'project', 'test_boot.py'), test);
    const { stdout } = pytest('test_boot.py');
    expect(stdout).toContain('1 failed, 1 passed');
    expect(stdout).toMatch(/BootbenchError: bootbench: .*missing\.elf/);
  });
});

const noGcc = spawnSync('arm-none-eabi-gcc', ['--version']).status === 0 ? null : 'arm-none-eabi-gcc is not installed';
const noPython = spawnSync('python3', ['--version']).status === 0 ? null : 'python3 is not installed';
describe.skipIf(noPython !== null)(`unit tests of PlatformIO${noPython === null ? '' : `: ${noPython}`}`, () => {
  /** What PlatformIO takes for a test, and for the end of all tests (its runner of Unity). */
  const CASE = /^[^:]+:\d+:(\S+):(PASS|IGNORE|FAIL)(?:: *(.+))?$/gm;
  const END = /^\d+ Tests \d+ Failures \d+ Ignored/m;
  const tested = (image: string) => {
    const ran = spawnSync('python3', [packageFile('deploy/platformio/bootbench_unity.py'), image, '--board', 'nucleo-f446re'], {
      cwd: join(cwd, 'project'),
      encoding: 'utf8',
      env: { ...process.env, BOOTBENCH: `'${process.execPath}' '${join(dist, 'bootbench.js')}'` },
    });
    return {
      code: ran.status,
      ends: END.test(ran.stdout),
      cases: [...ran.stdout.matchAll(CASE)].map(([, ...parts]) => parts.slice(0, 2)),
      out: ran.stdout,
    };
  };
  it.skipIf(noGcc !== null)(`lines of Unity on a serial port are its tests${noGcc === null ? '' : `: ${noGcc}`}`, () => {
    const folder = join(cwd, 'project', 'src');
    const source = readFileSync(join(DEMO, 'src', 'main.c'), 'utf8');
    const said = 'test/a.c:9:test_a:PASS\\ntest/a.c:14:test_b:FAIL: Expected 32 Was 33\\n2 Tests 1 Failures 0 Ignored\\nFAIL\\n';
    writeFileSync(join(folder, 'main.c'), source.replace('ready\\n', said));
    const built = spawnSync('make', ['-B'], { cwd: join(cwd, 'project'), encoding: 'utf8' });
    expect(built.status, built.stderr).toBe(0);
    expect(tested('build/firmware.elf')).toMatchObject({
      code: 0,
      ends: true,
      cases: [
        ['test_a', 'PASS'],
        ['test_b', 'FAIL'],
      ],
    });
  });
  it('what the firmware prints is no command for a runner or a terminal', () => {
    const console = { usart1: `a:1:t:PASS\r\n${HOSTILE_LINES.join('\n')}\n1 Tests 0 Failures 0 Ignored\r\n` };
    writeFileSync(join(cwd, 'said.json'), JSON.stringify({ console, summary: '' }));
    const script = packageFile('deploy/platformio/bootbench_unity.py');
    const fake = `'${process.execPath}' -e 'process.stdout.write(fs.readFileSync("${join(cwd, 'said.json')}"))' --`;
    const ran = spawnSync('python3', [script, 'fw.elf'], { encoding: 'utf8', env: { ...process.env, BOOTBENCH: fake } });
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/^a:1:t:PASS\n/);
    expect(ran.stdout).toMatch(END);
    expect(ran.stdout).toContain('\\x3a:stop-commands::x');
    expect(commandsIn(ran.stdout)).toEqual([]);
    expect(ran.stdout).not.toMatch(CONTROLS);
  });
  it('what the firmware prints is shown as by the program itself', () => {
    const lines = [...HOSTILE_LINES.filter((line) => !/[\r\ud800\u001b]/.test(line)), ...LANGUAGES];
    writeFileSync(join(cwd, 'said.json'), JSON.stringify({ console: { usart1: `${lines.join('\n')}\n1 Tests 0 Failures 0 Ignored\n` } }));
    const fake = `'${process.execPath}' -e 'process.stdout.write(fs.readFileSync("${join(cwd, 'said.json')}"))' --`;
    const ran = spawnSync('python3', [packageFile('deploy/platformio/bootbench_unity.py'), 'fw.elf'], {
      encoding: 'utf8',
      env: { ...process.env, BOOTBENCH: fake },
    });
    expect(ran.stdout.split('\n').slice(0, lines.length)).toEqual(lines.map((line) => spoken(line)));
  });
  it('firmware without a last line of Unity, and a missing file, are a failed test', () => {
    broken();
    expect(tested('build/firmware.elf')).toMatchObject({ code: 0, ends: true, cases: [['firmware', 'FAIL']] });
    expect(tested('missing.elf')).toMatchObject({ code: 0, ends: true, cases: [['bootbench', 'FAIL']] });
    expect(tested('missing.elf').out).toContain('no such file');
  });
});
