/** Files that a coding agent has written: what it asks for may stand in a text that it has read, so that less is allowed than the user on his command line. */
import { closeSync, lstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { traceFormat } from '../report/trace/endings.ts';
import { HEAD, isOwnTrace } from '../report/trace/own.ts';
import { reason } from '../bench/documents/system-errors.ts';
import { isBelow } from './sources.ts';

/** Why a trace is not written there; null where it may be: below the folder of work, through no link out of it, hidden nowhere, over nothing but an earlier trace. */
export function whyNoTraceAt(path: string, cwd: string): string | null {
  try {
    const root = realpathSync(cwd);
    const named = resolve(root, path);
    const place = join(realpathSync(dirname(named)), basename(named));
    if (!isBelow(place, root)) return `${path} lies outside of the folder in which mcp was started`;
    if (relative(root, place).split(sep).some((name) => name.startsWith('.'))) return `${path} is hidden: a name in it begins with a dot`; // prettier-ignore
    return isFreeOrOwn(place) ? null : `${path} is there and no trace that bootbench wrote; give another name`;
  } catch (error) {
    return `cannot write ${path}: ${reason(error)}`;
  }
}

function isFreeOrOwn(place: string): boolean {
  const existing = lstatSync(place, { throwIfNoEntry: false });
  if (existing === undefined) return true;
  const format = traceFormat(place);
  if (!existing.isFile() || format === null) return false;
  const head = new Uint8Array(HEAD);
  const file = openSync(place, 'r');
  try {
    return isOwnTrace(head.subarray(0, readSync(file, head)), format);
  } finally {
    closeSync(file);
  }
}
