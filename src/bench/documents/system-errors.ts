/** Errors of the system in words, and which of them are those of what bootbench runs on: the disk, the memory, the limits of files and processes. */
import { SurroundingsError } from './usage-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'no such file or folder',
  ENXIO: 'nobody reads this pipe',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links form a loop',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in the system',
  EDQUOT: 'the quota is used up',
  EIO: 'input or output error',
  EFBIG: 'the file would be larger than allowed',
  ENOMEM: 'no memory is left',
  EAGAIN: 'no more processes or threads can be started',
  ERR_WORKER_OUT_OF_MEMORY: 'the memory limit of Node is reached',
  ERR_INVALID_ARG_VALUE: 'no file can have such a name',
  ERR_ACCESS_DENIED: "Node's permissions do not allow it",
  READER_WAITS: 'the command is to end, and what reads there takes nothing',
  NO_WEBASSEMBLY: 'this Node runs without WebAssembly, which the emulator is made of',
};

export function reason(error: unknown): string {
  return REASONS[codeOf(error)] ?? (error as Error).message;
}
/** What V8 says where the system gives it no memory: of WebAssembly, and of buffers. */
const NO_MEMORY = /could not allocate memory|Array buffer allocation failed|: Out of memory/;
/** A thread that cannot start says why in its message alone. A file that has nothing to read says EAGAIN, too: that is no matter of processes. */
export function codeOf(error: unknown): string {
  const { code = '', message, syscall = '' } = error as NodeJS.ErrnoException;
  if (NO_MEMORY.test(message)) return 'ENOMEM';
  if (error instanceof ReferenceError && message.startsWith('WebAssembly ')) return 'NO_WEBASSEMBLY';
  if (code === 'ERR_WORKER_INIT_FAILED') return /\bE[A-Z]+$/.exec(message)?.[0] ?? code;
  return code === 'EAGAIN' && !/^(spawn|fork)/.test(syscall) ? '' : code;
}

/** What a user can do about errors that are neither his input's nor this program's. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'make room on the disk',
  EDQUOT: 'make room within your quota',
  EIO: 'the disk or the device fails',
  EFBIG: 'allow larger files (`ulimit -f`)',
  EMFILE: 'allow more open files (`ulimit -n`)',
  ENFILE: 'close programs',
  ENOMEM: 'close programs, or allow more (`ulimit -v`)',
  EAGAIN: 'close programs, or allow more (`ulimit -u`)',
  READER_WAITS: 'give a file, or a pipe that is read',
  NO_WEBASSEMBLY: 'start it without `--jitless` (NODE_OPTIONS)',
  ERR_WORKER_OUT_OF_MEMORY: 'allow more (`NODE_OPTIONS=--max-old-space-size=…`, in MB), or ask for less (`--max-memory`)',
  ERR_ACCESS_DENIED: 'allow it (`--allow-fs-read=…`, `--allow-fs-write=…`, `--allow-child-process`)',
};
/** An error of what bootbench runs on, with advice; null where it is none. */
export function surroundings(error: unknown, what: string): SurroundingsError | null {
  const code = codeOf(error);
  const { resource } = error as { readonly resource?: unknown };
  const about = typeof resource === 'string' && resource !== '' ? ` (${resource})` : '';
  return code in ADVICE ? new SurroundingsError(`${what}: ${reason(error)}${about}`, ADVICE[code]!) : null;
}

/** What a process that has ended says on stderr, where that is an error of what it runs on. */
export function surroundingsIn(said: string, what: string): SurroundingsError | null {
  // of the threads that Node itself starts
  if (/pthread_create: Resource temporarily unavailable/.test(said))
    return new SurroundingsError(`${what}: ${REASONS['EAGAIN']}`, ADVICE['EAGAIN']);
  const code = /\bcode: '(E[A-Z_]+)'/.exec(said)?.[1] ?? '';
  return surroundings(Object.assign(new Error(/^\w*Error: .*/m.exec(said)?.[0] ?? ''), { code, syscall: 'spawn' }), what);
}
