/** A bounded wait that gave up is named at the end of a run that it does not explain, and the end is not called a wait for its bit. */
import { expect, it } from 'vitest';
import { givenUp } from '../../src/bench/difference/gave-up.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { firstRun } from '../../src/bench/first-run.ts';
import { runBench } from '../../src/bench/run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { MS } from '../../src/emu/time.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const RCC_CR = 0x40023800;
/** HSEON; then so many looks at HSERDY; then for good. */
const gaveUp = (end: (t: Thumb) => Thumb, looks = 20_000): Thumb =>
  end(
    new Thumb(MAIN)
      .constant(0, RCC_CR)
      .ldr(1, 0)
      .constant(2, 1 << 16)
      .put(0x4311)
      .str(1, 0)
      .constant(2, looks)
      .label('wait')
      .ldr(1, 0)
      .lsls(1, 1, 14)
      .put(0xd402) // BMI to the end
      .put(0x3a01)
      .bne('wait')
      .put(0xbf00),
  );
const run = (t: Thumb): ReturnType<typeof runBench> => {
  const job = plainJob('stm32f405rg', bareImage(t));
  return runBench(jobInput({ ...job, scenario: { ...job.scenario, board: { hse: null } } }));
};

it('HSERDY, where the program then hangs in a loop that reads nothing', () => {
  const result = run(gaveUp((t) => t.label('end').b('end')));
  expect(result.outcome).toBe('stuck');
  expect(result.summary).toMatch(/^the firmware hangs in an endless loop at /);
  const screen = shortReport(result, { width: 200 });
  expect(screen).toMatch(
    /the last wait that gave up polled RCC\.CR\.HSERDY for [\d.]+ ms \(how soon a crystal starts is assumed\), and 1 there\s+would have ended it: 0x0800/,
  );
  expect(screen).toContain('HSERDY never rises');
});
it('HSERDY that most crystals would have raised in time: the board is assumed to have one of those', () => {
  const job = plainJob('stm32f405rg', bareImage(gaveUp((t) => t.label('end').b('end'), 3_000)));
  const result = firstRun(job, {});
  expect(result.scenario.board.hse?.ready).toMatch(/^\d00us$/);
  expect(result.notes.filter(({ kind }) => kind === 'assumed-board').map(({ text }) => String(text))).toEqual([
    expect.stringMatching(
      /^a crystal of 8 MHz at OSC_IN that starts within \d00us is assumed, because the firmware waits 1\.\d ms for it and no longer/,
    ),
  ]);
  const hse = { hz: 8e6, kind: 'crystal' } as const;
  expect(firstRun({ ...job, scenario: { ...job.scenario, board: { hse } } }, {}).scenario.board.hse?.ready).toBeUndefined();
});
it('a wait that is not given up is told as one', () => {
  const t = new Thumb(MAIN)
    .constant(0, RCC_CR)
    .ldr(1, 0)
    .constant(2, 1 << 16)
    .put(0x4311)
    .str(1, 0);
  const result = run(t.label('wait').ldr(1, 0).lsls(1, 1, 14).put(0xd5fc).label('end').b('end'));
  expect(result.summary).toContain('does not get any further and never jumps: RCC: HSE is switched on');
  expect(result.notes.some((n) => n.kind === 'gave-up')).toBe(false);
});
it.each([300, 70_000, 200_000])(
  'a wait without a bound is a cause that does not say that it gave up, behind %i rounds of a delay',
  (rounds) => {
    const [AHB2ENR, RNG, ROM] = [0x40023834, 0x50060800, 0x1fff0000];
    const t = new Thumb(MAIN)
      .constant(0, AHB2ENR)
      .constant(1, 1 << 6)
      .str(1, 0);
    t.constant(0, RNG).movs(1, 4).str(1, 0);
    t.constant(3, rounds).movs(2, 1).label('delay').subs(3, 3, 2).bne('delay');
    // DRDY, with the 48 MHz of the PLL off; then into the ROM
    t.label('wait').constant(0, RNG).ldr(1, 0, 4).movs(2, 1).tst(1, 2).beq('wait').constant(0, ROM).ldr(1, 0).movSp(1).ldr(1, 0, 4).bx(1);
    const { outcome, diagnosis, notes } = run(t);
    expect(outcome).toBe('stuck');
    const cause = diagnosis.causes.find(({ id }) => id === 'gave-up');
    expect(cause).toMatchObject({ proved: true });
    expect(cause!.explanation).toMatch(/^The wait for RNG\.SR\.DRDY = 1 does not end: the bit does not come\. /);
    expect(notes.some((n) => n.kind === 'gave-up')).toBe(false);
  },
);

