/** docs/clients.md: the table of quirks is made of the quirks. `BOOTBENCH_DOCS=write` writes it anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { DFU_QUIRKS } from '../../src/usb.ts';

const PAGE = fileURLToPath(new URL('../../docs/clients.md', import.meta.url));
const WRITE = process.env['BOOTBENCH_DOCS'] === 'write';

/** The page with a section between its markers. */
function withSection(page: string, name: string, text: string): string {
  const [from, to] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = page.indexOf(from);
  const end = page.indexOf(to);
  expect(start >= 0 && end > start, `${from} … ${to}`).toBe(true);
  return `${page.slice(0, start + from.length)}\n\n${text.trim()}\n\n${page.slice(end)}`;
}

it('the table of quirks is that of the program', () => {
  const rows = Object.entries(DFU_QUIRKS).map(
    ([name, { says, chips, source, confidence }]) => `| \`${name}\` | ${says} | ${chips} | ${source} | ${confidence} |`,
  );
  const table = ['| name | what a client sees | which ROMs | source | confidence |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
  const page = readFileSync(PAGE, 'utf8');
  const wanted = withSection(page, 'quirks', table);
  if (WRITE) writeFileSync(PAGE, wanted);
  else expect(page).toBe(wanted);
});
