/**
 * Which part the files of a project name: `platformio.ini`, and the `.ioc` file of CubeMX and CubeIDE. They may be anybody's, so nothing of their text goes
 * further but the name of a part that is known.
 */
import { existsUnmodelled, findChip } from '../../chips/index.ts';
import { boardOf } from './boards.ts';
import { mentionsOf } from './part-names.ts';

/** What a file of the project names. */
export interface ProjectPart {
  /** With its package, where the file tells it: `STM32F103RBT`; of one that is not modelled its line alone. */
  readonly part: string;
  /** `platformio.ini` */
  readonly file: string;
}

/** No board has a longer name. */
const LONGEST_VALUE = 64;
/** Sections that extend others, and values that name others: nobody goes further. */
const MOST_STEPS = 64;
const LINE = 'STM32F103'.length;
const WITH_PACKAGE = 'STM32F103RBT'.length;

/** @param way from the folder of the file to the image: it names the environment, as in `.pio/build/nucleo/firmware.elf` */
export function partInPlatformio(text: string, way: readonly string[]): string | null {
  const sections = sectionsOf(text);
  const env = environment(sections, way);
  if (env === null) return null;
  const mcu = valueOf(sections, env, 'board_build.mcu');
  const board = valueOf(sections, env, 'board');
  return (mcu === null ? null : knownPart(mcu)) ?? (board === null ? null : partOfBoard(board));
}

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
