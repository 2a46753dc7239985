/** Files that are written: whole or not at all, and nobody else's. */
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { createHash } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { BlobFolder } from '../../src/campaign/blob-folder.ts';
import { discard, folderBeside, isAlive, openTemporary, passingFolder } from '../../src/campaign/temporary.ts';
import { READING } from '../../src/image/work.ts';
import { mustHaveWritten, newCommand } from '../../src/cli/command-files.ts';
import { verbatim } from '../../src/cli/io.ts';
import { surroundings } from '../../src/bench/documents/system-errors.ts';
import { writeInPlace } from '../../src/cli/in-place.ts';
import { Outputs } from '../../src/cli/outputs.ts';
import { TestCache } from '../../src/cli/test-cache.ts';
import { cli, FIRMWARE, folder, IMAGE } from './helpers.ts';

/** Of a command of its own. */
function one(cwd: string): Outputs {
  newCommand();
  return new Outputs([{ option: '--json', path: 'out.json' }], cwd);
}
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

it('a link that the user names as an output is followed and stays; one that leads nowhere is replaced', () => {
  const cwd = folder({ old: 'before' });
  symlinkSync('old', join(cwd, 'out.json'));
  one(cwd).write('--json', verbatim('{}'));
  expect(lstatSync(join(cwd, 'out.json')).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(cwd, 'old'), 'utf8')).toBe('{}');
  const other = folder();
  symlinkSync('absent', join(other, 'out.json'));
  one(other).write('--json', verbatim('{}'));
  expect(lstatSync(join(other, 'out.json')).isSymbolicLink()).toBe(false);
  expect(readdirSync(other)).toEqual(['out.json']);
});

it.skipIf(process.platform === 'win32').each([['>'], ['>>']])(
  'an output that is /dev/stdout, behind which `%s` has put a file, follows what stands there',
  (sign) => {
    const cwd = folder({ log: 'before\n' });
    const at = (...path: readonly string[]): string => join(import.meta.dirname, '..', '..', ...path);
    const image = at('fixtures', 'f072-masked', 'firmware.elf');
    const run = [at('tools', 'run-ts.mjs'), at('src', 'cli', 'bootbench.ts'), 'run', image, '--json', '/dev/stdout'];
    spawnSync('sh', ['-c', `exec "$@" ${sign} log`, 'sh', process.execPath, ...run], { cwd });
    const log = readFileSync(join(cwd, 'log'), 'utf8');
    expect(log.startsWith('before\n')).toBe(sign === '>>');
    const document = log.slice(log.indexOf('{'), log.lastIndexOf('\n}\n') + 3);
    expect(JSON.parse(document)).toMatchObject({ schema: 'bootbench/run@1' });
    expect(log).toMatch(/^(FAIL|OK) /m);
  },
);

