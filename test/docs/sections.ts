/** Parts of pages that are made of the program, between two marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';

/** `<!-- name -->` … `<!-- /name -->` of a page has this text; `BOOTBENCH_DOCS=write` writes it. */
export function expectSection(page: string, name: string, text: string): void {
  const file = packageFile(`docs/${page}`);
  const before = readFileSync(file, 'utf8');
  const [from, to] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [before.indexOf(from), before.indexOf(to)];
  expect(start >= 0 && end > start, `${from} … ${to}`).toBe(true);
  const wanted = `${before.slice(0, start + from.length)}\n\n${text.trim()}\n\n${before.slice(end)}`;
  if (process.env['BOOTBENCH_DOCS'] === 'write') writeFileSync(file, wanted);
  else expect(before).toBe(wanted);
}
