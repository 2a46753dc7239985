/** What stands around the chip in a run: a module that the thread of the run loads, since functions do not cross to it. */
import type { RunHooks, RunJob } from '../bench/input/job.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { MachineBoard, type Devices } from './board.ts';

/** @param load imports a module by its address. Without devices there is nothing to connect. */
export async function outsideOf(job: RunJob, load: (href: string) => Promise<unknown>): Promise<Pick<RunHooks, 'outside'>> {
  const { devices: href } = job;
  if (href === undefined) return {};
  let loaded: unknown;
  try {
    loaded = await load(href);
  } catch (error) {
    throw new UsageError(`devices: ${href} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  const connect = (loaded as { readonly default?: unknown }).default;
  if (typeof connect !== 'function')
    throw new UsageError(`devices: ${href} has no default export that is a function`, 'export default (board) => { … }');
  return { outside: (machine) => (connect as Devices)(new MachineBoard(machine)) };
}
