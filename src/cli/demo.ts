/** `bootbench demo`: a small firmware with three mistakes to try everything on, and the examples of the pages, in a folder of the user's own. */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { folderBeside } from '../campaign/temporary.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { printable } from '../report/text.ts';
import { EXIT, type Io } from './io.ts';
import { reason, surroundings } from '../bench/documents/system-errors.ts';
import { packageFile } from './package.ts';

const FOLDER = 'bootbench-demo';

/** @throws UsageError if the folder has something in it, or nothing can be written beside it */
export function demoCommand(typed: string | undefined, io: Io): number {
  const name = typed ?? FOLDER;
  const target = resolve(io.cwd, name);
  mustBeFree(target, name);
  // moved into place as a whole: an interrupted copy leaves no folder that looks complete
  const whole = newFolder(target, name);
  try {
    copyAll(whole);
    // it was the user's alone while it was made
    chmodSync(whole, 0o777 & ~process.umask());
    if (existsSync(target)) rmSync(target, { recursive: true });
    renameSync(whole, target);
  } catch (error) {
    rmSync(whole, { recursive: true, force: true });
    throw error;
  }
  io.stdout.write(
    printable(`wrote ${name}: firmware/, which is broken in three ways, and the examples of the documentation
Next   cd ${join(name, 'firmware')}
       npx bootbench run build/firmware.elf
       TUTORIAL.md beside it goes on from there: 20 minutes to a green CI job\n`),
  );
  return EXIT.ok;
}

function newFolder(target: string, name: string): string {
  try {
    return folderBeside(target);
  } catch (error) {
    throw surroundings(error, `cannot write ${name}`) ?? new UsageError(`cannot write ${name}: ${reason(error)}`);
  }
}

function mustBeFree(target: string, name: string): void {
  const parent = dirname(target);
  if (!existsSync(parent)) throw new UsageError(`there is no folder ${parent}`, 'make it first');
  if (!existsSync(target)) return;
  if (!statSync(target).isDirectory() || readdirSync(target).length > 0)
    throw new UsageError(`${name} is there already`, 'give another folder: bootbench demo <folder>');
}

/** The demonstration as it is in the package, the firmware of the pages with its sources, and lines that boards have written. */
function copyAll(to: string): void {
  const copy = (from: string, place: string): void => cpSync(packageFile(from), join(to, place), { recursive: true });
  copy('demo', '.');
  rmSync(join(to, 'examples.json'));
  const tutorial = readFileSync(packageFile('docs/tutorial.md'), 'utf8');
  // other pages are not beside it
  writeFileSync(join(to, 'firmware', 'TUTORIAL.md'), tutorial.replace(/\[([^\]]+)\]\((\w+\.md)\)/g, '$1 (docs/$2)'));
  copy('evidence', 'evidence');
  for (const example of examples()) {
    mkdirSync(join(to, example));
    for (const file of readdirSync(packageFile(`fixtures/${example}`)))
      if (file !== 'fixture.json') copy(`fixtures/${example}/${file}`, join(example, file));
  }
  copy('fixtures/common', 'common');
}

/** Folders of fixtures/ that the pages use. */
function examples(): readonly string[] {
  return JSON.parse(readFileSync(packageFile('demo/examples.json'), 'utf8')) as readonly string[];
}
