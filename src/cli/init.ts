/** `bootbench init`: looks for what makes a firmware go for the ROM, and writes the scenario that does it. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { runBench } from '../bench/run.ts';
import { asHeard, asTyped, assumedJob, failingWay, isInput, lostInputs, puller } from '../bench/first-run.ts';
import {
  aloneScenario,
  downloads,
  heldBriefly,
  mayDownload,
  pulled,
  scenarioFor,
  sorted,
  tryTriggers,
  type Trigger,
  type Triggers,
} from '../bench/proof/init.ts';
import { Budget, CutShort, isCut } from '../bench/session/budget.ts';
import { jobInput, type RunHooks, type RunJob } from '../bench/input/job.ts';
import { exampleOf, outcomeText, reaches } from '../bench/documents/tried.ts';
import { AFTER_STEPS, type After, type AfterStep } from '../bench/documents/result.ts';
import type { Scenario, Step } from '../bench/documents/scenario-types.ts';
import { surroundings } from '../bench/documents/system-errors.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { shortNumber } from '../chips/parts.ts';
import { splitImagePath } from '../image/image.ts';
import { printable } from '../report/text.ts';
import { chipNamed, loadJob, type RunOptions } from './inputs.ts';
import { EXIT, type Io } from './io.ts';
import { mustHaveWritten, sameFile } from './command-files.ts';
import { mustBeNoFirmware, mustBeNoInput, type OutputFile, Outputs } from './outputs.ts';
import { prepareEngine } from './prepare-engine.ts';
import { interruptible, orCutShort, runHooks } from './interruptible.ts';
import { shownPathsIn } from '../report/shown-paths.ts';
import { sourcesFor } from './run.ts';
import { notIgnored, wayTo } from './sources.ts';

export interface InitOptions extends RunOptions {
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly quiet?: boolean;
}

/** Exit 0: a scenario was written; 1: nothing was found that enters the ROM, and none was written. */
export async function initCommand(images: readonly string[], options: InitOptions, io: Io): Promise<number> {
  const out = options.out ?? 'scenario.json';
  const path = resolve(io.cwd, out);
  mustBeFree(out, options, io);
  mayHaveFolder(dirname(path));
  const given = await loadJob(images, options, io.cwd);
  mustBeNoInput(outputOf(out, options, io), [], io.cwd);
  mustBeNoFirmware({ option: '--out', path: out }, io.cwd);
  const { goal, alone, crashes, triggers, brief, ways, job, assumed } = await search(given, options, io);
  const shown = shownPathsIn(sourcesFor(job, images, options, io));
  const say = (text: string): void => void (options.quiet === true || io.stdout.write(`${printable(shown(text))}\n`));
  for (const text of [...openChip(given), ...assumed, ...brief]) say(text);
  const [best] = triggers;
  if (best === undefined && !crashes) {
    say('nothing was found that makes this firmware enter the ROM; `bootbench run --find-jump` lists what was tried');
    return EXIT.failed;
  }
  for (const text of listed(triggers)) say(text);
  const names = job.images.map(({ path: typed }) => imageFrom(dirname(path), io.cwd, typed));
  const chip = shortNumber(chipNamed(job.chip));
  const files = [
    ...[...ways].map(([way, after], i, all) => ({
      name:
        i === 0
          ? out
          : wayName(
              out,
              way,
              all.slice(0, i).map(([before]) => before),
            ),
      scenario: scenarioFor(job.scenario, chip, names, way, goal, heldBehind(after)),
    })),
    // a trigger comes before the crash, so the scenario that pulls it would hold all the same
    ...(crashes ? [{ name: best === undefined ? out : aloneName(out), scenario: aloneScenario(job.scenario, chip, names) }] : []),
  ];
  if (crashes)
    io.stderr.write(
      `bootbench: without any input, this firmware ends with ${alone}; fix that first: bootbench run ${job.images.map((i) => printable(i.path)).join(' ')}\n`,
    );
  for (const { name } of files) mustBeFree(name, options, io);
  makeFolder(dirname(path));
  for (const { name, scenario } of files) writeScenario(outputOf(name, options, io), scenario, io);
  for (const text of leftOut([...ways.values()][0])) say(text);
  const untried = [...ways.keys()].map((way) => !reaches(way) && mayDownload(job.scenario, way, goal));
  const without = files.flatMap(({ name }, i) => (untried[i] === true ? [name] : []));
  if (without.length > 0) say(notTried(without));
  say(
    told(
      files.map(({ name }) => name),
      best !== undefined,
      crashes,
    ),
  );
  const loose = notIgnored(WRITTEN_IN_CI, io);
  if (loose.length > 0)
    say(`for .gitignore: ${loose.join(', ')}, which npm and a CI job write; commit ${files.map(({ name }) => name).join(', ')}`);
  return EXIT.ok;
}
/** By the jobs of docs/ci.md. */
const WRITTEN_IN_CI = ['node_modules/', '.bootbench/', 'bootbench.sarif'];

