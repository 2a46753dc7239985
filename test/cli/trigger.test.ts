/** What makes a firmware jump is found once: every command that goes on with it says the same of the same image as `run`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
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

it('a button behind which a loader starts an application that does not work for what is left to it is pressed, though nothing leads to the ROM', async () => {
  const images = ['firmware', 'app'].map((name) => join(elf('f405-chain-deep-sleep'), '..', `${name}.elf`));
  const result = firstRun(await loadJob(images, { chip: 'stm32f405rg', trigger: true }, '/'), {});
  expect(result.notes.find((n) => n.kind === 'trigger')!.text).toBe('triggered at 100 ms by bootbench: PC13 = 1');
  expect(result.diagnosis.causes.map(({ what, proved }) => [what, proved])).toEqual([['SCB.SCR.SLEEPDEEP', true]]);
});

describe('what is known before the run is over', () => {
  const project = (name: string): string => join(fileURLToPath(new URL('../../benchmarks/firmware/hal/', import.meta.url)), `${name}.elf`);
  const told = async (name: string, chip: string) => {
    const job = await loadJob([project(name)], { chip, trigger: true }, '/');
    const facts: string[] = [];
    const result = firstRun(job, { found: (text) => void facts.push(text) });
    // who listens changes nothing of it
    expect(serialise(result)).toBe(serialise(firstRun(job, {})));
    return { facts, result };
  };
  it('begins with the function that can enter the ROM and what comes of calling it, and ends with what the result says', async () => {
    const { facts, result } = await told('g474-button', 'stm32g474re');
    expect(facts[0]).toMatch(/^JumpToBootloader \(main\.c:\d+\) can enter system memory: it holds 0x1fff0000/);
    expect(facts[1]).toMatch(/^call of JumpToBootloader \(main\.c:\d+\) behind the set-up: dfu$/);
    expect(facts.slice(2)).toEqual([
      'without any input: no-jump',
      'PC13 = 1: dfu',
      expect.stringMatching(/^call of JumpToBootloader .*: dfu$/),
    ]);
    expect(result.notes.find((n) => n.kind === 'trigger')!.text).toContain('PC13 = 1');
  });
  it('is at first that no function can where none can', async () => {
    const { facts, result } = await told('f103-none', 'stm32f103c8');
    expect(facts[0]).toMatch(/^no function of the image that sets MSP and branches holds an address of system memory/);
    expect(facts.at(-1)).toBe('PA0 = 1: no-jump');
    expect(result.outcome).toBe('no-jump');
  });
  it('is what comes of the call also where the firmware soon does nothing any more', async () => {
    const facts: string[] = [];
    firstRun(await loadJob([elf('h533-seed000-as-posted')], { chip: 'stm32h533re', trigger: true }, '/'), {
      found: (text) => void facts.push(text),
    });
    expect(facts).toContainEqual(expect.stringMatching(/^call of JumpToUSB_DFU \(main\.c:\d+\) behind the set-up: rom-silent$/));
  });
});
