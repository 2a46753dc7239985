/** A repeated run ends when its application provably goes on doing the same between the ticks of SysTick: its word is that of the whole run. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { Outcome } from '../../src/bench/documents/result.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import * as rounds from '../../src/bench/session/rounds.ts';
import { Session } from '../../src/bench/session/session.ts';
import { findChip } from '../../src/chips/index.ts';
import { findScenarios } from '../../src/cli/find-scenarios.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const CHIP = 'stm32h533re';
const FLASH = 0x08000000;
const RAM = 0x20000000;
const SYSTICK = 0xe000e010;
const RCC_AHB2ENR = 0x44020c8c;
const GPIOA_BSRR = 0x42020018;
const RCC_APB1LENR = 0x44020c9c;
const TIM2 = 0x40000000;
const NVIC_ISER1 = 0xe000e104;
const TIM2_LINE = 1 << (45 - 32);
const CRC_IDR = 0x40023004;
const RCC_AHB1ENR = 0x44020c88;
const ROM = findChip(CHIP)!.rom!.vectorTable.value;
/** Cycles of a tick: 1 ms out of reset. */
const TICK = 32_000;
const END = 400 * MS;

type Part = (t: Thumb) => unknown;
/** r7 = RAM, with `ticks` at 0. The handler counts and does `each`; main sets up, and sleeps. */
function firmware(setUp: Part, each: Part, awake: Part = () => {}): Uint8Array {
  const main = new Thumb(FLASH + 0x200).constant(7, RAM).movs(0, 0).str(0, 7).str(0, 7, 4);
  setUp(main);
  main
    .constant(1, SYSTICK)
    .constant(0, TICK - 1)
    .str(0, 1, 4)
    .movs(0, 7)
    .str(0, 1);
  main.label('loop').wfi();
  awake(main);
  main.b('loop');
  const handler = new Thumb(FLASH + 0x400).ldr(2, 7).adds(2, 1).str(2, 7);
  each(handler);
  handler.label('out').bxLr();
  const image = new Uint8Array(0x800);
  const view = new DataView(image.buffer);
  view.setUint32(0, RAM + 0x1000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + (e === 1 ? 0x201 : 0x401), true);
  image.set(main.bytes(), 0x200);
  image.set(handler.bytes(), 0x400);
  return image;
}

