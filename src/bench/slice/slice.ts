/**
 * Backward slice of a value: which instructions made it, one after the other, back to a constant, a register of the chip or memory that nobody
 * wrote. It goes back through loads and stores, over resets and images; where a stretch does not hold the instruction that wrote a word, the run is
 * repeated with a watch on that word.
 */
import { isState, type DataFlow, type Place, type Places } from '../../emu/proofs/data-flow.ts';
import type { Core } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { US, type Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import type { Master, MasterWrite } from './masters.ts';
import { lastStore } from './stores.ts';
import { checkpointBefore, cyclesTime, heldIn, holds, record, runTo, type Step, type Window } from './window.ts';
import { imageAt } from '../../image/image.ts';

/** Core cycles of the first stretch that is looked at, and of the longer one if that did not reach far enough. */
const SPANS = [6_000, 60_000];
const MOST_STEPS = 60_000;
/** Instructions of one chain that are told, and stretches that are looked at for it. */
const MOST_LINKS = 24;
const MOST_STRETCHES = 4;

export type How = 'loaded' | 'stored' | 'computed' | 'moved' | 'constant' | 'stacked' | 'unstacked';
/** One instruction on the way of a value. */
export interface Link {
  readonly pc: number;
  readonly at: Ps;
  readonly core: number;
  readonly how: How;
  /** What the value was behind it; null where it is not one word any more. */
  readonly value: number | null;
  /** Memory that it was loaded from or stored to. */
  readonly address: number | null;
  /** It lies on the stack that was in use. */
  readonly onStack: boolean;
  /** SP in front of it; null where it is not known. */
  readonly sp: number | null;
}

/** Where a value begins. */
export type Origin =
  /** In the instructions themselves, or (`address`) a word of the image; the earliest of several that the value was computed of has no address. */
  | { readonly kind: 'constant'; readonly address: number | null; readonly pc: number; readonly at: Ps }
  /** Memory that no instruction wrote: the ROM, flash outside of any image, RAM as it came up. */
  | { readonly kind: 'memory'; readonly address: number; readonly pc: number; readonly at: Ps }
  | { readonly kind: 'device'; readonly address: number; readonly pc: number; readonly at: Ps }
  /** Memory that a bus master wrote to; `pc` gave it the address. */
  | { readonly kind: 'master'; readonly master: Master; readonly address: number; readonly pc: number; readonly at: Ps }
  /** Not followed any further, and why. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface Chain {
  readonly value: number | null;
  /** Newest first. */
  readonly links: readonly Link[];
  readonly origin: Origin;
  /** Of the address that the value was read from, where that is no RAM: a right word of the wrong place. */
  readonly address: Chain | null;
}

/** The end of a chain: the value at an instruction's beginning. */
export interface Target {
  readonly core: Core;
  /** Until when the run is repeated: the event itself ends the stretch before that. */
  readonly until: Ps;
  /** Which value, by the last instructions of the stretch; null if they do not show what was expected. */
  /** It may lie further back than the shorter stretch. */
  readonly further?: true;
  wanted(window: Window): { readonly places: Places; readonly value: number | null; readonly before: number } | null;
}

/** A reset this close to the end of a stretch is what the stretch is about. */
const AT_THE_END = 2 * US;

export class Slicer {
  private readonly session: Session;
  private readonly powerOn: Checkpoint;
  private stretches = 0;

  constructor(session: Session, powerOn: Checkpoint) {
    this.session = session;
    this.powerOn = powerOn;
  }

  /** The chain of a value; null if the repeated run does not show it. Leaves the session anywhere. */
  slice(target: Target): Chain | null {
    this.stretches = 0;
    for (const [i, span] of SPANS.entries()) {
      const window = this.stretch(target.core, target.until, span);
      const wanted = target.wanted(window);
      if (!wanted && target.further && i < SPANS.length - 1) continue;
      if (!wanted) return null;
      const chain = this.back(target.core, window, wanted.before, wanted.places, wanted.value, i === SPANS.length - 1);
      if (chain) return chain;
    }
    return null;
  }

