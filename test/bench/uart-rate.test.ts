/** The rate of who sends to a serial port: a terminal set to the port's rate, or what the scenario says. */
import { describe, expect, it } from 'vitest';
import { hasReservations } from '../../src/bench/documents/reservations.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import type { Board } from '../../src/bench/documents/scenario-types.ts';
import { assumed } from '../../src/bench/assumed.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const ROM = 0x1fff0000;
const [RCC_AHB1ENR, RCC_APB2ENR] = [0x40023830, 0x40023844];
const [GPIOA_MODER, GPIOA_AFRH] = [0x40020000, 0x40020024];
const [USART1_BRR, USART1_CR1] = [0x40011008, 0x4001100c];
const [UE, OVER8, RE] = [1 << 13, 1 << 15, 1 << 2];

const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
/** A receiver on PA10, by HSI at 16 MHz. */
function receiver(brr: number, cr1 = 0): Thumb {
  const t = new Thumb(MAIN);
  for (const [address, value] of [
    [RCC_AHB1ENR, 1],
    [RCC_APB2ENR, 1 << 4],
    [GPIOA_AFRH, 7 << 8],
    [GPIOA_MODER, 2 << 20],
    [USART1_BRR, brr],
    [USART1_CR1, UE | RE | cr1],
  ] as const)
    store(t, address, value);
  return t;
}
const steps = (baud?: number) => [{ at: '1ms', do: { uart: { port: 'USART1', hex: '55aa', ...(baud !== undefined && { baud }) } } }];
const job = (t: Thumb, baud?: number) => jobInput(plainJob('STM32F411CE', bareImage(t), { steps: steps(baud) }));

/** Microseconds from one byte to the next. */
function betweenBytes(brr: number, cr1?: number, baud?: number): number {
  const s = new Session(job(receiver(brr, cr1).label('end').b('end'), baud));
  const seen: number[] = [];
  const { wire } = s.machine.observer;
  s.machine.observer.wire = (name, value) => {
    if (name === 'usart1.rx' && value & 0x100) seen.push(s.machine.now);
    wire?.(name, value);
  };
  s.machine.run(50_000_000_000);
  return (seen[1]! - seen[0]!) / 1e6;
}

describe('ten bits take as long as at', () => {
  it.each([
    ['the rate that the port is set to', 1667, 0, undefined, 9600],
    ['the standard rate next to it', 17, 0, undefined, 921_600],
    ['the rate of a port that takes eight samples', 1 << 4, OVER8, undefined, 2_000_000],
    ['115,200 baud where none is set', 0, 0, undefined, 115_200],
    ['the rate that the step says', 833, 0, 18_900, 18_900],
  ])('%s', (_name, brr, cr1, baud, rate) => {
    // seen when an instruction has ended
    expect(Math.abs(betweenBytes(brr, cr1, baud) - 10e6 / rate)).toBeLessThan(1);
  });
});

/** What a receiver at 9,598 baud takes from 0x55, 0xAA, or from the bytes given, sent at another rate: with 0x200 for FE. */
function taken(baud: number | undefined, hex = '55aa', brr = 1667): number[] {
  const { images, scenario } = plainJob('STM32F411CE', bareImage(receiver(brr).label('end').b('end')));
  const uart = { port: 'USART1', hex, ...(baud !== undefined && { baud }) };
  const s = new Session(jobInput(plainJob('STM32F411CE', images, { ...scenario, steps: [{ at: '1ms', do: { uart } }] })));
  const seen: number[] = [];
  s.machine.observer.wire = (name, value) => {
    if (name === 'usart1.rx' && value & 0x100) seen.push((value & 0xff) | (value & (1 << 30) ? 0x200 : 0));
  };
  s.machine.run(100_000_000_000);
  return seen;
}
describe('a port that the scenario sends to at another rate', () => {
  it.each([
    ['within 4 %: takes the bytes', 9984, '55aa', [0x55, 0xaa]],
    // 0 11110000 1, each bit looked at twice; the fall behind the fourth 1 is a start bit again
    ['half of its own: takes each bit for two', 4799, '0f', [0xfe, 0x80]],
    ['twelve times its own: takes a whole byte for its start bit', 115_200, '00', [0xff]],
    ['twelve times its own: takes a short start bit for none', 115_200, 'ff', []],
    // the sixth sample comes a bit late, the ninth meets the stop bit
    ['10 % more than its own: misses a bit', 10_600, '3f', [0x9f]],
    ['7 % less than its own: finds the last data bit in place of the stop bit', 8900, '3f', [0x7f | 0x200]],
  ])('%s', (_name, baud, hex, bytes) => {
    expect(taken(baud, hex)).toEqual(bytes);
  });
  it('gets them as they are where the scenario leaves the rate open', () => {
    expect(taken(undefined, '55aa', 79)).toEqual([0x55, 0xaa]);
  });
});

