/** `bootbench init`: looks for what makes a firmware go for the ROM, and writes the scenario that does it. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { lostRequest } from '../bench/first-run.ts';
import { scenarioFor, sorted, tryTriggers } from '../bench/init.ts';
import { jobInput } from '../bench/job.ts';
import { UsageError } from '../bench/usage-error.ts';
import { splitImagePath } from '../emu/image/image.ts';
import { printable } from '../report/text.ts';
import { loadJob, type RunOptions } from './inputs.ts';
import { EXIT, milliseconds, type Io } from './io.ts';
import { reason } from './outputs.ts';
import { prepareEngine } from './prepare-engine.ts';
import { interruptible } from './interruptible.ts';

export interface InitOptions extends RunOptions {
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly quiet?: boolean;
}

/** Exit 0: a scenario was written; 1: nothing was found that enters the ROM, and none was written. */
export async function initCommand(images: readonly string[], options: InitOptions, io: Io): Promise<number> {
  const out = options.out ?? 'scenario.json';
  const path = resolve(io.cwd, out);
  if (existsSync(path) && options.overwrite !== true) throw new UsageError(`${out} exists`, 'give another name with --out, or --overwrite');
  if (!existsSync(dirname(path))) throw new UsageError(`--out: there is no folder ${dirname(path)}`);
  const job = await loadJob(images, options, io.cwd);
  await prepareEngine(job);
  const { alone, triggers } = await interruptible(io, options.quiet !== true, async ({ stop, progress }) => {
    const hooks = { signal: () => stop.aborted, clock: milliseconds, ...(progress === undefined ? {} : { progress }) };
    const { alone, tried } = tryTriggers(jobInput(job, hooks));
    const lost = lostRequest(job, tried, hooks);
    return { alone, triggers: [...(lost === null ? [] : [lost]), ...sorted(tried)] };
  });
  const say = (text: string): void => void (options.quiet === true || io.stdout.write(`${printable(text)}\n`));
  const best = triggers[0];
  if (best === undefined) {
    say('nothing was found that makes this firmware enter the ROM; `bootbench run --find-jump` tells what was tried');
    return EXIT.failed;
  }
  for (const { name, outcome, step } of triggers)
    say(`${name ?? 'by itself'}: ${outcome}${step === null ? '' : `  ${JSON.stringify(step)}`}`);
  if (best.kind !== 'self' && alone !== 'no-jump' && alone !== 'stuck')
    io.stderr.write(
      `bootbench: left alone, this firmware ends as ${alone}; the scenario comes before that, so mend it first: bootbench run ${job.images.map((i) => printable(i.path)).join(' ')}\n`,
    );
  const names = job.images.map(({ path: typed }) => imageFrom(dirname(path), io.cwd, typed));
  try {
    writeFileSync(path, `${JSON.stringify(scenarioFor(job.scenario, job.chip, names, best), null, 2)}\n`);
  } catch (error) {
    throw new UsageError(`cannot write ${out}: ${reason(error)}`);
  }
  say(`wrote ${out}; run it with: bootbench run --scenario ${out}`);
  return EXIT.ok;
}

/** An image's path as the scenario's folder sees it; the address of a raw binary stays. */
function imageFrom(folder: string, cwd: string, typed: string): string {
  const { file } = splitImagePath(typed);
  return relative(folder, resolve(cwd, file)).split(sep).join('/') + typed.slice(file.length);
}
