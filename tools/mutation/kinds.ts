/**
 * Two kinds of tests. A table compares results with a file that a program of ours wrote: it shows that something changed. All other tests state facts. A fact can be
 * reviewed and says what is wrong, so mutants are first shown to facts: a file with both is asked with its tables off then (BOOTBENCH_GOLDEN=off).
 */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** What writes a table, by its own name or by that of the variable that has it written. */
const WRITES = /\/golden-file\.ts'|BOOTBENCH_GOLDEN|toMatchFileSnapshot/;
const LOCAL_IMPORT = /\b(?:from|import)\s*'(\.{1,2}\/[^']+\.ts)'/g;

/** Whether a test file compares with a stored table, itself or by a helper below test/ that it imports. */
export function isTable(path: string, read: (path: string) => string = (file) => readFileSync(file, 'utf8')): boolean {
  const [seen, left] = [new Set([path]), [path]];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    const text = read(at);
    if (WRITES.test(text)) return true;
    for (const [, to] of text.matchAll(LOCAL_IMPORT)) {
      const helper = posix.join(posix.dirname(at), to!);
      if (!helper.startsWith('test/') || seen.has(helper)) continue;
      seen.add(helper);
      left.push(helper);
    }
  }
  return false;
}

/** Whether a test file expects anything beside what a table holds. */
export const statesFacts = (path: string, read: (path: string) => string = (file) => readFileSync(file, 'utf8')): boolean =>
  !isTable(path, read) || /\bexpect\s*[(.]/.test(read(path));

/** A test of the built program sees no mutant: that program was made of the sources as they are. */
export const runsBuilt = (path: string, read: (path: string) => string = (file) => readFileSync(file, 'utf8')): boolean =>
  /\bbuiltProgram\b/.test(read(path));

/** A pattern with alternatives in braces becomes one pattern for each, so that each can be asked whether it matches a file. */
export function alternatives(pattern: string): string[] {
  // the innermost braces first
  const braces = /\{([^{}]*)\}/.exec(pattern);
  if (!braces) return [pattern];
  const [all, inside] = [braces[0], braces[1]!];
  const at = braces.index;
  const each = inside.split(',').flatMap((one) => alternatives(pattern.slice(0, at) + one + pattern.slice(at + all.length)));
  return [...new Set(each)];
}
