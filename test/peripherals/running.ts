/**
 * A block that runs, with one field of its registers other than usual: each field of each register with some of its values, by turns. Random programs seldom have two registers right at
 * once; here all of them are, but for one. The table tells what the block does as usual (times, interrupts, wires, what its registers read), and for each field where that begins to differ.
 */
import { it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import type { FieldFact, RegisterFact } from '../../src/emu/registers.ts';
import { SILENT, System, type Block, type SystemState } from '../../src/emu/system.ts';
import { rate, US, type Ps } from '../../src/emu/time.ts';
import { wire, type Wire } from '../../src/emu/wires.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { ofBlock } from '../../src/peripherals/wires.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { changesOf, duration, fieldsIn, hertz, hex, maskOf, together, type Item } from './telling.ts';
import { leadUsbPins } from './usb-pins.ts';

/** Clocks that are slow on a chip. */
const SLOW = /^(rtc|ls[ei])$/;
const [SLOW_HZ, USB_HZ, FAST_HZ] = [32_768, 48_000_000, 16_000_000];
/** Of what happens at one moment, and of registers that are other in the end, so many are told. */
const MOST_TOLD = 1;
/** Wires by which blocks of one ADC share registers. */
const SHARED = /^adc\d*\.ccr/;

/** What a block is set up for, and what happens to it then. Fields that a version does not have are passed over. */
export interface Course {
  /** Chips, each with its block and those that work with it: `stm32l476rg ADC1 ADC_Common`. */
  readonly on: readonly string[];
  /** Memories of the chip that it needs. */
  readonly memories?: readonly string[];
  /** What the board and the chip's row say otherwise. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** Registers by turns; all unless said otherwise. */
  readonly turns?: RegExp;
  prepare(part: Part): void;
  run(part: Part): void;
}

export const course = (prepare: (p: Part) => void, run: (p: Part) => void): Pick<Course, 'prepare' | 'run'> => ({ prepare, run });

/** A block of a chip and its neighbours, with all of their clocks on and nothing else of the chip. */
export class Part {
  readonly sys: System;
  readonly block: Block;
  readonly blocks: readonly Block[];
  private readonly ready: SystemState;
  private readonly facts: ReadonlyMap<string, readonly RegisterFact[]>;
  private events: string[] = [];
  private start: Ps = 0;
  /** A wire that the course drives itself. */
  private driven = '';
  /** A register that is other anyway: what is read from it is not told. */
  private passedOver = '';
  /** What a register was when it was read last. */
  private readonly taken = new Map<string, number>();
  private readonly levels = new Map<number, boolean>();
  private heard: ((w: Wire, value: number) => void) | null = null;

  constructor(chipName: string, names: readonly string[], memories: readonly string[], parameters: Readonly<Record<string, number>> = {}) {
    const chip = findChip(chipName)!;
    const rows = [...new Set([chip.rcc, ...names])].map((name) => {
      const { clock: _clock, reset: _reset, ...row } = chip.blocks.find((b) => b.name === name)!;
      return name === chip.rcc && !names.includes(name) ? { ...row, model: null } : row;
    });
    const { remap: _remap, ...rest } = chip;
    const kept = chip.memories.filter((m) => memories.includes(m.name)).map(({ gate: _gate, ...m }) => m);
    this.sys = new System({ ...rest, cores: [], blocks: rows, memories: kept }, MODELS, parameters);
    const { sys } = this;
    this.listen();
    for (const name of chip.clocks) sys.setClock(name, rate(SLOW.test(name) ? SLOW_HZ : name === 'usb' ? USB_HZ : FAST_HZ));
    sys.resetBlocks('power');
    sys.drive(wire('dbp'), 1);
    leadUsbPins(sys);
    this.blocks = names.map((name) => sys.block(name));
    this.block = this.blocks[0]!;
    this.facts = new Map(this.blocks.map((b) => [b.row.name, chip.facts[b.row.facts ?? b.row.name]!.registers]));
    sys.fireDue(20 * US);
    this.ready = sys.save();
  }
  private listen(): void {
    const { sys } = this;
    const say = (text: string): void => {
      const moment = duration(sys.now - this.start);
      const last = this.events.at(-1);
      if (last?.startsWith(`${moment} `)) this.events[this.events.length - 1] = `${last}, ${text}`;
      else this.events.push(`${moment} ${text}`);
    };
    sys.listener = {
      ...SILENT,
      irq: (line, level) => {
        if ((this.levels.get(line) ?? false) !== level) say(`${this.lineName(line)} ${level ? 'up' : 'down'}`);
        this.levels.set(line, level);
      },
      reset: (by) => say(`reset by ${by}`),
      note: (kind) => say(`(${kind})`),
      wire: (name, value, w) => {
        if (name !== this.driven && !SHARED.test(name)) say(`${name} ${hex(value)}`);
        this.heard?.(w, value);
      },
      clock: (name) => say(`${name} ${hertz(sys.clock(name).rate)}`),
      busRead: (address) => say(`reads ${this.place(address)}`),
      busWritten: (_block, address, size, value) => say(`${hex(value)}:${8 * size} to ${this.place(address)}`),
      memoryChanged: (memory, offset, length) => {
        if (memory.row.programmedBy !== undefined) say(`${memory.row.name}+${hex(offset)} ${length} bytes`);
      },
    };
  }
  private place(address: number): string {
    const memory = this.sys.chip.memories.find((m) => address >= m.base && address < m.base + m.size);
    return memory ? `${/ram/i.test(memory.name) ? 'RAM' : memory.name}+${hex(address - memory.base)}` : hex(address);
  }
  /** Of several interrupts of a block, which one. */
  private lineName(line: number): string {
    const owner = this.blocks.find(({ row }) => row.irqs?.includes(line));
    const irqs = owner?.row.irqs ?? [];
    return irqs.length > 1 ? `irq ${irqs.indexOf(line)}` : 'irq';
  }
  again(): void {
    this.heard = null;
    this.sys.restore(this.ready);
    this.levels.clear();
    this.taken.clear();
    this.events = [];
    this.start = this.sys.now;
  }

  // ---- For courses
  get name(): string {
    return this.block.row.name;
  }
  say(text: string): void {
    this.events.push(text);
  }
  private register(path: string): { readonly r: RegisterFact; readonly b: Block } | undefined {
    const parts = path.split('.');
    const b = this.blocks.find(({ row }) => row.name === parts[0]) ?? this.block;
    const name = b.row.name === parts[0] ? parts[1] : parts[0];
    const r = this.facts.get(b.row.name)!.find((x) => x.name === name);
    return r && { r, b };
  }
  has(path: string): boolean {
    return this.register(path) !== undefined;
  }
  /** A whole register. */
  put(path: string, value: number): void {
    const at = this.register(path);
    if (at) this.sys.write(at.b.row.base + at.r.offset, at.r.size, value >>> 0);
  }
  /** Reads a register, and says what it was. */
  take(path: string): number {
    const at = this.register(path);
    if (!at) return 0;
    const value = this.sys.read(at.b.row.base + at.r.offset, at.r.size);
    if (this.taken.get(path) !== value && `${at.b.row.name}.${at.r.name}` !== this.passedOver) this.say(`${path} is ${hex(value)}`);
    this.taken.set(path, value);
    return value;
  }
  /** One field, the rest as it reads; of several names that versions have the first one that is there. */
  set(path: string, value: number): void {
    const parts = path.split('.');
    const at = this.register(path);
    const f = at?.r.fields.find(({ name }) => name === parts.at(-1));
    if (at && f) this.change(at.b, at.r, f, value);
  }
  change(b: Block, r: RegisterFact, f: FieldFact, value: number): void {
    const mask = maskOf(f);
    const old = b.component.peek(b.state, b.env, r.offset, r.size);
    this.sys.write(b.row.base + r.offset, r.size, ((old & ~mask) | ((value * 2 ** f.bit) & mask)) >>> 0);
  }
  wait(time: Ps): void {
    const { sys } = this;
    const to = sys.now + time;
    for (let n = 0; n < 40 && sys.scheduler.next <= to; n++) sys.fireDue(sys.scheduler.next);
    if (sys.scheduler.next > to) sys.fireDue(to);
  }
  /** To the next thing that happens, but no further than `most`. */
  next(most: Ps): void {
    const { next } = this.sys.scheduler;
    this.wait(Math.max(1, Math.min(most, next - this.sys.now)));
  }
  drive(name: string, value: number): void {
    const before = this.driven;
    this.driven = name;
    this.sys.drive(wire(name), value);
    this.driven = before;
  }
  /** A device of the board answers what the block asks. */
  device(answer: (ask: number) => number): void {
    const [asks, to, answered] = ['asks', 'answer', 'answered'].map((what) => ofBlock(this.name, what)) as [Wire, Wire, Wire];
    this.heard = (w, value) => {
      if (w !== asks || value === 0) return;
      this.drive(to.name, answer(value));
      this.drive(answered.name, 1);
    };
  }
  private look(): readonly (readonly [b: Block, r: RegisterFact, value: number])[] {
    return this.blocks.flatMap((b) =>
      this.facts.get(b.row.name)!.map((r) => [b, r, b.component.peek(b.state, b.env, r.offset, r.size)] as const),
    );
  }

  // ---- The sweep
  /** What comes of a course with something else than usual; `but` is the register that is other anyway. */
  private told(course: Course, but = '', change?: () => void): Story {
    this.again();
    this.passedOver = but;
    course.prepare(this);
    change?.();
    course.run(this);
    const end = this.look().filter(([b, r]) => `${b.row.name}.${r.name}` !== but);
    return { events: this.events, end };
  }
  private turn(b: Block, r: RegisterFact, f: FieldFact, value: number | 'other'): void {
    if (value !== 'other') return this.change(b, r, f, value);
    this.change(b, r, f, 1 - ((b.component.peek(b.state, b.env, r.offset, r.size) >>> f.bit) & 1));
  }
  /** What is other than usual with each value of a field. */
  private field(course: Course, usual: Story, b: Block, r: RegisterFact, f: FieldFact, index: number): Item[] {
    const values = valuesOf(f.width);
    const told = values.map((value) =>
      difference(
        usual,
        this.told(course, `${b.row.name}.${r.name}`, () => this.turn(b, r, f, value)),
      ),
    );
    if (told.every((text) => text === told[0])) return told[0] === '' ? [] : [{ name: f.name, text: told[0]!, index }];
    return told.flatMap((text, i): Item[] => (text === '' ? [] : [{ name: `${f.name}=${hex(Number(values[i]))}`, text, index }]));
  }
  /** A line for what it does as usual, and one for each register with fields that matter to others. */
  lines(course: Course): readonly string[] {
    const lines = [`  as usual: ${this.told(course).events.map(short).join('; ')}`];
    for (const b of this.blocks)
      for (const r of this.facts.get(b.row.name)!) {
        const name = `${b.row.name}.${r.name}`;
        if (r.writable === 0 || course.turns?.test(name) === false) continue;
        const usual = this.told(course, name);
        const fields = firstAndLast(fieldsIn(r)).flatMap((f, i) => this.field(course, usual, b, r, f, i));
        const shown = together(fields, []).map((item) => `${item.name}: ${item.text}`);
        if (shown.length > 0) lines.push(`  ${b === this.block ? r.name : name} ${shown.join('; ')}`);
      }
    return lines;
  }
}
interface Story {
  readonly events: readonly string[];
  readonly end: readonly (readonly [b: Block, r: RegisterFact, value: number])[];
}
/** Where a story begins to be another, or what its registers come to in the end. */
function difference(usual: Story, now: Story): string {
  const at = now.events.findIndex((event, i) => event !== usual.events[i]);
  if (at >= 0) return inMoment(usual.events[at] ?? '', now.events[at]!);
  if (now.events.length < usual.events.length) return `not ${short(usual.events[now.events.length]!)}`;
  const changes = now.end.flatMap(([, r, value], i) => changesOf(r, usual.end[i]![2], value));
  return changes.length === 0 ? '' : `in the end ${changes.slice(0, MOST_TOLD).join(', ')}`;
}
/** At the same moment only what is more or less than usual. */
function inMoment(usual: string, now: string): string {
  const time = /^[\d.]+ [µmn]s/.exec(now)?.[0];
  if (time === undefined || !usual.startsWith(`${time} `)) return short(now);
  const [before, after] = [usual, now].map((event) => event.slice(time.length + 1).split(', '));
  const more = after!.filter((part) => !before!.includes(part));
  const less = before!.filter((part) => !after!.includes(part)).map((part) => `not ${part}`);
  const news = [...more, ...less];
  return news.length === 0 ? short(now) : `${time} ${short(news.join(', '))}`;
}
/** Of fields that differ by a number only (channels, filters), the first and the last. */
function firstAndLast(fields: readonly FieldFact[]): readonly FieldFact[] {
  const kind = ({ name }: FieldFact): string => name.replace(/\d+/, '#');
  const kinds = fields.map(kind);
  return fields.filter((_, i) => kinds.indexOf(kinds[i]!) === i || kinds.lastIndexOf(kinds[i]!) === i);
}
/** Not all of what happens at one moment: a clock takes many with it. */
function short(event: string): string {
  const parts = event.split(', ');
  return parts.length <= MOST_TOLD + 1 ? event : `${parts.slice(0, MOST_TOLD).join(', ')} and ${parts.length - MOST_TOLD} more`;
}
/** Of one bit the other value, of a narrow field all values, of a wide one those at its ends. */
function valuesOf(width: number): readonly (number | 'other')[] {
  if (width === 1) return ['other'];
  const most = 2 ** width - 1;
  return width <= 2 ? Array.from({ length: most + 1 }, (_, i) => i) : [0, 1, most];
}

/** The tests of some courses, beside what they came to before (running/<file>.txt): `BOOTBENCH_GOLDEN=write` writes that anew. */
export function runningBlocks(file: string, courses: Readonly<Record<string, Course>>): void {
  const path = new URL(`./running/${file}.txt`, import.meta.url);
  const now: string[] = [];
  /** What another chip does alike is told once. */
  const seen = new Set<string>();
  for (const [name, what] of Object.entries(courses))
    for (const on of what.on)
      it(`${name}: ${on}`, () => {
        const [chip, ...blocks] = on.split(' ');
        const part = new Part(chip!, blocks, what.memories ?? [], what.parameters);
        try {
          const lines = part.lines(what).filter((line) => !seen.has(line));
          for (const line of lines) seen.add(line);
          now.push([`${name}: ${on}`, ...lines].join('\n'));
        } finally {
          part.sys.arena.release();
        }
      });
  it('all of them do what they did', () => expectAsBefore(now, path));
}
