/**
 * How right the verdicts are, over all fixtures: `npm run score -- [--only <part of a name>] [--turn <n>] [--cases cases.jsonl] [--json <file>]`.
 *
 * What is true on silicon stands beside each fixture: `expect` of its scenarios, and in fixture.json `blame` (check → mark of the line in main.c that is to
 * blame), `entry` (mark of the line that jumps), `alternatives` (checks whose repair alone helps as well), `serial` (causes on a part whose ROM has no USB) and `suspects` (checks that may stand unproved). Nothing of that comes from what bootbench prints.
 * `--turn` takes every tenth fixture, and other ones with the next number.
 * Exit 0: every scenario is right in every column.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Place, RunResult } from '../src/bench/documents/result.ts';
import { proofOf, SERIAL } from '../src/bench/documents/serial-proof.ts';
import type { Expect } from '../src/bench/documents/scenario-types.ts';
import { findChip } from '../src/chips/index.ts';
import { findRomProfile } from '../src/rom/profiles.ts';
import { inThread } from '../src/cli/engine.ts';
import { loadJob, readScenario } from '../src/cli/inputs.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    turn: { type: 'string' },
    cases: { type: 'string' },
    json: { type: 'string' },
    folder: { type: 'string', default: 'fixtures' },
  },
});

interface Manifest {
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  readonly case?: string;
  readonly blame?: Readonly<Record<string, string>>;
  readonly entry?: string;
  readonly suspects?: readonly string[];
  /** On a part whose ROM has no USB: what has to be repaired so that it answers on its USART. */
  readonly serial?: readonly string[];
  /** Checks whose repair alone helps as well, though another one is what a person would mend. */
  readonly alternatives?: readonly string[];
}

/** What one column says of one scenario: right, wrong with the reason, or nothing was to be said. */
type Mark = 'right' | 'none' | { readonly wrong: string };
const COLUMNS = ['outcome', 'cause', 'line', 'fix', 'suspects'] as const;
type Column = (typeof COLUMNS)[number];
interface Row {
  readonly name: string;
  readonly milliseconds: number;
  readonly marks: Readonly<Record<Column, Mark>>;
}

const words = (v: string | readonly string[]): readonly string[] => (typeof v === 'string' ? [v] : v);
const proved = (r: RunResult): readonly string[] => proofOf(r)?.causes.map((c) => c.id) ?? [];
/** Causes that a fixture names: proved by DFU, or, on a part whose ROM has no USB and does not answer as it is, by its answer on the USART. */
function causesOf(r: RunResult, { causes = [] }: Expect, { serial = [] }: Manifest): readonly string[] {
  const withoutUsb = findRomProfile(findChip(r.chip)?.rom?.id ?? '')?.dfu === null;
  const answers = r.notes.some((n) => n.kind === SERIAL && n.text.startsWith('the ROM acknowledges'));
  return withoutUsb && !answers ? serial : causes;
}
const from = (wrong: readonly string[]): Mark => (wrong.length === 0 ? 'right' : { wrong: wrong.join('; ') });

function outcomeMark(r: RunResult, { outcome }: Expect): Mark {
  if (outcome === undefined) return 'none';
  return words(outcome).includes(r.outcome) ? 'right' : { wrong: `${r.outcome}, not ${words(outcome).join(' or ')}` };
}

/** Every cause that is there is proved, and nothing else is. */
function causeMark(r: RunResult, expect: Expect, manifest: Manifest): Mark {
  const { notCauses = [] } = expect;
  const { alternatives = [] } = manifest;
  const causes = causesOf(r, expect, manifest);
  const found = proved(r).filter((id) => causes.includes(id) || !alternatives.includes(id));
  const missing = causes.filter((id) => !found.includes(id)).map((id) => `${id} is not proved`);
  const surplus = found.filter((id) => (causes.length > 0 ? !causes.includes(id) : notCauses.includes('*') || notCauses.includes(id)));
  if (causes.length === 0 && notCauses.length === 0) return 'none';
  return from([...missing, ...surplus.map((id) => `${id} is proved falsely`)]);
}

/** Lines of a fixture's own source that carry a mark in a comment. */
function marked(source: string, mark: string): readonly number[] {
  const text = readFileSync(join(values.folder, source), 'utf8');
  return text.split('\n').flatMap((line, i) => (new RegExp(`/\\*.*\\b${mark}\\b`).test(line) ? [i + 1] : []));
}
const shown = (p: Place | null | undefined): string => (p ? `${p.file ?? p.symbol ?? p.pc}:${p.line ?? '?'}` : 'nothing');

