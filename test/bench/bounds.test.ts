/** A search that leaves something out because of its bound says so in the result. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { inferChip } from '../../src/bench/input/infer-chip.ts';
import { runBench } from '../../src/bench/run.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { atMost, Bounds, MOST } from '../../src/bench/documents/bounds.ts';
import { LeftOut } from '../../src/image/left-out.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { linesInside, repeated, withDebug } from '../../tools/fuzz/debug-data.ts';
import { ROOT } from '../debug/serve.ts';

const GIVEN = { ...MOST };
afterEach(() => void Object.assign(MOST, GIVEN));

async function leftOut(name: string): Promise<string> {
  const job = await loadJob([], { scenario: join(ROOT, 'fixtures', name, 'scenario.json') }, ROOT);
  const told = runBench(jobInput(job)).notes.filter(({ text }) => text.startsWith('limits of the search: '));
  expect(told.length).toBeLessThanOrEqual(1);
  return told[0]?.text ?? '';
}

describe('a search', () => {
  it.each([
    ['words', 1, 'f072-request-beside-count', '1 of 2 words that may be a request'],
    ['readFirst', 1, 'f072-leave-remap', 'the first 1 of what is read first'],
    ['parts', 1, 'f072-request-ram-test', '1 words of a request'],
    ['functions', 1, 'f072-request-ram-test', '1 of 2 functions that can enter system memory'],
    ['stretches', 1, 'f405-backup-no-dbp', '1 stretches of code that may compare a request'],
    ['pathRuns', 1, 'f405-backup-no-dbp', '1 runs for writes that had no effect'],
    ['starts', 1, 'f405-chain-vtor-of-loader', 'the first 1 starts of app.elf'],
    ['inputs', 0, 'f405-polls-pin', '0 of 1 inputs that it polls'],
  ] as const)('%s: names its bound where something is left out, and only there', async (bound, most, name, said) => {
    expect(await leftOut(name)).not.toContain(said.replace(/^.*?\d+ /, ''));
    MOST[bound] = most;
    expect(await leftOut(name)).toContain(said);
  });
  it('for the chip names its bound, among what speaks for one and where none is found', () => {
    const inferred = (name: string) => inferChip([{ path: 'a.elf', bytes: readFileSync(join(ROOT, 'fixtures', name, 'firmware.elf')) }]);
    expect(inferred('f072-masked').reasons.join()).not.toContain('likeliest');
    MOST.lines = 0;
    expect(inferred('f072-masked').reasons).toContain('only the 0 likeliest lines of chips were run');
    expect(() => inferred('f070-calls-address-four')).toThrow('; only the 0 likeliest lines of chips were run; give yours');
  });
  it('leaves nothing out where there is no more than it may look at', () => {
    const bounds = new Bounds();
    expect(atMost({ bounds }, 2, 'pins', [1, 2])).toEqual([1, 2]);
    expect(bounds.notes).toEqual([]);
    expect(atMost({ bounds }, 2, 'pins', [1, 2, 3])).toEqual([1, 2]);
    expect(bounds.notes).toEqual([{ kind: 'bounded', text: 'limits of the search: 2 of 3 pins' }]);
    atMost({ bounds }, 2, 'pins', [1, 2, 3, 4, 5]);
    atMost({ bounds }, 2, 'pins', [1, 2, 3, 4]);
    expect(bounds.notes[0]?.text).toBe('limits of the search: 2 of 5 pins');
  });
});

it('debug data that was left out is told once, in the result of a run', async () => {
  const job = await loadJob([], { scenario: join(ROOT, 'fixtures', 'f072-entry-address', 'scenario.json') }, ROOT);
  const input = jobInput(job);
  const told = (): readonly string[] => runBench(input).notes.flatMap(({ text }) => (text.includes('debug information') ? [text] : []));
  expect(told()).toEqual([]);
  const leftOut = new LeftOut();
  for (const part of ['a', 'b', 'a']) leftOut.add(part);
  const images = input.images.map((image) => ({ ...image, leftOut }));
  expect(runBench({ ...input, images }).notes.filter(({ text }) => text.includes('debug information was left out'))).toEqual([
    { kind: 'limit', text: expect.stringMatching(/firmware\.elf: debug information was left out, .*: a; b$/) as string },
  ]);
});

it('debug data that takes longer to read than a signal waits is left out, and told', async () => {
  const job = await loadJob([], { scenario: join(ROOT, 'fixtures', 'f072-masked', 'scenario.json') }, ROOT);
  // units within each other, whose instructions make no rows: three of them are more than the last words of a run may take
  const large = linesInside(5, repeated(2 ** 22, [6]));
  const images = job.images.map(({ path, bytes }) => ({ path, bytes: withDebug(bytes, large) }));
  let asked = 0;
  const { ended, notes } = runBench(jobInput({ ...job, images }, { signal: () => ++asked > 5 }));
  expect(ended.reason).toBe('signal');
  expect(notes.flatMap(({ kind, text }) => (text.includes('debug information') ? [[kind, text]] : []))).toEqual([
    ['limit', expect.stringMatching(/debug information was left out, as the run was to end while it was read$/)],
  ]);
});
