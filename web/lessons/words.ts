/** Words of this project that a student has not read before: told under the text that uses one. */

const WORDS: Readonly<Record<string, string>> = {
  'stand-in': 'a ROM that was written for bootbench from ST’s public documents; it is not ST’s code',
  documented: 'ST, Arm or USB-IF has published it',
  measured: 'somebody saw it on a chip',
  reported: 'users have told it, or public firmware depends on it',
  inferred: 'it follows from something that is documented, measured or reported',
  fitted: 'the value was chosen so that known cases come out as they were told',
  assumed: 'there is no evidence; it is only plausible',
};
/** The words that these texts use, with what they mean. */
export const wordsIn = (texts: readonly string[]): (readonly [word: string, meaning: string])[] =>
  Object.entries(WORDS).filter(([word]) => texts.some((text) => new RegExp(`\\b${word}\\b`).test(text)));
