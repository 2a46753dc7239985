/** The stand-in ROM's own source for a machine that stands in it: loaded when it first does. */
import { useEffect, useState } from 'preact/hooks';
import { codeLine, type CodeLines } from '../src/rom/code-lines.ts';
import type { SourceTexts, View } from './setup.ts';

/** Null: it could not be had, and is asked for again at the next step. */
async function textOf(name: string): Promise<string | null> {
  const answer = await fetch(name).catch(() => null);
  // some servers answer with their own page where there is no such file
  const isPage = answer?.headers.get('content-type')?.startsWith('text/html') === true;
  return answer?.ok === true && !isPage ? answer.text() : null;
}
interface RomCode {
  readonly lines: Readonly<Record<string, CodeLines>>;
  readonly texts: SourceTexts;
}
const NOTHING: RomCode = { lines: {}, texts: {} };

/** The view with the place and the rows of its code named by the ROM's own lines, and the text of the file that it stands in. */
export function useRomCode(view: View | null): { readonly view: View | null; readonly texts: SourceTexts } {
  const [code, setCode] = useState(NOTHING);
  const image = view?.zone === 'rom' ? view.rom : null;
  const lines = image === null ? undefined : code.lines[image];
  const shown = view === null || lines === undefined ? view : named(view, lines);
  const file = lines === undefined ? null : (shown?.place.file ?? null);
  useEffect(() => {
    if (image === null || lines !== undefined) return;
    void textOf(`rom/lines/${image}.json`).then((text) => {
      if (text !== null) setCode((all) => ({ ...all, lines: { ...all.lines, [image]: JSON.parse(text) as CodeLines } }));
    });
  }, [image, view]);
  useEffect(() => {
    if (file === null || code.texts[file] !== undefined) return;
    void textOf(`rom/source/${file}`).then((text) => {
      if (text !== null) setCode((all) => ({ ...all, texts: { ...all.texts, [file]: text } }));
    });
  }, [file, view]);
  return { view: shown, texts: code.texts };
}

function named(view: View, lines: CodeLines): View {
  const { place } = view;
  const here = codeLine(lines, Number(place.pc));
  if (here === null) return view;
  let before = '';
  let last: string | null = null;
  const code = view.code.map((row) => {
    const at = codeLine(lines, row.address);
    if (at === null) return row;
    const line = at.file === null ? '' : `${at.file.slice(at.file.lastIndexOf('/') + 1)}:${at.line}`;
    const label = at.symbol !== last && at.from === row.address ? at.symbol : null;
    const made = { ...row, label, place: line === before ? '' : line };
    [before, last] = [line, at.symbol];
    return made;
  });
  return { ...view, place: { ...place, symbol: here.symbol, file: here.file, line: here.line }, code };
}
