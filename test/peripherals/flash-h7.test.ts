/** FLASH of the H745: keys, flash words, sectors, two banks at once, option bytes, swap, against a plain model of the array. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { BUS_ERROR } from '../../src/emu/component.ts';
import { MS, PS_PER_SECOND, US } from '../../src/emu/time.ts';
import { FLASH_WORD } from '../../src/peripherals/memory/flash-h7.ts';
import { StChip } from './st-chip.ts';

// ST HAL: FLASH_KEY1 and so on
const H7_KEY1 = 0x45670123;
const H7_KEY2 = 0xcdef89ab;
const H7_OPTKEY1 = 0x08192a3b;
const H7_OPTKEY2 = 0x4c5d6e7f;

const FLASH = 0x08000000;
const BANK = 0x100000;
const SECTOR = 0x20000;
const ERRORS = ['WRPERR', 'PGSERR', 'STRBERR', 'INCERR'];
const chip = new StChip(STM32H745XI);
const h = chip;
beforeEach(() => {
  chip.again();
  chip.system.memoryBytes('flash').fill(0xff);
});
const unlock = (bank: 1 | 2): void => {
  h.write(`FLASH.KEYR${bank}`, H7_KEY1);
  h.write(`FLASH.KEYR${bank}`, H7_KEY2);
};
const store = (address: number, words: readonly number[]): void => words.forEach((w, i) => h.system.write(address + 4 * i, 4, w));
const word = (address: number): number => h.system.read(address, 4);
const errors = (bank: 1 | 2): string[] => ERRORS.filter((f) => h.get(`FLASH.SR${bank}.${f}`) === 1);
const eight = (n: number): number[] => Array.from({ length: 8 }, (_, i) => (n + i) >>> 0);

describe('keys', () => {
  it('both in order unlock their bank only', () => {
    unlock(1);
    expect([h.get('FLASH.CR1.LOCK'), h.get('FLASH.CR2.LOCK')]).toEqual([0, 1]);
    h.set('FLASH.CR2.PG', 1);
    expect(h.get('FLASH.CR2.PG')).toBe(0);
  });
  it('a wrong one is a bus error and locks until the next reset', () => {
    expect(h.write('FLASH.KEYR2', 1)).toBe(BUS_ERROR);
    expect(h.write('FLASH.KEYR2', H7_KEY1)).toBe(BUS_ERROR);
    expect(h.get('FLASH.CR2.LOCK')).toBe(1);
    h.reset('software');
    unlock(2);
    expect(h.get('FLASH.CR2.LOCK')).toBe(0);
  });
});

describe('programming', () => {
  it('eight words make a flash word, there after 100 µs with PSIZE = 64 bits', () => {
    unlock(1);
    h.set('FLASH.CR1.PG', 1);
    store(FLASH + 0x40, eight(1));
    expect(h.get('FLASH.SR1.QW')).toBe(1);
    expect(word(FLASH + 0x40)).toBe(0xffffffff);
    h.wait(101 * US);
    expect(eight(0).map((_, i) => word(FLASH + 0x40 + 4 * i))).toEqual(eight(1));
    expect([h.get('FLASH.SR1.BSY'), h.get('FLASH.SR1.EOP')]).toEqual([0, 1]);
    h.write('FLASH.CCR1', 1 << 16);
    expect(h.get('FLASH.SR1.EOP')).toBe(0);
  });
  it('a smaller PSIZE takes longer', () => {
    unlock(1);
    h.write('FLASH.CR1', 2);
    store(FLASH, eight(1));
    h.wait(200 * US);
    expect(h.get('FLASH.SR1.BSY')).toBe(1);
    h.wait(100 * US);
    expect(h.get('FLASH.SR1.BSY')).toBe(0);
  });
  it('FW writes a word that is not full; the rest stays erased', () => {
    unlock(1);
    h.set('FLASH.CR1.PG', 1);
    h.system.write(FLASH, 4, 5);
    expect(h.get('FLASH.SR1.WBNE')).toBe(1);
    h.set('FLASH.CR1.FW', 1);
    h.wait(MS);
    expect([word(FLASH), word(FLASH + 4)]).toEqual([5, 0xffffffff]);
  });
  it.each([
    ['without PG', 'PGSERR', () => store(FLASH, [1])],
    [
      'to another word while one is half full',
      'INCERR',
      () => {
        h.set('FLASH.CR1.PG', 1);
        store(FLASH, [1]);
        store(FLASH + FLASH_WORD, [1]);
      },
    ],
    [
      'of the same bytes twice',
      'STRBERR',
      () => {
        h.set('FLASH.CR1.PG', 1);
        store(FLASH, [1]);
        store(FLASH, [1]);
      },
    ],
  ] as const)('%s: %s', (_n, flag, act) => {
    unlock(1);
    act();
    expect(errors(1)).toEqual([flag]);
    expect(errors(2)).toEqual([]);
    h.write('FLASH.CCR1', 0x0fef0000);
    expect(errors(1)).toEqual([]);
  });
  it('a protected sector takes nothing: WRPERR', () => {
    const p = new StChip(STM32H745XI, { 'option.WRPSn1': 0xfe });
    p.write('FLASH.KEYR1', H7_KEY1);
    p.write('FLASH.KEYR1', H7_KEY2);
    p.set('FLASH.CR1.PG', 1);
    p.system.write(FLASH, 4, 1);
    expect(p.get('FLASH.SR1.WRPERR')).toBe(1);
  });
  it('both banks work at the same time', () => {
    unlock(1);
    unlock(2);
    h.write('FLASH.CR1', 0x30 | 4 | (3 << 8) | 0x80);
    h.set('FLASH.CR2.PG', 1);
    store(FLASH + BANK, eight(7));
    expect([h.get('FLASH.SR1.BSY'), h.get('FLASH.SR2.BSY')]).toEqual([1, 1]);
    h.wait(MS);
    expect([h.get('FLASH.SR1.BSY'), word(FLASH + BANK)]).toEqual([1, 7]);
    h.wait(PS_PER_SECOND);
    expect([h.get('FLASH.SR1.BSY'), h.get('FLASH.CR1.START')]).toEqual([0, 0]);
  });
  it('any sequence of programs and erases leaves what a plain array would hold; bits only fall', () => {
    const bank = fc.constantFrom(1 as const, 2 as const);
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('program' as const),
        bank,
        slot: fc.integer({ min: 0, max: 15 }),
        sector: fc.integer({ min: 0, max: 2 }),
        seed: fc.nat(0xffffffff),
      }),
      fc.record({ kind: fc.constant('sector' as const), bank, sector: fc.integer({ min: 0, max: 2 }) }),
      fc.record({ kind: fc.constant('bank' as const), bank }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        chip.again();
        const flash = chip.system.memoryBytes('flash').fill(0xff);
        const model = flash.slice();
        unlock(1);
        unlock(2);
        for (const s of steps) {
          const base = (s.bank - 1) * BANK;
          if (s.kind === 'program') {
            h.write(`FLASH.CR${s.bank}`, 0x32);
            const offset = base + s.sector * SECTOR + s.slot * FLASH_WORD;
            const words = eight(Math.imul(s.seed, 2654435761));
            store(FLASH + offset, words);
            const view = new DataView(model.buffer);
            words.forEach((w, i) => view.setUint32(offset + 4 * i, (view.getUint32(offset + 4 * i, true) & w) >>> 0, true));
          } else {
            h.write(`FLASH.CR${s.bank}`, 0x30 | (s.kind === 'bank' ? 8 : 4 | (s.sector << 8)) | 0x80);
            if (s.kind === 'bank') model.fill(0xff, base, base + BANK);
            else model.fill(0xff, base + s.sector * SECTOR, base + (s.sector + 1) * SECTOR);
          }
          h.wait(6 * PS_PER_SECOND);
          expect(errors(s.bank)).toEqual([]);
        }
        expect(Buffer.compare(flash, model)).toBe(0);
      }),
      { numRuns: 25 },
    );
  });
  /** RM0399 4.3.9: the write buffer takes bytes, half-words and words of one flash word in any order. */
  it('a flash word may come in pieces of any size and order: it is programmed with its last byte', () => {
    const pieces = fc.array(fc.constantFrom(1, 2, 4), { minLength: 32, maxLength: 32 }).map((sizes) => {
      const found: { readonly at: number; readonly size: number }[] = [];
      for (let at = 0; at < FLASH_WORD; at += found.at(-1)!.size) {
        const wanted = sizes[at]!;
        found.push({ at, size: at % wanted === 0 ? wanted : at % 2 === 0 ? Math.min(wanted, 2) : 1 });
      }
      return found;
    });
    fc.assert(
      fc.property(
        pieces.chain((list) => fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })),
        fc.nat(30),
        (list, twice) => {
          chip.again();
          const flash = chip.system.memoryBytes('flash').fill(0xff);
          unlock(1);
          h.set('FLASH.CR1.PG', 1);
          const value = (at: number): number => (at * 0x07050301 + 0x11223344) >>> 0;
          const put = ({ at, size }: { readonly at: number; readonly size: number }): void =>
            void h.system.write(FLASH + 0x60 + at, size, size === 4 ? value(at) : value(at) & (2 ** (8 * size) - 1));
          list.forEach((piece, i) => {
            expect([h.get('FLASH.SR1.QW'), h.get('FLASH.SR1.WBNE')]).toEqual([0, i === 0 ? 0 : 1]);
            put(piece);
          });
          expect([h.get('FLASH.SR1.QW'), errors(1)]).toEqual([1, []]);
          h.wait(MS);
          for (const { at, size } of list) for (let i = 0; i < size; i++) expect(flash[0x60 + at + i]).toBe((value(at) >>> (8 * i)) & 0xff);
          expect([flash[0x5f], flash[0x80]]).toEqual([0xff, 0xff]);
          // a byte that is there already is no second time
          if (twice >= list.length - 1) return;
          for (const piece of list.slice(0, twice + 1)) put(piece);
          const { at, size } = list[twice]!;
          put({ at: at + size - 1, size: 1 });
          expect(errors(1)).toEqual(['STRBERR']);
        },
      ),
      { numRuns: 40 },
    );
  });
  it('a reset in the middle leaves what was there, and says so', () => {
    unlock(1);
    h.set('FLASH.CR1.PG', 1);
    store(FLASH, eight(1));
    h.wait(10 * US);
    h.reset('software');
    h.wait(MS);
    expect(word(FLASH)).toBe(0xffffffff);
    expect(h.notes.some((n) => n.includes('interrupted'))).toBe(true);
    expect(h.get('FLASH.CR1.LOCK')).toBe(1);
  });
});

