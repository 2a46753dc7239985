/** What a block does when its registers are written: values that change, then and later, interrupts, wires, bus errors, notes. Its neighbours on the chip are there, with their clocks on. */
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { RegisterFact } from '../../src/emu/registers.ts';
import { SILENT, System, type Block, type SystemState } from '../../src/emu/system.ts';
import { MS, US } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { digest } from '../digest.ts';
import { numbers } from '../machines/random-writes.ts';

const WAITS = [0, 1 * US, 20 * US, 1 * MS, 10 * MS];
const PROGRAMS = 40;
const WRITES = 16;
/** What opens a register, or starts something, by the name of the register that takes it. */
export const KEYS: readonly (readonly [register: RegExp, keys: readonly number[]])[] = [
  [/^KR$/, [0x5555]],
  [/^KR$/, [0xcccc]],
  [/^KR$/, [0xaaaa]],
  [/^WPR$/, [0xca, 0x53]],
  [/^(NS)?KEYR[12]?$/, [0x45670123, 0xcdef89ab]],
  [/^OPTKEYR$/, [0x08192a3b, 0x4c5d6e7f]],
  [/^PEKEYR$/, [0x89abcdef, 0x02030405]],
  [/^PRGKEYR$/, [0x8c9daebf, 0x13141516]],
];
/** Notes and wires of one step beyond this many say nothing new. */
const MOST_EVENTS = 6;
const hex = (n: number): string => (n >>> 0).toString(16);

class Watched {
  readonly block: Block;
  readonly registers: readonly RegisterFact[];
  private readonly sys: System;
  private readonly ready: SystemState;
  private events: string[] = [];
  private values: number[] = [];
  private readonly lines = new Map<number, boolean>();

  constructor(chip: ChipDescription, name: string) {
    const sys = new System(chip, MODELS);
    this.sys = sys;
    sys.resetBlocks('power');
    const rcc = chip.blocks.find((b) => b.name === chip.rcc)!;
    for (const r of chip.facts[rcc.facts ?? rcc.name]!.registers)
      if (/ENR\d?$/.test(r.name) && name !== chip.rcc) sys.write(rcc.base + r.offset, 4, 0xffffffff);
    this.block = sys.block(name);
    const { row } = this.block;
    this.registers = chip.facts[row.facts ?? row.name]!.registers;
    this.wait(100 * US);
    const say = (text: string): void => void this.events.push(text);
    sys.listener = {
      ...SILENT,
      irq: (line, level) => {
        if ((this.lines.get(line) ?? false) !== level) say(`irq ${line} ${level ? 'up' : 'down'}`);
        this.lines.set(line, level);
      },
      reset: (by) => say(`reset by ${by}`),
      note: (kind, text) => say(`${kind}: ${text}`),
      wire: (wire, value) => say(`${wire} ${value}`),
    };
    this.ready = sys.save();
  }
  again(): void {
    this.sys.restore(this.ready);
    this.lines.clear();
    this.events = [];
    this.values = this.look();
  }
  /** The keys that it takes, each as writes. */
  get keys(): (readonly (readonly [RegisterFact, number])[])[] {
    return this.registers.flatMap((r) =>
      KEYS.filter(([name]) => name.test(r.name)).map(([, keys]) => keys.map((key) => [r, key] as const)),
    );
  }
  open(keys: readonly (readonly [RegisterFact, number])[]): string {
    return keys.map(([r, key]) => this.write(r, key)).join();
  }
  private look(): number[] {
    const { block } = this;
    return this.registers.map((r) => block.component.peek(block.state, block.env, r.offset, r.size) >>> 0);
  }
  /** What is other than when it was asked last. */
  private news(): string {
    const now = this.look();
    const changed = this.registers.flatMap((r, i) => (now[i] === this.values[i] ? [] : [`${r.name} ${hex(now[i]!)}`]));
    this.values = now;
    const { events } = this;
    this.events = [];
    const more = events.length > MOST_EVENTS ? [`and ${events.length - MOST_EVENTS} more`] : [];
    return [...changed, ...events.slice(0, MOST_EVENTS), ...more].join(', ');
  }
  write(r: RegisterFact, value: number): string {
    const answer = this.sys.write(this.block.row.base + r.offset, r.size, value >>> 0);
    return `${answer === 0 ? '' : 'bus error '}${this.news()}`;
  }
  read(r: RegisterFact): string {
    const value = this.sys.read(this.block.row.base + r.offset, r.size);
    return `${hex(value)} ${this.news()}`.trim();
  }
  wait(time: number): string {
    this.sys.fireDue(this.sys.now + time);
    return this.news();
  }
}
const valueOf = (bit: number, width: number, value: number): number =>
  Number((BigInt(value) & ((1n << BigInt(width)) - 1n)) << BigInt(bit));

/** One field at a time, out of reset and behind each key: what changes at once and within a millisecond. */
function* fields(w: Watched): Generator<string> {
  for (const keys of [[], ...w.keys])
    for (const r of w.registers)
      for (const f of r.fields)
        for (const value of f.width === 1 ? [1] : [1, 2 ** f.width - 1]) {
          w.again();
          w.open(keys);
          const mask = valueOf(f.bit, f.width, 2 ** f.width - 1);
          const at = w.write(r, (r.reset & ~mask) | valueOf(f.bit, f.width, value));
          const later = w.wait(1 * MS);
          const behind = keys.length === 0 ? '' : `${keys[0]![0].name} ${hex(keys[0]![1])}, `;
          if (at !== '' || later !== '')
            yield `${behind}${r.name}.${f.name} = ${hex(value)}: ${at || '-'}${later === '' ? '' : `; then ${later}`}`;
        }
}
type Random = ReturnType<typeof numbers>;
/** Anything, or one field of it, which is small as often as not. */
function valueFor(r: RegisterFact, random: Random): number {
  const f = r.fields.length === 0 || random(4) === 0 ? null : r.fields[random(r.fields.length)]!;
  if (f === null) return random(2) === 0 ? random(2 ** 32) : random(64);
  return (r.reset | valueOf(f.bit, f.width, random(random(2) === 0 ? 8 : 2 ** Math.min(31, f.width)) || 1)) >>> 0;
}
/** Some writes and reads behind each other; each line is what a program has come to. */
function* programs(w: Watched): Generator<string> {
  const { keys, registers } = w;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const random = numbers(Math.imul(seed, 0x9e3779b1));
    const steps: string[] = [];
    w.again();
    for (const some of keys) if (random(2) === 0) steps.push(w.open(some));
    for (let i = 0; i < WRITES; i++) {
      const r = registers[random(registers.length)]!;
      const value = valueFor(r, random);
      const done = w.write(r, value);
      const seen = w.read(registers[random(registers.length)]!);
      steps.push(`${r.name} ${hex(value)}: ${done}; ${seen}; ${w.wait(WAITS[random(WAITS.length)]!)}`);
    }
    yield `${seed}: ${digest(steps.join('\n'))} ${steps.at(-1)}`;
  }
}
export function behaviourOf(chip: ChipDescription, name: string): string[] {
  const w = new Watched(chip, name);
  return [`${name} of ${chip.name}`, ...fields(w), ...programs(w)];
}
