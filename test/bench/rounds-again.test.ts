/** How often a repeated run asks whether its application goes on alike. */
import { describe, expect, it } from 'vitest';
import { MS } from '../../src/emu/time.ts';
import { compare, DOES_THE_SAME, firmware, nothing, type Part } from './rounds-firmware.ts';

describe('A repeated run that is known to go on alike up to a tick', () => {
  it.each([30, 200, 300])('looks for the proof again when tick %i has come', (tick) => {
    /** A look goes through two ticks on a machine that it puts back, and saves it before and behind them: nothing else does here. */
    const saved: number[] = [];
    const later: Part = (t) => t.constant(3, tick).cmpRegister(2, 3).bne('out').movs(3, 1).str(3, 7, 4);
    const words = compare(firmware(nothing, later), (machine) => {
      const save = machine.save.bind(machine);
      machine.save = (since) => {
        saved.push(machine.now / MS);
        return save(since);
      };
    });
    expect(words).toEqual(DOES_THE_SAME);
    expect(saved).toHaveLength(4);
    const looks = [saved[0]!, saved[2]!];
    expect(looks[0]).toBeLessThanOrEqual(20);
    expect(looks[1], 'the round with that tick is another one').toBeGreaterThanOrEqual(tick);
    // a look comes when some rounds were the same again
    expect(looks[1], 'up to it all were the same').toBeLessThanOrEqual(tick + 40);
  });
});
