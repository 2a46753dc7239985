/** Firmware that keeps its devices busy while it waits for its button is asked for it early; where no button leads on it is followed for as long as any other. */
import { describe, expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { jobInput, type RunJob } from '../../src/bench/input/job.ts';
import { tryTriggers } from '../../src/bench/proof/init.ts';
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
  it('what comes of its button is asked once, though the firmware is followed twice', () => {
    const asked: string[] = [];
    const job = plainJob('stm32f405rg', bareImage(turning(false, 0)));
    const result = firstRun(job, { progress: (text) => void asked.push(text) });
    expect(result.outcome).toBe('no-jump');
    expect(asked.filter((text) => text === 'looking for what makes the firmware jump')).toHaveLength(1);
  });
  it('`init` asks for its button as early, and waits where that leads nowhere', () => {
    const found = (t: Thumb) => tryTriggers(jobInput(plainJob('stm32f405rg', bareImage(t))));
    expect(found(turning(true, ROUNDS)).tried).toMatchObject([{ name: 'PC13 = 1', outcome: 'dfu' }]);
    expect(found(turning(false, ROUNDS)).tried).toMatchObject([{ kind: 'self', outcome: 'dfu' }]);
  });
  it('with --effort full it is waited for though the button leads on', () => {
    const { result } = runOf(turning(true, ROUNDS), { effort: 'full' });
    expect(result.outcome).toBe('dfu');
    expect(result.scenario.steps).toEqual([]);
  });
});

describe('an output that is turned so behind the ROM, which a watchdog ended', () => {
  /** With WWDG on into the ROM; behind its reset PA5 is turned for ever. */
  const behind = (): Thumb => {
    const t = new Thumb(MAIN).constant(0, 0x20010000).constant(1, 0x5a5a1234).ldr(2, 0).cmpRegister(2, 1).beq('again').str(1, 0);
    t.constant(0, 0x40023840).constant(1, 1 << 11).str(1, 0).constant(0, 0x40002c00).movs(1, 255).str(1, 0).constant(0, ROM).ldr(1, 0).movSp(1).ldr(1, 0, 4).bx(1); // prettier-ignore
    t.label('again').constant(0, 1).constant(1, AHB1ENR).str(0, 1).constant(0, 1 << 10).constant(1, GPIOA).str(0, 1).constant(3, 1 << 5).movs(6, 0); // prettier-ignore
    return t.label('round').eors(6, 3).str(6, 1, 0x14).b('round');
  };
  const ended = (more: Partial<RunJob>) => {
    const { result } = runOf(behind(), { trigger: false, ...more });
    const told = result.notes.map(({ text }) => String(text)).filter((text) => text.includes('behind the ROM'));
    return { outcome: result.outcome, at: Number(result.ended.at), told: told.length };
  };
  it('is followed for a second, and the result says so', () => {
    const { outcome, at, told } = ended({});
    expect([outcome, told]).toEqual(['back-in-app', 1]);
    expect(at).toBeLessThan(1.5);
  });
  it('is followed for as long as any other with --effort full', () => {
    const { outcome, at, told } = ended({ effort: 'full' });
    expect([outcome, told]).toEqual(['back-in-app', 0]);
    expect(at).toBeGreaterThan(5);
  });
});

describe('a converter that goes on in a ROM that is silent', () => {
  /** ADC1, continuous, by DMA2 to RAM that the ROM does not use; then into the ROM with interrupts masked. */
  const converting = (): Thumb => {
    const t = new Thumb(MAIN);
    const set = (address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
    set(AHB1ENR, 1 << 22);
    set(0x40023844, 1 << 8);
    const stream = [
      [0x18, 0x4001204c],
      [0x1c, 0x20010000],
      [0x14, 64],
      [0x10, 0x22d01],
    ] as const;
    for (const [offset, value] of stream) set(0x40026400 + offset, value);
    set(0x40012008, 0x303);
    set(0x40012008, 0x40000303);
    return t.cpsidI().constant(0, ROM).ldr(1, 0).movSp(1).ldr(1, 0, 4).bx(1);
  };
  const run = (more: Partial<RunJob>) => {
    const { result } = runOf(converting(), { trigger: false, ...more });
    const { outcome, diagnosis, notes } = result;
    return [outcome, diagnosis.sets.flat(), notes.filter(({ text }) => String(text).includes('silent ROM')).length];
  };
  it('is waited for shortly in repeated runs, and the result says so', () => expect(run({})).toEqual(['rom-silent', ['primask'], 1]));
  it('is waited for as long as any with --effort full', () => expect(run({ effort: 'full' })).toEqual(['rom-silent', ['primask'], 0]));
});
