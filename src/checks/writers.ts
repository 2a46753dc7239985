/** Who wrote something last. */
import type { Subject, Writer } from './check.ts';
import { maskOf, registerOf } from './families.ts';

export function latest(writers: readonly (Writer | null | undefined)[]): Writer | null {
  let best: Writer | null = null;
  for (const w of writers) if (w && (!best || w.seq > best.seq)) best = w;
  return best;
}

/** Latest of the writers of some fields. */
export const latestWriter = ({ state, history }: Subject, paths: readonly string[]): Writer | null =>
  latest(paths.map((path) => history?.lastWriter(registerOf(path), maskOf(state.chip, path))));
