/** `bootbench ask`: what do you see, which ROM on which board shows that, and what to try next. Asks in a terminal, prints JSON elsewhere. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { Inquiry } from '../bench/proof/ask.ts';
import { jobInput, type RunHooks, type RunJob } from '../bench/input/job.ts';
import { SYMPTOMS, type Symptom } from '../bench/documents/result.ts';
import type { Explained, Solution } from '../bench/proof/solver.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { printable } from '../report/text.ts';
import { loadJob, type RunOptions } from './inputs.ts';
import { EXIT, exitAfter, Interrupted, milliseconds, type Io } from './io.ts';
import { prepareEngine } from './prepare-engine.ts';
import { ENDED_BY, interruptible, orCutShort, runHooks, withProgress } from './interruptible.ts';

export interface AskOptions extends RunOptions {
  readonly json?: boolean;
}

const SEEN: Readonly<Record<Symptom, string>> = {
  resets: 'the board resets or the application starts again',
  nothing: 'nothing happens, no USB device',
  hang: 'the board hangs',
  'unknown-device': 'the PC shows an unknown USB device',
  'descriptor-failed': 'the PC says that the device descriptor request failed',
  'wrong-device': 'another USB device appears',
  'works-with-BOOT0': 'with BOOT0 high, DFU works',
  'works-in-debugger': 'in the debugger, DFU works',
  'works-once': 'DFU works once after power-on, then not again',
  'app-comes-back': 'the ROM seems to go back into the application',
  'works-with-other-tool': 'one program lists the DFU device, another one does not',
};

/** Exit 0: something explains it; 1: nothing that was tried does. */
export async function askCommand(images: readonly string[], options: AskOptions, io: Io): Promise<number> {
  const ask = options.json === true ? undefined : io.ask;
  const job = await loadJob(images, options, io.cwd);
  if (ask === undefined && job.symptoms.length === 0)
    throw new UsageError('what do you see? --symptom is missing', `it is one of ${SYMPTOMS.join(', ')}; in a terminal, bootbench asks you`);
  await prepareEngine(job);
  const started = milliseconds();
  // at a question nothing is half done: a signal ends the program there
  if (ask !== undefined)
    return withProgress(io, true, (progress) => {
      const hooks = { interrupted: () => io.interruptedBy?.() ?? null, started, ...progress };
      return orCutShort(() => inquire(job, runHooks(hooks), (i) => talk(i, job.symptoms, ask, io)), 'the search', hooks);
    });
  return interruptible(io, true, async (hooks) => {
    const solution = await orCutShort(
      () => inquire(job, runHooks(hooks), async (inquiry) => inquiry.solve(job.symptoms)),
      'the search',
      hooks,
    );
    io.stdout.raw(jsonDocument(document(job.chip, solution)));
    const signal = hooks.interrupted();
    if (signal !== null) return exitAfter(signal);
    return solution.explanations.length > 0 ? EXIT.ok : EXIT.failed;
  });
}

async function inquire<T>(job: RunJob, hooks: RunHooks, use: (inquiry: Inquiry) => Promise<T>): Promise<T> {
  const inquiry = new Inquiry(jobInput(job, hooks));
  try {
    return await use(inquiry);
  } finally {
    inquiry.release();
  }
}

const NEVER_JUMPED =
  'the firmware never jumps into the ROM in this run, so neither the ROM nor the board explains anything; `bootbench run` says what can make it jump';
const told = ({ rom, board, outcome, text }: Explained): object => ({ rom, board, outcome, text });
function document(chip: string, s: Solution): object {
  return {
    schema: 'bootbench/ask@1',
    chip,
    asked: s.asked,
    matches: s.matches,
    explanations: s.explanations.map(told),
    experiment: s.experiment,
    excluded: s.excluded.map(told),
    idle: s.idle,
    bounded: s.bounded,
    ended: s.ended,
    ...(s.neverJumped ? { next: NEVER_JUMPED } : {}),
  };
}

async function seenSymptoms(ask: NonNullable<Io['ask']>): Promise<readonly Symptom[]> {
  const options = SYMPTOMS.map((value) => ({ value, label: SEEN[value], hint: value }));
  const chosen = await ask({ message: 'What do you see?', options, several: true });
  return SYMPTOMS.filter((symptom) => chosen.includes(symptom));
}

/** What a search gave, unless a signal ended it. */
function unlessStopped<T>(found: T, io: Io): T {
  const signal = io.interruptedBy?.() ?? null;
  if (signal !== null) throw new Interrupted(signal, 'the search was not finished');
  return found;
}

async function talk(inquiry: Inquiry, given: readonly Symptom[], ask: NonNullable<Io['ask']>, io: Io): Promise<number> {
  const symptoms = given.length > 0 ? given : await seenSymptoms(ask);
  const say = (text: string): void => void io.stdout.write(`${printable(text)}\n`);
  const solution = unlessStopped(inquiry.solve(symptoms), io);
  if (solution.ended !== null) say(`\nThe search was not finished: it was ended by ${ENDED_BY[solution.ended]}.`);
  let left: readonly Explained[] = solution.explanations;
  let { experiment } = solution;
  const done: string[] = [];
  for (;;) {
    say(left.length === 0 ? '\nNothing that was tried causes all of that.' : '\nThis would cause it, the likeliest first:');
    for (const e of left) say(`  - ${e.text} (${e.outcome})`);
    if (solution.neverJumped) say(`\n${NEVER_JUMPED}`);
    if (!experiment || left.length < 2) break;
    const { text, results } = experiment;
    const options = [...Object.keys(results).map((value) => ({ value, label: value })), { value: '', label: 'I cannot try that' }];
    const [seen = ''] = await ask({ message: `To tell them apart: ${text}. What do you see then?`, options });
    done.push(text);
    if (seen !== '') left = left.filter((_, i) => results[seen]!.includes(i));
    experiment = unlessStopped(inquiry.next(left, done), io);
  }
  return left.length > 0 ? EXIT.ok : EXIT.failed;
}
