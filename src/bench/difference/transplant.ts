/**
 * Two states of one chip at the same instruction, of which one works: what differs, in parts, and the failing state with some parts of the working one. What is told as a
 * cause by difference is a set of such parts.
 *
 * A block is its registers, its model, its timers, the wires and clocks that it drives and its interrupt lines together: a register alone may be the face of state behind it.
 */
import type { CoreSnapshot } from '../../emu/core/core.ts';
import { S } from '../../emu/core/state.ts';
import { SPSEL } from '../../emu/core/arm/special.ts';
import { SCS } from '../../emu/core/arm/scs-state.ts';
import { clonePlain } from '../../emu/component.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { PAGE_SIZE } from '../../emu/arena.ts';
import type { Register } from '../../emu/registers.ts';
import type { Block, System, SystemState } from '../../emu/system.ts';
import { allWires, findWire, type Wire } from '../../emu/wires.ts';
import type { Session } from '../session/session.ts';
import { withVtor } from '../../emu/core/arm/scs-state.ts';
import { CORE_PARTS, SYSTICK, SYSTICK_STORES, type CorePart } from './core-parts.ts';

export type Part =
  | { readonly kind: 'core'; readonly name: string; readonly core: CorePart }
  /** `quiet`: nothing that software can read, no wire, clock or running timer differs. */
  | { readonly kind: 'block'; readonly name: string; readonly block: Block; readonly quiet: boolean }
  /** Pages of a RAM, by their offsets in it. */
  | { readonly kind: 'memory'; readonly name: string; readonly base: number; readonly pages: readonly number[] }
  /** Wires that no block drives: pins, boot selection. No firmware can change them. */
  | { readonly kind: 'board'; readonly name: string; readonly wires: readonly Wire[] };

/** A piece of a part: bits of a word of the core's page, or a register that is stored to as software would. */
export type Piece = {
  readonly name: string;
  /** The bits that are other. */
  readonly mask: number;
  /** The register's or field's own. */
  readonly whole: number;
} & ({ readonly kind: 'bits'; readonly offset: number } | { readonly kind: 'store'; readonly block: Block; readonly register: Register });
/** SysTick stopped by stores: a register of it alone leaves a count and a period that no reset leaves. */
export interface Counter {
  readonly kind: 'counter';
  readonly stores: readonly { readonly name: string; readonly address: number; readonly failing: number; readonly working: number }[];
}
const ALL_BITS = 0xffffffff;

/** The state that works, with the contents of its RAMs. Both sessions have the same chip. */
export interface Working {
  readonly session: Session;
  readonly at: Checkpoint;
}

/** A checkpoint of which everything that a part replaces is a copy. */
interface Mixed {
  readonly system: SystemState;
  readonly page: Uint8Array;
  l1: CoreSnapshot['l1'];
}

export class Transplant {
  readonly parts: readonly Part[];
  private readonly session: Session;
  private readonly failing: Checkpoint;
  private readonly working: Checkpoint;
  private readonly rams: ReadonlyMap<number, Uint8Array>;
  /** Wires that differ, by the block that drives them; those of the board by null. */
  private readonly wires: ReadonlyMap<Block | null, readonly Wire[]>;

  /** @param taken parts that may be taken over at all */
  constructor(session: Session, failing: Checkpoint, working: Working, taken: (part: Part) => boolean = () => true) {
    this.session = session;
    this.failing = failing;
    this.working = working.at;
    session.restore(failing);
    working.session.restore(working.at);
    this.wires = this.wiresBy(working.session.machine.system);
    this.rams = ramsOf(working.session);
    this.parts = [...this.coreParts(), ...this.blockParts(), ...this.memoryParts(), ...this.boardParts()].filter(taken);
  }

