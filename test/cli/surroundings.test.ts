/**
 * Each command in surroundings that fail (surroundings.ts): Ctrl-C, kill, kill -9, a disk that is full or read-only, no file handles, no temporary folder, a peer
 * that says nothing. It ends in time with its code, in words, and leaves nothing half.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtProgram } from '../built.ts';
import { byTurns } from '../turn.ts';
import { cli } from './helpers.ts';
import { COMMANDS, fileSystem, inputs, observe, silentPeer, type Command, type Ended } from './surroundings.ts';

let dist = '';
let cwd = '';
/** An empty folder in the place of TMPDIR: what is left there is seen. */
const temporary = (): string => join(cwd, 'tmp');
const program = (): string => join(dist, 'bootbench.js');
beforeAll(() => {
  dist = builtProgram();
  // the build for tests leaves the playground's page out
  mkdirSync(join(dist, 'web'), { recursive: true });
  writeFileSync(join(dist, 'web', 'index.html.gz'), gzipSync('page'));
  cwd = inputs();
  mkdirSync(temporary());
});
afterAll(() => {
  for (const folder of [dist, cwd]) rmSync(folder, { recursive: true, force: true });
});
const env = () => ({ TMPDIR: temporary() });
/** By the clock of a machine that does other things as well. The row of the benchmark is 0.3 s. */
const SOON_MS = 8_000;
const inWords = ({ err }: Ended, what: string): void => expect(err, what).not.toMatch(/internal error|^\s+at /m);
/** With a folder of its own for what it writes. */
async function out<T>(act: (to: string) => Promise<T>): Promise<T> {
  const to = join(cwd, `out-${readdirSync(cwd).length}-${Math.random()}`);
  mkdirSync(to);
  return act(to);
}
/** A run takes a quarter of the commands. */
const MINE = byTurns(COMMANDS, 4);
const LONG = MINE.flatMap((command) => (command.long === null || command.peer === true ? [] : [{ ...command, long: command.long }]));
/** More would wait for each other. */
const AT_ONCE = 3;
/** Long enough for it to be in the middle of its work, or ready. */
const STARTS_MS = 4_000;
/** `rom learn` of a short ROM may be over by then. */
const LEARNS_MS = 1_000;
const numberOf = { SIGINT: 2, SIGTERM: 15 } as const;

it('the list has all commands of the program', async () => {
  const { out: help } = await cli(['--help'], { cwd });
  const all = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map((m) => m[1]!);
  expect(COMMANDS.map((c) => c.name).sort()).toEqual(all.filter((name) => name !== 'help').sort());
});

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  it('ends each command at once: 130 and 143 by what it was told, 0 of a server that is ready; files are whole or not there', async () => {
    const ended: (Ended & { readonly command: Command; readonly to: string })[] = [];
    const end = (command: (typeof LONG)[number]) =>
      out(async (to) => {
        const waits = command.name === 'rom' ? LEARNS_MS : STARTS_MS;
        const at = (afterMs: number) => observe(program(), command.long, { cwd, to, env: env(), signal, afterMs });
        ended.push({ command, to, ...(await at(waits)) });
      });
    for (let i = 0; i < LONG.length; i += AT_ONCE) await Promise.all(LONG.slice(i, i + AT_ONCE).map(end));
    for (const one of ended) {
      const { command, to, code, ms, left, out: said } = one;
      const told = [128 + numberOf[signal]];
      const allowed = command.server === true && said !== '' ? [0] : command.name === 'rom' ? [...told, 0] : told;
      expect(allowed, `${command.name}: ${one.err}`).toContain(code);
      expect(ms, command.name).toBeLessThan(SOON_MS);
      inWords(one, command.name);
      expect(
        left.filter((name) => name.endsWith('.tmp')),
        command.name,
      ).toEqual([]);
      for (const name of left) if (name.endsWith('.json')) JSON.parse(readFileSync(join(to, name), 'utf8'));
    }
    expect(readdirSync(temporary())).toEqual([]);
  }, 300_000);

  it.each([0, 100, 500])(
    '%i ms after the program is there ends each command, also a server, with its code',
    async (afterMs) => {
      const end = async ({ name, long, server }: (typeof LONG)[number]): Promise<void> => {
        const { code, ms, err } = await out((to) => observe(program(), long, { cwd, to, env: env(), signal, whenHeard: true, afterMs }));
        expect(server === true ? [0, 128 + numberOf[signal]] : [128 + numberOf[signal]], `${name}: ${err}`).toContain(code);
        expect(ms, name).toBeLessThan(SOON_MS);
      };
      for (let i = 0; i < LONG.length; i += AT_ONCE) await Promise.all(LONG.slice(i, i + AT_ONCE).map(end));
    },
    120_000,
  );
});

