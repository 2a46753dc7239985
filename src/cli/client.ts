/** The program that `--exec` runs against what a command serves. */
import { constants } from 'node:os';
import { UsageError } from '../bench/documents/usage-error.ts';
import { EXIT, exitAfter, SIGNALLED, verbatim, type Io } from './io.ts';
import { ShellCommand } from './shell.ts';

/** A command of blanks runs nothing: told before the machine is started. */
export function checkClient(command: string | undefined): void {
  if (command?.trim() === '') throw new UsageError('--exec: the command is empty', `for example --exec 'dfu-util -l'`);
}
/** Its exit code, or that of the signal that ended it before its time; null where what it spoke to is gone. @param env what it is told beside the environment */
export async function runClient(
  command: string,
  env: Readonly<Record<string, string>>,
  io: Io,
  stopped: Promise<null>,
): Promise<number | null> {
  const client = new ShellCommand(command, { cwd: io.cwd, env: { ...io.env, ...env } }, (bytes, stream) =>
    io[stream].raw(verbatim(bytes.toString('utf8'))),
  );
  const ended = client.ended.then(({ code, signal }) => code ?? (signal === null ? EXIT.internal : SIGNALLED + constants.signals[signal]));
  const code = await Promise.race([ended, stopped]);
  if (code !== null) return code;
  await client.stop();
  const signal = io.interruptedBy?.() ?? null;
  return signal === null ? null : exitAfter(signal);
}
