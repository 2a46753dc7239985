/** The end of the process that has started this one: killed, it can tell nobody, and the work of its children is for no one. */

/** In the environment of a child that ends with its parent: the parent's number. */
const VARIABLE = 'BOOTBENCH_ENDS_WITH';
const LOOKS_EVERY_MS = 250;

/** The environment of a child that calls `endWithParent`. */
export const withParent = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ ...env, [VARIABLE]: String(process.pid) });

/** In the environment of a child whose output is handed on as an answer. */
const ANSWERS = 'BOOTBENCH_ANSWERS';
/** The environment of such a child: lines of progress would be part of what it says. */
export const answering = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ ...env, [ANSWERS]: '1' });
export const isAnswering = (env: Readonly<Record<string, string | undefined>>): boolean => env[ANSWERS] !== undefined;

/** Ends this process, where its parent asks for that, as soon as it is without one; tells it that there is something to end. */
export function endWithParent(): void {
  const parent = process.env[VARIABLE];
  if (parent === undefined) return;
  process.send?.('begun', () => process.disconnect());
  // what this process starts has another parent
  delete process.env[VARIABLE];
  setInterval(() => {
    if (String(process.ppid) !== parent) process.kill(process.pid, 'SIGTERM');
  }, LOOKS_EVERY_MS).unref();
}

/** A clock for who is too busy to hear of it: it ends this process where the parent is gone. @param milliseconds a clock */
export function clockOfChild(milliseconds: () => number): () => number {
  const parent = process.ppid;
  let looked = -Infinity;
  return () => {
    const now = milliseconds();
    if (now - looked >= LOOKS_EVERY_MS) {
      looked = now;
      if (process.ppid !== parent) process.exit();
    }
    return now;
  };
}