describe('the temporary file of an output', () => {
  it('is made for a link that leads to itself, too, which is replaced by the file', () => {
    const cwd = folder();
    symlinkSync('out.json', join(cwd, 'out.json'));
    one(cwd).write('--json', verbatim('{}'));
    expect(readdirSync(cwd)).toEqual(['out.json']);
    expect(readFileSync(join(cwd, 'out.json'), 'utf8')).toBe('{}');
  });
  it('has another name each time, which others cannot foresee', () => {
    const cwd = folder();
    const names = [1, 2].map(() => {
      const one = openTemporary(join(cwd, 'out.json'));
      const [name] = readdirSync(cwd);
      discard(one);
      return name;
    });
    expect(names[0]).not.toBe(names[1]);
    expect(names[0]).toMatch(/[0-9a-f]{16}\.tmp$/);
  });

  it('is not there while the run goes on: a process that is killed leaves none', () => {
    const cwd = folder();
    const outputs = one(cwd);
    expect(readdirSync(cwd)).toEqual([]);
    outputs.write('--json', verbatim('{}'));
    expect(readdirSync(cwd)).toEqual(['out.json']);
  });

  it('is made anew: a link that stands in its place is not followed', () => {
    const cwd = folder({ victim: 'precious' });
    symlinkSync('victim', join(cwd, `.out.json.${HOST}-${process.pid}-guessed.tmp`));
    expect(() => openTemporary(join(cwd, 'out.json'), 'guessed')).toThrow(/EEXIST/);
    expect(readFileSync(join(cwd, 'victim'), 'utf8')).toBe('precious');
  });

  it.skipIf(process.platform === 'win32')('leaves the permissions as those of the file that it takes the place of', () => {
    const cwd = folder({ 'out.json': 'old' });
    for (const mode of [0o600, 0o640, 0o666]) {
      chmodSync(join(cwd, 'out.json'), mode);
      one(cwd).write('--json', verbatim('{}'));
      expect(statSync(join(cwd, 'out.json')).mode & 0o777).toBe(mode);
    }
  });
  it('the names that earlier versions used lead nowhere', () => {
    const cwd = folder({ victim: 'precious', 'key.json': '{}' });
    for (const name of [`.out.json.${process.pid}.tmp`, `key.json.${process.pid}`]) symlinkSync('victim', join(cwd, name));
    one(cwd).write('--json', verbatim('document'));
    new TestCache('.', cwd).keep('key', { chip: 'x' } as never);
    expect(readFileSync(join(cwd, 'victim'), 'utf8')).toBe('precious');
    expect(readFileSync(join(cwd, 'out.json'), 'utf8')).toBe('document');
    expect(readFileSync(join(cwd, 'key.json'), 'utf8')).toBe('{"chip":"x"}');
  });

  it.skipIf(process.getuid?.() !== 0)('keeps the owner of the file that it replaces, which root would take from it', () => {
    const cwd = folder({ 'out.json': 'before' });
    chownSync(join(cwd, 'out.json'), 65534, 65533);
    one(cwd).write('--json', verbatim('{}'));
    expect(readFileSync(join(cwd, 'out.json'), 'utf8')).toBe('{}');
    expect(statSync(join(cwd, 'out.json'))).toMatchObject({ uid: 65534, gid: 65533 });
  });
  it('keeps the permissions of the file that it replaces', () => {
    const cwd = folder({ 'out.json': 'old' });
    chmodSync(join(cwd, 'out.json'), 0o600);
    one(cwd).write('--json', verbatim('new'));
    expect(statSync(join(cwd, 'out.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(cwd, 'out.json'), 'utf8')).toBe('new');
  });

  it('that a killed process left is removed by the next one, that of a living one is not', () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const left = (base: string, pid: number, host = HOST): string => `.${base}.${host}-${pid}-${'ab'.repeat(8)}.tmp`;
    const kept = [left('out.json', process.pid), left('other.json', gone), left('out.json', gone, '00000000'), '.out.json.tmp'];
    const cwd = folder(Object.fromEntries([left('out.json', gone), ...kept].map((name) => [name, ''])));
    one(cwd).discard();
    expect(readdirSync(cwd).sort()).toEqual([...kept].sort());
  });
});

it('a temporary folder of a process that is gone is removed by the next one; a living one, a link and a foreign one are not', () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const cwd = folder({ victim: 'precious' });
  const name = (pid: number, host = HOST): string => `bootbench-x-${host}-${pid}-abcdef`;
  const kept = [name(process.pid), name(gone, '00000000'), 'bootbench-x-abcdef'];
  for (const one of [name(gone), ...kept]) mkdirSync(join(cwd, one));
  writeFileSync(join(cwd, name(gone), 'image'), '');
  symlinkSync('.', join(cwd, `${name(gone)}2`));
  vi.stubEnv('TMPDIR', cwd);
  try {
    const made = basename(passingFolder('bootbench-x-'));
    expect(made).toMatch(new RegExp(`^bootbench-x-${HOST}-${process.pid}-`));
    expect(readdirSync(cwd).sort()).toEqual([...kept, `${name(gone)}2`, 'victim', made].sort());
    mkdirSync(join(cwd, `bootbench-other-${HOST}-${gone}-ab`));
    passingFolder('bootbench-x-');
    expect(readdirSync(cwd).filter((found) => found.includes('other'))).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
  }
});

it('a folder beside its target of a process that is gone is removed by the next one; a living one, a link and a foreign one are not', () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const cwd = folder({ victim: 'precious' });
  const name = (base: string, pid: number, chance = 'ab'): string => `.${base}.${HOST}-${pid}-${chance.repeat(8)}.tmp`;
  const kept = [name('demo', process.pid), name('other', gone), '.demo-abcdef'];
  for (const one of [name('demo', gone), ...kept]) mkdirSync(join(cwd, one));
  writeFileSync(join(cwd, name('demo', gone), 'main.c'), '');
  // the link goes, and not what it leads to
  symlinkSync('.', join(cwd, name('demo', gone, 'cd')));
  const made = basename(folderBeside(join(cwd, 'demo')));
  expect(made).toMatch(new RegExp(`^\\.demo\\.${HOST}-${process.pid}-[0-9a-f]{16}\\.tmp$`));
  expect(readdirSync(cwd).sort()).toEqual([...kept, 'victim', made].sort());
});