it('SIGKILL leaves nothing that the next start does not remove', async () => {
  const kill = (command: Command, to: string, afterMs: number): Promise<Ended> =>
    observe(program(), command.long!, { cwd, to, env: env(), signal: 'SIGKILL', afterMs });
  for (const command of LONG.filter((c) => c.writes !== undefined || c.name === 'campaign')) {
    await out(async (to) => {
      const { code, left } = await kill(command, to, 2_000);
      expect(code, command.name).toBe('SIGKILL');
      expect(
        left.filter((name) => name.endsWith('.tmp')),
        command.name,
      ).toEqual([]);
    });
  }
  const campaign = COMMANDS.find((c) => c.name === 'campaign')!;
  await out((to) => observe(program(), campaign.short, { cwd, to, env: env() }));
  expect(readdirSync(temporary())).toEqual([]);
}, 120_000);

/** Of each command that ends by itself. */
async function each(judge: (command: Command, ended: Ended) => void, around: { to?: string; env?: NodeJS.ProcessEnv; shell?: string } = {}): Promise<void> {
  for (const command of MINE) {
    const act = async (to: string): Promise<void> => judge(command, await observe(program(), command.short, { cwd, env: env(), ...around, to }));
    const { to } = around;
    await (to === undefined ? out(act) : act(to));
  }
} // prettier-ignore

it.skipIf(!existsSync('/dev/full'))(
  'where nothing can be told any more, the exit code says what it always says',
  async () => {
    for (const [args, code] of [
      [['run', 'no-such-file'], 2],
      [['chips', 'nochip'], 2],
      [['worker', '--queue', 'redis://127.0.0.1:1'], 4],
      [['dfu', '--chip', 'stm32f072rb', '--boot0'], 0],
    ] as const) {
      const ended = await out((to) => observe(program(), args, { cwd, to, env: env(), shell: 'exec 2>/dev/full' }));
      expect([args.join(' '), ended.code]).toEqual([args.join(' '), code]);
    }
  },
  60_000,
);

it('without file handles each command is exit 4 with advice', async () => {
  await each(
    (command, ended) => {
      expect(ended.code, command.name).toBe(ended.out === '' ? 4 : command.code);
      if (ended.out === '')
        expect(ended.err, command.name).toMatch(/^bootbench: it cannot (start|go on): too many open files; allow more open files/);
      expect(ended.left, command.name).toEqual([]);
      inWords(ended, command.name);
    },
    { shell: 'ulimit -n 20' },
  );
}, 300_000);

it('with a few file handles each command does its work, or is exit 4 with advice', async () => {
  // too few for its modules, for its files, for those of its threads, of its processes
  for (const shell of ['ulimit -n 26', 'ulimit -n 36', 'ulimit -n 68'])
    await each(
      (command, ended) => {
        expect([command.code, 4], `${command.name}, ${shell}: ${ended.err}`).toContain(ended.code);
        if (ended.code === 4) expect(ended.err + ended.out, command.name).toMatch(/too many open files; allow more open files/);
        inWords(ended, command.name);
      },
      { shell },
    );
}, 300_000);

/** A user of one's own, whom a limit of processes binds; each has a limit of its own. */
const asUser = (user: number, limit: number): string =>
  `exec setpriv --reuid=${user} --regid=${user} --clear-groups bash -c 'ulimit -u ${limit}; exec "$@"' bash "$@"`;
const THREADS = `fs.readFile('/proc/self/stat', () => console.log(fs.readdirSync('/proc/self/task').length))`;
/** The threads that Node itself has; null where no other user can be had, or he may not read the program or use /dev/null (what Node starts a process with). */
function threadsOfNode(user: number): number | null {
  const line = `${asUser(user, 1000)}`;
  const ran = spawnSync('sh', ['-c', line, 'sh', process.execPath, '-e', `fs.accessSync(${JSON.stringify(program())}); fs.accessSync('/dev/null', fs.constants.W_OK); ${THREADS}`], { encoding: 'utf8' });
  return ran.status === 0 ? Number(ran.stdout) : null;
} // prettier-ignore

