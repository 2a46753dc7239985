/**
 * What a block does when one field of a register is written: the fields that change at once and within a millisecond, interrupts, wires, bus errors, and that it was noted. Its neighbours on
 * the chip are there, with their clocks on. Fields and registers that do the same are told together, so that a person can read it.
 */
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { FieldFact, RegisterFact } from '../../src/emu/registers.ts';
import { SILENT, type Block, type System, type SystemState } from '../../src/emu/system.ts';
import { MS, US } from '../../src/emu/time.ts';
import { wire } from '../../src/emu/wires.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefSystem } from '../brief.ts';
import { AWAKE, KEYS } from './openings.ts';
import { changesOf, duration, fieldsIn, hertz, hex, maskOf, together, valueIn, type Item } from './telling.ts';
import { leadUsbPins } from './usb-pins.ts';

/** Events of one step beyond this many say nothing new. */
const MOST_EVENTS = 4;
const MOST_STEPS = 12;
const WATCHED = 2 * MS;
class Watched {
  readonly block: Block;
  readonly registers: readonly RegisterFact[];
  private readonly sys: System;
  private readonly ready: SystemState;
  private events: string[] = [];
  private values: readonly number[] = [];
  private readonly lines = new Map<number, boolean>();

  constructor(chip: ChipDescription, name: string) {
    const sys = new BriefSystem(chip, MODELS);
    this.sys = sys;
    sys.resetBlocks('power');
    const rcc = chip.blocks.find((b) => b.name === chip.rcc)!;
    for (const r of chip.facts[rcc.facts ?? rcc.name]!.registers)
      if (/ENR\d?$/.test(r.name) && name !== chip.rcc) sys.write(rcc.base + r.offset, 4, 0xffffffff);
    if (!name.startsWith('PWR')) sys.drive(wire('dbp'), 1);
    if (/^(USB|OTG)/.test(name)) leadUsbPins(sys);
    this.block = sys.block(name);
    this.registers = chip.facts[this.block.row.facts ?? name]!.registers;
    sys.fireDue(sys.now + 100 * US);
    const say = (text: string): void => void this.events.push(text);
    sys.listener = {
      ...SILENT,
      irq: (line, level) => {
        if ((this.lines.get(line) ?? false) !== level) say(`irq ${line} ${level ? 'up' : 'down'}`);
        this.lines.set(line, level);
      },
      reset: (by) => say(`reset by ${by}`),
      note: (kind) => say(`(${kind})`),
      wire: (name, value) => say(`${name} ${hex(value)}`),
      clock: (name) => say(`${name} ${hertz(sys.clock(name).rate)}`),
    };
    this.ready = sys.save();
  }
  /** Ready again, with what `opening` writes. */
  again(opening: readonly Opening[]): void {
    this.sys.restore(this.ready);
    this.lines.clear();
    for (const { r, mask, value, wait } of opening) {
      this.sys.write(this.block.row.base + r.offset, r.size, ((this.peek(r) & ~mask) | value) >>> 0);
      if (wait > 0) this.sys.fireDue(this.sys.now + wait);
    }
    this.events = [];
    this.values = this.look();
  }
  peek(r: RegisterFact): number {
    const { component, state, env } = this.block;
    return component.peek(state, env, r.offset, r.size) >>> 0;
  }
  private look(): readonly number[] {
    return this.registers.map((r) => this.peek(r));
  }
  private news(): readonly string[] {
    const now = this.look();
    const changed = this.registers.flatMap((r, i) => changesOf(r, this.values[i]!, now[i]!));
    this.values = now;
    const said = [...new Set(this.events)];
    this.events = [];
    const most = said.slice(0, MOST_EVENTS);
    return [...changed, ...most, ...(said.length > most.length ? [`and ${said.length - most.length} more`] : [])];
  }
  /** What comes of a value in a field: nothing, `kept` if that is all, or the story. */
  write(r: RegisterFact, f: FieldFact, value: number): string {
    const before = this.peek(r);
    const whole = ((before & ~maskOf(f)) | (value * 2 ** f.bit)) >>> 0;
    const answer = this.sys.write(this.block.row.base + r.offset, r.size, whole);
    const isKept = this.peek(r) === whole && before !== whole;
    const news = this.news().filter((text) => !isKept || !text.startsWith(`${r.name}.${f.name} = `));
    const at = [...(answer === 0 ? [] : ['bus error']), ...(isKept ? ['kept'] : []), ...news].join(', ');
    const later = this.later();
    return later === '' ? at : `${at || '-'}; then ${later}`;
  }
  /** What happens in the first moments after a write, and when. */
  private later(): string {
    const { sys } = this;
    const start = sys.now;
    const told: string[] = [];
    for (let n = 0; n < MOST_STEPS && told.length < MOST_EVENTS && sys.scheduler.next <= start + WATCHED; n++) {
      sys.fireDue(sys.scheduler.next);
      const news = this.news();
      if (news.length > 0) told.push(`${duration(sys.now - start)} ${news.join(', ')}`);
    }
    if (told.length < MOST_EVENTS) {
      sys.fireDue(Math.max(sys.now, start + WATCHED));
      const news = this.news();
      if (news.length > 0) told.push(news.join(', '));
    }
    return told.join(', ');
  }
}
interface Opening {
  readonly r: RegisterFact;
  readonly mask: number;
  readonly value: number;
  readonly wait: number;
}
/** Out of reset; with its keys written; awake, if it sleeps out of reset. */
function openings(w: Watched): readonly (readonly [name: string, opening: readonly Opening[]])[] {
  const keys = w.registers.flatMap((r) =>
    KEYS.filter(([name, , starts]) => name.test(r.name) && !starts).flatMap(([, values]) =>
      values.map((value) => ({ r, mask: 0xffffffff, value, wait: 0 })),
    ),
  );
  const awake = AWAKE.filter(([model]) => model.test(w.block.row.model!)).flatMap(([, fields]) =>
    fields.flatMap(([path, value]) => {
      const [name, field] = path.split('.');
      const r = w.registers.find((x) => x.name === name);
      const f = r?.fields.find((x) => x.name === field);
      return r && f ? [{ r, mask: maskOf(f), value: value * 2 ** f.bit, wait: 400 * US }] : [];
    }),
  );
  const all: readonly (readonly [string, readonly Opening[]])[] = [
    ['out of reset', []],
    ['unlocked', keys],
    ['awake', [...keys, ...awake]],
  ];
  return all.filter(([name]) => name === 'out of reset' || (name === 'unlocked' ? keys.length > 0 : awake.length > 0));
}