describe('option bytes', () => {
  const change = (): void => {
    h.write('FLASH.OPTKEYR', H7_OPTKEY1);
    h.write('FLASH.OPTKEYR', H7_OPTKEY2);
    h.set('FLASH.OPTSR_PRG.BCM4', 0);
    h.set('FLASH.OPTSR_PRG.SWAP_BANK_OPT', 1);
    h.set('FLASH.BOOT4_PRG.BCM4_ADD0', 0x3000);
    h.set('FLASH.OPTCR.OPTSTART', 1);
  };
  it('are the factory’s, or the board’s', () => {
    expect([h.get('FLASH.OPTSR_CUR.BCM4'), h.get('FLASH.BOOT7_CUR.BCM7_ADD0'), h.get('FLASH.BOOT4_CUR.BCM4_ADD0')]).toEqual([
      1, 0x0800, 0x0810,
    ]);
    h.set('RCC.APB4ENR.SYSCFGEN', 1);
    expect([h.get('SYSCFG.UR1.BCM4'), h.get('SYSCFG.UR2.BCM7_ADD0'), h.get('SYSCFG.UR3.BCM4_ADD0')]).toEqual([1, 0x0800, 0x0810]);
    expect(new StChip(STM32H745XI, { 'option.BOOT_CM4_ADD0': 0x2400 }).get('FLASH.BOOT4_CUR.BCM4_ADD0')).toBe(0x2400);
  });
  it('cannot be changed without their keys', () => {
    h.set('FLASH.OPTSR_PRG.BCM4', 0);
    expect(h.get('FLASH.OPTSR_PRG.BCM4')).toBe(1);
  });
  it('change when OPTSTART has done, OPT_BUSY until then', () => {
    change();
    expect([h.get('FLASH.OPTSR_CUR.OPT_BUSY'), h.get('FLASH.OPTSR_CUR.BCM4')]).toEqual([1, 1]);
    h.wait(2 * PS_PER_SECOND);
    expect([h.get('FLASH.OPTSR_CUR.OPT_BUSY'), h.get('FLASH.OPTSR_CUR.BCM4'), h.get('FLASH.BOOT4_CUR.BCM4_ADD0')]).toEqual([0, 0, 0x3000]);
  });
  it('SWAP_BANK_OPT exchanges the banks at the next reset', () => {
    h.system.memoryBytes('flash').set([1, 2, 3, 4], 0);
    change();
    h.wait(2 * PS_PER_SECOND);
    expect(word(FLASH)).toBe(0x04030201);
    h.reset('software');
    expect([word(FLASH), word(FLASH + BANK)]).toEqual([0xffffffff, 0x04030201]);
    expect(h.get('FLASH.OPTCR.SWAP_BANK')).toBe(1);
    // Bank 1 is now what appears behind.
    unlock(1);
    h.write('FLASH.CR1', 0x30 | 4 | 0x80);
    h.wait(2 * PS_PER_SECOND);
    expect(word(FLASH + BANK)).toBe(0xffffffff);
  });
  it('UID and flash size can be read', () => {
    expect(h.system.read(0x1ff1e880, 2)).toBe(2048);
    expect(h.system.read(0x1ff1e800, 4)).toBe(0x00260031);
  });
});

