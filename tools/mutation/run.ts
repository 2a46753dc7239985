/**
 * Changes the sources in small ways, one at a time, and runs the tests that ought to notice:
 *
 *   npm run mutation -- [--area <name>] [--file <path> [--line <n>]] [--sample <n>|all] [--seed <n>] [--turn <n>] [--least <percent>] [--json <file>] [--verbose]
 *     [--quick] [--tests <pattern>] [--again <file>]
 *
 * The sample is spread evenly over the areas. Facts are asked first; tables (kinds.ts) are asked only about mutants that no fact noticed. Prints what no fact noticed.
 * Exit 1: facts noticed fewer than `--least` says. `--turn` begins the sample at another area each time, and draws other mutants.
 *
 * `--quick` asks only the tests of the file itself and those that go over most of the area: what they notice is the least that all notice. `--tests <pattern>` asks these
 * test files alone, for who writes one. `--again <file>` asks about the mutants that no fact noticed in an earlier run with `--json <file>`, where their lines still stand.
 *
 * A sample stands for the whole: of 200 mutants a share of 90 % is right to within 4.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { globSync } from 'tinyglobby';
import { AREAS, type Area } from './areas.ts';
import { Mirror } from '../mirror.ts';
import { random } from '../random.ts';
import { Tests } from './ask.ts';
import { isTable, runsBuilt, statesFacts } from './kinds.ts';
import { mutantsOf, type Mutant } from './mutants.ts';

/** What tests load: sources, and data that they import. */
const LOADED = ['{src,test,tools,benchmarks,web}/**/*.ts', '{src,schemas,fixtures}/**/*.json'];

type Kind = 'facts' | 'tables' | 'neither';
interface Tried extends Mutant {
  readonly area: string;
  readonly noticed: Kind;
  /** The test file that noticed it. */
  readonly by: string | null;
}

