/** Firmware that keeps its devices busy while it waits for its button is asked for it early; where no button leads on it is followed for as long as any other. */
import { describe, expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { RunJob } from '../../src/bench/input/job.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [AHB1ENR, GPIOA, GPIOC, ROM] = [0x40023830, 0x40020000, 0x40020800, 0x1fff0000];
/** Rounds of 14 cycles at 16 MHz: more than three seconds. */
const ROUNDS = 4_000_000;

/** Turns PA5 in each round, and looks at PC13; enters the ROM if that is 1, or when so many rounds are over. */
function turning(byPin: boolean, afterRounds: number): Thumb {
  const t = new Thumb(MAIN)
    .constant(0, 5)
    .constant(1, AHB1ENR)
    .str(0, 1)
    .constant(0, 1 << 10)
    .constant(1, GPIOA)
    .str(0, 1);
  t.constant(2, GPIOC)
    .constant(3, 1 << 5)
    .constant(4, 1 << 13)
    .constant(5, afterRounds)
    .constant(6, 0);
  t.label('round').put(0x405e /* eors r6, r3 */).str(6, 1, 0x14).ldr(0, 2, 0x10).put(0x3d01 /* subs r5, #1 */).bne('more').b('enter');
  t.label('more').tst(0, 4);
  if (byPin) t.bne('enter');
  t.b('round');
  t.label('enter').constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808 /* msr msp, r1 */).ldr(1, 0, 4).put(0x4708 /* bx r1 */);
  return t;
}
function runOf(t: Thumb, more: Partial<RunJob> = {}): { readonly result: RunResult; readonly told: readonly string[] } {
  const told: string[] = [];
  const job = { ...plainJob('stm32f405rg', bareImage(t)), ...more };
  return { result: firstRun(job, { found: (text) => void told.push(text) }), told };
}
const alone = (told: readonly string[]): readonly string[] => told.filter((text) => text.startsWith('without any input'));

describe('an output that is turned a million times a second', () => {
  it('its button is pressed once it has gone on for a second, and nothing else is asked of the run without', () => {
    const { result, told } = runOf(turning(true, 0));
    expect(result.outcome).toBe('dfu');
    expect(result.scenario.steps![0]).toEqual({ at: '100ms', do: { pin: { name: 'PC13', level: 1 } } });
    expect(alone(told)).toEqual(['without any input: no-jump']);
  });
  it('the jump that it makes by itself three seconds later is waited for where the pin leads nowhere', () => {
    const { result, told } = runOf(turning(false, ROUNDS));
    expect(result.outcome).toBe('dfu');
    expect(result.scenario.steps).toEqual([]);
    expect(alone(told)).toEqual(['without any input: no-jump', 'without any input: dfu']);
  });
  it('with --effort full it is waited for though the button leads on', () => {
    const { result } = runOf(turning(true, ROUNDS), { effort: 'full' });
    expect(result.outcome).toBe('dfu');
    expect(result.scenario.steps).toEqual([]);
  });
});
