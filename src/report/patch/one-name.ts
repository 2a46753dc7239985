/**
 * One file may have two names: the debug data call it `/home/ann/fw/Core/Src/main.c`, results `Core/Src/main.c`, and another unit of the same image `../Core/Src/main.c`.
 * A patch has one section for a file, so all that makes it compares names that come from here.
 */
import { placesIn } from '../shown-paths.ts';
import type { Sources } from '../source-lines.ts';

export interface NamedSources extends Sources {
  /** The name that stands for the file: the first one that the result has for it. */
  readonly nameOf: (file: string) => string;
}

export function underOneName(result: unknown, sources: Sources): NamedSources {
  const names = new Map<readonly string[], string>();
  const nameOf = (file: string): string => {
    const lines = sources(file)?.lines;
    if (lines === undefined) return file;
    const name = names.get(lines) ?? file;
    names.set(lines, name);
    return name;
  };
  for (const file of placesIn(result)) nameOf(file);
  const { codeFiles } = sources;
  return Object.assign((file: string) => sources(file), sources, {
    nameOf,
    ...(codeFiles && { codeFiles: () => [...new Set(codeFiles().map(nameOf))] }),
  });
}
