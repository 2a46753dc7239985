/** Folders with campaigns over the project's fixtures, and what came of them. */
import type * as Sqlite from 'node-sqlite3-wasm';
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const { Database } = createRequire(import.meta.url)('node-sqlite3-wasm') as typeof Sqlite;

export const root = join(import.meta.dirname, '..', '..');
export const fixture = (name: string): string => join(root, 'fixtures', name, 'scenario.json');

/** A folder that is gone after the test, with `spec.json`. */
export function campaignFolder(spec: unknown): string {
  const path = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  writeFileSync(join(path, 'spec.json'), typeof spec === 'string' ? spec : JSON.stringify(spec));
  return path;
}

/** Small and quick: forks of one machine that jumps at once. */
export const SMALL = {
  schema: 'bootbench/campaign@1',
  targets: [{ scenarios: [fixture('f072-masked')] }],
  faults: { kinds: ['systick'], instructions: { to: 6 } },
  seeds: { count: 2 },
  expect: 'dfu',
};

/** All that a results file says about its cases, as text for comparing. */
export function stored(path: string): string[] {
  return rows(
    path,
    `SELECT no, lower(hex(id)) AS id, r.outcome, ended, at_ps, cycles, pc, g.cause, g.entry, g.place
     FROM results r LEFT JOIN groups g ON g.grp = r.grp ORDER BY no`,
  ).map((row) => JSON.stringify(row));
}
export function rows(path: string, sql: string): Record<string, unknown>[] {
  const db = new Database(path, { readOnly: true });
  try {
    return db.all(sql) as Record<string, unknown>[];
  } finally {
    db.close();
  }
}
