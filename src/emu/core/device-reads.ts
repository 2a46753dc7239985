/**
 * Reads of devices from inside translated code. A load that keeps leaving its region because there is no memory at its address calls here instead
 * (`askDevice` in translate/region-builder.ts). The call answers only where a read does nothing that the region could not go on after: no fault, no
 * interrupt, no timer, nobody who wants to see the access, no end of the slice. It then does all that the slow path does (core-memory.ts); else it
 * does nothing and says so, and the region leaves before the instruction.
 */
import { BUS_ERROR } from '../component.ts';
import type { Arena } from '../arena.ts';
import type { Block, System } from '../system.ts';
import type { Ps } from '../time.ts';
import type { Cpu } from './cpu.ts';
import { partOf, registerAt } from './arm/scs.ts';
import { privileged, type ScsRegister } from './arm/scs-state.ts';
import { S } from './state.ts';

/** The core, with what decides whether anybody would notice a read. */
export interface ReadingCore extends Cpu {
  readonly system: System;
  readonly arena: Arena;
  /** Of the chip's cores. */
  readonly index: number;
  /** Reads of blocks so far, and how many make the run loop look up. */
  deviceReads: number;
  readonly readsLimit: number;
  now(): Ps;
  /** An event is due before the slice ends. */
  endsSlice(): boolean;
  isWatched(address: number): boolean;
  isRemote(address: number): boolean;
}
/** What is known of an address: it holds until mappings, interceptors or rights change. */
interface Place {
  readonly address: number;
  readonly size: number;
  /** A register of a block that may be read without anyone noticing. */
  readonly block: Block | null;
  readonly offset: number;
  /** Whether nobody notices hangs on the state of the block. */
  readonly sometimes: boolean;
  /** Index of one that reads as it is stored, or -1. */
  readonly stored: number;
  /** A register of the private peripheral bus. */
  readonly own: ScsRegister | null;
}

const PLACES = 64;
const EMPTY: Place = { address: 1, size: 4, block: null, offset: 0, sometimes: false, stored: -1, own: null };
/** Places of loads that are counted; of two that fall together the later one starts anew. */
const COUNTED = 1024;

export class DeviceReads {
  private readonly core: ReadingCore;
  private readonly i32: Int32Array;
  private readonly budget: number;
  private readonly declined: number;
  private readonly alone: boolean;
  private readonly places: Place[] = Array<Place>(PLACES).fill(EMPTY);
  private used = false;
  private readonly countedAt = new Uint32Array(COUNTED);
  private readonly counts = new Uint32Array(COUNTED);

  constructor(core: ReadingCore, base: number) {
    this.core = core;
    this.i32 = core.arena.i32;
    this.budget = (base + S.BUDGET) >> 2;
    this.declined = (base + S.DECLINED) >> 2;
    this.alone = core.system.chip.cores.length === 1;
  }

  // ---- which loads ask ---------------------------------------------------------------------------------------------------------------
  /** The load at `pc` reads a device by the slow path. True when it has done so `enough` times. */
  count(pc: number, enough: number): boolean {
    const i = (pc >>> 1) % COUNTED;
    if (this.countedAt[i] !== pc) {
      this.countedAt[i] = pc;
      this.counts[i] = 0;
    }
    return ++this.counts[i]! === enough;
  }
  /** Places that have been counted so often. */
  often(times: number): number[] {
    return [...this.countedAt].filter((_pc, i) => this.counts[i]! >= times);
  }

  // ---- answers -----------------------------------------------------------------------------------------------------------------------
  forget(): void {
    if (!this.used) return;
    this.used = false;
    this.places.fill(EMPTY);
  }
  private decline(): number {
    this.i32[this.declined] = 1;
    return 0;
  }
  /** What a load reads, BUDGET being the core's as in front of the access; or DECLINED is set and nothing has happened. */
  // eslint-disable-next-line complexity -- answers only where none of these conditions fails; a call for each would cost what the shortcut saves
  readonly read = (address: number, size: number): number => {
    const at = (address >>> 2) % PLACES;
    let place = this.places[at]!;
    if (place.address !== address || place.size !== size) place = this.places[at] = this.placeOf(address, size);
    const { core } = this;
    if (place.own !== null) {
      if (!privileged(core)) return this.decline();
      const { own } = place;
      core.system.now = core.now();
      if (own.readIfFree === undefined) return partOf(own.read(core), address, size) | 0;
      const word = own.readIfFree(core);
      return word < 0 ? this.decline() : size === 4 ? word | 0 : partOf(word, address, size) | 0;
    }
    const { block } = place;
    const { system } = core;
    if (block === null || core.deviceReads + 1 >= core.readsLimit || !system.answersReads(block, place.offset)) return this.decline();
    if ((!this.alone && core.endsSlice()) || system.isFaulting(address >>> 0)) return this.decline();
    system.now = core.now();
    if (place.stored >= 0 && !system.pins) {
      core.deviceReads++;
      return block.state.regs[place.stored]! | 0;
    }
    if (place.sometimes && !block.component.sideEffectFreeNow(block.state, block.env, place.offset)) return this.decline();
    const before = this.i32[this.budget];
    const value = system.readBlock(block, address >>> 0, size);
    if (value === BUS_ERROR) return this.decline();
    if (this.i32[this.budget] !== before) throw new Error(`reading ${block.row.name} +0x${place.offset.toString(16)} was not quiet`);
    core.deviceReads++;
    return value | 0;
  };
  private placeOf(signed: number, size: number): Place {
    this.used = true;
    const address = signed >>> 0;
    const { core } = this;
    const nothing = { address: signed, size, block: null, offset: 0, sometimes: false, stored: -1, own: null };
    if ((address & (size - 1)) !== 0 || core.isWatched(address)) return nothing;
    const region = core.system.regionAt(address, core.index);
    if (core.isRemote(address)) {
      const own = address >= 0xe0000000 ? registerAt(core, address) : null;
      return own && (!own.afterRead || own.readIfFree) ? { ...nothing, own } : nothing;
    }
    if (!region?.block || address + size > region.end) return nothing;
    const { block } = region;
    const offset = address - block.row.base;
    if (block.component.sideEffectFree(offset, size)) return { ...nothing, block, offset, stored: block.component.stored(offset, size) };
    return block.component.sideEffectFreeInSomeStates(offset, size) ? { ...nothing, block, offset, sometimes: true } : nothing;
  }
}
