/** Kernel clocks that a field of RCC selects from a fixed list. */
import type { Field, Layout, RegisterContext } from '../../emu/registers.ts';
import type { Rate } from '../../emu/time.ts';

export interface KernelMux {
  readonly field: string;
  /** Clock by the field's value; null = a pin or none. */
  readonly sources: readonly (string | null)[];
  readonly clocks: readonly string[];
}
interface Placed {
  readonly field: Field;
  readonly mux: KernelMux;
}
/** Those that the chip has. */
export const kernelMuxes = (layout: Layout, muxes: readonly KernelMux[]): readonly Placed[] =>
  muxes.filter((mux) => layout.hasField(mux.field)).map((mux) => ({ mux, field: layout.field(mux.field) }));

export function addKernelClocks(c: RegisterContext<object>, rates: Record<string, Rate | null>, muxes: readonly Placed[]): void {
  for (const { field, mux } of muxes) {
    const source = mux.sources[field.get(c)] ?? null;
    for (const clock of mux.clocks) rates[clock] = source === null ? null : (rates[source] ?? null);
  }
}
