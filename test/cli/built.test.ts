/** The program as it is installed: its threads, its code cache, Ctrl-C. Built for the tests, so that an old dist/ proves nothing. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inThread } from '../../src/cli/engine.ts';
import { builtProgram } from '../built.ts';
import { cli, STILL_RUNNING } from './helpers.ts';
import { hasPty, onTerminal } from './terminal.ts';

const root = join(import.meta.dirname, '..', '..');
const fixtures = join(root, 'fixtures');
let dist = '';
const program = (): string => join(dist, 'bootbench.js');
const cacheFile = (): string =>
  join(
    dist,
    readdirSync(dist).find((name) => name.endsWith('.cache'))!,
  );

beforeAll(() => {
  dist = builtProgram();
});
afterAll(() => rmSync(dist, { recursive: true, force: true }));

const run = (...args: readonly string[]) => spawnSync(process.execPath, [program(), ...args], { cwd: fixtures, encoding: 'utf8' });
const SCENARIO = 'h533-seed000-as-posted/scenario.json';

test('a pattern that tries all ways to share what firmware prints is answered all the same', () => {
  const folder = mkdtempSync(join(dist, 'pattern-'));
  const image = join(fixtures, 'h533-cpu-o0-hard', 'firmware.elf');
  const scenario = JSON.parse(readFileSync(join(fixtures, 'h533-cpu-o0-hard', 'scenario.json'), 'utf8')) as { expect: object };
  const patterns = Object.fromEntries(
    Object.keys((scenario.expect as { console: object }).console).map((port) => [port, '/^([^]+)+\\u0000$/']),
  );
  writeFileSync(join(folder, 's.json'), JSON.stringify({ ...scenario, images: [image], expect: { console: patterns } }));
  const { status, stdout } = spawnSync(process.execPath, [program(), 'test', join(folder, 's.json')], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(stdout).toContain('0 of 1 scenarios hold');
  expect(status).toBe(1);
});

test("an error of one run's devices that comes late is no error of the next run, nor of the program", () => {
  const folder = mkdtempSync(join(dist, 'late-'));
  const devices = join(folder, 'late.mjs');
  writeFileSync(devices, "export default () => void setInterval(() => { throw new Error('late') }, 0);\n");
  const main = join(folder, 'main.mjs');
  writeFileSync(
    main,
    `import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
const { bench } = await import(${JSON.stringify(pathToFileURL(join(dist, 'index-node.js')).href)});
const image = { path: 'firmware.elf', bytes: new Uint8Array(readFileSync('f405-masked/firmware.elf')) };
const options = { chip: 'stm32f405rg', images: [image] };
for (const devices of [pathToFileURL(${JSON.stringify(devices)}), undefined, undefined]) console.log((await bench({ ...options, devices })).outcome);
`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, [main], { cwd: fixtures, encoding: 'utf8', timeout: 120_000 });
  expect({ outcomes: stdout.trim().split('\n'), stderr }).toMatchObject({
    outcomes: expect.toSatisfy((all: string[]) => all.length === 3 && new Set(all).size === 1) as string[],
    stderr: '',
  });
});

// Node itself aborts below this many
test.skipIf(process.platform === 'win32').each([
  [['run', '--chip', 'stm32f030r8', 'f030-timer-left-on/firmware.elf'], 20],
  [['test', 'f030-timer-left-on'], 21],
])('a limit of open files that is too low to start `%s` is exit 4, one line with advice', (args, files) => {
  const limited = spawnSync('sh', ['-c', `ulimit -n ${files}; exec "$@"`, 'sh', process.execPath, program(), ...args], {
    cwd: fixtures,
    encoding: 'utf8',
  });
  expect(limited).toMatchObject({
    status: 4,
    stdout: '',
    stderr: expect.stringMatching(/^bootbench: [^\n]*too many open files; allow more[^\n]*\n$/),
  });
});

test('what a browser loads with the library are ES modules alone: a development server sends them as they are', () => {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, name] of readFileSync(join(dist, file), 'utf8').matchAll(/(?<=^|[;}\n])(?:import|export)(?:[^"'();]*?from)?"([^"]+)"/g))
      if (name!.startsWith('./')) visit(name!.slice(2));
      else packages.add(name!);
  };
  for (const entry of ['index.js', 'usb.js', 'bench-worker.js']) visit(entry);
  expect([...packages]).toContain('fflate');
  const isModule = (name: string): boolean => {
    const file = fileURLToPath(import.meta.resolve(name));
    if (file.endsWith('.mjs')) return true;
    let folder = dirname(file);
    while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly type?: string }).type === 'module';
  };
  expect([...packages].filter((name) => !isModule(name))).toEqual([]);
});

test('a run in its thread says what a run in this thread says', async () => {
  const here = await cli(['run', '--scenario', SCENARIO, '--json', '-'], { cwd: fixtures, bench: inThread });
  const built = run('run', '--scenario', SCENARIO, '--json', '-');
  expect([built.status, built.stdout, built.stderr]).toEqual([here.code, here.out, here.err]);
  expect(here.code).toBe(0);
});

test.skipIf(process.platform !== 'linux')('a full disk behind stdout is told, and is no defect', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [program(), 'chips'], { cwd: fixtures, stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  expect([status, stderr.toString()]).toEqual([4, 'bootbench: cannot write to stdout: the disk is full\n']);
});

test.skipIf(process.platform !== 'linux')(
  'a disk that becomes full in the middle of what is written to stdout is told, and nothing is lost without a word',
  () => {
    const out = join(mkdtempSync(join(tmpdir(), 'bootbench-')), 'out.txt');
    // a limit of the shell for the size of a file, in KB, cuts a write short as the end of a disk does
    const ran = (limit: string): ReturnType<typeof spawnSync> =>
      spawnSync('bash', ['-c', `ulimit -f ${limit}; exec "$0" "$@" > ${out}`, process.execPath, program(), 'explain'], { cwd: fixtures });
    const whole = ran('unlimited');
    expect([whole.status, whole.stderr.toString()]).toEqual([0, '']);
    expect(statSync(out).size).toBeGreaterThan(2048);
    const { status, stderr } = ran('1');
    expect([status, stderr.toString()]).toEqual([
      4,
      expect.stringContaining('bootbench: cannot write to stdout: the file would be larger than allowed'),
    ]);
  },
);

test('a code cache that is absent, broken, cut off or of another Node changes nothing', () => {
  const quick = ['run', '--scenario', 'f072-entry-address/scenario.json'];
  const { stdout: expected } = run(...quick);
  expect(expected).toContain('entry-address');
  const file = cacheFile();
  const cache = readFileSync(file);
  const other = Buffer.from(cache);
  other.fill(0x5a, 4, 12); // V8's version and flags
  try {
    for (const content of [Buffer.alloc(0), Buffer.from('no cache'), cache.subarray(0, cache.length >> 1), other]) {
      writeFileSync(file, content);
      expect(run(...quick).stdout).toBe(expected);
    }
    rmSync(file);
    expect(run(...quick).stdout).toBe(expected);
  } finally {
    writeFileSync(file, cache);
  }
});

test('V8 takes the code cache under the settings that a thread begins with', () => {
  const script = `const { Script } = require('node:vm'), { readFileSync } = require('node:fs');
    const [source, cache] = process.argv.slice(1);
    console.log(new Script(readFileSync(source, 'latin1'), { cachedData: readFileSync(cache) }).cachedDataRejected);`;
  expect(execFileSync(process.execPath, ['-e', script, join(dist, 'program.cjs'), cacheFile()], { encoding: 'utf8' })).toBe('false\n');
});

test('scenarios are checked by the validator that the build made, without Ajv', () => {
  const folder = mkdtempSync(join(dist, 'without-ajv-'));
  const hook = join(folder, 'hook.cjs');
  writeFileSync(
    hook,
    `const Module = require('node:module'), load = Module._load;
    Module._load = (name, ...rest) => { if (/^ajv\\b/.test(name)) throw new Error(name); return load(name, ...rest); };`,
  );
  writeFileSync(join(folder, 'wrong.json'), '{ "schema": "bootbench/scenario@1", "chipp": "STM32H533RE" }');
  const without = (scenario: string) =>
    spawnSync(process.execPath, ['--require', hook, program(), 'run', '--scenario', scenario], { cwd: fixtures, encoding: 'utf8' });
  expect(without(SCENARIO).stdout).toContain('rom-silent');
  expect(without(join(folder, 'wrong.json')).stderr).toContain('unknown key chipp');
});

test('threads that have done a job do the next one, also after one that could not be run', () => {
  const cwd = mkdtempSync(join(dist, 'scenarios-'));
  const good = JSON.parse(readFileSync(join(fixtures, 'f072-entry-address', 'scenario.json'), 'utf8')) as object;
  const images = [join(fixtures, 'f072-entry-address', 'firmware.elf')];
  for (let i = 0; i < 6; i++) writeFileSync(join(cwd, `s${i}.json`), JSON.stringify({ ...good, images }));
  // a file without an address is refused before it gets to a thread, a function that is not in the image behind that
  writeFileSync(join(cwd, 's2.json'), JSON.stringify({ ...good, images: ['absent.elf'] }));
  writeFileSync(join(cwd, 's3.json'), JSON.stringify({ ...good, images, steps: [{ at: '1ms', do: { call: 'no_such_function' } }] }));
  const tested = spawnSync(process.execPath, [program(), 'test', cwd, '--jobs', '2'], { encoding: 'utf8' });
  const words = tested.stdout.split('\n').flatMap((line) => /^(ok|ERR|FAIL) +.*(s\d)\.json/.exec(line)?.slice(1).reverse().join(' ') ?? []);
  expect(words.sort()).toEqual(['s0 ok', 's1 ok', 's2 ERR', 's3 ERR', 's4 ok', 's5 ok']);
  expect(tested.status).toBe(1);
});

test.skipIf(process.platform !== 'linux')('a working folder that was deleted is told, and is no defect', () => {
  for (const args of [['chips'], ['run', 'firmware.elf']]) {
    const cwd = mkdtempSync(join(dist, 'gone-'));
    const there = ['-c', 'rmdir "$PWD" && exec "$@"', 'sh', process.execPath, program(), ...args];
    const { status, stdout, stderr } = spawnSync('sh', there, { cwd, encoding: 'utf8' });
    expect([status, stdout, stderr]).toEqual([2, '', 'bootbench: the working folder no longer exists; change to one that does\n']);
  }
});

test('an error of the library that nobody catches is shown with a line, not with a file', () => {
  const script = `import { openMachine } from ${JSON.stringify(join(dist, 'index-node.js'))}; await openMachine({ chip: 'stm32f405rg', images: [] });`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' });
  expect(stderr).toContain('UsageError: ');
  expect(stderr.length).toBeLessThan(3000);
});

test('an error of the user is one line and exit code 2', () => {
  const { status, stdout, stderr } = run('run', '--scenario', 'no-such.json');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

test('an ES module that a user names is imported in the thread, too', () => {
  const file = join(mkdtempSync(join(dist, 'module-')), 'nothing.mjs');
  writeFileSync(file, 'export default { url: import.meta.url };');
  const { status, stderr } = run('run', '--scenario', SCENARIO, '--engine', 'unicorn', '--unicorn-js', file);
  expect(status).toBe(2);
  expect(stderr).toContain('nothing.mjs: it is not a unicorn.js;');
});

test.each([
  ['Ctrl-C', 'SIGINT', 130],
  ['kill', 'SIGTERM', 143],
  ['the end of its terminal', 'SIGHUP', 129],
] as const)('%s ends the run, and it still gives its report', async (_, signal, code) => {
  const before = performance.now();
  run('--version');
  const toStart = performance.now() - before;
  // minutes of work, which nothing but the signal ends
  const child = spawn(
    process.execPath,
    [program(), 'run', 'spin.bin@0x08000000', '--chip', 'stm32h533re', '--until', '9000s', '--json', '-'],
    {
      cwd: spinning(),
    },
  );
  let out = '';
  let err = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const ended = new Promise<number | null>((done) => child.on('exit', done));
  await new Promise((go) => setTimeout(go, 2000 + 10 * toStart));
  child.kill(signal);
  expect(await ended, err).toBe(code);
  expect(JSON.parse(out)).toMatchObject({ ended: { reason: 'signal' } });
});

test('ask, matrix, init, leave, trace and test end with the signal, and leave no temporary file behind', async () => {
  const before = performance.now();
  run('--version');
  const toStart = performance.now() - before;
  const cwd = spinning();
  const images = ['spin.bin@0x08000000'];
  const scenario = { schema: 'bootbench/scenario@1', chip: 'stm32h533re', images, until: '9000s', expect: { outcome: 'dfu' } };
  writeFileSync(join(cwd, 'long.json'), JSON.stringify(scenario));
  // the way back is compared for a short time behind the last step
  const steps = [{ at: '55s', do: { pin: { name: 'PC13', level: 1 } } }];
  writeFileSync(join(cwd, 'late.json'), JSON.stringify({ ...scenario, steps }));
  const long = ['--scenario', 'long.json'];
  const lines = [
    ['ask', ...long, '--symptom', 'nothing'],
    ['matrix', ...long],
    ['init', ...long, '--out', 'new.json'],
    ['leave', '--scenario', 'late.json'],
    ['trace', ...long, '--out', 'new.vcd'],
    ['test', 'long.json', '--junit', 'new.xml'],
  ];
  const ended = lines.map((args) => {
    const child = spawn(process.execPath, [program(), ...args], { cwd });
    let err = '';
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    return { child, name: args[0]!, code: new Promise<number | null>((done) => child.on('exit', done)), err: () => err };
  });
  await new Promise((go) => setTimeout(go, 2000 + 20 * toStart));
  const killed = performance.now();
  for (const { child } of ended) child.kill('SIGTERM');
  for (const { name, code, err } of ended) expect([name, await code], err()).toEqual([name, 143]);
  expect(performance.now() - killed).toBeLessThan(9000);
  // what was found so far is written by those that have something
  expect(readdirSync(cwd).sort()).toEqual(['late.json', 'long.json', 'new.vcd', 'new.xml', 'spin.bin']);
  for (const { err } of ended) expect(err()).not.toContain('internal error');
}, 120_000);

/** A folder with a firmware that never repeats itself: a linear congruential generator in registers. */
function spinning(): string {
  const folder = mkdtempSync(join(dist, 'spin-'));
  // ldr r1, =1664525; loop: muls r0, r1; adds r0, #1; b loop
  const code = [0x4902, 0x4348, 0x3001, 0xe7fc, 0xbf00, 0xbf00, 0x660d, 0x0019];
  const bytes = new Uint8Array(8 + 2 * code.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20004000, true);
  view.setUint32(4, 0x08000009, true);
  code.forEach((half, i) => view.setUint16(8 + 2 * i, half, true));
  writeFileSync(join(folder, 'spin.bin'), bytes);
  return folder;
}