  private stretch(core: Core, until: Ps, cycles: number): Window {
    const { session } = this;
    this.stretches++;
    session.keepCheckpoints = false;
    const span = cyclesTime(core, cycles);
    const from = Math.max(0, until - span);
    session.restore(checkpointBefore(session, this.powerOn, from));
    runTo(session, from);
    let window = record(session, core, until, MOST_STEPS);
    // what was before a reset decides nothing behind it but through memory; the moment asked for may itself be a reset
    while (window.ended === 'reset' && core.now() < until - AT_THE_END) window = record(session, core, until, MOST_STEPS);
    return window;
  }

  /** Walks back from step `before`. Null if the stretch is too short for a register and a longer one may be had. */
  private back(core: Core, window: Window, before: number, places: Places, value: number | null, last: boolean): Chain | null {
    const walk = new Walk(this.session, core, window.steps, before, places, value);
    const ended = walk.run();
    if (ended.kind === 'origin') return { value, links: walk.links, origin: ended.origin, address: this.addressOf(core, window, ended) };
    const left = [...walk.wanted];
    if (left.length === 0) return { value, links: walk.links, origin: { kind: 'unknown', why: 'it is made of nothing' }, address: null };
    if (left.some(isState))
      return last
        ? { value, links: walk.links, origin: { kind: 'unknown', why: 'the value was computed too long before' }, address: null }
        : null;
    const rest = this.overMemory(core, walk);
    return { value, links: [...walk.links, ...rest.links], origin: rest.origin, address: rest.address };
  }

  /** RAM that was written before the stretch: by whom, and where that one had it from. */
  private overMemory(core: Core, walk: Walk): Chain {
    const nothing = (origin: Origin): Chain => ({ value: walk.value, links: [], origin, address: null });
    if (this.stretches >= MOST_STRETCHES || walk.links.length >= MOST_LINKS)
      return nothing({ kind: 'unknown', why: 'the trace stops here' });
    const ram = walk.firstRam();
    const address = Math.min(...ram);
    const reader = walk.links.at(-1);
    const first = walk.firstAt ?? this.session.machine.now;
    const store = lastStore(this.session, this.powerOn, address, ram.size, first);
    if (store === 'too long') return nothing({ kind: 'unknown', why: 'the value was written too long before' });
    if (store === null) return nothing({ kind: 'memory', address, pc: reader?.pc ?? 0, at: reader?.at ?? first });
    if (store.master) return nothing({ kind: 'master', master: store.master, address, pc: store.pc, at: store.at });
    const writer = this.session.machine.cores[store.core] ?? core;
    for (const [i, span] of SPANS.entries()) {
      const window = this.stretch(writer, store.at + 1, span);
      const at = window.steps.findLastIndex((s) => holds(s, store.pc) && [...ram].some((p) => s.writes.has(p)));
      if (at < 0) break;
      const chain = this.back(writer, window, at + 1, ram, walk.value, i === SPANS.length - 1);
      if (chain) return chain;
    }
    const link: Link = {
      pc: store.pc,
      at: store.at,
      core: store.core,
      how: 'stored',
      value: walk.value,
      address,
      onStack: false,
      sp: store.sp,
    };
    return {
      value: walk.value,
      links: [link],
      origin: { kind: 'unknown', why: 'the trace does not follow the value that was stored' },
      address: null,
    };
  }

  private addressOf(
    core: Core,
    window: Window,
    ended: { readonly addressFrom: Places | null; readonly address: number | null; readonly index: number },
  ): Chain | null {
    if (!ended.addressFrom || ended.addressFrom.size === 0 || ended.address === null) return null;
    // an offset of the instruction is no part of what is followed
    return this.back(core, window, ended.index, ended.addressFrom, heldIn(window.steps[ended.index]!, ended.addressFrom), true);
  }
}

/** A part of a value that is a constant. */
interface ConstantPart {
  readonly address: number | null;
  readonly pc: number;
  readonly addressFrom: Places | null;
}

