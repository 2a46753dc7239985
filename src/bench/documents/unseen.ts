/**
 * Characters that nobody sees and somebody obeys: controls, formats (directions of text, zero width, tags), ends of lines other than that of this program, and whatever
 * else has no width by Unicode (Default_Ignorable_Code_Point). Emoji keep their variation selectors; tab and newline are text.
 */
const UNSEEN = /(?![\t\n\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** What is most text, and has none of them. */
const PLAIN = /^[\t\n -~]*$/;

/** Each of them replaced by what `shown` makes of its code point. */
export const withoutUnseen = (text: string, shown: (code: number) => string): string =>
  PLAIN.test(text) ? text : text.replace(UNSEEN, (c) => shown(c.codePointAt(0)!));

/** As JavaScript and JSON escape code units. */
export const escapedUnits = (code: number): string =>
  [...String.fromCodePoint(code).split('')].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
