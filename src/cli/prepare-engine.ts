/** Loads what `--engine unicorn` needs, in the thread that runs the machine. */
import type { RunJob } from '../bench/job.ts';
import { UsageError } from '../bench/usage-error.ts';
import { loadUnicorn } from '../emu/engines/libunicorn.ts';

export async function prepareEngine(job: RunJob): Promise<void> {
  if (job.engine !== 'unicorn') return;
  const missing = await loadUnicorn();
  if (missing) {
    throw new UsageError(
      `--engine unicorn: ${missing}`,
      'install both: npm install koffi, and libunicorn 2 (Debian: apt install libunicorn2)',
    );
  }
}
