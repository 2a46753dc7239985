/**
 * Random writes to the registers of each chip: no program throws, stops the clock or drowns the machine in events, and each gives the same with a shortcut switched
 * off. A few programs a chip that follow the seed; BOOTBENCH_PROGRAMS says how many (10,000 in the full test).
 */
import { describe, expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { registerFile } from '../../src/emu/core/arm/register-file.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { SHORTCUT_NAMES, type ShortcutName } from '../../src/emu/proofs/shortcuts.ts';
import { MS } from '../../src/emu/time.ts';
import { SEED } from '../seed.ts';
import { machineWith, randomProgram, runCounted } from './random-writes.ts';

const FULL = Number(process.env['BOOTBENCH_PROGRAMS'] ?? 0);
/** Of each family the first chip, so that a short test is one: the others share its models. */
const families = new Map<string, ChipDescription>();
for (const chip of CHIPS) if (!families.has(chip.family)) families.set(chip.family, chip);
const chips = FULL > 0 ? CHIPS : [...families.values()];
const programs = FULL > 0 ? FULL : 6;
const UNTIL = 2 * MS;
/** A timer that reloads each cycle is the busiest that there is; it has to be written in a few places at once. */
const MOST_EVENTS = 200_000;
/** Shortcuts of the machine; those of the bench need a scenario. */
const OF_MACHINE = SHORTCUT_NAMES.filter((name) => name !== 'tick-rounds' && name !== 'reached-blocks');

function stateAfter(chip: ChipDescription, seed: number, without: readonly ShortcutName[]) {
  const machine = machineWith(chip, randomProgram(chip, seed));
  machine.withoutShortcuts(without);
  try {
    runCounted(machine, UNTIL, MOST_EVENTS);
    return { now: machine.now, cores: coresOf(machine), registers: registersOf(machine), resets: machine.history.resets.length };
  } finally {
    machine.release();
  }
}
const coresOf = (machine: Machine) =>
  machine.cores.map((c) => ({ cycles: c.cycles(), retired: c.retired(), registers: registerFile(c, c.pc) }));
function registersOf({ system }: Machine): Record<string, number> {
  const values: Record<string, number> = {};
  for (const b of system.blocks)
    for (const r of system.layoutOf(b.row.name)!.registers)
      values[`${b.row.name}.${r.name}`] = b.component.peek(b.state, b.env, r.offset, r.size);
  return values;
}

describe.each(chips.map((chip, place) => [chip.name, chip, place] as const))('%s', (_name, chip, place) => {
  it('random register writes run to the end, with each shortcut and without', () => {
    for (let i = 0; i < programs; i++) {
      const seed = SEED + i;
      const all = stateAfter(chip, seed, []);
      expect(all.now).toBeGreaterThanOrEqual(UNTIL);
      expect(all.now).toBeLessThan(UNTIL + MS);
      // counted over all chips: with few programs a chip, each name comes nevertheless
      const without = OF_MACHINE[(place * programs + i) % OF_MACHINE.length]!;
      expect(stateAfter(chip, seed, [without]), `program ${seed} without ${without}`).toEqual(all);
    }
  }, 86_400_000);
});
