/** Words for what registers do, in tables that a person reads. */
import type { FieldFact, RegisterFact } from '../../src/emu/registers.ts';
import { MS, US, type Ps, type Rate } from '../../src/emu/time.ts';

export const hex = (n: number): string => (n >>> 0).toString(16);
export const maskOf = (f: FieldFact): number => (f.width >= 32 ? 0xffffffff : ((2 ** f.width - 1) * 2 ** f.bit) >>> 0);
export const valueIn = (f: FieldFact, register: number): number => (register & maskOf(f)) >>> f.bit;

export function hertz(clock: Rate | null): string {
  if (clock === null) return 'off';
  const mega = Number(clock.num) / Number(clock.den) / 1e6;
  return `${Number(mega.toPrecision(6))} MHz`;
}
export const duration = (time: Ps): string => (time < 1 * US ? `${time / 1000} ns` : time < 1 * MS ? `${time / US} µs` : `${time / MS} ms`);

export const fieldsIn = (r: RegisterFact): readonly FieldFact[] =>
  r.fields.length > 0 ? r.fields : [{ name: '', bit: 0, width: 8 * r.size }];
/** The fields that are other than before; the register where it has none there. */
export function changesOf(r: RegisterFact, before: number, now: number): readonly string[] {
  let left = (before ^ now) >>> 0;
  if (left === 0) return [];
  const fields = r.fields.filter((f) => {
    const isOther = (left & maskOf(f)) !== 0;
    left &= ~maskOf(f);
    return isOther;
  });
  return [...fields.map((f) => `${r.name}.${f.name} = ${hex(valueIn(f, now))}`), ...(left === 0 ? [] : [`${r.name} = ${hex(now)}`])];
}

export interface Item {
  readonly name: string;
  readonly text: string;
  /** Its place: only neighbours become one. */
  readonly index: number;
}
/** Neighbours with the same text become one: first to last. Their own numbers in the text become #. */
export function together(items: readonly Item[], every: readonly string[]): { readonly name: string; readonly text: string }[] {
  const groups: { items: Item[]; plain: string }[] = [];
  for (const item of items) {
    const own = /\d+(?=\D*$)/.exec(item.name)?.[0];
    const plain = own === undefined ? item.text : item.text.replaceAll(new RegExp(`(?<![0-9a-f= ])${own}(?![0-9])`, 'g'), '#');
    const last = groups.at(-1);
    const isNext = last !== undefined && item.index - last.items.at(-1)!.index <= 1;
    if (last?.plain === plain && isNext) last.items.push(item);
    else groups.push({ items: [item], plain });
  }
  return groups.map(({ items: some, plain }) => {
    const names = some.map(({ name }) => name);
    const name = names.length < 3 ? names.join(' ') : `${names[0]!}…${names.at(-1)!}`;
    return { name: names.length > 2 && names.length === every.length ? 'all' : name, text: names.length > 1 ? plain : some[0]!.text };
  });
}
