/** What is said of causes by difference that are enough only together. */
import { expect, it } from 'vitest';
import type { Difference, Finding } from '../../src/bench/difference/find.ts';
import { withDifference } from '../../src/bench/verdict/difference-causes.ts';

const register: Difference = {
  what: 'RCC.APB2ENR',
  value: 0x4035,
  afterReset: 0,
  field: null,
  clock: [],
  writer: null,
  board: false,
};
const timer: Difference = {
  ...register,
  what: 'SysTick',
  value: null,
  afterReset: null,
  stores: [{ name: 'SYST_CSR', address: 0xe000e010, failing: 7, working: 0 }],
};

const NOTHING = { explained: null, causes: [], sets: [], harmless: [] };
function told(...set: readonly Difference[]) {
  const found = { helps: true, complete: true, sets: [set] } as unknown as Finding;
  const goal = { outcome: 'dfu', then: 'DFU comes' } as const;
  return withDifference(NOTHING, found, { id: 'state', name: 'the ROM' }, () => null, goal).causes;
}

it('one alone has an outcome of its own, and says which value brings it', () => {
  const [first, second] = [told(register)[0]!, told(timer)[0]!];
  expect([first.outcomeAfterRepair, second.outcomeAfterRepair]).toEqual(['dfu', 'dfu']);
  expect(first.explanation).toMatch(/With 0, DFU comes\.$/);
  expect(second.explanation).toMatch(/SYST_CSR is 7, not 0\. With the values of a reset, DFU comes\.$/);
});
it('each of several says that the others are needed, too', () => {
  const two = told(register, timer);
  expect(two.map((cause) => cause.outcomeAfterRepair)).toEqual([null, null]);
  expect(two[0]!.explanation).toMatch(/With 0, and with the other cause repaired too, DFU comes\.$/);
  expect(two[1]!.explanation).toMatch(/With the values of a reset, and with the other cause repaired too, DFU comes\.$/);
  expect(told(register, register, timer)[0]!.explanation).toContain('the other 2 causes repaired too');
});
