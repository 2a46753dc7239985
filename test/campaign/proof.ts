/**
 * The proof that a campaign over a queue gives what it gives undisturbed: workers and the submitter are killed at random, Redis is killed and restarted with
 * its append-only file, a worker of another version asks for work, a poisoned case kills every worker that touches it. Small in the tests, 20,000 cases by
 * `npm run campaign:proof`.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rows, stored } from './stored.ts';

export const hasRedis = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

/** The same program, but for a byte: another version. */
export function otherVersion(dist: string): string {
  const other = `${dist}-other`;
  cpSync(dist, other, { recursive: true });
  appendFileSync(join(other, 'campaign-worker.js'), '\n');
  return other;
}

const pause = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));
async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 120_000): Promise<void> {
  for (const end = Date.now() + ms; !(await condition()); await pause(50))
    if (Date.now() > end) throw new Error(`${what}: not within ${ms / 1000} s`);
}

/** Forks in a piece of work: small, so that there are many; four at least. */
const batchOf = (cases: number): number => Math.min(64, Math.floor(cases / 4));

/** Numbers that look random and are the same each time. */
function* numbers(seed: number): Generator<number, never> {
  for (let x = seed; ;) yield (x = (Math.imul(x, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

export class Redis {
  readonly folder = mkdtempSync(join(tmpdir(), 'bootbench-redis-'));
  port = 0;
  private server: ChildProcess | null = null;

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }
  async start(): Promise<this> {
    this.port ||= await freePort();
    const args = ['--port', this.port, '--bind', '127.0.0.1', '--dir', this.folder, '--appendonly', 'yes', '--save', ''];
    this.server = spawn('redis-server', args.map(String), { stdio: 'ignore' });
    await until('redis-server', () => this.cli('ping') === 'PONG');
    return this;
  }
  async kill(): Promise<void> {
    await killed(this.server!);
  }
  /** From now on it takes what is sent, and says nothing. */
  silence(): void {
    this.server!.kill('SIGSTOP');
  }
  /** Answer of redis-cli, or its error. */
  cli(...args: readonly string[]): string {
    return spawnSync('redis-cli', ['-p', String(this.port), ...args], { encoding: 'utf8' }).stdout.trim();
  }
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
function freePort(): Promise<number> {
  return new Promise((settle) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => settle(port));
    });
  });
}

async function killed(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const gone = new Promise((go) => process.once('exit', go));
  process.kill('SIGKILL');
  await gone;
}

export interface Ran {
  readonly process: ChildProcess;
  readonly text: () => string;
  readonly ended: Promise<number | null>;
}
export function start(dist: string, cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
  const child = spawn(process.execPath, [join(dist, 'bootbench.js'), ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (text += data.toString()));
  const ended = new Promise<number | null>((settle) => child.once('close', settle));
  return { process: child, text: () => text, ended };
}

/** A module that kills the worker process that is given the case. */
export function poisonFor(folder: string, id: string): Record<string, string> {
  const file = join(folder, 'poison.mjs');
  // a listener of its own would take the first messages before the pool listens
  writeFileSync(
    file,
    `if (process.send) {
      const emit = process.emit;
      process.emit = function (name, message) {
        if (name === 'message' && JSON.stringify(message).includes(${JSON.stringify(id)})) process.kill(process.pid, 'SIGKILL');
        return emit.apply(this, arguments);
      };
    }`,
  );
  return { NODE_OPTIONS: `--import ${file}` };
}

export interface Disturbances {
  readonly workersKilled: number;
  readonly submittersKilled: number;
  readonly redisRestarts: number;
  readonly seconds: number;
}

/**
 * `spec.json` in `cwd` over a queue with two workers while everything is killed. The results are in `queue.sqlite`.
 * @param gap mean time between two kills of a worker, milliseconds
 * @param kills so many at most: on a slow machine they would never get anything done
 */
export async function disturbed(dist: string, cwd: string, cases: number, gap: number, kills: number): Promise<Disturbances> {
  const started = Date.now();
  const redis = await new Redis().start();
  const random = numbers(20_000);
  const batch = batchOf(cases);
  const out = ['--out', 'queue.sqlite', '--batch', String(batch)];
  const worker = (): Ran => start(dist, cwd, ['worker', '--queue', redis.url, '--jobs', '1', '--cache', 'blobs']);
  const submit = (...more: readonly string[]): Ran =>
    start(dist, cwd, ['campaign', 'spec.json', '--queue', redis.url, ...out, '--quiet', ...more]);
  const workers = [worker(), worker()];
  let submitter = submit();
  let over = false;
  const counts = { workersKilled: 0, submittersKilled: 0, redisRestarts: 0 };
  // the queue's own counter of what has come back: the file is locked by its writer
  const back = (): number =>
    Number(/entries-added\s+(\d+)/.exec(redis.cli('XINFO', 'STREAM', redis.cli('--scan', '--pattern', 'bootbench:results:*')))?.[1] ?? 0);
  // fewer than there are
  const pieces = cases / batch;
  const killing = (async () => {
    while (!over && counts.workersKilled < kills) {
      await pause(gap * (0.5 + random.next().value));
      if (over) break;
      const which = random.next().value < 0.5 ? 0 : 1;
      await killed(workers[which]!.process);
      counts.workersKilled++;
      workers[which] = worker();
    }
  })();
  const upsetting = (async () => {
    await until('a fifth of the results', () => over || back() > pieces / 5, 3_600_000);
    if (over) return;
    await redis.kill();
    await pause(300);
    await redis.start();
    counts.redisRestarts++;
    await until('half of the results', () => over || back() > pieces / 2, 3_600_000);
    if (over) return;
    counts.submittersKilled++;
    await killed(submitter.process);
    submitter = submit('--resume');
  })();
  try {
    for (let current: Ran | null = null; current !== submitter;) {
      current = submitter;
      const code = await current.ended;
      // killed by the proof: the next one goes on
      if (code === null) await until('a new submitter', () => submitter !== current);
      else if (code > 1) throw new Error(`the submitter ended with ${code}: ${current.text()}`);
    }
  } finally {
    over = true;
    await Promise.all([killing, upsetting]);
    for (const { process } of workers) await killed(process);
    await killed(submitter.process);
    await redis.end();
  }
  return { ...counts, seconds: (Date.now() - started) / 1000 };
}

/** Throws where the two files do not hold the same results. */
export function expectSame(reference: string, other: string, cases: number): void {
  const [a, b] = [stored(reference), stored(other)];
  if (a.length !== cases) throw new Error(`${reference} has ${a.length} results, not ${cases}`);
  if (b.length !== cases) throw new Error(`${other} has ${b.length} results, not ${cases}`);
  const at = a.findIndex((row, i) => row !== b[i]);
  if (at >= 0) throw new Error(`result ${at} differs: ${a[at]} and ${b[at]}`);
  const aside = rows(other, 'SELECT no FROM aside');
  if (aside.length > 0) throw new Error(`${aside.length} cases were set aside`);
}

export function run(
  dist: string,
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { code: number; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(dist, 'bootbench.js'), ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { code: status ?? -1, text: stdout + stderr };
}
/** As `run`, beside whatever else goes on in this process. */
export async function ran(...args: Parameters<typeof start>): Promise<{ code: number; text: string }> {
  const { ended, text } = start(...args);
  return { code: (await ended) ?? -1, text: text() };
}
export { until };