it('a command at another rate is not understood, and the line that set the rate is told', () => {
  const t = receiver(1667).constant(0, USART1_BRR - 8);
  t.label('wait').ldr(1, 0).lsrs(1, 1, 6).put(0xd3fc).ldr(1, 0, 4).cmp(1, 0x55).bne('wait');
  t.constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
  expect(runBench(job(t, 9600)).entries).toHaveLength(1);
  const wrong = runBench(job(t, 115_200));
  expect(wrong.entries).toEqual([]);
  const told = wrong.notes.find(({ about }) => about?.is === 'other-baud')?.text;
  expect(told).toMatch(/^USART1 runs at 9,598 baud, and its sender at 115,200 \(0x080002/);
  expect(wrong.notes.map(({ text }) => text).join('\n')).toMatch(
    /USART1 got .*, which is not what was sent to it: its rate is another one/,
  );
});
it('a stop bit that is 0 raises FE', () => {
  const s = new Session(job(receiver(1667).label('end').b('end'), 8900));
  s.machine.run(5_000_000_000);
  const FE = 1 << 1;
  expect(s.machine.bootCore.peek(USART1_BRR - 8, 4)! & FE).toBe(FE);
});

/** Waits for RXNE and jumps. */
function jumps(brr: number, baud?: number) {
  const t = receiver(brr).constant(0, USART1_BRR - 8);
  t.label('wait').ldr(1, 0).lsrs(1, 1, 6).put(0xd3fc);
  t.constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
  return runBench(job(t, baud));
}
const reservations = ({ notes }: ReturnType<typeof jumps>): string[] => notes.filter(({ kind }) => kind === 'but').map(({ text }) => text);

describe('an OK has a reservation where the port that got a byte', () => {
  it.each([
    // 16 MHz / 79 = 202,532
    ['has no standard rate', 79, undefined, 'USART1 runs at 202,532 baud: no standard rate is within 3 %'],
    ['has another rate than its sender', 1667, 115_200, 'USART1 runs at 9,598 baud, and its sender at 115,200'],
  ])('%s, with the line that set it', (_name, brr, baud, text) => {
    const result = jumps(brr, baud);
    expect([result.outcome, hasReservations(result)]).toEqual(['dfu', true]);
    expect(reservations(result)).toEqual([expect.stringMatching(new RegExp(`^${text} \\(0x080002[0-9a-f]{2}\\)\\. On a board,`))]);
  });
  it('has a usual rate: none', () => {
    expect(reservations(jumps(139))).toEqual([]);
    expect(reservations(jumps(1667, 9600))).toEqual([]);
  });
});

/** Waits for RXNE and a 0x55. */
const hears = (t: Thumb): Thumb => t.label('wait').ldr(1, 0).lsrs(1, 1, 6).put(0xd3fc).ldr(1, 0, 4).cmp(1, 0x55).bne('wait');
/** Sends an A, and waits until it has gone out. */
const says = (t: Thumb): Thumb => t.movs(1, 0x41).str(1, 0, 4).constant(2, 50_000).label('wait').put(0x3a01).bne('wait');
/** A port by HSE, whose clock function holds a crystal: it jumps behind what it has to hear or to say. */
function countsOn(hz: number, brr: number, board: Board, talks = hears) {
  const [RCC_CR, RCC_CFGR, TE] = [0x40023800, 0x40023808, 1 << 3];
  const t = store(store(receiver(brr, TE), RCC_CR, 0x00010083), RCC_CFGR, 1)
    .constant(3, hz)
    .constant(2, 50_000);
  // HSE has come by then
  t.label('later').put(0x3a01).bne('later');
  talks(t.constant(0, USART1_BRR - 8));
  t.constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
  const steps = talks === hears ? [{ at: '15ms', do: { uart: { port: 'USART1', hex: '55' } } }] : [];
  const planned = plainJob('STM32F411CE', bareImage(t), { steps, board });
  const input = jobInput(planned);
  const name = { name: 'SystemCoreClockUpdate', address: MAIN, size: t.bytes().length, kind: 'function', binding: 'global' } as const;
  const images = input.images.map((image) => ({ ...image, symbols: new SymbolTable([name], () => MAIN + t.bytes().length) }));
  const result = runBench({ ...input, images });
  return { result, next: assumed(planned, planned, result), told: result.notes.find(({ about }) => about?.is === 'other-baud')?.text };
}
describe('a port at an odd rate, where the firmware counts on another crystal', () => {
  it('does not understand who sends at the rate that it would have with that one, and both crystals are told', () => {
    const { result, told, next } = countsOn(8e6, 69, { hse: { hz: 25e6, kind: 'crystal' } });
    expect(result.entries).toEqual([]);
    expect(told).toMatch(
      /^USART1 runs at 362,319 baud, and its sender at 115,200: SystemCoreClockUpdate counts on a crystal of 8 MHz \(HSE_VALUE\), and this board has 25 MHz$/,
    );
    expect(next).toBeNull();
  });
  it('jumps where the board has that crystal', () => {
    expect(countsOn(8e6, 69, { hse: { hz: 8e6, kind: 'crystal' } })).toMatchObject({ result: { outcome: 'dfu' }, told: undefined });
  });
  it('is run with that one where nobody described the board', () => {
    const { next } = countsOn(25e6, 217, {});
    expect(next?.job.scenario.board?.hse).toEqual({ hz: 25e6, kind: 'crystal' });
    expect(next?.text).toContain('because the firmware counts on it, and its serial port would run at an odd rate with 8 MHz');
  });
  it('is not taken to count on the rate of HSI, of which the compiler makes that of the board by a shift', () => {
    // 64,000 baud from 8 MHz; it would be 128,000 from 16
    const { next, told } = countsOn(16e6, 125, {});
    expect([next, told ?? '']).toEqual([null, expect.not.stringContaining('counts on')]);
  });
  it('sends what nobody reads, and an OK says so', () => {
    const { result, told } = countsOn(8e6, 69, { hse: { hz: 25e6, kind: 'crystal' } }, says);
    expect([result.outcome, hasReservations(result)]).toEqual(['dfu', true]);
    expect(told).toMatch(/^USART1 sends at 362,319 baud in place of 115,200: SystemCoreClockUpdate counts on a crystal of 8 MHz/);
    expect(countsOn(8e6, 69, { hse: { hz: 8e6, kind: 'crystal' } }, says)).toMatchObject({ result: { outcome: 'dfu' }, told: undefined });
  });
});
