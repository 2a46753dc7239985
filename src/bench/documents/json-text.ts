/** JSON as it may stand in a terminal or in the log of a CI runner: what either would obey is escaped, which is the same document. */

import type { SafeText } from './safe-text.ts';

/** Control characters that JSON leaves as they are, and those that turn the direction of text. */
const OBEYED = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
/** `##[error]` is a command of GitHub anywhere in a line, `##vso[…]` one of Azure; in JSON `#` stands in strings only. */
const RUNNER = /##(?=\w*\[)/g;

const unobeyed = (json: string): SafeText =>
  json.replace(OBEYED, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).replace(RUNNER, '#\\u0023') as SafeText;

export const jsonText = (value: unknown): SafeText => unobeyed(JSON.stringify(value, null, 2));
/** With the end of its line. */
export const jsonDocument = (value: unknown): SafeText => `${jsonText(value)}\n` as SafeText;
/** In one line, which has no end yet. */
export const jsonLine = (value: unknown): SafeText => unobeyed(JSON.stringify(value));
/** JSON lines: a value in each. */
export const jsonLines = (values: readonly unknown[]): SafeText => values.map((value) => `${jsonLine(value)}\n`).join('') as SafeText;