function lineMark(r: RunResult, manifest: Manifest, expect: Expect): Mark {
  const { blame = {}, entry, suspects = [], sources } = manifest;
  const { outcome = [] } = expect;
  const causes = causesOf(r, expect, manifest);
  const main = sources[0]!;
  const wrong: string[] = [];
  let asked = 0;
  const at = (place: Place | null | undefined, mark: string): boolean =>
    place?.file != null && main.endsWith(place.file) && marked(main, mark).includes(place.line ?? -1);
  for (const [id, mark] of Object.entries(blame)) {
    if (!causes.includes(id) && !suspects.includes(id)) continue;
    asked++;
    const places = [r.diagnosis.causes, r.checks].map((list) => list.find((c) => c.id === id)?.lastWriter);
    if (!places.some((p) => at(p, mark)))
      wrong.push(`${id} at ${shown(places.find((p) => p))}, not ${mark} (line ${marked(main, mark).join()})`);
  }
  const entered = r.entries.find((e) => e.how === 'branch')?.from;
  // a wait that nobody ends may lie in front of the jump
  const mayEnter = !words(outcome).includes('no-jump') && (entered !== undefined || !words(outcome).includes('stuck'));
  if (entry !== undefined && mayEnter) {
    asked++;
    if (!at(entered, entry)) wrong.push(`entered from ${shown(entered)}, not ${entry} (line ${marked(main, entry).join()})`);
  }
  return asked === 0 ? 'none' : from(wrong);
}

const fixMark = (r: RunResult): Mark => {
  const causes = proofOf(r)?.causes ?? [];
  return causes.length === 0 ? 'none' : from(causes.filter((c) => c.fix === null).map((c) => `${c.id} has no fix`));
};

/** A check that stands unproved on the first screen although nothing says that it may. */
function suspectMark(r: RunResult, { suspects = [] }: Manifest, { checks = {} }: Expect): Mark {
  // what the scenario itself says to be broken is not innocent
  const known = proved(r);
  const innocent = r.diagnosis.causes.filter((c) => !known.includes(c.id) && !suspects.includes(c.id) && checks[c.id] !== 'fail');
  return from(innocent.map((c) => `${c.id} is suspected`));
}

async function scored(name: string, file: string, manifest: Manifest): Promise<Row | null> {
  const path = join(values.folder, name, file);
  const { expect } = await readScenario(path, process.cwd());
  if (!expect) return null;
  const started = performance.now();
  try {
    const result = await inThread(await loadJob([], { scenario: path, wall: '60s' }, process.cwd()), {});
    const marks = {
      outcome: outcomeMark(result, expect),
      cause: causeMark(result, expect, manifest),
      line: lineMark(result, manifest, expect),
      fix: fixMark(result),
      suspects: suspectMark(result, manifest, expect),
    };
    return { name: `${name}/${file}`, milliseconds: Math.round(performance.now() - started), marks };
  } catch (error) {
    const wrong = { wrong: `not run: ${error instanceof Error ? error.message : String(error)}` };
    return {
      name: `${name}/${file}`,
      milliseconds: 0,
      marks: { outcome: wrong, cause: 'none', line: 'none', fix: 'none', suspects: 'none' },
    };
  }
}

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

const rows: Row[] = [];
const used = new Set<string>();
for (const [i, name] of readdirSync(values.folder).sort().entries()) {
  const file = join(values.folder, name, 'fixture.json');
  if (!existsSync(file)) continue;
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  if (manifest.case !== undefined) used.add(manifest.case);
  if (!name.includes(values.only) || !isTurn(i)) continue;
  for (const scenario of readdirSync(join(values.folder, name)).filter((f) => /^scenario(\..+)?\.json$/.test(f))) {
    const row = await scored(name, scenario, manifest);
    if (row === null) continue;
    rows.push(row);
    const wrong = COLUMNS.flatMap((c) => (typeof row.marks[c] === 'object' ? [`${c}: ${row.marks[c].wrong}`] : []));
    if (wrong.length > 0) console.log(`${row.name}\n    ${wrong.join('\n    ')}`);
  }
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
