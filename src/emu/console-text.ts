/** What a channel has printed, however much that is: its beginning and its end are kept, and how much there was. */

/** Characters that are kept of each end. */
export const KEPT = 0x40000;

export interface Printed {
  /** Characters in all; each is a byte. */
  count: number;
  head: string;
  /** The last ones behind `head`, and up to as many in front of them. */
  tail: string;
}

export const nothingPrinted = (): Printed => ({ count: 0, head: '', tail: '' });

export function print(to: Printed, text: string): void {
  const room = KEPT - to.head.length;
  to.count += text.length;
  if (room >= text.length) {
    to.head += text;
    return;
  }
  to.head += text.slice(0, room);
  to.tail += text.slice(room);
  if (to.tail.length > 2 * KEPT) to.tail = to.tail.slice(-KEPT);
}

/** Characters that are neither in the beginning nor in the end that is kept. */
export const leftOut = ({ count, head }: Printed): number => Math.max(0, count - head.length - KEPT);

export function printedText(of: Printed | undefined): string {
  if (of === undefined) return '';
  const missing = leftOut(of);
  return missing === 0 ? of.head + of.tail : `${of.head}\n[… ${missing} characters are left out …]\n${of.tail.slice(-KEPT)}`;
}

/** What was printed behind the first `count` characters, as far as it is kept. */
export function printedBehind(of: Printed | undefined, count: number): string {
  if (of === undefined || of.count <= count) return '';
  return leftOut(of) === 0 ? (of.head + of.tail).slice(count) : of.tail.slice(-Math.min(KEPT, of.count - count));
}

/** Of all channels. */
export const printedTexts = (console: Readonly<Record<string, Printed>>): Record<string, string> =>
  Object.fromEntries(Object.entries(console).map(([channel, said]) => [channel, printedText(said)]));
