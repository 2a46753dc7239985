/**
 * A campaign: the cases of its space as pieces of work, handed to workers and their results to the store. What fails is halved until one case is left;
 * a case that no worker survives is set aside with its evidence, and the campaign goes on.
 */
import { UsageError } from '../bench/documents/usage-error.ts';
import type { CaseResult } from './base.ts';
import { canonical, casesOf, halves, workCase, workId } from './content.ts';
import type { Work, WorkPart } from './queued.ts';
import { NoWorker } from './child.ts';
import { WorkError } from './pool.ts';
import { Space, drawCases, type Case } from './space.ts';
import { wallOf, type CampaignSpec } from './spec.ts';
import type { Aside, Row, Store, StoredTarget } from './store.ts';

/** A piece of work is full at this weight, a second or so; a fork of a machine weighs 1, making the machine as much as this many forks. */
export const WEIGHT = 256;
const MACHINE_WEIGHT = 16;
/** Results wait so long for others before they are written together. */
const COMMIT_MS = 250;

/** Does work somewhere: a rejection means that it could not be done there, after `attempts` attempts of its own. */
export interface Workers {
  /** Pieces of work under way at once. */
  readonly window: number;
  /** How often one case is given to them; they may have tried more often themselves. */
  readonly attempts: number;
  /** Why they will do no more work at all. */
  readonly lost?: Error | null;
  work(work: Work): Promise<readonly CaseResult[]>;
  /** These results are stored for good. */
  committed?(works: readonly Work[]): Promise<void>;
}

/** The workers have given up by themselves. */
export class SetAside extends Error {
  readonly attempts: number;
  constructor(message: string, attempts: number) {
    super(message);
    this.name = 'SetAside';
    this.attempts = attempts;
  }
}

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly of: number;
}
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** Of this process. */
  readonly now: number;
  readonly outcomes: ReadonlyMap<string, number>;
  readonly aside: number;
}

/** The first row of numbers without those of the second; both rise. */
function* without(numbers: Iterable<number>, left: Iterable<number>): Iterable<number> {
  const rest = left[Symbol.iterator]();
  let next = rest.next();
  for (const no of numbers) {
    while (next.done !== true && next.value < no) next = rest.next();
    if (next.done === true || next.value !== no) yield no;
  }
}

export class Campaign {
  readonly spec: CampaignSpec;
  readonly targets: readonly StoredTarget[];
  readonly space: Space;
  readonly engine: string;
  /** Numbers of the cases, rising; null = all below `space.size`. */
  private readonly drawn: readonly number[] | null;
  private readonly range: readonly [from: number, to: number];
  /** Cases of this shard. */
  readonly total: number;

  private constructor(
    spec: CampaignSpec,
    targets: readonly StoredTarget[],
    space: Space,
    engine: string,
    drawn: readonly number[] | null,
    shard: Shard,
  ) {
    this.spec = spec;
    this.targets = targets;
    this.space = space;
    this.engine = engine;
    this.drawn = drawn;
    const all = drawn?.length ?? space.size;
    this.range = [Math.floor((all * (shard.index - 1)) / shard.of), Math.floor((all * shard.index) / shard.of)];
    this.total = this.range[1] - this.range[0];
  }

  static async of(spec: CampaignSpec, targets: readonly StoredTarget[], engine: string, shard: Shard): Promise<Campaign> {
    const space = new Space(
      spec,
      targets.map((t) => t.facts),
      targets.map((t) => t.name),
    );
    return new Campaign(spec, targets, space, engine, await drawCases(spec, space.size), shard);
  }

  /** Names all that decides the results; the same text for a campaign that can be resumed. */
  get identity(): string {
    return canonical({ spec: this.spec, engine: this.engine, targets: this.targets.map((t) => t.hash), range: this.range });
  }

  expectedOf(target: number): readonly string[] {
    const { expect = 'dfu' } = this.spec;
    // an instruction that is not there is no failure
    return ['absent', ...(expect === 'same' ? [this.targets[target]!.facts.outcome] : [expect].flat())];
  }

