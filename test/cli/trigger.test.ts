/** What makes a firmware jump is found once: every command that goes on with it says the same of the same image as `run`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { cli } from './helpers.ts';

const elf = (name: string): string => join(fileURLToPath(new URL('../../fixtures/', import.meta.url)), name, 'firmware.elf');

describe('a firmware that waits for a function to be called', () => {
  const fixed = elf('h533-seed000-fixed');

  it('has one way in for `run`, `dfu` and `conform`', async () => {
    const result = firstRun(await loadJob([fixed], {}, '/'), {});
    expect(result.outcome).toBe('dfu');
    const told = `bootbench: ${result.notes.find((n) => n.kind === 'trigger')!.text}\n`;
    const served = await cli(['dfu', fixed]);
    expect(served).toMatchObject({ code: 0, err: expect.stringContaining(told) as string });
    expect(served.err).toContain('0483:df11');
    const tested = await cli(['conform', fixed, '--quiet']);
    expect(tested).toMatchObject({ code: 0, err: told });
  });
  it('is left alone where that is asked for', async () => {
    const served = await cli(['dfu', fixed, '--no-trigger']);
    expect(served).toMatchObject({ code: 1, err: expect.stringContaining('ended with no-jump') as string });
  });
});

it('a button is pressed for `matrix` as for `run`', async () => {
  const { code, out, err } = await cli(['matrix', elf('f405-polls-pin'), '--json']);
  expect(err).toContain('triggered at 100 ms by bootbench: PC13 = 1');
  expect(code).toBeLessThan(2);
  expect(JSON.parse(out)).toMatchObject({ outcome: 'dfu' });
});
