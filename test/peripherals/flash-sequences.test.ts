/**
 * Flash of every family under random programs: units programmed, sectors erased, commands that are not allowed, and resets in the middle of an operation, against a
 * model that is one array of bytes. Only an erase raises a bit; what is refused shows its flag and changes nothing. A reset in the middle leaves the old contents: the assumed
 * state, which the run says (silicon leaves undefined data); H5 names the operation in OPSR instead, as RM0481 documents.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32C071RB } from '../../src/chips/stm32c0.ts';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32F103C8 } from '../../src/chips/stm32f1.ts';
import { STM32F207ZG } from '../../src/chips/stm32f2.ts';
import { STM32F042K6 } from '../../src/chips/stm32f042.ts';
import { STM32F030R8, STM32F070RB } from '../../src/chips/stm32f0x.ts';
import { STM32F303CC } from '../../src/chips/stm32f3.ts';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32F411RE, STM32F412ZG } from '../../src/chips/stm32f411.ts';
import { STM32G0B1RE } from '../../src/chips/stm32g0.ts';
import { STM32G431RB, STM32G474RE, STM32G491RE } from '../../src/chips/stm32g4.ts';
import { STM32H503RB } from '../../src/chips/stm32h503.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { STM32H563ZI } from '../../src/chips/stm32h563.ts';
import { STM32H723ZG } from '../../src/chips/stm32h723.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { STM32U575ZI } from '../../src/chips/stm32u5.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { STM32WB55RG } from '../../src/chips/stm32wb.ts';
import { STM32L412RB, STM32L432KC, STM32L452RE, STM32L4R5ZI } from '../../src/chips/stm32l4x3.ts';
import { STM32L496ZG } from '../../src/chips/stm32l496.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const FLASH = 0x08000000;
const KEYS = [0x45670123, 0xcdef89ab] as const;

interface Family {
  readonly chip: ChipDescription;
  /** Bytes that are programmed at once, and the size of a bus write. */
  readonly unit: number;
  readonly access: 2 | 4;
  readonly programPs: number;
  readonly erasePs: number;
  /** Sectors that the programs use: first byte and length. */
  readonly sectors: readonly (readonly [offset: number, length: number])[];
  /** A unit that is not erased: its bits fall on (`and`), or it takes nothing but zeros and shows this flag. */
  readonly again: 'and' | { readonly flag: string };
  /** Flag of a write to the array without PG; null: a bus error. */
  readonly withoutPg: string | null;
  readonly errors: readonly string[];
  /** Bank of a byte, for the registers that each bank has of its own. */
  readonly bank: (offset: number) => number;
  readonly key: (bank: number) => string;
  readonly lock: (bank: number) => string;
  readonly sr: (bank: number) => string;
  readonly clear: (h: StChip, bank: number) => void;
  readonly pg: (h: StChip, bank: number, on: boolean) => void;
  readonly erase: (h: StChip, offset: number, bank: number) => void;
  /** Whether a reset in the middle is named in a register. */
  readonly opsr?: string;
}
const one = (): number => 1;
const sectors = (first: number, size: number, n: number): [number, number][] =>
  Array.from({ length: n }, (_, i) => [first + i * size, size]);

