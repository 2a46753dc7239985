/**
 * The proof of campaigns in full: 20,000 cases over a queue while workers, the submitter and Redis are killed, against the same campaign undisturbed.
 * `npm run campaign:proof [-- <cases>]`; needs redis-server. Exit 0: every case has exactly one result, and it is the same.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtProgram } from '../test/built.ts';
import { fixture, rows } from '../test/campaign/stored.ts';
import { disturbed, expectSame, hasRedis, run } from '../test/campaign/proof.ts';

const wanted = Number(process.argv[2] ?? 20_000);
/** Mean time between two kills of a worker, milliseconds. */
const GAP = 4_000;
const INSTRUCTIONS = 99;

if (!hasRedis()) {
  console.error('redis-server is missing (Debian: apt install redis-server)');
  process.exit(2);
}
const seeds = Math.max(1, Math.round(wanted / (1 + INSTRUCTIONS)));
const cases = seeds * (1 + INSTRUCTIONS);
const cwd = mkdtempSync(join(tmpdir(), 'bootbench-proof-'));
const dist = builtProgram();
try {
  const spec = {
    schema: 'bootbench/campaign@1',
    targets: [{ scenarios: [fixture('h533-straight')] }],
    faults: { kinds: ['systick'], instructions: { to: INSTRUCTIONS } },
    seeds: { count: seeds },
  };
  writeFileSync(join(cwd, 'spec.json'), JSON.stringify(spec));
  let started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
  const { code, text } = run(dist, cwd, ['campaign', 'spec.json', '--out', 'whole.sqlite']);
  if (code > 1) throw new Error(text);
  console.log(`undisturbed: ${cases} cases in ${seconds()} s`);
  const outcomes = rows(join(cwd, 'whole.sqlite'), 'SELECT outcome, count(*) AS n FROM results GROUP BY outcome ORDER BY n DESC');
  console.log(outcomes.map(({ outcome, n }) => `  ${String(n)} ${String(outcome)}`).join('\n'));
  started = performance.now();
  const done = await disturbed(dist, cwd, cases, GAP, Infinity);
  console.log(
    `disturbed: ${cases} cases in ${seconds()} s; killed: ${done.workersKilled} workers, the submitter ${done.submittersKilled} x, Redis ${done.redisRestarts} x`,
  );
  expectSame(join(cwd, 'whole.sqlite'), join(cwd, 'queue.sqlite'), cases);
  console.log('every case has exactly one result, that of the undisturbed run');
} finally {
  for (const folder of [cwd, dist]) rmSync(folder, { recursive: true, force: true });
}
