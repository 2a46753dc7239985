/**
 * Unicorn as the engine of a core: straight code runs there, on the core's own memory. What it cannot do is done by the core itself, one
 * instruction at a time: accesses to peripherals, everything that faults, system and floating-point instructions, exclusives, exception entry and return, code behind
 * an MPU. There are no cycles: each instruction counts one.
 *
 *   run: block at pc = instructions up to a branch or to one for the core itself
 *        no block: one instruction by the core
 *        else emu_start(pc, count); a fault inside: registers as the hook saw them, then one instruction by the core
 */
import { PAGE_SIZE } from '../arena.ts';
import type { Instruction } from '../core/decode.ts';
import type { CpuEngine, EngineHost } from '../core/engine.ts';
import { OPS } from '../core/rows.ts';
import { EXIT, S } from '../core/state.ts';
import type { Region } from '../system.ts';
import {
  check,
  CPSR_THUMB,
  CTL_TB_FLUSH,
  FLAGS_MASK,
  HOOK_MEM_INVALID,
  openUnicorn,
  REG_CPSR,
  REG_IDS,
  REG_XPSR,
  UC,
  unicornLibrary,
  type Library,
} from './libunicorn.ts';

const READ_EXECUTE = 5;
const ALL = 7;
const NOWHERE = 0xffff_fff0;
const MOST = 64;

interface Block {
  readonly count: number;
  /** Addresses of its instructions: how many ran before a fault. */
  readonly starts: readonly number[];
}
const NO_BLOCK: Block = { count: 0, starts: [] };

const ends = (ins: Instruction): boolean => {
  const t = OPS.get(ins.decoded.op)!.timing;
  return t === 'branch' || t === 'branch-cond' || t === 'call' || t === 'compare-branch' || t === 'table-branch';
};
const ITS_OWN = new Set(['UDF', 'SDIV', 'UDIV']);

export class UnicornEngine implements CpuEngine {
  readonly name = 'unicorn';
  private readonly host: EngineHost;
  private readonly lib: Library;
  private uc: unknown = null;
  private stale = true;
  private mapped: readonly Region[] | null = null;
  private watchedThen = '';
  private readonly word = new Uint32Array(1);
  private readonly blocks = new Map<number, Block>();
  private readonly ram: { host: number; bytes: number }[] = [];
  private flush = false;
  private unmarked = true;
  /** Registers as they were before the access that failed. */
  private readonly before = new Uint32Array(17);
  private faulted = false;
  private readonly hook: unknown;

  constructor(host: EngineHost) {
    this.host = host;
    this.lib = unicornLibrary();
    this.hook = this.lib.callback(() => {
      if (!this.faulted) this.readAll(this.before);
      this.faulted = true;
      return false;
    });
  }
  codeChanged(bytes: boolean): void {
    this.blocks.clear();
    if (bytes) this.flush = true;
  }
  checkpointTaken(): void {
    this.unmarked = true;
  }
  mappingChanged(): void {
    this.stale = true;
  }
  /** Tables are flushed far more often than memory really moves. */
  private refresh(): void {
    this.stale = false;
    const regions = this.host.regions();
    const watched = [...this.host.watchedPages()].sort((a, b) => a - b).join();
    if (this.uc !== null && regions === this.mapped && watched === this.watchedThen) return;
    if (this.uc !== null) this.lib.close(this.uc);
    this.mapped = regions;
    this.watchedThen = watched;
    this.open();
  }
  private open(): void {
    const { lib, host } = this;
    this.blocks.clear();
    this.ram.length = 0;
    this.uc = openUnicorn(lib, host.profile);
    this.unmarked = true;
    const watched = host.watchedPages();
    for (const r of host.regions()) {
      if (!r.memory || r.memory.row.guardedBy) continue;
      const delta = r.memory.host - r.base;
      const writable = r.memory.row.kind === 'ram';
      const from = Math.ceil(r.base / PAGE_SIZE) * PAGE_SIZE;
      const to = Math.floor(r.end / PAGE_SIZE) * PAGE_SIZE;
      for (let at = from; at < to;) {
        let end = at;
        while (end < to && !watched.has(end / PAGE_SIZE)) end += PAGE_SIZE;
        if (end > at) {
          const bytes = host.arena.u8.subarray(at + delta, end + delta);
          check(lib.mapPtr(this.uc, at, end - at, writable ? ALL : READ_EXECUTE, bytes), 'uc_mem_map_ptr');
          if (writable) this.ram.push({ host: at + delta, bytes: end - at });
        }
        at = end + PAGE_SIZE;
      }
    }
    const handle: unknown[] = [0];
    check(lib.hookAdd(this.uc, handle, HOOK_MEM_INVALID, this.hook, null, 1, 0), 'uc_hook_add');
  }
  private readAll(into: Uint32Array): void {
    for (let i = 0; i < 16; i++) {
      this.lib.regRead(this.uc, REG_IDS[i]!, this.word);
      into[i] = this.word[0]!;
    }
    this.lib.regRead(this.uc, REG_XPSR, this.word);
    into[16] = this.word[0]!;
  }
  private load(): void {
    const { host, lib, word, uc } = this;
    for (let i = 0; i < 15; i++) {
      word[0] = host.get(S.R + 4 * i);
      lib.regWrite(uc, REG_IDS[i]!, word);
    }
    const flags =
      (host.get(S.NF) & 0x80000000) |
      (host.get(S.ZF) === 0 ? 0x40000000 : 0) |
      (host.get(S.CF) << 29) |
      (host.get(S.VF) << 28) |
      (host.get(S.QF) << 27) |
      (host.get(S.GE) << 16);
    word[0] = ((flags & FLAGS_MASK) | CPSR_THUMB) >>> 0;
    lib.regWrite(uc, REG_CPSR, word);
  }
  private store(from: Uint32Array): void {
    const { host } = this;
    for (let i = 0; i < 15; i++) host.set(S.R + 4 * i, i === 13 ? from[i]! & ~3 : from[i]!);
    const x = from[16]!;
    host.set(S.NF, x);
    host.set(S.ZF, x & 0x40000000 ? 0 : 1);
    host.set(S.CF, (x >>> 29) & 1);
    host.set(S.VF, (x >>> 28) & 1);
    host.set(S.QF, (x >>> 27) & 1);
    host.set(S.GE, (x >>> 16) & 15);
    host.set(S.PC, from[15]!);
  }

