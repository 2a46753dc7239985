/** A pin that the program polls, and that reads the same whatever the board does: what is told of it. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

type Store = readonly [address: number, value: number];
/** A program that makes these stores and then polls an input register; the scenario raises the pin. */
function polling(chip: string, pin: string, idr: number, stores: readonly Store[]): RunResult {
  const t = new Thumb(MAIN);
  for (const [address, value] of stores) t.constant(0, address).constant(1, value).str(1, 0);
  t.constant(0, idr).constant(2, 1 << Number(pin.slice(2)));
  t.label('poll').ldr(1, 0).tst(1, 2).beq('poll').label('end').b('end');
  const steps = [{ at: '10ms', do: { pin: { name: pin, level: 1 } } }] as const;
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
