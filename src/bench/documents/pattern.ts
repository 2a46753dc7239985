/**
 * Patterns over what firmware prints: an automaton that is in all of its states at once. A regular expression of the engine may try all ways to share a text among its
 * repetitions, which takes years for some lines of text, and hears nothing meanwhile. What one letter is, in a class, an escape or with `i`, is asked of the engine.
 */

type Node =
  | { readonly kind: 'letter'; readonly source: string }
  | { readonly kind: 'place'; readonly place: Place }
  | { readonly kind: 'all'; readonly parts: readonly Node[] }
  | { readonly kind: 'one'; readonly forms: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number };
type Place = '^' | '$' | '\\b' | '\\B';

const LONGEST = 4096;
/** States of a pattern; each letter of a text may ask all of them. */
const MOST_STATES = 1024;
/** Steps of a search: a second or two. A state that is asked for a letter is one. */
const MOST_STEPS = 12_000_000;
/** What it costs to look at letters that were looked up before. */
const LETTERS_A_STEP = 8;
/** Steps that are left for a search, or for several that share them. */
export interface Patience {
  steps: number;
}
export const patience = (): Patience => ({ steps: MOST_STEPS });
/** What it costs to ask the engine what a letter is, in steps. */
const STEPS_A_LETTER = 4;
/** Sets of states that are kept to be looked up. */
const MOST_KEPT = 2048;

/** An escape, a class, a group's beginning, or one letter. */
const COMMON = String.raw`u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|0[0-7]{0,2}|[^])|\[(?:\\[^]|[^\]\\])*\]|\(\?<[a-z_$][\w$]*>|\(\?<?[^]|[^]`;
const TOKEN = new RegExp(String.raw`\\(?:${COMMON}`, 'giu');
const UNICODE_TOKEN = new RegExp(String.raw`\\(?:u\{[^}]*\}|ud[89ab]..\\ud[c-f]..|p\{[^}]*\}|${COMMON}`, 'giu');
const COUNT = /^\{(\d+)(?:(,)(\d*))?\}/;
const SIMPLE: Readonly<Record<string, readonly [number, number]>> = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] };

/** From text to nodes; the engine has found the text to be right. */
class Parser {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(source: string, unicode: boolean) {
    const tokens = source.match(unicode ? UNICODE_TOKEN : TOKEN) ?? [];
    this.tokens = unicode ? tokens : tokens.flatMap((t) => (/^[\ud800-\udbff]/.test(t) ? t.split('') : [t]));
  }

  forms(): Node {
    const forms = [this.parts()];
    while (this.tokens[this.at] === '|') {
      this.at++;
      forms.push(this.parts());
    }
    return forms.length === 1 ? forms[0]! : { kind: 'one', forms };
  }

  private parts(): Node {
    const parts: Node[] = [];
    for (let token = this.tokens[this.at]; token !== undefined && token !== '|' && token !== ')'; token = this.tokens[this.at]) {
      this.at++;
      parts.push(this.repeated(this.one(token)));
    }
    return { kind: 'all', parts };
  }

