/** CCM of STM32G431 shows at 0x10000000 and behind SRAM2 at 0x20005800, which is no multiple of a page (RM0440 table 2): code there sees what is stored through either window. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { S } from '../../src/emu/core/state.ts';
import { Machine } from '../../src/emu/machine.ts';
import { MS, US } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { Thumb } from './thumb.ts';

const FLASH = 0x08000000;
/** HardFault_Handler. */
const FAULT = FLASH + 0x200;
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
function started(code: Uint8Array, chip = 'STM32G431RB'): Machine {
  const m = new Machine({ chip: findChip(chip)!, models: MODELS, parameters: {}, seed: 1 });
  m.eraseNonVolatile();
  m.load(FLASH, new Uint8Array(new Uint32Array([0x20001000, FLASH + 0x41, 0, FAULT | 1]).buffer));
  m.load(FAULT, new Thumb(FAULT).label('end').b('end').bytes());
  m.load(FLASH + 0x40, code);
  m.powerOn();
  return m;
}

/** Writes of the slow path from now on. */
function countWrites(m: Machine): () => number {
  const core = m.bootCore as unknown as { busWrite(...args: unknown[]): void };
  const own = core.busWrite;
  let calls = 0;
  core.busWrite = function (...args) {
    calls++;
    own.apply(this, args);
  };
  return () => calls;
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
    const calls = countWrites(m);
    m.run(1 * MS);
    expect([m.bootCore.get(S.R + 4), calls()]).toEqual([199, 1]);
    m.release();
  });
  it('is brought back by a checkpoint, whichever half of a page has been written before', () => {
    // R0 = where, R5 = what
    const code = new Thumb(FLASH + 0x40).label('round').str(5, 0).b('round').bytes();
    const m = started(code);
    const core = m.bootCore;
    const write = (offset: number, value: number): void => {
      core.set(S.R, SECOND + offset);
      core.set(S.R + 20, value);
      m.run(m.now + US);
    };
    write(0x1000, 1);
    write(0x17fc, 2);
    write(0x1800, 3);
    const before = m.save();
    for (const first of [0x1000, 0x17fc, 0x1800]) {
      write(first, 4);
      for (const offset of [0x1000, 0x17fc, 0x1800]) write(offset, 5);
      m.restore(before);
      expect([0x1000, 0x17fc, 0x1800].map((offset) => m.system.read(SECOND + offset, 4))).toEqual([1, 2, 3]);
    }
    m.release();
  });
});

/** STM32F042C6 has 6 KB of RAM: it ends inside a page. */
describe('memory that ends inside a page', () => {
  const END = 0x20001800;
  const loop = (offset: number): Thumb =>
    new Thumb(FLASH + 0x40)
      .constant(0, END + offset)
      .movs(5, 0)
      .label('round')
      .str(5, 0)
      .ldr(1, 0);
  const code = (t: Thumb): Uint8Array => t.adds(5, 1).cmp(5, 200).bne('round').label('end').b('end').bytes();
  it.each([true, false])('is written by the slow path once a word (translated: %s)', (translating) => {
    const m = started(code(loop(-4)), 'STM32F042C6');
    m.bootCore.setTranslating(translating, 1);
    const calls = countWrites(m);
    m.run(1 * MS);
    expect([m.bootCore.get(S.R + 4), calls()]).toEqual([199, 1]);
    m.release();
  });
  it.each([true, false])('faults behind its end, also where words beside it are written all the time (translated: %s)', (translating) => {
    const t = loop(-4)
      .adds(5, 1)
      .cmp(5, 200)
      .bne('round')
      .constant(6, END - 8);
    // STMIA R6!, {R0-R3}: the third word lies behind the end
    const m = started(t.str(5, 6).str(5, 6, 4).put(0xc60f).label('end').b('end').bytes(), 'STM32F042C6');
    m.bootCore.setTranslating(translating, 1);
    m.run(1 * MS);
    expect(m.bootCore.pc).toBe(FAULT);
    m.release();
  });
});
