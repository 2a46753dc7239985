import type { Machine } from '../../emu/machine.ts';
import type { MachineObserver } from '../../emu/machine-observer.ts';

/** The timer by which the bench looks up: it changes nothing. */
export const CHECK_TIMER = 'bench.look';

/** Of what `hear` has somebody else than the bench is told, until `action` has ended. */
export function hearing<T>(machine: Machine, hear: MachineObserver, action: () => T): T {
  const { observer } = machine;
  machine.observer = { ...observer, ...hear };
  try {
    return action();
  } finally {
    machine.observer = observer;
  }
}