describe.each(['stm32h750vb', 'stm32h723zg'])('%s has one bank', (name) => {
  const single = new StChip(findChip(name)!);
  it('SWAP_BANK_OPT is reserved: a reset with it moves nothing', () => {
    for (const key of [H7_OPTKEY1, H7_OPTKEY2]) single.write('FLASH.OPTKEYR', key);
    single.set('FLASH.OPTSR_PRG.SWAP_BANK_OPT', 1);
    single.set('FLASH.OPTCR.OPTSTART', 1);
    single.wait(PS_PER_SECOND);
    single.system.resetBlocks('system');
    expect(single.get('FLASH.OPTCR.SWAP_BANK')).toBe(0);
  });
  it('keys and an erase of the second go nowhere', () => {
    for (const key of [H7_KEY1, H7_KEY2]) single.write('FLASH.KEYR2', key);
    for (const field of ['BER', 'START']) single.set(`FLASH.CR2.${field}`, 1);
    single.wait(10 * PS_PER_SECOND);
    expect(single.get('FLASH.SR2.EOP')).toBe(0);
  });
});

describe('stm32h750vb has one sector', () => {
  it('an erase of another one, which SNB can name, ends with PGSERR and leaves the flash as it is', () => {
    const h750 = new StChip(findChip('stm32h750vb')!);
    const flash = h750.system.memoryBytes('flash');
    flash.set([1, 2, 3, 4], 0);
    for (const key of [H7_KEY1, H7_KEY2]) h750.write('FLASH.KEYR1', key);
    h750.set('FLASH.CR1.SNB', 4);
    for (const field of ['SER', 'START']) h750.set(`FLASH.CR1.${field}`, 1);
    h750.wait(10 * PS_PER_SECOND);
    expect([...flash.slice(0, 4)]).toEqual([1, 2, 3, 4]);
    expect(['SR1.PGSERR', 'SR1.EOP', 'CR1.START'].map((f) => h750.get(`FLASH.${f}`))).toEqual([1, 0, 0]);
  });
});
