/** Documents as lists of their leaves, and differences of two lists in groups that a person can read. */

type Leaf = readonly [path: string, value: unknown];

const NAMES = ['id', 'kind', 'name', 'rom', 'peripheral'] as const;
/** Members of lists go by their names, so that one more does not move all others; two of one name are counted. */
function labels(list: readonly unknown[]): string[] {
  const seen = new Map<string, number>();
  return list.map((item, i) => {
    const named =
      typeof item === 'object' && item !== null ? NAMES.map((key) => (item as Record<string, unknown>)[key]).find(Boolean) : undefined;
    if (typeof named !== 'string') return String(i);
    const count = (seen.get(named) ?? 0) + 1;
    seen.set(named, count);
    return count === 1 ? named : `${named}#${count}`;
  });
}
export function* leavesOf(value: unknown, path = '$'): Generator<Leaf> {
  if (typeof value !== 'object' || value === null) return void (yield [path, value]);
  if (Array.isArray(value)) {
    const names = labels(value);
    yield [`${path}.length`, value.length];
    for (const [i, item] of value.entries()) yield* leavesOf(item, `${path}[${names[i]!}]`);
  } else for (const [key, item] of Object.entries(value)) yield* leavesOf(item, `${path}.${key}`);
}

export interface Difference {
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}
export const ABSENT = Symbol('absent');

export function differences(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): Difference[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  const value = (map: ReadonlyMap<string, unknown>, key: string): unknown => (map.has(key) ? map.get(key) : ABSENT);
  return [...keys].map((key) => ({ key, before: value(before, key), after: value(after, key) })).filter((d) => d.before !== d.after);
}

const show = (value: unknown): string => (value === ABSENT ? 'nothing' : JSON.stringify(value));
/** What changed in all members of a group: words as they are, figures and long texts by their kind. */
function change({ before, after }: Difference): string {
  if (before === ABSENT) return 'is new';
  if (after === ABSENT) return 'is gone';
  if (typeof before === 'number' && typeof after === 'number') return 'another number';
  const [a, b] = [show(before), show(after)];
  if (/^"[\d.]+"$/.test(a) && /^"[\d.]+"$/.test(b)) return 'another time';
  return a.length + b.length <= 60 ? `${a} → ${b}` : 'another text';
}
/** The place without what is asked: `fixture/scenario.json $.checks[primask].verdict` is `$.checks[primask].verdict`. */
function place(key: string): string {
  const [, rest = key] = /^\S+ (.*)$/.exec(key) ?? [];
  return rest
    .replace(/\[\d+\]/g, '[]')
    .replace(/#\d+\]/g, ']')
    .replace(/program \d+/, 'program');
}

export interface Group {
  readonly place: string;
  readonly change: string;
  readonly members: readonly Difference[];
}
/** Differences of one kind at one place are one group; the largest comes first. */
export function grouped(list: readonly Difference[]): Group[] {
  const groups = new Map<string, Difference[]>();
  for (const difference of list) {
    const key = `${place(difference.key)}\n${change(difference)}`;
    groups.set(key, [...(groups.get(key) ?? []), difference]);
  }
  return [...groups]
    .map(([key, members]) => ({ place: key.split('\n')[0]!, change: key.split('\n')[1]!, members }))
    .sort((a, b) => b.members.length - a.members.length || (a.place < b.place ? -1 : 1));
}

const EXAMPLES = 3;
const WIDTH = 160;
const cut = (text: string): string => (text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text);
export function groupText({ place: where, change: what, members }: Group): string[] {
  const asked = members.map(({ key }) => key.split(' ')[0]!);
  const more = members.length > EXAMPLES ? `, and ${members.length - EXAMPLES} more` : '';
  const lines = [`  ${where}: ${what} (${members.length}: ${asked.slice(0, EXAMPLES).join(', ')}${more})`];
  if (what.startsWith('another') || what.startsWith('is '))
    lines.push(cut(`      was ${show(members[0]!.before)}`), cut(`      is  ${show(members[0]!.after)}`));
  return lines;
}
