/** Whether what was said of a planted bug names a paragraph that it breaks. */
import type { PlantedBug } from './bugs.ts';

const DOCUMENT = /(DFU 1\.1|USB 2\.0|AN3156|AN2662)/;

/** Paragraphs of a text such as `DFU 1.1 §6.1.1, §4.1.3; AN3156 §5.1`: each with its document. */
export function paragraphsOf(text: string): string[] {
  const found: string[] = [];
  let document: string | null = null;
  for (const piece of text.split(/[,;]|(?=DFU 1\.1|USB 2\.0|AN3156|AN2662)/)) {
    document = DOCUMENT.exec(piece)?.[1] ?? document;
    for (const m of piece.matchAll(/§\s*([A-Z]?\.?\d+(?:\.\d+)*|[A-Z]\.\d+(?:\.\d+)*)/g))
      if (document !== null) found.push(`${document} §${m[1]!}`);
  }
  return found;
}

/** One of the paragraphs is one that the bug breaks. */
export const namesIt = (bug: PlantedBug, texts: readonly string[]): boolean =>
  texts.some((text) => paragraphsOf(text).some((p) => bug.paragraphs.includes(p)));
