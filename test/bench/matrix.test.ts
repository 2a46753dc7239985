/** What each step of a hand-over is worth: left out, it changes the outcome or it does not. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runMatrix, type Matrix, type MatrixParts } from '../../src/bench/proof/matrix.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { cli } from '../cli/helpers.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const matrix = async (scenario: string, parts: Partial<MatrixParts> = {}): Promise<Matrix> =>
  runMatrix(jobInput(await loadJob([], { scenario: fixture(scenario) }, fixture(''))), {
    pairs: false,
    interrupts: false,
    delays: false,
    ...parts,
  });

describe('a correct hand-over on STM32F405', () => {
  it('without unmasking the interrupts again the ROM stays silent; without masking them nothing changes', async () => {
    const m = await matrix('f405-straight/scenario.json');
    expect(m.outcome).toBe('dfu');
    const primask = m.rows.filter((r) => /PRIMASK/.test(r.what));
    expect(primask.map((r) => r.outcome)).toEqual(['dfu', 'rom-silent']);
    for (const row of m.rows) expect(row.what).toMatch(/^\w+\.c:\d+ \S+/);
  });
});

describe('a bare jump', () => {
  it('has nothing but MSP to leave out, and an exception at each instruction does no harm', async () => {
    const m = await matrix('f405-bare-jump/scenario.json', { interrupts: true });
    expect(m.rows.filter((r) => r.kind === 'step').map((r) => r.what)).toEqual([expect.stringMatching(/first-thing\.c:\d+ MSP/)]);
    const interrupts = m.rows.filter((r) => r.kind === 'interrupt');
    expect(interrupts.length).toBeGreaterThan(3);
    // the application's own handler takes it, and returns
    expect(interrupts.map((r) => r.outcome)).toEqual(interrupts.map(() => 'dfu'));
  });
});

describe('bootbench matrix', () => {
  it('a firmware that never jumps has no hand-over: one line that says what to do', async () => {
    const { code, err } = await cli(['matrix', '--scenario', fixture('f405-reboot-type-ignored/scenario.json')]);
    expect(code).toBe(2);
    expect(err).toMatch(/never jumps into the ROM; .*bootbench init/);
  });
});
