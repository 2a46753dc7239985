/**
 * unicorn.js 2 (Unicorn 2 as WebAssembly; GPL-2, not part of bootbench): the user's file, through the C functions that every build exports.
 * The exports are listed in its build.py, the signatures in unicorn.h 2.1.4: a pointer is a number, a uint64_t a BigInt, `...` a pointer to
 * the arguments (documented).
 *
 * Its memory is a heap of its own. Memory that cannot be written is copied there, and again where it changes. RAM stays where it is: each
 * read is preceded by a copy of the bytes that it is going to see, each write is made there too. So nothing has to be kept in step, but code
 * in RAM cannot run: it would be translated before anyone knows that it is read.
 */
import type { Profile } from '../emu/core/builder.ts';
import {
  ARCH_ARM,
  check,
  cpuModel,
  CTL_CPU_MODEL,
  HOOK_MEM_INVALID,
  MODE_THUMB,
  PROT,
  UC,
  type UnicornBinding,
  type UnicornCore,
} from './unicorn-api.ts';

/** Cortex-M33, whatever the model. */
const MODE_MCLASS = 1 << 5;
const HOOK_MEM_READ = 1 << 10;
const HOOK_MEM_WRITE = 1 << 11;
const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;
/**
 * unicorn.js 2.1.4 drops none of the temporaries that helper calls need while it translates a block (reported, and read in its patch of
 * tcg_gen_callN). With an instruction count it aborts or hangs where no branch comes within 97 instructions, within 43 of SMLAD or VFMA
 * (measured, November 2026).
 */
const LONGEST_BLOCK = 32;

type OnAccess = (uc: number, type: number, address: bigint, size: number, value: bigint, user: number) => void;
type OnInvalid = (...args: Parameters<OnAccess>) => number;
interface Exports {
  _malloc(bytes: number): number;
  _free(at: number): void;
  _uc_version(major: number, minor: number): number;
  _uc_arch_supported(arch: number): number;
  _uc_open(arch: number, mode: number, out: number): number;
  _uc_close(uc: number): number;
  _uc_ctl?(uc: number, control: number, args: number): number;
  _uc_mem_map(uc: number, address: bigint, size: bigint, perms: number): number;
  _uc_mem_map_ptr(uc: number, address: bigint, size: bigint, perms: number, at: number): number;
  _uc_mem_read(uc: number, address: bigint, at: number, size: bigint): number;
  _uc_mem_write(uc: number, address: bigint, at: number, size: bigint): number;
  _uc_reg_read_batch(uc: number, ids: number, values: number, count: number): number;
  _uc_reg_write_batch(uc: number, ids: number, values: number, count: number): number;
  _uc_emu_start(uc: number, begin: bigint, until: bigint, timeout: bigint, count: number): number;
  _uc_hook_add(uc: number, out: number, type: number, f: number, user: number, begin: bigint, end: bigint, args: number): number;
  addFunction(f: OnAccess | OnInvalid, signature: string): number;
  removeFunction(f: number): void;
  getValue(at: number, type: 'i8' | 'i32'): number;
  setValue(at: number, value: number, type: 'i8' | 'i16' | 'i32'): void;
  writeArrayToMemory(bytes: Uint8Array, at: number): void;
}
const NEEDED: readonly (keyof Exports)[] = [
  '_malloc',
  '_free',
  '_uc_version',
  '_uc_arch_supported',
  '_uc_open',
  '_uc_close',
  '_uc_mem_map',
  '_uc_mem_map_ptr',
  '_uc_mem_read',
  '_uc_mem_write',
  '_uc_reg_read_batch',
  '_uc_reg_write_batch',
  '_uc_emu_start',
  '_uc_hook_add',
  'addFunction',
  'removeFunction',
  'getValue',
  'setValue',
  'writeArrayToMemory',
];