/** SysTick each 4 ms at 16 MHz, for 20 times; its handler looks at HSERDY so many times. Behind them, main() ends in a loop. */
function tickingImage(looks: number): ReturnType<typeof bareImage> {
  const [SYST, HANDLER] = [0xe000e010, MAIN + 0x100];
  const handler = new Thumb(HANDLER).constant(2, looks).constant(0, RCC_CR).movs(3, 1).label('look').ldr(1, 0).lsls(1, 1, 14);
  handler.put(0xd501).put(0xbf00).put(0xbf00).subs(2, 2, 3).bne('look');
  // the last activation switches the timer off
  handler.subs(7, 7, 3).bne('more').constant(0, SYST).movs(1, 0).str(1, 0).label('more').bxLr();
  const main = new Thumb(MAIN).constant(0, SYST).constant(1, 64_000).str(1, 0, 4).movs(7, 20).movs(1, 7).str(1, 0);
  main.label('ticks').cmp(7, 0).bne('ticks').label('end').b('end');
  const bytes = new Uint8Array(0x200);
  bytes.set(main.bytes());
  bytes.set(handler.bytes(), HANDLER - MAIN);
  const [image] = bareImage(main);
  const all = image!.bytes.slice();
  all.set(bytes, MAIN - FLASH);
  new DataView(all.buffer).setUint32(15 * 4, HANDLER + 1, true);
  return [{ ...image!, bytes: all }];
}
it.each([
  [1, false],
  [4000, true],
])('a handler that looks %i times each time it runs: %s', (looks, isWait) => {
  const job = plainJob('stm32f405rg', tickingImage(looks));
  const { notes } = runBench(jobInput({ ...job, scenario: { ...job.scenario, board: { hse: null } } }));
  expect(notes.some(({ text }) => text.includes('the last wait that gave up polled RCC.CR.HSERDY'))).toBe(isWait);
});

/** Looks at a bit in a loop, 20,000 times, and each time does so much more. Where it never comes, that is no wait. */
const looksAt = (more: (t: Thumb) => Thumb): Thumb => {
  const t = new Thumb(MAIN)
    .constant(0, RCC_CR)
    .constant(4, 0x40023c00)
    .constant(5, 0x40003000)
    .constant(1, 0x10081)
    .str(1, 0)
    .movs(3, 1)
    .constant(2, 20_000);
  more(t.label('look').ldr(1, 0).lsls(1, 1, 14).put(0xd403))
    .subs(2, 2, 3)
    .bne('look')
    .put(0xbf00);
  return t.label('end').b('end');
};
it.each<[string, (t: Thumb) => Thumb, boolean]>([
  ['nothing', (t) => t.put(0xbf00), true],
  ['a refresh of the watchdog', (t) => t.str(3, 5), true],
  ['a register that is written', (t) => t.str(3, 0, 0x30), false],
  ['another one that is read', (t) => t.ldr(1, 4, 12), false],
])('a loop that looks at a bit, and at each look does more: %s', (_, more, isWait) => {
  const { notes } = run(looksAt(more));
  expect(notes.some(({ text }) => text.includes('the last wait that gave up polled RCC.CR.HSERDY'))).toBe(isWait);
});

/** RTC at LSI behind an APB1 of 1 MHz; a bounded wait for INITF that begins so many cycles later. Then INIT is cleared, and INITF falls. */
function waitsForInit(nops: number): Thumb {
  const [PWR, RCC, RTC] = [0x40007000, 0x40023800, 0x40002800];
  const t = new Thumb(MAIN)
    .constant(0, RCC)
    .constant(1, 1 << 28)
    .str(1, 0, 0x40)
    .constant(1, 7 << 10)
    .str(1, 0, 8);
  t.constant(2, PWR)
    .constant(1, 1 << 8)
    .str(1, 2)
    .movs(1, 1)
    .str(1, 0, 0x74);
  t.label('lsi')
    .ldr(1, 0, 0x74)
    .lsls(1, 1, 30)
    .put(0xd5fc)
    .constant(1, (1 << 15) | (2 << 8))
    .str(1, 0, 0x70);
  t.constant(0, RTC).movs(1, 0xca).str(1, 0, 0x24).movs(1, 0x53).str(1, 0, 0x24).movs(1, 0x80).str(1, 0, 12);
  t.constant(3, 20_000).movs(2, 1);
  for (let i = 0; i < nops; i++) t.put(0xbf00);
  t.label('wait').ldr(1, 0, 12).lsls(1, 1, 25).put(0xd402).subs(3, 3, 2).bne('wait').put(0xbf00); // BMI to the end
  return t.movs(1, 0).str(1, 0, 12).label('end').b('end');
}
it.each([0, 3, 5])('a wait whose last look found the bit has not given up: %i', (nops) => {
  const session = new Session(jobInput(plainJob('stm32f405rg', bareImage(waitsForInit(nops)))));
  expect(givenUp(session, session.save(), 2 * MS, []).map(({ what }) => what)).toEqual([]);
});
it('a loop that nothing ends waits for the bit that it tests, and not for those of reads of the same register before it', () => {
  const t = new Thumb(MAIN)
    .constant(0, RCC_CR)
    .ldr(1, 0)
    .constant(2, 1 << 16)
    .put(0x4311)
    .str(1, 0);
  t.label('hse').ldr(1, 0).lsls(1, 1, 14).put(0xd5fc); // BPL to the read of HSERDY
  t.label('plli2s').ldr(1, 0).lsls(1, 1, 4).put(0xd5fc);
  const session = new Session(jobInput(plainJob('stm32f405rg', bareImage(t))));
  expect(givenUp(session, session.save(), 5 * MS, [RCC_CR]).map(({ what, stays }) => [what, stays])).toEqual([['RCC.CR.PLLI2SRDY', true]]);
});
