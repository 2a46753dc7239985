/** A board with another crystal than usual, which the firmware's own functions count on. */
import { describe, expect, it } from 'vitest';
import { assumed } from '../../src/bench/assumed.ts';
import type { Board } from '../../src/bench/documents/scenario-types.ts';
import type { Note } from '../../src/bench/documents/note-facts.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [RCC_CR, RCC_PLLCFGR] = [0x40023800, 0x40023804];
/** A program for F411 that locks its PLL on 25 MHz / 25 × 192 from HSE; a function behind it that never runs holds these rates, and a driver that works RCC others. */
function run(
  rates: readonly number[],
  board: Board = {},
  divider = 25,
  source = 1,
  factor = 192,
  ofDriver: readonly number[] = [],
  looks = false,
) {
  const t = new Thumb(MAIN).constant(0, RCC_CR).constant(1, 0x00010083).str(1, 0);
  t.constant(2, RCC_PLLCFGR)
    .constant(1, (0x04000000 | (source << 22) | (factor << 6) | divider) >>> 0)
    .str(1, 2);
  t.constant(1, 0x01010083).str(1, 0).label('end').b('end');
  for (const rate of rates) t.constant(3, rate);
  const driver = MAIN + 2 * t.length;
  for (const value of ofDriver.length === 0 ? [] : [RCC_CR, ...ofDriver]) t.constant(3, value);
  const end = MAIN + 2 * t.length;
  const job = plainJob('STM32F411CE', bareImage(t), { board });
  const input = jobInput(job);
  const named = (name: string, address: number, to: number) =>
    ({ name, address, size: to - address, kind: 'function', binding: 'global' }) as const;
  const names = [named('SystemCoreClockUpdate', MAIN, driver), named('UART_SetConfig', driver, end)];
  const images = input.images.map((image) => ({ ...image, symbols: new SymbolTable(names, () => MAIN + t.bytes().length) }));
  const result = runBench({ ...input, images, ...(looks && { givesWay: () => true }) });
  const next = assumed(job, job, result);
  return {
    note: result.notes.find(({ kind }) => kind === 'other-crystal')?.text ?? null,
    hse: next?.job.scenario.board?.hse ?? null,
    why: next?.text ?? null,
  };
}

