/** The trigger that `run` would find and pull, for the commands that go on with the device or the jump. */
import { triggeredJob } from '../bench/first-run.ts';
import type { RunHooks, RunJob } from '../bench/input/job.ts';
import { printable } from '../report/text.ts';
import { heldHooks, onUartAlone } from './held.ts';
import type { Io } from './io.ts';

/** The job with it; what was triggered is said on stderr. */
export function toldTrigger(job: RunJob, io: Io, hooks: RunHooks = {}): RunJob {
  const { job: found, told } = triggeredJob(job, hooks);
  if (told !== null) io.stderr.write(`bootbench: ${printable(told)}\n`);
  return found;
}
/** The same for a command that talks to the ROM on its USART: what `run` finds, then nobody on the USB cable. */
export const toldOnUart = (job: RunJob, io: Io): RunJob => onUartAlone(toldTrigger(job, io, heldHooks(io)));
