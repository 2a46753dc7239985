/** A table that a test makes, beside what it was before: a file next to the test, which `BOOTBENCH_GOLDEN=write` writes anew. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';

/** `url`: of the file, with the table's name at its end. */
export function expectAsBefore(lines: readonly string[], url: URL): void {
  const now = `${lines.join('\n')}\n`;
  if (process.env['BOOTBENCH_GOLDEN'] === 'write') writeFileSync(url, now);
  expect(existsSync(url) ? readFileSync(url, 'utf8') : '').toBe(now);
}
