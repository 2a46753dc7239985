/** Searches that try the likeliest only. Each has a bound of its own; where it is hit so that something is left out, the result names it, in one note for all. */
import type { Note } from './note-facts.ts';

/** The bounds; a test lowers them. */
export const MOST = {
  /** Runs for what differs from the working state, for the registers or fields of one part of it (what is more is told as a whole), and for what is put right on the way. */
  forks: 60,
  pieces: 12,
  pathRuns: 24,
  /** Instructions that are left out, one at a time. */
  leftOut: 12,
  /** Starts of a second program: with more of them it is in a loop of resets. */
  starts: 32,
  /** Waits that were given up; each is followed behind its end. */
  waits: 8,
  /** Assumptions one after the other: a boot loader, a clock where there was none, another rate of it. */
  assumed: 3,
  /** Lines of chips that run the first milliseconds of a firmware that does not say its own: those that a run of others leaves in doubt. */
  lines: 8,
  /** Requests that are run although they did not lead to the ROM. */
  requests: 3,
  /** What is sent to a port, of each kind. */
  letters: 8,
  lettersInARow: 2,
  texts: 4,
  /** What is told and tried where no run of its own comes to the ROM. */
  inputs: 8,
  inputReads: 32,
  functions: 12,
  pinsAtStart: 3,
  /** First reads that are tried, from the last one on, of those that are noted. */
  firstReads: 24,
  readFirst: 400,
  /** Of a request: stretches of code that may compare it, for a firmware may wait and read words of its own before; its words; words that may be one. */
  stretches: 8,
  parts: 4,
  words: 8,
};

/** Kind of the note about searches that were bounded: their findings stand. */
export const BOUNDED = 'bounded';

export class Bounds {
  private readonly hit = new Set<string>();
  /** The longest list of each kind that was cut. */
  private readonly lists = new Map<string, { readonly most: number; readonly of: number }>();

  /** @param what `24 runs for …` */
  leaveOut(what: string): void {
    this.hit.add(what);
  }
  /** Of a list only the first are looked at. A search may be made in several runs, with lists of other lengths. */
  cut(what: string, most: number, of: number): void {
    this.lists.set(what, { most, of: Math.max(of, this.lists.get(what)?.of ?? 0) });
  }
  /** What is looked at need not be tried: it has to lead somewhere. */
  get notes(): readonly Note[] {
    const said = [...this.hit, ...[...this.lists].map(([what, { most, of }]) => `${most} of ${of} ${what}`)];
    return said.length === 0 ? [] : [{ kind: BOUNDED, text: `limits of the search: ${said.join('; ')}` }];
  }
}
interface Bounded {
  readonly bounds?: Bounds;
}

/** As many of them as a search may look at. @param what they are */
export function atMost<T>({ bounds }: Bounded, most: number, what: string, all: readonly T[]): readonly T[] {
  if (all.length > most) bounds?.cut(what, most, all.length);
  return all.slice(0, most);
}
