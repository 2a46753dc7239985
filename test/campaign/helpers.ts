/** Folders with campaigns over the project's fixtures, and what came of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { fixture } from './stored.ts';

/** A folder that is gone after the test, with `spec.json`. Of tests that run beside each other each names its own end. */
export function campaignFolder(spec: unknown, atEnd: typeof onTestFinished = onTestFinished): string {
  const path = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
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
