/** Instructions of a hand-over whose writes are noted, or do not happen. */
import { PPB } from '../../checks/core-registers.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';

/** Is told of writes to registers of blocks and of cores; changes none. */
export const watching = (
  write: (core: Core, address: number) => void,
  special: (core: Core, register: string) => unknown,
): Interceptor => ({
  pages: new Set(),
  everyDeviceWrite: true,
  special: (core, register, _old, value) => (special(core, register), value),
  read: () => null,
  write: (core, address, _size, value) => (write(core, address), value),
});

/** Registers whose old value can be stored as it was. */
const STORED: ReadonlySet<string> = new Set([
  ...['PRIMASK', 'FAULTMASK', 'BASEPRI', 'CONTROL', 'MSP', 'PSP', 'MSPLIM', 'PSPLIM', 'VTOR', 'MPU_CTRL'],
]);
/** Registers of the system control space that a write brings back, Armv7-M ARM B3. */
const WRITTEN: Readonly<Record<string, number>> = { SYST_CSR: 0xe000e010, SYST_RVR: 0xe000e014, CCR: 0xe000ed14, SHCSR: 0xe000ed24 };
/** Those with one address that sets bits and one that clears them. */
const SET_AND_CLEAR: Readonly<Record<string, readonly [set: number, clear: number]>> = {
  NVIC_ISER: [0xe000e100, 0xe000e180],
  NVIC_ISPR: [0xe000e200, 0xe000e280],
};
const SYSTEM_PENDING = [26, 28] as const;

const numbered = (register: string): readonly [string, number] => [register.replace(/\d+$/, ''), Number(/\d+$/.exec(register)?.[0] ?? 0)];
export const canBeLeftOut = (register: string): boolean =>
  STORED.has(register) || register === 'ICSR' || WRITTEN[register] !== undefined || SET_AND_CLEAR[numbered(register)[0]] !== undefined;

/** Brings the old value back by writes, where storing it is not enough. */
function writeBack(core: Core, register: string, old: number, value: number): void {
  const write = (address: number, word: number): void => {
    if (word !== 0 || WRITTEN[register] !== undefined) core.write(address, 4, word >>> 0, true);
  };
  const [name, index] = numbered(register);
  const pair = SET_AND_CLEAR[name];
  if (WRITTEN[register] !== undefined) write(WRITTEN[register], old);
  else if (pair) {
    write(pair[0] + 4 * index, old & ~value);
    write(pair[1] + 4 * index, value & ~old);
  } else
    for (const bit of SYSTEM_PENDING) {
      write(PPB.ICSR, old & ~value & (1 << bit));
      // the bit below clears
      write(PPB.ICSR, (value & ~old & (1 << bit)) >>> 1);
    }
}

/** Writes of these instructions of user code do not happen. */
export function leavingOut(pcs: ReadonlySet<number>): Interceptor {
  let undoing = false;
  const isLeftOut = (core: Core): boolean => core.zone === 'user' && pcs.has(core.pc);
  return {
    pages: new Set(),
    everyDeviceWrite: true,
    special: (core, register, old, value) => {
      if (undoing || !isLeftOut(core)) return value;
      if (STORED.has(register)) return old;
      undoing = true;
      writeBack(core, register, old, value);
      undoing = false;
      return value;
    },
    read: () => null,
    write: (core, _address, _size, value) => (isLeftOut(core) ? null : value),
  };
}
