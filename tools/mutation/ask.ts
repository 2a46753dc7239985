/** Shows a mutant to test files, in a process of its own that ends at the first file which fails. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Mirror } from '../mirror.ts';
import type { Change } from './mutants.ts';

/** A file that takes so many times as long as it does without the mutant has noticed that something is wrong, too. */
const PATIENCE = 4;
const LEAST_WAIT_MS = 20_000;
/** For a file whose usual time is not known yet. It is measured before such a file is said to be late. */
const UNKNOWN_WAIT_MS = 90_000;
const LONGEST_MS = 600_000;

/** The test file in which a run ended early, because it failed or because its time was up. */
interface Ended {
  readonly by: string;
  readonly late: boolean;
}

export class Tests {
  private readonly mirror: Mirror;
  /** How long a file takes without any change, in milliseconds; null: it fails here as it is. */
  private readonly usual = new Map<string, number | null>();
  /** How long a file took that let a mutant pass: good enough for an order. */
  private readonly took = new Map<string, number>();

  constructor(mirror: Mirror) {
    this.mirror = mirror;
  }

  /** The file that notices the change, or null, by what it states or by its tables too. The quick ones are asked first. */
  async noticing(change: Change, tests: readonly string[], kind: 'facts' | 'tables'): Promise<string | null> {
    let left = tests.filter((test) => this.usual.get(test) !== null).sort((a, b) => (this.took.get(a) ?? 0) - (this.took.get(b) ?? 0));
    while (left.length > 0) {
      const limit = (test: string): number => this.limitOf(test);
      const ended = await this.run(left, change, limit, kind);
      if (!ended) return null;
      const { by, late } = ended;
      const waited = limit(by);
      const usual = await this.timeOf(by);
      if (usual === null) left = left.slice(left.indexOf(by) + 1);
      else if (late && this.limitOf(by) > waited) left = left.slice(left.indexOf(by));
      else return by;
    }
    return null;
  }

  private limitOf(test: string): number {
    const usual = this.usual.get(test);
    return usual ? Math.max(LEAST_WAIT_MS, usual * PATIENCE) : UNKNOWN_WAIT_MS;
  }

  private async timeOf(test: string): Promise<number | null> {
    const known = this.usual.get(test);
    if (known !== undefined) return known;
    const start = Date.now();
    const ended = await this.run([test], null, () => LONGEST_MS, 'tables');
    const time = ended ? null : Date.now() - start;
    if (ended) console.log(`  not asked, for it fails here without any change: ${test}`);
    this.usual.set(test, time);
    return time;
  }

  /** Runs the files one after the other. Each begins with a line that names it. */
  private run(
    tests: readonly string[],
    change: Change | null,
    limit: (test: string) => number,
    kind: 'facts' | 'tables',
  ): Promise<Ended | null> {
    const files = ['test/seed.ts', ...tests].map((path) => this.mirror.at(path));
    return this.mirror.changed(change, () => {
      // a group of its own, so that threads and processes of the tests end with it
      const child = spawn(process.execPath, ['tools/mutation/tests.mjs', ...files], {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
        detached: true,
        env: { ...process.env, BOOTBENCH_BEGINS: '3', BOOTBENCH_GOLDEN: kind === 'facts' ? 'off' : '' },
      });
      return new Promise((done) => {
        let [at, since, late] = [0, Date.now(), false];
        const stop = (): void => {
          late = true;
          process.kill(-child.pid!, 'SIGKILL');
        };
        let timer = setTimeout(stop, limit(tests[0]!));
        createInterface(child.stdio[3] as NodeJS.ReadableStream).on('line', (line) => {
          if (Number(line) === 0) return;
          this.took.set(tests[at]!, Date.now() - since);
          [at, since] = [Number(line), Date.now()];
          clearTimeout(timer);
          timer = setTimeout(stop, limit(tests[at]!));
        });
        child.on('close', (code) => {
          clearTimeout(timer);
          if (code === 0) this.took.set(tests[at]!, Date.now() - since);
          done(code === 0 ? null : { by: tests[at]!, late });
        });
      });
    });
  }
}