/** More tests than that import what everything is made of: they are not the file's own. */
const MOST_OWN = 6;
/** Test files that import a source file by its name. */
function importers(file: string): string[] {
  const name = `/${file.replace(/^src\//, '')}'`;
  const found = globSync('test/**/*.test.ts').filter((path) => readFileSync(path, 'utf8').includes(name));
  return found.length > MOST_OWN ? [] : found;
}
/** Test files that share a word of their names with the path of a source file: `can.test.ts` with `serial/bxcan.ts`, `clock-trees.test.ts` with `clock/rcc-f1.ts`. */
function namesakes(pattern: string, file: string): string[] {
  const path = file.replace(/^src\/[^/]*\//, '');
  const words = (test: string): string[] => basename(test, '.test.ts').split('-');
  return globSync(pattern).filter((test) => words(test).some((word) => word.length > 2 && path.includes(word)));
}
/** Test files for a mutated file: its own and those that go over most of the area, then all others of the area. */
function roundsFor(area: Area, file: string): (readonly string[])[] {
  if (values.tests !== undefined) return [globSync(values.tests)];
  const own = new Set([...importers(file), ...(area.namesakes ? namesakes(area.namesakes, file) : [])]);
  for (const path of (area.first ?? []).flatMap((pattern) => globSync(pattern))) own.add(path);
  if (values.quick) return [[...own]];
  const all = area.tests.flatMap((pattern) => globSync(pattern));
  return [[...own], [...new Set(all)].filter((path) => !own.has(path))].map((round) => round.filter((path) => !runsBuilt(path)));
}

function sample<T>(items: readonly T[], count: number, next: () => number): T[] {
  const left = [...items];
  const taken: T[] = [];
  while (left.length > 0 && taken.length < count) taken.push(...left.splice(Math.floor(next() * left.length), 1));
  return taken;
}

/** How many mutants each area gets: the same in each, and one more in those whose turn it is. */
function shares(count: number, areas: number, first: number): number[] {
  const share = Array.from({ length: areas }, () => 0);
  for (let i = 0; i < count; i++) share[(first + i) % areas]!++;
  return share;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 60);
const show = (m: Mutant): string => `${m.path}:${m.line}  ${oneLine(m.was)}  →  ${oneLine(m.text)}`;

async function tryMutant(tests: Tests, area: Area, mutant: Mutant): Promise<Tried> {
  const rounds = roundsFor(area, mutant.path);
  for (const kind of ['facts', 'tables'] as const) {
    for (const round of rounds) {
      const by = await tests.noticing(mutant, round.filter(kind === 'facts' ? (test) => statesFacts(test) : (test) => isTable(test)), kind);
      if (by !== null) return { ...mutant, area: area.name, noticed: kind, by };
    }
  }
  return { ...mutant, area: area.name, noticed: 'neither', by: null };
}
const count = (tried: readonly Tried[], kind: Kind): number => tried.filter(({ noticed }) => noticed === kind).length;
const sum = (tried: readonly Tried[]): string =>
  `${count(tried, 'facts')} noticed by facts, ${count(tried, 'tables')} by tables only, ${count(tried, 'neither')} by neither`;

async function tryArea(tests: Tests, area: Area, mutants: readonly Mutant[], of: number): Promise<Tried[]> {
  const all: Tried[] = [];
  for (const mutant of mutants) {
    const tried = await tryMutant(tests, area, mutant);
    all.push(tried);
    const how = { facts: 'facts', tables: 'tables only', neither: 'neither' }[tried.noticed];
    if (tried.noticed !== 'facts' || values.verbose) console.log(`  ${how}: ${show(tried)}${tried.by ? `  (${tried.by})` : ''}`);
  }
  console.log(`${area.name}: ${sum(all)}; of ${of} mutants`);
  return all;
}

const { values } = parseArgs({
  options: {
    area: { type: 'string' },
    file: { type: 'string' },
    line: { type: 'string' },
    sample: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    turn: { type: 'string' },
    least: { type: 'string', default: '0' },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    tests: { type: 'string' },
    again: { type: 'string' },
  },
});
const seed = values.turn ?? values.seed;
const next = random(Number(seed));
const asked = AREAS.filter(({ name }) => values.area === undefined || name === values.area)
  .map((area) => {
    const paths = globSync([...area.files]).filter((path) => values.file === undefined || resolve(path) === resolve(values.file));
    const mutants = paths.flatMap((path) => mutantsOf(path, readFileSync(path, 'utf8')));
    return { area, mutants: mutants.filter(({ line }) => values.line === undefined || line === Number(values.line)) };
  })
  .filter(({ mutants }) => mutants.length > 0);
if (asked.length === 0) {
  console.error(`no mutants: areas are ${AREAS.map(({ name }) => `"${name}"`).join(', ')}`);
  process.exit(2);
}
const size = values.sample === 'all' ? Infinity : Number(values.sample);
const parts = size === Infinity ? asked.map(() => Infinity) : shares(size, asked.length, Number(values.turn ?? 0) * size);
/** The mutants that no fact noticed then; of those that the file has no more nothing can be said. */
const survivors =
  values.again === undefined
    ? null
    : (JSON.parse(readFileSync(values.again, 'utf8')) as Tried[]).filter(({ noticed }) => noticed !== 'facts');
const survived = (mutant: Mutant): boolean =>
  survivors!.some(
    ({ path, was, text, line }) => path === mutant.path && was === mutant.was && text === mutant.text && line === mutant.line,
  );
const mirror = await Mirror.of(LOADED);
process.on('exit', () => mirror.remove());
const tests = new Tests(mirror);
const all: Tried[] = [];
for (const [i, { area, mutants }] of asked.entries()) {
  const some = survivors ? mutants.filter(survived) : parts[i] === Infinity ? mutants : sample(mutants, parts[i]!, next);
  if (some.length > 0) all.push(...(await tryArea(tests, area, some, mutants.length)));
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`);
const percent = (part: number): string => `${((100 * part) / all.length).toFixed(0)} %`;
const byFacts = count(all, 'facts');
console.log(
  `${percent(byFacts)} of ${all.length} mutants noticed by facts, ${percent(byFacts + count(all, 'tables'))} with tables (seed ${seed})`,
);
process.exitCode = (100 * byFacts) / all.length >= Number(values.least) ? 0 : 1;