it.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'at the limit of processes what starts a thread or a process is exit 4 with advice',
  async ({ skip }) => {
    const user = 61_000 + (process.pid % 1000) * 100;
    for (const folder of [dist, cwd, temporary()]) chmodSync(folder, 0o777);
    const threads = threadsOfNode(user);
    if (threads === null) return skip();
    const JOBS = ['run', 'ask', 'test', 'fix', 'dfu', 'uart', 'campaign', 'worker'];
    const tried = COMMANDS.filter((c) => JOBS.includes(c.name)).flatMap((command) => [0, 1].map((more) => ({ command, more })));
    for (const [i, { command, more }] of tried.entries())
      await out(async (to) => {
        chmodSync(to, 0o777);
        const args = command.name === 'worker' ? command.long! : command.short;
        const what = `${command.name} with ${more} more`;
        const ended = await observe(program(), args, {
          cwd,
          to,
          env: env(),
          silent: '127.0.0.1:1',
          shell: asUser(user + i, threads + more),
        });
        // one thread is enough for these
        expect(more === 1 && ['run', 'ask'].includes(command.name) ? command.code : 4, `${what}: ${ended.err}`).toBe(ended.code);
        if (ended.code === 4) expect(ended.err + ended.out, what).toMatch(/allow more (processes )?\(`ulimit -u`\)/);
        inWords(ended, what);
      });
  },
  120_000,
);

it('with little memory, or files that may not grow, each command does its work, or is exit 4 with advice', async () => {
  for (const [shell, says] of [
    ['ulimit -v 4000000', /no memory is left; close programs, or allow more/],
    ['ulimit -f 0', /would be larger than allowed; allow larger files/],
  ] as const)
    await each(
      (command, ended) => {
        expect([command.code, 4], `${command.name}: ${ended.err}`).toContain(ended.code);
        if (ended.code === 4) expect(ended.err + ended.out, command.name).toMatch(says);
        inWords(ended, command.name);
      },
      { shell },
    );
}, 300_000);

it('without a temporary folder each command does its work, or is exit 4 with advice', async () => {
  await each(
    (command, ended) => {
      expect([command.code, 4], `${command.name}: ${ended.err}`).toContain(ended.code);
      if (ended.code === 4) expect(ended.err).toContain('set TMPDIR to a folder that exists and has room');
      inWords(ended, command.name);
    },
    { env: { TMPDIR: '/absent' } },
  );
}, 300_000);

describe.each([
  ['full', 4, /the disk is full/],
  ['read-only', 2, /the file system is read-only/],
] as const)('a disk that is %s', (kind, code, says) => {
  it('is told by what writes to it, and does not disturb the others; nothing half is left', async ({ skip }) => {
    const disk = fileSystem(kind);
    if (disk === null) return skip();
    try {
      await each(
        (command, ended) => {
          const writes = command.writes !== undefined;
          expect(ended.code, `${command.name}: ${ended.err}`).toBe(writes ? code : command.code);
          if (writes) expect(ended.err, command.name).toMatch(says);
          expect(
            ended.left.filter((name) => name !== 'filling'),
            command.name,
          ).toEqual([]);
          inWords(ended, command.name);
        },
        { to: disk.path },
      );
    } finally {
      disk.end();
    }
  }, 300_000);
});

describe('a peer that takes the connection and says nothing', () => {
  it.each(COMMANDS.filter((c) => c.peer === true))(
    '$name ends by itself, with 2 or 4, in words',
    async ({ long, name }) => {
      const { place, end } = await silentPeer();
      try {
        const ended = await observe(program(), long!, { cwd, env: env(), silent: place });
        expect([2, 4], ended.err).toContain(ended.code);
        expect(ended.ms).toBeLessThan(40_000);
        // what waits long may say so before
        expect(ended.err).toMatch(/^(waiting for an answer from [^\n]+\n)?bootbench: [^\n]+\n$/);
        inWords(ended, name);
      } finally {
        end();
      }
    },
    60_000,
  );
  it.each(COMMANDS.filter((c) => c.peer === true))(
    '$name hears the signal while it waits',
    async ({ long }) => {
      const { place, met, end } = await silentPeer();
      try {
        const waiting = { cwd, env: env(), silent: place, signal: 'SIGTERM', when: met, afterMs: 200 } as const;
        const { code, ms } = await observe(program(), long!, waiting);
        expect([0, 143, 'SIGTERM']).toContain(code);
        expect(ms).toBeLessThan(SOON_MS);
      } finally {
        end();
      }
      expect(readdirSync(temporary())).toEqual([]);
    },
    60_000,
  );
});
