/** FLASH of STM32L0 as RM0376 3.3 describes it: keys, words, half pages, pages, data EEPROM, option bytes. Erased cells are 0. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32L072CZ } from '../../src/chips/stm32l0.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const FLASH = 0x08000000;
const EEPROM = 0x08080000;
const OPTIONS = 0x1ff80000;
const KEYS = { PEKEYR: [0x89abcdef, 0x02030405], PRGKEYR: [0x8c9daebf, 0x13141516], OPTKEYR: [0xfbead9c8, 0x24252627] } as const;
const [PELOCK, PROG, ERASE, FPRG, OBL_LAUNCH] = [1, 8, 0x200, 0x400, 0x40000];
const PROGRAM_MS = 3.28;

const chip = new StChip(STM32L072CZ);
const flash = chip.system.memoryBytes('flash');
const unlock = (h: StChip, ...names: readonly (keyof typeof KEYS)[]): void => {
  for (const name of names) for (const key of KEYS[name]) h.write(`FLASH.${name}`, key);
};
const opened = (): StChip => {
  const h = chip.again();
  flash.fill(0);
  unlock(h, 'PEKEYR', 'PRGKEYR');
  return h;
};
const word = (at: number): number => new DataView(flash.buffer, flash.byteOffset).getUint32(at, true);
const flags = (h: StChip): readonly string[] => ['WRPERR', 'PGAERR', 'SIZERR', 'NOTZEROERR'].filter((f) => h.get(`FLASH.SR.${f}`) === 1);
const clear = (h: StChip): void => void h.write('FLASH.SR', 0x32f02);

type Step =
  | { readonly kind: 'word' | 'locked' | 'half-word'; readonly at: number; readonly value: number }
  | { readonly kind: 'half-page'; readonly at: number; readonly value: number }
  | { readonly kind: 'erase'; readonly at: number };
const at = fc.nat(0xff).map((n) => 0x4000 + 4 * n);
const value = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0xffffffff));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('word' as const, 'locked' as const, 'half-word' as const), at, value }),
  fc.record({ kind: fc.constant('half-page' as const), at: at.map((a) => a & ~63), value }),
  fc.record({ kind: fc.constant('erase' as const), at }),
);

describe('flash of STM32L072', () => {
  it('random words, half pages, erased pages and refused writes leave what the array of words holds', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const h = opened();
        const model = new Map<number, number>();
        const has = (a: number): number => model.get(a) ?? 0;
        for (const s of steps) {
          clear(h);
          let expected: string[] = [];
          if (s.kind === 'erase') {
            h.write('FLASH.PECR', ERASE | PROG);
            h.system.write(FLASH + s.at, 4, 0);
            for (let i = 0; i < 128; i += 4) model.delete((s.at & ~127) + i);
          } else if (s.kind === 'half-page') {
            h.write('FLASH.PECR', FPRG | PROG);
            const words = Array.from({ length: 16 }, (_, i) => Math.imul(s.value, i + 1) >>> 0);
            words.forEach((v, i) => h.system.write(FLASH + s.at + 4 * i, 4, v));
            if (words.some((_, i) => has(s.at + 4 * i) !== 0)) expected = ['NOTZEROERR'];
            else words.forEach((v, i) => model.set(s.at + 4 * i, v));
          } else if (s.kind === 'word') {
            h.system.write(FLASH + s.at, 4, s.value);
            if (has(s.at) !== 0) expected = ['NOTZEROERR'];
            else model.set(s.at, s.value);
          } else if (s.kind === 'half-word') {
            h.system.write(FLASH + s.at, 2, s.value & 0xffff);
            expected = ['SIZERR'];
          } else {
            h.write('FLASH.PECR', PELOCK);
            h.system.write(FLASH + s.at, 4, s.value);
            expected = ['WRPERR'];
          }
          refused += expected.length;
          expect([s.kind, flags(h), h.get('FLASH.SR.BSY')]).toEqual([s.kind, expected, expected.length > 0 ? 0 : 1]);
          h.wait(PROGRAM_MS * MS + 1e6);
          expect(h.get('FLASH.SR.BSY')).toBe(0);
          if (s.kind === 'locked') unlock(h, 'PEKEYR', 'PRGKEYR');
          h.write('FLASH.PECR', 0);
          for (let a = 0x4000; a < 0x4400; a += 4) expect([s.kind, a, word(a)]).toEqual([s.kind, a, has(a)]);
        }
      }),
      { numRuns: 40 },
    );
    expect(refused).toBeGreaterThan(20);
  });

  it('a half page takes its sixteen words in order and from its beginning', () => {
    const h = opened();
    h.write('FLASH.PECR', FPRG | PROG);
    h.system.write(FLASH + 4, 4, 1);
    expect(flags(h)).toEqual(['PGAERR']);
    clear(h);
    h.system.write(FLASH, 4, 1);
    h.system.write(FLASH + 8, 4, 2);
    expect(flags(h)).toEqual(['PGAERR']);
    h.wait(5 * MS);
    expect(word(0)).toBe(0);
  });

  it('the program memory opens behind PELOCK only, and a wrong key keeps it shut until a reset', () => {
    const h = chip.again();
    unlock(h, 'PRGKEYR');
    expect(h.get('FLASH.PECR.PRGLOCK')).toBe(1);
    unlock(h, 'PEKEYR', 'PRGKEYR');
    expect([h.get('FLASH.PECR.PELOCK'), h.get('FLASH.PECR.PRGLOCK')]).toEqual([0, 1]);
    h.reset('pin');
    unlock(h, 'PEKEYR', 'PRGKEYR');
    expect(h.get('FLASH.PECR.PRGLOCK')).toBe(0);
    h.set('FLASH.PECR.PELOCK', 1);
    expect(h.get('FLASH.PECR.PRGLOCK')).toBe(1);
  });

  it('EEPROM takes bytes behind PELOCK alone', () => {
    const h = chip.again();
    h.system.write(EEPROM, 1, 0x55);
    expect(flags(h)).toEqual(['WRPERR']);
    unlock(h, 'PEKEYR');
    h.system.write(EEPROM + 3, 1, 0x55);
    h.wait(5 * MS);
    expect(h.system.memoryBytes('eeprom')[3]).toBe(0x55);
  });

  it('option bytes act after OBL_LAUNCH; leaving level 1 erases everything', () => {
    const h = opened();
    h.system.write(FLASH, 4, 0x20001000);
    h.wait(5 * MS);
    const launch = (low: number): void => {
      unlock(h, 'PEKEYR', 'OPTKEYR');
      h.system.write(OPTIONS, 4, (low | (~low << 16)) >>> 0);
      h.wait(5 * MS);
      h.write('FLASH.PECR', OBL_LAUNCH);
      h.reset('option-bytes');
    };
    unlock(h, 'OPTKEYR');
    h.system.write(OPTIONS, 4, 0xff4400bb);
    h.wait(5 * MS);
    expect(h.get('FLASH.OPTR.RDP')).toBe(0xaa);
    h.write('FLASH.PECR', OBL_LAUNCH);
    h.reset('option-bytes');
    expect(h.get('FLASH.OPTR.RDP')).toBe(0xbb);
    expect(word(0)).toBe(0x20001000);
    launch(0x00aa);
    expect(h.get('FLASH.OPTR.RDP')).toBe(0xaa);
    expect(word(0)).toBe(0);
  });

  it('UFB: the banks change places', () => {
    const h = opened();
    h.system.write(FLASH + 0x18000, 4, 0x12345678);
    h.wait(5 * MS);
    h.write('RCC.APB2ENR', 1);
    h.set('SYSCFG.CFGR1.UFB', 1);
    expect(word(0)).toBe(0x12345678);
    h.set('SYSCFG.CFGR1.UFB', 0);
    expect(word(0x18000)).toBe(0x12345678);
  });
});
