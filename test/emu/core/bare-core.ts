/** The generated interpreter alone on flat memory: no chip, no exceptions. Code and data lie where unicorn.ts puts them. */
import { Arena, fetchTableOf, MEMORY_BASE, PAGE_SIZE, readTableOf, WORD_MAP, writeTableOf } from '../../../src/emu/arena.ts';
import type { Profile } from '../../../src/emu/core/builder.ts';
import { Decoder, isWide } from '../../../src/emu/core/decode.ts';
import { Handlers, H_UNDEFINED } from '../../../src/emu/core/interpreter/handlers.ts';
import { HELPERS } from '../../../src/emu/core/helpers.ts';
import { buildInterpreter, type InterpreterImports } from '../../../src/emu/core/interpreter/interpreter.ts';
import { REC } from '../../../src/emu/core/interpreter/record-builders.ts';
import '../../../src/emu/core/isa/index.ts';
import { EXIT, S } from '../../../src/emu/core/state.ts';
import { CODE, DATA, DATA_BYTES, PC, SLOT_BYTES, SLOTS, XPSR, type Registers } from './unicorn.ts';

const CODE_BYTES = SLOTS * SLOT_BYTES;
const HOST_DATA = MEMORY_BASE + CODE_BYTES;

/** Thrown by the slow path: unmapped, or unaligned where that must fault. */
export const FAULT = { UNMAPPED: 100, UNALIGNED: 101 } as const;

export class BareCore {
  readonly registers: Registers = new Uint32Array(17);
  readonly fp = new Uint32Array(33);
  readonly arena = new Arena(CODE_BYTES + DATA_BYTES);
  readonly decoder: Decoder;
  readonly data: Uint8Array;
  readonly code: Uint8Array;
  private readonly go: () => number;
  private readonly v6: boolean;

