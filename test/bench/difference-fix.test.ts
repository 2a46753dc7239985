/** What a cause by difference says to write. */
import { expect, it } from 'vitest';
import type { Difference } from '../../src/bench/difference/find.ts';
import { fixOf } from '../../src/bench/difference/fix.ts';

const of = (what: string): Difference => ({ what, value: 0x46, afterReset: 0, field: null, clock: [], writer: null, board: false });

it('an active exception has to return: no store to IPSR does it', () => {
  expect(fixOf(of('IPSR'))).toMatch(/^\/\* the exception has to return first: .* from the main loop \*\/$/);
  expect(fixOf(of('event'))).toBeNull();
});
it('a field by its mask is named behind the store', () => {
  const field = { register: 'USART1.CR1', mask: 0x2000, shift: 13 };
  expect(fixOf({ ...of('USART1.CR1.UE'), field })).toBe('USART1->CR1 &= ~0x2000u;   /* UE */');
  expect(fixOf({ ...of('USART1.CR1'), field: { ...field, mask: 0xffffffff, shift: 0 } })).toBe('USART1->CR1 = 0;');
});
