import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { jobInput, type RunJob } from '../../src/bench/input/job.ts';
import type { Bench } from '../../src/cli/engine.ts';
import { streamOf, type Io, type EndSignal } from '../../src/cli/io.ts';
import { main } from '../../src/cli/program.ts';
import { dfuResult } from '../samples/results.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  /** Without the lines that a slow machine says now and then. */
  readonly err: string;
  readonly still: readonly string[];
  readonly jobs: readonly RunJob[];
}

/** How often it is said is a matter of real time. */
export const STILL_RUNNING = /^bootbench: still running.*\n/gm;

/** A folder that is gone after the test, with some files. */
export function folder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

/** Vector table and a loop, at the start of H533 flash. */
export const FIRMWARE = new Uint8Array([0x00, 0x40, 0x04, 0x20, 0x09, 0x00, 0x00, 0x08, 0xfe, 0xe7]);
export const IMAGE = 'fw.bin@0x08000000';

export interface Setup {
  readonly cwd?: string;
  readonly result?: (job: RunJob) => RunResult;
  readonly env?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  readonly interruptAfterStart?: boolean;
  /** Is told within how many milliseconds the command has to be over. */
  readonly mustEndWithin?: (ms: number) => void;
  readonly bench?: Bench;
  /** Is handed what a signal calls back. */
  readonly onInterrupt?: (signal: () => void) => void;
  /** Is asked by who is busy. */
  readonly interruptedBy?: () => EndSignal | null;
}

/** Runs the command line in this process, the machine replaced by a prepared result. */
export async function cli(args: readonly string[], setup: Setup = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const jobs: RunJob[] = [];
  let interrupt = (): void => {};
  const stream = (put: (text: string) => void) => streamOf(put, { isTTY: setup.tty === true, columns: 80 });
  const io: Io = {
    stdout: stream((text) => (out += text)),
    stderr: stream((text) => (err += text)),
    env: setup.env ?? {},
    cwd: setup.cwd ?? folder({ 'fw.bin': FIRMWARE }),
    ...(setup.interruptedBy ? { interruptedBy: setup.interruptedBy } : {}),
    ...(setup.mustEndWithin ? { mustEndWithin: setup.mustEndWithin } : {}),
    onInterrupt: (callback) => {
      interrupt = () => callback('SIGINT');
      setup.onInterrupt?.(interrupt);
      return () => {};
    },
  };
  const bench: Bench =
    setup.bench ??
    (async (job, { stop }) => {
      jobs.push(job);
      const { document } = jobInput(job).scenario;
      if (setup.interruptAfterStart === true) interrupt();
      const result = { ...(setup.result?.(job) ?? dfuResult()), scenario: document };
      return stop?.aborted === true ? { ...result, ended: { reason: 'signal', at: result.ended.at } } : result;
    });
  const code = await main(args, io, bench);
  return { code, out, err: err.replace(STILL_RUNNING, ''), still: err.match(STILL_RUNNING) ?? [], jobs };
}

/** No process of this number runs. */
export const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // a zombie is none that runs
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
};
