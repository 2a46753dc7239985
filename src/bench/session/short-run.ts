import type { Machine } from '../../emu/machine.ts';

/** A run that is soon over: code that it would translate for itself pays only in a long one. */
export function inShortRun<T>({ cores }: Machine, run: () => T): T {
  for (const core of cores) core.setShortRun(true);
  try {
    return run();
  } finally {
    for (const core of cores) core.setShortRun(false);
  }
}
