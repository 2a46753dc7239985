/** The program. A run has a thread of its own, which loads what it needs; the exit code is set, not forced, so that everything written is flushed first. */
import { EXIT, processIo } from './io.ts';
import { surroundings } from './outputs.ts';
import { endWithParent } from './parent.ts';
import { relay } from './relay.ts';
import { hasThreads } from './threads.ts';

const args = process.argv.slice(2);
/** Commands that run machines without giving way: in a thread, so that signals are heard. `ask` in a terminal talks, which a thread cannot. */
const BUSY: ReadonlySet<string | undefined> = new Set(['run', 'ask', 'matrix', 'init', 'leave', 'rom']);
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
/** Node reads many files of this program at once: a low limit is met before any command has begun. */
async function inThisThread(): Promise<number> {
  const loaded = await import('./here.ts').catch((error: unknown) => {
    const outside = surroundings(error, 'it cannot start');
    if (outside === null) throw error;
    process.stderr.write(`bootbench: ${outside.message}\n`);
    return null;
  });
  return loaded === null ? EXIT.surroundings : loaded.here(args, processIo());
}
endWithParent();
if (!hasFolder()) process.exitCode = EXIT.usage;
else process.exitCode = await (BUSY.has(args[0]) && hasThreads() && !talks() ? relay(args) : inThisThread());
