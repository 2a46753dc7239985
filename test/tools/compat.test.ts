import { describe, expect, it } from 'vitest';
import { partMark, whyNot, type CompatImage, type Concluded } from '../../tools/compat/judge.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { RunTrace } from '../../src/bench/documents/trace-types.ts';

const IMAGE: CompatImage = { repository: 'a/b', commit: '', path: '', sha256: '', toolchain: 'GCC', partFrom: '' };
const F407: CompatImage = { ...IMAGE, parts: ['STM32F407VG'] };
const F100: CompatImage = { ...IMAGE, unmodelled: 'STM32F100RB' };
const taken = (chip: string | null, more: Partial<Concluded> = {}): Concluded => ({ chip, alike: [], guess: false, refused: '', ...more });

describe('what became of the question for the part', () => {
  it('a part of the right line is right, whatever its package', () => expect(partMark(F407, taken('STM32F407ZE'))).toBe('right'));
  it('the right line as a guess, or among those that would give the same, is a guess', () => {
    expect(partMark(F407, taken('STM32F407VG', { guess: true }))).toBe('guess');
    expect(partMark(F407, taken('STM32F405RG', { alike: ['STM32F407VG'] }))).toBe('guess');
  });
  it('a question that lists the right line is one that a user can answer', () => {
    expect(partMark(F407, taken(null, { refused: 'fits 2 chips: stm32f405rg, stm32f407vg' }))).toBe('asked');
    expect(partMark(F407, taken(null, { refused: 'fits 2 chips: stm32f205rg, stm32f207zg' }))).toBe('told');
  });
  it('a wrong part for sure is silently wrong, as a guess it is told', () => {
    expect(partMark(F407, taken('STM32F411CE'))).toBe('silent');
    expect(partMark(F407, taken('STM32F411CE', { guess: true }))).toBe('told');
  });
  it('of a part that is not modelled, to conclude none is right', () => {
    expect(partMark(F100, taken(null, { refused: 'not modelled' }))).toBe('right');
    expect(partMark(F100, taken('STM32F103C8'))).toBe('silent');
  });
});

describe('what the firmware does', () => {
  const result = (more: object): RunResult<string> =>
    ({ outcome: 'no-jump', summary: 'no jump', console: {}, usb: { sessions: [] }, ...more }) as unknown as RunResult<string>;
  const pin = (...values: number[]): RunTrace => ({ run: { signals: [{ name: 'PA5.chip', values }] } }) as unknown as RunTrace;

  it('a device counts once it has a configuration', () => {
    const device = { vid: '0x0483', pid: '0x5740', enumerated: true };
    expect(whyNot({ usb: '0483:5740' }, result({ usb: { sessions: [device] } }), null)).toBeNull();
    expect(whyNot({ usb: '0483:5740' }, result({ usb: { sessions: [{ ...device, enumerated: false }] } }), null)).toMatch(/nothing/);
  });
  it('a text counts on any channel', () => {
    expect(whyNot({ prints: 'ready' }, result({ console: { USART2: 'is ready!' } }), null)).toBeNull();
    expect(whyNot({ prints: 'ready' }, result({}), null)).toMatch(/prints nothing/);
  });
  it('a pin that is driven once does not toggle', () => {
    expect(whyNot({ toggles: 'PA5' }, result({}), pin(2, 0, 1, 0))).toBeNull();
    expect(whyNot({ toggles: 'PA5' }, result({}), pin(2, 0, 1))).toMatch(/1 edges/);
  });
  it('good firmware does not fault', () => {
    expect(whyNot({ runs: true }, result({}), null)).toBeNull();
    expect(whyNot({ runs: true }, result({ outcome: 'fault', summary: 'HardFault' }), null)).toBe('HardFault');
  });
});
