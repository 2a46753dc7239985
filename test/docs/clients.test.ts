/** docs/clients.md: the table of quirks is made of the quirks (`BOOTBENCH_DOCS=write` writes it anew); the tables of clients, which `npm run clients` writes, are whole. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DFU_QUIRKS, DFU_ROMS } from '../../src/usb.ts';
import { expectSection } from './sections.ts';

const PAGE = fileURLToPath(new URL('../../docs/clients.md', import.meta.url));

/** Rows of the first table of a section, without its rule; the first row is the heading. */
function rowsOf(name: string): string[][] {
  const [, section] = readFileSync(PAGE, 'utf8').split(`<!-- ${name} -->`);
  const lines = section!
    .split(`<!-- /${name} -->`)[0]!
    .split('\n')
    .filter((line) => line.startsWith('|') && !line.startsWith('| ---'));
  return lines.map((line) => line.slice(2, -2).split(' | '));
}
const STEP_OR_OK = /^(ok|–|(open|descriptors|option bytes|erase|download|verify|leave) \[\d+\])$/;

describe('the table of clients', () => {
  const [head, ...rows] = rowsOf('clients');
  it('has a row for each ROM, and a column for each of at least six clients', () => {
    expect(rows.map(([rom]) => rom)).toEqual(DFU_ROMS.map(({ name }) => name));
    expect(head!.length - 1).toBeGreaterThanOrEqual(6);
    for (const row of rows) expect(row, row[0]).toHaveLength(head!.length);
  });
  it('has a mark in each cell, and a reason for each failure', () => {
    const page = readFileSync(PAGE, 'utf8');
    for (const [rom, ...cells] of rows)
      for (const cell of cells) {
        expect(cell, rom).toMatch(STEP_OR_OK);
        const [number] = /\[\d+\]/.exec(cell) ?? [];
        if (number !== undefined) expect(page).toMatch(new RegExp(`^- \\${number.replace(']', '\\]')} \\S`, 'm'));
      }
  });
  it('the commit before pull request 5348 fails where the one behind it does not', () => {
    const [[, before, after]] = [rowsOf('regression')[1]!] as [string[]];
    expect(rowsOf('regression')[0]).toEqual(['ROM', 'betaflight-before-5348', 'betaflight-5348']);
    expect([before, after]).toEqual([expect.stringMatching(/^erase \[1\]$/) as string, 'ok']);
  });
});

it('the table of quirks is that of the program', () => {
  const rows = Object.entries(DFU_QUIRKS).map(
    ([name, { says, chips, source, confidence }]) => `| \`${name}\` | ${says} | ${chips} | ${source} | ${confidence} |`,
  );
  const table = ['| name | what a client sees | which ROMs | source | confidence |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
  expectSection('clients.md', 'quirks', table);
});
