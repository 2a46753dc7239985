/** State of the blocks of a chip behind a leave, and its repair. */
import { inManual } from '../../checks/families.ts';
import type { Machine } from '../../emu/machine.ts';
import { repairTarget } from './repairs.ts';
import { hex } from '../../emu/hex.ts';

/** Register values by `BLOCK.REG`. */
export type Registers = ReadonlyMap<string, number>;

export function registersOf(machine: Machine): Registers {
  const all = new Map<string, number>();
  for (const row of machine.chip.blocks) {
    if (row.model === null || row.backup === true) continue;
    const block = machine.system.block(row.name);
    const { layout } = block;
    const { regs } = block.state;
    for (const r of layout.registers) all.set(`${row.name}.${r.name}`, regs[r.index]! >>> 0);
  }
  return all;
}

/** Registers that differ, by name; a long list is cut. */
export function listed(names: readonly string[], values: Registers): string {
  const words = names.slice(0, MOST_LISTED).map((name) => `${inManual(name)} = ${hex(values.get(name) ?? 0)}`);
  return words.join(', ') + (names.length > MOST_LISTED ? `, and ${names.length - MOST_LISTED} more` : '');
}
const MOST_LISTED = 6;

export const isSecurity = (name: string): boolean => name.startsWith('GTZC');
/** A watchdog that runs cannot be stopped by anything that software does. */
const NOT_REST = ['RCC', 'PWR', 'FLASH', 'SYSCFG', 'IWDG', 'IWDG1', 'IWDG2', 'WWDG'];
export const isRest = (name: string): boolean => !NOT_REST.includes(name) && !isSecurity(name);
export function resetBlock(machine: Machine, name: string, kind?: 'power'): void {
  const block = machine.system.findBlock(name);
  if (block) machine.system.resetBlock(block, kind);
}
/** An interrupt that they have raised is not pending any more. */
export function resetBlocks(machine: Machine, names: readonly string[]): void {
  for (const name of names) resetBlock(machine, name);
  repairTarget(machine).clearNvic('pending');
}