/** `found` is what the file gives: the factory of a build made with MODULARIZE, or the module that one has made. Why not, where it will not do. */
export async function unicornJs(found: unknown): Promise<UnicornBinding | string> {
  const said: string[] = [];
  const quiet = { print: () => {}, printErr: (text: string) => void said.push(text) };
  let made: unknown;
  try {
    made = typeof found === 'function' ? await (found as (options: object) => unknown)(quiet) : await found;
  } catch (e) {
    return `it does not start: ${messageOf(e)}`;
  }
  if (typeof made !== 'object' || made === null || typeof (made as Partial<Exports>)._uc_version !== 'function')
    return 'it is not a unicorn.js';
  const uc = made as Exports;
  const major = uc._uc_version(0, 0) >>> 24;
  // uc_version of Unicorn 1 has the major number in bits 15:8
  if (major < 2) return 'it is too old: Unicorn 1, and 2 is needed';
  const missing = NEEDED.filter((name) => typeof uc[name] !== 'function');
  if (missing.length > 0) return `it is not a unicorn.js of the 2.1 line: it has no ${missing.join(', ')}`;
  if (uc._uc_arch_supported(ARCH_ARM) === 0) return 'it was built without ARM';
  const binding: UnicornBinding = {
    notes: [
      'the Unicorn was unicorn.js: code in RAM, table branches and branches to long straight code were executed by bootbench too',
      ...(uc._uc_ctl ? [] : ['this unicorn.js cannot choose a core (it lacks uc_ctl): the code ran on its Cortex-M33']),
    ],
    choosesCore: uc._uc_ctl !== undefined,
    longestBlock: LONGEST_BLOCK,
    runsRam: false,
    open: (profile) => new ScriptCore(uc, profile),
  };
  return tryOut(binding);
}
/** A few instructions, because builds differ. */
function tryOut(binding: UnicornBinding): UnicornBinding | string {
  try {
    const core = binding.open({ name: 'm33' } as Profile);
    // LDR r0, [r1]; ADDS r0, #7; STR r0, [r1, #4]; B .
    const code = new Uint8Array(PAGE);
    code.set([0x08, 0x68, 0x07, 0x30, 0x48, 0x60, 0xfe, 0xe7]);
    const data = new Uint8Array(PAGE).fill(0xff);
    core.share(0x1000, code, PROT.READ | PROT.EXEC);
    core.share(0x2000_0000, data, PROT.READ | PROT.WRITE);
    core.setRegisters([67], Uint32Array.of(0x2000_0000));
    const outcome = core.start(0x1000, 0xffff_fff0, 3);
    core.close();
    return outcome === UC.OK && data[4] === 6 && data[5] === 0 ? binding : 'it does not execute Thumb code as expected';
  } catch (e) {
    return `it does not execute Thumb code: ${messageOf(e)}`;
  }
}
const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e)).split('\n')[0]!;

interface Shared {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
  /** In the heap. */
  readonly at: number;
  readonly writable: boolean;
}
/** Registers that are read or written together: where their numbers, pointers to values and values lie. */
interface Batch {
  readonly ids: number;
  readonly pointers: number;
  readonly values: number;
}

class ScriptCore implements UnicornCore {
  private readonly js: Exports;
  private readonly uc: number;
  private readonly shared: Shared[] = [];
  private readonly allocated: number[] = [];
  private readonly callbacks: number[] = [];
  private readonly batches = new Map<readonly number[], Batch>();
  private readonly scratch: number;
  private last: Shared | null = null;