interface Words {
  readonly whole: Outcome;
  readonly repeated: Outcome;
  readonly early: boolean;
}
function compare(bytes: Uint8Array): Words {
  const session = new Session(jobInput(plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  session.keepCheckpoints = false;
  const start = session.save();
  const whole = session.run({ until: END });
  session.restore(start);
  const repeated = session.run({ until: END, counterfactual: true });
  session.release();
  return { whole: whole.outcome, repeated: repeated.outcome, early: repeated.at < whole.at };
}
/** At this tick into the ROM. */
const jumpAt =
  (tick: number): Part =>
  (t) =>
    t.constant(3, tick).cmpRegister(2, 3).bne('out').constant(3, ROM).ldr(3, 3, 4).bx(3);
const nothing: Part = () => {};
const DOES_THE_SAME = { whole: 'no-jump', repeated: 'no-jump', early: true };
const MAY_DO_SOMETHING_ELSE = { ...DOES_THE_SAME, early: false };

describe('An application that sleeps between ticks', () => {
  it('goes on alike when its handler counts', () => {
    expect(compare(firmware(nothing, nothing))).toEqual(DOES_THE_SAME);
  });
  it('goes on alike when it switches a pin on and off', () => {
    const clock: Part = (t) => t.constant(1, RCC_AHB2ENR).movs(0, 1).str(0, 1);
    const toggle: Part = (t) =>
      t.ldr(0, 7, 4).cmp(0, 0).movs(0, 1).beq('put').movs(0, 0).label('put').str(0, 7, 4).constant(1, GPIOA_BSRR).str(0, 1);
    expect(compare(firmware(clock, nothing, toggle))).toEqual(DOES_THE_SAME);
  });
  it('jumps at a tick of its own, whenever that is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 420 }), (tick) => {
        const { whole, repeated } = compare(firmware(nothing, jumpAt(tick)));
        expect(repeated).toBe(whole);
        expect(whole === 'no-jump').toBe(tick > 399);
      }),
      { numRuns: 25, examples: [[399], [400], [401]] },
    );
  });
  it('goes on alike when the tick at which it jumps lies behind the end', () => {
    expect(compare(firmware(nothing, jumpAt(500)))).toEqual(DOES_THE_SAME);
  });
  it('may do something else when it writes somewhere else each time', () => {
    expect(
      compare(
        firmware(nothing, (t) =>
          t
            .ldr(0, 7, 4)
            .adds(0, 4)
            .str(0, 7, 4)
            .constant(1, RAM + 0x2000)
            .add(1, 1, 0)
            .str(0, 1),
        ),
      ),
    ).toEqual(MAY_DO_SOMETHING_ELSE);
  });
  it('may do something else when a block gets another value each time', () => {
    const clock: Part = (t) =>
      t
        .constant(1, RCC_AHB1ENR)
        .constant(0, 1 << 12)
        .str(0, 1);
    expect(compare(firmware(clock, (t) => t.constant(1, CRC_IDR).str(2, 1)))).toEqual(MAY_DO_SOMETHING_ELSE);
  });
  it('may do something else when it reads a counter', () => {
    const start: Part = (t) => t.constant(1, RCC_APB1LENR).movs(0, 1).str(0, 1).constant(1, TIM2).str(0, 1);
    expect(compare(firmware(start, (t) => t.constant(1, TIM2).ldr(0, 1, 0x24)))).toEqual(MAY_DO_SOMETHING_ELSE);
  });
  it('may do something else when it looks at SysTick', () => {
    expect(compare(firmware(nothing, (t) => t.constant(1, SYSTICK).ldr(0, 1, 8)))).toEqual(MAY_DO_SOMETHING_ELSE);
  });
  it('may do something else when a timer runs beside', () => {
    const updates: Part = (t) =>
      t.constant(1, RCC_APB1LENR).movs(0, 1).str(0, 1).constant(1, TIM2).constant(0, 0x7fffffff).str(0, 1, 0x2c).movs(0, 1).str(0, 1, 0x0c);
    const enable: Part = (t) => t.str(0, 1).constant(1, NVIC_ISER1).constant(0, TIM2_LINE).str(0, 1);
    expect(compare(firmware((t) => (updates(t), enable(t)), nothing))).toEqual(MAY_DO_SOMETHING_ELSE);
  });
});

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const endless = findScenarios('.', fixtures).filter((file) => {
  const outcome = (JSON.parse(readFileSync(fixtures + file, 'utf8')) as Scenario).expect?.outcome;
  return outcome === 'no-jump' || outcome === 'back-in-app';
});
describe('A run that ends in its application', () => {
  const early: string[] = [];
  it.each(endless)('%s', async (scenario) => {
    const session = new Session(jobInput(await loadJob([], { scenario }, fixtures)));
    session.keepCheckpoints = false;
    const start = session.save();
    const whole = session.run();
    session.restore(start);
    const repeated = session.run({ counterfactual: true });
    expect(repeated.outcome).toBe(whole.outcome);
    if (repeated.at < whole.at - 1000 * MS) early.push(scenario);
    session.release();
  });
  // those whose ticks do the same each time; the others blink or look for a button every tenth of them
  it('often ends early', () => expect(early.length).toBeGreaterThan(5));
});

describe('A repeated run that is known to go on alike up to a tick', () => {
  it.each([30, 200, 300])('looks for the proof again when tick %i has come', (tick) => {
    const looks: number[] = [];
    const ends: (number | null)[] = [];
    const proof = rounds.goesRoundUntil;
    const spy = vi.spyOn(rounds, 'goesRoundUntil').mockImplementation((machine, until) => {
      looks.push(machine.now / MS);
      ends.push(proof(machine, until));
      return ends.at(-1)!;
    });
    const later: Part = (t) => t.constant(3, tick).cmpRegister(2, 3).bne('out').movs(3, 1).str(3, 7, 4);
    expect(compare(firmware(nothing, later))).toEqual(DOES_THE_SAME);
    spy.mockRestore();
    expect(looks).toHaveLength(2);
    expect(ends[0]! / MS).toBeGreaterThan(tick - 3);
    expect(ends[0]! / MS).toBeLessThanOrEqual(tick + 1);
    expect(looks[1], 'the round with that tick is another one').toBeGreaterThanOrEqual(tick);
  });
});
