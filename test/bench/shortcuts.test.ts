/** Each shortcut switched off: the result is the same, byte by byte. A sample that follows the seed; all fixtures with BOOTBENCH_SHORTCUTS=all. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput, type RunJob } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { SHORTCUT_NAMES, type ShortcutName } from '../../src/emu/proofs/shortcuts.ts';
import { SEED } from '../seed.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const EACH = 2;
const all = process.env['BOOTBENCH_SHORTCUTS'] === 'all';
const names = readdirSync(FIXTURES).filter((name) => existsSync(`${FIXTURES}${name}/scenario.json`));

/** Fixtures of this seed; each of them is for two shortcuts, so that what it gives with all of them is asked once for both. */
const DRAWN = Math.ceil((EACH * (SHORTCUT_NAMES.length + 1)) / 2);
const drawn = Array.from({ length: DRAWN }, (_, k) => names[(Math.imul(SEED + 31 * k, 0x9e3779b1) >>> 0) % names.length]!);
/** `EACH` fixtures for the shortcut number `i`: others for another seed. */
const sampleFor = (i: number): readonly string[] => (all ? names : Array.from({ length: EACH }, (_, k) => drawn[(EACH * i + k) % DRAWN]!));

async function resultOf(fixture: string, without: readonly ShortcutName[], steps: Scenario['steps'] = []): Promise<string> {
  const job: RunJob = await loadJob([], { scenario: `${FIXTURES}${fixture}/scenario.json` }, FIXTURES);
  const scenario = { ...job.scenario, steps: [...(job.scenario.steps ?? []), ...steps] };
  return serialise(runBench(jobInput({ ...job, scenario, withoutShortcuts: without })));
}

/** What a fixture gives with all shortcuts, once for all who ask. */
const plainResults = new Map<string, Promise<string>>();
function plainResultOf(fixture: string): Promise<string> {
  const known = plainResults.get(fixture);
  if (known !== undefined) return known;
  const result = resultOf(fixture, []);
  // of all fixtures too much would be kept
  if (!all) plainResults.set(fixture, result);
  return result;
}

describe.each(SHORTCUT_NAMES.map((name, i) => [name, i] as const))('without %s', (name, i) => {
  it.each(sampleFor(i))(
    '%s gives the same bytes',
    async (fixture) => {
      expect(await resultOf(fixture, [name])).toBe(await plainResultOf(fixture));
    },
    300_000,
  );
});
describe('without any shortcut', () => {
  it.each(sampleFor(SHORTCUT_NAMES.length))(
    '%s gives the same bytes',
    async (fixture) => {
      expect(await resultOf(fixture, SHORTCUT_NAMES)).toBe(await plainResultOf(fixture));
    },
    300_000,
  );
  it.each(['h745-seed001-as-posted', 'h745-bare-jump', 'l476-seed004-masked'])(
    '%s does so behind a power cycle',
    async (fixture) => {
      const steps: Scenario['steps'] = [{ at: '300ms', do: { power: { off: '50ms' } } }];
      expect(await resultOf(fixture, SHORTCUT_NAMES, steps)).toBe(await resultOf(fixture, [], steps));
    },
    300_000,
  );
});
