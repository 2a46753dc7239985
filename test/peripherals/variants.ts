/**
 * Random programs for each model with each set of options that a chip has: fields changed as firmware does it (read, changed, written), whole words, bytes and halves, wires and clocks that
 * the block follows, resets of each kind, its clock switched, its flash programmed, devices and hosts outside, time that passes. One machine serves all blocks of a chip.
 */
import { CHIPS } from '../../src/chips/index.ts';
import type { BlockRow, ChipDescription, MemoryRow } from '../../src/emu/chip.ts';
import { BUS_ERROR, RESET_CAUSES, type ResetKind } from '../../src/emu/component.ts';
import type { RegisterFact } from '../../src/emu/registers.ts';
import { SILENT, System, type Block, type SystemState } from '../../src/emu/system.ts';
import { MS, rate, US } from '../../src/emu/time.ts';
import { wire, type Wire } from '../../src/emu/wires.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { digest } from '../digest.ts';
import { numbers } from '../machines/random-writes.ts';
import { AWAKE, KEYS } from './openings.ts';
import { outsideOf, type Outside } from './variants-outside.ts';

/** So many programs a model, over all of its kinds, but some for each kind. */
const PROGRAMS = 48;
const FEWEST = 6;
const STEPS = 30;
/** A block that does something in each cycle is not followed for long. */
const MOST_EVENTS = 60;
const WAITS = [US / 10, 1 * US, 3 * US, 20 * US, 100 * US, 1 * MS, 40 * MS, 1100 * MS];
const SHORT_WAITS = [US / 10, US / 10, 1 * US, 3 * US, 20 * US, 1 * MS];
const RATES = [32_768, 1_000_000, 16_000_000, 48_000_000, 170_000_000];
const RESETS: readonly ResetKind[] = ['gate', 'gate', 'system', 'backup', 'power'];
const VOLTS = [0, 1.6, 1.75, 2.1, 2.7, 3.3];
/** Fields by which a block, or a part of it, is switched on. */
const SWITCHES = /EN\d?$|^(UE|TE|RE|PE|SPE|CEN|ADON|EN|SE|AE|RUN|INIT|START|RTCEN|E|COUNTMODE|HASH|USBEN)$|ON$|START$|STRT$/;
const INTERRUPTS = /(I|IT)E\d*$|IEN$|IM\d*$|^IE|^MR\d+$/;
/** What a configured block needs to go: fields that have to be 0, and those that start it. */
const STARTS: readonly (readonly [model: RegExp, calm: readonly string[], go: readonly string[]])[] = [
  [/^adc-v2/, ['CFGR.EXTEN', 'CFGR1.EXTEN', 'JSQR.JEXTEN'], ['CR.ADSTART', 'CR.JADSTART']],
  [/^adc-f4/, ['CR2.EXTEN', 'CR2.JEXTEN'], ['CR2.ADON', 'CR2.ADON', 'CR2.SWSTART', 'CR2.JSWSTART']],
  [/^tim/, ['SMCR.SMS', 'CR1.UDIS'], ['EGR.UG', 'CR1.CEN']],
  [/^lptim/, ['CFGR.TRIGEN', 'CFGR.CKSEL'], ['CR.ENABLE', 'CR.CNTSTRT']],
  [/^spi/, ['CR2.FRF'], ['CR1.MSTR', 'CFG2.MASTER', 'CR1.SSI', 'CR1.SPE', 'CR1.CSTART']],
  [/^i2c/, ['CR1.SWRST'], ['CR1.PE', 'CR2.START', 'CR1.START']],
  [/^usart/, [], ['CR1.UE', 'CR1.TE', 'CR1.RE']],
  [/^rtc-v/, ['ICSR.INIT', 'ISR.INIT'], ['CR.ALRAE', 'CR.ALRBE', 'CR.WUTE', 'CR.TSE']],
  [/^rtc-f1/, ['CRL.CNF'], []],
  [/^dac/, [], ['CR.EN1', 'CR.EN2', 'SWTRIGR.SWTRIG1', 'SWTRIGR.SWTRIG2', 'SWTRGR.SWTRIG1', 'SWTRGR.SWTRIG2']],
  [/^hash/, [], ['CR.INIT', 'STR.DCAL']],
  [/^rng/, ['CR.CONDRST'], ['CR.RNGEN']],
  [/^crs/, [], ['CR.AUTOTRIMEN', 'CR.CEN']],
  [/^wwdg/, [], ['CR.WDGA']],
];
/** Registers through which data goes. */
const DATA = /^(DR\d?|[RT]X?DR|TXDR|RXDR|JDR\d|DIN|WDATA|RDATA|DHR.*|CCR\d|KR|SWIER\d?|BSRR|SWTRI?GR)$/;
const WATCHES = 26;
const hex = (n: number): string => (n >>> 0).toString(16);
const maskOf = (bit: number, width: number): number => Number(((1n << BigInt(width)) - 1n) << BigInt(bit)) >>> 0;

