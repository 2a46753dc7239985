/** The program that `--exec` runs against what a command serves. */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { UsageError } from '../bench/documents/usage-error.ts';
import { EXIT, SIGNALLED, verbatim, type Io } from './io.ts';

/** A command of blanks runs nothing: told before the machine is started. */
export function checkClient(command: string | undefined): void {
  if (command?.trim() === '') throw new UsageError('--exec: the command is empty', `for example --exec 'dfu-util -l'`);
}
/** Its exit code; null where it was interrupted. @param env what it is told beside the environment */
export async function runClient(
  command: string,
  env: Readonly<Record<string, string>>,
  io: Io,
  stopped: Promise<null>,
): Promise<number | null> {
  const child = spawn(command, { shell: true, cwd: io.cwd, env: { ...io.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (bytes: Buffer) => io.stdout.raw(verbatim(bytes.toString('utf8'))));
  child.stderr.on('data', (bytes: Buffer) => io.stderr.raw(verbatim(bytes.toString('utf8'))));
  const ended = new Promise<number>((settle, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => settle(code ?? (signal === null ? EXIT.internal : SIGNALLED + constants.signals[signal])));
  });
  const code = await Promise.race([ended, stopped]);
  if (code === null) await stop(child, ended);
  return code;
}
const PATIENCE_MS = 3000;

async function stop(child: ChildProcess, ended: Promise<number>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  await ended;
  clearTimeout(timer);
}
