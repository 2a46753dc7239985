/** The program. A run has a thread of its own, which loads what it needs; the exit code is set, not forced, so that everything written is flushed first. */
import { EXIT, processIo } from './io.ts';
import { relay } from './relay.ts';
import { hasThreads } from './threads.ts';

const args = process.argv.slice(2);
/** Commands that run machines without giving way: in a thread, so that signals are heard. `ask` in a terminal talks, which a thread cannot. */
const BUSY: ReadonlySet<string | undefined> = new Set(['run', 'ask', 'matrix', 'init', 'leave']);
const talks = (): boolean => args[0] === 'ask' && process.stdin.isTTY && process.stdout.isTTY;
const hasFolder = (): boolean => {
  try {
    process.cwd();
    return true;
  } catch {
    process.stderr.write('bootbench: the working folder no longer exists; change to one that does\n');
    return false;
  }
};
if (!hasFolder()) process.exitCode = EXIT.usage;
else
  process.exitCode = await (BUSY.has(args[0]) && hasThreads() && !talks()
    ? relay(args)
    : (await import('./here.ts')).here(args, processIo()));
