/**
 * What the place that the library runs in lends it. The entries of the package fill it in (src/browser-host.ts, src/node-host.ts), so that nothing here
 * asks for a module that only one of them has.
 */
import type { RunJob } from '../bench/input/job.ts';
import type { RunResult } from '../bench/documents/result.ts';

export interface JobHooks {
  /** Aborted: nobody waits for the result any more. */
  readonly signal?: AbortSignal;
  readonly progress?: (text: string, detail?: boolean) => void;
}

export interface Host {
  /** Bytes of a stand-in ROM by its name in rom/images. */
  romImage: (name: string) => Promise<Uint8Array>;
  /** Runs a job beside the caller: in a worker where there are any. */
  runJob: (job: RunJob, hooks: JobHooks) => Promise<RunResult<string>>;
  /** Called before a machine is made for this chip: interpreters that the build has left may be loaded. */
  prepare: (chip: string) => Promise<void>;
}

const missing = (): never => {
  throw new Error('the entry point of the package must set the host of the library');
};

export const HOST: Host = { romImage: missing, runJob: missing, prepare: () => Promise.resolve() };
