import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../src/peripherals/', import.meta.url));

it('every block that stores by itself says so: proofs about loops in memory rest on it', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
  const texts = files.map((file) => ({ file, text: readFileSync(folder + file, 'utf8') }));
  // <kind>/<block>.ts; the files of a block in a folder of its own belong to the one of that folder's name
  const blockOf = (file: string): string => file.replace(/^([^/\\]+[/\\][^/\\]+)[/\\].*/, '$1.ts');
  const masters = texts.filter(({ text }) => text.includes('.busWrite(')).map(({ file }) => blockOf(file));
  expect(masters.length).toBeGreaterThan(1);
  const saysSo = new Set(texts.filter(({ text }) => /\bbusMaster: /.test(text)).map(({ file }) => file));
  expect(masters.filter((file) => !saysSo.has(file))).toEqual([]);
});
