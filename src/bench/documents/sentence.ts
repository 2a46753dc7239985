/**
 * A text for people. Whoever gets one can only hand it on to where it is printed: it has none of the methods of a string, so that nothing in the program can come to
 * depend on its words. Facts stand beside it (note-facts.ts).
 */
export interface Sentence {
  toString(): string;
}
