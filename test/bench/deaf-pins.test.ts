/** A pin that the program polls, and that reads the same whatever the board does: what is told of it. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

type Store = readonly [address: number, value: number];
/** A program that makes these stores and then polls an input register; the scenario raises the pin, or nobody does. */
function polling(chip: string, pin: string, idr: number, stores: readonly Store[], isRaised = true): RunResult {
  const t = new Thumb(MAIN);
  for (const [address, value] of stores) t.constant(0, address).constant(1, value).str(1, 0);
  t.constant(0, idr).constant(2, 1 << Number(pin.slice(2)));
  t.label('poll').ldr(1, 0).tst(1, 2).beq('poll').label('end').b('end');
  const steps = isRaised ? ([{ at: '10ms', do: { pin: { name: pin, level: 1 } } }] as const) : [];
  return runBench(jobInput(plainJob(chip, bareImage(t), { board: { pins: { [pin]: 0 } }, steps })));
}
const why = ({ notes }: RunResult): unknown => notes.find(({ kind }) => kind === 'input')?.text;

const [AHB2ENR, APB1ENR1, PWR_CR2, GPIOG] = [0x4002104c, 0x40021058, 0x40007004, 0x48001800];
const GPIOG_ON: Store = [AHB2ENR, 1 << 6];
const INPUT: Store = [GPIOG, 0xf3ffffff];

it('VDDIO2 is not declared valid: PG13 reads 0', () => {
  const deaf = polling('STM32L476ZG', 'PG13', GPIOG + 0x10, [GPIOG_ON, INPUT]);
  expect(why(deaf)).toBe(
    'PG13 reads 0 whatever the board drives (reported): PWR.CR2.IOSV is 0, which isolates it from VDDIO2; nothing has written PWR.CR2',
  );
  const heard = polling('STM32L476ZG', 'PG13', GPIOG + 0x10, [GPIOG_ON, INPUT, [APB1ENR1, 1 << 28], [PWR_CR2, 1 << 9]]);
  expect(why(heard)).toBeUndefined();
});
it('a write that PWR lost is the reason that IOSV is 0', () => {
  const deaf = polling('STM32L476ZG', 'PG13', GPIOG + 0x10, [GPIOG_ON, INPUT, [PWR_CR2, 1 << 9]]);
  expect(why(deaf)).toMatch(/IOSV is 0, .*; the write to PWR\.CR2 at 0x[0-9a-f]+ is lost: RCC\.APB1ENR1\.PWREN is 0 there$/);
});
it('a pin in analog mode reads 0, and that is told with the register', () => {
  const [PORT, CLOCK] = [0x48000800, 1 << 2];
  expect(why(polling('STM32L476RG', 'PC13', PORT + 0x10, [[AHB2ENR, CLOCK]]))).toBe(
    'PC13 reads 0 whatever the board drives: it is in analog mode; nothing has changed its mode in GPIOC.MODER',
  );
});
it('a pin that the chip drives reads that', () => {
  const [PORT, CLOCK] = [0x48000800, 1 << 2];
  const driven = polling('STM32L476RG', 'PC13', PORT + 0x10, [
    [AHB2ENR, CLOCK],
    [PORT, 0xf7ffffff],
  ]);
  expect(why(driven)).toMatch(/^PC13 reads what the chip drives: it is an output \(0x0800[0-9a-f]+\)$/);
});
it('a pin that the chip drives only between its reads is no output when it is read', () => {
  const [PORT, CLOCK] = [0x48000800, 1 << 2];
  const t = new Thumb(MAIN);
  t.constant(0, AHB2ENR)
    .constant(1, CLOCK)
    .str(1, 0)
    .constant(0, PORT)
    .constant(2, 1 << 13)
    .constant(4, PORT + 0x10);
  t.label('poll').constant(3, 0xf3ffffff).str(3, 0).ldr(1, 4).constant(3, 0xf7ffffff).str(3, 0);
  t.tst(1, 2).beq('poll').label('end').b('end');
  const { notes } = runBench(jobInput(plainJob('STM32L476RG', bareImage(t), { board: { pins: { PC13: 0 } }, until: '5ms' })));
  const texts = notes.map(({ text }) => text).join('\n');
  expect(texts).toContain('reads GPIOC.IDR bit 13');
  expect(texts).not.toContain('what the chip drives');
});

describe('a pin that the firmware drives as well', () => {
  const drives = (result: RunResult): boolean =>
    result.notes.some(
      ({ text }) => text === 'drives PB9 as well, as a keypad or a bus made of pins: by default nothing is connected that answers',
    );
  const [F1_IOPENR, F1_CRH, F1_IDR, F1_BSRR] = [0x40021018, 0x40010c04, 0x40010c08, 0x40010c10];
  const onF1 = (...modes: readonly number[]): boolean =>
    drives(
      polling(
        'STM32F103C8',
        'PB9',
        F1_IDR,
        [[F1_IOPENR, 8], [F1_BSRR, 1 << 9], ...modes.map((m): Store => [F1_CRH, 0x44444404 | (m << 4)])],
        false,
      ),
    );
  it('is told on F1 where it was an output before it became an input, and where it is an output with an open drain', () => {
    expect([onF1(3, 4), onF1(3, 8), onF1(7)]).toEqual([true, true, true]);
  });
  it('is not told of an input, with a pull or without', () => expect([onF1(), onF1(8), onF1(4)]).toEqual([false, false, false]));

  const [IDR, MODER] = [0x48000410, 0x48000400];
  const onL4 = (...modes: readonly number[]): boolean =>
    drives(polling('STM32L476RG', 'PB9', IDR, [[AHB2ENR, 2], ...modes.map((m): Store => [MODER, (0xfff3ffff | (m << 18)) >>> 0])], false));
  it('is told on L4 where an output became an input, not where analog mode or an alternate function did', () => {
    expect([onL4(1, 0), onL4(0), onL4(2, 0), onL4(1, 2, 0)]).toEqual([true, false, false, false]);
  });
  it('is not told of an output that is read once when the firmware starts', () => {
    const t = new Thumb(MAIN).constant(0, AHB2ENR).constant(1, 2).str(1, 0).constant(0, MODER).constant(1, 0xfff4ffff).str(1, 0);
    t.constant(0, IDR)
      .constant(2, 1 << 9)
      .constant(4, 1 << 8)
      .ldr(1, 0)
      .tst(1, 2)
      .beq('low')
      .movs(3, 1)
      .label('low');
    t.label('poll').ldr(1, 0).tst(1, 4).beq('poll').label('end').b('end');
    const result = runBench(jobInput(plainJob('STM32L476RG', bareImage(t))));
    expect(result.notes.some(({ text }) => text.startsWith('looks at its start at GPIOB.IDR bit 9'))).toBe(true);
    expect(drives(result)).toBe(false);
  });
});
