/** The machine of a command that holds it for clients: brought to where they come in, unless a signal ends that. */
import { findChip } from '../chips/index.ts';
import { jobInput, type RunHooks, type RunJob } from '../bench/input/job.ts';
import { HeldMachine } from '../bench/session/held-machine.ts';
import type { SessionEnd } from '../bench/session/live-run.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { Interrupted, milliseconds, type Io } from './io.ts';
import { usePrebuilt } from './prebuilt.ts';
import { SYSTEM } from './signals.ts';

/** What its machine looks at while it is too busy to be told. */
export const heldHooks = (io: Io): RunHooks => ({ signal: () => io.interruptedBy?.() != null, clock: milliseconds });

export function heldMachine(job: RunJob, io: Io): HeldMachine {
  usePrebuilt(findChip(job.chip)?.cores ?? []);
  return new HeldMachine(jobInput(job, heldHooks(io)));
}

/** The same without a host on the USB cable, which a ROM would serve first. */
export const onUartAlone = (job: RunJob): RunJob => ({
  ...job,
  scenario: { ...job.scenario, host: { ...job.scenario.host, cable: 'out' } },
});

export function started(held: HeldMachine, io: Io): SessionEnd {
  const end = SYSTEM.unheard(() => held.start());
  const signal = io.interruptedBy?.() ?? null;
  if (signal !== null) throw new Interrupted(signal, 'interrupted before the firmware had come to its end');
  if (end.reason === 'wall') throw new UsageError('--wall was over before the firmware had come to its end', 'give it more time');
  return end;
}
