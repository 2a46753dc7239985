/** Who wrote something last. */
import type { Subject, Writer } from './check.ts';
import { maskOf, registerOf } from './families.ts';

export function latest(writers: readonly (Writer | null | undefined)[]): Writer | null {
  let best: Writer | null = null;
  for (const w of writers) if (w && (!best || w.seq > best.seq)) best = w;
  return best;
}

/** Who has enabled a line of the NVIC of a core last. */
export const enablerOf = <T>(history: { lastWriter(register: string, mask?: number): T }, line: number, core = 0): T =>
  history.lastWriter(`CPU${core === 0 ? '' : core}.NVIC_ISER${line >>> 5}`, (1 << (line & 31)) >>> 0);

/** Latest of the writers of some fields. */
export const latestWriter = ({ state, history }: Subject, paths: readonly string[]): Writer | null =>
  latest(paths.map((path) => history?.lastWriter(registerOf(path), maskOf(state.chip, path))));
