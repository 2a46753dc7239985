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
it('no string is broken, nor one that a line begins with', () => {
  const line = `"msr primask, r12" : : "r"(0xe000ed00u) : "r0", "r1", "r2", "r3", "r12", "cc", "memory");${' '.repeat(9)}`;
  const lines = laidOut([line]);
  expect(lines.length).toBeGreaterThan(1);
  for (const one of lines) expect(one.split('"').length % 2).toBe(1);
});
