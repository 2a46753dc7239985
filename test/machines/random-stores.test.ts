/**
 * Random writes to registers again and again, out of translated code: clocks, wait states, caches, rights and mappings change under a loop that goes on, and both
 * tiers do the same at every stop. A few programs a family that follow the seed; BOOTBENCH_PROGRAMS says how many for every chip.
 */
import { describe, expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { registerFile } from '../../src/emu/core/arm/register-file.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { US } from '../../src/emu/time.ts';
import { SEED } from '../seed.ts';
import { machineWith, numbers, randomProgram } from './random-writes.ts';

const FULL = Number(process.env['BOOTBENCH_PROGRAMS'] ?? 0);
const families = new Map<string, ChipDescription>();
for (const chip of CHIPS) if (!families.has(chip.family)) families.set(chip.family, chip);
const chips = FULL > 0 ? CHIPS : [...families.values()];
const programs = FULL > 0 ? FULL : 4;
const ROUNDS = 30;
const STOPS = 40;

function machineOf(chip: ChipDescription, seed: number, translating: boolean): Machine {
  const { writes, polled } = randomProgram(chip, seed);
  const machine = machineWith(chip, { writes: Array<typeof writes>(ROUNDS).fill(writes).flat(), polled });
  for (const core of machine.cores) core.setTranslating(translating, 2);
  return machine;
}
const stateOf = (machine: Machine) => ({
  now: machine.now,
  writes: machine.history.seq,
  resets: machine.history.resets.length,
  cores: machine.cores.map((c) => ({ cycles: c.cycles(), retired: c.retired(), registers: registerFile(c, c.pc) })),
  // as text: typed arrays of thousands of registers are compared one by one otherwise
  registers: machine.system.save().registers.join(),
  blocks: JSON.stringify(machine.system.blocks.map((b) => b.state.model)),
});

describe.each(chips.map((chip) => [chip.name, chip] as const))('%s', (_name, chip) => {
  it('stores in a loop to random registers do the same in both tiers at every stop', () => {
    for (let i = 0; i < programs; i++) {
      const seed = SEED + i;
      const random = numbers(seed + 77);
      const [slow, fast] = [machineOf(chip, seed, false), machineOf(chip, seed, true)];
      for (let stop = 0; stop < STOPS; stop++) {
        const to = slow.now + 1 + random(random(3) === 0 ? US : 60 * US);
        const why = slow.run(to);
        expect(fast.run(to), `program ${seed}`).toBe(why);
        expect(stateOf(fast), `program ${seed}, stop ${stop}`).toEqual(stateOf(slow));
      }
      slow.release();
      fast.release();
    }
  }, 86_400_000);
});
