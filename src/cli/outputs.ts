/**
 * Files that a run writes. Each is tried by a temporary beside its target before the run, so that a path that cannot be written is found at once, and put in
 * place by a rename at the end, so that nobody sees half a file. In between nothing is there that a process which is killed would leave.
 */
import { accessSync, closeSync, constants, existsSync, openSync, readSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { SafeText } from '../bench/documents/safe-text.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { codeOf, reason, surroundings } from '../bench/documents/system-errors.ts';
import { discard, openTemporary, removeLeftOf, writeWhole } from '../campaign/temporary.ts';
import { isElf } from '../image/elf.ts';
import { couldNotWrite, nowWrites, sameFile, wasRead } from './command-files.ts';
import { writeInPlace } from './in-place.ts';

export interface OutputFile {
  readonly option: string;
  readonly path: string;
  /** What was read from it before is put back, with more. */
  readonly updates?: boolean;
}

interface Reserved {
  readonly target: string;
  /** As it was typed. */
  readonly path: string;
  /** A device or pipe. */
  readonly inPlace: boolean;
  readonly updates: boolean;
}

export class Outputs {
  private readonly reserved = new Map<string, Reserved>();

  /** @param inputs files that are yet to be read: none of them may be written over, and none that was read (command-files.ts) */
  constructor(files: readonly OutputFile[], cwd: string, inputs: readonly string[] = []) {
    mustBeApart(files, cwd, inputs);
    try {
      for (const file of files) this.reserve(file, cwd);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** False: it could not be. The command fails for it at its end, when its other files are written. */
  write(option: string, text: SafeText | Uint8Array): boolean {
    const place = this.reserved.get(option);
    if (place === undefined) return false;
    this.reserved.delete(option);
    const { target, path, inPlace } = place;
    try {
      if (!place.updates && wasRead(target)) throw isInput(option, path);
      if (inPlace) {
        const open = openAs(target);
        if (open === null) writeInPlace(target, text);
        else writeFileSync(open, text);
      } else writeWhole(target, text);
      return true;
    } catch (error) {
      couldNotWrite(
        error instanceof UsageError
          ? error
          : (surroundings(error, `${option}: cannot write ${target}`) ??
              new UsageError(`${option}: cannot write ${target}: ${reason(error)}`)),
      );
      return false;
    }
  }

  /** What has not been written is not written any more. */
  discard(): void {
    this.reserved.clear();
  }

  private reserve({ option, path, updates = false }: OutputFile, cwd: string): void {
    const target = targetOf(path, cwd);
    const other = isStream(target) ? null : nowWrites(option, target);
    if (other !== null) throw bothWrite(other, option, path);
    const fail = (why: string): never => {
      throw new UsageError(`${option}: cannot write ${path}: ${why}`);
    };
    const existing = existsSync(target) ? statSync(target) : null;
    if (existing?.isDirectory() === true) fail('it is a folder');
    mustBeNoFirmware({ option, path }, cwd);
    if (!existsSync(dirname(target))) fail(`there is no folder ${dirname(path)}`);
    try {
      if (existing !== null) accessSync(target, constants.W_OK);
      if (existing !== null && (!existing.isFile() || isStream(target))) {
        this.reserved.set(option, { target, path, inPlace: true, updates });
        return;
      }
      removeLeftOf(target);
      discard(openTemporary(target));
      this.reserved.set(option, { target, path, inPlace: false, updates });
    } catch (error) {
      // the folder is there: /proc and its like say so to whoever makes a file
      fail(codeOf(error) === 'ENOENT' ? 'this folder takes no files' : reason(error));
    }
  }
}

/**
 * The number under which a stream of this process is open, where a file is behind it: opened anew, the file would be emptied, and what is written written over.
 * Anything else is opened by its name, as it may be open for others without waiting.
 */
function openAs(path: string): number | null {
  const number = { '/dev/stdout': '1', '/dev/stderr': '2' }[path] ?? /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(path)?.[1];
  return number !== undefined && statSync(path).isFile() ? Number(number) : null;
}

/** A stream of this process, also where the shell has put a file behind it: never replaced by a rename. */
const isStream = (path: string): boolean => /^\/(dev|proc)\//.test(path);

/** Where a link leads to is written, the link itself stays. */
function targetOf(path: string, cwd: string): string {
  const named = resolve(cwd, path);
  return existsSync(named) && !isStream(named) ? realpathSync(named) : named;
}

/** Each has a name, none of them is an input, and no two are one file. */
export function mustBeApart(files: readonly OutputFile[], cwd: string, inputs: readonly string[] = []): void {
  const taken = new Map<string, string>();
  for (const file of files) {
    const { option, path } = file;
    if (path === '') throw emptyName(option);
    mustBeNoInput(file, inputs, cwd);
    const target = targetOf(path, cwd);
    const other = taken.get(target);
    if (other !== undefined) throw bothWrite(other, option, path);
    taken.set(target, option);
  }
}

/** Nothing that is written is an ELF or source code: a file that is one is somebody's work, and its name a slip. */
export function mustBeNoFirmware({ option, path }: OutputFile, cwd: string): void {
  if (startsAsElf(resolve(cwd, path)))
    throw new UsageError(`${option}: ${path} is firmware (ELF), which bootbench does not overwrite`, 'give another name');
  if (SOURCE.test(path) && existsSync(resolve(cwd, path)))
    throw new UsageError(`${option}: ${path} is source code, which bootbench does not overwrite`, 'give another name');
}
const SOURCE = /\.(c|h|cc|cpp|cxx|hh|hpp|s|asm|rs|ino|ld)$/i;
function startsAsElf(path: string): boolean {
  if (!existsSync(path) || !statSync(path).isFile()) return false;
  try {
    const file = openSync(path, 'r');
    const magic = new Uint8Array(4);
    readSync(file, magic);
    closeSync(file);
    return isElf(magic);
  } catch {
    return false;
  }
}
/** Formats of firmware that are read and not written, by what their files are called. */
const NOT_WRITTEN: readonly { readonly names: RegExp; readonly called: string }[] = [
  { names: /\.(elf|axf|out)$/i, called: 'not an ELF file' },
  { names: /\.dfu$/i, called: 'not a DfuSe file' },
  { names: /\.uf2$/i, called: 'not a UF2 file' },
  { names: /\.(srec?|s19|s28|s37|mot)$/i, called: 'not an S-record file' },
];
/** What the flash held is not called what it is not: other programs go by the name. */
export function mustBeCalledWhatItIs({ option, path }: OutputFile): void {
  const not = NOT_WRITTEN.find(({ names }) => names.test(path));
  if (not)
    throw new UsageError(
      `${option}: the output is ${not.called}, so the name ${path} does not fit`,
      'it is Intel HEX for *.hex and raw otherwise; for example flash.bin',
    );
}

/** What `--out $NAME` gives where NAME is not set. */
export const emptyName = (option: string): UsageError => new UsageError(`${option}: the name is empty`, 'is a shell variable not set?');

/** What is read is not written over; `-`, where it is not standard output, would be a file that hardly anybody gets rid of. */
export function mustBeNoInput({ option, path, updates = false }: OutputFile, inputs: readonly string[], cwd: string): void {
  if (path === '-') throw new UsageError(`${option}: - is not a file name`, 'write /dev/stdout for standard output, ./- for a file');
  const named = resolve(cwd, path);
  if ((!updates && wasRead(named)) || inputs.some((input) => sameFile(resolve(cwd, input), named))) throw isInput(option, path);
}
const isInput = (option: string, path: string): UsageError =>
  new UsageError(`${option}: ${path} is an input of this run`, 'give another name');
const bothWrite = (one: string, other: string, path: string): UsageError => new UsageError(`${one} and ${other} both write ${path}`);