it.skipIf(process.platform !== 'linux')('a process that has ended counts as gone, also where nobody has asked how it ended', async () => {
  // the shell starts one that ends at once, and becomes one that never asks
  const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const pid = Number(await new Promise<Buffer>((told) => parent.stdout.once('data', told)));
    await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^State:\s*Z/m));
    expect([isAlive(pid), isAlive(parent.pid!)]).toEqual([false, true]);
  } finally {
    parent.kill('SIGKILL');
  }
});

it('folders of this program are cleaned whole', () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const cwd = folder({ [`.${'0'.repeat(64)}.${HOST}-${gone}-${'ab'.repeat(8)}.tmp`]: '', 'a.json': '' });
  new BlobFolder(cwd);
  expect(readdirSync(cwd)).toEqual(['a.json']);
});

it('a long name has room for what is added to it', () => {
  const cwd = folder();
  const temporary = openTemporary(join(cwd, 'x'.repeat(255)));
  discard(temporary);
  expect(readdirSync(cwd)).toEqual([]);
});

it('nothing is left where the file cannot be put in place', () => {
  const cwd = folder();
  const outputs = one(cwd);
  mkdirSync(join(cwd, 'out.json'));
  writeFileSync(join(cwd, 'out.json', 'x'), '');
  expect(outputs.write('--json', verbatim('document'))).toBe(false);
  expect(mustHaveWritten).toThrow(/cannot write/);
  expect(readdirSync(cwd)).toEqual(['out.json']);
});

