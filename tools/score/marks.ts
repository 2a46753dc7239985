/**
 * What a run says of a fixture's scenario, beside what is true on silicon: the outcome, every cause and nothing else, the line to blame, a fix for each cause, and no innocent suspect.
 * `npm run score` prints the marks, test/fixtures/verdicts holds them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judge } from '../../src/bench/documents/expect.ts';
import { hasReached, otherGoal } from '../../src/bench/documents/reached.ts';
import type { Place, RunResult } from '../../src/bench/documents/result.ts';
import { isAround, proofOf } from '../../src/bench/documents/proved.ts';
import type { Expect } from '../../src/bench/documents/scenario-types.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob, readScenario } from '../../src/cli/inputs.ts';

export interface Manifest {
  /** The collected case that it was written from. */
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
export type Mark = 'right' | 'none' | { readonly wrong: string };
export const COLUMNS = ['outcome', 'cause', 'line', 'fix', 'suspects', 'expect'] as const;
export type Column = (typeof COLUMNS)[number];
export interface Row {
  readonly name: string;
  readonly milliseconds: number;
  readonly marks: Readonly<Record<Column, Mark>>;
}

const words = (v: string | readonly string[]): readonly string[] => (typeof v === 'string' ? [v] : v);
const proved = (r: RunResult): readonly string[] => proofOf(r)?.causes.map((c) => c.id) ?? [];
/** Causes that a fixture names: proved by DFU, or, on a part whose ROM has no USB, by its answer on the USART. */
function causesOf(r: RunResult, { causes = [] }: Expect, { serial = [] }: Manifest): readonly string[] {
  return otherGoal(r) !== null && !hasReached(r) ? serial : causes;
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
function marked(folder: string, source: string, mark: string): readonly number[] {
  const text = readFileSync(join(folder, source), 'utf8');
  return text.split('\n').flatMap((line, i) => (new RegExp(`/\\*.*\\b${mark}\\b`).test(line) ? [i + 1] : []));
}
const shown = (p: Place | null | undefined): string => (p ? `${p.file ?? p.symbol ?? p.pc}:${p.line ?? '?'}` : 'nothing');

function lineMark(r: RunResult, manifest: Manifest, expect: Expect, folder: string): Mark {
  const { blame = {}, entry, suspects = [], sources } = manifest;
  const { outcome = [] } = expect;
  const causes = causesOf(r, expect, manifest);
  const main = sources[0]!;
  const wrong: string[] = [];
  let asked = 0;
  const at = (place: Place | null | undefined, mark: string): boolean =>
    place?.file != null && main.endsWith(place.file) && marked(folder, main, mark).includes(place.line ?? -1);
  for (const [id, mark] of Object.entries(blame)) {
    if (!causes.includes(id) && !suspects.includes(id)) continue;
    asked++;
    const places = [r.diagnosis.causes, r.checks].map((list) => list.find((c) => c.id === id)?.lastWriter);
    if (!places.some((p) => at(p, mark)))
      wrong.push(`${id} at ${shown(places.find((p) => p))}, not ${mark} (line ${marked(folder, main, mark).join()})`);
  }
  const entered = r.entries.find((e) => e.how === 'branch')?.from;
  // a wait that nobody ends may lie in front of the jump
  const mayEnter = !words(outcome).includes('no-jump') && (entered !== undefined || !words(outcome).includes('stuck'));
  if (entry !== undefined && mayEnter) {
    asked++;
    if (!at(entered, entry)) wrong.push(`entered from ${shown(entered)}, not ${entry} (line ${marked(folder, main, entry).join()})`);
  }
  return asked === 0 ? 'none' : from(wrong);
}

/** No code mends the board or the host. */
const fixMark = (r: RunResult): Mark => {
  const causes = proofOf(r)?.causes ?? [];
  return causes.length === 0 ? 'none' : from(causes.filter((c) => c.fix === null && !isAround(c)).map((c) => `${c.id} has no fix`));
};

/** A check that stands unproved on the first screen although nothing says that it may. */
function suspectMark(r: RunResult, { suspects = [] }: Manifest, { checks = {} }: Expect): Mark {
  // what the scenario itself says to be broken is not innocent
  const known = proved(r);
  const innocent = r.diagnosis.causes.filter((c) => !known.includes(c.id) && !suspects.includes(c.id) && checks[c.id] !== 'fail');
  return from(innocent.map((c) => `${c.id} is suspected`));
}

/** On a part whose ROM has no USB, `expect` speaks of another outcome than a person would: the other columns judge it. */
function expectMark(r: RunResult, expect: Expect): Mark {
  const { holds, failures } = judge(r, expect);
  return holds ? 'right' : from(failures);
}

function marksOf(r: RunResult, expect: Expect, manifest: Manifest, folder: string): Row['marks'] {
  return {
    outcome: outcomeMark(r, expect),
    cause: causeMark(r, expect, manifest),
    line: lineMark(r, manifest, expect, folder),
    fix: fixMark(r),
    suspects: suspectMark(r, manifest, expect),
    expect: expectMark(r, expect),
  };
}
const NOT_RUN = { outcome: 'none', cause: 'none', line: 'none', fix: 'none', suspects: 'none' } as const;

/** Where a scenario stands: `<folder>/<name>/<file>`. */
export interface FixtureScenario {
  readonly folder: string;
  readonly name: string;
  readonly file: string;
  readonly manifest: Manifest;
}

/** Every scenario of every fixture, by name. */
export function fixtureScenarios(folder: string): FixtureScenario[] {
  const names = readdirSync(folder)
    .sort()
    .filter((name) => existsSync(join(folder, name, 'fixture.json')));
  return names.flatMap((name) => {
    const manifest = JSON.parse(readFileSync(join(folder, name, 'fixture.json'), 'utf8')) as Manifest;
    const files = readdirSync(join(folder, name)).filter((file) => /^scenario(\..+)?\.json$/.test(file));
    return files.map((file) => ({ folder, name, file, manifest }));
  });
}

/** What a run of the scenario says, judged; null: the scenario expects nothing. No mark speaks of what the outcome hangs on: without `provisos` nobody looks for it. */
export async function scored({ folder, name, file, manifest }: FixtureScenario, provisos = true): Promise<Row | null> {
  const path = join(folder, name, file);
  const { expect } = await readScenario(path, process.cwd());
  if (!expect) return null;
  const started = performance.now();
  const row = (marks: Row['marks']): Row => ({ name: `${name}/${file}`, milliseconds: Math.round(performance.now() - started), marks });
  try {
    const job = await loadJob([], { scenario: path, wall: '60s' }, process.cwd());
    const result = await inThread({ ...job, provisos }, {});
    return row(marksOf(result, expect, manifest, folder));
  } catch (error) {
    return row({ ...NOT_RUN, expect: { wrong: `not run: ${error instanceof Error ? error.message : String(error)}` } });
  }
}

/** What is wrong, a line for each column. */
export const wrongOf = ({ marks }: Row): string[] =>
  COLUMNS.flatMap((column) => {
    const mark = marks[column];
    return typeof mark === 'object' ? [`${column}: ${mark.wrong}`] : [];
  });
