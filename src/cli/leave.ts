/** `bootbench leave`: the same program from reset and after a leave (by DFU, or by Go of the ROM's commands), side by side. */
import { triggeredJob } from '../bench/first-run.ts';
import { plannedGoal } from '../bench/input/goal.ts';
import { jobInput, bootAddress, type RunHooks, type RunJob } from '../bench/input/job.ts';
import { runLeave, type LeaveRun } from '../bench/proof/leave-run.ts';
import { leaveScenario, type LeaveEntry } from '../bench/documents/leave-scenario.ts';
import { insteadOf } from '../bench/proof/leave.ts';
import type { Parting } from '../bench/proof/leave-track.ts';
import { formatSeconds } from '../emu/time.ts';
import { codePlace } from '../image/image.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { RunInput } from '../bench/input/run-input.ts';
import { printable, wrap } from '../report/text.ts';
import { chipNamed, loadJob, type RunOptions } from './inputs.ts';
import { interruptible, orCutShort, runHooks } from './interruptible.ts';
import { shownPathsIn } from '../report/shown-paths.ts';
import { sourcesFor } from './run.ts';
import { EXIT, milliseconds, paintFor, type Io } from './io.ts';

export interface LeaveCommandOptions extends RunOptions {
  readonly color?: boolean;
}

const TITLES: Readonly<Record<LeaveEntry | 'own', string>> = {
  scenario: "After the scenario's entry",
  own: "After the firmware's own jump",
  jump: 'After a jump that bootbench itself made from reset',
  boot0: 'After a boot by BOOT0',
};

export async function leaveCommand(images: readonly string[], options: LeaveCommandOptions, io: Io): Promise<number> {
  if (images.length === 0 && options.scenario === undefined)
    throw new UsageError(
      'no image is given',
      'give the application that the ROM starts, for example firmware.elf or firmware.bin@0x08000000',
    );
  const job = await loadJob(images, options, io.cwd);
  const chip = chipNamed(job.chip);
  const table = bootAddress(chip, { ...job.scenario, board: { ...job.scenario.board, boot0: 0 } }) ?? 0;
  const ways = waysOf(job);
  const runs: LeaveRun[] = [];
  const paint = paintFor(io, io.stdout, options.color !== false);
  const width = Math.max(60, Math.min(io.stdout.columns, 120));
  const shown = shownPathsIn(sourcesFor(job, images, options, io));
  const started = milliseconds();
  for (const entry of ways) {
    // what the firmware makes itself says more than a jump in its place
    if (entry === 'jump' && runs.length > 0) continue;
    const { input, run, by } = await interruptible(io, true, (hooks) =>
      orCutShort(
        () => {
          // both share the time of --wall
          const its = runHooks({ ...hooks, started });
          return runWay(job, entry, table, its);
        },
        'the comparison',
        hooks,
      ),
    );
    if (entry === 'own' && isNoWay(run, by)) continue;
    runs.push(run);
    io.stdout.write(
      `${paint(run.works ? 'green' : 'red', `${run.works ? 'OK  ' : 'FAIL'} ${TITLES[entry]}`)}: ${shown(headline(run, input))}\n`,
    );
    if (by !== null) io.stdout.write(`${wrap(printable(by), width, '             ', `  ${'Way in'.padEnd(9)} `).join('\n')}\n`);
    for (const [label, text] of rowsOf(run, input))
      io.stdout.write(`${wrap(printable(shown(text)), width, '             ', `  ${label.padEnd(9)} `).join('\n')}\n`);
  }
  return runs.every((run) => run.works) ? EXIT.ok : EXIT.failed;
}

function runWay(
  job: RunJob,
  entry: LeaveEntry | 'own',
  table: number,
  hooks: RunHooks,
): { readonly input: RunInput; readonly run: LeaveRun; readonly by: string | null } {
  const { job: from, told: by } = entry === 'own' ? triggeredJob(job, hooks) : { job, told: null };
  const kind = entry === 'own' ? 'scenario' : entry;
  const byDfu = plannedGoal(chipNamed(from.chip), from.scenario.goal, 'goal').asking === null;
  const input = jobInput({ ...from, scenario: leaveScenario(from.scenario, byDfu ? table : null, kind) }, hooks);
  return { input, run: runLeave(input, kind), by };
}
/** `own`: as `run` would go on. */
const waysOf = ({ trigger, scenario: { steps = [] } }: RunJob): readonly (LeaveEntry | 'own')[] =>
  steps.length > 0 ? ['scenario', 'boot0'] : [...(trigger === true ? (['own'] as const) : []), 'jump', 'boot0'];
