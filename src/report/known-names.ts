/** Which names a source file can use: those that it contains, and those of the headers that it includes. */
import type { Sources } from './source-lines.ts';

/** Headers without CMSIS names: those of C and C++, and those of libopencm3. */
const OTHER_HEADER = /^\s*#\s*include\s*(?:<c?(?:std\w+|string|math|assert|errno|limits|inttypes|ctype|float)(?:\.h)?>|[<"]libopencm3\/)/;
/** ST's device headers and libraries, and Arm's own. */
const CMSIS_HEADER = /(?:^|\/)(?:stm32\w*|core_cm\w+|core_armv8\w+|cmsis\w*)\.h$/i;
/** Headers with `uint32_t`. */
const WITH_TYPES = /^\s*#\s*include\s*(?:<(?:c?stdint|c?inttypes)(?:\.h)?>|[<"]libopencm3\/)/m;
const INCLUDE = /^\s*#\s*include\s*[<"]([^>"]+)[>"]/;
/** Where headers lie, seen from the file that includes them. */
const FOLDERS = ['', '../include/', '../inc/', '../Inc/', 'include/', 'inc/'];
const MOST_HEADERS = 100;

/** Whether a file knows a name. A header that is not found may define anything, unless the debug data have no type of CMSIS. */
export function namesKnownIn(file: string, sources: Sources): (name: string) => boolean {
  const around = textAround(file, sources);
  if (around === null) return () => true;
  const { text, whole } = around;
  const words = new Set(text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '').match(/\w+/g) ?? []);
  const types = !whole || WITH_TYPES.test(text);
  // what defines one of the two defines the other
  const masks = MASKS.some((name) => words.has(name));
  return (name) => words.has(name) || (types && /^u?int\d+_t$/.test(name)) || (masks && MASKS.includes(name));
}
const MASKS = ['__enable_irq', '__disable_irq'];

/** A file with the headers that it includes, and whether all were found; null where they may define all names of CMSIS. */
function textAround(file: string, sources: Sources): { readonly text: string; readonly whole: boolean } | null {
  const texts: string[] = [];
  let whole = true;
  for (const { header, isFound, lines } of includedBy(file, sources)) {
    if (header !== null && (CMSIS_HEADER.test(header) || (!isFound && sources.usesCmsis?.() !== false))) return null;
    whole &&= isFound;
    texts.push(lines.join('\n'));
  }
  return { text: texts.join('\n'), whole };
}
/** `stm32f4xx_hal.h` and its like. */
const HAL_HEADER = /(?:^|[\\/])stm32\w+_hal\.h$/i;
/** Whether a file has the functions of ST's HAL. One that calls such functions has them by a header, wherever that one lies. */
export function declaresHal(file: string, sources: Sources): boolean {
  let whole = true;
  for (const { header, isFound } of includedBy(file, sources)) {
    if (header !== null && HAL_HEADER.test(header)) return true;
    whole &&= isFound;
  }
  return !whole && (sources(file)?.lines ?? []).some((line) => /\bHAL_[A-Z]\w*\s*\(/.test(line));
}
/**
 * Whether a header that a file includes declares a function.
 *
 * @param definedIn its header may lie beside the file that defines it, where only the compiler's options lead
 */
export function isInHeaderOf(file: string, name: string, definedIn: string, sources: Sources): boolean {
  const declared = new RegExp(`^\\s*(?!return\\b)[A-Za-z_][\\w\\s*]*\\b${name}\\s*\\(`);
  for (const { header, lines } of includedBy(file, sources, definedIn))
    if (header !== null && lines.some((line) => declared.test(line))) return true;
  return false;
}

/** An `#include` on the way, or the file itself. */
interface Included {
  /** As it is named; null: the file itself. */
  readonly header: string | null;
  readonly isFound: boolean;
  /** Its text, the first time that it comes. */
  readonly lines: readonly string[];
}
/** A file, what it includes, and what that includes, as long as somebody asks. */
function* includedBy(file: string, sources: Sources, ...beside: readonly string[]): Generator<Included> {
  const own = sources(file);
  if (own === null) return;
  yield { header: null, isFound: true, lines: own.lines };
  const seen = new Set([own.path]);
  const queue = [{ place: file, lines: own.lines }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift())
    for (const header of headersOf(next.lines)) {
      const places = seen.size > MOST_HEADERS ? [] : [next.place, ...beside].flatMap((from) => placesOf(header, from));
      const place = places.find((path) => sources(path) !== null);
      const found = place === undefined ? null : sources(place);
      const isNew = found !== null && !seen.has(found.path);
      yield { header, isFound: found !== null, lines: isNew ? found.lines : [] };
      if (!isNew) continue;
      seen.add(found.path);
      queue.push({ place: place!, lines: found.lines });
    }
}
const headersOf = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => (OTHER_HEADER.test(line) ? [] : (INCLUDE.exec(line)?.[1] ?? [])));

function placesOf(header: string, from: string): string[] {
  const folder = from.slice(0, Math.max(from.lastIndexOf('/'), from.lastIndexOf('\\')) + 1);
  return [
    ...FOLDERS.map((f) => normal(`${folder}${f}${header}`)),
    ...FOLDERS.filter((f) => !f.startsWith('..')).map((f) => `${f}${header}`),
  ];
}
/** Without `x/../`. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
