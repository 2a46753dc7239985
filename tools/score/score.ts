/**
 * How right the verdicts are, over all fixtures: `npm run score -- [--only <part of a name>] [--turn <n>] [--cases cases.jsonl] [--json <file>]`.
 *
 * What is true on silicon stands beside each fixture: `expect` of its scenarios, and in fixture.json `blame` (check → mark of the line in its first source that is to
 * blame), `entry` (mark of the line that jumps), `alternatives` (checks whose repair alone helps as well), `serial` (causes on a part whose ROM has no USB) and `suspects` (checks that may stand unproved). Nothing of that comes from what bootbench prints.
 * `--turn` takes every tenth fixture, and other ones with the next number.
 * Exit 0: every scenario is right in every column.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findChip } from '../../src/chips/index.ts';
import { COLUMNS, fixtureScenarios, scored, wrongOf, type Row } from './marks.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    turn: { type: 'string' },
    cases: { type: 'string' },
    json: { type: 'string' },
    folder: { type: 'string', default: 'fixtures' },
  },
});

/** Share of the collected cases that name a part which this version has, and of those that a fixture was written from. */
function casesLine(file: string, used: ReadonlySet<string>): string {
  const cases = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly id: string; readonly chip?: string });
  const parts = (chip = ''): string[] => chip.match(/STM32[A-Z]{1,2}\d[0-9A-Za-z]+/g) ?? [];
  const named = cases.filter((c) => parts(c.chip).length > 0);
  const modelled = named.filter((c) => parts(c.chip).some((part) => findChip(part) !== undefined));
  const covered = modelled.filter((c) => used.has(c.id));
  return `cases: ${cases.length}, of which ${named.length} name a part and ${modelled.length} one that is modelled; ${used.size} cases have a fixture, ${covered.length} of them on their own part`;
}

/** Runs of `--turn` that take all fixtures. */
const TURNS = 10;
const { turn } = values;
if (turn !== undefined && !/^\d{1,9}$/.test(turn)) {
  console.error(`score: --turn ${turn} is no number`);
  process.exit(2);
}
const isTurn = (i: number): boolean => turn === undefined || i % TURNS === Number(turn) % TURNS;

const all = fixtureScenarios(values.folder);
const names = [...new Set(all.map(({ name }) => name))];
const mine = all.filter(({ name }) => name.includes(values.only) && isTurn(names.indexOf(name)));
const used = new Set(all.flatMap(({ manifest }) => manifest.case ?? []));
const rows: Row[] = [];
for (const scenario of mine) {
  const row = await scored(scenario);
  if (row === null) continue;
  rows.push(row);
  const wrong = wrongOf(row);
  if (wrong.length > 0) console.log(`${row.name}\n    ${wrong.join('\n    ')}`);
}
console.log(`\n${rows.length} scenarios`);
for (const column of COLUMNS) {
  const judged = rows.filter((r) => r.marks[column] !== 'none');
  const right = judged.filter((r) => r.marks[column] === 'right').length;
  const share = judged.length === 0 ? '-' : `${((100 * right) / judged.length).toFixed(1)} %`;
  console.log(`${column.padEnd(9)} ${String(right).padStart(4)} of ${String(judged.length).padStart(4)}  ${share}`);
}
const falsely = rows.filter((r) => typeof r.marks.cause === 'object' && r.marks.cause.wrong.includes('falsely')).length;
console.log(
  `false causes: ${falsely}; slowest: ${[...rows]
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, 3)
    .map((r) => `${r.name} ${r.milliseconds} ms`)
    .join(', ')}`,
);
if (values.cases !== undefined) console.log(casesLine(values.cases, used));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
process.exitCode = rows.every((r) => COLUMNS.every((c) => typeof r.marks[c] !== 'object')) ? 0 : 1;