  /** Instructions at `pc` that Unicorn may run in one go. */
  private blockAt(pc: number): Block {
    const known = this.blocks.get(pc);
    if (known) return known;
    const starts: number[] = [];
    let at = pc;
    let ended = false;
    while (!ended && starts.length < MOST && this.host.plainAt(at)) {
      const ins = this.host.instructionAt(at);
      if (!ins) break;
      const op = OPS.get(ins.decoded.op)!;
      // branches to a register may be exception returns or clear T; an IT block is one thing: Unicorn must not stop inside it
      if (
        op.system ||
        op.fp ||
        op.timing === 'branch-reg' ||
        op.name === 'BLX' ||
        /_pc$/.test(op.name) ||
        op.timing === 'exclusive' ||
        op.timing === 'it' ||
        ITS_OWN.has(op.name)
      )
        break;
      starts.push(at);
      ended = ends(ins);
      at += ins.size;
    }
    const block = starts.length === 0 ? NO_BLOCK : { count: starts.length, starts };
    // code in RAM may be rewritten by code that runs here
    if (this.host.regions().some((r) => r.memory && r.memory.row.kind !== 'ram' && pc >= r.base && pc < r.end)) this.blocks.set(pc, block);
    return block;
  }

  run(): number {
    const { host, lib } = this;
    if (!host.plainAccesses() || host.get(S.IT) !== 0 || host.get(S.SPLIM) !== 0) return host.runOwn();
    if (this.stale) this.refresh();
    if (this.unmarked) {
      this.unmarked = false;
      for (const r of this.ram) host.ramWillChange(r.host, r.bytes);
    }
    if (this.flush) {
      this.flush = false;
      check(lib.ctl0(this.uc, CTL_TB_FLUSH), 'uc_ctl flush');
    }
    let pc = host.get(S.PC);
    let budget = host.get(S.BUDGET) | 0;
    let block = this.blockAt(pc);
    if (block.count === 0) return host.runOwn();
    this.load();
    let retired = 0;
    while (budget > 0 && block.count > 0) {
      this.faulted = false;
      const count = Math.min(block.count, budget);
      const outcome = lib.start(this.uc, pc | 1, NOWHERE, 0, count);
      lib.regRead(this.uc, REG_IDS[15]!, this.word);
      pc = this.word[0]!;
      if (outcome !== UC.OK) {
        // a branch to where nothing can be fetched has been made: its target faults when the core gets there
        if (outcome === UC.FETCH_UNMAPPED || outcome === UC.FETCH_PROT) {
          this.faulted = false;
          retired += count;
          budget -= count;
        } else {
          const done = Math.max(0, block.starts.indexOf(this.faulted ? this.before[15]! : pc));
          retired += done;
          budget -= done;
        }
        break;
      }
      retired += count;
      budget -= count;
      block = this.blockAt(pc);
    }
    if (!this.faulted) this.readAll(this.before);
    this.store(this.before);
    host.set(S.RETIRED, host.get(S.RETIRED) + retired);
    host.set(S.BUDGET, budget);
    return budget <= 0 ? EXIT.BUDGET : host.runOwn();
  }
}
/** What a run says about itself. */
export const UNICORN_NOTES: readonly string[] = [
  'straight code ran on Unicorn; peripherals, faults, exceptions, system, floating-point and division instructions, exclusives, IT blocks, returns and code behind an MPU or stack limit were executed by bootbench',
  'Unicorn has no cycles: every instruction that ran there counted as one, words that it read before they were written were not counted, and time between events follows from that',
];
