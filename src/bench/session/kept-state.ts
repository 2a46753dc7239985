/**
 * What firmware can find again behind a reset: memories, registers, reset flags. Two resets that leave the same have the same future, but for what moves with
 * the time alone (a calendar, the phase of an oscillator) and what comes from outside.
 */
import type { Machine } from '../../emu/machine.ts';

/** A digest of it, right behind a reset. Registers that follow the time are left out. */
export function keptState(machine: Machine): string {
  const { arena, blocks } = machine.system;
  let [a, b] = [0x811c9dc5, 0x9e3779b1];
  const add = (word: number): void => {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul((b << 13) | (b >>> 19), 0x85ebca6b) ^ word;
  };
  const { i32, memoryBase, memoryEnd } = arena;
  for (let i = memoryBase >>> 2; i < memoryEnd >>> 2; i++) add(i32[i]!);
  for (const { component, layout, state } of blocks)
    for (const r of layout.registers) if (component.steady(r.offset)) add(state.regs[r.index]!);
  const flags = machine.history.resets.at(-1)?.flags.join() ?? '';
  return `${a >>> 0}.${b >>> 0}.${flags}`;
}