/** The file will name this chip as if somebody had said so. */
const openChip = ({ chipFrom, chipOpen }: RunJob): string[] =>
  chipOpen === true && chipFrom !== undefined ? [`${chipFrom}: if it is another chip, say --chip, for the scenario names this one`] : [];

/** The triggers as a person reads them, and that the one of the scenario is none of a board. */
function listed(triggers: readonly Trigger[]): string[] {
  const [best] = triggers;
  const rows = triggers.map((t) => `${t.name ?? 'by itself'}: ${outcomeText(t)}${t.step === null ? '' : `  ${stepsOf(t.step, t.held)}`}`);
  return best !== undefined && best.step !== null && 'call' in best.step.do ? [...rows, `${CALLED} ${exampleOf(best).step}`] : rows;
}
const stepsOf = (step: Step, held?: string): string =>
  pulled(step, held)
    .map((one) => JSON.stringify(one))
    .join(', ');
const CALLED =
  'no input was found that does it: the scenario calls the function itself, which no board does, so it says nothing of the way there; put the button or the text that does it in place of the call, for example';

interface Found extends Omit<Triggers, 'tried'> {
  /** What makes the firmware jump, the best first. */
  readonly triggers: readonly Trigger[];
  /** Those that a scenario is written for, the best first, with what a client comes to there. */
  readonly ways: ReadonlyMap<Trigger, After | null>;
  /** Of what was not followed to its end. */
  readonly brief: readonly string[];
  /** The job with the board that the firmware shows to have. */
  readonly job: RunJob;
  readonly assumed: readonly string[];
}

async function search(given: RunJob, options: InitOptions, io: Io): Promise<Found> {
  await prepareEngine(given);
  return interruptible(io, options.quiet !== true, (progress) => {
    const hooks = runHooks(progress);
    return orCutShort(
      () => {
        const { job, told: assumed } = assumedJob(given, hooks);
        const { tried: all, ...rest } = tryTriggers(jobInput(job, hooks));
        const pull = puller(job, hooks);
        const tried = asTyped(all, pull);
        const first = failingWay(tried, hooks, pull);
        const rests = tried.filter((t) => t !== first);
        const others = lostInputs(rests, hooks, pull).map(({ trigger }) => trigger);
        const isWritten = (t: Trigger, i: number): boolean => i === 0 || isInput(t);
        const found = [...(first === undefined ? [] : [first]), ...sorted(rests), ...others];
        const triggers = found.map((t, i) => (isWritten(t, i) ? asHeard(pull, t) : t));
        const written = triggers.filter(isWritten);
        const client = clientOf(job, hooks);
        const ways = new Map(written.map((t) => [t, downloads(job.scenario, t, rest.goal) ? client(t) : null]));
        return { ...rest, job, assumed, triggers, brief: heldBriefly(tried), ways };
      },
      'the search',
      progress,
    );
  });
}

