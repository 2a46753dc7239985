/** How long the ROMs wait for a crystal, and what an error of the oscillators (board.ppm) does to a ROM that measures one against the other. */
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { check } from '../checks/fake-target.ts';
import { NOT_TRACED, subjectAt } from '../../src/bench/session/subject.ts';
import { US } from '../../src/emu/time.ts';
import { plainJob } from '../bench/plain-job.ts';
import { pinBoot, program, run } from './course.ts';

/** AN2606 Table 227, in ms; F070 counts them with an HSI that HSITRIM = 0 makes 8 % slow. */
const WAITS: [chip: string, version: string | null, ms: number, slower: number][] = [
  ['STM32F405RG', null, 96, 1],
  ['STM32F405RG', 'V3.1', 0.79, 1],
  ['STM32F401RE', null, 85, 1],
  ['STM32F446RE', null, 96, 1],
  ['STM32F207ZG', null, 0.79, 1],
  ['STM32F746ZG', null, 50, 1],
  ['STM32F070RB', null, 200, 1.09],
  ['STM32F303CC', null, 2.2, 1],
  ['STM32F302R8', null, 560.5, 1],
  ['STM32L152RE', null, 200, 1],
  ['STM32L152RC', null, 80, 1],
];
const APPLICATION = { path: 'fw.bin@0x08000000', bytes: program(0x08000000) };
function session(chip: string, board: NonNullable<Scenario['board']>, version: string | null = null): Session {
  const job = plainJob(chip, [APPLICATION], { board });
  return new Session(jobInput({ ...job, rom: { ...job.rom, version } }));
}

it.each(WAITS)('%s (version %s) gives HSE %d ms', (chip, version, ms, slower) => {
  const { machine } = session(chip, { ...pinBoot, lse: null, hse: { hz: 8_000_000, kind: 'crystal', ready: '20s' } }, version);
  const runsUntil = (on: number): number => {
    for (let i = 0; i < 400_000 && machine.fieldValue('RCC.CR.HSEON') !== on; i++) machine.run(machine.now + 5 * US);
    return machine.now / 1e9;
  };
  const from = runsUntil(1);
  expect((runsUntil(0) - from) / ms / slower).toBeCloseTo(1, ms < 1 ? 0.9 : 1.4);
  machine.release();
});

describe('board.ppm', () => {
  it.each([
    ['STM32F405RG', 'hsi', 10_000, 'hclk', 16_160_000],
    ['STM32L476RG', 'msi', -5000, 'hclk', 3_980_000],
    ['STM32H533RE', 'hsi', 250, 'hclk', 32_008_000],
  ])('%s: %s off by %d ppm', (chip, oscillator, ppm, clock, hz) => {
    const { machine } = session(chip, { ppm: { [oscillator]: ppm } });
    machine.run(10 * US);
    const { num, den } = machine.system.clock(clock).rate!;
    expect(num / den).toBe(hz);
    machine.release();
  });
  it('an HSI that is 2 % fast makes F4 take 26 MHz for 25: USB does not come, and the check names it', () => {
    const board = { ...pinBoot, hse: { hz: 26_000_000, kind: 'crystal' }, ppm: { hsi: 19_800 } } as const;
    const { s, end } = run('STM32F405RG', { board });
    expect(end.outcome).toBe('rom-silent');
    expect(s.machine.fieldValue('RCC.PLLCFGR.PLLM')).toBe(25);
    expect(check('hse').judge(subjectAt(s, 'rom-silent', true, NOT_TRACED))).toMatchObject({
      verdict: 'fail',
      because: expect.stringContaining('25 MHz') as string,
    });
  });
  it('the same error leaves 8 MHz what they are', () => {
    const { end } = run('STM32F405RG', { board: { ...pinBoot, ppm: { hsi: 19_800 } } });
    expect(end.outcome).toBe('dfu');
  });
});

it('V3.1 of F405: the check names 0.79 ms, and a faster crystal is the repair', () => {
  const { s } = run('STM32F405RG', { board: pinBoot }, 'V3.1');
  expect(check('hse').judge(subjectAt(s, 'rom-silent', true, NOT_TRACED))).toMatchObject({
    verdict: 'fail',
    observed: 'HSE takes 2 ms to start',
    expected: 'a crystal that starts within 0.79 ms',
  });
  expect(run('STM32F405RG', { board: { ...pinBoot, hse: { hz: 8_000_000, kind: 'crystal', ready: '300us' } } }, 'V3.1').end.outcome).toBe(
    'dfu',
  );
});
