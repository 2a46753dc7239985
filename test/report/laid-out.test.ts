/** A long line of a printed fix is broken where a person would break it. */
import { expect, it } from 'vitest';
import { laidOut } from '../../src/report/patch/layout.ts';

it.each([
  ['for (unsigned i = 0; i < sizeof NVIC->ICER / sizeof NVIC->ICER[0]; i++) NVIC->ICER[i] = 0xFFFFFFFFu;'],
  [`  if (${'request_is_there == 1 && '.repeat(3)}last == (2)) leave_for_the_bootloader();`],
])('behind the head of a statement: %s', (line) => {
  const indent = /^ */.exec(line)![0];
  const [head, body, ...more] = laidOut([line]);
  expect(more).toEqual([]);
  expect(head!.endsWith(')')).toBe(true);
  expect(body).toMatch(new RegExp(`^${indent}  \\w`));
  expect(`${head} ${body!.trim()}`).toBe(line);
});
it('a wait that does nothing stays one line', () => {
  const line = `while (${'(RCC->CR & RCC_CR_HSERDY) == 0 || '.repeat(2)}(RCC->CSR & RCC_CSR_LSIRDY) == 0) {}`;
  expect(laidOut([line]).at(-1)).toMatch(/\{\}$/);
});