/** What a client comes to at the device that a trigger leads to; null where the run does not come that far. */
function clientOf(job: RunJob, hooks: RunHooks): (way: Trigger) => After | null {
  const asked: RunJob = { ...job, after: true, effort: 'quick', findJump: false };
  const pull = puller(asked, hooks);
  return (way) => {
    const input = jobInput(asked, hooks);
    const result = way.step === null ? runBench(input) : pull(way);
    // what was ended on its way says nothing of what holds
    const ended = new Budget(input).reached() ?? result?.ended.reason ?? 'settled';
    if (isCut(ended)) throw new CutShort(ended);
    return result?.after ?? null;
  };
}
/** Behind the download, what holds today: it is expected from now on. */
const BEHIND: readonly AfterStep[] = AFTER_STEPS.slice(AFTER_STEPS.indexOf('leave'));
const heldBehind = (after: After | null): AfterStep[] => BEHIND.filter((step) => after?.[step].result === 'ok');
/** What does not hold behind a download that does. */
const leftOut = (after: After | null = null): string[] =>
  BEHIND.filter((step) => after?.[step].result === 'failed').map(
    (step) =>
      `expect.after.${step} is left out, because it does not hold today: ${after![step].because}. Mend that, and add "${step}": "ok"`,
  );
/** What a scenario would expect of a client, had its trigger led to a device. */
const notTried = (names: readonly string[]): string =>
  `expect.after is left out of ${names.join(', ')}: no host can be tried as long as no DFU device appears. bootbench run --scenario ${names[0]!} says why; once that is mended, init with --overwrite adds it`;

const stemOf = (out: string): string => out.replace(/\.json$/, '');
const aloneName = (out: string): string => `${stemOf(out)}.alone.json`;
/** `scenario.PC13.json`, `scenario.USART2.json`; of several at one port with a number. */
function wayName(out: string, way: Trigger, before: readonly Trigger[]): string {
  const name = inputOf(way);
  const same = before.filter((t) => inputOf(t) === name).length;
  return `${stemOf(out)}.${name}${same === 0 ? '' : `-${same + 1}`}.json`;
}
function inputOf({ step }: Trigger): string {
  if (step !== null && 'pin' in step.do) return step.do.pin.name;
  return step !== null && 'uart' in step.do ? step.do.uart.port : 'usb';
}

function told(names: readonly string[], found: boolean, crashes: boolean): string {
  const [out = ''] = names;
  const alone = 'nothing is pressed and the firmware must keep running';
  if (names.length === 1 && !crashes)
    return `wrote ${out}; run it with: bootbench run --scenario ${out}; a CI job checks it with: bootbench test ${out}`;
  if (!found)
    return `wrote ${out}, in which ${alone}; run it with: bootbench test ${out}; when it holds, init --overwrite looks for the way into the ROM`;
  const last = names.at(-1)!;
  const both = names.length === 2 ? 'both' : 'all';
  return `wrote ${names.join(', ')}${crashes ? `; in ${last} ${alone}` : ', one for each way in'}; run ${both} with: bootbench test ${names.join(' ')}`;
}

function mustBeFree(name: string, { overwrite }: InitOptions, io: Io): void {
  if (existsSync(resolve(io.cwd, name)) && overwrite !== true)
    throw new UsageError(`${name} exists`, 'give another name with --out, or --overwrite');
}

/** The scenario that it begins from may be replaced, firmware never. */
const outputOf = (path: string, { scenario }: InitOptions, { cwd }: Io): OutputFile => ({
  option: '--out',
  path,
  updates: scenario !== undefined && sameFile(resolve(cwd, scenario), resolve(cwd, path)),
});
function writeScenario(file: OutputFile, scenario: Scenario, io: Io): void {
  new Outputs([file], io.cwd).write('--out', jsonDocument(scenario));
  mustHaveWritten();
}

/** The folder of the scenarios need not be there yet; what it is to lie in is no file. */
function mayHaveFolder(folder: string): void {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  if (!statSync(there, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`--out: ${there} is no folder`);
}
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw surroundings(error, `--out: cannot make the folder ${folder}`) ?? error;
  }
}

/** An image's path as the scenario's folder sees it; the address of a raw binary stays. */
function imageFrom(folder: string, cwd: string, typed: string): string {
  const { file } = splitImagePath(typed);
  return wayTo(resolve(cwd, file), folder) + typed.slice(file.length);
}