/** Nothing was found to press, and no DFU device comes by itself. */
const isNoWay = ({ twin }: LeaveRun, by: string | null): boolean => by === null && twin === null;

function headline(run: LeaveRun, input: RunInput): string {
  if (run.twin === null) return noLeave(run, input.goal.asking?.port ?? null);
  if (run.works) return 'after the leave, the program behaves as after a reset';
  if (run.kept) {
    const { what, by } = run.kept;
    return `the application enters the ROM again, because of what ${what} still holds${by === null ? '' : `: ${placeIn(input, by.pc)}`}`;
  }
  const own = (run.twin.facts.own ?? []).flatMap(({ names }) => names);
  if (own.length > 0) return `the program depends on what the firmware itself had left on: ${own.join(', ')}`;
  const causes = run.checks.filter((c) => c.id !== 'leave-path' && c.judgement.verdict === 'fail').map((c) => c.id);
  return causes.length > 0
    ? `the program depends on state that the ROM has changed: ${causes.join(', ')}`
    : 'the program does not start properly';
}

/** @param port of a goal that is not USB */
function noLeave({ reached, refused, outcome }: LeaveRun, port: string | null): string {
  if (!reached)
    return `${port === null ? 'no DFU device appeared' : `the ROM does not answer on ${port}`} (${outcome}): see \`bootbench run\``;
  return `the ROM did not start the application${refused === null ? '' : `: ${refused}`}`;
}

function* rowsOf(run: LeaveRun, input: RunInput): Generator<readonly [string, string]> {
  const { twin } = run;
  if (twin === null) return;
  const compared = twin.enters ? 'power-on' : 'a reset';
  for (const text of twin.facts.missing) yield ['Missing', `after ${compared}, ${text}; after the leave, ${lacks(text)}`];
  if (twin.parting) yield ['Differs', partingText(twin.parting, input, compared)];
  for (const { id, judgement } of run.checks) {
    if (judgement.verdict !== 'fail') continue;
    const by = id === 'leave-path' ? (run.kept?.by ?? null) : null;
    const at = by === null ? '' : `, at ${placeIn(input, by.pc)}`;
    yield [id, `${judgement.because}${at}; found ${judgement.observed} [${judgement.source}, ${judgement.confidence}]`];
  }
  for (const left of twin.facts.left)
    yield [
      left.relied ? 'Relied on' : 'Changed',
      `${left.kind}: ${left.observed}; after ${left.kind === 'supply' ? 'power-on' : compared} ${left.expected}`,
    ];
}

const lacks = (text: string): string => insteadOf(text) ?? (text.endsWith(' is handled') ? 'it is not' : 'it does not');
function placeIn(input: RunInput, pc: number): string {
  const { symbol, file, line } = codePlace(input.images, pc);
  const name = file === null ? symbol : `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
  return `0x${(pc >>> 0).toString(16).padStart(8, '0')}${name === null ? '' : ` (${name})`}`;
}
function partingText(p: Parting, input: RunInput, reset: string): string {
  const place = (pc: number): string => placeIn(input, pc);
  const at = `${formatSeconds(p.at)} s after its start`;
  if (p.kind === 'exception') {
    const name = p.exception === 15 ? 'SysTick' : `exception ${p.exception}`;
    return `${at}, ${name} at ${place(p.pc)} goes to ${place(p.address ?? 0)}; after ${reset} ${p.reset ? `it goes to ${place(p.reset.address)}` : 'it is not taken'}`;
  }
  const there = p.reset ? `after ${reset}, ${place(p.reset.pc)} comes next` : `after ${reset}, nothing follows`;
  if (p.kind === 'end') return `${at}, the last store to a peripheral is at ${place(p.pc)}; ${there}`;
  return `${at}, ${place(p.pc)} writes to 0x${((p.address ?? 0) >>> 0).toString(16).padStart(8, '0')}; ${there}`;
}
