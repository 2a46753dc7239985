/** What a model says of its reads: a register that is `quiet` can be read while translated code runs, because nobody but the reader notices. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { BUS_ERROR } from '../../src/emu/component.ts';
import { System } from '../../src/emu/system.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { coveringChips } from '../chips/covering.ts';
import { byTurns } from '../turn.ts';

/** A system in which everything has been written to and time has passed, and how often anyone outside a block has been told something. */
function busySystem(
  chip: ChipDescription,
  seed: number,
): { system: System; told: () => Float64Array; pass: () => void; random: (n: number) => number } {
  const system = new System(chip, MODELS);
  onTestFinished(() => system.arena.release());
  let events = 0;
  const event = (): void => void events++;
  system.listener = {
    irq: event,
    reset: event,
    note: event,
    changed: null,
    unmodelled: () => {},
    unclocked: event,
    clock: event,
    wire: event,
    memoryChanged: event,
    busRead: event,
  };
  let x = seed;
  const random = (n: number): number => ((x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 8) % n;
  for (const name of chip.clocks) system.setClock(name, { num: 16_000_000, den: 1 });
  system.resetBlocks('power');
  const pass = (): void => {
    system.now += random(3) === 0 ? random(2e9) : random(1e6);
    system.fireDue(system.now);
  };
  for (let round = 0; round < 2; round++)
    for (const b of system.blocks) {
      // resets and clocks stay as they are
      if (b.row.name === chip.rcc) continue;
      const layout = system.layoutOf(b.row.name)!;
      for (const r of layout.registers) {
        b.component.write(
          b.state,
          b.env,
          r.offset,
          r.size,
          (random(1 << 16) | (random(1 << 16) << 16)) & (random(2) ? -1 : 0x1001) & r.writable,
        );
        if (random(4) === 0) pass();
      }
    }
  const told = (): Float64Array => {
    const { due, next } = system.scheduler;
    const wires = system['wires'].save();
    const all = new Float64Array(2 + due.length + wires.length);
    all.set([events, next]);
    all.set(due, 2);
    all.set(wires, 2 + due.length);
    return all;
  };
  return { system, told, pass, random };
}

function same(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/** Registers seen that hold for a while and not for ever, on all chips: on most, nothing that follows the time is clocked after random writes. */
let finite = 0;

describe.each(byTurns(coveringChips(), 2).map((chip) => [chip.name, chip] as const))('%s', (_name, chip) => {
  it('quiet reads raise no interrupt, arm no timer, drive no wire and say nothing', () => {
    let quiet = 0;
    let loud = 0;
    for (const seed of [1, 2, 3]) {
      const { system, told, pass, random } = busySystem(chip, seed);
      let before = told();
      for (const b of system.blocks) {
        for (const r of system.layoutOf(b.row.name)!.registers) {
          if (random(8) === 0) {
            pass();
            before = told();
          }
          const size = random(3) === 0 ? 1 : r.size;
          if (b.component.sideEffectFree(r.offset, size) !== true) {
            loud++;
            continue;
          }
          quiet++;
          if (b.component.read(b.state, b.env, r.offset, size) === BUS_ERROR) expect.fail(`${b.row.name}.${r.name} cannot be read`);
          if (!same(told(), before)) expect.fail(`${b.row.name}.${r.name} is not quiet`);
        }
      }
    }
    expect(quiet).toBeGreaterThan(500);
    expect(loud).toBeGreaterThan(0);
  });
  it('what holds until a time reads the same until then, events aside', () => {
    for (const seed of [5, 6]) {
      const { system, pass, random } = busySystem(chip, seed);
      for (let round = 0; round < 20; round++) {
        pass();
        // who asks how long a value holds has read it: what is computed late has been caught up with then
        for (const b of system.blocks)
          for (const r of system.layoutOf(b.row.name)!.registers)
            if (b.component.holds(b.state, b.env, r.offset) !== 0) b.component.read(b.state, b.env, r.offset, r.size);
        const held = system.blocks.flatMap((b) =>
          system.layoutOf(b.row.name)!.registers.map((r) => ({ b, r, until: b.component.holds(b.state, b.env, r.offset) })),
        );
        const event = system.scheduler.next;
        const start = system.now;
        const value = (b: (typeof held)[number]['b'], offset: number, size: number): number =>
          b.component.peek(b.state, b.env, offset, size);
        const before = held.map(({ b, r }) => value(b, r.offset, r.size));
        for (const [i, { b, r, until }] of held.entries()) {
          const end = Math.min(until, event) - 1;
          if (until <= start || end <= start || end === Infinity) continue;
          if (until < Infinity) finite++;
          for (const at of [end, start + random(Math.min(end - start, 2 ** 30))]) {
            system.now = at;
            if (value(b, r.offset, r.size) !== before[i]) expect.fail(`${b.row.name}.${r.name} does not hold`);
          }
          system.now = start;
        }
      }
    }
  });
  it('a read of what holds leaves its block as it is', () => {
    const { system, pass } = busySystem(chip, 7);
    for (let round = 0; round < 4; round++) {
      pass();
      for (const b of system.blocks)
        for (const r of system.layoutOf(b.row.name)!.registers) {
          const read = (): number => b.component.read(b.state, b.env, r.offset, r.size);
          if (b.component.holds(b.state, b.env, r.offset) !== 0) read();
          if (b.component.holds(b.state, b.env, r.offset) === 0) continue;
          const before = JSON.stringify(b.state);
          read();
          if (JSON.stringify(b.state) !== before) expect.fail(`reading ${b.row.name}.${r.name} changes its block`);
        }
    }
  });
  it('a read that is wider than the register, and one that takes something away, are not quiet', () => {
    const { system } = busySystem(chip, 4);
    const taking: Readonly<Record<string, readonly string[]>> = {
      rng: ['DR'],
      'usart-v4': ['RDR', 'DR'],
      'gpio-v2': ['LCKR'],
      'usb-otg-fs': ['GRXSTSP'],
      hsem: ['R3', 'RLR3'],
    };
    for (const b of system.blocks) {
      const layout = system.layoutOf(b.row.name)!;
      const quiet = (offset: number): boolean => b.component.sideEffectFree(offset, 4);
      const narrow = layout.registers.find((r) => r.size < 4);
      if (narrow) expect(quiet(narrow.offset)).toBe(false);
      if (b.row.model === 'usb-otg-fs') expect(quiet(0x1000)).toBe(false);
      for (const name of taking[b.row.model ?? ''] ?? []) if (layout.has(name)) expect(quiet(layout.reg(name).offset), name).toBe(false);
    }
  });
});

it('some registers hold for a while and not for ever', () => {
  expect(finite).toBeGreaterThan(0);
});
