/** Programs that write random values to random registers of a chip, and then wait; faults are stepped over. */
import type { ChipDescription } from '../../src/emu/chip.ts';
import { Machine } from '../../src/emu/machine.ts';
import type { Ps } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';

const VECTORS = 256;
const TABLE = 0x800;
/** Thumb: r4 = table; r5 = count; each pair is stored; then one register is read for ever. */
const CODE = [
  0x4c07, // ldr r4, [pc, #28]  table
  0x4d08, // ldr r5, [pc, #32]  count
  0x6820, // loop: ldr r0, [r4]
  0x6861, // ldr r1, [r4, #4]
  0x6001, // str r1, [r0]
  0x3408, // adds r4, #8
  0x3d01, // subs r5, #1
  0xd1f9, // bne loop
  0x6820, // ldr r0, [r4]
  0x6801, // wait: ldr r1, [r0]
  0xe7fd, // b wait
  0x4770, // other exceptions: bx lr
  0x9806, // fault: ldr r0, [sp, #24]
  0x3002, // adds r0, #2
  0x9006, // str r0, [sp, #24]
  0x4770, // bx lr
];
const OTHER = 2 * 11;
const FAULT = 2 * 12;
const LITERALS = 2 * CODE.length;

export interface Write {
  readonly address: number;
  readonly value: number;
}
export interface RandomProgram {
  readonly writes: readonly Write[];
  readonly polled: number;
}
/** Numbers from 0 to n - 1, the same for the same seed. */
export function numbers(seed: number): (n: number) => number {
  let x = seed >>> 0 || 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x % n;
  };
}
export function randomProgram(chip: ChipDescription, seed: number): RandomProgram {
  const random = numbers(Math.imul(seed + 1, 0x9e3779b1));
  const first = chip.cores[0]!.name;
  const blocks = chip.blocks.filter((b) => b.core === undefined || b.core === first);
  const rcc = chip.blocks.find((b) => b.name === chip.rcc)!;
  const registersOf = (b: (typeof blocks)[number]) => chip.facts[b.facts ?? b.name]!.registers;
  const pick = (): number => {
    const b = random(4) === 0 ? rcc : blocks[random(blocks.length)]!;
    const list = registersOf(b);
    return (b.base + (list.length === 0 ? 0 : list[random(list.length)]!.offset & ~3)) >>> 0;
  };
  const value = (): number => {
    const word = (random(0x10000) * 0x10000 + random(0x10000)) >>> 0;
    return [word, (word & (word >>> 9)) >>> 0, 1 << random(32), 0xffffffff, word & 0xff][random(5)]! >>> 0;
  };
  // clocks of blocks are on more often than not: else nothing happens
  const enables = registersOf(rcc).filter((r) => /ENR\d?$/.test(r.name));
  const on = enables.flatMap((r): Write[] => (random(3) > 0 ? [{ address: rcc.base + r.offset, value: 0xffffffff }] : []));
  return { writes: [...on, ...Array.from({ length: 5 + random(60) }, () => ({ address: pick(), value: value() }))], polled: pick() };
}

/** A machine of the chip with the program in its flash, at power-on. */
export function machineWith(chip: ChipDescription, { writes, polled }: RandomProgram): Machine {
  const machine = new Machine({ chip, models: MODELS, seed: 1 });
  machine.eraseNonVolatile();
  const flash = chip.memories.find((m) => m.kind === 'flash' && m.zone === 'user')!;
  const ram = chip.memories.find((m) => m.kind === 'ram' && m.zone === 'user' && m.base >= 0x20000000)!;
  const bytes = new Uint8Array(TABLE + 8 * writes.length + 4);
  const view = new DataView(bytes.buffer);
  const base = flash.base + 4 * VECTORS;
  view.setUint32(0, ram.base + Math.min(ram.size, 0x2000), true);
  for (let i = 1; i < VECTORS; i++) view.setUint32(4 * i, base + (i === 1 ? 0 : i < 7 ? FAULT : OTHER) + 1, true);
  CODE.forEach((half, i) => view.setUint16(4 * VECTORS + 2 * i, half, true));
  view.setUint32(4 * VECTORS + LITERALS, flash.base + TABLE, true);
  view.setUint32(4 * VECTORS + LITERALS + 4, writes.length, true);
  writes.forEach((w, i) => {
    view.setUint32(TABLE + 8 * i, w.address, true);
    view.setUint32(TABLE + 8 * i + 4, w.value, true);
  });
  view.setUint32(TABLE + 8 * writes.length, polled, true);
  machine.load(flash.base, bytes);
  machine.powerOn();
  return machine;
}

/** Runs up to `until`; events that have fired by then. Throws where there are more than `most`. */
export function runCounted(machine: Machine, until: Ps, most = Infinity): number {
  const { scheduler } = machine.system;
  const take = scheduler.take.bind(scheduler);
  let events = 0;
  scheduler.take = (slot) => {
    if (++events > most) throw new Error(`more than ${most} events by ${machine.now} ps: ${scheduler.slotName(slot)}`);
    return take(slot);
  };
  for (let turns = 0; machine.now < until; turns++) {
    const before = machine.now;
    machine.run(until);
    if (machine.now === before && turns > most) throw new Error(`stands at ${before} ps`);
  }
  scheduler.take = take;
  return events;
}
