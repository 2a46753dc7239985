/** Questions to a person at the terminal. A thread has none, so that it sends its questions to the thread that has. */

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
}
export interface Question {
  readonly message: string;
  /** Of these one is chosen, or with `several` at least one; without them it is answered by yes, or by no, which chooses nothing. */
  readonly options?: readonly Choice[];
  readonly several?: boolean;
}
/** The values of what was chosen. */
export type Answer = readonly string[];

const ENDS = ['pause', 'end', 'close'] as const;
/** Milliseconds from the end of the input to the end of a question that it has answered. */
const ANSWERED_MS = 50;
const UNKNOWN_COLUMNS = 80;

/**
 * Asks at the terminal of this process.
 *
 * @returns null where the question was left by Ctrl-C or Esc, by `signal`, or the input ended (Ctrl-D), of which @clack/prompts says nothing: it would wait for ever,
 * and Node end with 13
 */
export async function askHere(question: Question, signal?: AbortSignal): Promise<Answer | null> {
  const { stdin, stdout } = process;
  // a terminal that does not say how wide it is: one letter would stand in a line
  if (stdout.columns === 0) stdout.columns = UNKNOWN_COLUMNS;
  let leave = (): void => undefined;
  const gone = new Promise<null>((settle) => (leave = () => void setTimeout(() => settle(null), ANSWERED_MS)));
  for (const end of ENDS) stdin.once(end, leave);
  try {
    return await Promise.race([put(question, signal), gone]);
  } finally {
    for (const end of ENDS) stdin.off(end, leave);
  }
}

async function put({ message, options, several = false }: Question, signal?: AbortSignal): Promise<Answer | null> {
  const { confirm, multiselect, select } = await import('@clack/prompts');
  const ends = signal === undefined ? {} : { signal };
  const list = options?.map((o) => ({ ...o })) ?? [];
  if (options === undefined) return chosen(await confirm({ message, ...ends }), (yes) => (yes ? ['yes'] : []));
  if (several) return chosen(await multiselect<string>({ message, options: list, required: true, ...ends }), (values) => values);
  return chosen(await select<string>({ message, options: list, ...ends }), (value) => [value]);
}
const chosen = <T>(answer: T | symbol, values: (answer: Exclude<T, symbol>) => Answer): Answer | null =>
  typeof answer === 'symbol' ? null : values(answer as Exclude<T, symbol>);
