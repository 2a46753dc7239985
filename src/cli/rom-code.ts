/** The source of a stand-in ROM: beside its image where this is a checkout, else as the playground's files have it. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { codeLine, type CodeLines } from '../rom/code-lines.ts';
import { makeCodeLines } from '../rom/make-code-lines.ts';
import type { RomSource } from '../report/keyframes.ts';
import { packageFile } from './package.ts';

const SITE = 'dist/web/rom';

/** @param image name of the ROM's image. Its lines are read when the first is asked for; where this installation has no source of it, none is known. */
export function romSource(image: string): RomSource {
  let lines: CodeLines | null | undefined;
  const texts = new Map<string, readonly string[]>();
  const textOf = (file: string): readonly string[] => {
    if (!texts.has(file)) texts.set(file, (textIn(`rom/${file}`) ?? fromSite(`source/${file}`) ?? '').split('\n'));
    return texts.get(file)!;
  };
  return (address) => {
    if (lines === undefined) lines = linesOf(image);
    const at = lines === null ? null : codeLine(lines, address);
    return at === null ? null : { ...at, text: at.file === null ? null : (textOf(at.file)[at.line! - 1] ?? null) };
  };
}
function linesOf(image: string): CodeLines | null {
  const elf = packageFile(`rom/images/${image}.elf`);
  if (existsSync(elf)) return makeCodeLines(new Uint8Array(readFileSync(elf)), elf);
  const text = fromSite(`lines/${image}.json`);
  return text === null ? null : (JSON.parse(text) as CodeLines);
}
function textIn(path: string): string | null {
  const file = packageFile(path);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}
function fromSite(path: string): string | null {
  const file = packageFile(`${SITE}/${path}.gz`);
  return existsSync(file) ? gunzipSync(readFileSync(file)).toString('utf8') : null;
}
