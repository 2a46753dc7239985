/** A page with one map for each target: what was varied from top to bottom, the place of the fault or the seed from left to right, how much failed as colour. */
import { escapeHtml as escape, pageOf } from '../report/page.ts';
import type { Campaign } from './campaign.ts';
import type { Store } from './store.ts';
import { groupInWords, resultCount, type Summary } from './summary.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';

const MOST_COLUMNS = 64;
const MOST_ROWS = 400;

const STYLE = `
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; color: #222; background: #fff }
.scroll { overflow-x: auto } table { border-collapse: collapse } th { font-weight: normal; text-align: left; padding: .1rem .6rem .1rem 0; white-space: nowrap }
.map td { min-width: 1rem; height: 1.1rem; padding: 0; border: 1px solid #fff; background: #eee } .list td { padding: .2rem .8rem .2rem 0; vertical-align: top }
code { background: #f2f2f2; padding: 0 .2rem } .key { display: inline-block; width: 1rem; height: .8rem } caption { text-align: left; font-weight: 600; padding: .8rem 0 .3rem }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #1b1b1b } .map td { border-color: #1b1b1b; background: #333 } code { background: #2a2a2a } }`;

const KEYS: Readonly<Record<number, string>> = { 0: 'all as expected', 0.5: 'half failed', 1: 'all failed' };

interface Cell {
  readonly row: string;
  readonly col: number;
  readonly n: number;
  readonly failed: number;
  readonly first: number | null;
}

export function heatMapPage(campaign: Campaign, store: Store, summary: Summary, command: string): SafeText {
  const failed = summary.failures.reduce((sum, g) => sum + g.cases, 0);
  const groups = summary.failures.map(
    (g) => `<tr><td>${g.cases}</td><td>${escape(groupInWords(g))}</td><td><code>${escape(`${command} ${g.first}`)}</code></td></tr>`,
  );
  const maps = campaign.targets.map((t, i) => map(store, i, t.name));
  const aside = summary.aside.map((a) => `<tr><td>${a.no}</td><td>${escape(a.evidence)}</td></tr>`);
  const table = (title: string, rows: readonly string[]): string =>
    rows.length === 0 ? '' : `<div class="scroll"><table class="list"><caption>${title}</caption>\n${rows.join('\n')}</table></div>`;
  return pageOf(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>bootbench: ${escape(summary.name)}</title><style>${STYLE}</style></head>
<body>
<h1>${escape(summary.name)}</h1>
<p>${resultCount(summary)} of ${summary.total} cases, ${failed} failed, ${summary.aside.length} set aside.</p>
${table('Failures, grouped', groups)}
${table('Set aside', aside)}
<p>Of the cases of a square: ${[0, 0.5, 1].map((share) => `<span class="key" style="${colour(share)}"></span> ${KEYS[share]}`).join(', ')}; grey: there is no case.</p>
${maps.join('\n')}
</body></html>
`);
}

/** SQL for what differs from the target as it is; the fault's kind belongs to the row, its place to the column. */
const ROW = `coalesce(leave, '') || '\n' || coalesce(delay || ' x ' || factor, '') || '\n' || coalesce(fault, '')`;

function map(store: Store, target: number, name: string): string {
  const [span] = store.all<{
    faults: number;
    low: number | null;
    high: number | null;
    seeds: number;
    low_seed: number | null;
    high_seed: number | null;
  }>(
    `SELECT count(before) AS faults, min(before) AS low, max(before) AS high, count(DISTINCT seed) AS seeds, min(seed) AS low_seed, max(seed) AS high_seed
     FROM results WHERE target = ?`,
    [target],
  );
  if (!span) return '';
  const byFault = span.faults > 0;
  const [low, high] = byFault ? [span.low!, span.high!] : [span.low_seed ?? 0, span.high_seed ?? 0];
  const width = Math.max(1, Math.ceil((high - low + 1) / MOST_COLUMNS));
  const column = byFault ? 'before' : 'seed';
  const cells = store.all<Cell>(
    `SELECT ${ROW} AS row, CAST((coalesce(${column}, ${low}) - ${low}) / ${width} AS INTEGER) AS col, count(*) AS n, count(grp) AS failed,
       min(CASE WHEN grp IS NOT NULL THEN no END) AS first
     FROM results WHERE target = ? GROUP BY row, col ORDER BY min(no)`,
    [target],
  );
  const rows = new Map<string, Map<number, Cell>>();
  for (const cell of cells) {
    if (!rows.has(cell.row)) rows.set(cell.row, new Map());
    rows.get(cell.row)!.set(cell.col, cell);
  }
  const columns = Math.floor((high - low) / width) + 1;
  const lines = [...rows].slice(0, MOST_ROWS).map(([row, own]) => {
    const words = row.split('\n').filter((w) => w !== '');
    const tds = Array.from({ length: columns }, (_, col) => square(own.get(col), low + col * width, width, byFault));
    return `<tr><th scope="row">${escape(words.join(', ') || 'as it is')}</th>${tds.join('')}</tr>`;
  });
  const more = rows.size > MOST_ROWS ? `<p>${rows.size - MOST_ROWS} rows more are in the results.</p>` : '';
  const axis = byFault
    ? ` (left to right: ${low} to ${high} before the jump)`
    : span.seeds > 0
      ? ` (left to right: seeds ${low} to ${high})`
      : '';
  return `<div class="scroll"><table class="map"><caption>${escape(name)}${axis}</caption>\n${lines.join('\n')}</table></div>${more}`;
}

function square(cell: Cell | undefined, from: number, width: number, byFault: boolean): string {
  if (cell === undefined) return '<td></td>';
  const place = `${byFault ? 'before' : 'seed'} ${width === 1 ? from : `${from} to ${from + width - 1}`}`;
  const share = cell.failed / cell.n;
  const title = `${place}: ${cell.failed} of ${cell.n} failed${cell.first === null ? '' : `, first case ${cell.first}`}`;
  return `<td title="${escape(title)}" style="${colour(share)}"></td>`;
}
/** Green to red, and lighter to darker, so that it reads without colours too. */
const colour = (share: number): string => `background:hsl(${Math.round(130 - 130 * share)} 60% ${Math.round(72 - 30 * share)}%)`;
