/**
 * npm run bench -- [--install] [--write] [--rounds 5] [--only workload,delay,…]
 * Measures bootbench against other emulators in one run on this machine. Prints a table, writes benchmarks/results.json, with --write
 * docs/dev/benchmarks.md too; --install brings missing peers (Debian packages as root). BOOTBENCH_COREMARK=<folder of its sources> adds CoreMark.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sample, type Task } from './child.ts';
import { installPeers, Peers } from './peers.ts';
import { GROUPS, type Row } from './rows.ts';
import { page, terminalTable, type Surroundings } from './table.ts';

const { values } = parseArgs({
  options: {
    install: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    sample: { type: 'string' },
  },
});
if (values.sample !== undefined) {
  console.log(JSON.stringify(await sample(JSON.parse(values.sample) as Task)));
} else {
  await bench();
}

async function bench(): Promise<void> {
  const names = values.only?.split(',') ?? Object.keys(GROUPS);
  const unknown = names.find((n) => !(n in GROUPS));
  const rounds = Number(values.rounds);
  if (unknown !== undefined || !Number.isInteger(rounds) || rounds < 1) {
    console.error(
      unknown !== undefined ? `--only: ${unknown} is not one of ${Object.keys(GROUPS).join(', ')}` : '--rounds wants a number from 1 on',
    );
    process.exitCode = 2;
    return;
  }
  if (values.install) installPeers((text) => console.error(text));
  const progress = (text: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  };
  const peers = new Peers();
  const before = loadavg()[0]!;
  const cores = cpus();
  const rows: Row[] = [];
  const around = (): Surroundings => ({
    date: new Date().toISOString().slice(0, 10),
    machine: `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB`,
    load: `load ${before.toFixed(1)} before and ${loadavg()[0]!.toFixed(1)} after`,
    node: process.versions.node,
    peers: peers.names,
    rounds,
  });
  try {
    for (const name of names) {
      await GROUPS[name]!({ peers, rounds, progress: (text) => progress(`${name}: ${text}`), add: (row) => rows.push(row) });
      // after each group: what is measured already is not lost with a run that is cut short
      save(rows, around(), values.write);
    }
  } finally {
    progress('');
    peers.close();
  }
  console.log(terminalTable(rows));
  const { machine, load, node } = around();
  console.log(`${machine}; ${load}; Node ${node}; ${peers.names.join(', ')}; medians of ${rounds}`);
  if (before > cores.length) console.log('The machine was busy: figures by wall clock say little, those by CPU time more.');
  const missed = rows.filter((r) => r.verdict === 'misses').length;
  console.log(
    `${rows.filter((r) => r.verdict === 'holds').length} targets hold, ${missed} are missed, ${rows.filter((r) => r.verdict === 'not run').length} rows were not run`,
  );
  process.exitCode = missed > 0 ? 1 : 0;
}

function save(rows: readonly Row[], around: Surroundings, write: boolean): void {
  writeFileSync(
    join(process.cwd(), 'benchmarks', 'results.json'),
    `${JSON.stringify({ schema: 'bootbench/benchmarks@1', ...around, rows }, null, 1)}\n`,
  );
  if (!write) return;
  mkdirSync(join(process.cwd(), 'docs', 'dev'), { recursive: true });
  writeFileSync(join(process.cwd(), 'docs', 'dev', 'benchmarks.md'), page(rows, around));
}
