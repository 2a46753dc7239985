/**
 * Unicorn 2 (GPL-2, not part of bootbench) as its users have it: libunicorn through koffi (libunicorn.ts) or unicorn.js (unicorn-js.ts). Register
 * numbers, error values and controls are those of Unicorn's public headers, and the same for both.
 */
import type { Profile } from '../emu/core/builder.ts';

/** uc_err values that occur. */
export const UC = {
  OK: 0,
  READ_UNMAPPED: 6,
  WRITE_UNMAPPED: 7,
  FETCH_UNMAPPED: 8,
  INSN_INVALID: 10,
  WRITE_PROT: 12,
  READ_PROT: 13,
  FETCH_PROT: 14,
  EXCEPTION: 21,
} as const;
/** R0…R12, SP, LR, PC. */
export const REG_IDS = [66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 12, 10, 11] as const;
export const REG_PC = REG_IDS[15];
export const REG_XPSR = 120;
/** Written through CPSR, because writing xPSR does not reach GE. */
export const REG_CPSR = 3;
export const REG_S0 = 79;
export const REG_FPSCR = 6;
/** Bits of CPSR that make Thumb code of it. */
export const CPSR_THUMB = 0x1f3;
/** NZCVQ and GE. */
export const FLAGS_MASK = 0xf80f0000;
/** uc_cpu_arm of the core of Unicorn that has all instructions of a profile: of Cortex-M0 (and M0+), M33, M7, M4, M3. */
export function cpuModel({ arch, dsp, fpv5 }: Profile): number {
  if (arch === 'v6m') return 7;
  if (arch === 'v8m') return 11;
  if (fpv5) return 10;
  return dsp ? 9 : 8;
}
export const ARCH_ARM = 1;
export const MODE_THUMB = 1 << 4;
export const CTL_CPU_MODEL = 7 | (1 << 26) | (1 << 30);
/** uc_hook_type: accesses to what is not mapped, or not allowed. */
export const HOOK_MEM_INVALID = (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8);
/** uc_prot. */
export const PROT = { READ: 1, WRITE: 2, EXEC: 4, ALL: 7 } as const;
/** No code runs up to here. */
export const NOWHERE = 0xffff_fff0;

/** One core in Unicorn. What fails here without a uc_err to return throws. */
export interface UnicornCore {
  /** Memory of its own, all zero. */
  map(address: number, size: number, perms: number): void;
  write(address: number, bytes: Uint8Array): void;
  read(address: number, bytes: Uint8Array): void;
  /** Memory whose bytes are these. Without PROT.WRITE they change only where `codeChanged` says so. */
  share(address: number, bytes: Uint8Array, perms: number): void;
  /** Bytes may have changed since the last `start`, in these pages of the buffer that shared bytes lie in. */
  codeChanged(pages: ReadonlySet<number>): void;
  setRegisters(ids: readonly number[], from: Uint32Array): void;
  registers(ids: readonly number[], into: Uint32Array): void;
  /** Thumb code from `begin` on, `count` instructions or up to `until`: the uc_err. */
  start(begin: number, until: number, count: number): number;
  /** Called inside `start` before an access that is not possible; the access then fails. */
  onInvalid(tell: () => void): void;
  close(): void;
}
export interface UnicornBinding {
  /** What a result says of it beside what holds for any Unicorn. */
  readonly notes: readonly string[];
  /** Whether it is the core that is asked for; else a Cortex-M33 stands in. */
  readonly choosesCore: boolean;
  /** It breaks where it translates more instructions than this without a branch between them; Infinity = it does not. */
  readonly longestBlock: number;
  /** Whether code in shared memory that can be written may run. */
  readonly runsRam: boolean;
  open(profile: Profile): UnicornCore;
}

let current: UnicornBinding | null = null;
/** The Unicorn that engines are made with from now on. */
export function useUnicorn(binding: UnicornBinding): void {
  current = binding;
}
export function unicornInUse(): UnicornBinding {
  if (!current) throw new Error('useUnicorn() comes first');
  return current;
}
/** What a result says of it; nothing where it is not loaded, as when a job is only looked at. */
export const notesInUse = (): readonly string[] => current?.notes ?? [];
export function check(err: number, what: string): void {
  if (err) throw new Error(`${what} gives ${err}`);
}