  // ---- what differs
  private coreParts(): Part[] {
    const { bootCore } = this.session.machine;
    const [a, b] = [this.failing, this.working].map((c) => c.cores[bootCore.index]!.page) as [Uint8Array, Uint8Array];
    // a program cannot write what its core does not have
    const parts = CORE_PARTS.filter(({ name }) => name !== 'VTOR' || withVtor(bootCore));
    return parts.filter((core) => !sameCorePart(core, a, b)).map((core) => ({ kind: 'core', name: core.name, core }));
  }
  private blockParts(): Part[] {
    const found = this.session.machine.system.blocks.flatMap((block): Part[] => {
      const seen = this.registersDiffer(block) || this.wires.has(block) || this.timersDiffer(block) || this.clocksOf(block).length > 0;
      return seen || this.modelDiffers(block) ? [{ kind: 'block', name: block.row.name, block, quiet: !seen }] : [];
    });
    return found.toSorted((a, b) => orderOf(a) - orderOf(b));
  }
  private registersDiffer(block: Block): boolean {
    const { first, count } = this.session.machine.system.partsOf(block);
    const [a, b] = [this.failing.system.registers, this.working.system.registers];
    for (let i = first; i < first + count; i++) if (a[i] !== b[i]) return true;
    return false;
  }
  private modelDiffers(block: Block): boolean {
    const { model } = this.session.machine.system.partsOf(block);
    return model >= 0 && !samePlain(this.failing.system.models[model], this.working.system.models[model]);
  }
  /** A timer that is armed in one of them alone, or for another time from now on. */
  private timersDiffer({ timerBase, component }: Block): boolean {
    const left = ({ due, now }: SystemState, slot: number): number => due[slot]! - now;
    return component.timers.some((_, i) => left(this.failing.system, timerBase + i) !== left(this.working.system, timerBase + i));
  }
  /** Clocks that a block sets and whose rates differ. */
  private clocksOf(block: Block): string[] {
    const [a, b] = [this.failing.system.clocks, this.working.system.clocks];
    const { system } = this.session.machine;
    return Object.keys(a).filter((name) => system.clockDriverOf(name) === block.row.name && !sameRate(a[name]!.rate, b[name]!.rate));
  }
  private wiresBy(other: System): ReadonlyMap<Block | null, readonly Wire[]> {
    const { system } = this.session.machine;
    const by = new Map<Block | null, Wire[]>();
    const [a, b] = [this.failing.system.wires, this.working.system.wires];
    for (const w of allWires()) {
      if ((a[w.place] ?? 0) === (b[w.place] ?? 0)) continue;
      const owner = system.driverOf(w) ?? blockLike(system.blocks, other.driverOf(w));
      by.set(owner, [...(by.get(owner) ?? []), w]);
    }
    return by;
  }
  private memoryParts(): Part[] {
    const { machine } = this.session;
    return machine.system.memories.flatMap((memory): Part[] => {
      const there = this.rams.get(memory.row.base);
      if (!there) return [];
      const here = machine.system.arena.u8.subarray(memory.host, memory.host + memory.row.size);
      const pages: number[] = [];
      for (let at = 0; at < there.length; at += PAGE_SIZE)
        if (!sameBytes(here, there, at, Math.min(at + PAGE_SIZE, there.length))) pages.push(at);
      return pages.length > 0 ? [{ kind: 'memory', name: memory.row.name, base: memory.row.base, pages }] : [];
    });
  }
  private boardParts(): Part[] {
    const wires = this.wires.get(null) ?? [];
    return wires.length > 0 ? [{ kind: 'board', name: 'board', wires }] : [];
  }

  // ---- smaller than a part
  /** Words and registers of a part that differ; none where it has no such. */
  pieces(part: Part): readonly Piece[] {
    if (part.kind === 'core') return this.corePieces(part.core);
    return part.kind === 'block' ? this.registerPieces(part.block) : [];
  }
  /** Its value is written always: a reader of the registers does not see how it stood. */
  counter(): Counter {
    const [a, b] = this.pages().map((page) => new Uint32Array(page.buffer)) as [Uint32Array, Uint32Array];
    const all = SYSTICK_STORES.map(({ name, address, offset, mask }) => ({
      name,
      address,
      failing: a[offset >> 2]! & mask,
      working: b[offset >> 2]! & mask,
    }));
    return { kind: 'counter', stores: all.filter(({ name, failing, working }) => name === 'SYST_CVR' || failing !== working) };
  }
  private corePieces({ registers }: CorePart): Piece[] {
    const [a, b] = this.pages().map((page) => new Uint32Array(page.buffer)) as [Uint32Array, Uint32Array];
    return registers.flatMap(([name, offset]): Piece[] => {
      const mask = (a[stackWord(a, offset) >> 2]! ^ b[stackWord(b, offset) >> 2]!) >>> 0;
      return mask === 0 ? [] : [{ kind: 'bits', name, offset, mask, whole: ALL_BITS }];
    });
  }
  /** Both pages of the boot core, that of the failing state first. */
  private pages(): readonly [Uint8Array, Uint8Array] {
    const { index } = this.session.machine.bootCore;
    return [this.failing.cores[index]!.page, this.working.cores[index]!.page];
  }
  private registerPieces(block: Block): Piece[] {
    const { first } = this.session.machine.system.partsOf(block);
    const [a, b] = [this.failing.system.registers, this.working.system.registers];
    return block.layout.registers.flatMap((register): Piece[] => {
      const mask = (a[first + register.index]! ^ b[first + register.index]!) >>> 0;
      return mask === 0 ? [] : [{ kind: 'store', name: `${block.row.name}.${register.name}`, block, register, mask, whole: ALL_BITS }];
    });
  }
  /** What a piece is in the failing state and in the working one. */
  values(piece: Piece): readonly [failing: number, working: number] {
    if (piece.kind === 'bits') {
      const [a, b] = this.pages().map((page) => new Uint32Array(page.buffer)) as [Uint32Array, Uint32Array];
      return [a[stackWord(a, piece.offset) >> 2]!, b[stackWord(b, piece.offset) >> 2]!];
    }
    const at = this.session.machine.system.partsOf(piece.block).first + piece.register.index;
    return [this.failing.system.registers[at]!, this.working.system.registers[at]!];
  }

