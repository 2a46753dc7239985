/**
 * Changes the sources in small ways, one at a time, and runs the tests that ought to notice: `npm run mutation -- [--area <name>] [--file <path> [--line <n>]]
 * [--sample <n>|all] [--seed <n>] [--turn <n>] [--least <percent>] [--json <file>] [--verbose] [--quick] [--tests <pattern>]`. Prints what no test noticed. Exit 1: fewer were noticed than `--least` says,
 * or the tests fail as it is. `--turn` takes one area after the other, and other mutants of it each time.
 *
 * `--quick` asks only the tests of the file itself and the tables: what they notice is the least that all notice. `--tests <pattern>` asks these test files alone, for
 * who writes one.
 *
 * A sample stands for the whole: of 200 mutants a share of 90 % is right to within 4.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { globSync } from 'tinyglobby';
import { AREAS, type Area } from './areas.ts';
import { Mirror } from '../mirror.ts';
import { mutantsOf, type Change, type Mutant } from './mutants.ts';

/** What tests load: sources, and data that they import. */
const LOADED = ['{src,test,tools,benchmarks,web}/**/*.ts', '{src,schemas,fixtures}/**/*.json'];
/** A mutant that takes so many times as long as the tests do without it has noticed that something is wrong, too. */
const PATIENCE = 4;
const LEAST_WAIT_MS = 20_000;

interface Tried extends Mutant {
  readonly area: string;
  readonly fate: 'killed' | 'timed out' | 'survived';
}

/** Files of an area, each with its mutants. */
const sources = (area: Area, only: string | undefined): string[] =>
  globSync([...area.files]).filter((path) => only === undefined || resolve(path) === resolve(only));

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
/** Test files for a mutated file, in two rounds: its own and those with tables, then all others of the area. */
function roundsFor(area: Area, file: string): (readonly string[])[] {
  if (values.tests !== undefined) return [globSync(values.tests)];
  const own = new Set((area.tables ?? []).flatMap((pattern) => globSync(pattern)));
  for (const path of area.namesakes ? namesakes(area.namesakes, file) : []) own.add(path);
  for (const path of importers(file)) own.add(path);
  const all = area.tests.flatMap((pattern) => globSync(pattern));
  return [[...own], [...new Set(all)].filter((path) => !own.has(path))].filter((round) => round.length > 0);
}

/** mulberry32: the same sample for the same seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}
function sample<T>(items: readonly T[], count: number, next: () => number): T[] {
  const left = [...items];
  const taken: T[] = [];
  while (left.length > 0 && taken.length < count) taken.push(...left.splice(Math.floor(next() * left.length), 1));
  return taken;
}

/** Runs the tests, with a change or as it is. True: all pass; null: they did not end in time. */
function pass(mirror: Mirror, tests: readonly string[], change: Change | null, limit: number): Promise<boolean | null> {
  const files = ['test/seed.ts', ...tests].map((path) => mirror.at(path));
  return mirror.changed(change, () => {
    // a group of its own, so that threads and processes of the tests end with it
    const child = spawn(process.execPath, ['tools/mutation/tests.mjs', ...files], { stdio: 'ignore', detached: true });
    return new Promise((done) => {
      const timer = setTimeout(() => {
        process.kill(-child.pid!, 'SIGKILL');
        done(null);
      }, limit);
      child.on('exit', (code) => {
        clearTimeout(timer);
        done(code === 0);
      });
    });
  });
}

/** Whether an area counts on it: the others are found by what they import, and some of them need what only vitest itself has. */
const TABLES = new Set(AREAS.flatMap(({ tables = [] }) => globSync([...tables])));
/** How long each test file takes as it is; null: it fails here without any change. */
const usual = new Map<string, number | null>();
async function timeOf(mirror: Mirror, test: string): Promise<number | null> {
  const known = usual.get(test);
  if (known !== undefined) return known;
  const start = Date.now();
  const took = (await pass(mirror, [test], null, 600_000)) ? Date.now() - start : null;
  if (took === null && TABLES.has(test)) throw new Error(`${test} fails without any change`);
  if (took === null) console.log(`  not asked, for it fails here without any change: ${test}`);
  usual.set(test, took);
  return took;
}
/** The tests in the order in which most mutants cost least: those named after the file, then the quick ones. And how long they may take. */
async function inOrder(mirror: Mirror, tests: readonly string[], file: string): Promise<{ tests: readonly string[]; limit: number }> {
  const times = new Map<string, number>();
  for (const test of tests) {
    const took = await timeOf(mirror, test);
    if (took !== null) times.set(test, took);
  }
  const own = basename(file, '.ts');
  const weight = (test: string): number => (basename(test).startsWith(`${own}.`) ? 0 : times.get(test)!);
  const all = [...times.values()].reduce((sum, ms) => sum + ms, 0);
  return { tests: [...times.keys()].sort((a, b) => weight(a) - weight(b)), limit: Math.max(LEAST_WAIT_MS, all * PATIENCE) };
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 60);
const show = (m: Mutant): string => `${m.path}:${m.line}  ${oneLine(m.was)}  →  ${oneLine(m.text)}`;

async function fateOf(mirror: Mirror, area: Area, mutant: Mutant): Promise<Tried['fate']> {
  for (const round of roundsFor(area, mutant.path).slice(0, values.quick ? 1 : 2)) {
    const { tests, limit } = await inOrder(mirror, round, mutant.path);
    const passed = await pass(mirror, tests, mutant, limit);
    if (passed !== true) return passed === null ? 'timed out' : 'killed';
  }
  return 'survived';
}
async function tryArea(mirror: Mirror, area: Area, mutants: readonly Mutant[]): Promise<Tried[]> {
  const tried: Tried[] = [];
  for (const mutant of mutants) {
    const fate = await fateOf(mirror, area, mutant);
    tried.push({ ...mutant, area: area.name, fate });
    if (fate === 'survived' || values.verbose) console.log(`  ${fate}: ${show(mutant)}`);
  }
  return tried;
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
  },
});
const { turn } = values;
const seed = turn ?? values.seed;
const next = random(Number(seed));
const all: Tried[] = [];
const mirror = await Mirror.of(LOADED);
process.on('exit', () => mirror.remove());
const areas = turn === undefined ? AREAS : [AREAS[Number(turn) % AREAS.length]!];
for (const area of areas) {
  if (values.area !== undefined && area.name !== values.area) continue;
  const mutants = sources(area, values.file)
    .flatMap((path) => mutantsOf(path, readFileSync(path, 'utf8')))
    .filter(({ line }) => values.line === undefined || line === Number(values.line));
  if (mutants.length === 0) continue;
  const tried = await tryArea(mirror, area, values.sample === 'all' ? mutants : sample(mutants, Number(values.sample), next));
  const noticed = tried.filter(({ fate }) => fate !== 'survived').length;
  console.log(`${area.name}: ${noticed} of ${tried.length} noticed, of ${mutants.length} mutants`);
  all.push(...tried);
}
if (all.length === 0) {
  console.error(`no mutants: areas are ${AREAS.map(({ name }) => `"${name}"`).join(', ')}`);
  process.exit(2);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`);
const share = (100 * all.filter(({ fate }) => fate !== 'survived').length) / all.length;
console.log(`${share.toFixed(0)} % of ${all.length} mutants noticed (seed ${seed})`);
process.exitCode = share >= Number(values.least) ? 0 : 1;
