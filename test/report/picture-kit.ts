/** What is wrong with a picture of a hand-over: XML that is none, text that lies on other text or outside, text that is cut and nowhere whole. */
import { MARK, widthOf, type Font } from '../../src/report/hand-over/measure.ts';

interface Box {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** `a`: as it is alone; `v`: repaired alone. */
  readonly shown: 'a' | 'v' | 'both';
}
const TAG = /<(\/?)([a-z]+)((?:\s[\w:-]+="[^"<]*")*)\s*(\/?)>/y;
const SPECIAL = /&(?!(?:lt|gt|amp|quot|#\d+);)/;

/** In the order of the file; throws where it is no XML. */
class Reader {
  readonly boxes: Box[] = [];
  readonly flaws: string[] = [];
  width = 0;
  height = 0;
  private readonly open: { readonly name: string; readonly classes: readonly string[]; readonly attributes: Readonly<Record<string, string>>; text: string; titled: boolean }[] = []; // prettier-ignore

  constructor(svg: string) {
    let at = 0;
    const source = svg.trimEnd();
    while (at < source.length) {
      const next = source.indexOf('<', at);
      if (next < 0) throw new Error(`text behind the end: ${source.slice(at, at + 40)}`);
      this.say(source.slice(at, next));
      TAG.lastIndex = next;
      const tag = TAG.exec(source);
      if (tag === null) throw new Error(`no tag: ${source.slice(next, next + 60)}`);
      at = TAG.lastIndex;
      if (tag[1] === '/') this.end(tag[2]!);
      else {
        this.begin(tag[2]!, tag[3]!);
        if (tag[4] === '/') this.end(tag[2]!);
      }
      if (this.open.length === 0 && at < source.length) throw new Error('more than one root');
    }
    if (this.open.length > 0) throw new Error(`${this.open.at(-1)!.name} has no end`);
  }

  private say(text: string): void {
    if (text === '') return;
    const element = this.open.at(-1);
    if (element === undefined || (SPECIAL.test(text) && element.name !== 'style')) throw new Error(`bare text: ${text.slice(0, 60)}`);
    element.text += text;
  }
  private begin(name: string, text: string): void {
    const attributes = Object.fromEntries([...text.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!]));
    if (Object.values(attributes).some((value) => SPECIAL.test(value))) throw new Error(`attribute of ${name}: ${text}`);
    if (name === 'svg') [this.width, this.height] = [Number(attributes['width']), Number(attributes['height'])];
    this.open.push({ name, classes: (attributes['class'] ?? '').split(' '), attributes, text: '', titled: false });
  }
  private end(name: string): void {
    const element = this.open.pop();
    if (element?.name !== name) throw new Error(`</${name}> ends ${element?.name ?? 'nothing'}`);
    if (name === 'title') this.open.at(-1)!.titled = true;
    if (name === 'text') this.box(element);
  }
  private box({ classes, attributes, text: escaped, titled }: Reader['open'][number]): void {
    const text = escaped.replace(/&(lt|gt|amp|quot|#(\d+));/g, (_, word: string, code?: string) => code === undefined ? ({ lt: '<', gt: '>', amp: '&', quot: '"' } as Record<string, string>)[word]! : String.fromCharCode(Number(code))); // prettier-ignore
    const width = widthOf(text, fontOf(classes));
    const [x, y] = [Number(attributes['x']), Number(attributes['y'])];
    const left = classes.includes('e') ? x - width : classes.includes('c') ? x - width / 2 : x;
    const { size } = fontOf(classes);
    const states = [...this.open.flatMap((e) => e.classes), ...classes];
    const shown = states.includes('a') ? 'a' : states.includes('v') ? 'v' : 'both';
    const box: Box = { text, left, right: left + width, top: y - size * 0.72, bottom: y + size * 0.2, shown };
    if (text.endsWith(MARK) && !titled) this.flaws.push(`cut, and nowhere whole: ${text}`);
    if (left < 0 || box.right > this.width || box.top < 0 || box.bottom > this.height) this.flaws.push(`outside: ${text}`);
    const other = this.boxes.find((b) => overlap(b, box));
    if (other !== undefined) this.flaws.push(`"${text}" lies on "${other.text}"`);
    this.boxes.push(box);
  }
}
const fontOf = (classes: readonly string[]): Font => {
  const size = classes.includes('h') || classes.includes('x') ? 19 : classes.includes('s') || classes.includes('l') ? 11.5 : classes.includes('m') ? 12.5 : 13;
  const bold = ['h', 'x', 'bo'].some((look) => classes.includes(look));
  const mono = classes.includes('m') || classes.includes('l');
  return { size, ...(mono ? { mono: true } : {}), ...(bold ? { bold: true } : {}) };
}; // prettier-ignore
const overlap = (a: Box, b: Box): boolean =>
  (a.shown === b.shown || a.shown === 'both' || b.shown === 'both') &&
  a.left < b.right - 1 &&
  b.left < a.right - 1 &&
  a.top < b.bottom &&
  b.top < a.bottom;

export const MOST_BYTES = 10_000;
/** Empty: a good picture. */
export function flawsOf(svg: string): string[] {
  const bytes = Buffer.byteLength(svg);
  const { flaws } = new Reader(svg);
  return bytes > MOST_BYTES ? [`${bytes} bytes`, ...flaws] : flaws;
}
/** What is written in it, of one state or of both. */
export const textsOf = (svg: string, shown: Box['shown'] = 'both'): string[] =>
  new Reader(svg).boxes.flatMap((box) => (box.shown === shown ? [box.text] : []));
