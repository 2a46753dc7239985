/**
 * Binding of Unicorn 2 (GPL-2, not part of bootbench): the user's libunicorn, called through the user's koffi. Register numbers and error values are
 * those of Unicorn's public headers.
 */
import type { Profile } from '../core/builder.ts';

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
export const REG_XPSR = 120;
/** Written through CPSR, because writing xPSR does not reach GE. */
export const REG_CPSR = 3;
export const REG_S0 = 79;
export const REG_FPSCR = 6;
/** Bits of CPSR that make Thumb code of it. */
export const CPSR_THUMB = 0x1f3;
/** NZCVQ and GE. */
export const FLAGS_MASK = 0xf80f0000;
const CPU_MODEL = { m0: 7, m4: 9, m7: 10, m33: 11 } as const;
const ARCH_ARM = 1;
const MODE_THUMB = 1 << 4;
const CTL_CPU_MODEL = 7 | (1 << 26) | (1 << 30);
export const CTL_TB_FLUSH = 10 | (1 << 30);
/** uc_hook_type: accesses to what is not mapped, or not allowed. */
export const HOOK_MEM_INVALID = (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8);

type Call = (...args: unknown[]) => number;
export interface Library {
  readonly open: Call;
  readonly close: Call;
  readonly ctl: Call;
  readonly ctl0: Call;
  readonly map: Call;
  readonly mapPtr: Call;
  readonly unmap: Call;
  readonly memWrite: Call;
  readonly memRead: Call;
  readonly regWrite: Call;
  readonly regRead: Call;
  readonly start: Call;
  readonly hookAdd: Call;
  /** Makes a C callback of a function: (uc, type, address, size, value, user) → handled. */
  callback(
    f: (uc: unknown, type: number, address: bigint | number, size: number, value: bigint | number, user: unknown) => boolean,
  ): unknown;
}
interface Koffi {
  load(name: string): { func(declaration: string): unknown };
  proto(declaration: string): unknown;
  pointer(type: unknown): unknown;
  register(f: unknown, type: unknown): unknown;
}
/** Names of the library, by system: Debian, macOS, Windows. */
const NAMES = ['libunicorn.so.2', 'libunicorn.so', 'libunicorn.2.dylib', 'unicorn.dll'];

let library: Library | null = null;
let reason: string | null = null;

/** Why there is no Unicorn, or the empty string. Loads it on the first call. */
export async function loadUnicorn(): Promise<string> {
  if (reason !== null) return reason;
  try {
    // by a name that bundlers cannot see: it is there only if the user installed it
    const name = 'koffi';
    const koffi = ((await import(name)) as { default: Koffi }).default;
    let lib: { func(declaration: string): unknown } | null = null;
    let last: unknown = null;
    for (const file of NAMES) {
      try {
        lib = koffi.load(file);
        break;
      } catch (e) {
        last ??= e;
      }
    }
    if (!lib) throw last;
    const open = lib;
    const call = (declaration: string): Call => open.func(declaration) as Call;
    const invalid = koffi.proto('bool uc_mem_hook(void *uc, int type, uint64_t address, int size, int64_t value, void *user)');
    library = {
      open: call('int uc_open(int arch, int mode, _Out_ void **uc)'),
      close: call('int uc_close(void *uc)'),
      ctl: call('int uc_ctl(void *uc, int control, int value)'),
      ctl0: call('int uc_ctl(void *uc, int control)'),
      map: call('int uc_mem_map(void *uc, uint64_t address, size_t size, uint32_t perms)'),
      mapPtr: call('int uc_mem_map_ptr(void *uc, uint64_t address, size_t size, uint32_t perms, void *bytes)'),
      unmap: call('int uc_mem_unmap(void *uc, uint64_t address, size_t size)'),
      memWrite: call('int uc_mem_write(void *uc, uint64_t address, const void *bytes, size_t size)'),
      memRead: call('int uc_mem_read(void *uc, uint64_t address, void *bytes, size_t size)'),
      regWrite: call('int uc_reg_write(void *uc, int reg, const void *value)'),
      regRead: call('int uc_reg_read(void *uc, int reg, void *value)'),
      start: call('int uc_emu_start(void *uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count)'),
      hookAdd: call('int uc_hook_add(void *uc, _Out_ size_t *hook, int type, void *callback, void *user, uint64_t begin, uint64_t end)'),
      callback: (f) => koffi.register(f, koffi.pointer(invalid)),
    };
    reason = '';
  } catch (e) {
    reason = `libunicorn through koffi is not here: ${(e instanceof Error ? e.message : String(e)).split('\n')[0]}`;
  }
  return reason;
}
/** The loaded library; throws where there is none. */
export function unicornLibrary(): Library {
  if (!library) throw new Error(reason ?? 'loadUnicorn() comes first');
  return library;
}
/** Opens a core of the profile. MCLASS in the mode would force Cortex-M33; without it the model decides. */
export function openUnicorn(lib: Library, profile: Profile): unknown {
  const out: unknown[] = [null];
  check(lib.open(ARCH_ARM, MODE_THUMB, out), 'uc_open');
  check(lib.ctl(out[0], CTL_CPU_MODEL, CPU_MODEL[profile.name]), 'uc_ctl cpu model');
  return out[0];
}
export function check(err: number, what: string): void {
  if (err) throw new Error(`${what} gives ${err}`);
}
