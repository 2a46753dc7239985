/**
 * Characters that nobody sees and somebody obeys, or that hide others: controls, formats (directions of text, zero width, tags), ends of lines other than that of this program,
 * whatever else has no width by Unicode, blanks that are no space, and marks in floods. Tab and newline are text; so is what languages write: marks on their letters, variation
 * selectors of emoji, joiners within their sequences and between letters that join, the blanks of French, Chinese and Japanese and of braille where they stand between what is seen.
 */
const NO_WIDTH = String.raw`(?![\t\n\u200c\u200d\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u{1d159}]`;
/** Behind an emoji, or within a keycap. */
const SELECTOR = String.raw`(?<!(?!\p{ASCII})\p{Emoji}|[0-9#*](?=\ufe0f\u20e3))[\ufe0e\ufe0f]`;
/** Letters that have other forms beside each other: a joiner says which. */
const SCRIPTS = [
  'Arab',
  'Syrc',
  'Nkoo',
  'Mong',
  'Deva',
  'Beng',
  'Guru',
  'Gujr',
  'Orya',
  'Taml',
  'Telu',
  'Knda',
  'Mlym',
  'Sinh',
  'Mymr',
  'Khmr',
];
const JOINS = String.raw`(?=[\p{L}\p{M}])[${SCRIPTS.map((script) => String.raw`\p{scx=${script}}`).join('')}]`;
const PICTURE = String.raw`\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?`;
/** One alone between two of these is text; it says nothing anywhere else. */
const JOINER = String.raw`(?!(?<=${JOINS})[\u200c\u200d](?=${JOINS})|(?<=${PICTURE})\u200d(?=\p{Extended_Pictographic}))[\u200c\u200d]`;
/** Hebrew and Burmese put up to five on a letter; more paint over the lines around, and one without a letter over what stands in front of the text. */
const MARK = String.raw`(?![\ufe0e\ufe0f])(?:(?<=\p{M}{5})|(?<![\p{L}\p{N}\p{M}\p{S}]))\p{M}`;
const EAST_ASIAN = String.raw`[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Bopomofo}\u3001-\u303f\uff01-\uff60]`;
const BLANKS = [
  String.raw`[\u1680\u2000-\u2008\u200a\u205f]`,
  String.raw`(?<!\S)[\u00a0\u2009\u202f]|[\u00a0\u2009\u202f](?!\S)`,
  String.raw`(?<!${EAST_ASIAN})\u3000(?!${EAST_ASIAN})|\u3000(?!\S)`,
  String.raw`(?<![\u2801-\u28ff])\u2800|\u2800(?![\u2801-\u28ff])`,
];
const UNSEEN = new RegExp([NO_WIDTH, JOINER, SELECTOR, MARK, ...BLANKS].join('|'), 'gu');

/** What is most text, and has none of them. */
const PLAIN = /^[\t\n -~]*$/;

/** Each of them replaced by what `shown` makes of its code point. */
export const withoutUnseen = (text: string, shown: (code: number) => string): string =>
  PLAIN.test(text) ? text : text.replace(UNSEEN, (c) => shown(c.codePointAt(0)!));

/** As JavaScript and JSON escape code units. */
export const escapedUnits = (code: number): string =>
  [...String.fromCodePoint(code).split('')].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

/** Each as an escape, \x1b: for messages, terminals and logs. */
export const asSeen = (text: string): string => withoutUnseen(text, escaped);
function escaped(code: number): string {
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : code > 0xff ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`;
}
