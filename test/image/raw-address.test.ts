/** A raw binary says no address, but its vectors may: the handlers that they name are code of its own. */
import { describe, expect, test } from 'vitest';
import { loadImage } from '../../src/image/image.ts';

const STACK = 0x20005000;
const THUMB = 1;
/** A binary of this length with a table of 16 vectors in front. */
function binary(length: number, handlers: readonly number[], stack = STACK): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, stack, true);
  for (let i = 1; i < 16; i++) view.setUint32(4 * i, handlers[Math.min(i, handlers.length) - 1]! + THUMB, true);
  return bytes;
}
function told(bytes: Uint8Array): string {
  try {
    loadImage(bytes, 'a.bin');
  } catch (error) {
    return (error as Error).message.replace('a.bin: a raw binary needs an address; ', '');
  }
  return '';
}

describe('a raw binary without an address', () => {
  test.each([
    ['at the start of flash', binary(0x800, [0x08000100, 0x080007f0]), 'write it as a.bin@0x08000000'],
    [
      'behind a boot loader',
      binary(0x1da4, [0x08009b78, 0x0800842c, 0x08009bc0]),
      'its vectors fit 0x08008000 and no other multiple of 1 KB: write it as a.bin@0x08008000',
    ],
    [
      'in an external flash, which it cannot lie in front of',
      binary(0x22970, [0x90000298, 0x9001b5b8]),
      'its vectors fit 0x90000000 and no other multiple of 1 KB: write it as a.bin@0x90000000',
    ],
    [
      'whose handlers are a small part of it',
      binary(0x4000, [0x08022bcc, 0x08022930]),
      'its vectors fit multiples of 1 KB from 0x0801ec00 to 0x08022800: write it as a.bin@<address>',
    ],
    ['whose handlers lie further apart than it is long', binary(0x800, [0x08004000, 0x08009000]), 'write it as a.bin@<address>'],
    ['without a vector table', binary(0x800, [0x08000100], 0x12345), 'write it as a.bin@<address>'],
    ['of two vectors, with code behind them', tiny(), 'write it as a.bin@0x08000000'],
  ])('%s', (_where, bytes, hint) => {
    expect(told(bytes)).toBe(hint);
  });
});
/** Initial SP, reset vector, and `B .`. */
function tiny(): Uint8Array {
  return Uint8Array.of(0, 0x50, 0, 0x20, 9, 0, 0, 8, 0xfe, 0xe7, 0xfe, 0xe7);
}
