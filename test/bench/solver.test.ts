/** The solver is given only what a user of a board would see. The board is a run with one option hidden: that option must never be ruled out. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Inquiry } from '../../src/bench/proof/ask.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { RunResult, Symptom } from '../../src/bench/documents/result.ts';
import type { Solution } from '../../src/bench/proof/solver.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { cli } from '../cli/helpers.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const job = (scenario: string, options: Readonly<Record<string, unknown>> = {}) =>
  loadJob([], { scenario: fixture(scenario), ...options }, fixture(''));
async function solve(scenario: string, symptoms: readonly Symptom[]): Promise<Solution> {
  const inquiry = new Inquiry(jobInput(await job(scenario)));
  try {
    return inquiry.solve(symptoms);
  } finally {
    inquiry.release();
  }
}
/** What a person sees of a result, without looking at the outcome's name only. */
function seen(r: RunResult): Symptom[] {
  const device = r.usb.sessions.at(-1);
  const words: Symptom[] = [];
  if (['reset-loop', 'back-in-app'].includes(r.outcome)) words.push('resets');
  if (r.outcome === 'back-in-app') words.push('app-comes-back');
  if (['rom-silent', 'fault', 'stuck'].includes(r.outcome)) words.push('nothing', 'hang');
  if (device?.attached === true && !device.enumerated) words.push('unknown-device');
  return words;
}

describe('a ROM with one hidden option', () => {
  it.each([
    ['h533-vddusb/scenario.json', 'usb-supply', 'keeps'],
    ['h533-hsi48/scenario.json', 'hsi48', 'keeps'],
    ['l476-button/scenario.pressed.json', 'bank-check', 'always'],
  ])('%s on a ROM whose %s is "%s": what is seen leaves it among the explanations', async (scenario, id, value) => {
    const board = await inThread(await job(scenario, { romOption: [`${id}=${value}`] }), {});
    expect(board.outcome).not.toBe('dfu');
    const solution = await solve(scenario, seen(board));
    expect(solution.matches).toBe(false);
    expect(solution.explanations.map((e) => e.rom)).toContainEqual({ [id]: value });
    expect(solution.bounded).toBe(false);
  });
});

describe('a board with something missing', () => {
  it('F411 without its crystal: that stands first, and BOOT0 high does not help there', async () => {
    const board = await inThread(await job('f411-no-crystal/scenario.json'), {});
    const solution = await solve('f411-remap-vtor/scenario.json', seen(board));
    expect(solution.explanations.map((e) => e.board)).toContainEqual({ hse: null });
    const fewer = await solve('f411-remap-vtor/scenario.json', [...seen(board), 'works-with-BOOT0']);
    expect(fewer.explanations.map((e) => e.board)).not.toContainEqual({ hse: null });
  });
});

describe('the next experiment', () => {
  it('has results that differ, and each explanation foretells exactly one', async () => {
    const { explanations, experiment } = await solve('h533-vddusb/scenario.json', ['nothing']);
    expect(explanations.length).toBeGreaterThan(1);
    expect(explanations.map((e) => e.rank)).toEqual(explanations.map((e) => e.rank).sort((a, b) => a - b));
    const groups = Object.values(experiment!.results);
    expect(groups.length).toBeGreaterThan(1);
    const all = groups.flat().sort((a, b) => a - b);
    expect(all).toEqual([...new Set(all)]);
  });
});

describe('bootbench ask', () => {
  it('prints JSON where nobody can be asked', async () => {
    const { code, out } = await cli(['ask', '--scenario', fixture('f411-remap-vtor/scenario.json'), '--symptom', 'nothing']);
    const answer = JSON.parse(out) as { schema: string; asked: string[]; explanations: unknown[] };
    expect(answer).toMatchObject({ schema: 'bootbench/ask@1', asked: ['nothing'] });
    expect(code).toBe(answer.explanations.length > 0 ? 0 : 1);
  });
  it('of firmware that never jumps it says so and what to type next, and tries no ROM and no board', async () => {
    const { code, out } = await cli(['ask', 'planted/dfuse-f072/firmware.elf', '--chip', 'stm32f072rb', '--symptom', 'nothing'], {
      cwd: fixture(''),
    });
    expect(code).toBe(0);
    const { explanations, excluded, next } = JSON.parse(out) as Record<string, unknown>;
    expect([explanations, excluded]).toMatchObject([[{ outcome: 'no-jump' }], []]);
    expect(next).toMatch(/^the firmware never jumps into the ROM in this run.*`bootbench run`/);
  });
  it('without a symptom it says what is missing', async () => {
    const { code, err } = await cli(['ask', '--scenario', fixture('f411-remap-vtor/scenario.json')]);
    expect(code).toBe(2);
    expect(err).toMatch(/--symptom is missing/);
  });
});
