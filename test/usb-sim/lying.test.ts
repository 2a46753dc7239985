/** Where a download lies in flash: whole, or without a beginning that its device keeps back. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { lyingOf } from '../../src/usb-sim/conform/lying.ts';

const BASE = 0x08000000;
const SIZE = 16;
const SENT = Uint8Array.from({ length: 6 * SIZE }, (_, i) => (i * i * 31 + 5) & 0xff);
/** Flash of 256 bytes in which something lies. */
function flash(at: number, bytes: Uint8Array): Parameters<typeof lyingOf>[0] {
  const memory = new Uint8Array(256).fill(0xff);
  memory.set(bytes, at);
  const indexOf = (wanted: Uint8Array): number => Buffer.from(memory).indexOf(Buffer.from(wanted));
  return {
    find: (wanted) => (indexOf(wanted) < 0 ? null : BASE + indexOf(wanted)),
    read: (address, length) => (address < BASE ? null : memory.slice(address - BASE, address - BASE + length)),
  };
}
const without = (held: number): Uint8Array => Uint8Array.from(SENT, (b, i) => (i < held ? 0xff : b));

it('is found with what is held back, to the byte, while two blocks show (property)', () => {
  fc.assert(
    fc.property(fc.nat({ max: 100 }), fc.nat({ max: 4 * SIZE }), (at, held) => {
      fc.pre(held === 0 || SENT[held - 1] !== 0xff);
      expect(lyingOf(flash(at, without(held)), SENT, SIZE)).toEqual({ start: BASE + at, heldBack: held });
    }),
  );
});
it.each([
  ['the last block alone', 100, without(5 * SIZE)],
  ['nothing of it', 0, new Uint8Array(0)],
  ['what would begin before flash', 0, SENT.subarray(2 * SIZE)],
] as const)('is not taken for found by %s', (_what, at, bytes) => {
  expect(lyingOf(flash(at, bytes), SENT, SIZE)).toBeNull();
});
