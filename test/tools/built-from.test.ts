import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { builtFrom } from '../../tools/built-from.mjs';

it('a source, a schema and a ROM that are other make another build, and a test does not', () => {
  const root = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  const write = (path: string, text: string): string => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
    return builtFrom(root);
  };
  const inputs = ['package.json', 'src/a.ts', 'src/b/c.json', 'schemas/s.json', 'rom/images/r.bin'];
  const seen = ['1', '2'].flatMap((text) => inputs.map((path) => write(path, text)));
  expect(new Set(seen).size).toBe(seen.length);
  expect(write('test/t.ts', '1')).toBe(seen.at(-1));
  rmSync(root, { recursive: true });
});
