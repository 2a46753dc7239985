/** Workers on this machine: processes of their own, so that one that crashes takes nothing with it. */
import type { CaseResult } from './base.ts';
import { Child, noWorker } from './child.ts';
import type { Work } from './queued.ts';
import type { SpaceTarget } from './space.ts';

/** What a worker process is sent. `folder`: where the blobs are. */
export type PoolTask =
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

interface Asked {
  readonly task: PoolTask;
  readonly ms: number;
  readonly settle: (answer: unknown) => void;
  readonly fail: (error: unknown) => void;
}

export class Pool implements Worker {
  private readonly children = new Set<Child>();
  private readonly idle: Child[] = [];
  private readonly asked: Asked[] = [];
  private readonly file: URL;
  private readonly folder: string;
  private readonly startMs: number;
  /** So many processes at once; fewer where the system gives no more. */
  private most: number;
  private starting = 0;
  private closed = false;

  private constructor(file: URL, size: number, folder: string, startMs: number) {
    this.file = file;
    this.most = size;
    this.folder = folder;
    this.startMs = startMs;
  }

  /**
   * @param file the built script of a worker
   * @param startMs within which one of them has to answer
   * @param stop ends those that are not up yet
   * @throws Error where none does
   */
  static async open(file: URL, size: number, folder: string, startMs = START, stop?: AbortSignal): Promise<Pool> {
    const self = new Pool(file, size, folder, startMs);
    const end = (): void => void self.close();
    try {
      stop?.throwIfAborted();
      stop?.addEventListener('abort', end, { once: true });
      await self.firstOf(size);
      stop?.removeEventListener('abort', end);
      return self;
    } catch (error) {
      end();
      throw error;
    }
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
    this.closed = true;
    this.give();
    await Promise.all([...this.children].map((child) => (child.stop(), child.gone)));
  }

  private async send<T>(task: PoolTask, ms: number): Promise<T> {
    const answer = (await new Promise<unknown>((settle, fail) => {
      this.asked.push({ task, ms: ms + GRACE, settle, fail });
      this.give();
    })) as PoolAnswer<T>;
    if (answer.ok) return answer.value;
    throw noWorker(answer) ?? new WorkError(answer);
  }

  /** Starts so many, and goes on with those that come up. */
  private async firstOf(size: number): Promise<void> {
    const all = Array.from({ length: size }, () => this.start());
    await Promise.any(all).catch((error: AggregateError) => {
      throw error.errors[0];
    });
  }
  private async start(): Promise<void> {
    this.starting++;
    let child: Child | null = null;
    try {
      child = new Child(this.file, this.startMs);
      const begun = child;
      this.children.add(begun);
      void begun.gone.then(() => this.left(begun));
      await begun.ready;
      this.idle.push(begun);
    } catch (thrown) {
      const error = noWorker(thrown) ?? thrown;
      if (child !== null) this.left(child);
      this.most = Math.max(this.most - 1, 1);
      if (this.children.size === 0) this.refuse(error);
      throw error;
    } finally {
      this.starting--;
      this.give();
    }
  }
  private left(child: Child): void {
    this.children.delete(child);
    if (this.idle.includes(child)) this.idle.splice(this.idle.indexOf(child), 1);
  }

  /** Gives what was asked to those who have nothing to do, and replaces those that are gone. */
  private give(): void {
    if (this.closed) return void this.refuse(new Error('the worker processes were ended'));
    while (this.asked.length > 0 && this.idle.length > 0) void this.does(this.idle.pop()!, this.asked.shift()!);
    if (this.asked.length <= this.starting || this.children.size >= this.most) return;
    // where there are others, they do what was asked
    void this.start().catch(() => undefined);
  }
  private refuse(error: unknown): void {
    for (const { fail } of this.asked.splice(0)) fail(error);
  }
  private async does(child: Child, { task, ms, settle, fail }: Asked): Promise<void> {
    try {
      settle(await child.run(task, ms));
      this.idle.push(child);
    } catch (error) {
      fail(error);
    }
    this.give();
  }
}