  constructor(profile: Profile) {
    this.decoder = new Decoder(profile);
    this.v6 = profile.arch === 'v6m';
    const { arena } = this;
    this.code = arena.u8.subarray(MEMORY_BASE, MEMORY_BASE + CODE_BYTES);
    this.data = arena.u8.subarray(HOST_DATA, HOST_DATA + DATA_BYTES);
    arena.u8.fill(1, WORD_MAP + (MEMORY_BASE >>> 2), WORD_MAP + ((HOST_DATA + DATA_BYTES) >>> 2));
    const map = (guest: number, host: number, bytes: number, writable: boolean): void => {
      for (let at = 0; at < bytes; at += PAGE_SIZE) {
        const page = (guest + at) >>> 12;
        arena.i32[(readTableOf(0) >> 2) + page] = (host - guest) | 1;
        if (writable) arena.i32[(writeTableOf(0) >> 2) + page] = (host - guest) | 1;
      }
    };
    map(CODE, MEMORY_BASE, CODE_BYTES, false);
    map(DATA, HOST_DATA, DATA_BYTES, true);
    const handlers = new Handlers();
    const imports: InterpreterImports = {
      hot: () => {},
      // there are no caches: no page is marked as cached
      lineFill: () => 0,
      dataFill: () => 0,
      fillRow: () => 0,
      readLine: () => 0,
      replaced: () => {},
      // there are no special registers: as if the instruction had left by itself
      system: () => {
        this.faulted = EXIT.SYSTEM;
        throw FAULT;
      },
      fetch: (pc: number) => {
        if (this.host(pc >>> 0, 2) < 0) throw FAULT;
        let page = arena.takeDecodedPage();
        if (page === 0) {
          // all decoded pages are in use: start over
          for (let at = 0; at < CODE_BYTES; at += PAGE_SIZE) {
            const slot = (fetchTableOf(0) >> 2) + ((CODE + at) >>> 12);
            const old = arena.i32[slot]!;
            if (old) arena.freeDecodedPage(old);
            arena.i32[slot] = 0;
          }
          page = arena.takeDecodedPage();
        }
        arena.i32[(fetchTableOf(0) >> 2) + (pc >>> 12)] = page;
      },
      decode: (pc: number, rec: number) => {
        const at = this.host(pc >>> 0, 2);
        const ins = this.decoder.decode(arena.u16[at >> 1]!, arena.u16[(at >> 1) + 1]!);
        const d = ins?.decoded;
        const [id, idInIt] = d ? handlers.idsOf(d) : [H_UNDEFINED, H_UNDEFINED];
        arena.u16[rec >> 1] = id;
        arena.u16[(rec >> 1) + 1] = idInIt;
        arena.u8.set([isWide(arena.u16[at >> 1]!) ? 4 : 2, 1, 0], rec + REC.SIZE);
        if (!d) return;
        arena.u8.set([d.a ?? 0, d.b ?? 0, d.c ?? 0, d.d ?? 0], rec + REC.A);
        arena.i32[(rec + REC.IMM) >> 2] = d.imm ?? 0;
      },
      read: (address: number, size: number, flags: number) => {
        const at = this.slow(address >>> 0, size, flags);
        let v = 0;
        for (let i = 0; i < size; i++) v |= arena.u8[at + i]! << (8 * i);
        return v;
      },
      write: (address: number, size: number, value: number, flags: number) => {
        const at = this.slow(address >>> 0, size, flags, true);
        for (let i = 0; i < size; i++) arena.u8[at + i] = value >>> (8 * i);
      },
    };
    const fpscr = { get: () => this.arena.u32[S.FPSCR >> 2]!, set: (v: number) => void (this.arena.u32[S.FPSCR >> 2] = v) };
    for (const [name, h] of Object.entries(HELPERS)) imports[name] = h.make(fpscr);
    const module = new WebAssembly.Module(buildInterpreter(profile, 0, handlers, HELPERS));
    // nothing is translated: TIER stays 0
    const regions = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
    const instance = new WebAssembly.Instance(module, { env: { ...imports, memory: arena.memory, regions } as WebAssembly.ModuleImports });
    this.go = instance.exports['run'] as () => number;
  }
  private host(address: number, size: number): number {
    if (address >= CODE && address + size <= CODE + CODE_BYTES) return address - CODE + MEMORY_BASE;
    if (address >= DATA && address + size <= DATA + DATA_BYTES) return address - DATA + HOST_DATA;
    return -1;
  }
  private faulted: number = 0;
  /** Instructions of the last run. */
  lastRetired = 0;
  /** Flags of the last access that took the slow path: bit 0 must be aligned, bit 1 unprivileged. */
  slowFlags = 0;
  private slow(address: number, size: number, flags: number, write = false): number {
    this.slowFlags = flags;
    if (address & (size - 1) && (flags & 1 || this.v6)) {
      this.faulted = FAULT.UNALIGNED;
      throw FAULT;
    }
    const at = this.host(address, size);
    if (at < 0 || (write && at < HOST_DATA)) {
      this.faulted = FAULT.UNMAPPED;
      throw FAULT;
    }
    return at;
  }
  /** Forgets decoded code. */
  flush(): void {
    for (let at = 0; at < CODE_BYTES; at += PAGE_SIZE) {
      const slot = (fetchTableOf(0) >> 2) + ((CODE + at) >>> 12);
      if (this.arena.i32[slot]) this.arena.freeDecodedPage(this.arena.i32[slot]!);
      this.arena.i32[slot] = 0;
    }
    this.arena.i32[S.LINE >> 2] = 1;
  }
  /** Runs `count` instructions from `registers`; the EXIT reason or a FAULT. */
  run(count: number, withFp = false): number {
    const { arena, registers } = this;
    const { u32, i32 } = arena;
    for (let i = 0; i < 15; i++) u32[(S.R >> 2) + i] = registers[i]!;
    u32[S.PC >> 2] = registers[PC]!;
    const x = registers[XPSR]!;
    u32[S.NF >> 2] = x;
    u32[S.ZF >> 2] = x & 0x40000000 ? 0 : 1;
    u32[S.CF >> 2] = (x >>> 29) & 1;
    u32[S.VF >> 2] = (x >>> 28) & 1;
    u32[S.QF >> 2] = (x >>> 27) & 1;
    u32[S.GE >> 2] = (x >>> 16) & 15;
    u32[S.IT >> 2] = 0;
    u32[S.T >> 2] = 1;
    u32[S.EXCLUSIVE_OPEN >> 2] = 0;
    u32[S.LINE >> 2] = 1;
    i32[S.BUDGET >> 2] = count;
    const retiredBefore = u32[S.RETIRED >> 2]!;
    u32[S.FP_TRAP >> 2] = 0;
    if (withFp) {
      u32.set(this.fp.subarray(0, 32), S.FP >> 2);
      u32[S.FPSCR >> 2] = this.fp[32]!;
    }
    let reason: number;
    try {
      reason = this.go();
    } catch (e) {
      if (e !== FAULT) throw e;
      reason = this.faulted;
    }
    this.lastRetired = u32[S.RETIRED >> 2]! - retiredBefore;
    for (let i = 0; i < 15; i++) registers[i] = u32[(S.R >> 2) + i]!;
    registers[PC] = u32[S.PC >> 2]!;
    registers[XPSR] =
      ((i32[S.NF >> 2]! & 0x80000000) |
        (u32[S.ZF >> 2] === 0 ? 0x40000000 : 0) |
        (u32[S.CF >> 2]! << 29) |
        (u32[S.VF >> 2]! << 28) |
        (u32[S.QF >> 2]! << 27) |
        (u32[S.GE >> 2]! << 16)) >>>
      0;
    if (withFp) {
      this.fp.set(u32.subarray(S.FP >> 2, (S.FP >> 2) + 32));
      this.fp[32] = u32[S.FPSCR >> 2]!;
    }
    return reason;
  }
}
