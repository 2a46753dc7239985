/** Samples from processes, taken in turn, and what is made of them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Task } from './child.ts';
import type { Sample } from './sample.ts';

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length === 0 ? NaN : sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** User and system time of the process and its children; null where no bash is there to ask. */
  readonly cpu: number | null;
}

const CPU_MARK = '@cpu ';

/** Runs a program to its end with bash's `time`, whose millisecond comes from the kernel's own account. */
export function run(program: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; timeout?: number } = {}): Promise<Ran> {
  const script = `TIMEFORMAT='${CPU_MARK}%R %U %S'; time "$@"`;
  return new Promise((done) => {
    execFile(
      'bash',
      ['-c', script, 'bench', program, ...args],
      { env: options.env ?? process.env, timeout: options.timeout ?? 300_000, maxBuffer: 1 << 26, encoding: 'utf8' },
      (error, stdout, stderr) => {
        const [real, user, system] = (/@cpu ([\d.]+) ([\d.]+) ([\d.]+)/.exec(stderr) ?? []).slice(1).map(Number);
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        done({ code, stdout, stderr, seconds: real ?? NaN, cpu: user === undefined ? null : user + system! });
      },
    );
  });
}

/** A sample of bootbench, or of a peer that runs inside Node. */
export async function childSample(task: Task): Promise<Sample> {
  const ran = await run(process.execPath, ['--enable-source-maps', fileURLToPath(import.meta.url), '--sample', JSON.stringify(task)]);
  if (ran.code !== 0)
    throw new Error(
      ran.stderr
        .split('\n')
        .filter((line) => line && !line.startsWith(CPU_MARK))
        .slice(-6)
        .join('\n'),
    );
  return JSON.parse(ran.stdout) as Sample;
}

/** One of the things that a row compares. */
export interface Contender {
  readonly name: string;
  readonly sample: () => Promise<Sample>;
}

export interface Series {
  readonly name: string;
  readonly samples: readonly Sample[];
  /** Why there are no samples. */
  readonly missing: string | null;
}

/** Takes `rounds` samples of each, in turn, the order turned round each time: what the neighbours do to the machine then hits all alike. */
export async function inTurn(contenders: readonly Contender[], rounds: number, progress: (text: string) => void): Promise<Series[]> {
  const samples = contenders.map((): Sample[] => []);
  const missing = contenders.map((): string | null => null);
  for (let round = 0; round < rounds; round++) {
    const order = contenders.map((_, i) => i);
    if (round % 2 === 1) order.reverse();
    for (const i of order) {
      if (missing[i] !== null) continue;
      progress(`${contenders[i]!.name} ${round + 1}/${rounds}`);
      try {
        samples[i]!.push(await contenders[i]!.sample());
      } catch (error) {
        missing[i] = error instanceof Error ? error.message : String(error);
      }
    }
  }
  return contenders.map((c, i) => ({ name: c.name, samples: missing[i] === null ? samples[i]! : [], missing: missing[i]! }));
}

/** Something per second of a series, by wall clock or by CPU time. */
export type Rate = (s: Sample) => number;
export const mips: Rate = (s) => s.instructions / s.seconds / 1e6;
export const cpuMips: Rate = (s) => s.instructions / (s.cpu ?? NaN) / 1e6;

export const medianOf = (series: Series, rate: Rate): number => median(series.samples.map(rate));
/** The median of the ratios of samples that were taken side by side. */
export const ratio = (a: Series, b: Series, rate: Rate): number =>
  median(a.samples.slice(0, b.samples.length).map((s, i) => rate(s) / rate(b.samples[i]!)));
/** Half the distance of the quartiles over the median: how much the samples agree. */
export function spread(series: Series, rate: Rate): number {
  const sorted = series.samples.map(rate).sort((a, b) => a - b);
  const at = (q: number): number => sorted[Math.round(q * (sorted.length - 1))] ?? NaN;
  return (at(0.75) - at(0.25)) / 2 / at(0.5);
}
