/** JSON as it may stand in a terminal or in the log of a CI runner: what either would obey is escaped, which is the same document. */

import type { SafeText } from './safe-text.ts';
import { escapedUnits, withoutUnseen } from '../../image/unseen.ts';

/** `##[error]` is a command of GitHub anywhere in a line, `##vso[…]` one of Azure; in JSON `#` stands in strings only. */
const RUNNER = /##(?=\w*\[)/g;

const unobeyed = (json: string): SafeText => withoutUnseen(json, escapedUnits).replace(RUNNER, '#\\u0023') as SafeText;

export const jsonText = (value: unknown): SafeText => unobeyed(JSON.stringify(value, null, 2));
/** With the end of its line. */
export const jsonDocument = (value: unknown): SafeText => `${jsonText(value)}\n` as SafeText;
/** In one line, which has no end yet. */
export const jsonLine = (value: unknown): SafeText => unobeyed(JSON.stringify(value));
/** JSON lines: a value in each. */
export const jsonLines = (values: readonly unknown[]): SafeText => values.map((value) => `${jsonLine(value)}\n`).join('') as SafeText;
