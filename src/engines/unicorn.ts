/**
 * Unicorn as the engine of a core: straight code runs there, on the core's own memory. What it cannot do is done by the core itself, one
 * instruction at a time: accesses to peripherals, everything that faults, system and floating-point instructions, exclusives, exception entry and return, code behind
 * an MPU. There are no cycles: each instruction counts one.
 *
 *   run: block at pc = instructions up to a branch or to one for the core itself
 *        no block: one instruction by the core
 *        else emu_start(pc, count); a fault inside: registers as the hook saw them, then one instruction by the core
 */
import { PAGE_BITS, PAGE_SIZE } from '../emu/arena.ts';
import type { Instruction } from '../emu/core/decode.ts';
import type { CpuEngine, EngineHost } from '../emu/core/engine.ts';
import { EXIT, S } from '../emu/core/state.ts';
import type { Region } from '../emu/system.ts';
import { flowOf } from '../emu/core/translate/flow.ts';
import {
  CPSR_THUMB,
  FLAGS_MASK,
  notesInUse,
  NOWHERE,
  PROT,
  REG_CPSR,
  REG_IDS,
  REG_PC,
  REG_XPSR,
  UC,
  unicornInUse,
  type UnicornBinding,
  type UnicornCore,
} from './unicorn-api.ts';

const MOST = 64;
const PC_ONLY = [REG_PC];
const READ_IDS = [...REG_IDS, REG_XPSR];
const WRITE_IDS = [...REG_IDS.slice(0, 15), REG_CPSR];

interface Block {
  readonly count: number;
  /** Addresses of its instructions: how many ran before a fault. */
  readonly starts: readonly number[];
  /** Where translation has to stop, NOWHERE = at the next branch. */
  readonly until: number;
}
const NO_BLOCK: Block = { count: 0, starts: [], until: NOWHERE };

const ends = (ins: Instruction): boolean => {
  const t = ins.def.timing;
  return t === 'branch' || t === 'branch-cond' || t === 'call' || t === 'compare-branch' || t === 'table-branch';
};
/** What is translated ends with it. */
const endsTranslation = (ins: Instruction): boolean => {
  const { name, timing } = ins.def;
  return ends(ins) || timing === 'branch-reg' || name === 'BLX' || /_pc$/.test(name);
};
const ITS_OWN = new Set(['UDF', 'SDIV', 'UDIV']);
/** Branches to a register may be exception returns or clear T; an IT block is one thing: Unicorn must not stop inside it. */
const staysHere = ({ def: op }: Instruction): boolean =>
  op.system ||
  op.fp ||
  ['branch-reg', 'exclusive', 'it'].includes(op.timing) ||
  op.name === 'BLX' ||
  /_pc$/.test(op.name) ||
  ITS_OWN.has(op.name);

export class UnicornEngine implements CpuEngine {
  readonly name = 'unicorn';
  private readonly host: EngineHost;
  private readonly binding: UnicornBinding;
  private core: UnicornCore | null = null;
  private stale = true;
  private mapped: readonly Region[] | null = null;
  private watchedThen = '';
  private readonly one = new Uint32Array(1);
  private readonly blocks = new Map<number, Block>();
  private readonly shortFrom = new Map<number, boolean>();
  private readonly ram: { host: number; bytes: number }[] = [];
  /** Pages of the arena whose bytes may have changed. */
  private readonly changed = new Set<number>();
  private unmarked = true;
  private readonly loaded = new Uint32Array(WRITE_IDS.length);
  /** Registers as they were before the access that failed. */
  private readonly before = new Uint32Array(READ_IDS.length);
  private faulted = false;
  private region: Region | null = null;
  private regionsThen: readonly Region[] | null = null;
  /** Code in RAM that the core has run itself: two instructions of four bytes, as they were. */
  private readonly ownCode = new Map<number, string>();

