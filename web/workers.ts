/** The workers of the page. */
import { wrap, type Remote } from 'comlink';
import type { Lab } from './lab.ts';

/** Somebody pressed Stop. */
export class Stopped extends Error {
  constructor() {
    super('stopped');
  }
}

interface Bench {
  readonly lab: Remote<Lab>;
  /** Rejects where the worker is ended: what it was asked is never answered. */
  readonly ended: Promise<never>;
  readonly end: () => void;
}
function bench(): Bench {
  const worker = new Worker(new URL('./lab.js', import.meta.url), { type: 'module' });
  let fail: (why: Error) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => (fail = reject));
  ended.catch(() => undefined);
  return {
    lab: wrap<Lab>(worker),
    ended,
    end: () => {
      worker.terminate();
      fail(new Stopped());
    },
  };
}

let runs = bench();
/** Asks the worker of whole runs, which nothing but its end can interrupt. */
export const onRunner = <T>(ask: (lab: Remote<Lab>) => Promise<T>): Promise<T> => {
  const { lab, ended } = runs;
  return Promise.race([ask(lab), ended]);
};
/** Ends whole runs at once. The next one has a worker of its own. */
export function stopRuns(): void {
  runs.end();
  runs = bench();
}

let held: Remote<Lab> | null = null;
/** The machine that is stepped does not wait for whole runs. Made when it is first needed: the first verdict has the processor to itself. */
export const holder = (): Remote<Lab> => (held ??= bench().lab);
