/** `bootbench/vitest`. */
import { describe, expect } from 'vitest';
import { bench } from '../../src/index.ts';
import { machineTest } from '../../src/vitest.ts';
import { firmware } from './firmware.ts';

const test = machineTest({ chip: 'stm32h533re', images: [firmware('h533-straight')] });

describe('matchers', () => {
  test('a machine reaches DFU, each test from power-on', async ({ machine }) => {
    expect(machine.now).toBe(0);
    await expect(machine).toReachDfu();
    expect(machine.now).toBeGreaterThan(0);
  });
  test('another test has another machine', async ({ machine }) => {
    expect(machine.now).toBe(0);
    await expect(expect(machine).toEndWith('fault')).rejects.toThrow(/expected fault, got dfu/);
  });
  test('a run that fails fails on its cause, and says which when another one is named', async () => {
    const run = { chip: 'stm32h533re', images: [firmware('h533-primask')] };
    const result = await bench(run);
    await expect(result).toFailOn('primask');
    await expect(result).not.toReachDfu();
    await expect(expect(result).toFailOn('vtor')).rejects.toThrow(/proved causes: primask/);
    await expect(expect(result).toFailOn('primsk' as 'primask')).rejects.toThrow(/did you mean primask/);
  });
  test('what an image calls a function gives no commands to the terminal', async () => {
    const result = await bench({ chip: 'stm32h533re', images: [firmware('h533-primask')] });
    const hostile = { ...result, summary: `cause: primask (\u001b[2J\u202e\u009b31m)` } as never;
    for (const matched of [() => expect(hostile).toReachDfu(), () => expect(hostile).toFailOn('vtor')])
      await expect(matched()).rejects.toThrow(/cause: primask \(\\x1b\[2J\\u202e\\x9b31m\)/);
  });
  test('a line of a result that came from elsewhere gives no commands to the log of a CI runner', async () => {
    const result = await bench({ chip: 'stm32h533re', images: [firmware('h533-primask')] });
    const hostile = { ...result, summary: 'no\n::error::evil\n  ##[group]x' } as never;
    for (const matched of [() => expect(hostile).toReachDfu(), () => expect(hostile).toFailOn('vtor')])
      await expect(matched()).rejects.toThrow(/no\n\\x3a:error::evil\n {2}#\\x23\[group\]x/);
  });
  test.for([{}, { diagnosis: null }, { diagnosis: {} }, { diagnosis: { causes: [null] } }])(
    'a hollow result %j is refused in words',
    async (more) => {
      const hollow = { schema: 'bootbench/run@1', outcome: 'rom-silent', summary: 'x', ...more } as never;
      for (const matched of [() => expect(hollow).toFailOn('primask'), () => expect(hollow).toReachDfu()])
        await expect(matched()).rejects.toThrow(/this result has no outcome or no diagnosis; give the whole result of bench/);
    },
  );
});
