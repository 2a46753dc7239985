/** A request is lost, and what it asks for fails as well: with its words kept the program comes to its jump, and the next mistake shows as if it were the only one. */
import { hex32, type CheckId, type Place, type RunResult } from '../documents/result.ts';
import { codePlace } from '../../image/image.ts';
import { factsIn, REPAIRED_JUMP, SHORT_OF_JUMP, type Note } from '../documents/note-facts.ts';
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
  const { diagnosis, checks, notes, entries } = againMended(input, keeping(behind, input), run);
  if (diagnosis.sets.length === 0) return { told: [text], kept: null };
  const crash = notes
    .filter(({ kind }) => kind === 'crash')
    .map((n, i) => (i === 0 ? { ...n, text: `with the request kept, ${n.text}` } : n));
  const jump = entries.at(-1)?.from ?? factsIn(notes, 'jumps-at')[0]?.at ?? null;
  return { told: [text, ...crash, ...jumpsAt(jump)], kept: { diagnosis, checks, request: behind.request.id as CheckId } };
}
/** Of a program that never came to its jump, where a run with its causes repaired makes it: a fix of the state that the ROM is given has its place there. */
export function repairedJump({ images }: RunInput, { repaired }: Diagnosis): readonly Note[] {
  const pc = repaired?.enteredFrom ?? null;
  if (pc === null) return [];
  const { symbol, file, line } = codePlace(images, pc >>> 0);
  return jumpsAt({ pc: hex32(pc), symbol, file, line });
}
const jumpsAt = (at: Place | null): Note[] =>
  at?.file == null
    ? []
    : [
        {
          kind: REPAIRED_JUMP,
          text: `with the causes repaired, the jump into the ROM is at ${at.file}:${at.line}`,
          about: { is: 'jumps-at', at },
        },
      ];

/** What has been read and overwritten belongs to the state of the machine, since the run is repeated from its middle. */
const keeping =
  ({ request }: BehindRequest, { chip }: RunInput): NonNullable<RunInput['mended']> =>
  (machine) => {
    const words = new KeptWords();
    machine.attach(words);
    return pathInterceptor(machine, [request], chip.rom?.vectorTable.value ?? 0, words) ?? { pages: new Set() };
  };
