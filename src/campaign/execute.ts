/** Does the work that a worker is sent. The last machine is kept: the next work often goes on with it. */
import { CutShort } from '../bench/session/budget.ts';
import { jobInput, type RunJob } from '../bench/input/job.ts';
import type { RunInput } from '../bench/input/run-input.ts';
import { READING } from '../image/work.ts';
import { Base, type CaseResult } from './base.ts';
import { canonical, unpackTarget, type Blobs } from './content.ts';
import type { Work, WorkPart } from './queued.ts';
import type { SpaceTarget } from './space.ts';

/** Targets whose images are kept ready to load. */
const TARGETS_KEPT = 8;
const READY = /\.(start|lock|ready)\.ps$/;

export interface Setting {
  readonly blobs: Blobs;
  /** Milliseconds, any origin. */
  readonly clock: () => number;
  /** Called with a job before its first machine is made. */
  readonly prepare: (job: RunJob) => void;
}
export const TOOK_TOO_LONG = 'TOOK_TOO_LONG';
/** A case did not end in the real time that it may take. */
class TookTooLong extends Error {
  /** Goes with the answer of a worker process. */
  readonly code = TOOK_TOO_LONG;
  constructor(id: string, ms: number) {
    super(`${id} did not end within ${ms / 1000} s of real time`);
    this.name = 'TookTooLong';
  }
}

export class Executor {
  private readonly setting: Setting;
  private readonly inputs = new Map<string, RunInput>();
  private kept: { readonly key: string; readonly base: Base } | null = null;
  /** The case that runs has time until then. */
  private deadline = Infinity;

  constructor(setting: Setting) {
    this.setting = setting;
  }

  /** What the space has to know of a target. */
  async probe(target: string, expected: readonly string[], wall: number): Promise<SpaceTarget> {
    const input = await this.input(target);
    const delays = Object.fromEntries(
      Object.entries(input.chip.parameters).flatMap(([name, { value }]) => (READY.test(name) && value > 0 ? [[name, value]] : [])),
    );
    return this.timed('the target as it is', wall, () => ({
      ...this.base(target, input, { seed: null, delays: {}, cases: [] }).probe(expected),
      delays,
    }));
  }

  async run({ target, parts, expected, wall }: Work): Promise<CaseResult[]> {
    const input = await this.input(target);
    const results: CaseResult[] = [];
    for (const part of parts)
      for (const one of part.cases)
        results.push(this.timed(`case ${one.id}`, wall, () => this.base(target, input, part).run(one, expected)));
    return results;
  }

  /** `Base.prove` of the one case of a piece of work. */
  async prove({ target, parts, wall }: Work): Promise<readonly string[]> {
    const input = await this.input(target);
    const part = parts[0]!;
    const one = part.cases[0]!;
    return this.timed(`case ${one.id} with what is broken repaired`, wall, () => this.base(target, input, part).prove(one));
  }

  private timed<T>(id: string, wall: number, act: () => T): T {
    this.deadline = this.setting.clock() + wall;
    let wasLate = false;
    try {
      const made = READING.within(() => (wasLate ||= this.setting.clock() > this.deadline), act);
      // what it says may lack lines
      if (wasLate) throw new TookTooLong(id, wall);
      return made;
    } catch (error) {
      // a machine that was stopped in the middle is no base for the next case
      this.drop();
      throw error instanceof CutShort ? new TookTooLong(id, wall) : error;
    } finally {
      this.deadline = Infinity;
    }
  }

  private async input(target: string): Promise<RunInput> {
    let input = this.inputs.get(target);
    if (input === undefined) {
      const job = await unpackTarget(target, this.setting.blobs);
      this.setting.prepare(job);
      input = jobInput(job, { signal: () => this.setting.clock() > this.deadline, clock: this.setting.clock });
      if (this.inputs.size >= TARGETS_KEPT) this.inputs.delete(this.inputs.keys().next().value!);
      this.inputs.set(target, input);
    }
    return input;
  }
  private base(target: string, input: RunInput, { seed, delays }: WorkPart): Base {
    const key = canonical([target, seed, delays]);
    if (this.kept?.key === key) return this.kept.base;
    this.drop();
    const base = new Base(seed === null ? input : { ...input, seed }, delays);
    this.kept = { key, base };
    return base;
  }
  private drop(): void {
    this.kept?.base.release();
    this.kept = null;
  }
}
