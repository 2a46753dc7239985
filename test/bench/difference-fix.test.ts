/** What a cause by difference says to write. */
import { expect, it } from 'vitest';
import type { Difference } from '../../src/bench/difference/find.ts';
import { fixOf } from '../../src/bench/difference/fix.ts';

const of = (what: string): Difference => ({ what, value: 0x46, afterReset: 0, field: null, clock: [], writer: null, board: false });

it('an active exception has to return: no store to IPSR does it', () => {
  expect(fixOf(of('IPSR'))).toMatch(/^\/\* the exception has to return first: .* from the main loop \*\/$/);
  expect(fixOf(of('event'))).toBeNull();
});
