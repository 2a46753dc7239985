/** Where a loop stands so many cycles on: against its frames written down one after the other. */
import { expect, it } from 'vitest';
import { frameAfter } from '../../src/emu/proofs/frames.ts';
import type { SteadyLoop } from '../../src/emu/proofs/steady.ts';

const LOOPS = [
  [1, [0]],
  [4, [0]],
  [7, [0, 1, 3]],
  [9, [0, 2, 2, 8]],
  [12, [0, 5, 6, 7, 11]],
] as const;

it.each(LOOPS)('a loop of %i cycles with frames at %j', (cycles, places) => {
  const loop = { cycles, frames: places.map((at) => ({ cycles: at })) } as unknown as SteadyLoop;
  const iterations = [0, 1, 2, 3, 4, 5];
  const all = iterations.flatMap((iteration) => places.map((at, frame) => ({ at: iteration * cycles + at, iteration, frame })));
  for (const [from, start] of places.entries())
    for (let wanted = 0; wanted <= 3 * cycles; wanted++)
      for (let most = 0; most <= 3 * cycles; most++) {
        // the first frame that is far enough, or the one before it where that is too far
        const first = all.findIndex(({ at }) => at - start >= Math.min(wanted, most));
        const there = all[all[first]!.at - start > most ? first - 1 : first]!;
        const found = frameAfter(loop, from, wanted, most);
        const expected = { iterations: there.iteration, frame: there.frame, cycles: there.at - start };
        if (JSON.stringify(found) !== JSON.stringify(expected)) expect([from, wanted, most, found]).toEqual([from, wanted, most, expected]);
      }
});
