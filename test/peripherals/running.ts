/**
 * A block that runs, with one field of its registers other than usual: each field of each register with some of its values, by turns. Random programs seldom have two registers right at
 * once; here all of them are, but for one. What the block then does (times, interrupts, wires, what its registers read, until when they hold) is a line of a table.
 */
import { it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import type { RegisterFact } from '../../src/emu/registers.ts';
import { SILENT, System, type Block, type SystemState } from '../../src/emu/system.ts';
import { rate, US, type Ps } from '../../src/emu/time.ts';
import { wire, type Wire } from '../../src/emu/wires.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { ofBlock } from '../../src/peripherals/wires.ts';
import { digest } from '../digest.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';

/** Clocks that are slow on a chip. */
const SLOW = /^(rtc|ls[ei])$/;
const [SLOW_HZ, USB_HZ, FAST_HZ] = [32_768, 48_000_000, 16_000_000];
const maskOf = (bit: number, width: number): number => (width >= 32 ? 0xffffffff : ((2 ** width - 1) * 2 ** bit) >>> 0);
const hex = (n: number): string => (n >>> 0).toString(16);

/** What a block is set up for, and what happens to it then. Fields that a version does not have are passed over. */
export interface Course {
  /** Chips, each with its block and those that work with it: `stm32l476rg ADC1 ADC_Common`. */
  readonly on: readonly string[];
  /** Memories of the chip that it needs. */
  readonly memories?: readonly string[];
  /** Fewer values of each field. */
  readonly few?: boolean;
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
    this.blocks = names.map((name) => sys.block(name));
    this.block = this.blocks[0]!;
    this.facts = new Map(this.blocks.map((b) => [b.row.name, chip.facts[b.row.facts ?? b.row.name]!.registers]));
    sys.fireDue(20 * US);
    this.ready = sys.save();
  }
  private listen(): void {
    const say = (text: string): void => void this.events.push(`${this.sys.now} ${text}`);
    this.sys.listener = {
      ...SILENT,
      irq: (line, level) => {
        if ((this.levels.get(line) ?? false) !== level) say(`irq ${line} ${level}`);
        this.levels.set(line, level);
      },
      reset: (by) => say(`reset ${by}`),
      note: (kind, text) => say(`${kind} ${text}`),
      wire: (name, value, w) => {
        say(`${name} ${value}`);
        this.heard?.(w, value);
      },
      clock: (name) => say(`clock ${name} ${JSON.stringify(this.sys.clock(name).rate)}`),
      busRead: (address) => say(`reads ${hex(address)}`),
      busWritten: (_block, address, size, value) => say(`stores ${hex(address)} ${size} ${hex(value)}`),
      memoryChanged: (memory, offset, length) => say(`${memory.row.name} ${offset} ${length}`),
    };
  }
  again(): void {
    this.heard = null;
    this.sys.restore(this.ready);
    this.levels.clear();
    this.events = [];
  }
  /** What happens so far, and what the registers read, but for one of them. */
  private story(but = ''): string {
    return `${this.events.join('\n')}\n${this.look(but)}`;
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
    this.say(`${path} ${hex(value)}`);
    return value;
  }
  /** One field, the rest as it reads; of several names that versions have the first one that is there. */
  set(path: string, value: number): void {
    const parts = path.split('.');
    const at = this.register(path);
    const f = at?.r.fields.find(({ name }) => name === parts.at(-1));
    if (at && f) this.change(at.b, at.r, f, value);
  }
  change(b: Block, r: RegisterFact, f: RegisterFact['fields'][number], value: number): void {
    const mask = maskOf(f.bit, f.width);
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
    this.sys.drive(wire(name), value);
  }
  /** A device of the board answers what the block asks. */
  device(answer: (ask: number) => number): void {
    const [asks, to, answered] = ['asks', 'answer', 'answered'].map((what) => ofBlock(this.name, what)) as [Wire, Wire, Wire];
    this.heard = (w, value) => {
      if (w !== asks || value === 0) return;
      this.sys.drive(to, answer(value));
      this.sys.drive(answered, 1);
    };
  }
  private look(but: string): string {
    return this.blocks
      .flatMap(({ component, state, env, row }) =>
        this.facts
          .get(row.name)!
          .filter(({ name }) => `${row.name}.${name}` !== but)
          .map(({ offset, size }) => `${hex(component.peek(state, env, offset, size))} ${component.holds(state, env, offset)}`),
      )
      .join();
  }

  // ---- The sweep
  /** What comes of a course with something else than usual. */
  private told(course: Course, but = '', change?: () => void): string {
    this.again();
    course.prepare(this);
    change?.();
    course.run(this);
    return this.story(but);
  }
  private turn(b: Block, r: RegisterFact, f: RegisterFact['fields'][number], value: number | 'other'): void {
    if (value !== 'other') return this.change(b, r, f, value);
    this.change(b, r, f, 1 - ((b.component.peek(b.state, b.env, r.offset, r.size) >>> f.bit) & 1));
  }
  /** One line for each register with fields that matter to others: a digest of what comes of the values of each. */
  lines(course: Course): readonly string[] {
    const lines = [`${this.name} as usual ${digest(this.told(course))}`];
    for (const b of this.blocks)
      for (const r of this.facts.get(b.row.name)!) {
        const name = `${b.row.name}.${r.name}`;
        if (r.writable === 0 || course.turns?.test(name) === false) continue;
        const usual = this.told(course, name);
        const fields = r.fields.length > 0 ? r.fields : [{ name: '', bit: 0, width: 8 * r.size }];
        const shown = fields.flatMap((f) => {
          const told = valuesOf(f.width, course.few).map((value) => this.told(course, name, () => this.turn(b, r, f, value)));
          return told.every((text) => text === usual) ? [] : [`${f.name} ${digest(told.join('\n\n'))}`.trim()];
        });
        if (shown.length > 0) lines.push(`${name}: ${shown.join(' ')}`);
      }
    return lines;
  }
}
/** Of one bit the other value, all values of a narrow field, of a wide one those at its ends and in its middle. */
function valuesOf(width: number, few = false): readonly (number | 'other')[] {
  if (width === 1) return ['other'];
  const most = 2 ** width - 1;
  if (few) return [1, most];
  if (width <= 3) return Array.from({ length: most + 1 }, (_, i) => i);
  return [...new Set([0, 1, 2, 5, Math.floor(most / 3), most - 1, most])];
}

/** The tests of some courses, beside what they came to before (running/<file>.txt): `BOOTBENCH_GOLDEN=write` writes that anew. */
export function runningBlocks(file: string, courses: Readonly<Record<string, Course>>): void {
  const path = new URL(`./running/${file}.txt`, import.meta.url);
  const now: string[] = [];
  for (const [name, what] of Object.entries(courses))
    for (const on of what.on)
      it(`${name}: ${on}`, () => {
        const [chip, ...blocks] = on.split(' ');
        const part = new Part(chip!, blocks, what.memories ?? [], what.parameters);
        try {
          now.push([`${name}: ${on}`, ...part.lines(what)].join('\n'));
        } finally {
          part.sys.arena.release();
        }
      });
  it('all of them do what they did', () => expectAsBefore(now, path));
}
