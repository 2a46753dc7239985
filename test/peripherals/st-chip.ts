/** Any chip without its core, with registers by name, for tests of its peripherals. */
import type { ChipDescription } from '../../src/emu/chip.ts';
import { RESET_CAUSES, type ResetCause } from '../../src/emu/component.ts';
import type { Field, Layout } from '../../src/emu/registers.ts';
import type { System } from '../../src/emu/system.ts';
import { SILENT, type SystemState } from '../../src/emu/system.ts';
import { rateHz } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefSystem } from '../brief.ts';

export class StChip {
  readonly system: System;
  readonly notes: string[] = [];
  readonly irqs = new Map<number, boolean>();
  readonly resets: ResetCause[] = [];
  private readonly poweredOn: SystemState;
  /** Where registers and fields lie, by path: looked up once. */
  private readonly addresses = new Map<string, number>();
  private readonly fields = new Map<string, { readonly field: Field; readonly address: number }>();

  constructor(chip: ChipDescription, parameters: Readonly<Record<string, number>> = {}) {
    this.system = new BriefSystem(chip, MODELS, parameters);
    for (const m of chip.memories) if (m.kind !== 'ram') this.system.memoryBytes(m.name).fill(0xff);
    this.system.listener = {
      ...SILENT,
      note: (_kind, text) => void this.notes.push(text),
      irq: (line, level) => void this.irqs.set(line, level),
      reset: (by) => void this.resets.push(by),
    };
    this.system.setWire('reset.cause', 0);
    this.system.resetBlocks('power');
    this.poweredOn = this.system.save();
  }
  /** Back to power-on; the memories stay as they are. */
  again(): this {
    this.system.restore(this.poweredOn);
    this.notes.length = this.resets.length = 0;
    this.irqs.clear();
    return this;
  }
  layout(block: string): Layout {
    return this.system.block(block).component.layout;
  }
  /** `RCC.CR` → bus address. */
  address(path: string): number {
    let address = this.addresses.get(path);
    if (address === undefined) {
      const [block, register] = path.split('.') as [string, string];
      address = this.system.block(block).row.base + this.layout(block).reg(register).offset;
      this.addresses.set(path, address);
    }
    return address;
  }
  field(path: string): Field {
    const [block, ...rest] = path.split('.') as [string, ...string[]];
    return this.layout(block).field(rest.join('.'));
  }
  private place(path: string): { readonly field: Field; readonly address: number } {
    let place = this.fields.get(path);
    if (place === undefined) {
      place = { field: this.field(path), address: this.address(path.split('.').slice(0, 2).join('.')) };
      this.fields.set(path, place);
    }
    return place;
  }
  read(path: string): number {
    return this.system.read(this.address(path), 4);
  }
  write(path: string, value: number): number {
    return this.system.write(this.address(path), 4, value);
  }
  /** `RCC.CR.HSERDY`. */
  get(path: string): number {
    const { field, address } = this.place(path);
    return field.of(this.system.read(address, 4));
  }
  set(path: string, value: number): void {
    const { field: f, address } = this.place(path);
    this.system.write(address, 4, ((this.system.read(address, 4) & ~f.mask) | ((value << f.bit) & f.mask)) >>> 0);
  }
  wait(ps: number): void {
    this.system.fireDue(this.system.now + ps);
  }
  hz(clock: string): number | null {
    const r = this.system.clock(clock).rate;
    return r === null ? null : rateHz(r);
  }
  reset(cause: ResetCause): void {
    this.system.setWire('reset.cause', RESET_CAUSES.indexOf(cause));
    this.system.resetBlocks('system');
  }
}