  private one(token: string): Node {
    if (token === '^' || token === '$' || token === '\\b' || token === '\\B') return { kind: 'place', place: token };
    if (/^\\([1-9]|k)/.test(token)) throw new SyntaxError(`${token} asks for what stood before, which is not known here`);
    if (!token.startsWith('(')) return { kind: 'letter', source: token };
    if (token.length > 1 && !/^\(\?(:|<[^=!])/.test(token)) throw new SyntaxError(`${token} looks around, which is not known here`);
    const inside = this.forms();
    this.at++;
    return inside;
  }

  private repeated(part: Node): Node {
    const [min, max] = this.times();
    if (min === 1 && max === 1) return part;
    // as few or as many as possible: whether there is a match is the same
    if (this.tokens[this.at] === '?') this.at++;
    return { kind: 'repeat', part, min, max };
  }

  private times(): readonly [number, number] {
    const token = this.tokens[this.at] ?? '';
    const simple = SIMPLE[token];
    if (simple !== undefined) {
      this.at++;
      return simple;
    }
    const count = token === '{' ? COUNT.exec(this.tokens.slice(this.at, this.at + 40).join('')) : null;
    if (count === null) return [1, 1];
    const [all, min, comma, max] = count;
    this.at += all.length;
    return [Number(min), comma === undefined ? Number(min) : max === '' ? Infinity : Number(max)];
  }
}

interface State {
  /** Its number. */
  readonly letter?: number;
  readonly place?: Place;
  readonly to: number[];
}

/** States of a pattern: 0 is its beginning. */
class States {
  readonly all: State[] = [];
  readonly letters: string[] = [];
  private fresh(state: Omit<State, 'to'> = {}): number {
    if (this.all.length === MOST_STATES) throw new SyntaxError('it is too long, or repeats something too often');
    return this.all.push({ ...state, to: [] }) - 1;
  }
  private letterOf(source: string): number {
    const known = this.letters.indexOf(source);
    return known >= 0 ? known : this.letters.push(source) - 1;
  }
  private link(from: number, to: number): number {
    this.all[from]!.to.push(to);
    return to;
  }

  begin = (node: Node): number => this.link(this.add(node, this.fresh()), this.fresh());
  /** Behind `from`; where it ends. */
  private add(node: Node, from: number): number {
    switch (node.kind) {
      case 'letter':
        return this.link(from, this.fresh({ letter: this.letterOf(node.source) }));
      case 'place':
        return this.link(from, this.fresh({ place: node.place }));
      case 'all':
        return node.parts.reduce((at, part) => this.add(part, at), from);
      case 'one': {
        const end = this.fresh();
        for (const form of node.forms) this.link(this.add(form, this.link(from, this.fresh())), end);
        return end;
      }
      case 'repeat':
        return this.repeat(node, from);
    }
  }
  private repeat({ part, min, max }: Extract<Node, { kind: 'repeat' }>, from: number): number {
    let at = this.link(from, this.fresh());
    for (let n = 0; n < min; n++) at = this.link(this.add(part, at), this.fresh());
    if (max === Infinity) {
      this.link(this.add(part, at), at);
      return this.link(at, this.fresh());
    }
    const end = this.fresh();
    for (let n = min; n < max; n++) {
      this.link(at, end);
      at = this.link(this.add(part, at), this.fresh());
    }
    this.link(at, end);
    return end;
  }
}

/** What a place can see of the letter before it or behind it. */
type Beside = 'line' | 'word' | 'else';
const besideOf = (unit: string | undefined): Beside =>
  unit === undefined || /^[\n\r\u2028\u2029]$/.test(unit) ? 'line' : /^\w$/.test(unit) ? 'word' : 'else';
const HOLDS: Readonly<Record<Place, (before: Beside, behind: Beside) => boolean>> = {
  '^': (before) => before === 'line',
  $: (_before, behind) => behind === 'line',
  '\\b': (before, behind) => (before === 'word') !== (behind === 'word'),
  '\\B': (before, behind) => (before === 'word') === (behind === 'word'),
};

/** States that a text may be in at a place of it, and where each letter leads from there. */
interface Spot {
  readonly before: Beside;
  readonly states: readonly number[];
  /** Null where that is not kept. */
  readonly next: Map<string | undefined, Spot | 'found'> | null;
}

/** A regular expression without looks around and without backreferences, with `m` always on. */
export class Pattern {
  private readonly states: readonly State[];
  private readonly end: number;
  private readonly flags: string;
  /** What each letter of the pattern stands for. */
  private readonly letters: readonly RegExp[];
  /** Which letters of the pattern a letter of the text is, by their number. */
  private readonly known = new Map<string | undefined, Uint8Array>();
  private readonly kept = new Map<string, Spot>();
  /** The round in which a state was reached last, at this letter and behind it. */
  private readonly seen: Int32Array;
  private readonly seenNext: Int32Array;
  private round = 0;
  private steps = 0;

