/**
 * Hostile input for everything that reads what others wrote: `npm run fuzz -- [--count <n>] [--seed <n>] [--only <name>]`; with `machines` any firmware instead,
 * whose states are printed as one digest, the same on every machine and every Node.
 *
 * Case n draws from the seed n alone and goes to the target n modulo their number, so that a range of seeds can be run in pieces and a case by itself. Exit 1: a target threw
 * an error that is not its own, or took longer than a case may take.
 */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { random } from '../random.ts';
import { Draw } from './change.ts';

/** A case takes milliseconds: so much of the processor's time is told as slow, and HANGS_MS by the clock end the command. */
const SLOW_MS = 2_000;
const HANGS_MS = 30_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' }, only: { type: 'string' } },
});
type Targets = Readonly<Record<string, (draw: Draw) => void | Promise<void>>>;
const ofMachines = positionals[0] === 'machines';
if (positionals.length > Number(ofMachines)) throw new Error(`${positionals.join(' ')}: only \`machines\` can be said`);
// each loads what the other one does not need
const TARGETS: Targets = ofMachines
  ? (await import('./machines.ts')).MACHINES
  : { ...(await import('./readers.ts')).READERS, ...(await import('./peers.ts')).PEERS };
const names = Object.keys(TARGETS).filter((name) => values.only === undefined || name === values.only);
const [count, first] = [Number(values.count), Number(values.seed)];
if (names.length === 0 || !Number.isSafeInteger(count) || !Number.isSafeInteger(first))
  throw new Error(`--count and --seed are whole numbers; --only is one of ${Object.keys(TARGETS).join(', ')}`);

/** The case that is under way, for a thread that still runs when this one hangs. */
const under = new BigInt64Array(new SharedArrayBuffer(8));
const watch = new Worker(
  `const { workerData: { under, ms, names } } = require('node:worker_threads');
  let last = -1n;
  setInterval(() => {
    const now = Atomics.load(under, 0);
    if (now === last) {
      require('node:fs').writeSync(1, \`HANGS: --only \${names[Number(now % BigInt(names.length))]} --seed \${now} --count 1\\n\`);
      process.kill(process.pid, 'SIGKILL');
    }
    last = now;
  }, ms);`,
  { eval: true, workerData: { under, ms: HANGS_MS, names } },
);
watch.unref();

let [wrong, slow] = [0, 0];
for (let n = first; n < first + count; n++) {
  Atomics.store(under, 0, BigInt(n));
  const name = names[n % names.length]!;
  const again = `${ofMachines ? 'machines ' : ''}--only ${name} --seed ${n} --count 1`;
  const started = process.cpuUsage();
  try {
    await TARGETS[name]!(new Draw(random(n)));
  } catch (error) {
    wrong++;
    console.log(`WRONG: ${again}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  const { user, system } = process.cpuUsage(started);
  const took = (user + system) / 1000;
  if (took <= SLOW_MS) continue;
  slow++;
  console.log(`SLOW: ${again}: ${(took / 1000).toFixed(1)} s`);
}
console.log(
  `seeds ${first} to ${first + count - 1}, ${names.join(' ')}: ${count} cases, ${wrong} wrong, ${slow} slow${ofMachines ? `, ${(await import('./machines.ts')).digestSoFar()}` : ''}`,
);
process.exitCode = wrong + slow > 0 ? 1 : 0;
await watch.terminate();
