/**
 * `bootbench/node`: reads files for the library.
 * @module bootbench/node
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { splitImagePath } from './image/image.ts';
import type { JobImage } from './bench/input/job.ts';
import { parseScenario } from './bench/input/scenario.ts';
import { usePrebuiltValidator } from './cli/prebuilt-validator.ts';
import { checkExpect } from './bench/documents/expect.ts';
import type { TypedScenario } from './library/options.ts';
import { shown, UsageError } from './bench/documents/usage-error.ts';

export { UsageError } from './bench/documents/usage-error.ts';
export type { JobImage } from './bench/input/job.ts';

usePrebuiltValidator();

/** Reads an image for `bench`: ELF, Intel HEX, S-record, UF2, DfuSe, or a raw binary with its address after an `@` (`fw.bin@0x08000000`). Throws a UsageError if the file cannot be read. */
export const readImage = (path: string): JobImage => ({ path, bytes: readBytes(splitImagePath(pathText(path)).file) });

/** Reads any file, for example a ROM dump for `romDump`. Throws a UsageError if it cannot be read. */
export function readBytes(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(pathText(path)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // a name with line feeds or escapes is no line of a log
    const plain = !/\p{Cc}|\p{Cf}/u.test(path);
    throw new UsageError(
      `${plain ? path : shown(path)} cannot be read`,
      plain ? (error as Error).message : (error as NodeJS.ErrnoException).code,
    );
  }
}

/** Reads a scenario file and checks it against the schema. A UsageError names the wrong key. */
export async function readScenario(path: string): Promise<TypedScenario> {
  const scenario = await parseScenario(new TextDecoder().decode(readBytes(path)), basename(path));
  if (scenario.expect) checkExpect(scenario.expect, basename(path));
  return scenario as TypedScenario;
}

function pathText(path: unknown): string {
  if (typeof path !== 'string') throw new UsageError(`the path is ${shown(path)}`, 'give a text');
  return path;
}