const f0 = (chip: ChipDescription, page: number, programPs = 53.5e6): Family => ({
  chip,
  unit: 2,
  access: 2,
  programPs,
  erasePs: 30 * MS,
  sectors: sectors(0x4000, page, 3),
  again: { flag: 'PGERR' },
  withoutPg: null,
  errors: ['PGERR', 'WRPRTERR'],
  bank: one,
  key: () => 'KEYR',
  lock: () => 'CR.LOCK',
  sr: () => 'SR',
  clear: (h) => h.write('FLASH.SR', 0x34),
  pg: (h, _bank, on) => h.write('FLASH.CR', on ? 1 : 0),
  erase: (h, offset) => {
    h.write('FLASH.CR', 2);
    h.write('FLASH.AR', FLASH + offset);
    h.write('FLASH.CR', 2 | (1 << 6));
  },
});
const f4 = (chip: ChipDescription): Family => ({
  chip,
  unit: 4,
  access: 4,
  programPs: 16e6,
  erasePs: chip.parameters['flash.erase.16k.x32.ps']?.value ?? 250 * MS,
  // Sectors 1 to 3 of 16 KB.
  sectors: sectors(0x4000, 0x4000, 3),
  again: 'and',
  withoutPg: 'PGSERR',
  errors: ['WRPERR', 'PGAERR', 'PGPERR', 'PGSERR'],
  bank: one,
  key: () => 'KEYR',
  lock: () => 'CR.LOCK',
  sr: () => 'SR',
  clear: (h) => h.write('FLASH.SR', 0xf3),
  pg: (h, _bank, on) => h.write('FLASH.CR', (on ? 1 : 0) | (2 << 8)),
  erase: (h, offset) => {
    const cr = 2 | ((offset / 0x4000) << 3) | (2 << 8);
    h.write('FLASH.CR', cr);
    h.write('FLASH.CR', cr | (1 << 16));
  },
});
/** @param bank bytes of a bank; one bank: all of it */
const l4 = (chip: ChipDescription, bank = 0x80000, banks = 2, page = 0x800, bker = 11, programPs = 81.7e6): Family => ({
  chip,
  unit: 8,
  access: 4,
  programPs,
  erasePs: 22 * MS,
  sectors: [...sectors(0x4000, page, 2), ...(banks === 2 ? sectors(bank + 0x4000, page, 2) : [])],
  again: { flag: 'PROGERR' },
  withoutPg: 'PGSERR',
  errors: ['PROGERR', 'WRPERR', 'PGAERR', 'SIZERR', 'PGSERR'],
  bank: one,
  key: () => 'KEYR',
  lock: () => 'CR.LOCK',
  sr: () => 'SR',
  clear: (h) => h.write('FLASH.SR', 0xc3fb),
  pg: (h, _bank, on) => h.write('FLASH.CR', on ? 1 : 0),
  erase: (h, offset) => {
    const cr = 2 | (((offset % bank) / page) << 3) | (offset >= bank ? 1 << bker : 0);
    h.write('FLASH.CR', cr);
    h.write('FLASH.CR', cr | (1 << 16));
  },
});
/** @param bank bytes of a bank */
const h5 = (chip: ChipDescription, bank: number): Family => ({
  chip,
  unit: 16,
  access: 4,
  programPs: 32e6,
  erasePs: 2 * MS,
  sectors: [...sectors(0x4000, 0x2000, 2), ...sectors(bank + 0x4000, 0x2000, 2)],
  again: 'and',
  withoutPg: 'PGSERR',
  errors: ['WRPERR', 'PGSERR', 'STRBERR', 'INCERR'],
  bank: one,
  key: () => 'NSKEYR',
  lock: () => 'NSCR.LOCK',
  sr: () => 'NSSR',
  clear: (h) => h.write('FLASH.NSCCR', 0xffffffff),
  pg: (h, _bank, on) => h.write('FLASH.NSCR', on ? 2 : 0),
  erase: (h, offset) => {
    const cr = (4 | (((offset % bank) / 0x2000) << 6) | (offset >= bank ? 0x80000000 : 0)) >>> 0;
    h.write('FLASH.NSCR', cr);
    h.write('FLASH.NSCR', (cr | (1 << 5)) >>> 0);
  },
  opsr: 'OPSR.CODE_OP',
});
const U5: Family = {
  chip: STM32U575ZI,
  unit: 16,
  access: 4,
  programPs: 118e6,
  erasePs: 1.5 * MS,
  sectors: [...sectors(0x4000, 0x2000, 2), ...sectors(0x104000, 0x2000, 2)],
  again: { flag: 'PROGERR' },
  withoutPg: 'PGSERR',
  errors: ['PROGERR', 'WRPERR', 'PGAERR', 'SIZERR', 'PGSERR'],
  bank: one,
  key: () => 'NSKEYR',
  lock: () => 'NSCR.LOCK',
  sr: () => 'NSSR',
  clear: (h) => h.write('FLASH.NSSR', 0x20fb),
  pg: (h, _bank, on) => h.write('FLASH.NSCR', on ? 1 : 0),
  erase: (h, offset) => {
    const cr = 2 | (((offset % 0x100000) / 0x2000) << 3) | (offset >= 0x100000 ? 1 << 11 : 0);
    h.write('FLASH.NSCR', cr);
    h.write('FLASH.NSCR', cr | (1 << 16));
  },
};
const H7: Family = {
  chip: STM32H745XI,
  unit: 32,
  access: 4,
  programPs: 100e6,
  erasePs: STM32H745XI.parameters['flash.erase.sector.64.ps']?.value ?? 1000 * MS,
  sectors: [...sectors(0x20000, 0x20000, 2), ...sectors(0x120000, 0x20000, 1)],
  again: 'and',
  withoutPg: 'PGSERR',
  errors: ['WRPERR', 'PGSERR', 'STRBERR', 'INCERR'],
  bank: (offset) => (offset < 0x100000 ? 1 : 2),
  key: (bank) => `KEYR${bank}`,
  lock: (bank) => `CR${bank}.LOCK`,
  sr: (bank) => `SR${bank}`,
  clear: (h, bank) => h.write(`FLASH.CCR${bank}`, 0xffffffff),
  pg: (h, bank, on) => h.write(`FLASH.CR${bank}`, 0x30 | (on ? 2 : 0)),
  erase: (h, offset, bank) => h.write(`FLASH.CR${bank}`, 0x30 | 4 | (((offset % 0x100000) / 0x20000) << 8) | 0x80),
};

