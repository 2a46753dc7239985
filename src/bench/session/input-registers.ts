/** Registers that show what comes from outside, and loops that wait for it. */
import { OF_SENDER } from '../documents/names.ts';
import type { Machine } from '../../emu/machine.ts';
import type { FixedLoop } from './live-run.ts';
import { unclockedAt } from './unclocked.ts';

/** A register that shows what comes from outside, in these bits. */
export interface InputRegister {
  readonly kind: 'pin' | 'serial';
  readonly block: string;
  readonly register: string;
  readonly bits: number;
}
/** Of a bit that the register does not have, nothing is read: a compiler may only shift it out. */
const maskOf = ({ bit, width }: { readonly bit: number; readonly width: number }): number => (2 ** width - 1) << bit;
/** Port inputs, and the status of serial receivers, by address. */
export function inputRegisters({ system, chip }: Machine): ReadonlyMap<number, InputRegister> {
  const found = new Map<number, InputRegister>();
  for (const row of chip.blocks) {
    const layout = system.layoutOf(row.name);
    for (const register of layout?.registers ?? []) {
      const receives = register.fields.some((f) => /^RXF?NE/.test(f.name)) && /^I?SR$/.test(register.name);
      const isPort = register.name === 'IDR' && layout?.registers.some((r) => r.name === 'ODR');
      const received = register.fields.filter((f) => !OF_SENDER.test(f.name));
      const bits = receives ? received.reduce((mask, f) => mask | maskOf(f), 0) : -1;
      if (receives || isPort)
        found.set(row.base + register.offset, { kind: isPort ? 'pin' : 'serial', block: row.name, register: register.name, bits });
    }
  }
  return found;
}

/** A loop that reads such a register, and does not look at its other bits alone. A receiver without a clock shows nothing that comes. */
export function pollsInput(machine: Machine, { pc, reads }: FixedLoop): boolean {
  const registers = inputRegisters(machine);
  const tested = machine.bootCore.testedMask(pc) ?? -1;
  return reads.some((read) => {
    const address = (read & ~3) >>> 0;
    const register = registers.get(address);
    return (
      register !== undefined && (register.bits & tested) !== 0 && (register.kind === 'pin' || unclockedAt(machine.system, address) === null)
    );
  });
}
