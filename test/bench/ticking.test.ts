/** `stuck` is a proof: a loop beside SysTick is one only if no tick, however late, can end it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { Outcome } from '../../src/bench/documents/result.ts';
import { Session } from '../../src/bench/session/session.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf } from './rounds-firmware.ts';

const FLASH = 0x08000000;
const RAM = 0x20000000;
const SYSTICK = 0xe000e010;
const CHIPS = { stm32h533: 32_000, stm32f072: 8_000, stm32l476: 4_000 } as const;
type Chip = keyof typeof CHIPS;
type Part = (t: Thumb) => unknown;

/** r7 = RAM, its first 64 words are 0, SysTick interrupts every 0.1 ms. Main goes on with `loop`; the handler counts in [RAM] (r2) and goes on with `each`. */
function session(chip: Chip, loop: Part, each: Part): Session {
  const main = new Thumb(FLASH + 0x200).constant(7, RAM).movs(0, 0);
  for (let i = 0; i < 16; i++) main.str(0, 7, 4 * i);
  main
    .constant(1, SYSTICK)
    .constant(0, CHIPS[chip] / 10 - 1)
    .str(0, 1, 4)
    .movs(0, 7)
    .str(0, 1);
  loop(main);
  const handler = new Thumb(FLASH + 0x400).constant(3, RAM).ldr(2, 3).adds(2, 1).str(2, 3);
  each(handler);
  handler.label('out').bxLr();
  return new Session(jobInput(plainJob(chip, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: imageOf(main, handler) }])));
}
function outcomeOf(chip: Chip, loop: Part, each: Part, until = 400): Outcome {
  const s = session(chip, loop, each);
  s.keepCheckpoints = false;
  const { outcome } = s.run({ until: until * MS });
  s.release();
  return outcome;
}
/** Waits for the word at RAM + 4, which a handler in the tests may or may not write in the end; then executes `wfi` in a loop. */
const waits: Part = (t) => t.label('wait').ldr(0, 7, 4).cmp(0, 0).beq('wait').label('end').wfi().b('end');
const nothing: Part = () => {};

