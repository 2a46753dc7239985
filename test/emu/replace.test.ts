import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bareMachine, FLASH } from './core/bare-machine.ts';

describe('Bytes that replace others', () => {
  it('are in memory afterwards, wherever they differ and however they lie', () => {
    const machine = bareMachine('m33');
    const before = new Uint8Array(0x3000);
    fc.assert(
      fc.property(
        fc.nat(0x1fff),
        fc.nat(0x1000),
        fc.nat(3),
        fc.array(fc.tuple(fc.nat(0x1000), fc.integer({ min: 1, max: 255 })), { maxLength: 3 }),
        (at, length, shift, changes) => {
          machine.load(FLASH, before);
          const bytes = new Uint8Array(length + shift).subarray(shift);
          for (const [i, value] of changes) if (i < length) bytes[i] = value;
          machine.replace(FLASH + at, bytes);
          const after = before.slice();
          after.set(bytes, at);
          expect(Buffer.compare(machine.system.memoryBytes('FLASH').subarray(0, after.length), after)).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });
});
