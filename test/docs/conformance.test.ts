/** docs/conformance.md: the table of dialects is made of the program (`BOOTBENCH_DOCS=write` writes it anew); the tables of stacks, which `npm run stacks` writes, are whole. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isRequirement, REQUIREMENTS } from '../../src/usb-sim/conform/kit.ts';
import { DIALECT_TEXTS } from '../../src/usb-sim/conform/dialect.ts';
import { BUGS } from '../../tools/planted/bugs.ts';
import { WAYS } from '../../tools/planted/ways.ts';
import { expectSection } from './sections.ts';

it('the table of dialects is that of the program', () => {
  const rows = DIALECT_TEXTS.map(([name, text]) => `| \`${name}\` | ${text} |`);
  expectSection('conformance.md', 'dialects', ['| name | deviation |', '| --- | --- |', ...rows].join('\n'));
});

it('its counts are those of the program', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/conformance.md', import.meta.url)), 'utf8');
  const tens = 10 * Math.floor(REQUIREMENTS.length / 10);
  expect(page).toContain(`against some ${tens} requirements`);
  expect(page).toContain(`plants one of ${BUGS.length} bugs`);
  expect(page).toContain(`one of ${WAYS.length} ways that the standards leave`);
});

describe('the table of stacks', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/conformance.md', import.meta.url)), 'utf8');
  const section = page.split('<!-- stacks -->')[1]!.split('<!-- /stacks -->')[0]!;
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith('| stack'));
  it('has images of at least four stacks, of which nothing fails that is not accepted, and all cases hold', () => {
    const stacks = new Set(rows.map((row) => row.slice(2).split(' ')[0]).filter((name) => name!.includes('/')));
    expect(stacks.size).toBeGreaterThanOrEqual(4);
    for (const row of rows) expect(row).toMatch(/ \| \d+ \/ 0 \/ \d+ \/ \d+ \| (\d+) of \1 \| /);
  });
  it('has a reason for each requirement that is accepted', () => {
    const lines = section.split('\n').filter((line) => line.startsWith('  - '));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const [, ids, why] = /^ {2}- (?:[A-Z\d, ]+ only: )?((?:`[^`]+`, )*`[^`]+`): (\S.*)$/.exec(line) ?? [];
      expect(why, line).toBeDefined();
      for (const [, id] of ids!.matchAll(/`([^`]+)`/g)) expect(isRequirement(id!), id).toBe(true);
    }
  });
});
