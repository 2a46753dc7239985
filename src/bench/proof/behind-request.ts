/** A request is lost, and what it asks for fails as well: with its words kept the program comes to its jump, and the next mistake shows as if it were the only one. */
import type { CheckId, RunResult } from '../documents/result.ts';
import { SHORT_OF_JUMP, type Note } from '../documents/note-facts.ts';
import type { RunInput } from '../input/run-input.ts';
import { KeptWords } from '../slice/kept-words.ts';
import type { BehindRequest, Diagnosis } from './diagnosis.ts';
import { pathInterceptor } from './repairs.ts';

export interface BehindKept extends Pick<RunResult<string>, 'diagnosis' | 'checks'> {
  readonly request: CheckId;
}

type Run = (asked: RunInput) => RunResult<string>;
/** The run again with something mended from its start on: what that hid shows. */
export function againMended(input: RunInput, mended: NonNullable<RunInput['mended']>, run: Run): RunResult<string> {
  const { trace: _trace, triggers: _triggers, stats: _stats, ...rest } = input;
  return run({ ...rest, mended, findJump: false, noReturn: false, symptoms: [], onlyExpected: false });
}

/** What keeps the program from its jump with the words kept, in words, and what is proved in that run; null where nothing is. */
export function behindKept(
  input: RunInput,
  { behind }: Pick<Diagnosis, 'behind'>,
  run: Run,
): { readonly told: readonly Note[]; readonly kept: BehindKept | null } {
  if (behind === undefined) return { told: [], kept: null };
  const text: Note = { kind: SHORT_OF_JUMP, text: behind.text };
  if (input.mended !== undefined) return { told: [text], kept: null };
  input.progress?.('looking for what fails behind the request');
  const { diagnosis, checks, notes } = againMended(input, keeping(behind, input), run);
  if (diagnosis.sets.length === 0) return { told: [text], kept: null };
  const crash = notes
    .filter(({ kind }) => kind === 'crash')
    .map((n, i) => (i === 0 ? { ...n, text: `with the request kept, ${n.text}` } : n));
  return { told: [text, ...crash], kept: { diagnosis, checks, request: behind.request.id as CheckId } };
}
/** What has been read and overwritten belongs to the state of the machine, since the run is repeated from its middle. */
const keeping =
  ({ request }: BehindRequest, { chip }: RunInput): NonNullable<RunInput['mended']> =>
  (machine) => {
    const words = new KeptWords();
    machine.attach(words);
    return pathInterceptor(machine, [request], chip.rom?.vectorTable.value ?? 0, words) ?? { pages: new Set() };
  };