  constructor(js: Exports, profile: Profile) {
    this.js = js;
    this.scratch = this.allocate(16);
    check(js._uc_open(ARCH_ARM, js._uc_ctl ? MODE_THUMB : MODE_THUMB | MODE_MCLASS, this.scratch), 'uc_open');
    this.uc = js.getValue(this.scratch, 'i32') >>> 0;
    js.setValue(this.scratch, cpuModel(profile), 'i32');
    if (js._uc_ctl) check(js._uc_ctl(this.uc, CTL_CPU_MODEL, this.scratch), 'uc_ctl cpu model');
  }
  private allocate(bytes: number): number {
    const at = this.js._malloc(bytes) >>> 0;
    if (at === 0) throw new Error('unicorn.js has no more memory');
    this.allocated.push(at);
    return at;
  }
  map(address: number, size: number, perms: number): void {
    check(this.js._uc_mem_map(this.uc, BigInt(address), BigInt(size), perms), 'uc_mem_map');
  }
  write(address: number, bytes: Uint8Array): void {
    const at = this.js._malloc(bytes.length) >>> 0;
    this.js.writeArrayToMemory(bytes, at);
    const err = this.js._uc_mem_write(this.uc, BigInt(address), at, BigInt(bytes.length));
    this.js._free(at);
    check(err, 'uc_mem_write');
  }
  read(address: number, bytes: Uint8Array): void {
    const at = this.js._malloc(bytes.length) >>> 0;
    const err = this.js._uc_mem_read(this.uc, BigInt(address), at, BigInt(bytes.length));
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.js.getValue(at + i, 'i8');
    this.js._free(at);
    check(err, 'uc_mem_read');
  }
  share(address: number, bytes: Uint8Array, perms: number): void {
    const at = (this.allocate(bytes.length + PAGE) + PAGE - 1) & -PAGE;
    const writable = (perms & PROT.WRITE) !== 0;
    this.shared.push({ from: address, to: address + bytes.length, bytes, at: at >>> 0, writable });
    this.js.writeArrayToMemory(bytes, at);
    check(this.js._uc_mem_map_ptr(this.uc, BigInt(address), BigInt(bytes.length), perms, at), 'uc_mem_map_ptr');
    if (!writable) return;
    const last = address + bytes.length - 1;
    this.hook(HOOK_MEM_READ, (_uc, _type, where, size) => this.beforeRead(Number(where), size), 'viijiji', address, last);
    this.hook(HOOK_MEM_WRITE, (_uc, _type, where, size, value) => this.beforeWrite(Number(where), size, value), 'viijiji', address, last);
  }
  private hook(type: number, f: OnAccess | OnInvalid, signature: string, begin: number, end: number): void {
    const { js } = this;
    const callback = js.addFunction(f, signature);
    this.callbacks.push(callback);
    js.setValue(this.scratch + 8, 0, 'i32');
    check(js._uc_hook_add(this.uc, this.scratch, type, callback, 0, BigInt(begin), BigInt(end), this.scratch + 8), 'uc_hook_add');
  }
  onInvalid(tell: () => void): void {
    const invalid: OnInvalid = () => {
      tell();
      return 0;
    };
    this.hook(HOOK_MEM_INVALID, invalid, 'iiijiji', 1, 0);
  }
  private sharedAt(address: number): Shared | null {
    const { last } = this;
    if (last && address >= last.from && address < last.to) return last;
    const found = this.shared.find((s) => address >= s.from && address < s.to) ?? null;
    if (found) this.last = found;
    return found;
  }
  /** The heap gets the bytes that are going to be read. */
  private beforeRead(address: number, size: number): void {
    const s = this.sharedAt(address);
    if (!s) return;
    const { js } = this;
    const { bytes } = s;
    const offset = address - s.from;
    const to = s.at + offset;
    if (size === 4 && (address & 3) === 0)
      js.setValue(to, bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24), 'i32');
    else if (size === 2 && (address & 1) === 0) js.setValue(to, bytes[offset]! | (bytes[offset + 1]! << 8), 'i16');
    else
      for (let i = 0; i < size; i++) {
        const part = this.sharedAt(address + i);
        if (part?.writable) js.setValue(part.at + address + i - part.from, part.bytes[address + i - part.from]!, 'i8');
      }
  }
  /** An access that leaves shared memory fails and is made again by someone else: nothing of it may be written. */
  private beforeWrite(address: number, size: number, value: bigint): void {
    const s = this.sharedAt(address);
    if (!s?.writable) return;
    const { bytes } = s;
    const offset = address - s.from;
    const low = Number(BigInt.asUintN(32, value));
    if (address + size <= s.to && size <= 4) {
      bytes[offset] = low;
      if (size > 1) bytes[offset + 1] = low >>> 8;
      if (size === 4) {
        bytes[offset + 2] = low >>> 16;
        bytes[offset + 3] = low >>> 24;
      }
      return;
    }
    for (let i = 0; i < size; i++) if (!this.sharedAt(address + i)?.writable) return;
    for (let i = 0; i < size; i++) {
      const part = this.sharedAt(address + i)!;
      part.bytes[address + i - part.from] = Number((value >> BigInt(8 * i)) & 0xffn);
    }
  }
  codeChanged(pages: ReadonlySet<number>): void {
    let code = false;
    for (const s of this.shared) {
      if (s.writable) continue;
      const base = s.bytes.byteOffset;
      for (const page of pages) {
        const offset = page * PAGE - base;
        if (offset < 0 || offset >= s.bytes.length) continue;
        this.js.writeArrayToMemory(s.bytes.subarray(offset, offset + PAGE), s.at + offset);
        code = true;
      }
    }
    if (code) this.flush();
  }
  /** Starting without a count after runs with one drops what was translated (uc.c); up to where it begins, nothing runs. */
  private flush(): void {
    // up to address 0 would be without an end
    const begin = this.shared.find((s) => !s.writable)!.from + 4;
    check(this.js._uc_emu_start(this.uc, BigInt(begin | 1), BigInt(begin), 0n, 0), 'uc_emu_start');
  }
  private batch(ids: readonly number[]): Batch {
    let batch = this.batches.get(ids);
    if (batch) return batch;
    const n = ids.length;
    const at = this.allocate(16 * n);
    batch = { values: at, ids: at + 8 * n, pointers: at + 12 * n };
    for (let i = 0; i < n; i++) {
      this.js.setValue(batch.ids + 4 * i, ids[i]!, 'i32');
      this.js.setValue(batch.pointers + 4 * i, batch.values + 8 * i, 'i32');
    }
    this.batches.set(ids, batch);
    return batch;
  }
  setRegisters(ids: readonly number[], from: Uint32Array): void {
    const b = this.batch(ids);
    for (let i = 0; i < ids.length; i++) this.js.setValue(b.values + 8 * i, from[i]! | 0, 'i32');
    check(this.js._uc_reg_write_batch(this.uc, b.ids, b.pointers, ids.length), 'uc_reg_write_batch');
  }
  registers(ids: readonly number[], into: Uint32Array): void {
    const b = this.batch(ids);
    check(this.js._uc_reg_read_batch(this.uc, b.ids, b.pointers, ids.length), 'uc_reg_read_batch');
    for (let i = 0; i < ids.length; i++) into[i] = this.js.getValue(b.values + 8 * i, 'i32');
  }
  start(begin: number, until: number, count: number): number {
    return this.js._uc_emu_start(this.uc, BigInt((begin | 1) >>> 0), BigInt(until), 0n, count);
  }
  close(): void {
    this.js._uc_close(this.uc);
    for (const f of this.callbacks.splice(0)) this.js.removeFunction(f);
    for (const at of this.allocated.splice(0)) this.js._free(at);
  }
}
