/** H7 with both regulators: firmware for the other one waits for a bit that never rises, and the first screen says why. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bench } from '../../src/index.ts';
import { findBoard } from '../../src/bench/input/boards.ts';
import { shortReport } from '../../src/report/short.ts';

const bytes = readFileSync(new URL('../../fixtures/h723-leave-supply/firmware.elf', import.meta.url));
const run = (board: object) => bench({ chip: 'stm32h745zi', images: [{ path: 'app.elf', bytes }], scenario: { board, until: '50ms' } });

test('the LDO on a board that is wired for the SMPS', async () => {
  const result = await run(findBoard('nucleo-h745zi-q').board);
  expect(result.outcome).toBe('stuck');
  expect(result.stuck?.register).toBe('PWR.CSR1');
  expect(shortReport(result).replace(/\s+/g, ' ')).toContain(
    'the board feeds the core from the SMPS, but PWR_CR3 has SMPSEN = 0: ACTVOSRDY never rises',
  );
});
test.each([{}, { coreSupply: 'ldo' }])('with %o the same firmware goes on', async (board) => {
  expect((await run(board)).console['usart2']).toMatch(/^alive/);
});
test('where software has no choice the key is refused', async () => {
  const job = { chip: 'stm32f072rb', images: [{ path: 'app.elf', bytes }], scenario: { board: { coreSupply: 'ldo' } } } as const;
  await expect(bench(job)).rejects.toThrow('board.coreSupply');
});
