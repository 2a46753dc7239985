/**
 * What the command under way has read, and what it writes: a report costs neither a file of the user's nor another report. All that reads a user's file or writes one comes
 * by here, so that no command has to list them.
 */
import { realpathSync, statSync } from 'node:fs';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';

const read = new Set<string>();
const written = new Map<string, string>();
const failed: (UsageError | SurroundingsError)[] = [];

export function newCommand(): void {
  read.clear();
  written.clear();
  failed.length = 0;
}
/** The file itself: links lead to it, and hard links have its number. Numbers are 0 where the file system has none. */
function namesOf(path: string): string[] {
  try {
    const { ino, dev } = statSync(path);
    return [realpathSync(path), ...(ino === 0 ? [] : [`${dev}:${ino}`])];
  } catch {
    return [path];
  }
}
/** By the file itself. */
export const sameFile = (a: string, b: string): boolean => namesOf(a).some((name) => namesOf(b).includes(name));
export function nowRead(path: string): void {
  for (const name of namesOf(path)) read.add(name);
}
export const wasRead = (path: string): boolean => namesOf(path).some((name) => read.has(name));

/** The option that writes this file already; null: none does, and now this one does. */
export function nowWrites(option: string, path: string): string | null {
  const names = namesOf(path);
  const other = names.map((name) => written.get(name)).find((name) => name !== undefined);
  if (other !== undefined) return other;
  for (const name of names) written.set(name, option);
  return null;
}

/** An output that could not be written: the others are, and then the command fails. */
export const couldNotWrite = (error: UsageError | SurroundingsError): void => void failed.push(error);
/** Behind a command: fails for what it could not write. */
export function mustHaveWritten(): void {
  const [first, ...more] = failed.splice(0);
  if (first === undefined) return;
  if (more.length === 0) throw first;
  const all = [first, ...more];
  // one advice for all that it is of
  const hint = [...new Set(all.flatMap((error) => error.hint ?? []))].join('; ') || null;
  const text = all.map(withoutHint).join('; ');
  throw all.some((error) => error instanceof SurroundingsError) ? new SurroundingsError(text, hint) : new UsageError(text, hint);
}
const withoutHint = ({ message, hint }: UsageError | SurroundingsError): string =>
  hint !== null && message.endsWith(`; ${hint}`) ? message.slice(0, -`; ${hint}`.length) : message;
