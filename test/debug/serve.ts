/** A server of the command line in the test's process, until the test ends. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { streamOf, type Io } from '../../src/cli/io.ts';

export const ROOT = join(import.meta.dirname, '../..');

export interface Served {
  /** Its first line. */
  readonly line: string;
  /** What it has printed until then, and goes on printing, however many lines it writes at once. */
  readonly lines: readonly string[];
  /** Ctrl-C; gives the exit code. */
  readonly end: () => Promise<number>;
}

export async function serve(command: (io: Io) => Promise<number>): Promise<Served> {
  let stop = (): void => undefined;
  let ready: (line: string) => void = () => undefined;
  const lines: string[] = [];
  const first = new Promise<string>((settle) => (ready = settle));
  const printed = (text: string): void => {
    lines.push(...(text.match(/[^\n]*\n|[^\n]+$/g) ?? []));
    ready(lines[0]!);
  };
  const stream = (put: (text: string) => void) => streamOf(put, { isTTY: false, columns: 80 });
  const code = command({
    stdout: stream(printed),
    stderr: stream(() => undefined),
    env: {},
    cwd: ROOT,
    onInterrupt: (callback) => ((stop = () => callback('SIGINT')), () => undefined),
  });
  onTestFinished(() => stop());
  const line = await Promise.race([first, code.then((c) => `ended with ${c}`)]);
  return { line, lines, end: () => (stop(), code) };
}
