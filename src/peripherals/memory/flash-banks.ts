/** The two banks of a flash change places in the address space (SWAP_BANK, FB_MODE): the memory's bytes are kept as the bus sees them. */
import type { RegisterContext } from '../../emu/registers.ts';

/** Brings the memory into the order that `swapped` asks for, if it is not in it. */
export function swapBanks(
  c: RegisterContext<{ swapped: boolean }>,
  o: { readonly memory: string; readonly bankBytes: number },
  swapped: boolean,
): void {
  if (swapped === c.s.swapped) return;
  const lower = c.env.peekMemory(o.memory, 0, o.bankBytes);
  const upper = c.env.peekMemory(o.memory, o.bankBytes, o.bankBytes);
  c.env.pokeMemory(o.memory, 0, upper);
  c.env.pokeMemory(o.memory, o.bankBytes, lower);
  c.s.swapped = swapped;
}
