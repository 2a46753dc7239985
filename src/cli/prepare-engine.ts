/** Loads what `--engine unicorn` needs, in the thread that runs the machine. */
import type { RunJob } from '../bench/input/job.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { libunicorn } from '../engines/libunicorn.ts';
import { useUnicorn } from '../engines/unicorn-api.ts';

export async function prepareEngine(job: RunJob): Promise<void> {
  if (job.engine !== 'unicorn') return;
  if (job.unicornJs !== undefined) return useUnicorn(await (await import('./unicorn-file.ts')).unicornFromFile(job.unicornJs));
  const binding = await libunicorn();
  if (typeof binding === 'string') {
    throw new UsageError(
      `--engine unicorn: ${binding}`,
      'install both: npm install koffi, and libunicorn 2 (Debian: apt install libunicorn2); or give a build of unicorn.js with --unicorn-js',
    );
  }
  useUnicorn(binding);
}
