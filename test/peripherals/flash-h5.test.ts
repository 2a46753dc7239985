import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUS_ERROR } from '../../src/emu/component.ts';
import { MS, US } from '../../src/emu/time.ts';
import { H5 } from './h5.ts';

const PG = 1 << 1;
const SER = 1 << 2;
const BER = 1 << 3;
const FW = 1 << 4;
const STRT = 1 << 5;
const MER = 1 << 15;
const BANK2 = 0x80000000;

const unlocked = (parameters: Record<string, number> = {}): H5 => {
  const h = new H5(parameters);
  h.write('FLASH.NSKEYR', 0x45670123);
  h.write('FLASH.NSKEYR', 0xcdef89ab);
  expect(h.get('FLASH.NSCR.LOCK')).toBe(0);
  return h;
};
const options = (h: H5): void => {
  h.write('FLASH.OPTKEYR', 0x08192a3b);
  h.write('FLASH.OPTKEYR', 0x4c5d6e7f);
};
const program = (h: H5, address: number, words: readonly number[]): void => words.forEach((w, i) => h.system.write(address + 4 * i, 4, w));

describe('FLASH H5: keys', () => {
  it('a wrong key ends in a bus error and locks until the next reset', () => {
    const h = new H5();
    expect(h.write('FLASH.NSKEYR', 0x45670123)).toBe(0);
    expect(h.write('FLASH.NSKEYR', 0x45670123)).toBe(BUS_ERROR);
    h.write('FLASH.NSKEYR', 0x45670123);
    h.write('FLASH.NSKEYR', 0xcdef89ab);
    expect(h.get('FLASH.NSCR.LOCK')).toBe(1);
    h.reset('software');
    h.write('FLASH.NSKEYR', 0x45670123);
    h.write('FLASH.NSKEYR', 0xcdef89ab);
    expect(h.get('FLASH.NSCR.LOCK')).toBe(0);
  });
  it('the unlock sequence written twice locks until the next reset, without a bus error', () => {
    const h = unlocked();
    expect(h.write('FLASH.NSKEYR', 0x45670123)).toBe(0);
    expect(h.write('FLASH.NSKEYR', 0xcdef89ab)).toBe(0);
    expect(h.get('FLASH.NSCR.LOCK')).toBe(1);
    h.write('FLASH.NSKEYR', 0x45670123);
    expect(h.get('FLASH.NSCR.LOCK')).toBe(1);
  });
  it('NSCR ignores writes while locked', () => {
    const h = new H5();
    h.write('FLASH.NSCR', PG);
    expect(h.read('FLASH.NSCR')).toBe(1);
  });
});

describe('FLASH H5: programming', () => {
  it('four words make a quad-word, in memory after 32 µs with EOP', () => {
    const h = unlocked();
    h.write('FLASH.NSCR', PG);
    program(h, 0x08010000, [1, 2, 3]);
    expect(h.get('FLASH.NSSR.WBNE')).toBe(1);
    expect(h.get('FLASH.NSSR.BSY')).toBe(0);
    h.system.write(0x0801000c, 4, 4);
    expect(h.get('FLASH.NSSR.WBNE')).toBe(0);
    expect(h.get('FLASH.NSSR.BSY')).toBe(1);
    expect(h.system.wire('flash.busy')).toBe(1);
    h.wait(32 * US - 1);
    expect(h.system.read(0x08010000, 4)).toBe(0xffffffff);
    h.wait(1);
    expect([0, 4, 8, 12].map((i) => h.system.read(0x08010000 + i, 4))).toEqual([1, 2, 3, 4]);
    expect(h.read('FLASH.NSSR')).toBe(1 << 16);
    h.write('FLASH.NSCCR', 1 << 16);
    expect(h.read('FLASH.NSSR')).toBe(0);
  });
  it('without PG: PGSERR; another quad-word meanwhile: INCERR; a byte twice: STRBERR; nothing is written', () => {
    const h = unlocked();
    h.system.write(0x08010000, 4, 0);
    expect(h.get('FLASH.NSSR.PGSERR')).toBe(1);
    h.write('FLASH.NSCR', PG);
    h.system.write(0x08010000, 4, 0);
    h.system.write(0x08010010, 4, 0);
    expect(h.get('FLASH.NSSR.INCERR')).toBe(1);
    h.system.write(0x08010000, 4, 0);
    expect(h.get('FLASH.NSSR.STRBERR')).toBe(1);
    h.wait(1 * MS);
    expect(h.system.read(0x08010000, 4)).toBe(0xffffffff);
  });
  it('FW writes a part of a quad-word, the rest stays erased', () => {
    const h = unlocked();
    h.write('FLASH.NSCR', PG);
    h.system.write(0x08010004, 4, 0x12345678);
    h.write('FLASH.NSCR', PG | FW);
    h.wait(32 * US);
    expect(h.system.read(0x08010000, 4)).toBe(0xffffffff);
    expect(h.system.read(0x08010004, 4)).toBe(0x12345678);
    expect(h.get('FLASH.NSCR.FW')).toBe(0);
  });
  it('a second quad-word waits for the first; BSY stays until both are written', () => {
    const h = unlocked();
    h.write('FLASH.NSCR', PG);
    program(h, 0x08010000, [1, 2, 3, 4, 5, 6, 7, 8]);
    expect(h.get('FLASH.NSSR.DBNE')).toBe(1);
    h.wait(32 * US);
    expect(h.get('FLASH.NSSR.BSY')).toBe(1);
    h.wait(32 * US);
    expect(h.get('FLASH.NSSR.BSY')).toBe(0);
    expect(h.system.read(0x0801001c, 4)).toBe(8);
  });
  it('bits only fall: programming twice leaves the AND of both, and is noted', () => {
    fc.assert(
      fc.property(fc.tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.uint8Array({ minLength: 16, maxLength: 16 })), ([a, b]) => {
        const h = unlocked();
        h.write('FLASH.NSCR', PG);
        for (const data of [a, b]) {
          data.forEach((v, i) => h.system.write(0x08020000 + i, 1, v));
          h.wait(32 * US);
        }
        expect([...h.system.memoryBytes('flash').slice(0x20000, 0x20010)]).toEqual([...a].map((v, i) => v & b[i]!));
      }),
      { numRuns: 10 },
    );
  });
  it('a write-protected sector answers WRPERR', () => {
    const h = unlocked({ 'option.WRPSG1': 0xfffffffe });
    h.write('FLASH.NSCR', PG);
    h.system.write(0x08006000, 4, 0);
    expect(h.get('FLASH.NSSR.WRPERR')).toBe(1);
    h.write('FLASH.NSCCR', 0xff0000);
    h.system.write(0x08008000, 4, 0);
    expect(h.get('FLASH.NSSR.WRPERR')).toBe(0);
  });
});