  *numbers(): Iterable<number> {
    for (let i = this.range[0]; i < this.range[1]; i++) yield this.drawn?.[i] ?? i;
  }

  /** A machine whose forks would be torn apart is made twice: so many of them have to find room in a piece. */
  private keptTogether(target: number, full: number): number {
    const forks = this.space.groupSize(target);
    return this.drawn === null && forks + MACHINE_WEIGHT <= full ? forks : 1;
  }

  /** Work for the cases that have no result yet. `done`: their numbers, rising; `full`: the weight of a piece. */
  *pending(done: Iterable<number>, full = WEIGHT): Iterable<Work> {
    let parts: { part: WorkPart & { cases: WorkPart['cases'][number][] }; key: string }[] = [];
    let target = 0;
    let weight = 0;
    for (const no of without(this.numbers(), done)) {
      const one = this.space.at(no);
      const { seed, delay } = one.variation;
      const key = canonical([seed, delay]);
      const sameMachine = parts.at(-1)?.key === key && one.target === target;
      const more = sameMachine ? 1 : MACHINE_WEIGHT + this.keptTogether(one.target, full);
      if (parts.length > 0 && (one.target !== target || weight + more > full)) {
        yield this.workOf(
          target,
          parts.map((p) => p.part),
        );
        parts = [];
        weight = 0;
      }
      if (parts.at(-1)?.key !== key) {
        parts.push({ key, part: { seed, delays: delay ? { [delay.name]: delay.ps } : {}, cases: [] } });
        weight += MACHINE_WEIGHT;
      }
      target = one.target;
      parts.at(-1)!.part.cases.push(this.workCase(one));
      weight++;
    }
    if (parts.length > 0)
      yield this.workOf(
        target,
        parts.map((p) => p.part),
      );
  }
  /** One case alone. */
  single(no: number): Work {
    const one = this.space.at(no);
    const { seed, delay } = one.variation;
    return this.workOf(one.target, [{ seed, delays: delay ? { [delay.name]: delay.ps } : {}, cases: [this.workCase(one)] }]);
  }
  private workCase(one: Case): WorkPart['cases'][number] {
    const { hash, facts } = this.targets[one.target]!;
    return workCase(one, facts, this.engine, hash);
  }
  private workOf(target: number, parts: readonly WorkPart[]): Work {
    const { hash } = this.targets[target]!;
    return { id: workId(parts), engine: this.engine, target: hash, parts, expected: this.expectedOf(target), wall: wallOf(this.spec) };
  }
}

export interface RunHooks {
  readonly stop: AbortSignal;
  readonly progress?: (progress: Progress) => void;
  /** Weight of a full piece of work. */
  readonly batch?: number;
  /** Milliseconds before the attempt, counted from 1, that follows a failed one. */
  readonly backOff?: (attempt: number) => number;
}

/** Runs what has no result yet; returns when there is nothing left or it is told to stop: what is under way then is left, and is run again by whoever goes on. */
export async function runCampaign(campaign: Campaign, store: Store, workers: Workers, hooks: RunHooks): Promise<Progress> {
  return new Run(campaign, store, workers, hooks).all();
}

class Run {
  private readonly campaign: Campaign;
  private readonly store: Store;
  private readonly workers: Workers;
  private readonly hooks: RunHooks;
  private readonly outcomes = new Map<string, number>();
  private done = 0;
  private now = 0;
  private aside = 0;
  private waiting: { readonly work: Work; readonly rows: readonly Row[]; readonly aside: readonly Aside[] }[] = [];
  private underWay = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | null = null;
  private broken: unknown = null;
  private over = false;

  constructor(campaign: Campaign, store: Store, workers: Workers, hooks: RunHooks) {
    this.campaign = campaign;
    this.store = store;
    this.workers = workers;
    this.hooks = hooks;
    for (const { outcome, n } of store.all<{ outcome: string; n: number }>('SELECT outcome, count(*) AS n FROM results GROUP BY outcome')) {
      this.outcomes.set(outcome, n);
      this.done += n;
    }
  }

