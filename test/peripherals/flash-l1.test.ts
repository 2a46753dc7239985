/** FLASH of STM32L1 as RM0038 3.4 and 3.9 describe it, where it differs from L0's: half pages of 32 words, pages of 256 bytes, OBR, ACC64 before LATENCY. Erased cells are 0. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32L152RE } from '../../src/chips/stm32l1.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const FLASH = 0x08000000;
const OPTIONS = 0x1ff80000;
const KEYS = { PEKEYR: [0x89abcdef, 0x02030405], PRGKEYR: [0x8c9daebf, 0x13141516], OPTKEYR: [0xfbead9c8, 0x24252627] } as const;
const [PROG, ERASE, FPRG, OBL_LAUNCH] = [8, 0x200, 0x400, 0x40000];
const [PAGE, HALF_PAGE] = [256, 128];
const DONE = 3.3 * MS;

const chip = new StChip(STM32L152RE);
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

const at = fc.nat(0xff).map((n) => 0x4000 + 4 * n);
const step = fc.record({
  kind: fc.constantFrom('word' as const, 'half-page' as const, 'erase' as const),
  at,
  value: fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0xffffffff)),
});

describe('flash of STM32L152RE', () => {
  it('random words, half pages and erased pages leave what the array of words holds; bits of a written word only rise', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const h = opened();
        const model = new Map<number, number>();
        const rise = (a: number, v: number): void => void model.set(a, ((model.get(a) ?? 0) | v) >>> 0);
        for (const s of steps) {
          if (s.kind === 'erase') {
            h.write('FLASH.PECR', ERASE | PROG);
            h.system.write(FLASH + s.at, 4, 0);
            for (let i = 0; i < PAGE; i += 4) model.delete((s.at & ~(PAGE - 1)) + i);
          } else if (s.kind === 'half-page') {
            const from = s.at & ~(HALF_PAGE - 1);
            h.write('FLASH.PECR', FPRG | PROG);
            for (let i = 0; i < HALF_PAGE / 4; i++) {
              const v = Math.imul(s.value, i + 1) >>> 0;
              h.system.write(FLASH + from + 4 * i, 4, v);
              rise(from + 4 * i, v);
            }
          } else {
            h.system.write(FLASH + s.at, 4, s.value);
            rise(s.at, s.value);
          }
          h.wait(DONE);
          expect([s.kind, h.get('FLASH.SR.BSY'), h.get('FLASH.SR.PGAERR')]).toEqual([s.kind, 0, 0]);
          h.write('FLASH.PECR', 0);
        }
        for (let a = 0x4000; a < 0x4400; a += 4) expect([a, word(a)]).toEqual([a, model.get(a) ?? 0]);
      }),
      { numRuns: 30 },
    );
  });

  it('LATENCY and PRFTEN are taken only once ACC64 is set, and hold it', () => {
    const h = chip.again();
    const acr = (value: number): number => (h.write('FLASH.ACR', value), h.read('FLASH.ACR'));
    expect(acr(3)).toBe(0);
    expect(acr(7)).toBe(4);
    expect(acr(7)).toBe(7);
    expect(acr(3)).toBe(7);
    expect(acr(0)).toBe(0);
  });

  it('the USER word is OBR from bit 16 on, and acts after OBL_LAUNCH', () => {
    const h = opened();
    expect([h.get('FLASH.OBR.RDP'), h.get('FLASH.OBR.BFB2'), h.get('FLASH.OBR.IWDG_SW')]).toEqual([0xaa, 1, 1]);
    unlock(h, 'OPTKEYR');
    h.system.write(OPTIONS + 4, 4, 0xff870078);
    h.wait(DONE);
    expect(h.get('FLASH.OBR.BFB2')).toBe(1);
    h.write('FLASH.PECR', OBL_LAUNCH);
    h.reset('option-bytes');
    expect([h.get('FLASH.OBR.BFB2'), h.get('FLASH.OBR.RDP'), h.get('FLASH.SR.OPTVERR')]).toEqual([0, 0xaa, 0]);
  });
});
