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
import { answerTo } from './question.ts';
import { interruptible, orCutShort, runHooks, withProgress } from './interruptible.ts';

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
  const talks = options.json !== true && io.stdout.isTTY && process.stdin.isTTY;
  const job = await loadJob(images, options, io.cwd);
  if (!talks && job.symptoms.length === 0)
    throw new UsageError('what do you see? --symptom is missing', `it is one of ${SYMPTOMS.join(', ')}; in a terminal, bootbench asks you`);
  await prepareEngine(job);
  const started = milliseconds();
  // in a talk the question is what listens; while a machine runs, Ctrl-C ends the program
  if (talks)
    return withProgress(io, true, (progress) =>
      inquire(job, runHooks({ interrupted: () => null, started, ...progress }), (i) => talk(i, job.symptoms, io)),
    );
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

const unanswered = (): Interrupted => new Interrupted('SIGINT', 'the question was left without an answer');

async function talk(inquiry: Inquiry, given: readonly Symptom[], io: Io): Promise<number> {
  const { multiselect, select } = await import('@clack/prompts');
  let symptoms = given;
  if (symptoms.length === 0) {
    const options = SYMPTOMS.map((value) => ({ value, label: SEEN[value], hint: value }));
    const chosen = await answerTo(multiselect<Symptom>({ message: 'What do you see?', options, required: true }));
    if (chosen === null) throw unanswered();
    symptoms = chosen;
  }
  const say = (text: string): void => void io.stdout.write(`${printable(text)}\n`);
  const solution = inquiry.solve(symptoms);
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
    const seen = await answerTo(select<string>({ message: `To tell them apart: ${text}. What do you see then?`, options }));
    if (seen === null) throw unanswered();
    done.push(text);
    if (seen !== '') left = left.filter((_, i) => results[seen]!.includes(i));
    experiment = inquiry.next(left, done);
  }
  return left.length > 0 ? EXIT.ok : EXIT.failed;
}
