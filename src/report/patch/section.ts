/** A variable whose declaration has put it into a section of its own already: what is wrong is where the linker script puts that section. */
import { DECLARED, partsOf } from '../../checks/fix-in-c.ts';
import type { ResultCause } from '../../bench/documents/result.ts';
import type { Sources } from '../source-lines.ts';

/** A fix of the linker script, as a comment, in place of the declaration that stands there already; null where that is not so. */
export function fixOfScript({ fix }: Pick<ResultCause, 'fix'>, sources: Sources): string | null {
  const part = fix === null ? undefined : partsOf(fix).find(({ goes }) => goes === 'declaration');
  const [, name, file, line] = DECLARED.exec(part?.remark ?? '') ?? [];
  const lines = file === undefined ? undefined : sources(file)?.lines;
  // the attribute may stand on the line above
  const text = lines?.slice(Math.max(0, Number(line) - 2), Number(line)).join(' ') ?? '';
  const section = SECTION.exec(text)?.[1];
  if (name === undefined || section === undefined || !text.includes(name)) return null;
  const where = placeIn(section, sources);
  return [
    `/* ${name} (${file}:${line}) is in ${section} already, and the start-up code writes where the linker script puts that:`,
    `   ${where === null ? 'in the linker script' : `in ${where}`}, take ${section} out of what .bss or .data begin and end with, into a section of its own:`,
    `   ${section} (NOLOAD) : { *(${section}) *(${section}.*) } >RAM */`,
  ].join('\n');
}
const SECTION = /\bsection\s*\(\s*"(\.?\w[\w.]*)"\s*\)/;

/** The only line of the linker scripts beside the image that names it: `stm32.ld:22`. */
function placeIn(section: string, sources: Sources): string | null {
  const names = new RegExp(`\\*\\(\\s*(?:[^)]*\\s)?${section.replaceAll('.', '\\.')}(?![\\w.])`);
  const found = (sources.linkerScripts?.() ?? []).flatMap((file) =>
    (sources(file)?.lines ?? []).flatMap((text, i) => (names.test(text) ? [`${file}:${i + 1}`] : [])),
  );
  return found.length === 1 ? found[0]! : null;
}
