/** How often a repeated run asks whether its application goes on alike: apart from rounds.test.ts, for it stands in for a module's function. */
import { describe, expect, it, vi } from 'vitest';
import * as rounds from '../../src/bench/session/tick-period.ts';
import { MS } from '../../src/emu/time.ts';
import { compare, DOES_THE_SAME, firmware, nothing, type Part } from './rounds-firmware.ts';

describe('A repeated run that is known to go on alike up to a tick', () => {
  it.each([30, 200, 300])('looks for the proof again when tick %i has come', (tick) => {
    const looks: number[] = [];
    const ends: (number | null)[] = [];
    const proof = rounds.repeatsUntil;
    const spy = vi.spyOn(rounds, 'repeatsUntil').mockImplementation((machine, until) => {
      looks.push(machine.now / MS);
      ends.push(proof(machine, until));
      return ends.at(-1)!;
    });
    const later: Part = (t) => t.constant(3, tick).cmpRegister(2, 3).bne('out').movs(3, 1).str(3, 7, 4);
    expect(compare(firmware(nothing, later))).toEqual(DOES_THE_SAME);
    spy.mockRestore();
    expect(looks).toHaveLength(2);
    expect(ends[0]! / MS).toBeGreaterThan(tick - 3);
    expect(ends[0]! / MS).toBeLessThanOrEqual(tick + 1);
    expect(looks[1], 'the round with that tick is another one').toBeGreaterThanOrEqual(tick);
  });
});