describe.skipIf(!hasPty)('in a terminal', () => {
  const elf = 'f072-seed002-as-posted/firmware.elf';
  const CHIP = ['--chip', 'stm32f072rb', '--no-trigger'];
  const screens = new Map<string, ReturnType<typeof onTerminal>>();
  /** What is asked for twice is run once. */
  const shown = (columns: number, args: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof onTerminal> => {
    const key = JSON.stringify([columns, args, env]);
    const screen = screens.get(key) ?? onTerminal([process.execPath, program(), 'run', ...args], { columns, cwd: fixtures, env });
    screens.set(key, screen);
    return screen;
  };

  test.each([80, 120])('of %i columns the first screen of a failure has at most 25 lines, none of them broken', async (columns) => {
    const { status, lines, raw, wrapped, coloured } = await shown(columns, [elf, ...CHIP]);
    expect(status).toBe(1);
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.length).toBeLessThanOrEqual(25);
    expect(wrapped).toBe(0);
    expect(lines.join('\n')).toMatch(/main\.c:\d+/);
    expect(coloured).toBeGreaterThan(0);
    // progress was shown meanwhile, and nothing of it is left
    expect(raw).toMatch(/\r/);
    expect(lines.filter((l) => /trying with these repaired|virtual time/.test(l)).length).toBeLessThanOrEqual(1);
  });
  test('a success has at most ten lines', async () => {
    const { status, lines } = await shown(80, ['jump-1fffc800/firmware.elf', '--chip', 'stm32f072rb', '--no-trigger']);
    expect(status).toBe(0);
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(lines[0]).toMatch(/DFU|OK/);
  });
  test('without colour it says the same', async () => {
    const plain = await shown(80, [elf, ...CHIP], { NO_COLOR: '1' });
    const colour = await shown(80, [elf, ...CHIP]);
    expect(plain.coloured).toBe(0);
    expect(plain.lines).toEqual(colour.lines);
  });
  test('that is dumb it writes no control characters', async () => {
    const { raw } = await shown(80, [elf, ...CHIP], { TERM: 'dumb' });
    expect(raw).toContain('FAIL');
    expect(raw).not.toContain('\u001b');
  });
  test('without a size it takes 80 columns', async () => {
    const wide = await shown(80, [elf, ...CHIP], { TERM: 'dumb' });
    const none = await shown(0, [elf, ...CHIP], { TERM: 'dumb' });
    expect(none.raw).toBe(wide.raw);
  });
});

// the reader ends first: `true` reads nothing
test.skipIf(process.platform !== 'linux').each([
  [['run', 'f405-own-crash/firmware.elf', '--chip', 'stm32f405rg'], 1],
  [['chips'], 0],
] as const)('a pipe that is closed changes no exit code: %s', (args, status) => {
  const script = 'set -o pipefail; "$@" | true';
  const ran = spawnSync('bash', ['-c', script, 'bash', process.execPath, program(), ...args], { cwd: fixtures, encoding: 'utf8' });
  expect([ran.status, ran.stderr.replace(STILL_RUNNING, '')]).toEqual([status, '']);
});
