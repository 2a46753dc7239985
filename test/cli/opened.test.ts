/** Which files and addresses each command opens: those that it was given, its own package, and what the system gives every program. Held under strace and Node's permission model. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';
import { builtProgram } from '../built.ts';
import { COMMANDS, inputs, observe } from './surroundings.ts';
import { byTurns } from '../turn.ts';

let dist = '';
let cwd = '';
const program = (): string => join(dist, 'bootbench.js');
beforeAll(() => {
  dist = builtProgram();
  cwd = realpathSync(inputs());
  for (const folder of ['tmp', 'home']) mkdirSync(join(cwd, folder));
});
afterAll(() => {
  for (const folder of [dist, cwd]) rmSync(folder, { recursive: true, force: true });
});

/** The package, and packages that it is built on. */
const own = (): string[] => [
  packageFile('.'),
  realpathSync(packageFile('node_modules')),
  dirname(realpathSync(packageFile('node_modules'))),
];
/** Read by Node and the C library of any program. */
const SYSTEM =
  /^\/(lib|lib64|usr|proc|sys|dev)\/|^\/etc\/(ld\.so|ssl\/|nsswitch\.conf|resolv\.conf|hosts|host\.conf|gai\.conf|localtime|passwd)/;
/** The programs that a command starts, beside Node: `--exec`. */
const STARTS: Readonly<Record<string, RegExp>> = { dfu: /^\/bin\/(sh|true)|\/true$/ };
/** Servers, and nothing else, have addresses, of this machine. */
const LISTENS: ReadonlySet<string> = new Set(['dfu']);
/** A pseudo terminal is python3's, with its own files. */
const OTHERS: ReadonlySet<string> = new Set(['uart']);

const noStrace = spawnSync('strace', ['-V']).status === 0 ? null : 'strace is not installed';
describe.skipIf(noStrace !== null)(`under strace${noStrace === null ? '' : `: ${noStrace}`}`, () => {
  it.each(
    byTurns(
      COMMANDS.filter((c) => !OTHERS.has(c.name)),
      4,
    ),
  )(
    '$name',
    async (command) => {
      const to = join(cwd, `out-${command.name}`);
      mkdirSync(to);
      const log = join(cwd, `${command.name}.strace`);
      const calls = 'open,openat,creat,mkdir,mkdirat,rename,renameat2,unlink,unlinkat,symlink,link,truncate,chmod,execve,connect,bind';
      const shell = `exec strace -f -qq -s 4096 -e trace=${calls} -o '${log}' "$@"`;
      const env = { TMPDIR: join(cwd, 'tmp'), HOME: join(cwd, 'home') };
      const { code, err } = await observe(program(), command.short, { cwd, to, env, shell });
      expect(code, err).toBe(command.code);
      const [read, written, started, addresses]: string[][] = [[], [], [], []];
      for (const line of readFileSync(log, 'latin1').split('\n')) {
        const [, call, rest] = /^\d+ +(\w+)\((.*)$/.exec(line) ?? [];
        // what is not there is looked for in many places
        if (call === undefined || rest === undefined || / = -1 E(NOENT|NOTDIR)/.test(rest)) continue;
        const path = /"([^"]*)"/.exec(rest)?.[1] ?? '';
        if (call === 'connect' || call === 'bind') addresses!.push(rest);
        else if (call === 'execve') started!.push(path);
        else if (!call.startsWith('open') || /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(rest)) written!.push(path);
        else read!.push(path);
      }
      const below = (path: string, folders: readonly string[]): boolean => folders.some((f) => path === f || path.startsWith(`${f}/`) || (f.endsWith('/') && path.startsWith(f)));
      expect(read!.length).toBeGreaterThan(5);
      expect(read!.filter((path) => !SYSTEM.test(path) && !below(path, [cwd, dist, ...own()]))).toEqual([]);
      expect(written!.filter((path) => !path.startsWith('/dev/') && !below(path, [to, join(cwd, 'tmp'), dist]))).toEqual([]);
      expect(started!.filter((path) => path !== process.execPath && STARTS[command.name]?.test(path) !== true)).toEqual([]);
      expect(addresses!.filter((address) => !LISTENS.has(command.name) || !address.includes('127.0.0.1'))).toEqual([]);
    },
    60_000,
  );
}); // prettier-ignore