interface Step {
  readonly kind: 'program' | 'erase' | 'no-pg' | 'locked';
  readonly sector: number;
  readonly slot: number;
  readonly seed: number;
  /** Share of the operation's time after which a reset comes, in per cent. */
  readonly cut: number | null;
}

const WHY_REFUSED: Readonly<Record<Step['kind'], RegExp>> = {
  program: /without an erase|not erased|erase/i,
  erase: /./,
  'no-pg': /PG/,
  locked: /lock/i,
};

describe.each(
  [
    f0(STM32F103C8, 0x400, 52.5e6),
    f4(STM32F207ZG),
    f0(STM32F072RB, 0x800),
    f0(STM32F042K6, 0x400),
    f0(STM32F070RB, 0x800),
    f0(STM32F030R8, 0x400),
    f0(STM32F303CC, 0x800),
    f4(STM32F405RG),
    f4(STM32F411RE),
    f4(STM32F412ZG),
    l4(STM32L476RG),
    l4(STM32L496ZG),
    l4(STM32L432KC, 0x40000, 1),
    l4(STM32L452RE, 0x80000, 1),
    l4(STM32L412RB, 0x20000, 1),
    l4(STM32L4R5ZI, 0x100000, 2, 0x1000),
    l4(STM32WB55RG, 0x100000, 1, 0x1000),
    l4(STM32G0B1RE, 0x40000, 2, 0x800, 13, 85e6),
    l4(STM32C071RB, 0x20000, 1, 0x800, 13, 85e6),
    l4(STM32G431RB, 0x20000, 1),
    l4(STM32G474RE, 0x40000),
    l4(STM32G491RE, 0x80000, 1),
    h5(STM32H533RE, 0x40000),
    h5(STM32H563ZI, 0x100000),
    h5(STM32H503RB, 0x10000),
    U5,
    H7,
    { ...H7, chip: STM32H723ZG, sectors: sectors(0x20000, 0x20000, 3) },
  ].map((f) => [f.chip.name, f] as const),
)('%s', (_name, family) => {
  const chip = new StChip(family.chip);
  const flash = chip.system.memoryBytes('flash');
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('program', 'program', 'program', 'program', 'erase', 'no-pg', 'locked'),
    sector: fc.nat(family.sectors.length - 1),
    slot: fc.nat(3),
    seed: fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0xffffffff)),
    cut: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.integer({ min: 5, max: 95 }) }),
  });
  /** All ones and all zeros for the two values that matter most, else noise. */
  const data = (seed: number): Uint8Array =>
    Uint8Array.from({ length: family.unit }, (_, i) =>
      seed === 0 || seed === 0xffffffff ? seed & 0xff : Math.imul(seed + i, 2654435761) >>> 24,
    );
  const store = (h: StChip, address: number, bytes: Uint8Array): number => {
    let answer = 0;
    for (let i = 0; i < bytes.length; i += family.access) {
      const value = family.access === 2 ? bytes[i]! | (bytes[i + 1]! << 8) : new DataView(bytes.buffer).getUint32(i, true);
      answer = Math.min(answer, h.system.write(address + i, family.access, value));
    }
    return answer;
  };

  it('random programs, erases, refused commands and resets leave what the array of bytes holds; bits only fall', () => {
    let cuts = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const h = chip.again();
        flash.fill(0xff);
        const model = flash.slice();
        const errors = (bank: number): string[] => family.errors.filter((f) => h.get(`FLASH.${family.sr(bank)}.${f}`) === 1);
        const unlock = (bank: number): void => {
          if (h.get(`FLASH.${family.lock(bank)}`)) for (const key of KEYS) h.write(`FLASH.${family.key(bank)}`, key);
          expect(h.get(`FLASH.${family.lock(bank)}`)).toBe(0);
        };
        for (const s of steps) {
          const [start, length] = family.sectors[s.sector]!;
          const at = start + s.slot * family.unit;
          const bank = family.bank(at);
          // outside of the sector nothing changes: the whole is compared behind each step
          const before = flash.slice(start, start + length);
          const bytes = data(s.seed);
          let expected: string[] = [];
          let duration = family.programPs;
          family.clear(h, bank);
          h.notes.length = 0;
          if (s.kind === 'locked') {
            h.set(`FLASH.${family.lock(bank)}`, 1);
            family.pg(h, bank, true);
          } else {
            unlock(bank);
            family.clear(h, bank);
            family.pg(h, bank, s.kind === 'program');
          }
          const busy = (): number => h.get(`FLASH.${family.sr(bank)}.BSY`);
          if (s.kind === 'erase') {
            family.erase(h, start, bank);
            model.fill(0xff, start, start + length);
            duration = family.erasePs;
          } else {
            const answer = store(h, FLASH + at, bytes);
            if (s.kind !== 'program') {
              // Refused: the flag, or the bus's answer where the family has none.
              if (family.withoutPg === null) expect(answer).toBe(-1);
              else expected = [family.withoutPg];
            } else if (family.again === 'and') bytes.forEach((v, i) => (model[at + i]! &= v));
            else if (model.subarray(at, at + family.unit).every((v) => v === 0xff) || bytes.every((v) => v === 0)) model.set(bytes, at);
            else expected = [family.again.flag];
          }
          if (expected.length > 0 || s.kind === 'no-pg' || s.kind === 'locked') {
            refused++;
            expect([s.kind, errors(bank), busy()]).toEqual([s.kind, expected, 0]);
            // what is refused is said, with the reason
            expect([s.kind, h.notes.some((text) => WHY_REFUSED[s.kind].test(text)), h.notes]).toEqual([s.kind, true, h.notes]);
          } else if (s.cut !== null) {
            cuts++;
            h.notes.length = 0;
            h.wait(Math.floor((duration * s.cut) / 100));
            h.reset('pin');
            h.wait(MS);
            model.set(before, start);
            expect([h.get(`FLASH.${family.lock(bank)}`), busy()]).toEqual([1, 0]);
            if (family.opsr) expect(h.get(`FLASH.${family.opsr}`)).not.toBe(0);
            else expect(h.notes.join('\n')).toMatch(/reset interrupted a flash operation/);
          } else {
            expect(busy()).toBe(1);
            h.wait(duration + 1e6);
            expect([s.kind, errors(bank), busy()]).toEqual([s.kind, [], 0]);
          }
          expect(Buffer.compare(flash, model), `${s.kind} in sector ${s.sector}, unit ${s.slot}`).toBe(0);
          // Whatever happened: a bit that rose lies in the sector that was erased.
          if (s.kind !== 'erase') for (let i = 0; i < family.unit; i++) expect(flash[at + i]! & ~before[at - start + i]!).toBe(0);
        }
      }),
      { numRuns: 40 },
    );
    expect(Math.min(cuts, refused)).toBeGreaterThan(10);
  });
});