/** Two blocks of one model with the same options and the same registers behave alike. */
const kindOf = (chip: ChipDescription, row: BlockRow): string =>
  JSON.stringify([row.model, row.options, chip.facts[row.facts ?? row.name]!.registers.map((r) => [r.name, r.offset, r.writable])]);
export interface Variants {
  readonly chip: ChipDescription;
  /** Names of blocks, each with the number of programs for it. */
  readonly blocks: ReadonlyMap<string, number>;
}
/** Each kind of block once: the chips, each with its blocks that none before it has. */
export function variants(): readonly Variants[] {
  const seen = new Set<string>();
  const kinds = new Map<string, number>();
  const found = CHIPS.map((chip) => {
    const fresh = chip.blocks.filter((row) => {
      if (row.model === null) return false;
      const before = seen.size;
      seen.add(kindOf(chip, row));
      return seen.size > before;
    });
    for (const { model } of fresh) kinds.set(model!, (kinds.get(model!) ?? 0) + 1);
    return { chip, fresh };
  });
  const programs = (model: string): number => (model === 'tim' ? 3 : Math.max(FEWEST, Math.ceil(PROGRAMS / kinds.get(model)!)));
  return found
    .filter(({ fresh }) => fresh.length > 0)
    .map(({ chip, fresh }) => ({ chip, blocks: new Map(fresh.map(({ name, model }) => [name, programs(model!)])) }));
}

export type Random = ReturnType<typeof numbers>;
export const oneOf = <T>(list: readonly T[], random: Random): T => list[random(list.length)]!;

/** One machine for all blocks of a chip, with all of their clocks on. */
export class Busy {
  readonly sys: System;
  block!: Block;
  private readonly ready: SystemState;
  private registers: readonly RegisterFact[] = [];
  private readonly chip: ChipDescription;
  private readonly enables: readonly { readonly address: number; readonly size: number }[];
  private events: string[] = [];
  private readonly lines = new Map<string, boolean>();
  /** Wires and parameters that the block has asked for in this program. */
  private readonly asked = new Set<Wire>();
  private readonly parameters = new Set<string>();
  private outside: Outside | null = null;
  private random: Random = numbers(1);

