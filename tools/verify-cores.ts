/**
 * Long comparison of the cores with Unicorn, in chunks that a later call goes on with:
 *   npm run verify:cores -- [--cores m0,m3,m4,m33,m7] [--cases 10000000] [--seed 20261120] [--decode [--oracles llvm,unicorn]] [--minutes 30] [--sum]
 * `--cases` counts per core; half of a core's cases with FPU are floating point. `--decode` walks the encodings instead: all of them against LLVM's decoder,
 * and with fewer registers against Unicorn.
 * What is done stands in .verify/; a chunk that failed is run again by its seed. Exit 0: everything that ran agrees.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Profile } from '../src/emu/core/builder.ts';
import { PROFILES } from '../src/emu/core/models/index.ts';
import { disagreements, WIDE, WIDE_PARTS, widePart } from '../test/emu/core/decode-cases.ts';
import { DecodeSpace, failuresOf, WIDE_FIRSTS, type SpaceTally } from '../test/emu/core/decode-space.ts';
import { fpCases } from '../test/emu/core/fp-cases.ts';
import { integerCases, type Tally } from '../test/emu/core/integer-cases.ts';
import { llvmMissing } from '../test/emu/core/llvm.ts';
import { unicornMissing } from '../test/emu/core/unicorn.ts';

const CHUNK = 50_000;
/** Has no factor in common with the number of first half-words. */
const STRIDE = 2657;
const { values } = parseArgs({
  options: {
    cores: { type: 'string', default: 'm0,m3,m4,m33,m7' },
    cases: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '20261120' },
    minutes: { type: 'string', default: '0' },
    decode: { type: 'boolean', default: false },
    oracles: { type: 'string', default: 'llvm,unicorn' },
    sum: { type: 'boolean', default: false },
  },
});
const asked = (oracle: string): boolean => !values.decode || values.oracles.split(',').includes(oracle);
const missing = (asked('unicorn') ? unicornMissing : '') || (values.decode && asked('llvm') ? llvmMissing : '');
if (missing) {
  console.error(missing);
  process.exit(2);
}

type Outcome = Tally | SpaceTally | { cases: number; failures: string[] };
interface Progress {
  chunks: number;
  cases: number;
  compared: number;
  passedOver: number;
  readonly known: Record<string, number>;
  /** The encodings that the ARM ARM leaves open and the two decoders read differently, by rule. */
  open?: Record<string, number>;
  readonly failures: string[];
}
const FOLDER = join(process.cwd(), '.verify');
mkdirSync(FOLDER, { recursive: true });
const seed = Number(values.seed);
const deadline = Number(values.minutes) > 0 ? performance.now() + Number(values.minutes) * 60_000 : Infinity;

class Job {
  readonly name: string;
  readonly chunks: number;
  readonly progress: Progress;
  private readonly file: string;
  private readonly chunk: (index: number) => Outcome;

  constructor(name: string, chunks: number, chunk: (index: number) => Outcome) {
    this.name = name;
    this.chunks = chunks;
    this.chunk = chunk;
    this.file = join(FOLDER, `${name}.json`);
    let progress: Progress = { chunks: 0, cases: 0, compared: 0, passedOver: 0, known: {}, failures: [] };
    try {
      progress = JSON.parse(readFileSync(this.file, 'utf8')) as Progress;
    } catch {
      // nothing done yet
    }
    this.progress = progress;
  }
  get done(): boolean {
    return this.progress.chunks >= this.chunks;
  }
  step(): void {
    const { progress } = this;
    const result = this.chunk(progress.chunks);
    const failures = 'failed' in result ? failuresOf(result) : result.failures;
    progress.failures.push(...failures.map((f) => `chunk ${progress.chunks}: ${f}`));
    if ('failed' in result) {
      progress.cases += result.cases;
      progress.compared += result.cases;
      progress.open ??= {};
      for (const [why, n] of result.open) {
        progress.passedOver += n;
        progress.compared -= n;
        progress.open[why] = (progress.open[why] ?? 0) + n;
      }
      for (const [why, n] of result.known) progress.known[why] = (progress.known[why] ?? 0) + n;
    } else if ('known' in result) {
      progress.cases += CHUNK;
      progress.compared += result.compared;
      progress.passedOver += result.passedOver;
      for (const [why, n] of result.known) progress.known[why] = (progress.known[why] ?? 0) + n;
    } else {
      progress.cases += result.cases;
      progress.compared += result.cases;
    }
    progress.chunks++;
    writeFileSync(this.file, JSON.stringify(progress, null, 1));
  }
  line(): string {
    const p = this.progress;
    return `${this.name}: ${p.cases} cases in ${p.chunks} of ${this.chunks} chunks, ${p.compared} compared, ${p.passedOver} passed over, ${Object.values(p.known).reduce((a, b) => a + b, 0)} known errors of the oracle, ${p.failures.length} disagreements`;
  }
}

function jobsOf(profile: Profile): Job[] {
  const { name } = profile;
  if (values.decode) {
    const PARTS = 2;
    const FIRSTS = 16;
    let space: DecodeSpace | null = null;
    const llvm = [
      new Job(`llvm16-${name}`, 1, () => {
        const narrow = new DecodeSpace(profile);
        for (let first = 0; first < WIDE; first++) narrow.narrow(first);
        return narrow.take();
      }),
      new Job(`llvm32-${name}`, WIDE_FIRSTS / FIRSTS, (index) => {
        space ??= new DecodeSpace(profile);
        // each once, in an order that leaves no corner to the end of a run that is cut short
        for (let i = 0; i < FIRSTS; i++) space.allOf(WIDE + (((index * FIRSTS + i) * STRIDE) % WIDE_FIRSTS));
        return space.take();
      }),
    ];
    const unicorn = [
      new Job(`decode16-${name}`, 1, () => {
        const list = Array.from({ length: WIDE }, (_, w): [number, number] => [w, 0xe7fe]);
        return { cases: list.length, failures: disagreements(profile, list) };
      }),
      new Job(`decode32-${name}`, WIDE_PARTS / PARTS, (index) => {
        const list = Array.from({ length: PARTS }, (_, i) => widePart(index * PARTS + i)).flat();
        return { cases: list.length, failures: disagreements(profile, list) };
      }),
    ];
    return [...(asked('llvm') ? llvm : []), ...(asked('unicorn') ? unicorn : [])];
  }
  const chunks = Math.ceil(Number(values.cases) / CHUNK);
  const fp = profile.fpu === 'none' ? 0 : Math.floor(chunks / 2);
  const jobs = [new Job(`int-${name}-${seed}`, chunks - fp, (index) => integerCases(profile, CHUNK, seed + index))];
  if (fp > 0) jobs.push(new Job(`fp-${name}-${seed}`, fp, (index) => fpCases(profile, CHUNK, seed + index)));
  return jobs;
}

const jobs = values.cores.split(',').flatMap((core) => {
  const profile = PROFILES[core as Profile['name']];
  if (!profile) {
    console.error(`--cores: ${core} is not known; it is one of ${Object.keys(PROFILES).join(', ')}`);
    process.exit(2);
  }
  return jobsOf(profile);
});
// a chunk of each in turn, so that a run that is cut short has looked at everything
while (!values.sum && performance.now() < deadline) {
  const open = jobs.filter((j) => !j.done);
  if (open.length === 0) break;
  for (const job of open) if (performance.now() < deadline) job.step();
}
for (const job of jobs) {
  console.log(job.line());
  for (const f of job.progress.failures.slice(0, 10)) console.log(`  ${f}`);
}
process.exitCode = jobs.some((j) => j.progress.failures.length > 0) ? 1 : 0;
