/**
 * A board as checks see it. Checks ask at once, a board answers later: what is not known yet is noted, fetched, and the check asked again, until nothing new
 * is asked for. All reads are made while the core stands at the judged instruction.
 */
import type { TargetState } from '../checks/check.ts';
import { locate } from '../checks/families.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { ClockTree } from './clock-tree.ts';
import type { GdbTarget } from './gdb-target.ts';

/** Begin of the region Device, the core's own registers included (ARM DDI 0403 B3.1). */
const PERIPHERALS = 0x40000000;

export class BoardState {
  private readonly target: GdbTarget;
  private readonly chip: ChipDescription;
  private readonly hseHz: number | null;
  private readonly words = new Map<number, number | null>();
  private readonly registers = new Map<string, number | null>();
  private readonly clockTree: ClockTree;
  private rates: ReadonlyMap<string, number | null> | null = null;
  private wantedWords = new Set<number>();
  private asked: number[] = [];
  private wantedRegisters = new Set<string>();

  /** @param hseHz what feeds HSE on this board; null: not known */
  constructor(target: GdbTarget, chip: ChipDescription, hseHz: number | null) {
    this.target = target;
    this.chip = chip;
    this.hseHz = hseHz;
    this.clockTree = new ClockTree(chip, hseHz);
  }

  /** Calls `judge` again and again until all that it asks for has been read. */
  async settle<T>(judge: (state: TargetState) => T): Promise<T> {
    for (;;) {
      this.wantedWords = new Set();
      this.wantedRegisters = new Set();
      const result = judge(this.state());
      if (this.wantedWords.size === 0 && this.wantedRegisters.size === 0) return result;
      for (const name of this.wantedRegisters) this.registers.set(name, await this.target.readRegister(name));
      for (const address of this.wantedWords) this.words.set(address, await this.target.word(address));
    }
  }

  /** Addresses of registers that were asked for since this was called last, in order. */
  takeAsked(): readonly number[] {
    return [...new Set(this.asked.splice(0))];
  }
  private word(address: number): number | null {
    const at = (address & ~3) >>> 0;
    if (at >= PERIPHERALS) this.asked.push(at);
    const known = this.words.get(at);
    if (known === undefined) this.wantedWords.add(at);
    return known ?? null;
  }
  private register(name: string): number | null {
    if (name === 'vtor') return this.word(0xe000ed08);
    const known = this.registers.get(name);
    if (known === undefined) this.wantedRegisters.add(name);
    return known ?? null;
  }
  private read(address: number, size: 1 | 2 | 4): number | null {
    const word = this.word(address);
    if (word === null || size === 4) return word;
    return (word >>> (8 * (address & 3))) & (size === 1 ? 0xff : 0xffff);
  }
  private field(path: string): number | null {
    const place = locate(this.chip, path);
    const value = place && this.word(place.address);
    return place === null || value === null ? null : (value & place.mask) >>> place.bit;
  }
  private pin(name: string): 0 | 1 | 'z' | null {
    const found = /^P([A-K])(\d+)$/.exec(name);
    const idr = found && this.field(`GPIO${found[1]}.IDR`);
    if (found === null || idr === null) return null;
    // an unclocked port reads 0 whatever its pins do
    const clock = this.chip.blocks.find((b) => b.name === `GPIO${found[1]}`)?.clock;
    if (clock !== undefined && this.field(`${this.chip.rcc}.${clock}`) !== 1) return null;
    return ((idr >>> Number(found[2])) & 1) === 1 ? 1 : 0;
  }
  private clockHz(name: string): number | null {
    const asked = this.asked.length;
    this.rates ??= this.clockTree.rates((address) => this.word(address));
    // the clock tree is no register that somebody wrote wrongly
    this.asked.length = asked;
    return this.rates?.get(name) ?? null;
  }
  private state(): TargetState {
    const { hseHz } = this;
    return {
      chip: this.chip,
      core: (name) => this.register(name),
      read: (address, size) => this.read(address, size),
      field: (path) => this.field(path),
      pin: (name) => this.pin(name),
      clockHz: (name) => this.clockHz(name),
      ...(hseHz === null ? {} : { crystalHz: (name: string) => (name === 'hse' ? hseHz : 0) }),
    };
  }
}
