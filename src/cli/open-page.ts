/** Shows a page in the user's browser: $BROWSER, else what the desktop has for it. */
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../campaign/temporary.ts';
import type { Io } from './io.ts';

/** A place for a page that nobody named. */
export interface TemporaryPage {
  readonly path: string;
  /** Nothing is left where no page was written. */
  discard(): void;
}
export function temporaryPage(): TemporaryPage {
  const folder = temporaryFolder('bootbench-');
  const path = join(folder, 'report.html');
  return { path, discard: () => void (existsSync(path) || rmSync(folder, { recursive: true, force: true })) };
}

/** Does not wait for the browser; where there is none, stderr says where the page lies. */
export function showPage(file: string, io: Io): void {
  const [program, ...args] = opener(io);
  const child = spawn(program, [...args, file], { detached: true, stdio: 'ignore' });
  child.on('error', () => io.stderr.write(`bootbench: no browser could be started; the report is ${file}\n`));
  child.unref();
}

function opener(io: Io): [program: string, ...args: string[]] {
  const own = io.env['BROWSER'];
  if (own !== undefined && own !== '') return [own];
  if (process.platform === 'darwin') return ['open'];
  // the first argument of `start` is a title
  return process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
}
