/** A server that was there and says nothing any more. One that has gone is waited for, and comes back; one that holds the connection and is mute does not. */
import { SurroundingsError } from '../bench/documents/usage-error.ts';

const TICK_MS = 1_000;
/** Who waits wants to know for what. */
export const TOLD_MS = 5_000;
/** A server that saves, or is at a long script, is back long before. */
const MOST_MS = 60_000;

interface Asked {
  /** Its address, without the password. */
  readonly shown: string;
  /** Its answer, whenever it comes. */
  readonly ask: () => Promise<unknown>;
  readonly isConnected: () => boolean;
  readonly say: (text: string) => void;
  /** It is mute. */
  readonly end: (why: SurroundingsError) => void;
}

/** Returns what ends it. What is counted is turns of this process, not a clock: a machine that was asleep has not waited. */
export function watchSilence({ shown, ask, isConnected, say, end }: Asked): () => void {
  let [unheard, mute] = [0, 0];
  let pending = false;
  const heard = (): void => {
    if (unheard >= TOLD_MS) say(`${shown} answers again`);
    [unheard, mute] = [0, 0];
  };
  const timer = setInterval(() => {
    unheard += TICK_MS;
    if (isConnected()) mute += TICK_MS;
    if (unheard === TOLD_MS) say(waitingFor(shown));
    if (mute >= MOST_MS) {
      clearInterval(timer);
      end(new SurroundingsError(`--queue: ${shown} has not answered for ${MOST_MS / 1000} s`, 'is it overloaded?'));
    } else if (!pending) {
      pending = true;
      void ask()
        .then(heard, () => undefined)
        .finally(() => (pending = false));
    }
  }, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
export const waitingFor = (shown: string): string => `waiting for an answer from ${shown}`;
