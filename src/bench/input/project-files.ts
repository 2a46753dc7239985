/**
 * Which part the files of a project name: `platformio.ini` with its board file, the `.ioc` file of CubeMX and CubeIDE, and what its build defines. They may be anybody's, so nothing of
 * their text goes further but the name of a part or a line that is known.
 */
import { existsUnmodelled, findChip } from '../../chips/index.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import { boardOf } from './boards.ts';
import { macrosIn, mentionsOf, partsNamed } from './part-names.ts';

/** What a file of the project names. */
export interface ProjectPart {
  /** With its package, where the file tells it: `STM32F103RBT`; of one that is not modelled its line alone. */
  readonly part: string;
  /** It is the name of a line, as ST's headers ask for it (`STM32F446xx`, `STM32F103xB`): any of its parts is meant. */
  readonly line?: true;
  /** `platformio.ini` */
  readonly file: string;
}
/** The parts that it can mean; none: it is not modelled. */
export function chipsOf({ part, line }: Pick<ProjectPart, 'part' | 'line'>): readonly ChipDescription[] {
  if (line === true) return partsNamed(part.toUpperCase()).flatMap((name) => findChip(name) ?? []);
  const chip = findChip(part);
  return chip === undefined ? [] : [chip];
}
/** Whether both can mean the same part. */
export function agree(a: ProjectPart, b: ProjectPart): boolean {
  const names = chipsOf(b).map(({ name }) => name);
  return chipsOf(a).some(({ name }) => names.includes(name));
}

/** No board has a longer name. */
const LONGEST_VALUE = 64;
/** Sections that extend others, and values that name others: nobody goes further. */
const MOST_STEPS = 64;
const LINE = 'STM32F103'.length;
const WITH_PACKAGE = 'STM32F103RBT'.length;

/** @param way from the folder of the file to the image: it names the environment, as in `.pio/build/nucleo/firmware.elf` */
export function partInPlatformio(text: string, way: readonly string[]): string | null {
  const { mcu, board } = valuesIn(text, way);
  return mcu ?? (board === null ? null : partOfBoard(board));
}
/** The file of a board that the project describes itself, from its folder on; null: none can be meant. */
export function boardFileOf(text: string, way: readonly string[]): readonly string[] | null {
  const { mcu, board, folder } = valuesIn(text, way);
  return mcu !== null || board === null || ![board, folder].every((name) => PLAIN_NAME.test(name)) ? null : [folder, `${board}.json`];
}
/** No way out of a folder. */
const PLAIN_NAME = /^\w[\w.-]*$/;
function valuesIn(
  text: string,
  way: readonly string[],
): { readonly mcu: string | null; readonly board: string | null; readonly folder: string } {
  const sections = sectionsOf(text);
  const env = environment(sections, way);
  const folder = valueOf(sections, 'platformio', 'boards_dir') ?? 'boards';
  if (env === null) return { mcu: null, board: null, folder };
  const mcu = valueOf(sections, env, 'board_build.mcu');
  return { mcu: mcu === null ? null : knownPart(mcu), board: valueOf(sections, env, 'board'), folder };
}

/** `build.mcu` of PlatformIO's description of a board. */
export function partInBoardFile(text: string): string | null {
  try {
    const mcu: unknown = (JSON.parse(text) as { build?: { mcu?: unknown } | null } | null)?.build?.mcu;
    return typeof mcu === 'string' ? knownPart(mcu) : null;
  } catch {
    return null;
  }
}

