/** libunicorn (Unicorn 2), the user's, called through the user's koffi. */
import type { Profile } from '../emu/core/builder.ts';
import {
  ARCH_ARM,
  check,
  cpuModel,
  CTL_CPU_MODEL,
  HOOK_MEM_INVALID,
  MODE_THUMB,
  type UnicornBinding,
  type UnicornCore,
} from './unicorn-api.ts';

const CTL_TB_FLUSH = 10 | (1 << 30);

type Call = (...args: unknown[]) => number;
type OnInvalid = (uc: unknown, type: number, address: bigint | number, size: number, value: bigint | number, user: unknown) => boolean;
interface Library {
  readonly open: Call;
  readonly close: Call;
  readonly ctl: Call;
  readonly ctl0: Call;
  readonly map: Call;
  readonly mapPtr: Call;
  readonly memWrite: Call;
  readonly memRead: Call;
  readonly regWrite: Call;
  readonly regRead: Call;
  readonly start: Call;
  readonly hookAdd: Call;
  /** Makes a C callback of a function. */
  callback(f: OnInvalid): unknown;
  forget(callback: unknown): void;
}
interface Koffi {
  load(name: string): { func(declaration: string): unknown };
  proto(declaration: string): unknown;
  pointer(type: unknown): unknown;
  register(f: unknown, type: unknown): unknown;
  unregister(callback: unknown): void;
}
/** Names of the library, by system: Debian, macOS, Windows. */
const NAMES = ['libunicorn.so.2', 'libunicorn.so', 'libunicorn.2.dylib', 'unicorn.dll'];

let loaded: Promise<UnicornBinding | string> | null = null;

/** libunicorn, or why it is not there. Loaded on the first call. */
export function libunicorn(): Promise<UnicornBinding | string> {
  return (loaded ??= load());
}
async function load(): Promise<UnicornBinding | string> {
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
    const library: Library = {
      open: call('int uc_open(int arch, int mode, _Out_ void **uc)'),
      close: call('int uc_close(void *uc)'),
      ctl: call('int uc_ctl(void *uc, int control, int value)'),
      ctl0: call('int uc_ctl(void *uc, int control)'),
      map: call('int uc_mem_map(void *uc, uint64_t address, size_t size, uint32_t perms)'),
      mapPtr: call('int uc_mem_map_ptr(void *uc, uint64_t address, size_t size, uint32_t perms, void *bytes)'),
      memWrite: call('int uc_mem_write(void *uc, uint64_t address, const void *bytes, size_t size)'),
      memRead: call('int uc_mem_read(void *uc, uint64_t address, void *bytes, size_t size)'),
      regWrite: call('int uc_reg_write(void *uc, int reg, const void *value)'),
      regRead: call('int uc_reg_read(void *uc, int reg, void *value)'),
      start: call('int uc_emu_start(void *uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count)'),
      hookAdd: call('int uc_hook_add(void *uc, _Out_ size_t *hook, int type, void *callback, void *user, uint64_t begin, uint64_t end)'),
      callback: (f) => koffi.register(f, koffi.pointer(invalid)),
      forget: (callback) => koffi.unregister(callback),
    };
    return { notes: [], choosesCore: true, longestBlock: Infinity, runsRam: true, open: (profile) => new NativeCore(library, profile) };
  } catch (e) {
    return `libunicorn through koffi is not here: ${(e instanceof Error ? e.message : String(e)).split('\n')[0]}`;
  }
}

class NativeCore implements UnicornCore {
  private readonly lib: Library;
  private readonly uc: unknown;
  private readonly word = new Uint32Array(1);
  private readonly callbacks: unknown[] = [];

  constructor(lib: Library, profile: Profile) {
    this.lib = lib;
    const out: unknown[] = [null];
    // MCLASS in the mode would force Cortex-M33; without it the model decides
    check(lib.open(ARCH_ARM, MODE_THUMB, out), 'uc_open');
    check(lib.ctl(out[0], CTL_CPU_MODEL, cpuModel(profile)), 'uc_ctl cpu model');
    this.uc = out[0];
  }
  map(address: number, size: number, perms: number): void {
    check(this.lib.map(this.uc, address, size, perms), 'uc_mem_map');
  }
  write(address: number, bytes: Uint8Array): void {
    check(this.lib.memWrite(this.uc, address, bytes, bytes.length), 'uc_mem_write');
  }
  read(address: number, bytes: Uint8Array): void {
    check(this.lib.memRead(this.uc, address, bytes, bytes.length), 'uc_mem_read');
  }
  share(address: number, bytes: Uint8Array, perms: number): void {
    check(this.lib.mapPtr(this.uc, address, bytes.length, perms, bytes), 'uc_mem_map_ptr');
  }
  codeChanged(): void {
    check(this.lib.ctl0(this.uc, CTL_TB_FLUSH), 'uc_ctl flush');
  }
  setRegisters(ids: readonly number[], from: Uint32Array): void {
    for (let i = 0; i < ids.length; i++) {
      this.word[0] = from[i]!;
      this.lib.regWrite(this.uc, ids[i], this.word);
    }
  }
  registers(ids: readonly number[], into: Uint32Array): void {
    for (let i = 0; i < ids.length; i++) {
      this.lib.regRead(this.uc, ids[i], this.word);
      into[i] = this.word[0]!;
    }
  }
  start(begin: number, until: number, count: number): number {
    return this.lib.start(this.uc, begin | 1, until, 0, count);
  }
  onInvalid(tell: () => void): void {
    const callback = this.lib.callback(() => {
      tell();
      return false;
    });
    this.callbacks.push(callback);
    check(this.lib.hookAdd(this.uc, [0], HOOK_MEM_INVALID, callback, null, 1, 0), 'uc_hook_add');
  }
  close(): void {
    this.lib.close(this.uc);
    for (const callback of this.callbacks.splice(0)) this.lib.forget(callback);
  }
}
