/** Who branched into system memory is known wherever the run was looked at in between. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { loadJob } from '../../src/cli/inputs.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const NS = 1000;

it('also where a stretch of the run ends between the branch and its target', async () => {
  const session = new Session(jobInput(await loadJob([], { scenario: fixture('f405-bare-jump/scenario.json') }, fixture(''))));
  const { machine } = session;
  const start = session.save();
  while (machine.history.entries.length === 0) machine.run(machine.now + 50_000_000 * NS);
  const { at, fromPc } = machine.history.entries[0]!;
  expect(fromPc).not.toBeNull();
  session.restore(start);
  machine.run(at - 2000 * NS);
  const before = session.save();
  // each stop within the last cycles before the entry, at steps shorter than a cycle
  const sources = Array.from({ length: 100 }, (_, i) => {
    session.restore(before);
    machine.run(at - i * 4 * NS);
    machine.run(at + 1000 * NS);
    return machine.history.entries[0]?.fromPc ?? null;
  });
  expect(new Set(sources)).toEqual(new Set([fromPc]));
});
