/** What each check minds on a chip of each family, beside what it minded before (minded/*.txt): `BOOTBENCH_GOLDEN=write` writes that anew. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { familyOf } from '../../src/checks/families.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { mindedBy, mindedOnTheWay } from './minded.ts';

const FOLDER = new URL('./minded/', import.meta.url);
/** The first chip of each family. */
const chips = [...new Map(CHIPS.toReversed().map((c) => [c.family, c])).values()].filter((c) => familyOf(c) !== null);

function compare(name: string, now: string): void {
  const file = new URL(`${name}.txt`, FOLDER);
  if (process.env['BOOTBENCH_GOLDEN'] === 'write') writeFileSync(file, now);
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(now);
}

describe('What is minded on', () => {
  it.each(chips.map((c) => [c.name, c] as const))('%s', (name, chip) => {
    compare(name.toLowerCase(), CHECKS.map((check) => `${check.id}\n${mindedBy(check, chip).join('\n')}\n`).join('\n'));
  });
});
describe('What is minded of the way to the ROM of', () => {
  it.each(chips.filter((c) => ['STM32H5', 'STM32L4'].includes(c.family)).map((c) => [c.name, c] as const))('%s', (name, chip) => {
    compare(`way-${name.toLowerCase()}`, mindedOnTheWay(CHECKS, chip).join('\n'));
  });
});
