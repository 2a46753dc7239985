/**
 * Long comparison of the cores with Unicorn, in chunks that a later call goes on with:
 *   npm run verify:cores -- [--cores m0,m4,m33,m7] [--cases 10000000] [--seed 20261120] [--decode] [--minutes 30] [--sum]
 * `--cases` counts per core; half of a core's cases with FPU are floating point. `--decode` walks the encodings that exist instead.
 * What is done stands in .verify/; a chunk that failed is run again by its seed. Exit 0: everything that ran agrees.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROFILES, type Profile } from '../src/emu/core/builder.ts';
import { disagreements, WIDE, WIDE_PARTS, widePart } from '../test/emu/core/decode-cases.ts';
import { fpCases } from '../test/emu/core/fp-cases.ts';
import { integerCases, type Tally } from '../test/emu/core/integer-cases.ts';
import { unicornMissing } from '../test/emu/core/unicorn.ts';

const CHUNK = 50_000;
const { values } = parseArgs({
  options: {
    cores: { type: 'string', default: 'm0,m4,m33,m7' },
    cases: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '20261120' },
    minutes: { type: 'string', default: '0' },
    decode: { type: 'boolean', default: false },
    sum: { type: 'boolean', default: false },
  },
});
if (unicornMissing) {
  console.error(unicornMissing);
  process.exit(2);
}

interface Progress {
  chunks: number;
  cases: number;
  compared: number;
  passedOver: number;
  readonly known: Record<string, number>;
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
  private readonly chunk: (index: number) => Tally | { cases: number; failures: string[] };

  constructor(name: string, chunks: number, chunk: (index: number) => Tally | { cases: number; failures: string[] }) {
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
    progress.failures.push(...result.failures.map((f) => `chunk ${progress.chunks}: ${f}`));
    if ('known' in result) {
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
    return [
      new Job(`decode16-${name}`, 1, () => {
        const list = Array.from({ length: WIDE }, (_, w): [number, number] => [w, 0xe7fe]);
        return { cases: list.length, failures: disagreements(profile, list) };
      }),
      new Job(`decode32-${name}`, WIDE_PARTS / PARTS, (index) => {
        const list = Array.from({ length: PARTS }, (_, i) => widePart(index * PARTS + i)).flat();
        return { cases: list.length, failures: disagreements(profile, list) };
      }),
    ];
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
