import type { Machine } from '../../emu/machine.ts';

/** Block registers by path, as stored. */
export function fieldOf(machine: Machine, path: string): number | null {
  const parts = path.split('.');
  const block = machine.system.findBlock(parts[0] ?? '');
  if (!block) return null;
  const regs = block.state.regs;
  const { layout } = block;
  if (parts.length === 2) return layout.has(parts[1]!) ? regs[layout.reg(parts[1]!).index]! >>> 0 : null;
  const name = `${parts[1]}.${parts[2]}`;
  if (!layout.hasField(name)) return null;
  const f = layout.field(name);
  return f.of(regs[f.register.index]!) >>> 0;
}
