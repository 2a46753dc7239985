/** A machine that is given up leaves its memory to the next one of any chip, as if nobody had had it. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { RunInput } from '../../src/bench/input/run-input.ts';
import { Session } from '../../src/bench/session/session.ts';
import { BOOKS, rowsByUse } from '../emu/core/book-keeping.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { expectSame } from '../same.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const inputOf = async (name: string): Promise<RunInput> =>
  jobInput(await loadJob([], { scenario: fixture(`${name}/scenario.json`) }, fixture('')));

/** Everything that a run leaves behind, by value, but for the tiers' own books. */
function endOf(session: Session): unknown {
  const end = session.run();
  const { machine } = session;
  const checkpoint = machine.save();
  for (const { page } of checkpoint.cores) for (const word of BOOKS) page.fill(0, word * 4, word * 4 + 4);
  return {
    end,
    checkpoint: { ...checkpoint, cores: checkpoint.cores.map((c) => ({ ...c, flashCache: null })) },
    rows: rowsByUse(machine),
    cores: machine.cores.map((c) => [c.cycles(), c.retired(), c.pc]),
    usb: session.usb.state,
  };
}

/** One of each core and of each cache in front of it: M33 with ICACHE, M0, M7 and M4 with L1 and ART, M4 with the flash controller's caches. */
const FIXTURES = ['h533-icache', 'f072-seed002-as-posted', 'h745-caches-on', 'l476-seed004-fixed', 'f405-straight'];

describe('A machine that is given up', () => {
  it('leaves zeros everywhere', async () => {
    for (const name of FIXTURES) {
      const session = new Session(await inputOf(name));
      session.run();
      const { u32 } = session.machine.system.arena;
      session.release();
      let first = -1;
      for (let i = 0; i < u32.length && first < 0; i++) if (u32[i] !== 0) first = i * 4;
      expect(first, `${name}: first byte that is not zero`).toBe(-1);
      expect(() => session.machine.run(Infinity)).toThrow('given up');
    }
  }, 120_000);

  it('has no influence on the machine that gets its memory, nor on one beside it', async () => {
    const inputs = await Promise.all(FIXTURES.map(inputOf));
    const alone = inputs.map((input) => endOf(new Session(input)));
    const beside = new Session(inputs[0]!);
    for (const [i, input] of [...inputs, ...inputs].entries()) {
      const session = new Session(input);
      expectSame(endOf(session), alone[i % FIXTURES.length], FIXTURES[i % FIXTURES.length]);
      session.release();
    }
    expectSame(endOf(beside), alone[0]);
  }, 240_000);
});
