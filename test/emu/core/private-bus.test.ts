/** Narrow accesses of the private peripheral bus (DDI 0403E B3.1.1, B3.2.2). */
import { expect, it } from 'vitest';
import { ADDRESSES, busy, words } from './private-bus.ts';

const NARROW = [
  [0, 1],
  [1, 1],
  [2, 1],
  [3, 1],
  [0, 2],
  [2, 2],
] as const;
const partOf = (word: number, offset: number, size: number): number => (word >>> (8 * offset)) & (size === 1 ? 0xff : 0xffff);

it.each(['m3', 'm4', 'm33', 'm7'] as const)('%s: a byte or half-word that is read is that part of the word', (core) => {
  const { cpu } = busy(core);
  const bad: string[] = [];
  for (const address of ADDRESSES) {
    const word = cpu.peek(address, 4);
    if (word === null) continue;
    for (const [offset, size] of NARROW)
      if (cpu.peek(address + offset, size) !== partOf(word, offset, size)) bad.push(`${address.toString(16)} + ${offset}, ${size} bytes`);
  }
  expect(bad).toEqual([]);
});

it.each(['m3', 'm4', 'm33', 'm7'] as const)('%s: a store of a byte or half-word changes that part as a store of the word would', (core) => {
  const { machine, cpu } = busy(core);
  const fresh = machine.save();
  const bad: string[] = [];
  // priorities are the registers that software reaches by bytes (DDI 0403E B3.2.2)
  for (const address of [...words(0xe000e400, 0xe000e420), 0xe000ed18, 0xe000ed1c, 0xe000ed20])
    for (const [offset, size] of NARROW) {
      machine.restore(fresh);
      const held = cpu.peek(address, 4)!;
      const mask = (size === 1 ? 0xff : 0xffff) * 2 ** (8 * offset);
      cpu.write(address, 4, ((held & ~mask) | (0x5a5aa5a5 & mask)) >>> 0, true);
      const byWord = cpu.peek(address, 4);
      machine.restore(fresh);
      cpu.write(address + offset, size, (0x5a5aa5a5 & mask) >>> (8 * offset), true);
      if (cpu.peek(address, 4) !== byWord) bad.push(`${address.toString(16)} + ${offset}, ${size} bytes`);
    }
  expect(bad).toEqual([]);
});
