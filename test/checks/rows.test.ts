/**
 * What each line has of the rows of register names, beside what it had before (minded/rows.txt): the first row of a family as it is, of the others what differs from it.
 * `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { expect, it } from 'vitest';
import type { FamilyFields } from '../../src/checks/family-fields.ts';
import { clearedInC, familyOf, pullUpOffInC } from '../../src/checks/families.ts';
import { findChip, LINES, partsOf } from '../../src/chips/index.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';

/** Numbers in a row as the first and the last of each stretch. */
function stretches(values: readonly number[]): string {
  const ends = values.filter((v, i) => values[i - 1] !== v - 1 || values[i + 1] !== v + 1);
  return `${values.length} values: ${ends.join(' ')}`;
}
const shown = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => (Array.isArray(v) && v.every((x) => typeof x === 'number') ? stretches(v) : v)) ?? 'none';

it('rows of all lines are what they were', () => {
  const users = new Map<FamilyFields, string[]>();
  for (const { name } of LINES)
    for (const part of partsOf(name)) {
      const chip = findChip(part)!;
      const row = familyOf(chip);
      if (row === null) continue;
      const told = users.get(row) ?? [];
      const user = `${name}${row.rom === undefined ? '' : ` with ${row.rom}`}`;
      if (!told.includes(user)) users.set(row, [...told, user]);
    }
  const firsts = new Map<string, FamilyFields>();
  const lines: string[] = [];
  for (const [row, of] of users) {
    const first = firsts.get(row.family) ?? null;
    if (first === null) firsts.set(row.family, row);
    lines.push(of.join(', '));
    const keys = new Set([...Object.keys(first ?? {}), ...Object.keys(row)]) as Set<keyof FamilyFields>;
    for (const key of keys) if (first === null || shown(first[key]) !== shown(row[key])) lines.push(`  ${key}: ${shown(row[key])}`);
    if (first === null && row.usb) lines.push(`  pull-up in C: ${pullUpOffInC(row.usb)}`);
    if (first === null) lines.push(`  cleared in C: ${clearedInC(row.prescalers).replaceAll('\n', ' ')}`);
  }
  expect(users.size).toBeGreaterThan(40);
  expectAsBefore(lines, new URL('./minded/rows.txt', import.meta.url));
});
