/** The ROM waits only so long for HSE (AN2606 Table 227): a crystal that comes later is no crystal for it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bench } from '../../src/index.ts';

const bytes = readFileSync(new URL('../../fixtures/f405-straight/firmware.elf', import.meta.url));
const run = (hse: object, more: object = {}) =>
  bench({
    chip: 'stm32f405rg',
    images: [{ path: 'app.elf', bytes }],
    scenario: { board: { hse: { hz: 8_000_000, kind: 'crystal', ...hse } } },
    ...more,
  });

test('within the 96 ms of V9 it is found', async () => {
  const { outcome, checks } = await run({ ready: '50ms' });
  expect([outcome, checks.find((c) => c.id === 'hse')?.verdict]).toEqual(['dfu', 'pass']);
});
test('later than that it is the proved cause, and what helps is a crystal that starts faster', async () => {
  const { outcome, diagnosis, scenario, checks } = await run({ ready: '300ms' });
  expect(scenario.board.hse).toEqual({ hz: 8_000_000, kind: 'crystal', ready: '300ms' });
  expect(outcome).not.toBe('dfu');
  expect(diagnosis.causes.map((c) => [c.id, c.proved])).toEqual([['hse', true]]);
  expect(JSON.stringify(checks.find((c) => c.id === 'hse'))).toContain('HSE takes 300 ms to start');
  expect(JSON.stringify(diagnosis.causes[0])).toContain('starts faster');
});
test('a clock from outside has no start-up time', async () => {
  await expect(run({ kind: 'bypass', ready: '5ms' })).rejects.toThrow('board.hse.ready');
});
