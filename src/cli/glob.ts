/**
 * Patterns for names of files as an automaton that is in all of its states at once: what it costs grows with the pattern times the name, whereas a regular expression with
 * many stars tries all ways to share a name among them.
 */
type One = (unit: string) => boolean;
interface State {
  /** One unit of the name leads on. */
  readonly steps: { readonly one: One; readonly to: State }[];
  /** Reached without any. */
  readonly also: State[];
}
const state = (): State => ({ steps: [], also: [] });

/** A pattern that is put together from its beginning to its end. */
export class Glob {
  private readonly start = state();
  private end = this.start;
  /** Groups that are open. */
  private readonly groups: { readonly start: State; readonly ends: State[] }[] = [];
  /** What was repeated last, if nothing came since: twice is the same. */
  private repeated: One | null = null;

  one(one: One): this {
    const to = state();
    this.end.steps.push({ one, to });
    return this.at(to);
  }
  /** As often as it likes, also never. */
  many(one: One): this {
    if (this.repeated === one) return this;
    const loop = this.fresh();
    loop.steps.push({ one, to: loop });
    this.at(loop).repeated = one;
    return this;
  }
  /** Folders with their slashes, also none. */
  folders(): this {
    const loop = this.fresh();
    const name = state();
    loop.steps.push({ one: notSlash, to: name });
    name.steps.push({ one: notSlash, to: name }, { one: slash, to: loop });
    return this.at(loop);
  }
  open(): this {
    this.groups.push({ start: this.end, ends: [] });
    return this.at(this.fresh());
  }
  /** Begins the next of the group's forms. */
  or(): this {
    const { start, ends } = this.groups.at(-1)!;
    ends.push(this.end);
    this.end = start;
    return this.at(this.fresh());
  }
  close(): this {
    const { ends } = this.groups.pop()!;
    const joined = state();
    for (const end of [...ends, this.end]) end.also.push(joined);
    return this.at(joined);
  }

  test(name: string): boolean {
    let now = reached([this.start]);
    for (const unit of name.split('')) {
      const next: State[] = [];
      for (const { steps } of now) for (const { one, to } of steps) if (one(unit)) next.push(to);
      if (next.length === 0) return false;
      now = reached(next);
    }
    return now.has(this.end);
  }

  private fresh(): State {
    const next = state();
    this.end.also.push(next);
    return next;
  }
  private at(end: State): this {
    this.end = end;
    this.repeated = null;
    return this;
  }
}

function reached(from: readonly State[]): ReadonlySet<State> {
  const found = new Set(from);
  // a set that grows is gone through to its new end
  for (const { also } of found) for (const next of also) found.add(next);
  return found;
}

export const any: One = () => true;
export const slash: One = (unit) => unit === '/';
export const notSlash: One = (unit) => unit !== '/';