/** What each field does, once if it does the same with each of its values. */
function fieldsOf(w: Watched, r: RegisterFact, opening: readonly Opening[]): Item[] {
  return fieldsIn(r).flatMap((f, index): Item[] => {
    w.again(opening);
    const old = valueIn(f, w.peek(r));
    const values = f.width === 1 ? [1 - old] : [1, 2 ** f.width - 1].filter((value) => value !== old);
    const told = values.map((value, i) => {
      if (i > 0) w.again(opening);
      return w.write(r, f, value).replaceAll(`${r.name}.`, '.');
    });
    if (told.every((text) => text === told[0])) return told[0] === '' ? [] : [{ name: f.name, text: told[0]!, index }];
    return told.flatMap((text, i): Item[] => (text === '' ? [] : [{ name: `${f.name}=${hex(values[i]!)}`, text, index }]));
  });
}
function registersOf(w: Watched, opening: readonly Opening[]): Item[] {
  return w.registers.flatMap((r, index): Item[] => {
    const told = fieldsOf(w, r, opening);
    const every = fieldsIn(r).map(({ name }) => name);
    const kept = together(
      told.filter(({ text }) => text === 'kept'),
      every,
    );
    const rest = together(
      told.filter(({ text }) => text !== 'kept'),
      every,
    );
    const all = [
      ...(kept.length > 0 ? [`keeps ${kept.map(({ name }) => name).join(' ')}`] : []),
      ...rest.map(({ name, text }) => `${name}: ${text}`),
    ];
    return all.length === 0 ? [] : [{ name: r.name, text: all.join('; '), index }];
  });
}
/** One line a register, or a row of them. Behind the first opening, only what is other than before. */
export function reactionsOf(chip: ChipDescription, name: string): string[] {
  const w = new Watched(chip, name);
  let before = new Map<string, string>();
  return [
    `${name} of ${chip.name}`,
    ...openings(w).flatMap(([opening, writes], i) => {
      const lines = registersOf(w, writes);
      const other = lines.filter(({ name: register, text }) => before.get(register) !== text);
      before = new Map(lines.map((line) => [line.name, line.text]));
      return [...(i === 0 ? [] : [`${opening}:`]), ...together(other, []).map((line) => `  ${line.name} ${line.text}`)];
    }),
  ];
}
