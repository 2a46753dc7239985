/** The STM32H533 without its core, with registers by name, for tests of its peripherals. */
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { RESET_CAUSES, type ResetCause } from '../../src/emu/component.ts';
import type { Field, Layout } from '../../src/emu/registers.ts';
import { type RegisterBlock } from '../../src/emu/registers.ts';
import { SILENT, System } from '../../src/emu/system.ts';
import { rateHz } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';

export class H5 {
  readonly system: System;
  readonly notes: string[] = [];
  readonly irqs = new Map<number, boolean>();

  constructor(parameters: Readonly<Record<string, number>> = {}, chip: ChipDescription = STM32H533RE) {
    this.system = new System(chip, MODELS, parameters);
    this.system.memoryBytes('flash').fill(0xff);
    this.system.memoryBytes('otp').fill(0xff);
    this.system.listener = {
      ...SILENT,
      note: (_kind, text) => void this.notes.push(text),
      irq: (line, level) => void this.irqs.set(line, level),
    };
    this.system.setWire('reset.cause', 0);
    this.system.resetBlocks('power');
  }
  layout(block: string): Layout {
    return (this.system.block(block).component as RegisterBlock).layout;
  }
  /** `RCC.CR` → bus address. */
  address(path: string): number {
    const [block, register] = path.split('.') as [string, string];
    return this.system.block(block).row.base + this.layout(block).reg(register).offset;
  }
  field(path: string): Field {
    const [block, ...rest] = path.split('.') as [string, ...string[]];
    return this.layout(block).field(rest.join('.'));
  }
  read(path: string): number {
    return this.system.read(this.address(path), 4);
  }
  write(path: string, value: number): number {
    return this.system.write(this.address(path), 4, value);
  }
  /** `RCC.CR.HSERDY`. */
  get(path: string): number {
    return this.field(path).of(this.read(path.split('.').slice(0, 2).join('.')));
  }
  set(path: string, value: number): void {
    const f = this.field(path);
    const register = path.split('.').slice(0, 2).join('.');
    this.write(register, ((this.read(register) & ~f.mask) | ((value << f.bit) & f.mask)) >>> 0);
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