  constructor(host: EngineHost, binding: UnicornBinding = unicornInUse()) {
    this.host = host;
    this.binding = binding;
  }
  codeChanged(host: number, bytes: number): void {
    this.blocks.clear();
    this.shortFrom.clear();
    if (bytes === 0) return;
    const last = (host + bytes - 1) >>> PAGE_BITS;
    for (let page = host >>> PAGE_BITS; page <= last; page++) this.changed.add(page);
  }
  checkpointTaken(): void {
    this.unmarked = true;
  }
  mappingChanged(): void {
    this.stale = true;
  }
  release(): void {
    this.core?.close();
    this.core = null;
  }
  /** Tables are flushed far more often than memory really moves. */
  private ready(): UnicornCore {
    if (this.core !== null && !this.stale) return this.core;
    this.stale = false;
    const regions = this.host.regions();
    const watched = [...this.host.watchedPages()].sort((a, b) => a - b).join();
    if (this.core !== null && regions === this.mapped && watched === this.watchedThen) return this.core;
    this.release();
    this.mapped = regions;
    this.watchedThen = watched;
    return (this.core = this.open());
  }
  private open(): UnicornCore {
    const { host, binding } = this;
    this.blocks.clear();
    this.shortFrom.clear();
    this.ram.length = 0;
    this.changed.clear();
    const core = binding.open(host.profile);
    this.unmarked = true;
    const watched = host.watchedPages();
    for (const r of host.regions()) {
      if (!r.memory || r.memory.guarded || r.memory.row.gate) continue;
      const delta = r.memory.host - r.base;
      const writable = r.memory.row.kind === 'ram';
      const from = Math.ceil(r.base / PAGE_SIZE) * PAGE_SIZE;
      const to = Math.floor(r.end / PAGE_SIZE) * PAGE_SIZE;
      for (let at = from; at < to;) {
        let end = at;
        while (end < to && !watched.has(end / PAGE_SIZE)) end += PAGE_SIZE;
        if (end > at) {
          const perms = !writable ? PROT.READ | PROT.EXEC : binding.runsRam ? PROT.ALL : PROT.READ | PROT.WRITE;
          core.share(at, host.arena.u8.subarray(at + delta, end + delta), perms);
          if (writable) this.ram.push({ host: at + delta, bytes: end - at });
        }
        at = end + PAGE_SIZE;
      }
    }
    core.onInvalid(() => {
      if (!this.faulted) core.registers(READ_IDS, this.before);
      this.faulted = true;
    });
    return core;
  }
  private load(core: UnicornCore): void {
    const { host, loaded } = this;
    for (let i = 0; i < 15; i++) loaded[i] = host.get(S.R + 4 * i);
    const flags =
      (host.get(S.NF) & 0x80000000) |
      (host.get(S.ZF) === 0 ? 0x40000000 : 0) |
      (host.get(S.CF) << 29) |
      (host.get(S.VF) << 28) |
      (host.get(S.QF) << 27) |
      (host.get(S.GE) << 16);
    loaded[15] = (flags & FLAGS_MASK) | CPSR_THUMB;
    core.setRegisters(WRITE_IDS, loaded);
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
    const fixed = this.cannotBeWritten(pc);
    const block = fixed || this.binding.runsRam ? this.newBlock(pc) : NO_BLOCK;
    // code in RAM may be rewritten by code that runs here
    if (fixed) this.blocks.set(pc, block);
    return block;
  }
  private memoryAt(address: number): Region | null {
    const { region } = this;
    if (region && address >= region.base && address < region.end && this.regionsThen === this.host.regions()) return region;
    this.regionsThen = this.host.regions();
    return (this.region = this.regionsThen.find((r) => r.memory && address >= r.base && address < r.end) ?? null);
  }
  private cannotBeWritten(pc: number): boolean {
    const memory = this.memoryAt(pc)?.memory;
    return memory !== undefined && memory !== null && memory.row.kind !== 'ram';
  }
  /** One instruction by the core. Of what Unicorn writes into code that the core has decoded, it hears here. */
  private own(): number {
    const { host } = this;
    const pc = host.get(S.PC);
    const region = this.memoryAt(pc);
    if (region?.memory?.row.kind === 'ram' && pc + 8 <= region.end) {
      const at = region.memory.host + pc - region.base;
      const { u16 } = host.arena;
      const bytes = [0, 1, 2, 3].map((i) => u16[(at >> 1) + i]).join();
      const then = this.ownCode.get(pc);
      if (then !== undefined && then !== bytes) host.ramWillChange(at, 8);
      this.ownCode.set(pc, bytes);
    }
    return host.runOwn();
  }
  /** Instructions of a block that are done where Unicorn stopped. */
  private doneOf({ starts }: Block, count: number, outcome: number, pc: number): number {
    if (outcome === UC.OK) return count;
    // a branch to where nothing can be fetched has been made: its target faults when the core gets there
    if (outcome === UC.FETCH_UNMAPPED || outcome === UC.FETCH_PROT) {
      this.faulted = false;
      return count;
    }
    return Math.max(0, starts.indexOf(this.faulted ? this.before[15]! : pc));
  }
  private newBlock(pc: number): Block {
    const { host, binding } = this;
    const most = Math.min(MOST, binding.longestBlock);
    const starts: number[] = [];
    let at = pc;
    let last: Instruction | null = null;
    while (!(last && ends(last)) && starts.length < most && host.plainAt(at)) {
      const ins = host.instructionAt(at);
      if (!ins) break;
      if (staysHere(ins)) break;
      starts.push(at);
      last = ins;
      at += ins.size;
    }
    let until = NOWHERE;
    if (binding.longestBlock !== Infinity) {
      // where the last branch leads is translated before the count stops it
      if (last && ends(last) && !this.leadsToShort(last, at - last.size)) at = starts.pop()!;
      if (!this.isShort(pc)) until = at;
    }
    return starts.length === 0 ? NO_BLOCK : { count: starts.length, starts, until };
  }
  private leadsToShort(branch: Instruction, at: number): boolean {
    const { targets, dynamic, falls } = flowOf(branch, at, this.host.profile, false);
    return !dynamic && targets.every((to) => this.isShort(to)) && (!falls || this.isShort(at + branch.size));
  }
  /** What Unicorn translates at `pc` ends before it is too long. */
  private isShort(pc: number): boolean {
    let short = this.shortFrom.get(pc);
    if (short !== undefined) return short;
    short = false;
    if (this.cannotBeWritten(pc)) {
      let at = pc;
      for (let n = 0; n < this.binding.longestBlock && !short; n++) {
        const ins = this.host.instructionAt(at);
        if (!ins) break;
        short = endsTranslation(ins);
        at += ins.size;
      }
    }
    this.shortFrom.set(pc, short);
    return short;
  }

