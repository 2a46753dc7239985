import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../src/peripherals/', import.meta.url));

it('every block that stores by itself says so: proofs about loops in memory rest on it', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
  const texts = files.map((file) => ({ file, text: readFileSync(folder + file, 'utf8') }));
  const masters = texts.filter(({ text }) => text.includes('.busWrite('));
  expect(masters.length).toBeGreaterThan(1);
  expect(masters.filter(({ text }) => !text.includes('busMaster: true')).map(({ file }) => file)).toEqual([]);
});
