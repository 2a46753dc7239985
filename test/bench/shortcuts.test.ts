/** Each shortcut switched off: the result is the same, byte by byte. A sample that follows the seed, half of it each turn; all fixtures with BOOTBENCH_SHORTCUTS=all. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput, type RunJob } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Session } from '../../src/bench/session/session.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { SHORTCUT_NAMES, type ShortcutName } from '../../src/emu/proofs/shortcuts.ts';
import { SEED } from '../seed.ts';
import { isTurn } from '../turn.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
/** So many fixtures a shortcut, and one of them a turn: without the loops that are left out a run takes ten seconds. */
const EACH = 2;
const all = process.env['BOOTBENCH_SHORTCUTS'] === 'all';
const names = readdirSync(FIXTURES).filter((name) => existsSync(`${FIXTURES}${name}/scenario.json`));

/** Another fixture for another seed. */
const drawn = (k: number): string => names[(Math.imul(SEED + 31 * k, 0x9e3779b1) >>> 0) % names.length]!;
/** Of `EACH` fixtures for the shortcut number `i`, those whose turn it is. */
const sampleFor = (i: number): readonly string[] =>
  all ? names : Array.from({ length: EACH }, (_, k) => drawn(EACH * i + k)).filter((_, k) => isTurn(i + k, EACH));
/**
 * A run, and each of its repairs, goes through so many instructions one by one within seconds. A sample has no more: one that waits five seconds for the ROM has sixty
 * million, and takes more than a minute.
 */
const FEW = 20_000_000;
/** The first drawn behind `k` that has few instructions: a sample for runs without any shortcut. */
async function quickBehind(k: number): Promise<{ fixture: string; usual: string }> {
  const fixture = drawn(k);
  const usual = await resultOf(fixture, []);
  const { time } = JSON.parse(usual) as { time: { instructions: number } };
  return time.instructions <= FEW ? { fixture, usual } : quickBehind(k + 1);
}

async function resultOf(fixture: string, without: readonly ShortcutName[], steps: Scenario['steps'] = []): Promise<string> {
  const job: RunJob = await loadJob([], { scenario: `${FIXTURES}${fixture}/scenario.json` }, FIXTURES);
  const scenario = { ...job.scenario, steps: [...(job.scenario.steps ?? []), ...steps] };
  return serialise(runBench(jobInput({ ...job, scenario, withoutShortcuts: without })));
}

describe.each(SHORTCUT_NAMES.map((name, i) => [name, i] as const))('without %s', (name, i) => {
  it.each(sampleFor(i))(
    '%s gives the same bytes',
    async (fixture) => {
      expect(await resultOf(fixture, [name])).toBe(await resultOf(fixture, []));
    },
    300_000,
  );
});
describe('without any shortcut', () => {
  if (all)
    it.each(names)(
      '%s gives the same bytes',
      async (fixture) => {
        expect(await resultOf(fixture, SHORTCUT_NAMES)).toBe(await resultOf(fixture, []));
      },
      300_000,
    );
  else
    it('a fixture of a sample gives the same bytes', { timeout: 300_000 }, async () => {
      const { fixture, usual } = await quickBehind(EACH * SHORTCUT_NAMES.length + (isTurn(0, EACH) ? 0 : 1));
      expect(await resultOf(fixture, SHORTCUT_NAMES), fixture).toBe(usual);
    });
  it.each(['h745-seed001-as-posted', 'h745-bare-jump', 'l476-seed004-masked'].filter((_, k) => all || isTurn(k, EACH)))(
    '%s does so behind a power cycle',
    async (fixture) => {
      const steps: Scenario['steps'] = [{ at: '300ms', do: { power: { off: '50ms' } } }];
      expect(await resultOf(fixture, SHORTCUT_NAMES, steps)).toBe(await resultOf(fixture, [], steps));
    },
    300_000,
  );
});

it('a reset that a search for loops comes to is made at once, before the next search runs an instruction', async () => {
  const job = await loadJob([], { scenario: `${FIXTURES}f405-request-bss-delayed/scenario.json` }, FIXTURES);
  const resetsOf = (withoutShortcuts: readonly ShortcutName[]): readonly number[] => {
    const session = new Session(jobInput({ ...job, withoutShortcuts }));
    try {
      session.run();
      return session.machine.history.resets.map(({ at }) => at);
    } finally {
      session.release();
    }
  };
  expect(resetsOf(['held-reads'])).toEqual(resetsOf([]));
});
