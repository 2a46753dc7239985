/** Functions of C as their text shows them: enough to find where one begins, ends and is called. What is written otherwise is not found. */
import type { Sources } from '../source-lines.ts';
import { code } from './edit.ts';

export interface FunctionText {
  readonly file: string;
  readonly name: string;
  /** `void f(void)`, without the brace. */
  readonly head: string;
  /** Lines from 0: of its head, and of its closing brace. */
  readonly from: number;
  readonly to: number;
}

const KEYWORDS = /^(?:if|for|while|switch|return|else|do|case|typedef|struct|union|enum|namespace|class|template|using)\b/;
const HEAD = /^[A-Za-z_].*?([A-Za-z_][\w:]*)\s*\(([^;{}]*)\)\s*(?:noexcept\s*)?\{?/;

/** Whether a function's head begins on this line: at the left margin, as nearly all C is written. */
function headAt(lines: readonly string[], at: number): { readonly name: string; readonly head: string; readonly body: number } | null {
  const first = lines[at]!;
  if (!/^[A-Za-z_]/.test(first) || KEYWORDS.test(first)) return null;
  let head = '';
  for (let i = at; i < lines.length && i < at + MOST_LINES; i++) {
    const text = code(lines[i]!);
    if (text === '' && i > at) return null;
    head = `${head} ${text}`.trim();
    const brace = head.indexOf('{');
    const before = brace < 0 ? head : head.slice(0, brace);
    if (before.includes(';') || before.includes('=')) return null;
    if (brace < 0) continue;
    const name = HEAD.exec(withoutAttributes(before))?.[1];
    return name === undefined ? null : { name, head: before.trim(), body: i };
  }
  return null;
}
const MOST_LINES = 8;
const withoutAttributes = (text: string): string => text.replaceAll(/__attribute__\s*\(\(.*?\)\)\s*|\[\[.*?\]\]\s*/g, '');

/** All functions of a file, in order. */
export function functionsOf(file: string, lines: readonly string[]): FunctionText[] {
  const found: FunctionText[] = [];
  for (let i = 0; i < lines.length; i++) {
    const head = headAt(lines, i);
    if (head === null) continue;
    const oneLine = code(lines[head.body]!).endsWith('}');
    const to = oneLine ? head.body : lines.findIndex((text, k) => k > head.body && text.startsWith('}'));
    if (to < 0) break;
    found.push({ file, name: head.name, head: head.head, from: i, to });
    i = to;
  }
  return found;
}

/** The function that a line (from 1) stands in. */
export const functionAt = (file: string, line: number, sources: Sources): FunctionText | null =>
  functionsOf(file, sources(file)?.lines ?? []).find((f) => f.from < line && line - 1 <= f.to) ?? null;

/** `void f(void)`, which can be called from anywhere without more. */
export const isPlain = ({ head, name }: FunctionText): boolean =>
  new RegExp(`\\bvoid\\s+${name}\\s*\\(\\s*(?:void)?\\s*\\)$`).test(withoutAttributes(head).replace(/\s*noexcept$/, ''));
export const isStatic = ({ head }: FunctionText): boolean => /\bstatic\b/.test(head);
export const neverReturns = ({ head }: FunctionText): boolean => /noreturn/i.test(head);

/** A mention of a function in code; `line` from 1. */
export interface Mention {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}
/** Where a function is named in these files, outside of its own head and of declarations. */
export function mentionsOf(of: FunctionText, files: readonly string[], sources: Sources): Mention[] {
  const word = new RegExp(`\\b${of.name}\\b`);
  const declared = new RegExp(`^[A-Za-z_][\\w\\s*]*\\b${of.name}\\s*\\([^()]*\\)[^{=]*;$`);
  return files.flatMap((file) =>
    (sources(file)?.lines ?? []).flatMap((text, i) => {
      const own = file === of.file && i >= of.from && i <= of.from + 1;
      const bare = code(text);
      const isDeclaration = /^\S/.test(text) && declared.test(withoutAttributes(bare));
      return own || !word.test(bare) || isDeclaration || /^(?:\*|\/\*|#)/.test(bare) ? [] : [{ file, line: i + 1, text }];
    }),
  );
}
