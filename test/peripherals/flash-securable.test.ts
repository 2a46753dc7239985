/** Securable memory of G4, G0 and C0 (RM0440 4.5.4). */
import { describe, expect, it } from 'vitest';
import { hasReservations } from '../../src/bench/documents/reservations.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { findChip } from '../../src/chips/index.ts';
import { MS } from '../../src/emu/time.ts';
import { bareImage, MAIN } from '../bench/bare-image.ts';
import { plainJob } from '../bench/plain-job.ts';
import { Thumb } from '../emu/thumb.ts';
import { StChip } from './st-chip.ts';

const KEYS = [0x45670123, 0xcdef89ab];
const [FLASH, PAGE] = [0x08000000, 0x800];
/** Where bank 2 of G474 with 512 KB and of G0B1 begins. */
const BANK = 0x40000;

/** A part whose securable memory has two pages in each bank. */
function part(chip: string, options: Readonly<Record<string, number>>): StChip {
  const h = new StChip(findChip(chip)!, Object.fromEntries(Object.entries(options).map(([name, value]) => [`option.${name}`, value])));
  h.system.memoryBytes('flash').fill(0x5a);
  for (const key of KEYS) h.write('FLASH.KEYR', key);
  return h;
}
const word = (h: StChip, address: number): number => h.system.read(address, 4);

describe.each([
  ['stm32g474re', 'SEC_PROT1', 'SEC1R.SEC_SIZE1', 0],
  ['stm32g474re', 'SEC_PROT2', 'SEC2R.SEC_SIZE2', BANK],
  ['stm32g0b1re', 'SEC_PROT', 'SECR.SEC_SIZE', 0],
  ['stm32g0b1re', 'SEC_PROT2', 'SECR.SEC_SIZE2', BANK],
  ['stm32c071rb', 'SEC_PROT', 'SECR.SEC_SIZE', 0],
])('%s: %s', (chip, bit, size, offset) => {
  const at = FLASH + offset;
  const secured = (pages: number): StChip => {
    const h = part(chip, { [size.split('.')[1]!]: pages });
    h.set(`FLASH.CR.${bit}`, 1);
    return h;
  };
  it('the pages of the option byte read 0 until a reset, those behind them as ever', () => {
    const h = secured(2);
    expect([at, at + 2 * PAGE - 4, at + 2 * PAGE].map((a) => word(h, a))).toEqual([0, 0, 0x5a5a5a5a]);
    h.set(`FLASH.CR.${bit}`, 0);
    expect(word(h, at)).toBe(0);
    h.reset('software');
    expect([at, at + 2 * PAGE - 4].map((a) => word(h, a))).toEqual([0x5a5a5a5a, 0x5a5a5a5a]);
    expect(h.get(`FLASH.CR.${bit}`)).toBe(0);
  });
  it('no page of it can be erased: WRPERR', () => {
    const h = secured(2);
    for (const [page, refused] of [
      [1, 1],
      [2, 0],
    ] as const) {
      h.set('FLASH.CR.PNB', page);
      if (offset > 0) h.set('FLASH.CR.BKER', 1);
      h.set('FLASH.CR.PER', 1);
      h.set('FLASH.CR.STRT', 1);
      h.wait(100 * MS);
      expect(h.get('FLASH.SR.WRPERR')).toBe(refused);
      h.set('FLASH.SR.WRPERR', 1);
    }
    h.reset('software');
    expect([at + PAGE, at + 2 * PAGE].map((a) => word(h, a))).toEqual([0x5a5a5a5a, 0xffffffff]);
  });
  it('without a page it does nothing', () => {
    expect(word(secured(0), at)).toBe(0x5a5a5a5a);
  });
});

it('BOOT_LOCK of G0 is an option byte: it is there after a reset', () => {
  expect(part('stm32g0b1re', { BOOT_LOCK: 1 }).get('FLASH.SECR.BOOT_LOCK')).toBe(1);
});

describe('firmware on G431 that secures the page it runs in', () => {
  const [FLASH_KEYR, FLASH_CR, ROM] = [0x40022008, 0x40022014, 0x1fff0000];
  const run = (behind: Thumb) => {
    const t = new Thumb(MAIN);
    for (const [address, value] of [...KEYS.map((key) => [FLASH_KEYR, key] as const), [FLASH_CR, 1 << 28] as const])
      t.constant(0, address).constant(1, value).str(1, 0);
    t.constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
    const [image] = bareImage(t);
    const bytes = new Uint8Array(2 * PAGE).fill(0xff);
    bytes.set(image!.bytes);
    bytes.set(behind.bytes(), PAGE);
    return runBench(jobInput(plainJob('STM32G431RB', [{ ...image!, bytes }], { board: { optionBytes: { SEC_SIZE1: 1 } } })));
  };
  it('ends in a fault, and the report says why', () => {
    const result = run(new Thumb(FLASH + PAGE).put(0xde00));
    expect(result.outcome).toBe('fault');
    expect(result.notes).toContainEqual(
      expect.objectContaining({ text: 'FLASH: FLASH_CR.SEC_PROT1 set: 0x08000000 to 0x080007ff cannot be read or executed until a reset' }),
    );
  });
  it('is no plain OK where the core happens to meet a jump behind it', () => {
    const result = run(new Thumb(FLASH + PAGE).constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1));
    expect([result.outcome, hasReservations(result)]).toEqual(['dfu', true]);
  });
});
