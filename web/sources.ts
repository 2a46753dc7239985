/** Sources that the page has of a firmware: those of an example, or those that somebody dropped with the file. */
import { toldByImages } from '../src/report/from-images.ts';
import type { Sources } from '../src/report/source-lines.ts';
import type { Piece, SourceTexts } from './setup.ts';
import { fileFor } from './source-files.ts';

/** Lines of the sources, and what the image tells about them. */
export function sourcesIn(texts: SourceTexts, pieces: readonly Piece[]): Sources {
  const lines = new Map<string, readonly string[]>();
  const sources = (file: string): ReturnType<Sources> => {
    const path = fileFor(texts, file);
    if (path === null) return null;
    if (!lines.has(path)) lines.set(path, texts[path]!.split(/\r?\n/));
    return { path, lines: lines.get(path)!, newer: false, elsewhere: false };
  };
  const told = toldByImages(() => pieces.map(({ name, bytes }) => ({ path: name, bytes })));
  return Object.assign(sources, told);
}
