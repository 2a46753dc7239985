/** What RAM holds at power-on: no zeros, and the same for the same seed. */

/** The next word of the pattern (xorshift32). */
export const nextWord = (x: number): number => {
  x ^= x << 13;
  x ^= x >>> 17;
  return x ^ (x << 5);
};
interface Pattern {
  readonly seed: number;
  readonly words: Int32Array;
  readonly last: number;
}
let pattern: Pattern | null = null;
/** What RAM holds at power-on, and the last word of it. The same for machine after machine as a rule. */
export function powerOnPattern(seed: number, count: number): Pattern {
  if (pattern?.seed === seed && pattern.words.length === count) return pattern;
  const words = new Int32Array(count);
  let x = seed;
  for (let i = 0; i < count; i++) words[i] = x = nextWord(x);
  return (pattern = { seed, words, last: x });
}
