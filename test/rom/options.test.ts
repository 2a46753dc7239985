import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ABSENT_WORD,
  optionWords,
  otherValues,
  resolveRomOptions,
  RomOptionError,
  ROM_OPTION_DEFAULTS,
  ROM_OPTION_IDS,
  ROM_OPTION_VALUES,
  type RomFamily,
  type RomOptionId,
} from '../../src/rom/options.ts';

const FAMILIES = Object.keys(ROM_OPTION_DEFAULTS) as RomFamily[];
const header = readFileSync(new URL('../../rom/common/options.h', import.meta.url), 'utf8');

describe('ROM options', () => {
  it('the words of the option block stand in the same order in the C header', () => {
    const names = [...header.matchAll(/^ {2}OPTION_([A-Z0-9_]+),?$/gm)].map((m) => m[1]!.toLowerCase().replaceAll('_', '-'));
    expect(names).toEqual([...ROM_OPTION_IDS, 'count']);
  });

  it('the C names of values have the numbers that the lists give them', () => {
    const value = (name: string): number => Number(new RegExp(`\\b${name} = (\\d)`).exec(header)![1]);
    const index = (id: RomOptionId, text: string): number => (ROM_OPTION_VALUES[id] as readonly string[]).indexOf(text);
    const rows: [string, RomOptionId, string][] = [
      ['KEEPS_0', 'primask', 'keeps'],
      ['CLEARS_1', 'dcache', 'clears'],
      ['SETS_0', 'vtor', 'sets'],
      ['KEEPS_1', 'flash-latency', 'keeps'],
      ['VOS_KEEPS', 'vos', 'keeps'],
      ['VOS_SETS', 'vos', 'sets'],
      ['SYSTICK_OFF', 'systick', 'off'],
      ['SYSTICK_USES', 'systick', 'uses'],
      ['SYSTICK_KEEPS', 'systick', 'keeps'],
      ['UNEXPECTED_LOOPS', 'unexpected-exception', 'loops'],
      ['UNEXPECTED_RESETS', 'unexpected-exception', 'resets'],
      ['UNEXPECTED_RETURNS', 'unexpected-exception', 'returns'],
      ['RESET_FLAGS_IGNORES', 'reset-flags', 'ignores'],
      ['RESET_FLAGS_SOFTWARE_RETURNS', 'reset-flags', 'software-returns'],
      ['IWDG_REFRESHES', 'iwdg', 'refreshes'],
      ['IWDG_IGNORES', 'iwdg', 'ignores'],
      ['LEAVE_ANSWERS', 'leave', 'answers'],
      ['LEAVE_SILENT', 'leave', 'silent'],
    ];
    for (const [name, id, text] of rows) expect(value(name), name).toBe(index(id, text));
  });

  it('every default is one of its values and carries a source', () => {
    for (const family of FAMILIES) {
      for (const [id, row] of Object.entries(ROM_OPTION_DEFAULTS[family])) {
        expect(ROM_OPTION_VALUES[id as RomOptionId], `${family} ${id}`).toContain(row.value);
        expect(row.source.length, `${family} ${id}`).toBeGreaterThan(10);
      }
    }
  });

  it('families differ where the table of ROM facts says so', () => {
    const value = (family: RomFamily, id: RomOptionId): string | undefined => ROM_OPTION_DEFAULTS[family][id]?.value;
    expect(FAMILIES.map((f) => value(f, 'leave'))).toEqual(['answers', 'silent', 'answers', 'answers', 'answers']);
    expect(FAMILIES.map((f) => value(f, 'remap'))).toEqual([undefined, undefined, 'keeps', 'sets', 'keeps']);
    expect(FAMILIES.map((f) => value(f, 'systick'))).toEqual(['off', 'off', 'uses', 'uses', 'uses']);
    expect(FAMILIES.map((f) => value(f, 'unexpected-exception'))).toEqual(['loops', 'loops', 'resets', 'loops', 'loops']);
    expect(FAMILIES.filter((f) => value(f, 'vtor'))).not.toContain('F0');
    expect(FAMILIES.filter((f) => value(f, 'bank-check'))).toEqual(['L4']);
    expect(FAMILIES.filter((f) => value(f, 'sysflash-gap'))).toEqual(['H5']);
  });

  it('a word is the index of its value; what the family lacks keeps the erased pattern', () => {
    const family = fc.constantFrom(...FAMILIES);
    fc.assert(
      fc.property(family, fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 9 }), (f, pick, other) => {
        const ids = ROM_OPTION_IDS.filter((id) => ROM_OPTION_DEFAULTS[f][id]);
        const id = ids[pick % ids.length]!;
        const values = ROM_OPTION_VALUES[id] as readonly string[];
        const value = values[other % values.length]!;
        const settings = resolveRomOptions(ROM_OPTION_DEFAULTS[f], { [id]: value });
        const words = optionWords(settings);
        ROM_OPTION_IDS.forEach((each, i) => {
          const row = ROM_OPTION_DEFAULTS[f][each];
          const expected = each === id ? value : row?.value;
          expect(words[i]).toBe(expected === undefined ? ABSENT_WORD : (ROM_OPTION_VALUES[each] as readonly string[]).indexOf(expected));
        });
        const setting = settings.find((s) => s.id === id)!;
        expect(setting.chosen).toBe(true);
        expect([...otherValues(setting), value].sort()).toEqual([...values].sort());
      }),
    );
  });

  it('an unknown option and an unknown value are refused with what could stand there', () => {
    expect(() => resolveRomOptions(ROM_OPTION_DEFAULTS.H5, { primsk: 'keeps' })).toThrow(
      /this ROM has no option primsk; it has primask, faultmask/,
    );
    expect(() => resolveRomOptions(ROM_OPTION_DEFAULTS.H5, { primask: 'sets' })).toThrow('ROM option primask is keeps, clears, not sets');
    expect(() => resolveRomOptions(ROM_OPTION_DEFAULTS.H5, { remap: 'sets' })).toThrow(RomOptionError);
    expect(() => resolveRomOptions(ROM_OPTION_DEFAULTS.F0, { vtor: 'sets' })).toThrow(RomOptionError);
    expect(() => resolveRomOptions(ROM_OPTION_DEFAULTS.H5, { toString: 'x' })).toThrow(RomOptionError);
  });
});
