/** CCM of STM32G431 shows at 0x10000000 and behind SRAM2 at 0x20005800, which is no multiple of a page (RM0440 table 2): code there sees what is stored through either window. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { S } from '../../src/emu/core/state.ts';
import { Machine } from '../../src/emu/machine.ts';
import { MS } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { Thumb } from './thumb.ts';

const FLASH = 0x08000000;
const CCM = 0x10000000;
const SECOND = 0x20005800;
const SIZE = 0x2800;
const ROUNDS = 60;
/** ADDS R2, #0; BX LR */
const ROUTINE = 0x47703200;

/** Stores `ADDS R2, #n; BX LR` at `store` and calls it at `call`, for n = 0 … ROUNDS - 1. */
function program(store: number, call: number): Uint8Array {
  return new Thumb(FLASH + 0x40)
    .constant(0, ROUTINE)
    .constant(4, store)
    .constant(6, call | 1)
    .movs(2, 0)
    .movs(5, 0)
    .label('round')
    .add(1, 0, 5)
    .str(1, 4)
    .dsb()
    .blx(6)
    .adds(5, 1)
    .cmp(5, ROUNDS)
    .bne('round')
    .label('end')
    .b('end')
    .bytes();
}
function started(code: Uint8Array): Machine {
  const m = new Machine({ chip: findChip('STM32G431RB')!, models: MODELS, parameters: {}, seed: 1 });
  m.eraseNonVolatile();
  m.load(FLASH, new Uint8Array(new Uint32Array([0x20001000, FLASH + 0x41]).buffer));
  m.load(FLASH + 0x40, code);
  m.powerOn();
  return m;
}

describe('memory that does not begin with a page', () => {
  const place = fc.integer({ min: 0, max: SIZE / 4 - 1 }).map((n) => 4 * n);
  it.each([true, false])('runs what was stored through either window (translated: %s)', (translating) => {
    fc.assert(
      fc.property(place, fc.constantFrom(CCM, SECOND), fc.constantFrom(CCM, SECOND), (offset, store, call) => {
        const m = started(program(store + offset, call + offset));
        m.bootCore.setTranslating(translating, 1);
        m.run(1 * MS);
        expect(m.bootCore.get(S.R + 8)).toBe((ROUNDS * (ROUNDS - 1)) / 2);
        m.release();
      }),
      {
        numRuns: 12,
        examples: [
          [0, SECOND, SECOND],
          [0x7fc, CCM, SECOND],
          [0x800, SECOND, CCM],
          [SIZE - 4, SECOND, SECOND],
        ],
      },
    );
  });
  it('is written by the slow path once a page', () => {
    const code = new Thumb(FLASH + 0x40)
      .constant(0, SECOND + 0x1000)
      .movs(5, 0)
      .label('round')
      .str(5, 0)
      .ldr(1, 0)
      .adds(5, 1);
    const m = started(code.cmp(5, 200).bne('round').label('end').b('end').bytes());
    const core = m.bootCore as unknown as { busWrite(...args: unknown[]): void };
    const own = core.busWrite;
    let calls = 0;
    core.busWrite = function (...args) {
      calls++;
      own.apply(this, args);
    };
    m.run(1 * MS);
    expect([m.bootCore.get(S.R + 4), calls]).toEqual([199, 1]);
    m.release();
  });
});