interface WalkEnd {
  readonly kind: 'origin';
  readonly origin: Origin;
  /** What the address of the last load was made of; null where it was read relative to the PC, or nothing was loaded. */
  readonly addressFrom: Places | null;
  readonly address: number | null;
  readonly index: number;
}

/** One walk back through a stretch. */
class Walk {
  readonly links: Link[] = [];
  /** Constants are not among them: they are where they begin. */
  wanted: Set<Place>;
  /** Of all that is wanted; null where that is no one value. */
  value: number | null;
  private readonly constants: ConstantPart[] = [];
  private readonly session: Session;
  private readonly core: Core;
  private readonly steps: readonly Step[];
  private index: number;

  constructor(session: Session, core: Core, steps: readonly Step[], before: number, places: Places, value: number | null) {
    this.session = session;
    this.core = core;
    this.steps = steps;
    this.index = before;
    this.wanted = new Set(places);
    this.value = value;
  }
  get firstAt(): Ps | null {
    return this.steps[0]?.at ?? null;
  }

  run(): WalkEnd | { readonly kind: 'open' } {
    for (;;) {
      const written = this.byMaster();
      if (written) return written;
      if (--this.index < 0) break;
      const step = this.steps[this.index]!;
      const hits = [...this.wanted].filter((p) => step.writes.has(p));
      if (hits.length === 0) continue;
      const end = this.pass(step, hits);
      if (end) return end;
      if (this.links.length >= MOST_LINKS) return this.origin({ kind: 'unknown', why: 'the trace stops here' });
    }
    return { kind: 'open' };
  }

  /** Another bus master wrote some of it, behind the step before this one: there it begins. */
  private byMaster(): WalkEnd | null {
    const written = this.steps[this.index]?.masters.findLast((w) => this.isWanted(w));
    if (!written) return null;
    const { master, pc, at } = written;
    return this.origin({ kind: 'master', master, address: Math.min(...[...this.wanted].filter((p) => !isState(p))), pc, at });
  }
  private isWanted({ address, size }: MasterWrite): boolean {
    for (let i = 0; i < size; i++) if (this.wanted.has(address + i)) return true;
    return false;
  }

  /** Writes down what this step did with what was in `hits`, and what that was in front of it. */
  private link(step: Step, hits: readonly Place[], from: Places, load: DataFlow['loads'][number] | null, alone: boolean): void {
    const stored = step.flow?.stores.find((a) => hits.some((p) => p >= a.address && p < a.address + a.size)) ?? null;
    const access = load ?? stored;
    const address = access?.address ?? null;
    const how = howOf(step, load !== null, stored !== null, from);
    const onStack = address !== null && step.exception === null && this.isStack(address, step.registers[13]!);
    const made = alone && this.value !== null ? this.value : this.madeBy(step, hits, from);
    const before = valueBefore(step, from, made);
    this.value = alone ? before : null;
    const changed = how === 'moved' && before !== made;
    const pc = access?.pc ?? step.pc;
    this.links.push({
      pc,
      at: step.at,
      core: this.core.index,
      how: changed ? 'computed' : how,
      value: made,
      address,
      onStack,
      sp: step.registers[13]!,
    });
  }

  /** What a step made of one part of the value, a register or bytes of memory. */
  private madeBy(step: Step, hits: readonly Place[], from: Places): number | null {
    if (!hits.some(isState)) {
      const stored = heldIn(step, from);
      return stored === null ? null : (stored & (2 ** (8 * Math.min(4, hits.length)) - 1)) >>> 0;
    }
    const next = this.steps[this.index + 1];
    return next === undefined ? null : heldIn(next, new Set(hits));
  }

  /** The wanted value goes through this step. */
  private pass(step: Step, hits: readonly Place[]): WalkEnd | null {
    const alone = hits.length === this.wanted.size;
    const from = new Set<Place>();
    for (const p of hits) {
      this.wanted.delete(p);
      for (const source of step.writes.get(p)!) from.add(source);
    }
    const load = step.flow?.loads.find((l) => from.has(l.address)) ?? null;
    this.link(step, hits, from, load, alone);
    this.follow(step, from, load);
    if (this.wanted.size === 0) return this.constantOrigin(step);
    return [...this.wanted].some(isState) ? null : this.memoryOrigin(step, load);
  }