  // ---- putting some in
  /** The session is then in the failing state, with these parts and pieces as in the working one. */
  apply(parts: readonly Part[], pieces: readonly (Piece | Counter)[] = []): void {
    const { session, failing } = this;
    const { index } = session.machine.bootCore;
    const core = failing.cores[index]!;
    const { system } = failing;
    const mixed: Mixed = {
      system: {
        ...system,
        registers: system.registers.slice(),
        models: [...system.models],
        wires: system.wires.slice(),
        due: system.due.slice(),
      },
      page: core.page.slice(),
      l1: core.l1,
    };
    for (const part of parts)
      if (part.kind === 'core') this.putCore(part.core, mixed);
      else if (part.kind === 'block') this.putBlock(part.block, mixed);
      else if (part.kind === 'board') this.putWires(part.wires, mixed);
    for (const piece of pieces) if (piece.kind === 'bits') this.putBits(piece, mixed);
    const cores = failing.cores.map((c, i) => (i === index ? { ...c, page: mixed.page, l1: mixed.l1 } : c));
    session.restore({ ...failing, system: mixed.system, cores });
    if (parts.some(({ kind }) => kind === 'block' || kind === 'board')) session.machine.wiresReplaced();
    for (const part of parts)
      if (part.kind === 'block') this.putClocks(part.block);
      else if (part.kind === 'memory') this.putPages(part.base, part.pages);
    for (const piece of pieces) if (piece.kind !== 'bits') this.store(piece);
  }
  private putBits(piece: Piece & { readonly kind: 'bits' }, mixed: Mixed): void {
    const [, there] = this.values(piece);
    const words = new Uint32Array(mixed.page.buffer);
    const at = stackWord(words, piece.offset) >> 2;
    const now = (words[at]! & ~piece.mask) | (there & piece.mask);
    if (piece.offset === S.CONTROL && ((now ^ words[at]!) & SPSEL) !== 0) exchangeStacks(words);
    words[at] = now;
  }
  private store(piece: (Piece & { readonly kind: 'store' }) | Counter): void {
    const { system, bootCore } = this.session.machine;
    if (piece.kind === 'counter') {
      for (const { address, working } of piece.stores) bootCore.write(address, 4, working, true);
      return;
    }
    const [here, there] = this.values(piece);
    const { row } = piece.block;
    system.now = bootCore.now();
    system.write(row.base + piece.register.offset, piece.register.size, ((here & ~piece.mask) | (there & piece.mask)) >>> 0);
  }
  private putCore(part: CorePart, mixed: Mixed): void {
    const { session, failing, working } = this;
    const core = session.machine.bootCore;
    const there = working.cores[core.index]!;
    for (const [offset, length] of part.pieces) mixed.page.set(there.page.subarray(offset, offset + length), offset);
    if (part.name === 'CCR') mixed.l1 = there.l1;
    if (part.name !== SYSTICK) return;
    // it counts on from the same value
    const floats = new Float64Array(mixed.page.buffer, mixed.page.byteOffset, mixed.page.length >> 3);
    floats[SCS.SYST_ANCHOR >> 3]! += cyclesOf(failing.cores[core.index]!) - cyclesOf(there);
    mixed.system.due[core.sysTickSlot] = working.system.due[core.sysTickSlot]! - working.system.now + failing.system.now;
  }
  private putBlock(block: Block, mixed: Mixed): void {
    const { working, failing, session } = this;
    const { first, count, model } = session.machine.system.partsOf(block);
    mixed.system.registers.set(working.system.registers.subarray(first, first + count), first);
    if (model >= 0) mixed.system.models[model] = clonePlain(working.system.models[model]!);
    this.putWires(this.wires.get(block) ?? [], mixed);
    block.component.timers.forEach((_, i) => {
      const slot = block.timerBase + i;
      mixed.system.due[slot] = working.system.due[slot]! - working.system.now + failing.system.now;
    });
    for (const line of new Set(block.row.irqs)) this.putLine(line, mixed);
  }
  private putWires(wires: readonly Wire[], mixed: Mixed): void {
    for (const w of wires) if (w.place < mixed.system.wires.length) mixed.system.wires[w.place] = this.working.system.wires[w.place] ?? 0;
  }
  /** The level of a line that several blocks drive is that of all of them. */
  private putLine(line: number, mixed: Mixed): void {
    const { machine } = this.session;
    const { index } = machine.bootCore;
    const sharers = machine.chip.blocks.filter((row) => row.irqs?.includes(line)).map((row) => findWire(`irq.${line}.${row.name}`));
    const isUp = (w: Wire | undefined): boolean => w !== undefined && mixed.system.wires[w.place] === 1;
    const [at, bit] = [(S.NVIC_LEVEL >> 2) + (line >>> 5), 1 << (line & 31)];
    const there = new Uint32Array(this.working.cores[index]!.page.buffer)[at]!;
    const up = sharers.length > 1 ? sharers.some(isUp) : (there & bit) !== 0;
    const words = new Uint32Array(mixed.page.buffer);
    words[at] = up ? words[at]! | bit : words[at]! & ~bit;
  }
  /** Those who follow a clock are told that it is another. */
  private putClocks(block: Block): void {
    const { system } = this.session.machine;
    for (const name of this.clocksOf(block)) system.setClock(name, this.working.system.clocks[name]!.rate);
  }
  private putPages(base: number, pages: readonly number[]): void {
    const there = this.rams.get(base)!;
    for (const at of pages) this.session.machine.replace(base + at, there.subarray(at, Math.min(at + PAGE_SIZE, there.length)));
  }
}