  async all(): Promise<Progress> {
    const { stop } = this.hooks;
    const stopped = new Promise<void>((go) => stop.addEventListener('abort', () => go(), { once: true }));
    this.tell();
    for (const work of this.campaign.pending(this.store.doneNumbers(), this.hooks.batch)) {
      if (stop.aborted || this.broken !== null) break;
      this.give(work, 1);
      while (this.underWay.size >= this.workers.window && !stop.aborted) await Promise.race([...this.underWay, stopped]);
    }
    while (this.underWay.size > 0 && !stop.aborted) await Promise.race([...this.underWay, stopped]);
    await this.commit();
    this.over = true;
    if (this.broken !== null) throw this.broken;
    return this.progress();
  }

  private give(work: Work, attempt: number): void {
    const doing: Promise<void> = this.attempt(work, attempt)
      .catch((error: unknown) => {
        this.broken ??= error;
      })
      .finally(() => this.underWay.delete(doing));
    this.underWay.add(doing);
  }

  private async attempt(work: Work, attempt: number): Promise<void> {
    const { stop, backOff = waitBefore } = this.hooks;
    if (stop.aborted) return;
    try {
      const results = await this.workers.work(work);
      // it came too late: nobody writes any more
      if (!this.over) this.finish(work, results);
    } catch (error) {
      if (stop.aborted) return;
      if (error instanceof UsageError || error instanceof NoWorker || error === this.workers.lost) throw error;
      if (casesOf(work).length > 1) return halves(work).forEach((half) => this.give(half, 1));
      // an exception comes again; a worker that died may have been killed by somebody
      if (attempt < this.workers.attempts && !(error instanceof WorkError)) {
        await new Promise((go) => setTimeout(go, backOff(attempt + 1)));
        return this.attempt(work, attempt + 1);
      }
      this.setAside(work, error instanceof SetAside ? error.attempts : attempt, error);
    }
  }

  private finish(work: Work, results: readonly CaseResult[]): void {
    const asked = casesOf(work);
    if (results.length !== asked.length || results.some((r, i) => r.id !== asked[i]!.id || r.no !== asked[i]!.no))
      throw new Error(`the answer to ${work.id} is not that of its cases`);
    const rows = results.map((result): Row => {
      const one = this.campaign.space.at(result.no);
      return { one, steps: this.campaign.targets[one.target]!.facts.steps, result };
    });
    for (const { outcome } of results) this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    this.count(results.length);
    this.keep({ work, rows, aside: [] });
  }
  private setAside(work: Work, attempts: number, error: unknown): void {
    const [one] = casesOf(work);
    const evidence = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const { target } = this.campaign.space.at(one!.no);
    this.aside++;
    this.keep({ work, rows: [], aside: [{ no: one!.no, id: one!.id, target, attempts, evidence }] });
  }
  private count(n: number): void {
    this.done += n;
    this.now += n;
  }
  private keep(item: (typeof this.waiting)[number]): void {
    this.waiting.push(item);
    this.tell();
    this.timer ??= setTimeout(() => void this.commit().catch((error: unknown) => (this.broken ??= error)), COMMIT_MS);
  }

  private async commit(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const items = this.waiting;
    if (items.length === 0) return;
    this.waiting = [];
    this.store.add(
      items.flatMap((i) => i.rows),
      items.flatMap((i) => i.aside),
    );
    await this.workers.committed?.(items.map((i) => i.work));
  }

  private progress(): Progress {
    return { done: this.done, total: this.campaign.total, now: this.now, outcomes: this.outcomes, aside: this.aside };
  }
  private tell(): void {
    this.hooks.progress?.(this.progress());
  }
}

/** 0.5 s, 1 s, 2 s … */
const waitBefore = (attempt: number): number => 250 * 2 ** (attempt - 1);
