/**
 * What an iteration of a loop changes and puts back: words of RAM and outputs of blocks. A steady loop may do so if nobody looks in between: the blocks that follow those
 * wires ignore them, and nobody outside of the chip hears them. Nothing else of the machine can see the RAM of a core that runs alone before the next event.
 */
import equal from 'fast-deep-equal/es6/index.js';
import type { PutBack } from '../core/core-types.ts';
import type { Block, System } from '../system.ts';
import type { Wire } from '../wires.ts';

/** A block, as it is at the start of each iteration. */
interface AtStart {
  readonly block: Block;
  readonly regs: Uint32Array;
  readonly model: object;
  /** Of the wires that it follows. */
  readonly levels: readonly number[];
}
const levelsOf = (system: System, { component }: Block): number[] => component.wires.map((w) => system.level(w));
const asItIs = (system: System, block: Block): AtStart => ({
  block,
  regs: block.state.regs.slice(),
  model: structuredClone(block.state.model),
  levels: levelsOf(system, block),
});
function isAsAtStart(system: System, { block, regs, model, levels }: AtStart): boolean {
  const now = block.state.regs;
  for (let i = 0; i < regs.length; i++) if (now[i] !== regs[i]) return false;
  return equal(block.state.model, model) && block.component.wires.every((w, i) => system.level(w) === levels[i]);
}

/** What a loop changes in an iteration. */
export interface Turned {
  readonly blocks: readonly AtStart[];
  readonly wires: readonly Wire[];
  /** Aligned words of RAM: addresses. */
  readonly words: readonly number[];
}
/** Nobody outside of the chip hears a wire. */
export type Unheard = (w: Wire) => boolean;

/** Effort: words that a round changes; who changes more computes. */
const MOST_WORDS = 48;

/** What has been changed since an iteration began. */
export class Turns implements PutBack {
  private readonly blocks = new Map<Block, AtStart>();
  private readonly wires = new Set<Wire>();
  private readonly words = new Map<number, number>();
  private readonly system: System;
  private readonly unheard: Unheard;

  constructor(system: System, unheard: Unheard) {
    this.system = system;
    this.unheard = unheard;
  }
  begin(): void {
    this.blocks.clear();
    this.wires.clear();
    this.words.clear();
  }
  store(address: number, value: number): boolean {
    if (this.words.has(address)) return true;
    if (this.words.size === MOST_WORDS) return false;
    this.words.set(address, value);
    return true;
  }
  write(block: Block, offset: number, size: number, value: number): boolean {
    const wires = block.component.turns(block.state, block.env, offset, size, value);
    if (wires === null || !wires.every((w) => isIgnored(this.system, this.unheard, w))) return false;
    if (!this.blocks.has(block)) this.blocks.set(block, asItIs(this.system, block));
    for (const w of wires) this.wires.add(w);
    return true;
  }
  /** All of it is as it was when the iteration began. */
  isBack(peek: (address: number) => number): boolean {
    for (const [address, value] of this.words) if (peek(address) !== value) return false;
    return this.outputsAreBack();
  }
  outputsAreBack(): boolean {
    for (const block of this.blocks.values()) if (!isAsAtStart(this.system, block)) return false;
    return true;
  }
  /** For a loop at whose start the core stands; null if it changes nothing. */
  found(): Turned | null {
    if (this.blocks.size === 0 && this.words.size === 0) return null;
    return { blocks: [...this.blocks.keys()].map((b) => asItIs(this.system, b)), wires: [...this.wires], words: [...this.words.keys()] };
  }
}
const isIgnored = (system: System, unheard: Unheard, w: Wire): boolean =>
  unheard(w) && system.followersOf(w).every((b) => b.component.ignores(b.state, b.env, w));

/** The blocks are as at the start of an iteration, and nobody looks at what it does to them. RAM is compared with what the loop reads. */
export const turnsAsFound = (system: System, unheard: Unheard, { blocks, wires }: Turned): boolean =>
  blocks.every((b) => system.isClocked(b.block) && isAsAtStart(system, b)) && wires.every((w) => isIgnored(system, unheard, w));
