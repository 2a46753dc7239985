/** Bits of registers that a program does not see, as if they were 0. */
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import type { Machine } from '../../emu/machine.ts';

/** They are hidden behind this number of resets, counting power-on, and not behind the next one. */
export interface HiddenBits {
  readonly address: number;
  readonly mask: number;
  readonly resets: number;
}

/** What user code reads there; null where nothing is hidden. */
export function readHidden(machine: Machine, hidden: readonly HiddenBits[], core: Core, address: number, size: number): number | null {
  if (core.zone !== 'user') return null;
  const mask = hidden
    .filter((h) => h.address === (address & ~3) >>> 0 && h.resets === machine.history.resets.length)
    .reduce((all, h) => all | h.mask, 0);
  if (mask === 0) return null;
  return ((core.peek(address, size === 1 ? 1 : size === 2 ? 2 : 4) ?? 0) & ~(mask >>> (8 * (address & 3)))) >>> 0;
}

export const hidingInterceptor = (machine: Machine, hidden: readonly HiddenBits[]): Interceptor => ({
  pages: new Set(hidden.map((h) => h.address >>> PAGE_BITS)),
  read: (core, address, size) => readHidden(machine, hidden, core, address, size),
});