describe('FLASH H5: erasing', () => {
  const filled = (parameters: Record<string, number> = {}): H5 => {
    const h = unlocked(parameters);
    h.system.memoryBytes('flash').fill(0);
    return h;
  };
  /** First and last byte that is 0xFF. */
  const erased = (h: H5): [number, number] => {
    const bytes = h.system.memoryBytes('flash');
    return [bytes.indexOf(0xff), bytes.lastIndexOf(0xff)];
  };
  it('SNB and BKSEL name an 8 KB sector of a bank; it takes 2 ms', () => {
    const h = filled();
    h.write('FLASH.NSCR', SER | (3 << 6) | BANK2);
    h.write('FLASH.NSCR', (SER | (3 << 6) | BANK2 | STRT) >>> 0);
    expect(h.system.wire('flash.busy')).toBe(2);
    h.wait(2 * MS - 1);
    expect(erased(h)).toEqual([-1, -1]);
    h.wait(1);
    expect(erased(h)).toEqual([0x46000, 0x47fff]);
    expect(h.get('FLASH.NSCR.STRT')).toBe(0);
    expect(h.get('FLASH.NSSR.EOP')).toBe(1);
  });
  it('bank and mass erase', () => {
    const h = filled();
    h.write('FLASH.NSCR', BER | STRT);
    h.wait(16 * MS);
    expect(erased(h)).toEqual([0, 0x3ffff]);
    h.system.memoryBytes('flash').fill(0);
    h.write('FLASH.NSCR', MER | STRT);
    h.wait(32 * MS);
    expect(erased(h)).toEqual([0, 0x7ffff]);
  });
  it('a sector that does not exist, or STRT alone: PGSERR', () => {
    const h = filled();
    h.write('FLASH.NSCR', SER | (32 << 6) | STRT);
    expect(h.get('FLASH.NSSR.PGSERR')).toBe(1);
    h.write('FLASH.NSCCR', 0xff0000);
    h.write('FLASH.NSCR', STRT);
    expect(h.get('FLASH.NSSR.PGSERR')).toBe(1);
    h.wait(10 * MS);
    expect(erased(h)).toEqual([-1, -1]);
  });
  it('with SWAP_BANK bank 1 lies in the upper half', () => {
    const h = filled({ 'option.SWAP_BANK': 1 });
    expect(h.get('FLASH.OPTCR.SWAP_BANK')).toBe(1);
    h.write('FLASH.NSCR', SER | STRT);
    h.wait(2 * MS);
    expect(erased(h)).toEqual([0x40000, 0x41fff]);
  });
  it('a reset cuts an erase short and OPSR names it', () => {
    const h = filled();
    h.write('FLASH.NSCR', SER | (1 << 6) | STRT);
    h.wait(1 * MS);
    h.reset('pin');
    h.wait(10 * MS);
    expect(erased(h)).toEqual([-1, -1]);
    expect(h.get('FLASH.OPSR.CODE_OP')).toBe(2);
    expect(h.get('FLASH.OPSR.ADDR_OP')).toBe(0x2000 / 16);
  });
});

