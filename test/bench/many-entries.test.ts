/** Firmware whose tick is taken in system memory enters it a thousand times a second. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { registerFile } from '../../src/emu/core/arm/register-file.ts';
import type { Checkpoint } from '../../src/emu/machine-base.ts';
import { MS } from '../../src/emu/time.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const tick = async () =>
  jobInput(await loadJob([], { scenario: fixture('h533-tick-into-rom/scenario.unexpected-exception-returns.json') }, fixture('')));

describe('Entries by the thousand', () => {
  it('have few checkpoints, and the last of them all the same', async () => {
    const session = new Session(await tick());
    const { machine } = session;
    let saved = 0;
    const save = machine.save.bind(machine);
    machine.save = () => (saved++, save());
    session.run({ until: 1000 * MS });
    const { entryCount } = machine.history;
    expect(entryCount).toBeGreaterThan(900);
    expect(saved).toBeLessThan(60);
    const found = session.lastEntry()!;
    expect(found.history.entryCount).toBe(entryCount);

    const every = new Session(await tick());
    let last: Checkpoint | null = null;
    every.onPausedEntry = () => (last = every.save());
    every.run({ until: 1000 * MS });
    const at = (s: Session, c: Checkpoint) => {
      s.restore(c);
      const { bootCore, now } = s.machine;
      return [now, bootCore.cycles(), bootCore.retired(), registerFile(bootCore, bootCore.pc), s.machine.history.entries.at(-1)];
    };
    expect(at(session, found)).toEqual(at(every, last!));
  });
  it('are listed by their first and last, and the cause is who put the vectors there', async () => {
    const result = await runBench(await tick());
    expect(result.entries.length).toBe(400);
    expect(result.notes.map((n) => n.text).join()).toMatch(/entered 39\d\d times/);
    expect(Number(result.entries.at(-1)!.at)).toBeGreaterThan(3.9);
    expect(result.diagnosis.causes.map((c) => [c.id, c.proved, c.lastWriter?.line])).toEqual([['entry-address', true, 9]]);
  });
});
