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
const header = readFileSync(new URL('../../rom/generated/options.h', import.meta.url), 'utf8');

describe('ROM options', () => {
  it('the C header has the words of the block in the same order, and for each value its index', () => {
    const names = [...header.matchAll(/^ {2}OPTION_([A-Z0-9_]+),?$/gm)].map((m) => m[1]!.toLowerCase().replaceAll('_', '-'));
    expect(names).toEqual([...ROM_OPTION_IDS, 'count']);
    expect(header).toContain('enum { LEAVE_VTOR_KEEPS = 0, LEAVE_VTOR_SETS = 1 };');
    expect(header).toContain('enum { SYSFLASH_GAP_ERASED = 0, SYSFLASH_GAP_ZERO = 1, SYSFLASH_GAP_FAULT = 2');
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
    const withValue = (id: RomOptionId, wanted: string | undefined): RomFamily[] => FAMILIES.filter((f) => value(f, id) === wanted);
    expect(withValue('leave', 'silent')).toEqual(['H7', 'U5', 'G4', 'G0', 'C0']);
    expect(withValue('remap', 'sets')).toEqual(['F0']);
    expect(withValue('remap', undefined)).toEqual(['H5', 'H7', 'U5', 'F1', 'F7']);
    expect(withValue('systick', 'off')).toEqual(['H5', 'H7', 'U5']);
    expect(withValue('unexpected-exception', 'resets')).toEqual(['L4']);
    expect(FAMILIES.filter((f) => value(f, 'vtor'))).not.toContain('F0');
    expect(FAMILIES.filter((f) => value(f, 'bank-check'))).toEqual(['L4', 'G4', 'L0']);
    expect(FAMILIES.filter((f) => value(f, 'sysflash-gap'))).toEqual(['H5']);
    // F103 has no DFU; what F105 hands over is in its profile.
    expect(FAMILIES.filter((f) => value(f, 'leave-vtor') === 'keeps')).toEqual(FAMILIES.filter((f) => f !== 'F1' && value(f, 'vtor')));
    expect(FAMILIES.filter((f) => value(f, 'leave-clocks') !== 'keeps')).toEqual(['F1']);
    expect(FAMILIES.filter((f) => value(f, 'hse-missing') === 'resets')).toEqual(['L1', 'F4', 'F7']);
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