describe('an error of the surroundings is exit 4, one line with advice, and no stack', () => {
  it.each([
    ['ENOSPC', 'the disk is full; make room'],
    ['EMFILE', 'too many open files; allow more'],
    ['ENOMEM', 'no memory is left; close programs'],
    ['EFBIG', 'the file would be larger than allowed; allow larger'],
    ['ERR_WORKER_OUT_OF_MEMORY', 'the memory limit of Node is reached; allow more'],
  ])('%s', async (code, advice) => {
    const fails = async (): Promise<never> => {
      throw Object.assign(new Error('write'), { code });
    };
    const ran = await cli(['run', IMAGE, '--chip', 'h533re', '--json', 'r.json'], { cwd: folder({ 'fw.bin': FIRMWARE }), bench: fails });
    expect(ran).toMatchObject({ code: 4, out: '', err: expect.stringContaining(advice) });
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });
  it.each([
    ['a thread', { code: 'ERR_WORKER_INIT_FAILED' }],
    ['a program', { code: 'EAGAIN', syscall: 'spawn python3' }],
  ])('%s that the limit of processes keeps from starting', async (_what, facts) => {
    const error = Object.assign(new Error('EAGAIN'), facts);
    const bench = (): Promise<never> => Promise.reject(error);
    const ran = await cli(['run', IMAGE, '--chip', 'h533re'], { cwd: folder({ 'fw.bin': FIRMWARE }), bench });
    const err = 'bootbench: it cannot go on: no more processes or threads can be started; close programs, or allow more (`ulimit -u`)\n';
    expect(ran).toMatchObject({ code: 4, out: '', err });
    // a file that has nothing to read says so, too
    expect(surroundings(Object.assign(new Error('EAGAIN: read'), { code: 'EAGAIN', syscall: 'read' }), 'it cannot go on')).toBeNull();
  });
  it.each(['WebAssembly.Memory(): could not allocate memory', 'Array buffer allocation failed'])('%s', async (message) => {
    const fails = async (): Promise<never> => {
      throw new RangeError(message);
    };
    const scenario = { schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: [IMAGE], expect: { outcome: 'dfu' } };
    const cwd = folder({ 'fw.bin': FIRMWARE, 'a.json': JSON.stringify(scenario) });
    const says = 'no memory is left; close programs, or allow more';
    const ran = await cli(['run', IMAGE, '--chip', 'h533re'], { cwd, bench: fails });
    expect(ran).toMatchObject({ code: 4, out: '', err: expect.stringContaining(says) });
    const tested = await cli(['test', 'a.json'], { cwd, bench: fails });
    expect(tested).toMatchObject({ code: 4, out: expect.stringContaining(says) });
    expect(tested.out + tested.err).not.toContain('internal error');
  });
  it('a Node without WebAssembly', async () => {
    const error = new ReferenceError('WebAssembly is not defined');
    const bench = (): Promise<never> => Promise.reject(error);
    const ran = await cli(['run', IMAGE, '--chip', 'h533re'], { cwd: folder({ 'fw.bin': FIRMWARE }), bench });
    expect(ran).toMatchObject({
      code: 4,
      out: '',
      err: expect.stringMatching(/^bootbench: [^\n]* without `--jitless` \(NODE_OPTIONS\)\n$/),
    });
    expect(surroundings(new ReferenceError('x is not defined'), 'it cannot go on')).toBeNull();
  });
});

describe.skipIf(process.platform === 'win32')('a named pipe', () => {
  const withPipe = (): string => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    spawnSync('mkfifo', [join(cwd, 'pipe')]);
    return cwd;
  };
  it('that nobody reads is told, and not waited for', async () => {
    const ran = await cli(['run', IMAGE, '--chip', 'h533re', '--json', 'pipe'], { cwd: withPipe() });
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('nobody reads this pipe') });
  });
  it('whose reader reads nothing is left, with a word, when the command is to end; one that reads late has all', async () => {
    const cwd = withPipe();
    const path = join(cwd, 'pipe');
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const content = 'x'.repeat(1_000_000);
    try {
      const looks = (of: () => boolean): void => READING.within(of, () => writeInPlace(path, content));
      expect(() => looks(() => true)).toThrow(expect.objectContaining({ code: 'READER_WAITS' }));
      // it reads what is there each time that the writer asks whether it has to end
      let read = 0;
      const buffer = Buffer.alloc(content.length);
      const before = readSync(reader, buffer);
      looks(() => {
        read += readSync(reader, buffer);
        return true;
      });
      read += readSync(reader, buffer);
      expect([before > 0, read]).toEqual([true, content.length]);
    } finally {
      closeSync(reader);
    }
  });
  it('is not read', async () => {
    const ran = await cli(['run', 'pipe@0x08000000', '--chip', 'h533re'], { cwd: withPipe() });
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringContaining('is a named pipe, which is not read') });
  });
});