/** Blocks of the clocks, supplies and USB before timers, DMA and watchdogs, these before all others; what nobody can see last. */
const FIRST = [/^(RCC|PWR|FLASH|SYSCFG|SBS|AFIO|USB|OTG|CRS)/, /^(TIM|LPTIM|G?P?DMA|[IW]WDG|EXTI|RTC|ADC|USART|UART)/];
function orderOf(part: Part): number {
  const place = FIRST.findIndex((names) => names.test(part.name));
  return (place < 0 ? FIRST.length : place) + (part.kind === 'block' && part.quiet ? FIRST.length + 1 : 0);
}

const cyclesOf = (core: CoreSnapshot): number => core.cycleTarget - (new Int32Array(core.page.buffer)[S.BUDGET >> 2]! | 0);
const blockLike = (blocks: readonly Block[], other: Block | null): Block | null => (other === null ? null : blocks[other.index]!);

function ramsOf({ machine: { system } }: Session): Map<number, Uint8Array> {
  const rams = new Map<number, Uint8Array>();
  for (const { row, host } of system.memories) if (row.kind === 'ram') rams.set(row.base, system.arena.u8.slice(host, host + row.size));
  return rams;
}

/** Where a stack pointer is: the one in use is the core's SP. */
function stackWord(words: Uint32Array, offset: number): number {
  const usesPsp = (words[S.CONTROL >> 2]! & SPSEL) !== 0;
  if (offset === S.MSP) return usesPsp ? S.MSP : S.SP;
  return offset === S.PSP && usesPsp ? S.SP : offset;
}
/** SPSEL is about to change: the pointer in use becomes the banked one, and the other one is used. */
function exchangeStacks(words: Uint32Array): void {
  const [used, other] = (words[S.CONTROL >> 2]! & SPSEL) !== 0 ? [S.PSP, S.MSP] : [S.MSP, S.PSP];
  words[used >> 2] = words[S.SP >> 2]!;
  words[S.SP >> 2] = words[other >> 2]!;
}

function sameCorePart(part: CorePart, a: Uint8Array, b: Uint8Array): boolean {
  // a counter that stands differs by history alone
  const stands = part.name === SYSTICK && ((a[SCS.SYST_CSR]! | b[SCS.SYST_CSR]!) & 1) === 0;
  const pieces = stands ? part.pieces.filter(([offset]) => offset !== SCS.SYST_ANCHOR) : part.pieces;
  return pieces.every(([offset, length]) => sameBytes(a, b, offset, offset + length));
}
function sameBytes(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (a[i] !== b[i]) return false;
  return true;
}
const sameRate = (a: SystemState['clocks'][string]['rate'], b: SystemState['clocks'][string]['rate']): boolean =>
  a === b || (a !== null && b !== null && a.num * b.den === b.num * a.den);

/** Plain data, typed arrays included. */
function samePlain(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [x, y] = [Object.entries(a), Object.entries(b)];
  return x.length === y.length && x.every(([key, value]) => samePlain(value, (b as Record<string, unknown>)[key]));
}
