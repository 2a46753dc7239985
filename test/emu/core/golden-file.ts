/**
 * A table that a test makes, beside what it was before: a file next to the test, which `BOOTBENCH_GOLDEN=write` writes anew. `BOOTBENCH_GOLDEN=off` compares nothing:
 * what such a test states beside its table is a fact (tools/mutation asks facts alone first).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';

/** `url`: of the file, with the table's name at its end. */
export function expectAsBefore(lines: readonly string[], url: URL): void {
  const how = process.env['BOOTBENCH_GOLDEN'];
  if (how === 'off') return;
  const now = `${lines.join('\n')}\n`;
  if (how === 'write') writeFileSync(url, now);
  expect(existsSync(url) ? readFileSync(url, 'utf8') : '').toBe(now);
}
