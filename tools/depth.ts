/**
 * How many functions of these sources are called by a register write, and by `bootbench run` before the machine runs: `npm run depth [-- --write]`. Counted by V8's precise coverage,
 * not by reading; with `--write` the table in docs/dev/engine.md is written anew.
 */
import { Session as Inspector } from 'node:inspector/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { jobInput, type RunJob } from '../src/bench/input/job.ts';
import { Session } from '../src/bench/session/session.ts';
import type { Io } from '../src/cli/io.ts';
import { runCommand } from '../src/cli/run.ts';
import { loadJob } from '../src/cli/inputs.ts';
import { prepareEngine } from '../src/cli/prepare-engine.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const PAGE = 'docs/dev/engine.md';
const SCENARIO = 'fixtures/f405-chain-vtor-of-loader/scenario.json';

interface Depth {
  readonly functions: number;
  readonly calls: number;
}
const inspector = new Inspector();
inspector.connect();
await inspector.post('Profiler.enable');

/** Functions of this bundle that were called since coverage was started; the first of a script is the script itself. */
async function taken(): Promise<Depth> {
  const { result } = await inspector.post('Profiler.takePreciseCoverage');
  const ours = result.filter(({ url }) => url === import.meta.url).flatMap(({ functions }) => functions.slice(1));
  const called = ours.map(({ ranges }) => ranges[0]!.count).filter((count) => count > 0);
  return { functions: called.length, calls: called.reduce((sum, count) => sum + count, 0) };
}
async function depthOf(work: () => void): Promise<Depth> {
  await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await taken();
  work();
  const depth = await taken();
  await inspector.post('Profiler.stopPreciseCoverage');
  // the closure that did the work
  return { functions: depth.functions - 1, calls: depth.calls - 1 };
}

async function machine(): Promise<Session> {
  const job = await loadJob([], { scenario: SCENARIO }, process.cwd());
  await prepareEngine(job);
  const session = new Session(jobInput(job));
  session.run({ until: 100_000_000 });
  return session;
}
const WRITES: readonly (readonly [what: string, address: number, value: number])[] = [
  ['`RCC.AHB1ENR`, a clock enable', 0x40023830, 0x0010000f],
  ['`GPIOA.ODR`, a pin', 0x40020014, 1],
  ['`RCC.CFGR`, a prescaler', 0x40023808, 0x00001000],
];

/** Ends the command where the machine would begin. */
class Reached extends Error {}
async function beforeTheMachine(): Promise<Depth> {
  let depth: Depth = { functions: 0, calls: 0 };
  const stream = { write: () => undefined, raw: () => undefined, isTTY: false, columns: 80 } as unknown as Io['stdout'];
  const io: Io = { stdout: stream, stderr: stream, env: {}, cwd: process.cwd(), onInterrupt: () => () => undefined };
  await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await taken();
  const bench = async (_job: RunJob): Promise<never> => {
    depth = await taken();
    throw new Reached();
  };
  await runCommand([], { scenario: SCENARIO, quiet: true }, io, bench).catch((error: unknown) => {
    if (!(error instanceof Reached)) throw error;
  });
  await inspector.post('Profiler.stopPreciseCoverage');
  return depth;
}

const session = await machine();
const core = session.machine.bootCore;
const rows: [string, Depth][] = [];
for (const [what, address, value] of WRITES) {
  core.write(address, 4, value ^ 1, true);
  rows.push([`a write of ${what}`, await depthOf(() => core.write(address, 4, value, true))]);
}
rows.push(['`bootbench run`, until the machine runs', await beforeTheMachine()]);
const table = [
  '| | functions | calls |',
  '| --- | --- | --- |',
  ...rows.map(([what, d]) => `| ${what} | ${d.functions} | ${d.calls} |`),
].join('\n');
console.log(table);
if (values.write) {
  const text = readFileSync(PAGE, 'utf8');
  const [before, after] = [text.split('<!-- depth -->')[0]!, text.split('<!-- /depth -->')[1]!];
  writeFileSync(PAGE, `${before}<!-- depth -->\n${table}\n<!-- /depth -->${after}`);
}
process.exit(0);