/** What `-DSTM32F446xx` says in a `compile_commands.json` or a Makefile; null where that is nothing, or is not one part. */
export function partInDefines(text: string): Omit<ProjectPart, 'file'> | null {
  const names = macrosIn(text).filter((name) => partsNamed(name).length > 0 || existsUnmodelled(name));
  if (names.length === 0 || names.length > MOST_MACROS) return null;
  // the density of the device library beside the name of the line: the closer one counts, if the other means it, too
  const [closest, ...others] = names.map((name) => ({ name, parts: partsNamed(name) })).toSorted((a, b) => a.parts.length - b.parts.length);
  const { name, parts } = closest!;
  if (parts.length === 0) return others.length === 0 ? { part: name.slice(0, LINE) } : null;
  return others.every((other) => parts.every((part) => other.parts.includes(part))) ? { part: asInHeaders(name), line: true } : null;
}
/** The script of the linker, by the name that CubeMX gives it, or plainly: `stm32h743zi.ld`, `stm32f072xb.ld`. */
const SCRIPT = String.raw`(stm32[a-z0-9]{4,10})(?:_(?:flash|ram)\w*)?\.ld\b`;
const IN_MAKEFILE = new RegExp(String.raw`^\s*LDSCRIPT\s*[:?]?=\s*(?:\S*[\\/])?${SCRIPT}`, 'gim');
const IN_CMAKE = new RegExp(String.raw`(?<![\w-])${SCRIPT}`, 'gi');
/** What its name says in a Makefile: `LDSCRIPT = STM32F446RETx_FLASH.ld`. */
export const partInLinkerScript = (text: string): Omit<ProjectPart, 'file'> | null => onlyPart(text, IN_MAKEFILE);
/** In a file of CMake, whatever command names it. */
export const partInCMake = (text: string): Omit<ProjectPart, 'file'> | null => onlyPart(text, IN_CMAKE);
function onlyPart(text: string, script: RegExp): Omit<ProjectPart, 'file'> | null {
  const [only, ...others] = new Set([...text.matchAll(script)].map(([, name]) => name!.toUpperCase()));
  if (only === undefined || others.length > 0 || OF_FAMILY.test(only)) return null;
  const part = knownPart(only);
  if (part !== null && !OF_LINE.test(only)) return { part };
  return partsNamed(only).length > 0 ? { part: asInHeaders(only), line: true } : null;
}
/** As ST's headers call it: any pins, and any flash, or that of a density. */
const OF_LINE = /^STM32.{4}X.$/;
/** `STM32F4XX` */
const OF_FAMILY = /^STM32.{0,3}X/;
/** More are no build of one part. */
const MOST_MACROS = 4;
/** `STM32F103xB` */
const asInHeaders = (name: string): string => name.replace(/(?<=^.{9})X.$/, (end) => (end === 'XX' ? 'xx' : `x${end[1]!}`));

/** The commercial part number first: CubeMX calls a part `STM32F103C(8-B)Tx`, too. */
export function partInIoc(text: string): string | null {
  for (const key of ['Mcu.CPN', 'Mcu.UserName', 'Mcu.Name']) {
    const line = text.split(/\r?\n/).find((row) => row.startsWith(`${key}=`));
    const part = line === undefined ? null : knownPart(line.slice(key.length + 1).trim());
    if (part !== null) return part;
  }
  return null;
}

function knownPart(name: string): string | null {
  if (!/^stm32[a-z0-9]{4,14}$/i.test(name)) return null;
  const upper = name.toUpperCase();
  if (findChip(upper) !== undefined) return upper.slice(0, WITH_PACKAGE);
  return existsUnmodelled(upper) ? upper.slice(0, LINE) : null;
}
function partOfBoard(name: string): string | null {
  const mentions = mentionsOf([`\0${name}\0`]).flatMap(({ part }) => knownPart(part) ?? []);
  return mentions[0] ?? boardOf(name)?.chip ?? null;
}

type Sections = ReadonlyMap<string, ReadonlyMap<string, string>>;

function sectionsOf(text: string): Sections {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | null = null;
  for (const line of text.split(/\r?\n/)) {
    const head = /^\[([^\]]*)\]/.exec(line)?.[1]?.trim();
    if (head !== undefined) sections.set(head, (section = sections.get(head) ?? new Map<string, string>()));
    // a line that begins with a space goes on with the value above it
    const at = /^[a-z]/i.test(line) ? line.indexOf('=') : -1;
    if (at > 0)
      section?.set(
        line.slice(0, at).trim(),
        line
          .slice(at + 1)
          .replace(/\s[;#].*$/, '')
          .trim(),
      );
  }
  return sections;
}

/** The one that a folder on the way is called by, else the only one, else the only default one. */
function environment(sections: Sections, way: readonly string[]): string | null {
  const called = way.map((part) => `env:${part}`).find((name) => sections.has(name));
  if (called !== undefined) return called;
  const all = [...sections.keys()].filter((name) => name.startsWith('env:'));
  if (all.length === 1) return all[0]!;
  const byDefault = `env:${sections.get('platformio')?.get('default_envs') ?? ''}`;
  return sections.has(byDefault) ? byDefault : null;
}

/** Of the section, of those that it extends, of `[env]`; `${common.board}` is looked up there. */
function valueOf(sections: Sections, name: string, key: string): string | null {
  const seen = new Set<string>();
  const look = (section: string, wanted: string): string | null => {
    const id = `${section}\0${wanted}`;
    if (seen.has(id) || seen.size === MOST_STEPS) return null;
    seen.add(id);
    const own = sections.get(section);
    const value = own?.get(wanted);
    if (value === undefined) {
      for (const base of own?.get('extends')?.split(',') ?? []) {
        const found = look(base.trim(), wanted);
        if (found !== null) return found;
      }
      return section.startsWith('env:') ? look('env', wanted) : null;
    }
    const [, other, there] = /^\$\{([^.}]+)\.([^}]+)\}$/.exec(value) ?? [];
    if (there !== undefined) return look(other === 'this' ? section : other!, there);
    return value.length > LONGEST_VALUE ? null : value;
  };
  return look(name, key);
}
