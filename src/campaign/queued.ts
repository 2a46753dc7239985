/** What goes through a queue: jobs and targets, as data. */
import type { RunJob } from '../bench/input/job.ts';
import type { Fault } from './space.ts';

/** A `RunJob` with hashes in the place of bytes. */
export interface Manifest extends Omit<RunJob, 'images' | 'rom' | 'files'> {
  readonly images: readonly { readonly path: string; readonly sha256: string }[];
  readonly rom: Omit<RunJob['rom'], 'bytes' | 'beside'> & {
    readonly sha256: string;
    /** Left out where there is none. */
    readonly beside?: readonly { readonly address: number; readonly sha256: string }[];
  };
  readonly files: readonly (readonly [name: string, sha256: string])[];
}

/** What is queued. */
export interface QueuedWork {
  /** 32 hex digits. */
  readonly campaign: string;
  readonly work: Work;
}

/** A case as a worker gets it. */
export interface WorkCase {
  readonly no: number;
  /** 32 hex digits, of all that decides the outcome. */
  readonly id: string;
  /** Addresses of the instructions whose writes do not happen. */
  readonly leave: readonly number[];
  readonly fault: Fault | null;
}
/** Cases that share a machine. */
export interface WorkPart {
  readonly seed: number | null;
  /** Chip parameters that differ, in picoseconds. */
  readonly delays: Readonly<Record<string, number>>;
  readonly cases: readonly WorkCase[];
}
export interface Work {
  /** 32 hex digits, of its cases. */
  readonly id: string;
  /** What made it; a worker of another version must not do it. */
  readonly engine: string;
  /** Hash of the target. */
  readonly target: string;
  readonly parts: readonly WorkPart[];
  /** Outcomes that need no explanation. */
  readonly expected: readonly string[];
  /** Milliseconds of real time for each case. */
  readonly wall: number;
}
