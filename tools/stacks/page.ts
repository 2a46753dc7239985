/** The tables of docs/conformance.md. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequirementResult, Verdict } from '../../src/usb-sim/conform/requirement.ts';
import { withSection } from '../clients/page.ts';
import type { Stack } from './list.ts';

/** What both kits made of an image, or of a ROM. */
export interface Row {
  readonly of: { readonly stack: Stack } | { readonly rom: string };
  /** Of `conform`: pass, fail, dialect, not applicable. */
  readonly counts: readonly number[];
  /** Cases that held. */
  readonly held: number;
  readonly cases: number;
  /** Seconds of processor time. */
  readonly conformCpu: number;
  readonly propertyCpu: number;
  /** Day and commit of the run. */
  readonly run: string;
}
const PAGE = join(process.cwd(), 'docs/conformance.md');
const VERDICTS: readonly Verdict[] = ['pass', 'fail', 'dialect', 'n/a'];
export const countsOf = (results: readonly RequirementResult[]): number[] =>
  VERDICTS.map((verdict) => results.filter((r) => r.verdict === verdict).length);

const nameOf = ({ of }: Row): string => ('stack' in of ? of.stack.name : `ROM ${of.rom}`);
/** What this run saw, and what earlier ones saw of the other images: `<folder>/results.json`. */
export function kept(folder: string, rows: readonly Row[]): Row[] {
  const file = join(folder, 'results.json');
  const old = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Row[]) : [];
  const all = new Map([...old, ...rows].map((row) => [nameOf(row), row]));
  writeFileSync(file, JSON.stringify([...all.values()], null, 1));
  return [...all.values()];
}

const part = (chip: string): string => chip.slice('stm32'.length, 'stm32f405'.length).toUpperCase();
const figures = (row: Row): string =>
  `${row.counts.join(' / ')} | ${row.held} of ${row.cases} | ${row.conformCpu.toFixed(1)} s | ${row.propertyCpu.toFixed(1)} s |`;
const RULE = '| --- | --- | --- | --- | --- | --- |';
const TAIL = 'pass / fail / dialect / n/a | property cases that hold | CPU of conform | CPU of the cases |';

function stackTable(rows: readonly Row[]): string[] {
  const lines = rows.flatMap((row) => {
    if (!('stack' in row.of)) return [];
    const { repository, commit, built, chip } = row.of.stack;
    return [`| ${repository} ${commit} | ${built}, ${part(chip)} | ${figures(row)}`];
  });
  return [`| stack | image, chip | ${TAIL}`, RULE, ...lines];
}
/** Images of one commit that break the same are told together. */
function acceptedList(rows: readonly Row[]): string[] {
  const told = new Map<string, string[]>();
  for (const { of } of rows) {
    if (!('stack' in of)) continue;
    const { repository, chip, accepted } = of.stack;
    for (const { ids, why } of accepted) {
      const line = `${ids.map((id) => `\`${id}\``).join(', ')}: ${why}`;
      const of_ = told.get(`${repository}\n${line}`) ?? [];
      told.set(`${repository}\n${line}`, [...of_, part(chip)]);
    }
  }
  const repositories = [...new Set([...told.keys()].map((key) => key.split('\n')[0]!))];
  return repositories.flatMap((repository) => {
    const chips = new Set(rows.flatMap(({ of }) => ('stack' in of && of.stack.repository === repository ? [part(of.stack.chip)] : [])));
    const own = [...told].filter(([key]) => key.startsWith(`${repository}\n`));
    return [
      `- ${repository}`,
      ...own.map(([key, on]) => `  - ${on.length < chips.size ? `${on.join(', ')} only: ` : ''}${key.split('\n')[1]}`),
    ];
  });
}
/** ROMs with the same counts are one row; the times are of all of them. */
function romTable(rows: readonly Row[]): string[] {
  const groups = new Map<string, { names: string[]; rows: Row[] }>();
  for (const row of rows) {
    if (!('rom' in row.of)) continue;
    const key = row.counts.join();
    const group = groups.get(key) ?? { names: [], rows: [] };
    group.names.push(row.of.rom);
    group.rows.push(row);
    groups.set(key, group);
  }
  const sum = (of: readonly Row[], key: 'held' | 'cases' | 'conformCpu' | 'propertyCpu'): number =>
    of.reduce((total, row) => total + row[key], 0);
  return [...groups.values()].map(({ names, rows: of }) => {
    const all = {
      ...of[0]!,
      held: sum(of, 'held'),
      cases: sum(of, 'cases'),
      conformCpu: sum(of, 'conformCpu'),
      propertyCpu: sum(of, 'propertyCpu'),
    };
    return `| the stand-in ROM of bootbench | BOOT0 high: ${names.join(', ')} | ${figures(all)}`;
  });
}

export function thisRun(): string {
  const commit = execFileSync('git', ['rev-parse', '--short=8', 'HEAD'], { encoding: 'utf8' }).trim();
  return `${new Date().toISOString().slice(0, 10)} at ${commit}`;
}
export function writePage(rows: readonly Row[]): void {
  const text = [
    `Run on ${[...new Set(rows.map(({ run }) => run))].join(', and on ')}.`,
    '',
    ...stackTable(rows),
    ...romTable(rows),
    '',
    'What is accepted, and why:',
    '',
    ...acceptedList(rows),
  ];
  writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), 'stacks', text.join('\n')));
}
