/** Two values that a test compared, and what they have in common. */
import { expect, it } from 'vitest';
import { alikeText } from '../../src/bench/documents/alike.ts';

it.each([
  [0xcbf43926, 0x340bc6d9, /inverted: one of them lacks the final inversion/],
  [0xcbf43926, 0x649c2fd3, /with its bits in reverse order/],
  [0xcbf43926, 0x2639f4cb, /with its bytes in reverse order/],
  [0xcbf43926, 0x9b63d02c, /inverted, and with its bits in reverse order/],
  // a char that is signed, and the complement of a byte
  [0xffffffa5, 0xa5, /the same byte: one side has its upper bits set/],
  [0x5a, 0xffffff5a, /the same byte/],
  [0xffff8001 | 0, 0x8001, /the same half-word/],
  [0xcbf43926, 0x3926, /the same in the lower 16 bits/],
])('%#', (left, right, says) => expect(alikeText(left, right)).toMatch(says));
it.each([
  [0xffffffff, 0],
  [0, 0xffffff00],
  [1, 2],
  [0x20010001, 1],
  [0xcbf43926, 0xcbf43927],
])('nothing: %#', (left, right) => expect(alikeText(left, right)).toBe(''));
