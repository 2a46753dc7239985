/** Loops of more than one reset a round: the application resets into the ROM, say, and the ROM resets back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { resetsGoOn } from '../../src/bench/session/reset-loop.ts';
import { Session } from '../../src/bench/session/session.ts';
import type { ResetRecord } from '../../src/emu/history.ts';
import { AIRCR, CHIP, imageOf, RAM, type Part } from './late-program.ts';
import { plainJob } from './plain-job.ts';

const TURN = RAM + 0x3000;

/** Resets of which `round` make a round; each but the last of a round comes soon. `kept` says what each leaves. */
function resets(count: number, round: number, kept: (i: number) => string | undefined): ResetRecord[] {
  let at = 0;
  return Array.from({ length: count }, (_, i) => {
    at += i % round === 0 ? 1000 : 1;
    const left = kept(i);
    return { at, by: 'software', flags: [], fromPc: null, core: 0, external: false, ...(left !== undefined && { kept: left }) };
  });
}

describe('A loop of several resets a round', () => {
  it('is settled after two rounds that left the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 15 }), (round, count) => {
        const settled = resetsGoOn({ resets: resets(count, round, (i) => String(i % round)) });
        expect(settled).toBe(count > 2 * round);
      }),
    );
  });
  it('is not settled where each leaves something else, or nobody looked', () => {
    for (const kept of [String, () => undefined]) expect(resetsGoOn({ resets: resets(13, 2, kept) })).toBe(false);
  });
  it('ends the run, whatever else it could go on to for a minute', () => {
    const program: Part = (t) => {
      t.constant(1, TURN).ldr(2, 1).movs(3, 1).put(0x405a).str(2, 1).put(0x421a).beq('soon');
      t.constant(3, 400_000).label('wait').put(0x3b01).bne('wait');
      t.label('soon').constant(1, AIRCR).constant(0, 0x05fa0004).str(0, 1).label('x').b('x');
    };
    const session = new Session(jobInput(plainJob(CHIP, [{ path: 'x.bin@0x08000000', bytes: imageOf({ wait: program }) }])));
    expect(session.run().outcome).toBe('reset-loop');
    expect(session.machine.history.resets.length - 1).toBeLessThan(8);
  });
});
