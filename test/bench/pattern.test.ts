import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkExpect, judge } from '../../src/bench/documents/expect.ts';
import { Pattern } from '../../src/bench/documents/pattern.ts';
import { dfuResult } from '../samples/results.ts';

const FLAGS = ['m', 'mi', 'ms', 'mu', 'mis', 'miu', 'misu'];
const atom = fc.constantFrom(
  ...['a', 'b', 'A', '\\n', '.', '[ab]', '[^a]', '[]a]', '\\d', '\\w', '\\W', '\\s', '^', '$', '\\b', '\\B', '\\x61', '\\u0062'],
  ...['=', '\\/', '-', '[\\]a]', 'é', '\u{1f600}', '[\u{1f600}a]', '[^]', '\\0', '\\t', '\\.', '1'],
);
const source = fc.letrec<{ any: string; part: string; group: string }>((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, tie('part'), fc.tuple(tie('part'), tie('any')).map((both) => both.join('|'))),
  part: fc.array(fc.tuple(fc.oneof({ weight: 4, arbitrary: atom }, tie('group')), fc.constantFrom(...['', '', '', '*', '+', '?', '*?', '{2}', '{1,}', '{0,2}?'])).map(([one, times]) => (/^([\^$]|\\[bB])$/.test(one) ? one : one + times)), { maxLength: 4 }).map((all) => all.join('')),
  group: fc.tuple(fc.constantFrom('(', '(?:', '(?<n>'), fc.oneof(tie('any'), atom)).map(([open, inside]) => `${open}${inside})`),
})).any; // prettier-ignore
const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'A', 'B', '\n', ' ', '1', '=', 'é', '\u{1f600}', '\0', '\t', '-'),
  maxLength: 12,
});

/** A text of the letters a and b in no order. */
function anyOf(letters: number): string {
  let word = 1;
  const next = (): string => ((word = (Math.imul(word, 1664525) + 1013904223) >>> 0) >>> 31 ? 'a' : 'b');
  return Array.from({ length: letters }, next).join('');
}

describe('a pattern of expect', () => {
  test('finds what a regular expression finds', () => {
    fc.assert(
      fc.property(source, fc.constantFrom(...FLAGS), fc.array(text, { minLength: 1, maxLength: 8 }), (pattern, flags, texts) => {
        let native: RegExp;
        try {
          native = new RegExp(pattern, flags);
        } catch {
          // a name that two groups have
          expect(() => new Pattern(pattern, flags)).toThrow(SyntaxError);
          return;
        }
        const own = new Pattern(pattern, flags);
        for (const one of texts) expect(own.test(one), `/${pattern}/${flags} ${JSON.stringify(one)}`).toBe(native.test(one));
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    ['^DFU: (ready|[0-9]+ ms)$', 'm', 'boot\nDFU: 12 ms\nend', true],
    ['x{3}\\{', '', 'axxx{', true],
    ['a{,3}', '', 'a{,3}', true],
    ['\\ud83d\\ude00{2}', 'u', '\u{1f600}\u{1f600}', true],
    ['\\p{Lu}', 'u', 'aB', true],
    ['\\p{Lu}', 'u', 'ab', false],
    ['(?<word>\\w+) (?:=)', '', 'ab =', true],
  ])('/%s/%s', (pattern, flags, found, is) => {
    expect(new Pattern(pattern, flags).test(found)).toBe(is);
    expect(new RegExp(pattern, `${flags.replace('m', '')}m`).test(found)).toBe(is);
  });

  test('of many letters over a text that holds every letter there is is given up in a sentence', () => {
    const letters = Array.from({ length: 900 }, (_, i) => `[^${String.fromCharCode(0x4e00 + i)}]`).join('');
    const all = Array.from({ length: 60_000 }, (_, i) => String.fromCharCode(0x100 + i)).join('');
    expect(new Pattern(`${letters}\\0`, '').test(all)).toBeNull();
    expect(new Pattern('[\\u4e00-\\u4fff]+\\uffff', '').test(all)).toBe(false);
  });

  // each of these kept the engine busy for years, or minutes
  test.each(['^(a+)+$', '(a*)*c', '(.+)+c', 'a*a*a*a*c', '.*.*.*=.*x', '[ab\\n]*c', '(a|b)*a(a|b){100}c'])(
    '/%s/ is answered in a time that grows with the text, with any flags',
    (pattern) => {
      const long = `${'a'.repeat(1000)}b\n`.repeat(30) + 'a'.repeat(3000);
      for (const flags of FLAGS) expect(new Pattern(pattern, flags).test(long)).toBe(pattern === '^(a+)+$');
    },
  );

  test('one that asks too many states of a long text is given up in a sentence', () => {
    const text = anyOf(600_000);
    expect(new Pattern('(a|b)*a(a|b){100}c', 'm').test(text)).toBe(null);
    const shown = { ...dfuResult(), console: { usart1: text } };
    const judged = judge(shown, { console: { usart1: '/(a|b)*a(a|b){100}c/' } });
    expect(JSON.stringify(judged)).toContain('was given up over 600000 characters');
  });

  test('patterns of one judgement share their steps: many of them take no longer than one', () => {
    const text = anyOf(100_000);
    const shown = { ...dfuResult(), console: { usart1: text } };
    const hard = Array.from({ length: 100 }, (_, i) => `/(a|b)*a(a|b){${60 + i}}c/`);
    const { failures } = judge(shown, { console: { usart1: ['/^[ab]/', ...hard] } });
    expect(failures).toHaveLength(100);
    expect(failures.filter((line) => line.includes('was given up')).length).toBeGreaterThan(90);
    const simple = Array.from({ length: 128 }, (_, i) => `/a${i}b/`);
    expect(judge(shown, { console: { usart1: simple } }).failures.filter((line) => line.includes('was given up'))).toEqual([]);
  });

  test.each([
    ['(a)\\1', '\\1 asks for what stood before, which is not known here'],
    ['(?<n>a)\\k<n>', '\\k asks for what stood before, which is not known here'],
    ['a(?=b)', '(?= looks around, which is not known here'],
    ['(?<!a)b', '(?<! looks around, which is not known here'],
    ['(a{1,100}){1,100}', 'it is too long, or repeats something too often'],
    ['a|'.repeat(2500), 'a pattern has 5000 characters; 4096 are allowed'],
    ['(', 'Unterminated group'],
  ])('%.20s is refused in a sentence before anything runs', (pattern, why) => {
    expect(() => checkExpect({ console: { usart1: `/${pattern}/` } }, 's.json')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/^s\.json: expect\.console\.usart1: /) as string }),
    );
    expect(() => new Pattern(pattern, 'm')).toThrow(why);
  });
});