describe('a PLL out of its range with the usual crystal', () => {
  it('is run with the crystal that the firmware counts on, and the reason is told', () => {
    const { note, hse, why } = run([16e6, 25e6]);
    expect(note).toMatch(
      /^RCC: PLL: input at 0\.32 MHz, allowed 0\.95 to 2\.1 MHz\. SystemCoreClockUpdate counts on a crystal of 25 MHz, and this board has 8 MHz/,
    );
    expect(hse).toEqual({ hz: 25e6, kind: 'crystal' });
    expect(why).toContain('because the firmware counts on it, and its PLL would be out of range with 8 MHz');
  });
  it('is run with the crystal that the functions of the clock count on, whatever a driver holds', () => {
    expect(run([16e6, 25e6], {}, 25, 1, 192, [32e6]).hse).toEqual({ hz: 25e6, kind: 'crystal' });
  });
  it('is run with the crystal that a function holds in single precision', () => {
    expect(run([16e6, 0x4bbebc20]).hse).toEqual({ hz: 25e6, kind: 'crystal' });
  });
  it('is left as it is where two crystals come into question', () => {
    expect(run([16e6, 25e6, 12e6])).toEqual({ note: null, hse: null, why: null });
  });
  it('is run with the rate of its own oscillator where the firmware knows no other', () => {
    const { hse, note } = run([16e6], {}, 16);
    expect(hse).toEqual({ hz: 16e6, kind: 'crystal' });
    // a function that holds it may mean the oscillator
    expect(note).toContain('. The firmware counts on a crystal of 16 MHz');
  });
  it('is left as it is where the firmware counts on the crystal of the board, or on none', () => {
    expect(run([16e6, 8e6])).toEqual({ note: null, hse: null, why: null });
  });
  it('is run with a usual crystal that keeps it in range where the firmware holds no rate', () => {
    const { note, hse, why } = run([]);
    expect(note).toMatch(/^with 8 MHz at OSC_IN the PLL is out of its range, with 25 MHz it would not be: if yours has one/);
    expect(hse).toEqual({ hz: 25e6, kind: 'crystal' });
    expect(why).toContain('because the PLL would be out of its range with 8 MHz');
  });
  it('is run with the usual crystal of which the PLL makes whole megahertz', () => {
    // 25 MHz / 16 is in range as well
    expect(run([], {}, 16).hse).toEqual({ hz: 16e6, kind: 'crystal' });
  });
  it('is run with the crystal that the firmware counts on also where it goes a little beyond the range with that', () => {
    // 4 MHz / 2 × 230 = 460 MHz of 432
    expect(run([4e6], {}, 2, 1, 230).hse).toEqual({ hz: 4e6, kind: 'crystal' });
    expect(run([4e6], {}, 2, 1, 250).hse).toBeNull();
  });
  it('is left as it is where the crystal that the firmware counts on is out of range as well', () => {
    expect(run([12e6])).toEqual({ note: null, hse: null, why: null });
  });
  it('is left as it is where HSI feeds it', () => {
    expect(run([16e6, 25e6], {}, 8, 0)).toEqual({ note: null, hse: null, why: null });
    expect(run([16e6, 25e6], {}, 40, 0)).toEqual({ note: null, hse: null, why: null });
  });
});
describe('a PLL in its range', () => {
  it('is run with the crystal that the firmware counts on, if the run looks for what surrounds it', () => {
    expect(run([16e6, 12e6], {}, 8).hse).toBeNull();
    const { hse, why } = run([16e6, 12e6], {}, 8, 1, 192, [], true);
    expect(hse).toEqual({ hz: 12e6, kind: 'crystal' });
    expect(why).toMatch(/^a clock of 12 MHz at OSC_IN is assumed, because the firmware counts on it: /);
  });
  it('is left as it is where the clock comes from HSI, or only a driver holds another rate', () => {
    expect(run([16e6, 8e6], {}, 8, 1, 192, [12e6], true).hse).toBeNull();
    expect(run([16e6], {}, 8, 1, 192, [12e6], true).hse).toBeNull();
  });
});
describe('nothing is assumed where', () => {
  it('the board was described', () => {
    expect(run([16e6, 25e6], { hse: { hz: 8e6, kind: 'crystal' } })).toMatchObject({ hse: null });
    expect(run([16e6, 25e6], { hse: { hz: 25e6, kind: 'crystal' } })).toEqual({ note: null, hse: null, why: null });
  });
  it('the PLL is in its range', () => {
    expect(run([16e6, 25e6], {}, 8)).toEqual({ note: null, hse: null, why: null });
  });
});
describe('a crystal with which USB runs at a wrong rate', () => {
  const crystal = (hz: number, lacks: 'usb' | 'counted'): Note => ({
    kind: 'other-crystal',
    text: '',
    about: { is: 'other-crystal', hz, lacks },
  });
  const job = plainJob('STM32F407VG', bareImage(new Thumb(MAIN).label('end').b('end')));
  const { document } = jobInput(job).scenario;
  const scenario = { ...document, board: { ...document.board, hse: { hz: 25e6, kind: 'crystal', ready: '900us' } as const } };
  const next = assumed(job, job, { chip: 'STM32F407VG', scenario, notes: [crystal(8e6, 'usb')] });
  const helps = (...notes: readonly Note[]): boolean => next!.helps({ ...runBench(jobInput(job)), notes });

  it('gives way to the other one also where the firmware counts on it', () => {
    expect(next!.text).toMatch(/^a clock of 8 MHz at OSC_IN that starts within 900us is assumed, because USB would run at a wrong rate/);
    expect(next!.job.scenario.board?.hse).toEqual({ hz: 8e6, kind: 'crystal', ready: '900us' });
    expect([helps(), helps(crystal(25e6, 'counted'))]).toEqual([true, true]);
    expect([helps(crystal(12e6, 'counted')), helps(crystal(25e6, 'usb'))]).toEqual([false, false]);
  });
});
describe("a PLL whose output is the chip's full rate with one crystal", () => {
  /** F411 from HSE / 10 × 160 / 4. */
  const noteWith = (board: Board): Note | undefined => {
    const t = new Thumb(MAIN).constant(0, RCC_CR).constant(1, 0x00010083).str(1, 0);
    t.constant(2, RCC_PLLCFGR)
      .constant(1, (0x04410000 | (160 << 6) | 10) >>> 0)
      .str(1, 2);
    t.constant(1, 0x01010083)
      .str(1, 0)
      .constant(2, 1 << 25)
      .label('lock')
      .ldr(1, 0)
      .tst(1, 2)
      .beq('lock');
    t.movs(1, 2).str(1, 0, 8).label('end').b('end');
    const { notes } = runBench(jobInput(plainJob('STM32F411CE', bareImage(t), { board })));
    return notes.find(({ kind }) => kind === 'other-crystal');
  };

  it('is run with that, though another one keeps its input in range', () => {
    expect(noteWith({})?.about).toEqual({ is: 'other-crystal', hz: 25e6, lacks: 'full' });
    expect(noteWith({})?.text).toMatch(
      /^with 8 MHz at OSC_IN the PLL is out of its range, with 25 MHz the chip would run at its full rate/,
    );
  });
  it('is left as it is with that crystal', () => {
    expect(noteWith({ hse: { hz: 25e6, kind: 'crystal' } })).toBeUndefined();
  });
});
