/** Which file of the ROMs' sources asks which other one, by the functions of the headers that it includes. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROM = fileURLToPath(new URL('../../rom/', import.meta.url));
const FAMILIES = readdirSync(ROM, { withFileTypes: true })
  .map((e) => (e.isDirectory() ? e.name : 'common'))
  .filter((name) => !['common', 'generated', 'images'].includes(name));
/** What every ROM is made of: asked of whoever gives it. */
const CONTRACT = 'common/rom_core.h';

interface Source {
  readonly file: string;
  readonly includes: readonly string[];
  readonly declares: readonly string[];
  readonly defines: readonly string[];
  readonly words: ReadonlySet<string>;
}
const names = (text: string, what: RegExp): string[] => [...text.matchAll(what)].map((m) => m[1]!);
const sourcesOf = (folder: string): Source[] =>
  readdirSync(ROM + folder)
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => {
      const text = readFileSync(`${ROM}${folder}/${name}`, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
      return {
        file: `${folder}/${name}`,
        includes: names(text, /#include "([^"]+)"/g),
        declares: names(text, /^\w[^;{}#=]*?\b(\w+)\([^;{}]*\)\s*(?:__attribute__\(\([^;]*\)\))?;/gm),
        defines: names(text, /^(?!#)[^\s#/{}][^;{}#=]*?\b(\w+)\([^;{}]*\)\s*\{/gm),
        words: new Set(text.match(/\w+/g)),
      };
    });
const COMMON = sourcesOf('common');
/** Files that define a function. What several do (a driver, the flash of a family) is a contract as well, with whichever is built in. */
const definers = new Map<string, string[]>();
for (const s of [...COMMON, ...FAMILIES.flatMap(sourcesOf)])
  for (const name of s.defines) definers.set(name, [...(definers.get(name) ?? []), s.file]);

function asksOf(family: string): Map<string, string[]> {
  const sources = [...COMMON, ...sourcesOf(family)];
  const byName = new Map(sources.map((s) => [s.file, s]));
  const headersOf = (s: Source, seen = new Set<Source>()): Set<Source> => {
    for (const name of s.includes) {
      const header = [dirname(s.file), 'common', family].map((folder) => byName.get(`${folder}/${name}`)).find((h) => h);
      if (!header || seen.has(header)) continue;
      seen.add(header);
      headersOf(header, seen);
    }
    return seen;
  };
  const asks = (s: Source): string[] => {
    const declared = [...headersOf(s)].filter((h) => h.file !== CONTRACT).flatMap((h) => h.declares);
    const used = declared.filter((name) => s.words.has(name) && definers.get(name)?.length === 1 && !s.declares.includes(name));
    return [...new Set(used.map((name) => definers.get(name)![0]!))].filter((file) => file !== s.file);
  };
  return new Map(sources.map((s) => [s.file, asks(s)]));
}

describe.each(FAMILIES)('the ROM sources of %s', (family) => {
  const asks = asksOf(family);
  const reached = (file: string, seen = new Set<string>()): Set<string> => {
    for (const other of asks.get(file) ?? [])
      if (!seen.has(other)) {
        seen.add(other);
        reached(other, seen);
      }
    return seen;
  };

  it('are found to ask one another', () => {
    expect(asks.get('common/start.c')).toEqual(
      expect.arrayContaining(['common/can_protocol.h', 'common/dfu.c', 'common/leave.h', 'common/serial.c']),
    );
    expect(asks.get('common/serial.c')).toContain('common/leave.h');
  });

  it('do so in no circle', () => {
    expect([...asks.keys()].filter((file) => reached(file).has(file))).toEqual([]);
  });
});
