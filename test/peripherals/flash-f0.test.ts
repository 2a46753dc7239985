/** FLASH of F072: half-words, erase, option bytes in their own memory, against a plain model of the array. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32F103C8 } from '../../src/chips/stm32f1.ts';
import { BUS_ERROR } from '../../src/emu/component.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

// ST HAL: FLASH_KEY1 and so on
const KEY1 = 0x45670123;
const KEY2 = 0xcdef89ab;

const FLASH = 0x08000000;
const PAGE = 0x800;
const OPTIONS = 0x1ffff800;
const chip = new StChip(STM32F072RB);
const factory = chip.system.memoryBytes('options').slice();
let h = chip;
const start = (): StChip => {
  h = chip.again();
  h.system.memoryBytes('flash').fill(0xff);
  h.system.memoryBytes('options').set(factory);
  return h;
};
beforeEach(start);
const unlock = (): void => {
  h.write('FLASH.KEYR', KEY1);
  h.write('FLASH.KEYR', KEY2);
};
const unlockOptions = (): void => {
  unlock();
  h.write('FLASH.OPTKEYR', KEY1);
  h.write('FLASH.OPTKEYR', KEY2);
};
const half = (address: number): number => h.system.read(address, 2);
const erasePage = (address: number): void => {
  h.write('FLASH.CR', 1 << 1);
  h.write('FLASH.AR', address);
  h.set('FLASH.CR.STRT', 1);
};

describe('keys', () => {
  it('both in order clear LOCK; a wrong one locks until the next reset', () => {
    unlock();
    expect(h.get('FLASH.CR.LOCK')).toBe(0);
    start();
    h.write('FLASH.KEYR', KEY2);
    unlock();
    expect(h.get('FLASH.CR.LOCK')).toBe(1);
    h.reset('software');
    unlock();
    expect(h.get('FLASH.CR.LOCK')).toBe(0);
  });
  it('both at an open lock change nothing; a wrong one there locks until the next reset', () => {
    unlockOptions();
    unlockOptions();
    unlockOptions();
    expect([h.get('FLASH.CR.LOCK'), h.get('FLASH.CR.OPTWRE')]).toEqual([0, 1]);
    h.write('FLASH.OPTKEYR', KEY2);
    expect([h.get('FLASH.CR.LOCK'), h.get('FLASH.CR.OPTWRE')]).toEqual([0, 0]);
    h.write('FLASH.KEYR', KEY1);
    h.write('FLASH.KEYR', KEY1);
    unlock();
    expect(h.get('FLASH.CR.LOCK')).toBe(1);
  });
});

describe('programming', () => {
  it('a half-word is there after 53.5 µs; EOP rises and is cleared by writing 1', () => {
    unlock();
    h.set('FLASH.CR.PG', 1);
    h.system.write(FLASH + 2, 2, 0x1234);
    expect(h.get('FLASH.SR.BSY')).toBe(1);
    expect(half(FLASH + 2)).toBe(0xffff);
    h.wait(54 * US);
    expect(half(FLASH + 2)).toBe(0x1234);
    expect(h.get('FLASH.SR.EOP')).toBe(1);
    h.write('FLASH.SR', 0x20);
    expect(h.read('FLASH.SR')).toBe(0);
  });
  it('words, bytes and writes while locked are bus errors', () => {
    expect(h.system.write(FLASH, 2, 0)).toBe(BUS_ERROR);
    unlock();
    expect(h.system.write(FLASH, 2, 0)).toBe(BUS_ERROR);
    h.set('FLASH.CR.PG', 1);
    expect(h.system.write(FLASH, 4, 0)).toBe(BUS_ERROR);
    expect(h.system.write(FLASH, 1, 0)).toBe(BUS_ERROR);
    expect(half(FLASH)).toBe(0xffff);
  });
  it('any sequence of programs and erases leaves what a plain array would hold', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('program' as const),
        slot: fc.integer({ min: 0, max: 40 }),
        page: fc.integer({ min: 0, max: 2 }),
        value: fc.nat(0xffff),
      }),
      fc.record({ kind: fc.constant('erase' as const), page: fc.integer({ min: 0, max: 2 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        start();
        unlock();
        const model = new Map<number, number>();
        for (const s of steps) {
          h.write('FLASH.SR', 0x34);
          if (s.kind === 'erase') {
            erasePage(FLASH + s.page * PAGE + 6);
            h.wait(31 * MS);
            for (const a of [...model.keys()]) if (Math.floor(a / PAGE) === s.page) model.delete(a);
            continue;
          }
          h.write('FLASH.CR', 1);
          const offset = s.page * PAGE + s.slot * 2;
          const allowed = (model.get(offset) ?? 0xffff) === 0xffff || s.value === 0;
          h.system.write(FLASH + offset, 2, s.value);
          h.wait(MS);
          expect(h.get('FLASH.SR.PGERR')).toBe(allowed ? 0 : 1);
          if (allowed) model.set(offset, s.value);
        }
        for (let page = 0; page < 3; page++)
          for (let slot = 0; slot <= 40; slot++)
            expect(half(FLASH + page * PAGE + slot * 2)).toBe(model.get(page * PAGE + slot * 2) ?? 0xffff);
      }),
      { numRuns: 60 },
    );
  });
});

describe('erase', () => {
  it('MER takes everything in one page time; STRT needs exactly one kind', () => {
    h.system.memoryBytes('flash').fill(0);
    unlock();
    h.set('FLASH.CR.STRT', 1);
    expect(h.get('FLASH.CR.STRT')).toBe(0);
    h.write('FLASH.CR', 1 << 2);
    h.set('FLASH.CR.STRT', 1);
    h.wait(31 * MS);
    expect(h.system.memoryBytes('flash').every((b) => b === 0xff)).toBe(true);
  });
});

describe('option bytes', () => {
  it('come as erased user bytes with level 0, and OBR shows them', () => {
    expect(h.system.read(OPTIONS, 4)).toBe(0x00ff55aa);
    expect(h.get('FLASH.OBR.RDPRT')).toBe(0);
    expect(h.get('FLASH.OBR.nBOOT1')).toBe(1);
    expect(h.get('FLASH.OBR.OPTERR')).toBe(0);
    expect(h.read('FLASH.WRPR')).toBe(0xffffffff);
  });
  it('are erased and programmed as half-words with the complement added, and loaded at the next reset', () => {
    unlockOptions();
    expect(h.get('FLASH.CR.OPTWRE')).toBe(1);
    h.set('FLASH.CR.OPTER', 1);
    h.set('FLASH.CR.STRT', 1);
    h.wait(31 * MS);
    h.write('FLASH.CR', (1 << 9) | (1 << 4));
    h.system.write(OPTIONS, 2, 0xaa);
    h.wait(MS);
    h.system.write(OPTIONS + 2, 2, 0xef); // nBOOT1 = 0
    h.wait(MS);
    expect(h.system.read(OPTIONS, 4)).toBe(0x10ef55aa);
    expect(h.get('FLASH.OBR.nBOOT1')).toBe(1);
    h.set('FLASH.CR.OBL_LAUNCH', 1);
    expect(h.resets).toEqual(['option-bytes']);
    h.reset('option-bytes');
    expect(h.get('FLASH.OBR.nBOOT1')).toBe(0);
    // The data and protection bytes are still erased, which is no error; one that does not fit its complement is.
    expect(h.get('FLASH.OBR.OPTERR')).toBe(0);
    h.system.memoryBytes('options').set([0x12, 0x34], 4);
    h.reset('software');
    expect([h.get('FLASH.OBR.OPTERR'), h.get('FLASH.OBR.Data0')]).toEqual([1, 0xff]);
  });
  it.each([
    [0xaa, 0],
    [0xcc, 3],
    [0x00, 1],
    [0xbb, 1],
  ])('RDP byte %i is level code %i', (rdp, code) => {
    expect(new StChip(STM32F072RB, { 'option.RDP': rdp }).get('FLASH.OBR.RDPRT')).toBe(code);
  });
  it.each([
    ['STM32F072', STM32F072RB, 0x00, 0xaa],
    ['STM32F103', STM32F103C8, 0x00, 0xa5],
    ['STM32F072 without protection', STM32F072RB, 0xaa, 0xaa],
  ])('%s: RDP byte %i programmed as %i erases the flash if it was protected, write protection or not', (_name, part, before, open) => {
    h = new StChip(part, { 'option.RDP': before, 'option.WRP': 0 });
    h.system.memoryBytes('flash').set([1, 2, 3, 4]);
    const isProtected = h.get('FLASH.OBR.RDPRT');
    unlockOptions();
    h.set('FLASH.CR.OPTER', 1);
    h.set('FLASH.CR.STRT', 1);
    h.wait(31 * MS);
    h.write('FLASH.CR', (1 << 9) | (1 << 4));
    h.system.write(OPTIONS, 2, open);
    h.wait(MS);
    expect([h.get('FLASH.SR.BSY'), h.system.read(FLASH, 4)]).toEqual([isProtected, 0x04030201]);
    h.wait(41 * MS);
    h.reset('power');
    expect([h.get('FLASH.OBR.RDPRT'), h.system.read(FLASH, 4)]).toEqual([0, isProtected ? 0xffffffff : 0x04030201]);
  });
  it('WRP protects two pages a bit', () => {
    h = new StChip(STM32F072RB, { 'option.WRP': 0xfffffffd });
    unlock();
    h.set('FLASH.CR.PG', 1);
    h.system.write(FLASH + 2 * PAGE, 2, 0);
    expect(h.get('FLASH.SR.WRPRTERR')).toBe(1);
    h.system.write(FLASH, 2, 0);
    h.wait(MS);
    expect([half(FLASH), half(FLASH + 2 * PAGE)]).toEqual([0, 0xffff]);
  });
});

it('flash size and unique ID lie at the end of system memory', () => {
  expect(h.system.read(0x1ffff7cc, 2)).toBe(128);
  expect(h.system.read(0x1ffff7ac, 4)).toBe(0x0034001a);
});
it('PRFTBS follows PRFTBE, LATENCY drives its wire', () => {
  h.write('FLASH.ACR', 0);
  expect(h.read('FLASH.ACR')).toBe(0);
  h.write('FLASH.ACR', 0x11);
  expect(h.read('FLASH.ACR')).toBe(0x31);
  expect([h.system.wire('flash.latency'), h.system.wire('flash.prefetch')]).toEqual([1, 1]);
});