  /** What it was made of is wanted in its place, but for constants. */
  private follow({ pc }: Step, from: Places, load: DataFlow['loads'][number] | null): void {
    const fixed = [...from].filter((p) => !isState(p) && this.kindAt(p) === 'constant');
    if (from.size === 0) this.constants.push({ address: null, pc, addressFrom: null });
    else if (fixed.length > 0) this.constants.push(load ?? { address: Math.min(...fixed), pc, addressFrom: null });
    for (const p of from) if (!fixed.includes(p)) this.wanted.add(p);
  }

  /** All of it is made of constants: the one that was met last is the earliest. */
  private constantOrigin({ at }: Step): WalkEnd {
    const { address, pc, addressFrom } = this.constants.at(-1)!;
    if (this.constants.length > 1) return this.origin({ kind: 'constant', address: null, pc, at });
    return { kind: 'origin', origin: { kind: 'constant', address, pc, at }, addressFrom, address, index: this.index };
  }

  /** Everything that is still wanted lies in memory that instructions do not write: there it begins. */
  private memoryOrigin(step: Step, load: DataFlow['loads'][number] | null): WalkEnd | null {
    const loaded = load !== null && this.wanted.has(load.address) ? load : null;
    const address = loaded?.address ?? Math.min(...this.wanted);
    const kind = this.kindAt(address);
    if (kind === null) return null;
    const origin: Origin = { kind, address, pc: loaded?.pc ?? step.pc, at: step.at };
    return { kind: 'origin', origin, addressFrom: loaded?.addressFrom ?? null, address, index: this.index };
  }
  /** The first variable of those in RAM that are wanted; where there is none, what is. */
  firstRam(): Places {
    const all = [...this.wanted].filter((p) => this.kindAt(p) === null);
    if (all.length === 0) return this.wanted;
    const first = Math.min(...all);
    const bytes = new Set<Place>();
    for (let at = first; bytes.size < 4 && all.includes(at); at++) bytes.add(at);
    return bytes;
  }
  /** What lies there; null for RAM, which instructions may have written before. */
  private kindAt(address: number): 'device' | 'constant' | 'memory' | null {
    const region = this.session.machine.system.regionAt(address, this.core.index);
    const row = region?.memory?.row;
    if (row?.kind === 'ram') return null;
    if (region?.block || (region === null && address >= 0xe0000000)) return 'device';
    return row && row.zone !== 'systemMemory' && this.inImage(address) ? 'constant' : 'memory';
  }
  private inImage(address: number): boolean {
    return imageAt(this.session.input.images, address) !== undefined;
  }
  private isStack(address: number, sp: number): boolean {
    const region = this.session.machine.system.regionAt(address, this.core.index);
    return region?.memory?.row.kind === 'ram' && address >= sp - STACK_BELOW && address < sp + STACK_ABOVE;
  }
  private origin(origin: Origin): WalkEnd {
    return { kind: 'origin', origin, addressFrom: null, address: null, index: this.index };
  }
}
/** Distance from SP within which a word is called one of the stack: pushes go below it, locals lie above. */
const STACK_BELOW = 64;
const STACK_ABOVE = 1024;

/** What it was made of is one value again where it is one register or one word. */
function valueBefore(step: Step, from: Places, made: number | null): number | null {
  const registers = [...from].filter(isState);
  if (registers.length === 1 && from.size === 1) return heldIn(step, from) ?? made;
  return registers.length > 0 ? null : made;
}

function howOf(step: Step, load: boolean, store: boolean, from: Places): How {
  if (step.exception !== null) return step.exception === 0 ? 'unstacked' : 'stacked';
  if (load) return 'loaded';
  if (store) return 'stored';
  if (from.size === 0) return 'constant';
  return from.size === 1 ? 'moved' : 'computed';
}
