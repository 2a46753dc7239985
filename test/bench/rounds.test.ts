/** A repeated run ends when its application provably goes on doing the same between the ticks of SysTick: its word is that of the whole run. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { Session } from '../../src/bench/session/session.ts';
import { findChip } from '../../src/chips/index.ts';
import { findScenarios } from '../../src/cli/find-scenarios.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { MS } from '../../src/emu/time.ts';
import { CHIP, compare, DOES_THE_SAME, firmware, nothing, RAM, SYSTICK, type Part } from './rounds-firmware.ts';

const RCC_AHB2ENR = 0x44020c8c;
const GPIOA_BSRR = 0x42020018;
const RCC_APB1LENR = 0x44020c9c;
const TIM2 = 0x40000000;
const NVIC_ISER1 = 0xe000e104;
const TIM2_LINE = 1 << (45 - 32);
const CRC_IDR = 0x40023004;
const RCC_AHB1ENR = 0x44020c88;
const ROM = findChip(CHIP)!.rom!.vectorTable.value;

/** At this tick into the ROM. */
const jumpAt =
  (tick: number): Part =>
  (t) =>
    t.constant(3, tick).cmpRegister(2, 3).bne('out').constant(3, ROM).ldr(3, 3, 4).bx(3);
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

it('A step of the scenario, and the end of rounds that are alike, are left time before a proof is sought again', async () => {
  const session = new Session(jobInput(await loadJob([], { scenario: 'h533-seed000-fixed/scenario.json' }, fixtures)));
  session.keepCheckpoints = false;
  session.restore(session.save());
  const saved = vi.spyOn(session.machine, 'save');
  expect(session.run({ counterfactual: true }).outcome).toBe('dfu');
  // one proof: before its round and behind it
  expect(saved).toHaveBeenCalledTimes(2);
  session.release();
});
