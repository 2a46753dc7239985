/** JSON as it may stand in a terminal or in the log of a CI runner: what either would obey is escaped, which is the same document. */

/** Control characters that JSON leaves as they are, and those that turn the direction of text. */
const OBEYED = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
/** `##[error]` is a command of GitHub anywhere in a line, `##vso[…]` one of Azure; in JSON `#` stands in strings only. */
const RUNNER = /##(?=\w*\[)/g;

export const jsonText = (value: unknown): string =>
  JSON.stringify(value, null, 2)
    .replace(OBEYED, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(RUNNER, '#\\u0023');
