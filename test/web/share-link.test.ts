/** A link that has the firmware in it: what a short text swells to is not taken. */
import { deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { sha256 } from '../../src/image/sha256.ts';
import { fileIn, packed, unpacked } from '../../web/share.ts';

it('gives the file back as it was', async () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * i) % 251);
  expect(await unpacked((await packed(bytes))!)).toEqual(bytes);
});
it('refuses a file that is larger than any firmware, without unpacking all of it', async () => {
  const bomb = deflateRawSync(new Uint8Array(200 << 20)).toString('base64url');
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers)), 1);
  await expect(unpacked(bomb)).rejects.toThrow('too large');
  clearInterval(watch);
  expect(most - before).toBeLessThan(100 << 20);
});
it('refuses what is cut', async () => {
  const text = (await packed(Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)))!;
  await expect(unpacked(text.slice(0, -40))).rejects.toThrow();
});
it('gives no file where the link has another one than it says', async () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256);
  const text = (await packed(bytes))!;
  expect(await fileIn(text, sha256(bytes))).toEqual(bytes);
  expect(await fileIn(text, sha256(bytes.subarray(1)))).toBeNull();
  expect(await fileIn(text.slice(0, -40), sha256(bytes))).toBeNull();
});