describe('FLASH H5: option bytes', () => {
  it('NSBOOTADD is 0x08000000, PRODUCT_STATE open, TrustZone off on a new part', () => {
    const h = new H5();
    expect(h.read('FLASH.NSBOOTR_CUR') >>> 8).toBe(0x080000);
    expect(h.get('FLASH.OPTSR_CUR.PRODUCT_STATE')).toBe(0xed);
    expect(h.get('FLASH.OPTSR2_CUR.TZEN')).toBe(0xc3);
  });
  it('PRG registers need OPTKEYR; OPTSTRT programs them; the swap acts at the next reset and exchanges the banks', () => {
    const h = new H5();
    h.system.memoryBytes('flash').set([1, 2, 3, 4], 0);
    h.system.memoryBytes('flash').set([5, 6, 7, 8], 0x40000);
    h.set('FLASH.OPTSR_PRG.SWAP_BANK', 1);
    expect(h.get('FLASH.OPTSR_PRG.SWAP_BANK')).toBe(0);
    options(h);
    h.set('FLASH.OPTSR_PRG.SWAP_BANK', 1);
    h.set('FLASH.OPTCR.OPTSTRT', 1);
    expect(h.get('FLASH.NSSR.BSY')).toBe(1);
    h.wait(8 * MS);
    expect(h.get('FLASH.OPTSR_CUR.SWAP_BANK')).toBe(1);
    expect(h.system.read(0x08000000, 4)).toBe(0x04030201);
    h.reset('software');
    expect(h.system.read(0x08000000, 4)).toBe(0x08070605);
    expect(h.system.read(0x08040000, 4)).toBe(0x04030201);
    expect(h.get('FLASH.OPTCR.SWAP_BANK')).toBe(1);
  });
  it('option bytes survive power-off', () => {
    const h = new H5();
    options(h);
    h.set('FLASH.OPTSR_PRG.IWDG_SW', 0);
    h.set('FLASH.OPTCR.OPTSTRT', 1);
    h.wait(8 * MS);
    h.system.resetBlocks('power');
    expect(h.get('FLASH.OPTSR_CUR.IWDG_SW')).toBe(0);
    expect(h.system.wire('iwdg.hardware')).toBe(1);
  });
  it('a product state that does not exist is refused with OPTCHANGEERR', () => {
    const h = new H5();
    options(h);
    h.set('FLASH.OPTSR_PRG.PRODUCT_STATE', 0x12);
    h.set('FLASH.OPTCR.OPTSTRT', 1);
    h.wait(8 * MS);
    expect(h.get('FLASH.NSSR.OPTCHANGEERR')).toBe(1);
    expect(h.get('FLASH.OPTSR_CUR.PRODUCT_STATE')).toBe(0xed);
  });
});

describe('FLASH H5: OTP and read-only area', () => {
  it('holds UID and flash size; byte reads and reads through an enabled ICACHE are bus errors', () => {
    const h = new H5();
    expect(h.system.read(0x08fff80c, 2)).toBe(512);
    expect(h.system.read(0x08fff800, 4)).toBe(h.system.parameter('uid.0'));
    expect(h.system.read(0x08fff800, 1)).toBe(BUS_ERROR);
    h.set('ICACHE.CR.EN', 1);
    h.wait(1 * MS);
    expect(h.system.read(0x08fff800, 4)).toBe(BUS_ERROR);
  });
  it('is read through an enabled ICACHE where the MPU makes it non-cacheable', () => {
    const h = new H5();
    h.set('ICACHE.CR.EN', 1);
    h.wait(1 * MS);
    const otp = h.system.memories.find((m) => m.row.name === 'otp')!;
    expect(h.system.guarded(otp, 0x800, 4, false)).toBe(h.system.parameter('uid.0'));
    expect(h.system.guarded(otp, 0x800, 4, true)).toBe(BUS_ERROR);
    expect(h.system.guarded(otp, 0x800, 1, false)).toBe(BUS_ERROR);
  });
  it('OTP takes half-words once; the read-only area answers WRPERR', () => {
    const h = unlocked();
    h.write('FLASH.NSCR', PG);
    h.system.write(0x08fff010, 2, 0x1234);
    h.wait(32 * US);
    expect(h.system.read(0x08fff010, 2)).toBe(0x1234);
    h.system.write(0x08fff800, 2, 0);
    expect(h.get('FLASH.NSSR.WRPERR')).toBe(1);
  });
});

describe('FLASH H5: ACR', () => {
  it('comes up with three wait states and drives the fetch timing', () => {
    const h = new H5();
    expect(h.system.wire('flash.latency')).toBe(3);
    h.write('FLASH.ACR', 0x125);
    expect(h.system.wire('flash.latency')).toBe(5);
    expect(h.system.wire('flash.prefetch')).toBe(1);
    h.reset('software');
    expect(h.read('FLASH.ACR')).toBe(0x13);
  });
});
