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
  readonly isOver: () => boolean;
  readonly end: () => void;
}
/** The page's head has begun one, so that it loads beside this script. */
const begun = globalThis as { firstWorker?: Worker };

const fetched = new Map<string, Promise<Uint8Array | null>>();
/** Null where it cannot be had: who needs it asks for it, and says so. */
function fileOf(name: string): Promise<Uint8Array | null> {
  const bytes = async (): Promise<Uint8Array | null> => {
    const answer = await fetch(name).catch(() => null);
    if (answer?.ok === true) return new Uint8Array(await answer.arrayBuffer());
    fetched.delete(name);
    return null;
  };
  if (!fetched.has(name)) fetched.set(name, bytes());
  return fetched.get(name)!;
}
let needed: readonly string[] = [];
/** The page fetches files while the worker loads, and one time for all workers. */
function supply(lab: Remote<Lab>): void {
  void lab.expect(needed);
  for (const name of needed) void fileOf(name).then((bytes) => lab.bring(name, bytes));
}

function bench(): Bench {
  const worker = begun.firstWorker ?? new Worker(new URL('./lab.js', import.meta.url), { type: 'module' });
  delete begun.firstWorker;
  const lab = wrap<Lab>(worker);
  supply(lab);
  let isOver = false;
  let fail: (why: Error) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => {
    fail = (why) => {
      isOver = true;
      reject(why);
    };
  });
  ended.catch(() => undefined);
  // its scripts are not there, or an error that nobody caught: nothing it was asked is answered
  worker.addEventListener('error', ({ message }) => fail(new Error(message || 'failed to fetch')));
  return {
    lab,
    ended,
    isOver: () => isOver,
    end: () => {
      worker.terminate();
      fail(new Stopped());
    },
  };
}

let runs = bench();
/** Asks the worker of whole runs, which nothing but its end can interrupt. */
export const onRunner = <T>(ask: (lab: Remote<Lab>) => Promise<T>): Promise<T> => {
  if (runs.isOver()) runs = bench();
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
/** Names of the page's files that the next run reads. */
export function supplyWith(names: readonly string[]): void {
  needed = names;
  supply(runs.lab);
  if (held !== null) supply(held);
}
/** Settles when the worker of whole runs is loaded. */
export const runnerReady = (): Promise<void> => onRunner((lab) => lab.expect([]));
