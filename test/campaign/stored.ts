/** What a results file of a campaign holds, and where the fixtures are; for tests and for the proof outside of them. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Sqlite from 'node-sqlite3-wasm';
import { packageFile } from '../../src/cli/package.ts';

// the package is no module
const { Database } = createRequire(import.meta.url)('node-sqlite3-wasm') as typeof Sqlite;

export const root = packageFile('.');
export const fixture = (name: string): string => join(root, 'fixtures', name, 'scenario.json');

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
