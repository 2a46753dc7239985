/** A chip with only the blocks under test, on the H533's register facts, with clocks set by hand and everything that leaves it recorded. */
import { loadFacts } from '../../src/chips/facts.ts';
import generated from '../../src/chips/generated/stm32h533.json' with { type: 'json' };
import type { BlockRow, ChipDescription } from '../../src/emu/chip.ts';
import type { ResetCause } from '../../src/emu/component.ts';
import { Layout } from '../../src/emu/registers.ts';
import type { System } from '../../src/emu/system.ts';
import { SILENT } from '../../src/emu/system.ts';
import { clockCount, clockTimeOf, rate, type Ps } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefSystem } from '../brief.ts';

const FACTS = loadFacts(generated);

export interface Bench {
  readonly sys: System;
  readonly irqs: Map<number, boolean>;
  readonly resets: ResetCause[];
  readonly notes: { readonly kind: string; readonly text: string }[];
  address(path: string): number;
  /** `read('IWDG.SR')`. */
  read(path: string): number;
  write(path: string, value: number, size?: 1 | 2 | 4): void;
  /** Side-effect-free read. */
  peek(path: string): number;
  /** Value of a field in a freshly read register: `field('IWDG.SR', 'PVU')`. */
  field(path: string, name: string): number;
  /** Moves time to `to` and fires what is due. */
  until(to: Ps): void;
  /** Moves time to the moment at which the clock has counted `count` more edges. */
  ticks(clock: string, count: number): void;
  count(clock: string): number;
  /** Back to power-on; cheaper than a new bench. */
  again(): Bench;
}

/** @param clocks frequency by name; null = stopped. */
export function bench(rows: readonly BlockRow[], clocks: Readonly<Record<string, number | null>>): Bench {
  const rcc: BlockRow = { name: 'RCC', model: null, base: 0x44020c00, size: 0x400 };
  const chip: ChipDescription = {
    name: 'TEST',
    family: 'STM32H5',
    line: 'STM32H5',
    cores: [],
    memories: [],
    blocks: [rcc, ...rows],
    clocks: Object.keys(clocks),
    rcc: 'RCC',
    parameters: {},
    facts: FACTS,
  };
  const sys = new BriefSystem(chip, MODELS);
  const irqs = new Map<number, boolean>();
  const resets: ResetCause[] = [];
  const notes: { kind: string; text: string }[] = [];
  sys.listener = {
    ...SILENT,
    irq: (line, level) => void irqs.set(line, level),
    reset: (by) => void resets.push(by),
    note: (kind, text) => void notes.push({ kind, text }),
  };
  for (const [name, hz] of Object.entries(clocks)) sys.setClock(name, hz === null ? null : rate(hz));
  sys.resetBlocks('power');
  const powerOn = sys.save();
  const linesAtPowerOn = [...irqs];
  const layouts = new Map(sys.blocks.map((b) => [b.row.name, new Layout(FACTS[b.row.facts ?? b.row.name]!)]));
  const locate = (path: string) => {
    const [block, name] = path.split('.') as [string, string];
    const row = sys.block(block).row;
    const register = layouts.get(block)!.reg(name);
    return { row, register, address: row.base + register.offset };
  };
  const until = (to: Ps): void => sys.fireDue(to);
  const read = (path: string): number => {
    const { register, address } = locate(path);
    return sys.read(address, register.size);
  };
  const self: Bench = {
    sys,
    irqs,
    resets,
    notes,
    until,
    read,
    address: (path) => locate(path).address,
    write(path, value, size) {
      const { register, address } = locate(path);
      sys.write(address, size ?? register.size, value);
    },
    peek(path) {
      const { row, register } = locate(path);
      const b = sys.block(row.name);
      return b.component.peek(b.state, b.env, register.offset, register.size);
    },
    field(path, name) {
      const { register } = locate(path);
      const fact = register.fields.find((f) => f.name === name);
      if (!fact) throw new Error(`${path} has no field ${name}`);
      return Math.floor(read(path) / 2 ** fact.bit) % 2 ** fact.width;
    },
    ticks: (clock, count) => until(clockTimeOf(sys.clock(clock), clockCount(sys.clock(clock), sys.now) + count)),
    count: (clock) => clockCount(sys.clock(clock), sys.now),
    again() {
      sys.restore(powerOn);
      irqs.clear();
      for (const [line, level] of linesAtPowerOn) irqs.set(line, level);
      resets.length = notes.length = 0;
      return self;
    },
  };
  return self;
}
