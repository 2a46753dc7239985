/** Workers on this machine: processes of their own, so that one that crashes takes nothing with it. */
import { SurroundingsError } from '../bench/documents/usage-error.ts';
import type { Tinypool } from 'tinypool';
import type { CaseResult } from './base.ts';
import type { Work } from './queued.ts';
import type { SpaceTarget } from './space.ts';

/** What a worker process is sent. `folder`: where the blobs are. */
export type PoolTask =
  | { readonly kind: 'hello' }
  | {
      readonly kind: 'probe';
      readonly folder: string;
      readonly target: string;
      readonly expected: readonly string[];
      readonly wall: number;
    }
  | { readonly kind: 'work' | 'prove'; readonly folder: string; readonly work: Work };
export type PoolAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly usage: boolean; readonly message: string; readonly stack: string; readonly code?: string };

/** Does work; a rejection says that the worker crashed or the work cannot be done. */
export interface Worker {
  probe(target: string, expected: readonly string[], wall: number): Promise<SpaceTarget>;
  work(work: Work): Promise<readonly CaseResult[]>;
  /** Checks that are the cause of what comes of the one case of this work; see `Base.prove`. */
  prove(work: Work): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** An exception in the worker: the same would happen again. */
export class WorkError extends Error {
  readonly usage: boolean;
  /** Of the system, where it is its error. */
  readonly code: string;
  constructor({ usage, message, stack, code = '' }: Extract<PoolAnswer<unknown>, { ok: false }>) {
    super(message);
    this.name = 'WorkError';
    this.usage = usage;
    this.code = code;
    this.stack = stack;
  }
}

/** A worker process has to answer for the first time within this, milliseconds: it loads its script, and the machine may be busy. */
const START = 60_000;
/** Beyond the time of its cases, work may take this long before its worker counts as hung. */
const GRACE = 30_000;

export class Pool implements Worker {
  private readonly pool: Tinypool;
  private readonly folder: string;

  private constructor(pool: Tinypool, folder: string) {
    this.pool = pool;
    this.folder = folder;
  }

  /**
   * @param file the built script of a worker
   * @param startMs within which one of them has to answer
   * @param stop ends those that are not up yet
   * @throws Error where none does
   */
  static async open(file: URL, size: number, folder: string, startMs = START, stop?: AbortSignal): Promise<Pool> {
    const { Tinypool } = await import('tinypool');
    const pool = new Tinypool({
      filename: file.href,
      runtime: 'child_process',
      minThreads: size,
      maxThreads: size,
      // without it a worker would have no environment at all
      env: process.env as Record<string, string>,
      // bytes and maps as they are
      serialization: 'advanced',
    });
    // a worker that dies while it has nothing to do is replaced when the next work comes
    pool.on('error', () => undefined);
    const self = new Pool(pool, folder);
    // it would wait for workers that do not end by themselves
    const destroy = (): void => void pool.destroy().catch(() => undefined);
    stop?.addEventListener('abort', destroy, { once: true });
    try {
      stop?.throwIfAborted();
      await self.send({ kind: 'hello' }, startMs - GRACE);
      stop?.removeEventListener('abort', destroy);
    } catch (error) {
      destroy();
      throw error instanceof SurroundingsError ? error : new Error(`no worker process could be started: ${(error as Error).message}`);
    }
    return self;
  }

  probe(target: string, expected: readonly string[], wall: number): Promise<SpaceTarget> {
    return this.send({ kind: 'probe', folder: this.folder, target, expected, wall }, wall);
  }
  work(work: Work): Promise<readonly CaseResult[]> {
    const cases = work.parts.reduce((sum, part) => sum + part.cases.length, 0);
    return this.send({ kind: 'work', folder: this.folder, work }, cases * work.wall);
  }
  prove(work: Work): Promise<readonly string[]> {
    return this.send({ kind: 'prove', folder: this.folder, work }, work.wall);
  }
  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private async send<T>(task: PoolTask, ms: number): Promise<T> {
    const hung = new AbortController();
    const timer = setTimeout(() => hung.abort(), Math.min(ms + GRACE, 2 ** 31 - 1));
    try {
      const answer = (await this.pool.run(task, { signal: hung.signal })) as PoolAnswer<T>;
      if (answer.ok) return answer.value;
      throw new WorkError(answer);
    } catch (error) {
      // a run keeps its own limit: a process that says nothing is stopped, or the machine has no time for it
      const silent = `a worker process did not answer within ${Math.round((ms + GRACE) / 1000)} s and was ended`;
      throw hung.signal.aborted ? new SurroundingsError(silent, 'is the machine overloaded? fewer at once: --jobs 1') : error;
    } finally {
      clearTimeout(timer);
    }
  }
}
