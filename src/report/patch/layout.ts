/** Lines of C as a person would write them: one statement a line, none much longer than 100 letters where it can be broken. */

/** Without the indentation of the place that it goes to. */
const WIDTH = 92;

export const laidOut = (code: readonly string[]): readonly string[] => code.flatMap((line) => statements(line).flatMap(narrow));

/** A character of C that is none of a string, a comment or a pair of parentheses. */
function* plain(text: string): Generator<{ readonly c: string; readonly at: number; readonly braces: number }> {
  let parens = 0;
  let braces = 0;
  for (let at = 0; at < text.length; at++) {
    const rest = text.slice(at);
    const skipped = /^(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\/\*.*?\*\/|\/\/.*)/.exec(rest)?.[0];
    if (skipped !== undefined) {
      at += skipped.length - 1;
      continue;
    }
    const c = text[at]!;
    if (c === '(' || c === '[') parens++;
    if (c === ')' || c === ']') parens--;
    if (c === '{') braces++;
    if (c === '}') braces--;
    if (parens === 0) yield { c, at, braces };
  }
}

/** A remark behind a statement stays with it; an empty statement is left out. */
function statements(line: string): string[] {
  const indent = /^\s*/.exec(line)![0];
  const ends = [...plain(line)].filter(({ c, braces }) => braces === 0 && (c === ';' || c === '}')).map(({ at }) => at + 1);
  const parts: string[] = [];
  let from = 0;
  for (const end of ends) {
    const behind = line.slice(end);
    if (/^\s*(?:;|else\b|while\b|$|\/[/*])/.test(behind)) continue;
    parts.push(line.slice(from, end));
    from = end;
  }
  parts.push(line.slice(from));
  return parts
    .map((p, i) => (i === 0 ? p : indent + p.trim()).replace(/\{\s*\};$/, '{}'))
    .filter((p) => p.trim() !== '' || parts.length === 1);
}

function narrow(line: string): string[] {
  if (line.length <= WIDTH) return [line];
  const indent = /^\s*/.exec(line)![0];
  const remark = /^(.*[;{}])\s*(\/\*.*\*\/|\/\/.*)$/.exec(line);
  if (remark) return [indent + remark[2]!, ...narrow(remark[1]!)];
  const block = /^(.*?\{)\s*(\S.*)\}$/.exec(line);
  if (block && !block[1]!.includes('"')) return [block[1]!, ...laidOut([`${indent}  ${block[2]!.trim()}`]), `${indent}}`];
  if (/__asm/.test(line) && line.includes('\\n\\t')) return instructions(line, indent);
  const head = headEnd(line);
  return head === null ? broken(line, indent) : [line.slice(0, head), ...narrow(`${indent}  ${line.slice(head).trim()}`)];
}
/** End of what stands in parentheses behind `for`, `if` or `while`, where a statement follows; null where none does. */
function headEnd(line: string): number | null {
  if (!/^\s*(?:for|if|while) \(/.test(line)) return null;
  const end = [...plain(line)].find(({ c }) => c === ')');
  return end === undefined || /^\s*;?$/.test(line.slice(end.at + 1)) ? null : end.at + 1;
}

/** One instruction a line. */
function instructions(line: string, indent: string): string[] {
  const [, head, text, rest] = /^(.*?\()"((?:\\.|[^"\\])*)"(.*)$/.exec(line) ?? [];
  if (head === undefined || text === undefined || rest === undefined) return [line];
  const parts = text.split('\\n\\t');
  const column = `${indent}    `;
  return parts.map((p, i) => `${i === 0 ? head : column}"${p}${i < parts.length - 1 ? '\\n\\t"' : `"${rest}`}`);
}

/** At the last space in front of the margin that stands in no string. */
function broken(line: string, indent: string): string[] {
  let inString = false;
  let at = -1;
  for (let i = indent.length; i < line.length && (i <= WIDTH || at < 0); i++) {
    if (line[i] === '"' && line[i - 1] !== '\\') inString = !inString;
    if (line[i] === ' ' && !inString && /[,|&+;:?=]/.test(line[i - 1]!)) at = i;
  }
  if (at < 0 || line.trimStart().startsWith('/')) return [line];
  return [line.slice(0, at), ...narrow(`${indent}    ${line.slice(at + 1).replace(/^\s+/, '')}`)];
}
