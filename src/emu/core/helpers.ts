/**
 * Functions that instruction semantics call by name because WebAssembly has no operator for them (soft float). They see the FPSCR word of
 * the core through the accessor and set its cumulative flags.
 */
import type { WasmType } from '../wasm/opcodes.ts';

/** FPSCR of the running core. */
export interface FpStatus {
  get(): number;
  set(fpscr: number): void;
}
export interface Helper {
  readonly params: readonly WasmType[];
  readonly result: WasmType;
  readonly make: (fpscr: FpStatus) => (...args: never[]) => number | bigint;
}

export const HELPERS: Record<string, Helper> = {};
