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
  const texts = new Map<string, string>();
  const queue = [file];
  let whole = true;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const found = sources(next);
    if (found === null || texts.has(found.path)) continue;
    texts.set(found.path, found.lines.join('\n'));
    for (const header of headersOf(found.lines)) {
      const place = texts.size > MOST_HEADERS ? undefined : placesOf(header, next).find((path) => sources(path) !== null);
      if (CMSIS_HEADER.test(header) || (place === undefined && sources.usesCmsis?.() !== false)) return null;
      if (place === undefined) whole = false;
      else queue.push(place);
    }
  }
  return { text: [...texts.values()].join('\n'), whole };
}
/** `stm32f4xx_hal.h` and its like. */
const HAL_HEADER = /(?:^|[\\/])stm32\w+_hal\.h$/i;
/** Whether a file has the functions of ST's HAL. One that calls such functions has them by a header, wherever that one lies. */
export function declaresHal(file: string, sources: Sources): boolean {
  const seen = new Set<string>();
  const queue = [file];
  let whole = true;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const found = sources(next);
    if (found === null || seen.has(found.path)) continue;
    seen.add(found.path);
    for (const header of headersOf(found.lines)) {
      if (HAL_HEADER.test(header)) return true;
      const place = seen.size > MOST_HEADERS ? undefined : placesOf(header, next).find((path) => sources(path) !== null);
      if (place === undefined) whole = false;
      else queue.push(place);
    }
  }
  return !whole && (sources(file)?.lines ?? []).some((line) => /\bHAL_[A-Z]\w*\s*\(/.test(line));
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
