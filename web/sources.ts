/** Sources that the page has of a firmware: those of an example, or those that somebody dropped with the file. */
import { codeFilesOf, usesCmsis } from '../src/report/from-images.ts';
import type { Sources } from '../src/report/source-lines.ts';
import type { Piece, SourceTexts } from './setup.ts';
import { fileFor } from './source-files.ts';

/** Lines of the sources, and what the image tells about them. */
export function sourcesIn(texts: SourceTexts, pieces: readonly Piece[]): Sources {
  const lines = new Map<string, readonly string[]>();
  let code: readonly string[] | undefined;
  const sources = (file: string): ReturnType<Sources> => {
    const path = fileFor(texts, file);
    if (path === null) return null;
    if (!lines.has(path)) lines.set(path, texts[path]!.split(/\r?\n/));
    return { path, lines: lines.get(path)!, newer: false, elsewhere: false };
  };
  return Object.assign(sources, {
    usesCmsis: () => usesCmsis(pieces.map(({ bytes }) => bytes)),
    codeFiles: () => (code ??= codeFilesOf(pieces.map(({ name, bytes }) => ({ path: name, bytes })))),
  });
}
