/** Places of code as boards' commands print them. */
import { lineAt, symbolAt, type LoadedImage } from '../image/image.ts';
import { sourceName } from '../image/source-name.ts';

/** `boot_jump, main.c:41`; null where the images know neither function nor line. */
export function codePlaceText(images: readonly LoadedImage[], pc: number): string | null {
  const found = symbolAt(images, pc);
  const line = lineAt(images, pc);
  const parts: string[] = [];
  if (found !== null) parts.push(sourceName(found.symbol.name));
  if (line) parts.push(`${line.file.split(/[/\\]/).at(-1)}:${line.line}`);
  return parts.length > 0 ? parts.join(', ') : null;
}
