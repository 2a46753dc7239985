/** The state of a chip in words that can be compared: what a caller or a program finds. */
import { registerFile } from '../../emu/core/arm/register-file.ts';
import type { Machine } from '../../emu/machine.ts';

export type State = Readonly<Record<string, string>>;

const CORE = new Set(['msp', 'primask', 'basepri', 'faultmask', 'control', 'vtor']);
const PRIVATE = [
  ['SYST_CSR', 0xe000e010],
  ['SYST_RVR', 0xe000e014],
] as const;
/** What goes on by itself. */
const MOVING = /^(?:T?R?DR|I?SR\d?|IDR|TR|SSR|CNT|CNTR|DIVL|DIVH|TSR|RDR|TDR|KR|FRNR|FNR|HFNUM|GINTSTS|CRSR)$/;

export const hex = (n: number, digits = 8): string => (n >>> 0).toString(16).padStart(digits, '0');

/** Registers of the core, and those of all blocks that differ from their reset values. */
export function stateOf(machine: Machine): State {
  const found: Record<string, string> = {};
  const core = machine.bootCore;
  for (const [register, value] of Object.entries(registerFile(core, core.pc)))
    if (CORE.has(register)) found[`CPU.${register.toUpperCase()}`] = hex(value);
  for (const [register, at] of PRIVATE) found[`CPU.${register}`] = hex(core.peek(at, 4) ?? 0);
  return { ...found, ...blocksOf(machine) };
}
export function blocksOf(machine: Machine): State {
  const found: Record<string, string> = {};
  for (const { name } of machine.chip.blocks) {
    const { layout, state } = machine.system.block(name);
    for (const { name: register, index, reset } of layout.registers) {
      const value = state.regs[index]! >>> 0;
      if (value !== reset >>> 0 && !MOVING.test(register)) found[`${name}.${register}`] = hex(value);
    }
  }
  return found;
}