  run(): number {
    const { host } = this;
    if (!host.plainAccesses() || host.get(S.IT) !== 0 || host.get(S.SPLIM) !== 0) return this.own();
    const core = this.ready();
    if (this.unmarked) {
      this.unmarked = false;
      for (const r of this.ram) host.ramWillChange(r.host, r.bytes);
    }
    if (this.changed.size > 0) {
      core.codeChanged(this.changed);
      this.changed.clear();
    }
    let pc = host.get(S.PC);
    let budget = host.get(S.BUDGET) | 0;
    let block = this.blockAt(pc);
    if (block.count === 0) return this.own();
    this.load(core);
    let retired = 0;
    while (budget > 0 && block.count > 0) {
      this.faulted = false;
      const count = Math.min(block.count, budget);
      const outcome = core.start(pc, block.until, count);
      core.registers(PC_ONLY, this.one);
      pc = this.one[0]!;
      const done = this.doneOf(block, count, outcome, pc);
      retired += done;
      budget -= done;
      if (outcome !== UC.OK) break;
      block = this.blockAt(pc);
    }
    if (!this.faulted) core.registers(READ_IDS, this.before);
    this.store(this.before);
    host.set(S.RETIRED, host.get(S.RETIRED) + retired);
    host.set(S.BUDGET, budget);
    return budget <= 0 ? EXIT.BUDGET : this.own();
  }
}
/** What a run says about itself, with any Unicorn. */
const NOTES: readonly string[] = [
  'straight code ran on Unicorn; peripherals, faults, exceptions, system, floating-point and division instructions, exclusives, IT blocks, returns and code behind an MPU or stack limit were executed by bootbench',
  'Unicorn has no cycles: every instruction that ran there counted as one, words that it read before they were written were not counted, and time between events follows from that',
];
export const unicornNotes = (): readonly string[] => [...NOTES, ...notesInUse()];