const flag = ['--permission', '--experimental-permission'].find((f) => process.allowedNodeEnvironmentFlags.has(f)) ?? null;
const noPermission = flag === null ? 'this Node has no permission model' : null;
describe.skipIf(noPermission !== null)(`under Node's permission model${noPermission === null ? '' : `: ${noPermission}`}`, () => {
  const project = (): string => join(cwd, 'project');
  const lineOf = (args: readonly string[], more: readonly string[]): string[] => {
    // Node 20 dies of a folder that is given twice
    const folders = new Set([dist, ...own(), project()].map((folder) => (folder.endsWith('/') ? folder : `${folder}/`)));
    const read = [...folders].map((folder) => `--allow-fs-read=${folder}`);
    return ['--no-warnings', flag!, ...read, `--allow-fs-write=${project()}/`, ...more, program(), ...args];
  };
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, HOME: join(cwd, 'home'), TMPDIR: tmpdir() });
  const run = (args: readonly string[], more: readonly string[] = []): { code: number | null; out: string; err: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, lineOf(args, more), { cwd: project(), encoding: 'utf8', env: env() });
    return { code: status, out: stdout, err: stderr };
  };
  beforeAll(() => {
    mkdirSync(project());
    copyFileSync(join(cwd, 'firmware.elf'), join(project(), 'firmware.elf'));
  });
  const RUN = ['run', '--chip', 'stm32f072rb', 'firmware.elf'];
  it.each([[[]], [['--allow-worker']]])('run works where it may read and write the project folder and its package alone %s', (more) => {
    const { code, out, err } = run([...RUN, '--json', 'a.json', '--html', 'a.html'], more);
    expect(err).toBe('');
    expect(code).toBe(1);
    expect(out).toMatch(/^FAIL +fault:/);
    for (const name of ['a.json', 'a.html']) expect(existsSync(join(project(), name))).toBe(true);
  });
  it('a signal is heard where the machine runs in the thread that hears it', async () => {
    const line = lineOf(['conform', '--chip', 'stm32f072rb', '--boot0'], []);
    const started = () => spawn(process.execPath, line, { cwd: project(), env: env(), stdio: 'ignore' });
    const ended = (child: ChildProcess) => new Promise<readonly unknown[]>((settle) => child.once('exit', (...how) => settle(how)));
    // ticks of CPU; of a process that is gone nobody knows them
    const used = ({ pid }: ChildProcess): number => {
      const stat = existsSync(`/proc/${pid}`) ? spawnSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' }).stdout : '';
      return Number(stat.split(') ')[1]?.split(' ')[11] ?? 0);
    };
    const whole = started();
    let all = 0;
    const looks = setInterval(() => (all = Math.max(all, used(whole))), 20);
    whole.once('exit', () => clearInterval(looks));
    expect(await ended(whole)).toEqual([0, null]);
    const child = started();
    const end = ended(child);
    await vi.waitUntil(() => used(child) > 0.7 * all, { timeout: 40_000, interval: 20 });
    child.kill('SIGINT');
    expect([[130, null], [null, 'SIGINT']]).toContainEqual(await end);
  }, 60_000);
  it.each([
    [['run', '--chip', 'stm32f072rb', join('..', 'firmware.elf')]],
    [[...RUN, '--json', join('..', 'a.json')]],
  ])('%s is exit 4, in words', (args) => {
    const { code, out, err } = run(args);
    expect([code, out]).toEqual([4, '']);
    expect(err).toMatch(/^bootbench: [^\n]*Node's permissions do not allow it[^\n]*\n$/);
  });
}); // prettier-ignore

it('uart starts python3 for a pseudo terminal, which takes no module from the working folder', async () => {
  const folder = join(cwd, 'python');
  mkdirSync(folder);
  for (const name of ['tty', 'select', 'os'])
    writeFileSync(join(folder, `${name}.py`), `open(${JSON.stringify(join(folder, 'seen'))}, 'w')`);
  const { short } = COMMANDS.find((c) => c.name === 'uart')!;
  const { code, err } = await observe(program(), short, { cwd: folder, to: folder });
  expect(code, err).toBe(0);
  expect(existsSync(join(folder, 'seen'))).toBe(false);
});