  constructor(chip: ChipDescription) {
    const sys = new System(chip, MODELS);
    this.sys = sys;
    this.chip = chip;
    sys.resetBlocks('power');
    const rcc = sys.block(chip.rcc);
    this.enables = rcc.layout.registers
      .filter((r) => /ENR\d?$/.test(r.name))
      .map((r) => ({ address: rcc.row.base + r.offset, size: r.size }));
    this.gate(0xffffffff);
    sys.drive(wire('dbp'), 1);
    sys.fireDue(100 * US);
    this.ready = sys.save();
    this.listen();
  }
  private listen(): void {
    const { sys } = this;
    const say = (text: string): void => {
      if (this.events.length < MOST_EVENTS) this.events.push(`${sys.now} ${text}`);
    };
    sys.listener = {
      ...SILENT,
      irq: (line, level, core) => {
        const key = `irq ${line} ${core ?? ''}`;
        if ((this.lines.get(key) ?? false) !== level) say(`${key} ${level}`);
        this.lines.set(key, level);
      },
      reset: (by) => say(`reset ${by}`),
      note: (kind, text) => say(`${kind} ${text}`),
      wire: (name, value, w) => {
        say(`${name} ${value}`);
        this.outside?.heard(w, value);
      },
      clock: (name) => say(`clock ${name} ${sys.clock(name).rate?.num}`),
      memoryChanged: (memory, offset, length) => say(`${memory.row.name} ${offset} ${length}`),
      busRead: (address) => say(`reads ${hex(address)}`),
      busWritten: (_block, address, size, value) => say(`stores ${hex(address)} ${size} ${hex(value)}`),
    };
  }
  release(): void {
    this.sys.arena.release();
  }
  private gate(value: number): void {
    for (const { address, size } of this.enables) this.sys.write(address, size, value);
  }
  /** A digest of what each of a block's programs comes to. */
  line(name: string, programs: number): string {
    const texts = this.programs(name, programs);
    return `${name} ${this.block.row.model}: ${texts.map(digest).join(' ')}`;
  }
  /** All steps of each program, as text. */
  programs(name: string, count: number): readonly string[] {
    this.block = this.sys.block(name);
    this.registers = this.chip.facts[this.block.row.facts ?? name]!.registers;
    this.overhear();
    return Array.from({ length: count }, (_, i) => this.program(numbers(Math.imul(i + 1, 0x9e3779b1)), i % 3 === 2));
  }
  private program(random: Random, isFree: boolean): string {
    const { sys, asked, parameters } = this;
    this.random = random;
    sys.restore(this.ready);
    sys.master = 0;
    asked.clear();
    this.lines.clear();
    for (const w of this.block.component.wires) asked.add(w);
    parameters.clear();
    this.events = [];
    this.outside = outsideOf(this, random);
    const steps: string[] = [];
    if (!isFree) return this.configured();
    this.begin();
    for (let step = 0; step < STEPS; step++) {
      steps.push(this.step());
      if (step % 4 === 3) steps.push(this.look());
      if (this.events.length > 0) steps.push(this.events.splice(0).join());
    }
    return steps.join('\n');
  }
  /** All registers get something, then the block is started, and what it does is watched. */
  private configured(): string {
    const { random, block } = this;
    for (const r of this.registers) this.unlock(r);
    const [, calm = [], go = []] = STARTS.find(([model]) => model.test(block.row.model!)) ?? [];
    const starts = new Set(go.map((path) => path.split('.')[0]));
    for (const r of this.registers) {
      const kind = random(4);
      if (starts.has(r.name) ? kind === 0 : kind > 2) continue;
      for (let n = starts.has(r.name) || kind > 0 ? 2 : 0; n > 0; n--)
        if (r.fields.length > 0) this.change(r, oneOf(r.fields, random), random(2 ** 32));
      if (kind === 0) this.write(r.offset, r.size, random(2 ** 32));
    }
    if (random(3) > 0) for (const r of this.registers) for (const f of r.fields) if (INTERRUPTS.test(f.name)) this.change(r, f, 0xffffffff);
    for (const field of calm) this.setField(field, 0);
    this.awaken();
    if (random(6) > 0) for (const field of calm) this.setField(field, 0);
    for (const field of go) if (random(6) > 0) this.setField(field, 1);
    const steps = [this.look()];
    for (let n = 0; n < WATCHES; n++) steps.push(this.watched(go), this.look(), this.events.splice(0).join());
    return steps.join('\n');
  }
  /** Time passes, data comes and goes, or it is started again with something else set. */
  private watched(go: readonly string[]): string {
    const { random } = this;
    const kind = random(10);
    if (kind < 5) {
      const ahead = this.sys.scheduler.next - this.sys.now;
      const time = ahead < 2000 * MS && random(3) > 0 ? ahead : oneOf(SHORT_WAITS, random);
      this.wait(time);
      return `${time}`;
    }
    if (kind < 6 && this.outside) return this.outside.step();
    if (kind < 8) return this.data();
    const r = oneOf(this.registers, random);
    if (kind < 9 && r.fields.length > 0) this.change(r, oneOf(r.fields, random), random(2 ** 32));
    for (const field of go) if (random(6) > 0) this.setField(field, 1);
    return `again with ${r.name}`;
  }
  private data(): string {
    const { random } = this;
    const data = this.registers.filter((r) => DATA.test(r.name));
    const r = oneOf(data.length > 0 ? data : this.registers, random);
    if (random(2) === 0) return `${r.name} is ${hex(this.sys.read(this.block.row.base + r.offset, r.size))}`;
    const value = random(2 ** 32);
    return `${r.name} ${hex(value)} ${this.write(r.offset, r.size, value)}`;
  }
  /** Notes which wires and parameters the block asks for. */
  private overhear(): void {
    const { env } = this.block;
    if (Object.hasOwn(env, 'overheard')) return;
    const [wireOf, parameterOf] = [env.wire, env.parameter];
    Object.assign(env, {
      overheard: true,
      wire: (w: Wire) => {
        this.asked.add(w);
        return wireOf(w);
      },
      parameter: (name: string) => {
        this.parameters.add(name);
        return parameterOf(name);
      },
    });
  }
  /** Opens what has keys, wakes up what sleeps, and lets interrupts through, more often than not. */
  private begin(): void {
    const { random } = this;
    if (random(4) > 0) for (const r of this.registers) this.unlock(r);
    if (random(4) > 0) this.awaken();
    if (random(2) === 0)
      for (const r of this.registers) for (const f of r.fields) if (INTERRUPTS.test(f.name)) this.change(r, f, 0xffffffff);
  }
  private awaken(): void {
    for (const [model, fields] of AWAKE)
      if (model.test(this.block.row.model!))
        for (const [field, value] of fields) {
          this.setField(field, value);
          this.wait(oneOf([20, 20, 400], this.random) * US);
        }
  }
  private setField(path: string, value: number): void {
    const [name, field] = path.split('.');
    const r = this.registers.find((x) => x.name === name);
    const f = r?.fields.find((x) => x.name === field);
    if (r && f) this.change(r, f, value);
  }
  private change(r: RegisterFact, f: RegisterFact['fields'][number], value: number): void {
    const mask = maskOf(f.bit, f.width);
    this.write(r.offset, r.size, (this.peek(r) & ~mask) | ((value << f.bit) & mask));
  }
  private peek(r: RegisterFact): number {
    const { component, state, env } = this.block;
    return component.peek(state, env, r.offset, r.size);
  }
  private look(): string {
    return this.registers.map((r) => hex(this.peek(r))).join(' ');
  }
  private unlock(r: RegisterFact): void {
    for (const [pattern, keys] of KEYS)
      if (pattern.test(r.name) && keys[0] !== 0xaaaa) for (const key of keys) this.write(r.offset, r.size, key);
  }
  write(offset: number, size: number, value: number): string {
    return this.sys.write(this.block.row.base + offset, size, value >>> 0) === BUS_ERROR ? 'fault' : '';
  }
  wait(time: number): void {
    const { sys } = this;
    const to = sys.now + time;
    for (let n = 0; n < MOST_EVENTS && sys.scheduler.next <= to; n++) sys.fireDue(sys.scheduler.next);
    if (sys.scheduler.next > to) sys.fireDue(to);
  }
  private step(): string {
    const { random } = this;
    const kind = random(36);
    if (this.registers.length === 0 || kind < 6) return this.pass();
    if (kind < 9 && this.outside) return this.outside.step();
    const r = oneOf(this.registers, random);
    if (kind < 11) return `${r.name} is ${hex(this.sys.read(this.block.row.base + r.offset, r.size))}`;
    if (kind < 15) return this.around();
    if (kind < 16) return this.elsewhere();
    const value = this.valueFor(r, kind);
    if (kind === 35) return `${r.name}.b ${hex(value)} ${this.write(r.offset + random(r.size), 1, value & 0xff)}`;
    if (kind === 34)
      return `${r.name}.h ${hex(value)} ${this.write(r.offset + (random(r.size) & ~1), Math.min(r.size, 2), value & 0xffff)}`;
    if (kind > 24) return this.switched();
    return `${r.name} ${hex(value)} ${this.write(r.offset, r.size, value)}`;
  }
  private pass(): string {
    const { sys, random } = this;
    const { next } = sys.scheduler;
    const ahead = next - sys.now;
    if (ahead < 2000 * MS && random(2) === 0) {
      this.wait(ahead);
      return `next in ${ahead}`;
    }
    const time = oneOf(WAITS, random);
    this.wait(time);
    return `${time}`;
  }
  /** Something is switched on, or off again. */
  private switched(): string {
    const { random } = this;
    const all = this.registers.flatMap((r) => r.fields.filter(({ name }) => SWITCHES.test(name)).map((f) => [r, f] as const));
    if (all.length === 0) return this.pass();
    const [r, f] = oneOf(all, random);
    this.change(r, f, random(4) === 0 ? 0 : random(4) === 0 ? random(2 ** f.width) : 0xffffffff);
    return `${r.name}.${f.name}`;
  }
  /** One field as firmware changes it, everything, nothing, something, or an address of memory or of itself. */
  private valueFor(r: RegisterFact, kind: number): number {
    const { random } = this;
    if (kind === 16) return 0xffffffff;
    if (kind === 17) return 0;
    if (kind === 18) return random(2 ** 32);
    if (/^(C?[PMSD]\d?A[DR]?R?\d*|.*ADDR?\d*)$/.test(r.name)) return this.address();
    if (r.fields.length === 0) return random(2) === 0 ? random(256) : random(2 ** 32);
    const f = oneOf(r.fields, random);
    const mask = maskOf(f.bit, f.width);
    const field = [0xffffffff, 1, random(2 ** 32), random(4)][f.width === 1 ? random(2) : random(4)]!;
    return ((this.peek(r) & ~mask) | ((f.bit < 32 ? field << f.bit : 0) & mask)) >>> 0;
  }
  private address(): number {
    const { random } = this;
    const memory = oneOf(this.chip.memories, random);
    const own = this.block.row.base + oneOf(this.registers, random).offset;
    return oneOf([memory.base + 4 * random(64), memory.base + memory.size - 4 * random(8), own], random);
  }
  /** What lies in the block's addresses and is no register: packet memory, FIFOs, message RAM. */
  private elsewhere(): string {
    const { random, sys } = this;
    const { row } = this.block;
    const { base, size } = oneOf([row, ...(row.windows ?? [])], random);
    const bytes = oneOf([1, 2, 4, 4], random);
    const at = base + ((random(2) === 0 ? random(Math.min(size, 128)) : random(size)) & ~(bytes - 1));
    const value = random(2) === 0 ? random(128) : random(2 ** 32);
    if (random(3) === 0) return `${hex(at)} is ${sys.read(at, bytes)}`;
    return `${hex(at)} ${bytes} ${value} ${sys.write(at, bytes, value)}`;
  }
  /** What happens around the block. */
  private around(): string {
    const { random } = this;
    const turns = [this.drive, this.drive, this.reclock, this.reset, this.gated, this.supply, this.programFlash, this.programFlash];
    return oneOf(turns, random).call(this) ?? this.pass();
  }
  private drive(): string | null {
    const { random } = this;
    const w = this.asked.size === 0 ? null : oneOf([...this.asked], random);
    if (w === null || w.name === 'remap' || w.name === 'flash.swap' || w.name.startsWith('boot.')) return null;
    const value = w.name === 'reset.cause' ? random(RESET_CAUSES.length) : oneOf([0, 1, 1, 2, random(2 ** 16)], random);
    this.sys.drive(w, value);
    return `${w.name} = ${value}`;
  }
  private reclock(): string | null {
    const { clocks } = this.block.component;
    if (clocks.length === 0 || this.block.row.name === this.chip.rcc) return null;
    const clock = oneOf(clocks, this.random);
    const hz = this.random(4) === 0 ? null : oneOf(RATES, this.random);
    this.sys.setClock(clock, hz === null ? null : rate(hz));
    return `${clock} at ${hz}`;
  }
  private reset(): string {
    const to = oneOf(RESETS, this.random);
    if (to === 'system' || to === 'power') this.sys.resetBlocks(to);
    else this.sys.resetBlock(this.block, to);
    this.gate(0xffffffff);
    return `${to} reset`;
  }
  private gated(): string | null {
    if (this.block.row.name === this.chip.rcc) return null;
    this.gate(0);
    this.wait(oneOf(WAITS, this.random));
    this.gate(0xffffffff);
    return 'clock off, on';
  }
  /** Another voltage, or another core asks. */
  private supply(): string {
    const { sys, random } = this;
    sys.master = random(this.chip.cores.length);
    const volts = [...this.parameters].filter((name) => name.endsWith('volts'));
    if (volts.length === 0) return `core ${sys.master}`;
    const name = oneOf(volts, random);
    const value = oneOf(VOLTS, random);
    sys.setParameter(name, value);
    sys.setWire('supplies', sys.wire('supplies') + 1);
    return `${name} ${value}`;
  }
  private programFlash(): string | null {
    const flash = this.chip.memories.filter((m) => m.programmedBy === this.block.row.name);
    return flash.length === 0 ? null : this.programMemory(oneOf(flash, this.random));
  }
  private programMemory({ base, size }: MemoryRow): string {
    const { sys, random } = this;
    const at = base + oneOf([0, 8, 0x800, 0x4000, size - 64, random(size)], random);
    const unit = oneOf([1, 2, 4, 4], random);
    const answers = Array.from({ length: oneOf([1, 2, 4, 8], random) }, (_, i) =>
      sys.write((at & ~(unit - 1)) + unit * i, unit, random(2 ** 32)),
    );
    return `programs ${hex(at)} ${unit} ${answers.join('')} ${hex(sys.read(at & ~3, 4))}`;
  }
}