  /** @throws SyntaxError, in words of the engine or of this */
  constructor(source: string, flags: string) {
    if (source.length > LONGEST) throw new SyntaxError(`a pattern has ${source.length} characters; ${LONGEST} are allowed`);
    new RegExp(source, flags);
    const states = new States();
    try {
      this.end = states.begin(new Parser(source, flags.includes('u')).forms());
    } catch (error) {
      throw error instanceof SyntaxError ? new SyntaxError(`Invalid regular expression: /${source}/: ${error.message}`) : error;
    }
    this.states = states.all;
    this.flags = flags.replaceAll(/[^isu]/g, '');
    this.letters = states.letters.map((letter) => new RegExp(`^(?:${letter})$`, this.flags));
    this.seen = new Int32Array(this.states.length);
    this.seenNext = new Int32Array(this.states.length);
  }

  /** Whether there is a match; null: it would take more steps than anybody waits for. @param left what it may share with other patterns */
  test(text: string, left: Patience = patience()): boolean | null {
    this.steps = Math.ceil(text.length / LETTERS_A_STEP);
    const found = left.steps < this.steps ? null : this.search(text, left.steps);
    left.steps -= this.steps;
    return found;
  }

  private search(text: string, most: number): boolean | null {
    let at = this.spotOf('line', [0]);
    for (const unit of this.flags.includes('u') ? text : unitsOf(text)) {
      const next = this.behind(at, unit);
      if (next === 'found') return true;
      if (this.steps > most) return null;
      at = next;
    }
    return this.behind(at, undefined) === 'found';
  }

  private behind(at: Spot, unit: string | undefined): Spot | 'found' {
    const known = at.next?.get(unit);
    if (known !== undefined) return known;
    const next = this.step(at, unit);
    if (next === 'found' || next.next !== null) at.next?.set(unit, next);
    return next;
  }
  private step({ before, states }: Spot, unit: string | undefined): Spot | 'found' {
    const behind = besideOf(unit);
    const is = this.isOf(unit);
    const round = ++this.round;
    const open = [...states];
    // a match may begin at each letter
    const next = [0];
    this.seenNext[0] = round;
    for (const state of open) this.seen[state] = round;
    this.steps += open.length;
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      if (state === this.end) return 'found';
      const { letter, place, to } = this.states[state]!;
      if (letter !== undefined) {
        if (is[letter] === 1) reach(to, this.seenNext, round, next);
      } else if (place === undefined || HOLDS[place](before, behind)) reach(to, this.seen, round, open);
    }
    return this.spotOf(behind, next);
  }
  private spotOf(before: Beside, states: readonly number[]): Spot {
    // sets that do not come again are not worth being looked up
    if (this.kept.size >= MOST_KEPT) return { before, states, next: null };
    const key = `${before} ${states.join(' ')}`;
    let found = this.kept.get(key);
    if (found === undefined) this.kept.set(key, (found = { before, states, next: new Map() }));
    return found;
  }

  private isOf(unit: string | undefined): Uint8Array {
    let is = this.known.get(unit);
    if (is === undefined) {
      // the engine is asked for each, and a text may hold every letter that there is
      this.steps += STEPS_A_LETTER * this.letters.length;
      this.known.set(unit, (is = Uint8Array.from(this.letters, (one) => (unit !== undefined && one.test(unit) ? 1 : 0))));
    }
    return is;
  }
}
function reach(to: readonly number[], seen: Int32Array, round: number, list: number[]): void {
  for (const state of to) {
    if (seen[state] === round) continue;
    seen[state] = round;
    list.push(state);
  }
}
function* unitsOf(text: string): Iterable<string> {
  for (let at = 0; at < text.length; at++) yield text[at]!;
}
