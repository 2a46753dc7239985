/** The machine of a whole run, as what is turned over in it sees it: registers, fields and memory by name. */
import { registerFile, setRegister } from '../src/emu/core/arm/register-file.ts';
import type { Machine } from '../src/emu/machine.ts';
import type { FlipTarget } from './flips.ts';

export function entryTarget(machine: Machine): FlipTarget {
  const core = machine.cores[machine.history.entries.at(-1)!.core]!;
  const resolve = (path: string): { address: number; size: 1 | 2 | 4; bit: number; width: number } => {
    const [block = '', name = '', bits = ''] = path.split('.');
    const register = machine.system.layoutOf(block)?.registers.find((r) => r.name === name);
    const field = register?.fields.find((f) => f.name === bits);
    if (register === undefined || field === undefined) throw new Error(`there is no ${path}`);
    return { address: machine.system.block(block).row.base + register.offset, size: register.size, bit: field.bit, width: field.width };
  };
  const wordAt = (address: number, size: 1 | 2 | 4): number => (core.peek(address, size) ?? 0) >>> 0;
  return {
    registers: registerFile(core, core.pc),
    setRegister: (name, value) => setRegister(core, name, value),
    read: (path) => {
      const { address, size, bit, width } = resolve(path);
      return Math.floor(wordAt(address, size) / 2 ** bit) % 2 ** width;
    },
    write: (path, value) => {
      const { address, size, bit, width } = resolve(path);
      const mask = (2 ** width - 1) * 2 ** bit;
      machine.as('scenario', () => machine.poke(address, size, ((wordAt(address, size) & ~mask) | (value << bit)) >>> 0));
    },
    readMemory: (address, length) => Uint8Array.from({ length }, (_x, i) => core.peek((address + i) >>> 0, 1) ?? 0),
  };
}
