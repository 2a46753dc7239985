/**
 * A checkpoint goes on alike wherever it is restored: in the machine that went on, in a fresh one, in one that stands at its end. Programs write random registers
 * (remaps, flash caches and clocks among them), on the first chip of each family, both cores of the H7. Programs follow the seed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { registerFile } from '../../src/emu/core/arm/register-file.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { US } from '../../src/emu/time.ts';
import { SEED } from '../seed.ts';
import { machineWith, randomProgram, runCounted } from './random-writes.ts';

const families = new Map<string, ChipDescription>();
for (const chip of CHIPS) if (!families.has(chip.family) || chip.cores.length > 1) families.set(chip.family, chip);
const REMAPS = [0, 1, 3];
const MOST_EVENTS = 100_000;

function stateOf({ system, cores, now, history }: Machine) {
  const registers: Record<string, number> = {};
  for (const b of system.blocks)
    for (const r of system.layoutOf(b.row.name)!.registers)
      registers[`${b.row.name}.${r.name}`] = b.component.peek(b.state, b.env, r.offset, r.size);
  return { now, resets: history.resets.length, registers, cores: cores.map((c) => ({ cycles: c.cycles(), file: registerFile(c, c.pc) })) };
}

describe.each([...families])('%s', (_family, chip) => {
  it('a checkpoint goes on alike wherever it is restored', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.integer({ min: 1, max: 300 }), fc.constantFrom(...REMAPS), (n, us, remap) => {
        const program = randomProgram(chip, SEED + n);
        const made: Machine[] = [];
        const machine = (): Machine => {
          const m = machineWith(chip, program);
          made.push(m);
          return m;
        };
        try {
          const first = machine();
          runCounted(first, us * US, MOST_EVENTS);
          // Another memory at address 0 than at the start.
          if (chip.remap) first.system.setWire(chip.remap.wire, remap);
          const checkpoint = first.save();
          const until = first.now + 200 * US;
          const endOf = (m: Machine): unknown => {
            m.restore(checkpoint);
            runCounted(m, until, MOST_EVENTS);
            return stateOf(m);
          };
          runCounted(first, until, MOST_EVENTS);
          const expected = stateOf(first);
          expect(endOf(first)).toEqual(expected);
          expect(endOf(machine())).toEqual(expected);
          const last = machine();
          runCounted(last, 2 * us * US, MOST_EVENTS);
          expect(endOf(last)).toEqual(expected);
        } finally {
          for (const m of made) m.release();
        }
      }),
      { numRuns: 4 },
    );
  });
});
