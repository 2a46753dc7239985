/** FLASH of F405 and F411: keys, units of PSIZE, sectors, option bytes, OTP, against a plain model of the array. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32F411RE } from '../../src/chips/stm32f411.ts';
import { BUS_ERROR } from '../../src/emu/component.ts';
import { MS, US } from '../../src/emu/time.ts';
import { F4_SECTORS, sectorList } from '../../src/peripherals/memory/flash-f4.ts';
import { StChip } from './st-chip.ts';

// ST HAL: FLASH_KEY1 and so on
const KEY1 = 0x45670123;
const KEY2 = 0xcdef89ab;
const OPTKEY1 = 0x08192a3b;
const OPTKEY2 = 0x4c5d6e7f;

const FLASH = 0x08000000;
const sectors = sectorList(F4_SECTORS, 0x100000);
const sectorRange = (n: number): { readonly offset: number; readonly length: number } => sectors[n]!;
const f405 = new StChip(STM32F405RG);
const f411 = new StChip(STM32F411RE);
let h = f405;
beforeEach(() => {
  h = f405.again();
  h.system.memoryBytes('flash').fill(0xff);
});
const unlock = (): void => {
  h.write('FLASH.KEYR', KEY1);
  h.write('FLASH.KEYR', KEY2);
};
const unlockOptions = (): void => {
  h.write('FLASH.OPTKEYR', OPTKEY1);
  h.write('FLASH.OPTKEYR', OPTKEY2);
};
const programming = (psize: number): number => h.write('FLASH.CR', 1 | (psize << 8));
const eraseSector = (sector: number, psize = 2): void => {
  h.write('FLASH.CR', 2 | (sector << 3) | (psize << 8));
  h.set('FLASH.CR.STRT', 1);
};
const errors = (): string[] => ['WRPERR', 'PGAERR', 'PGPERR', 'PGSERR'].filter((f) => h.get(`FLASH.SR.${f}`) === 1);

describe('keys', () => {
  it('both in order clear LOCK; before, CR cannot be written', () => {
    programming(2);
    expect(h.read('FLASH.CR')).toBe(0x80000000);
    unlock();
    programming(2);
    expect(h.read('FLASH.CR')).toBe(0x201);
  });
  it('a wrong one is a bus error and locks until the next reset', () => {
    expect(h.write('FLASH.KEYR', 1)).toBe(BUS_ERROR);
    expect(h.write('FLASH.KEYR', KEY1)).toBe(BUS_ERROR);
    expect(h.write('FLASH.KEYR', KEY2)).toBe(BUS_ERROR);
    expect(h.get('FLASH.CR.LOCK')).toBe(1);
    h.reset('software');
    unlock();
    expect(h.get('FLASH.CR.LOCK')).toBe(0);
  });
});

describe('programming', () => {
  it('a unit takes 16 µs and shows BSY', () => {
    unlock();
    programming(2);
    h.system.write(FLASH, 4, 0x12345678);
    expect(h.get('FLASH.SR.BSY')).toBe(1);
    h.wait(15 * US);
    expect(h.get('FLASH.SR.BSY')).toBe(1);
    h.wait(1 * US);
    expect([h.get('FLASH.SR.BSY'), h.system.read(FLASH, 4)]).toEqual([0, 0x12345678]);
  });
  it('the access has the size of PSIZE, else PGPERR; PG is set, else PGSERR; a protected sector is WRPERR', () => {
    unlock();
    for (const [psize, size, expected] of [
      [0, 1, []],
      [0, 2, ['PGPERR']],
      [1, 2, []],
      [1, 4, ['PGPERR']],
      [2, 4, []],
      [2, 1, ['PGPERR']],
    ] as const) {
      programming(psize);
      h.system.write(FLASH + 16, size, 0);
      h.wait(1 * MS);
      expect([psize, size, errors()]).toEqual([psize, size, expected]);
      h.write('FLASH.SR', 0xf3);
      expect(errors()).toEqual([]);
    }
    h.write('FLASH.CR', 0x200);
    h.system.write(FLASH, 4, 0);
    expect(errors()).toEqual(['PGSERR']);
    expect(h.system.read(FLASH, 4)).toBe(0xffffffff);
  });
  it('random programs and erases: bits only fall, an erased sector is 0xFF, the rest is untouched', () => {
    const step = fc.oneof(
      fc.record({ psize: fc.integer({ min: 0, max: 2 }), unit: fc.integer({ min: 0, max: 0x3ffff }), value: fc.nat({ max: 0xffffffff }) }),
      fc.record({ sector: fc.integer({ min: 0, max: 7 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        h = f411.again();
        const flash = h.system.memoryBytes('flash').fill(0xff);
        const model = new Uint8Array(flash.length).fill(0xff);
        unlock();
        for (const s of steps) {
          if ('sector' in s) {
            eraseSector(s.sector);
            h.wait(1001 * MS);
            const { offset, length } = sectorRange(s.sector);
            model.fill(0xff, offset, offset + length);
            continue;
          }
          const size = 1 << s.psize;
          const at = (s.unit * size) % model.length;
          programming(s.psize);
          h.system.write(FLASH + at, size, (s.value & (2 ** (8 * size) - 1)) >>> 0);
          h.wait(20 * US);
          for (let i = 0; i < size; i++) model[at + i]! &= s.value >>> (8 * i);
        }
        expect(errors()).toEqual([]);
        expect(Buffer.compare(Buffer.from(flash), Buffer.from(model))).toBe(0);
      }),
      { numRuns: 25 },
    );
  });
});

describe('erase', () => {
  it('sectors of 16, 64 and 128 KB lie one behind the other', () => {
    let end = 0;
    for (let s = 0; s < 12; s++) {
      expect(sectorRange(s).offset).toBe(end);
      end += sectorRange(s).length;
      expect(sectors[s]!.number).toBe(s);
    }
    expect(end).toBe(0x100000);
  });
  it.each([
    [0, 0, 400],
    [3, 2, 250],
    [4, 1, 700],
    [5, 0, 2000],
    [11, 2, 1000],
  ])('sector %i with PSIZE %i takes %i ms', (sector, psize, ms) => {
    unlock();
    const { offset } = sectorRange(sector);
    h.system.memoryBytes('flash').fill(0, offset, offset + 4);
    eraseSector(sector, psize);
    h.wait(ms * MS - 1 * US);
    expect([h.get('FLASH.SR.BSY'), h.system.read(FLASH + offset, 4)]).toEqual([1, 0]);
    h.wait(1 * US);
    expect([h.get('FLASH.SR.BSY'), h.get('FLASH.CR.STRT'), h.system.read(FLASH + offset, 4)]).toEqual([0, 0, 0xffffffff]);
  });
  it('F411 ends with sector 7', () => {
    h = f411.again();
    unlock();
    eraseSector(8);
    expect([errors(), h.get('FLASH.SR.BSY')]).toEqual([['PGSERR'], 0]);
  });
});

describe('option bytes', () => {
  it('come up as 0x0FFFAAED (F405) and 0x00FFAAED (F411), BOOT0 unaffected', () => {
    expect(h.read('FLASH.OPTCR')).toBe(0x0fffaaed);
    expect(f411.again().read('FLASH.OPTCR')).toBe(0x00ffaaed);
    expect(h.system.read(0x1fffc000, 2)).toBe(0xaaec);
  });
  it('OPTSTRT programs them; nWRP protects its sector after the next reset, which loads them', () => {
    unlockOptions();
    h.write('FLASH.OPTCR', 0x0ffeaaec);
    h.set('FLASH.OPTCR.OPTSTRT', 1);
    h.wait(1000 * MS);
    expect(h.get('FLASH.OPTCR.OPTSTRT')).toBe(0);
    h.reset('software');
    expect([h.read('FLASH.OPTCR'), h.system.read(0x1fffc008, 2)]).toEqual([0x0ffeaaed, 0x0ffe]);
    unlock();
    eraseSector(0);
    expect(errors()).toEqual(['WRPERR']);
    h.write('FLASH.SR', 0xf0);
    programming(2);
    h.system.write(FLASH + 0x3ffc, 4, 0);
    expect(errors()).toEqual(['WRPERR']);
    h.write('FLASH.SR', 0xf0);
    h.system.write(FLASH + 0x4000, 4, 0);
    expect(errors()).toEqual([]);
  });
  it('written without OPTSTRT they fall back with a reset', () => {
    unlockOptions();
    h.set('FLASH.OPTCR.WDG_SW', 0);
    h.reset('software');
    expect(h.get('FLASH.OPTCR.WDG_SW')).toBe(1);
  });
  it('RDP back from level 1 to 0 erases the whole flash', () => {
    const program = (rdp: number): void => {
      unlockOptions();
      h.set('FLASH.OPTCR.RDP', rdp);
      h.set('FLASH.OPTCR.OPTSTRT', 1);
      h.wait(10_000 * MS);
      h.reset('software');
    };
    h.system.memoryBytes('flash').fill(0);
    program(0x55);
    expect(h.system.read(FLASH, 4)).toBe(0);
    program(0xaa);
    expect(h.system.memoryBytes('flash').every((b) => b === 0xff)).toBe(true);
  });
});

describe('OTP', () => {
  it('a block takes programs until its lock byte is 0', () => {
    unlock();
    programming(0);
    h.system.write(0x1fff7800, 1, 0x5a);
    h.system.write(0x1fff7a00, 1, 0);
    h.wait(1 * MS);
    h.system.write(0x1fff7801, 1, 0);
    expect(errors()).toEqual(['WRPERR']);
    expect([h.system.read(0x1fff7800, 1), h.system.read(0x1fff7801, 1)]).toEqual([0x5a, 0xff]);
    h.write('FLASH.SR', 0xf0);
    h.system.write(0x1fff7820, 1, 0);
    expect(errors()).toEqual([]);
  });
});
