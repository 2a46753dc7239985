/** Two that see the same accesses: the first is nearer to the core. */
import type { AccessInterceptor } from './core-types.ts';

export function bothIntercept<C>(first: AccessInterceptor<C>, second: AccessInterceptor<C>): AccessInterceptor<C> {
  const writes = first.write !== undefined || second.write !== undefined;
  return {
    get pages(): ReadonlySet<number> {
      return new Set([...first.pages, ...second.pages]);
    },
    everyDeviceWrite: first.everyDeviceWrite === true || second.everyDeviceWrite === true,
    read: (core, address, size) => first.read?.(core, address, size) ?? second.read?.(core, address, size) ?? null,
    ...(writes && {
      write: (core: C, address: number, size: number, value: number): number | null => {
        const passed = first.write ? first.write(core, address, size, value) : value;
        return passed === null || !second.write ? passed : second.write(core, address, size, passed);
      },
    }),
    vetoReset: (by) => first.vetoReset?.(by) === true || second.vetoReset?.(by) === true,
    special: (core, register, old, value) => {
      const passed = first.special?.(core, register, old, value) ?? value;
      return second.special?.(core, register, old, passed) ?? passed;
    },
  };
}
