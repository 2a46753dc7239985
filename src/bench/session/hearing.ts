import type { Machine } from '../../emu/machine.ts';

/** The timer by which the bench looks up: it changes nothing. */
export const LOOK_TIMER = 'bench.look';

/** Somebody else than the bench hears of the exceptions that are taken. */
export function hearingExceptions<T>(machine: Machine, hear: (exception: number) => void, action: () => T): T {
  const { observer } = machine;
  machine.observer = { ...observer, exception: (_core, exception) => hear(exception) };
  try {
    return action();
  } finally {
    machine.observer = observer;
  }
}
