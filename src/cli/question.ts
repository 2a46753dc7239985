/** An answer of a person at the terminal. */
const ENDS = ['pause', 'end', 'close'] as const;
/** Milliseconds from the end of the input to the end of a question that it has answered. */
const ANSWERED_MS = 50;

/** @returns null where the question was left by Ctrl-C or Esc, or the input ended (Ctrl-D), of which @clack/prompts says nothing: it would wait for ever, and Node end with 13 */
export async function answerTo<T>(question: Promise<T>): Promise<Exclude<T, symbol> | null> {
  const { stdin } = process;
  let leave = (): void => undefined;
  const gone = new Promise<null>((settle) => (leave = () => void setTimeout(() => settle(null), ANSWERED_MS)));
  for (const end of ENDS) stdin.once(end, leave);
  try {
    const answer = await Promise.race([question, gone]);
    return typeof answer === 'symbol' || answer === null ? null : (answer as Exclude<T, symbol>);
  } finally {
    for (const end of ENDS) stdin.off(end, leave);
  }
}
