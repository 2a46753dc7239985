/** FLASH of L476: keys, double words, erase, option bytes, bank mapping, against a plain model of the array. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { STM32L496ZG } from '../../src/chips/stm32l496.ts';
import { BUS_ERROR } from '../../src/emu/component.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

// ST HAL: FLASH_KEY1 and so on
const KEY1 = 0x45670123;
const KEY2 = 0xcdef89ab;
const OPTKEY1 = 0x08192a3b;
const OPTKEY2 = 0x4c5d6e7f;

const FLASH = 0x08000000;
const BANK = 0x80000;
const PAGE = 0x800;
const chip = new StChip(STM32L476RG);
let h = chip;
beforeEach(() => {
  h = chip.again();
  h.system.memoryBytes('flash').fill(0xff);
});
const unlock = (): void => {
  h.write('FLASH.KEYR', KEY1);
  h.write('FLASH.KEYR', KEY2);
};
const unlockOptions = (): void => {
  unlock();
  h.write('FLASH.OPTKEYR', OPTKEY1);
  h.write('FLASH.OPTKEYR', OPTKEY2);
};
const store = (address: number, low: number, high: number): void => {
  h.system.write(address, 4, low);
  h.system.write(address + 4, 4, high);
};
const word = (address: number): number => h.system.read(address, 4);
const errors = (): string[] => ['PROGERR', 'WRPERR', 'PGAERR', 'SIZERR', 'PGSERR'].filter((f) => h.get(`FLASH.SR.${f}`) === 1);

describe('keys', () => {
  it('both in order clear LOCK; then CR can be written', () => {
    h.set('FLASH.CR.PG', 1);
    expect(h.get('FLASH.CR.PG')).toBe(0);
    unlock();
    expect(h.get('FLASH.CR.LOCK')).toBe(0);
    h.set('FLASH.CR.PG', 1);
    expect(h.get('FLASH.CR.PG')).toBe(1);
  });
  it('a wrong one is a bus error and locks until the next reset', () => {
    expect(h.write('FLASH.KEYR', 0x12345678)).toBe(BUS_ERROR);
    expect(h.write('FLASH.KEYR', KEY1)).toBe(BUS_ERROR);
    expect(h.write('FLASH.KEYR', KEY2)).toBe(BUS_ERROR);
    expect(h.get('FLASH.CR.LOCK')).toBe(1);
    h.reset('software');
    unlock();
    expect(h.get('FLASH.CR.LOCK')).toBe(0);
  });
  it('OPTKEYR works only with LOCK clear, and LOCK sets OPTLOCK', () => {
    unlockOptions();
    expect(h.get('FLASH.CR.OPTLOCK')).toBe(0);
    h.set('FLASH.CR.LOCK', 1);
    expect(h.get('FLASH.CR.OPTLOCK')).toBe(1);
  });
});

describe('programming', () => {
  it('two words make a double word that is there after 81.7 µs, BSY meanwhile', () => {
    unlock();
    h.set('FLASH.CR.PG', 1);
    store(FLASH + 0x10, 0x11223344, 0x55667788);
    expect(h.get('FLASH.SR.BSY')).toBe(1);
    expect(word(FLASH + 0x10)).toBe(0xffffffff);
    h.wait(82 * US);
    expect(h.get('FLASH.SR.BSY')).toBe(0);
    expect([word(FLASH + 0x10), word(FLASH + 0x14)]).toEqual([0x11223344, 0x55667788]);
    expect(errors()).toEqual([]);
  });
  it('EOP rises only with EOPIE, and is cleared by writing 1', () => {
    unlock();
    h.set('FLASH.CR.PG', 1);
    store(FLASH, 1, 2);
    h.wait(MS);
    expect(h.get('FLASH.SR.EOP')).toBe(0);
    h.set('FLASH.CR.EOPIE', 1);
    store(FLASH + 8, 1, 2);
    h.wait(MS);
    expect(h.get('FLASH.SR.EOP')).toBe(1);
    expect(h.irqs.get(4)).toBe(true);
    h.write('FLASH.SR', 1);
    expect(h.get('FLASH.SR.EOP')).toBe(0);
    expect(h.irqs.get(4)).toBe(false);
  });
  it.each([
    ['without PG', 'PGSERR', () => store(FLASH, 1, 2)],
    [
      'in half-words',
      'SIZERR',
      () => {
        h.set('FLASH.CR.PG', 1);
        h.system.write(FLASH, 2, 1);
      },
    ],
    [
      'high word first',
      'PGAERR',
      () => {
        h.set('FLASH.CR.PG', 1);
        h.system.write(FLASH + 4, 4, 1);
      },
    ],
    [
      'half of two double words',
      'PGAERR',
      () => {
        h.set('FLASH.CR.PG', 1);
        h.system.write(FLASH, 4, 1);
        h.system.write(FLASH + 8, 4, 1);
      },
    ],
  ] as const)('%s: %s, nothing is written, and the next attempt is refused with PGSERR until the flag is cleared', (_, flag, act) => {
    unlock();
    act();
    h.wait(MS);
    expect(errors()).toEqual([flag]);
    expect(word(FLASH)).toBe(0xffffffff);
    h.set('FLASH.CR.PG', 1);
    store(FLASH + 0x20, 3, 4);
    expect(h.get('FLASH.SR.PGSERR')).toBe(1);
    h.write('FLASH.SR', 0xc3fb);
    store(FLASH + 0x20, 3, 4);
    h.wait(MS);
    expect(word(FLASH + 0x20)).toBe(3);
  });
  it('a double word that is not erased takes nothing but zeros: PROGERR', () => {
    unlock();
    h.set('FLASH.CR.PG', 1);
    store(FLASH, 0xffffffff, 0xfffffffe);
    h.wait(MS);
    store(FLASH, 0x7fffffff, 0xfffffffe);
    h.wait(MS);
    expect(errors()).toEqual(['PROGERR']);
    h.write('FLASH.SR', 0xc3fb);
    store(FLASH, 0, 0);
    h.wait(MS);
    expect([word(FLASH), word(FLASH + 4)]).toEqual([0, 0]);
  });
  it('any sequence of programs and erases leaves what a plain array would hold', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('program' as const),
        slot: fc.integer({ min: 0, max: (3 * PAGE) / 8 - 1 }),
        bank: fc.boolean(),
        low: fc.nat(0xffffffff),
        high: fc.nat(0xffffffff),
      }),
      fc.record({ kind: fc.constant('erase' as const), page: fc.integer({ min: 0, max: 2 }), bank: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        h = chip.again();
        h.system.memoryBytes('flash').fill(0xff);
        const model = new Map<number, number>();
        unlock();
        for (const s of steps) {
          h.write('FLASH.SR', 0xc3fb);
          if (s.kind === 'erase') {
            h.write('FLASH.CR', (1 << 1) | (s.page << 3) | (s.bank ? 1 << 11 : 0));
            h.set('FLASH.CR.STRT', 1);
            expect(h.get('FLASH.SR.BSY')).toBe(1);
            h.wait(23 * MS);
            for (const a of [...model.keys()])
              if (a >= (s.bank ? BANK : 0) + s.page * PAGE && a < (s.bank ? BANK : 0) + (s.page + 1) * PAGE) model.delete(a);
          } else {
            h.write('FLASH.CR', 1);
            const offset = (s.bank ? BANK : 0) + s.slot * 8;
            const free = (model.get(offset) ?? 0xffffffff) === 0xffffffff && (model.get(offset + 4) ?? 0xffffffff) === 0xffffffff;
            store(FLASH + offset, s.low, s.high);
            h.wait(MS);
            expect(errors()).toEqual(free || (s.low === 0 && s.high === 0) ? [] : ['PROGERR']);
            if (!free && (s.low !== 0 || s.high !== 0)) continue;
            model.set(offset, s.low);
            model.set(offset + 4, s.high);
          }
        }
        const bytes = h.system.memoryBytes('flash');
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        for (const base of [0, BANK])
          for (let a = base; a < base + 3 * PAGE; a += 4) if (view.getUint32(a, true) !== (model.get(a) ?? 0xffffffff)) return false;
        return true;
      }),
      { numRuns: 60 },
    );
  });
});

describe('erase', () => {
  it('MER1 takes bank 1, both take everything', () => {
    h.system.memoryBytes('flash').fill(0);
    unlock();
    h.write('FLASH.CR', 1 << 2);
    h.set('FLASH.CR.STRT', 1);
    h.wait(23 * MS);
    expect([word(FLASH), word(FLASH + BANK - 4), word(FLASH + BANK)]).toEqual([0xffffffff, 0xffffffff, 0]);
    h.write('FLASH.CR', (1 << 2) | (1 << 15));
    h.set('FLASH.CR.STRT', 1);
    h.wait(45 * MS);
    expect(word(FLASH + BANK)).toBe(0xffffffff);
  });
  it('STRT without PER or MER, or with PG, is a PGSERR', () => {
    unlock();
    h.set('FLASH.CR.STRT', 1);
    expect(errors()).toEqual(['PGSERR']);
    expect(h.get('FLASH.CR.STRT')).toBe(0);
  });
  it('G0B1: pages above 63 of bank 1 can be protected, which the SVD calls read-only', () => {
    h = new StChip(findChip('stm32g0b1re')!);
    unlockOptions();
    h.write('FLASH.WRP1AR', (100 << 16) | 70);
    expect(h.read('FLASH.WRP1AR') & 0x7f007f).toBe((100 << 16) | 70);
    h.set('FLASH.CR.PG', 1);
    store(FLASH + 100 * PAGE, 1, 2);
    expect(errors()).toEqual(['WRPERR']);
  });
  it('a protected page stays: WRPERR', () => {
    h.system.memoryBytes('flash').fill(0);
    unlockOptions();
    h.write('FLASH.WRP1AR', (3 << 16) | 2);
    h.set('FLASH.CR.OPTSTRT', 1);
    h.wait(30 * MS);
    h.write('FLASH.CR', (1 << 1) | (3 << 3));
    h.set('FLASH.CR.STRT', 1);
    h.wait(30 * MS);
    expect(errors()).toEqual(['WRPERR']);
    expect(word(FLASH + 3 * PAGE)).toBe(0);
  });
});

describe('option bytes', () => {
  it('come as the factory left them: 0xFFEFF8AA, nothing protected', () => {
    expect(h.read('FLASH.OPTR')).toBe(0xffeff8aa);
    expect(h.system.read(0x1fff7800, 4)).toBe(0xffeff8aa);
    expect(h.system.read(0x1fff7804, 4)).toBe(~0xffeff8aa >>> 0);
    const chosen = new StChip(STM32L496ZG, { 'option.BFB2': 1, 'option.nSWBOOT0': 0 });
    expect(chosen.read('FLASH.OPTR')).toBe(0xfbfff8aa);
  });
  it('a new value takes effect with OBL_LAUNCH, not with other resets', () => {
    unlockOptions();
    h.set('FLASH.OPTR.BFB2', 1);
    h.set('FLASH.CR.OPTSTRT', 1);
    h.wait(30 * MS);
    expect(h.get('FLASH.CR.OPTSTRT')).toBe(0);
    h.reset('software');
    expect(h.get('FLASH.OPTR.BFB2')).toBe(0);
    unlockOptions();
    h.set('FLASH.CR.OBL_LAUNCH', 1);
    expect(h.resets).toEqual(['option-bytes']);
    h.reset('option-bytes');
    expect(h.get('FLASH.OPTR.BFB2')).toBe(1);
  });
  it('a value that was never programmed is lost at the reset', () => {
    unlockOptions();
    h.set('FLASH.OPTR.nBOOT1', 0);
    h.reset('software');
    expect(h.get('FLASH.OPTR.nBOOT1')).toBe(1);
  });
  it('IWDG_SW = 0 starts the watchdog out of reset', () => {
    const hard = new StChip(STM32L476RG, { 'option.IWDG_SW': 0 });
    expect(hard.system.wire('iwdg.hardware')).toBe(1);
    hard.wait(2000 * MS);
    expect(hard.resets).toEqual(['iwdg']);
  });
});

describe('the rest', () => {
  it('FB_MODE exchanges the banks, and PNB goes on counting in the physical bank', () => {
    h.system.write(FLASH, 4, 0); // locked: only an error flag
    h.write('FLASH.SR', 0xc3fb);
    h.system.memoryBytes('flash').set([1, 1, 1, 1], 0);
    h.system.memoryBytes('flash').set([2, 2, 2, 2], BANK);
    h.set('RCC.APB2ENR.SYSCFGEN', 1);
    h.set('SYSCFG.MEMRMP.FB_MODE', 1);
    expect([word(FLASH), word(FLASH + BANK), word(0)]).toEqual([0x02020202, 0x01010101, 0x02020202]);
    unlock();
    h.write('FLASH.CR', 1 << 1); // page 0 of bank 1, now in the upper half
    h.set('FLASH.CR.STRT', 1);
    h.wait(23 * MS);
    expect([word(FLASH), word(FLASH + BANK)]).toEqual([0x02020202, 0xffffffff]);
    h.reset('software');
    expect([word(FLASH), word(FLASH + BANK)]).toEqual([0xffffffff, 0x02020202]);
  });
  it('ACR drives latency, prefetch and the ART enables', () => {
    expect([h.system.wire('flash.latency'), h.system.wire('art.icache'), h.system.wire('art.dcache')]).toEqual([0, 1, 1]);
    h.write('FLASH.ACR', 0x104);
    expect([
      h.system.wire('flash.latency'),
      h.system.wire('flash.prefetch'),
      h.system.wire('art.icache'),
      h.system.wire('art.dcache'),
    ]).toEqual([4, 1, 0, 0]);
  });
  it('ICRST and DCRST empty a cache only while it is off', () => {
    const resets = (): number[] => [h.system.wire('art.icache.reset'), h.system.wire('art.dcache.reset')];
    h.write('FLASH.ACR', 0x1e00);
    expect(resets()).toEqual([0, 0]);
    h.write('FLASH.ACR', 0x1c00);
    expect(resets()).toEqual([1, 0]);
    h.write('FLASH.ACR', 0x1800);
    expect(resets()).toEqual([1, 1]);
    h.write('FLASH.ACR', 0x0600);
    expect(resets()).toEqual([0, 0]);
  });
  it('identity: flash size in KB and the unique ID lie in the information block', () => {
    expect(h.system.read(0x1fff75e0, 2)).toBe(1024);
    expect(h.system.read(0x1fff7590, 4)).toBe(0x00350028);
  });
  it('OTP takes double words once', () => {
    unlock();
    h.set('FLASH.CR.PG', 1);
    store(0x1fff7000, 0xaaaa5555, 0x12345678);
    h.wait(MS);
    expect(word(0x1fff7000)).toBe(0xaaaa5555);
    store(0x1fff7000, 0xaaaa5554, 0x12345678);
    expect(errors()).toEqual(['PROGERR']);
    h.system.memoryBytes('info').fill(0xff, 0, 0x400);
  });
});

/** RM0351 3.3.7 "Fast programming". */
describe('fast programming', () => {
  const ROW_WORDS = 64;
  const BIT_FAST = 1 << 9;
  const BIT_MISS = 1 << 8;
  const BIT_ALIGN = 1 << 5;
  const BIT_SEQUENCE = 1 << 7;
  const sr = (): number => h.read('FLASH.SR') & 0xffff;
  const massErase = (bank: 1 | 2): void => {
    h.set(bank === 1 ? 'FLASH.CR.MER1' : 'FLASH.CR.MER2', 1);
    h.set('FLASH.CR.STRT', 1);
    h.wait(30 * MS);
    h.set(bank === 1 ? 'FLASH.CR.MER1' : 'FLASH.CR.MER2', 0);
  };
  const fastBank2 = (): void => {
    unlock();
    massErase(2);
    h.set('FLASH.CR.FSTPG', 1);
  };
  const ROW_AT = FLASH + BANK + 0x300;

  it('a row of 32 double words, in less time than one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffffffff), { minLength: ROW_WORDS, maxLength: ROW_WORDS }), (words) => {
        h = chip.again();
        fastBank2();
        words.forEach((w, i) => h.system.write(ROW_AT + 4 * i, 4, w));
        expect(h.get('FLASH.SR.BSY')).toBe(1);
        h.wait(2.0 * MS);
        expect(h.get('FLASH.SR.BSY')).toBe(0);
        expect(sr()).toBe(0);
        expect(words.map((_w, i) => word(ROW_AT + 4 * i))).toEqual(words);
      }),
      { numRuns: 10 },
    );
  });
  it('a double word that does not come in time is MISERR and FASTERR', () => {
    fastBank2();
    store(ROW_AT, 1, 2);
    store(ROW_AT + 8, 3, 4);
    h.wait(MS);
    expect(sr()).toBe(BIT_MISS | BIT_FAST);
    expect([word(ROW_AT), word(ROW_AT + 12)]).toEqual([1, 4]);
    store(ROW_AT + 16, 5, 6);
    expect(sr() & BIT_SEQUENCE).toBe(BIT_SEQUENCE);
  });
  it('a row that begins in the middle, or goes on elsewhere, is PGAERR and FASTERR', () => {
    for (const [first, second] of [
      [8, null],
      [0, 16],
      [0, 0],
    ] as const) {
      h = chip.again();
      fastBank2();
      store(ROW_AT + first, 1, 2);
      if (second !== null) store(ROW_AT + second, 3, 4);
      expect(sr()).toBe(BIT_ALIGN | BIT_FAST);
    }
  });
  it('a bank that was not erased as a whole, or has been programmed since, is PGSERR', () => {
    unlock();
    h.set('FLASH.CR.FSTPG', 1);
    store(ROW_AT, 1, 2);
    expect(sr()).toBe(BIT_SEQUENCE | BIT_FAST);
    h = chip.again();
    unlock();
    massErase(2);
    h.set('FLASH.CR.PG', 1);
    store(ROW_AT + 0x1000, 1, 2);
    h.wait(MS);
    h.set('FLASH.CR.PG', 0);
    h.set('FLASH.CR.FSTPG', 1);
    store(ROW_AT, 1, 2);
    expect(sr()).toBe(BIT_SEQUENCE | BIT_FAST);
  });
  it('PG and FSTPG together are PGSERR', () => {
    fastBank2();
    h.set('FLASH.CR.PG', 1);
    store(ROW_AT, 1, 2);
    expect(sr()).toBe(BIT_SEQUENCE);
  });
});
