/** The program. A run has a thread of its own, which loads what it needs; the exit code is set, not forced, so that everything written is flushed first. */
import { SIGNALS } from './first.ts';
import { EXIT, processIo } from './io.ts';
import { surroundings } from '../bench/documents/system-errors.ts';
import { endWithParent } from './parent.ts';
import { relay } from './relay.ts';
import { hasThreads } from './threads.ts';
import { GONE_MS, TOLD_MS, untilTaken } from './unread.ts';

const args = process.argv.slice(2);
/**
 * Commands that are served here, where nothing may keep signals from being heard. They leave machines to other processes (`campaign`, `worker`, `mcp`), have none, or
 * need what a thread has not, a driver (`--usb`, `dfu-test`). All others work in a thread.
 */
const HERE: ReadonlySet<string> = new Set(['campaign', 'worker', 'mcp', 'chips', 'explain', 'completion', 'demo', 'help']);
const drives = (): boolean => (args[0] === 'conform' || args[0] === 'board') && args.some((arg) => /^(dfu-test|--usb(=.*)?)$/.test(arg));
const isHere = ([first = '-'] = args): boolean => first.startsWith('-') || HERE.has(first) || drives();
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
  return loaded === null ? EXIT.surroundings : loaded.here(args, processIo(SIGNALS));
}
endWithParent();
if (!hasFolder()) process.exitCode = EXIT.usage;
else process.exitCode = await (!isHere() && hasThreads() ? relay(args) : inThisThread());
/** A client of `mcp` that has gone may have left what it did not read. All else waits for its reader as long as he likes, until a signal comes. */
const patience = SIGNALS.heard !== null ? TOLD_MS : args[0] === 'mcp' ? GONE_MS : Infinity;
if (patience < Infinity) void untilTaken(process.stdout, patience).then((taken) => taken || process.exit());
