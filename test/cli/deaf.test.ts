/**
 * A thread that hears nothing any more, as in one step that takes minutes: whoever has started it ends it, whichever command that is. A script that each thread loads
 * first makes it deaf at a message of its own.
 */
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';
import { builtProgram } from '../built.ts';
import { byTurns } from '../turn.ts';
import { COMMANDS, inputs, observe, type Ended } from './surroundings.ts';

let dist = '';
let cwd = '';
const DEAF = `
const { isMainThread, parentPort } = require('node:worker_threads');
const at = process.env.DEAF_AT;
const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
if (!isMainThread && at === 'job') parentPort.on('message', ({ kind }) => kind === 'job' && wait());
else if (!isMainThread && parentPort) {
  const post = parentPort.postMessage.bind(parentPort);
  const deaf = () => (post({ kind: 'write', stream: 'stdout', text: 'deaf\\n' }), wait());
  const crypto = require('node:crypto');
  const { createHash } = crypto;
  // of an image that is read
  if (at === 'hash') crypto.createHash = (name) => {
    const hash = createHash(name);
    const update = hash.update.bind(hash);
    return Object.assign(hash, { update: (what) => (typeof what === 'string' ? update(what) : deaf()) });
  };
  parentPort.postMessage = (message) => {
    post(message);
    if (message.kind !== at) return;
    deaf();
  };
}`;
beforeAll(() => {
  dist = builtProgram();
  cwd = inputs();
  writeFileSync(join(cwd, 'deaf.cjs'), DEAF);
});
afterAll(() => {
  for (const folder of [dist, cwd]) rmSync(folder, { recursive: true, force: true });
});
const deafAt = (kind: string): NodeJS.ProcessEnv => ({ DEAF_AT: kind, NODE_OPTIONS: `--require ${join(cwd, 'deaf.cjs')}` });
const program = (): string => join(dist, 'bootbench.js');
/** The grace, and what a busy machine takes. */
const AT_MOST_MS = 25_000;
/** Those that leave machines to other processes, have none, or talk. */
const HERE = ['campaign', 'worker', 'mcp', 'chips', 'explain', 'completion', 'demo'];

// all of them wait for the same grace, and do nothing meanwhile
it.concurrent(
  'each command whose thread hears no signal is ended by what started it',
  async () => {
    const threaded = COMMANDS.filter((c) => !HERE.includes(c.name));
    expect(threaded.map((c) => c.name)).toEqual(
      expect.arrayContaining(['run', 'test', 'conform', 'dfu', 'uart', 'gdb', 'probe', 'board', 'compare']),
    );
    const end = async ({ name, short, long }: (typeof COMMANDS)[number]): Promise<[string, Ended]> => [
      name,
      await observe(program(), long ?? short, { cwd, env: deafAt('begun'), signal: 'SIGTERM', whenSaid: /^deaf/ }),
    ];
    for (const [name, { code, err, ms }] of await Promise.all(byTurns(threaded, 8).map(end))) {
      expect(err, name).toBe('bootbench: the command did not stop within 10 s after SIGTERM: ended without a result\n');
      expect(code, name).toBe(143);
      expect(ms, name).toBeLessThan(AT_MOST_MS);
    }
  },
  120_000,
);

// an image may be large: nothing is begun before it is read, and nothing is lost
it.concurrent(
  'a command that still reads its image is ended at once by a signal',
  async () => {
    const lines = ['run', 'dfu', 'gdb', 'matrix', 'fix'].map((name) => [name, '--scenario', 'long.json']);
    const ended = await Promise.all(
      lines.map((line) => observe(program(), line, { cwd, env: deafAt('hash'), signal: 'SIGTERM', whenSaid: /^deaf/ })),
    );
    for (const [i, { code, err }] of ended.entries()) expect([lines[i]![0], code, err]).toEqual([lines[i]![0], 143, '']);
  },
  60_000,
);