describe.each(Object.keys(CHIPS) as Chip[])('A loop beside a running SysTick on %s', (chip) => {
  it('is stuck when the handler only counts', () => {
    expect(outcomeOf(chip, waits, nothing)).toBe('stuck');
  });
  it('is stuck when the handler compares what it counts with what it never reaches', () => {
    const later: Part = (t) => t.constant(1, 0xf0000000).cmpRegister(2, 1).bne('out').str(2, 3, 4);
    expect(outcomeOf(chip, waits, later)).toBe('stuck');
  });
  it('is stuck when the loop calls a function that keeps its registers on the stack', () => {
    const calling: Part = (t) =>
      t
        .label('wait')
        .constant(4, FLASH + 0x301)
        .blx(4)
        .cmp(0, 0)
        .beq('wait')
        .label('end')
        .wfi()
        .b('end')
        .put(...Array<number>((0x300 - 0x200) / 2 - t.length).fill(0xbf00))
        .push(0x30, true)
        .ldr(0, 7, 4)
        .pop(0x30, true);
    expect(outcomeOf(chip, calling, (t) => t.push(0x70).pop(0x70))).toBe('stuck');
  });
  it('ends at whatever tick the handler decides it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), (tick) => {
        const at: Part = (t) => t.constant(1, tick).cmpRegister(2, 1).bne('out').str(2, 3, 4);
        expect(outcomeOf(chip, waits, at)).toBe('no-jump');
      }),
      { numRuns: 8, examples: [[2999]] },
    );
  });
  it('ends when the handler compares what it counts with a count that the loop sets back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 3000 }), (far) => {
        // both counts move by one a tick, but the loop keeps the second at 0: their distance grows
        const setsBack: Part = (t) =>
          t.label('wait').movs(0, 0).str(0, 7, 8).ldr(0, 7, 4).cmp(0, 0).beq('wait').label('end').wfi().b('end');
        const apart: Part = (t) =>
          t.ldr(1, 3, 8).adds(1, 1).str(1, 3, 8).subs(1, 2, 1).constant(0, far).cmpRegister(1, 0).bne('out').str(2, 3, 4);
        expect(outcomeOf(chip, setsBack, apart)).toBe('no-jump');
      }),
      { numRuns: 2 },
    );
  });
  it('ends when the store of the handler walks up to what the loop reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 10 }), (shift) => {
        // [RAM + 8 - 4 · ((ticks >> shift) & 1)]
        const walks: Part = (t) => t.lsrs(1, 2, shift).movs(0, 1).ands(1, 0).lsls(1, 1, 2).movs(0, 8).subs(0, 0, 1).add(1, 3, 0).str(2, 1);
        expect(outcomeOf(chip, waits, walks)).toBe('no-jump');
      }),
      { numRuns: 4 },
    );
  });
  it('ends when the handler jumps through a table whose entry comes late', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 9 }), (shift) => {
        // r1 = table[(ticks >> shift) & 1]: first back at once, then by way of a store to what the loop reads
        const jumps: Part = (t) =>
          t
            .lsrs(1, 2, shift)
            .movs(0, 1)
            .ands(1, 0)
            .lsls(1, 1, 2)
            .constant(0, FLASH + 0x500)
            .add(1, 1, 0)
            .ldr(1, 1)
            .bx(1);
        const s = session(chip, waits, jumps);
        const code = new Thumb(FLASH + 0x540).str(2, 3, 4).bxLr().bytes();
        const table = new Uint8Array(8);
        new DataView(table.buffer).setUint32(0, FLASH + 0x581, true);
        new DataView(table.buffer).setUint32(4, FLASH + 0x541, true);
        s.machine.load(FLASH + 0x500, table);
        s.machine.load(FLASH + 0x540, code);
        s.machine.load(FLASH + 0x580, new Thumb(FLASH + 0x580).bxLr().bytes());
        s.keepCheckpoints = false;
        expect(s.run({ until: 400 * MS }).outcome).toBe('no-jump');
        s.release();
      }),
      { numRuns: 4 },
    );
  });
  it('ends when the handler changes a register that the loop goes by, in the frame', () => {
    const inFrame: Part = (t) => t.constant(1, 1000).cmpRegister(2, 1).bne('out').movFromSp(1).str(2, 1, 0);
    const byRegister: Part = (t) => t.movs(0, 0).label('wait').cmp(0, 0).beq('wait').label('end').wfi().b('end');
    expect(outcomeOf(chip, byRegister, inFrame)).toBe('no-jump');
  });
  it('is not stuck while it polls COUNTFLAG or the pending bit of a masked tick', () => {
    const csr: Part = (t) => t.constant(1, SYSTICK).movs(0, 5).str(0, 1).label('wait').ldr(0, 1).lsrs(0, 0, 16).beq('wait').b('wait');
    expect(outcomeOf(chip, csr, nothing)).toBe('no-jump');
    const icsr: Part = (t) => t.cpsidI().constant(1, 0xe000ed04).label('wait').ldr(0, 1).lsrs(0, 0, 26).beq('wait').label('end').b('wait');
    expect(outcomeOf(chip, icsr, nothing)).toBe('no-jump');
  });
  it('asleep with PRIMASK set it wakes up at each tick, also to stop after some; without a tick it sleeps for good', () => {
    const counts: Part = (t) =>
      t
        .cpsidI()
        .constant(1, 0xe000ed04)
        .constant(3, 1 << 25)
        .movs(2, 0)
        .label('wait')
        .wfi()
        .str(3, 1)
        .adds(2, 1)
        .constant(0, 3000)
        .cmpRegister(2, 0)
        .bne('wait')
        .cpsieI()
        .label('end')
        .wfi()
        .b('end');
    expect(outcomeOf(chip, counts, nothing)).toBe('no-jump');
    const stopped: Part = (t) => t.movs(0, 0).str(0, 1).label('end').wfi().b('end');
    expect(outcomeOf(chip, stopped, nothing)).toBe('stuck');
  });
});
