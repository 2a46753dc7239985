/** How soon code is translated hangs on how long a run is expected to take. */
import { describe, expect, it } from 'vitest';
import { MAIN, runCycles, started } from './bare-machine.ts';

/** Cycles until a short loop is translated. */
function cyclesUntilTranslated(brief: boolean, hotAt?: number): number {
  // adds r0, #1 · b main
  const { machine, cpu } = started('m33', { [MAIN]: [0x3001, 0xe7fd] });
  machine.skipping = false;
  cpu.setTranslating(true, hotAt);
  cpu.setShortRun(brief);
  for (let cycles = 100; cycles < 100_000; cycles += 100) {
    runCycles(machine, 100);
    if (cpu.tier.counters.compiled > 0) return cycles;
  }
  return Infinity;
}

describe('Code that becomes hot', () => {
  it('waits longer for its translation in a run that is expected to be brief, but not for ever', () => {
    const usual = cyclesUntilTranslated(false);
    expect(cyclesUntilTranslated(true)).toBeGreaterThan(3 * usual);
    expect(cyclesUntilTranslated(true)).toBeLessThan(5 * usual);
  });
  it('is translated as soon as tests want it all the same', () => {
    expect(cyclesUntilTranslated(true, 1)).toBe(cyclesUntilTranslated(false, 1));
  });
});