it.concurrent(
  'each command with --wall is ended behind it',
  async () => {
    const all = [
      ['run', '--scenario', 'long.json'],
      ['trace', '--scenario', 'long.json'],
      ['init', '--scenario', 'long.json'],
      ['ask', '--scenario', 'long.json', '--symptom', 'nothing'],
      ['matrix', '--scenario', 'long.json'],
      ['leave', '--scenario', 'long.json'],
      ['rom', 'compare', 'rom.bin', '--chip', 'stm32f072rb'],
      ['conform', '--chip', 'stm32f072rb', '--boot0'],
      ['compare', 'long.json', 'long.json'],
    ];
    const lines = byTurns(all, 4);
    const ended = await Promise.all(lines.map((line) => observe(program(), [...line, '--wall', '1s'], { cwd, env: deafAt('wall') })));
    for (const [i, { code, err, ms }] of ended.entries()) {
      expect(err, lines[i]![0]).toContain('the command did not stop within 10 s after --wall: ended without a result');
      // no defect to report: the machine that it runs on was too slow for one step
      expect(code, lines[i]![0]).toBe(4);
      expect(ms, lines[i]![0]).toBeLessThan(AT_MOST_MS);
    }
  },
  120_000,
);

it.concurrent(
  'a scenario of `test` whose thread is deaf fails behind --timeout, and the others are told',
  async () => {
    const { code, out, ms } = await observe(program(), ['test', 'long.json', '--timeout', '1s'], { cwd, env: deafAt('job') });
    expect(out).toContain('it took longer than --timeout 1s, and was ended without a result');
    expect(out).toContain('0 of 1 scenarios hold');
    expect(code).toBe(1);
    expect(ms).toBeLessThan(AT_MOST_MS);
  },
  60_000,
);

it.concurrent(
  '… and after a signal the command ends with its code',
  async () => {
    const told = { cwd, env: deafAt('job'), signal: 'SIGINT', afterMs: 3_000 } as const;
    const { code, ms } = await observe(program(), ['test', 'long.json'], told);
    expect(code).toBe(130);
    expect(ms).toBeLessThan(AT_MOST_MS);
  },
  60_000,
);

it.concurrent(
  'a run of `fix` whose thread is deaf is no defect of this program: exit 4 behind --wall, and the code of a signal',
  async () => {
    const line = ['fix', '--scenario', 'long.json'];
    const [late, told] = await Promise.all([
      observe(program(), [...line, '--wall', '1s'], { cwd, env: deafAt('job') }),
      observe(program(), line, { cwd, env: deafAt('job'), signal: 'SIGINT', afterMs: 3_000 }),
    ]);
    expect([late.code, late.err]).toEqual([
      4,
      'bootbench: the run did not stop within 8 s after its limit of real time: ended without a result\n',
    ]);
    expect([told.code, told.err]).toEqual([
      130,
      'bootbench: the run did not stop within 8 s after it was told to: ended without a result\n',
    ]);
  },
  60_000,
);

/** A program of the library's user: what it prints, and the milliseconds from there to its end. */
async function library(options: string): Promise<{ readonly said: string; readonly ended: number }> {
  const script = join(cwd, 'library.mjs');
  const from = (name: string): string => JSON.stringify(join(dist, name));
  writeFileSync(
    script,
    `import { bench } from ${from('index-node.js')};
import { readImage } from ${from('node.js')};
const images = [readImage(${JSON.stringify(packageFile('fixtures/f405-straight/firmware.elf'))})];
await bench({ chip: 'stm32f405rg', images, ${options} }).catch((e) => console.log(e.name, e.message));
const at = performance.now();
process.on('exit', () => console.log(performance.now() - at));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [script], { cwd, timeout: 60_000 });
  const lines = stdout.trimEnd().split('\n');
  return { ended: Number(lines.pop()), said: lines.join('\n') };
}
it('the library leaves no thread behind, where an option cannot be handed over or outside devices never return', async () => {
  const proxy = await library('scenario: new Proxy({ steps: [] }, {})');
  expect(proxy.said).toMatch(/^UsageError an option cannot be copied for the thread that runs it: /);
  const never = await library("devices: new URL('data:text/javascript,await new Promise(() => {})'), signal: AbortSignal.timeout(1000)");
  expect(never.said).toMatch(/^TimeoutError/);
  // eight seconds were those of a command that waits for its result
  expect(Math.max(proxy.ended, never.ended)).toBeLessThan(4000);
}, 60_000);
