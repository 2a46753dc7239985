/** A delay in front of the end of a run: that it ends is proved, and when; the run goes on to what comes behind it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput, type RunJob } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { CutShort } from '../../src/bench/session/budget.ts';
import { finiteLoop } from '../../src/bench/session/finite-loop.ts';
import type { FiniteLoop } from '../../src/bench/session/live-run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { MS } from '../../src/emu/time.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { CHIP, imageOf, RAM, SYSTICK } from './rounds-firmware.ts';
import { placeIn } from '../fixtures/place.ts';

type Part = (t: Thumb) => unknown;
const MAIN = 0x08000200;
const nothing = (t: Thumb): unknown => t.label('out').bxLr();
function job(main: Part, handler: Part = nothing): RunJob {
  const [code, isr] = [new Thumb(MAIN).constant(7, RAM).movs(0, 0).str(0, 7), new Thumb(0x08000400)];
  main(code);
  handler(isr);
  return plainJob(CHIP, [{ path: 'app.bin@0x08000000', bytes: imageOf(code, isr) }]);
}
function lookedAt(at: number, main: Part, handler?: Part): { readonly loop: FiniteLoop | null; readonly session: Session } {
  const session = new Session(jobInput(job(main, handler)));
  session.machine.run(at);
  const before = session.machine.now;
  const loop = finiteLoop(session.machine, (time) => void session.advance(time));
  expect(session.machine.now).toBe(before);
  return { loop, session };
}
/** r0 counts down from there. */
const countDown = (t: Thumb, from: number): Thumb => t.constant(0, from).movs(1, 1).label('loop').subs(0, 0, 1).bne('loop');
const stop = (t: Thumb): unknown => t.label('end').b('end');

describe('a loop that counts', () => {
  it('ends when the run shows that it does', () => {
    const { loop, session } = lookedAt(10 * MS, (t) => stop(countDown(t, 3_000_000)));
    const { machine } = session;
    machine.run(loop!.endsAt - MS);
    expect(machine.bootCore.get(0)).toBeGreaterThan(0);
    machine.run(loop!.endsAt + MS);
    expect(machine.bootCore.get(0)).toBe(0);
    session.release();
  });
  it('is none where nothing is decided by the count', () =>
    expect(lookedAt(10 * MS, (t) => t.label('loop').adds(0, 1).b('loop')).loop).toBeNull());
  it('waits for the count of ticks that a handler makes', () => {
    const ticks = (t: Thumb): unknown => t.constant(1, SYSTICK).constant(0, 31_999).str(0, 1, 4).movs(0, 7).str(0, 1);
    const waits = (t: Thumb): unknown => {
      ticks(t);
      return stop(t.constant(2, 700).label('loop').ldr(0, 7).cmpRegister(0, 2).bne('loop').constant(5, 0x12345678));
    };
    const { loop, session } = lookedAt(10 * MS, waits, (t) => t.ldr(2, 7).adds(2, 1).str(2, 7).bxLr());
    expect(loop!.endsAt / MS).toBeCloseTo(700, -1);
    session.release();
  });
});

describe('a run that ends in front of a jump', () => {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL('../../fixtures/h533-delay-unoptimised/firmware.elf', import.meta.url))));
  const firmware = plainJob(CHIP, [{ path: 'fw.elf', bytes }]);

  it('goes through the delay of 7 s', () => expect(runBench(jobInput(firmware)).outcome).toBe('dfu'));
  it('names the loop where somebody ended it before that', () => {
    const result = runBench(jobInput({ ...firmware, scenario: { ...firmware.scenario, until: '2s' } }));
    expect(result.outcome).toBe('no-jump');
    expect(result.ended).toMatchObject({ reason: 'deadline', loop: { line: placeIn('h533-delay-unoptimised', 'for (volatile').line } });
    expect(Number(result.ended.loop!.endsAt)).toBeGreaterThan(6);
    expect(shortReport(result)).toMatch(/the run ended at 2 s inside a loop that counts, until/);
  });
  it('tells a reset that the firmware asked for before the loop', () => {
    const asks = job((t) => {
      const [word, request] = [0x20001000, 0xb00710ad];
      t.constant(0, word).ldr(1, 0).constant(2, request).cmpRegister(1, 2).beq('again').str(2, 0);
      t.constant(0, 0xe000ed0c).constant(1, 0x05fa0004).str(1, 0).label('reset').b('reset').label('again');
      countDown(t, 3_000_000_0);
      t.label('end').b('end');
    });
    const result = runBench(jobInput({ ...asks, scenario: { ...asks.scenario, until: '100ms' } }));
    expect(result.ended.loop).toBeDefined();
    expect(shortReport(result, { width: 400 })).toMatch(/^Why +the firmware reset the chip at .*; the run ended/m);
  });
  it('does not go on for a program that only waits for short times', () => {
    const blinks = job((t) => {
      t.label('all');
      countDown(t, 3_000_000);
      t.ldr(0, 7).adds(0, 1).str(0, 7).b('all');
    });
    const result = runBench(jobInput(blinks));
    expect(Number(result.ended.at)).toBeLessThan(8);
    expect(result.outcome).toBe('no-jump');
  });
  it('waits for three long delays one behind another, and no longer for a light that blinks slowly', () => {
    const delays = job((t) => {
      t.label('all');
      countDown(t, 70_000_000);
      t.ldr(0, 7).adds(0, 1).str(0, 7).b('all');
    });
    const { ended, outcome } = runBench(jobInput(delays));
    const each = Number(runBench(jobInput({ ...delays, scenario: { ...delays.scenario, until: '1s' } })).ended.loop!.endsAt);
    expect(each).toBeGreaterThan(5);
    expect(Number(ended.at)).toBeGreaterThan(3 * each);
    expect(Number(ended.at)).toBeLessThan(6 * each);
    expect(outcome).toBe('no-jump');
  });
});

describe('a delay of a main loop', () => {
  /** Each round toggles the word at 4, and counts at 8 where it does. */
  const blinks = (counts: boolean, wait: Part, handler?: Part): RunJob => {
    const main = (t: Thumb): void => {
      t.constant(0, 31_999).constant(1, SYSTICK).str(0, 1, 4);
      if (handler !== undefined) t.movs(0, 7).str(0, 1);
      wait(t.movs(0, 0).str(0, 7, 4).str(0, 7, 8).str(0, 7, 12).label('all'));
      t.movs(1, 1).ldr(0, 7, 4).eors(0, 1).str(0, 7, 4);
      if (counts) t.ldr(0, 7, 8).adds(0, 1).str(0, 7, 8);
      t.b('all');
    };
    const of = job(main, handler);
    return { ...of, scenario: { ...of.scenario, until: '4s' } };
  };
  const down = (t: Thumb): unknown => countDown(t, 20_000_000);
  /** As HAL_Delay() does, with a time stamp at 12. */
  const stamped = (t: Thumb): unknown =>
    t.constant(3, 1500).label('loop').ldr(0, 7).ldr(1, 7, 12).subs(0, 0, 1).cmpRegister(0, 3).bne('loop').ldr(0, 7).str(0, 7, 12);
  const tick = (t: Thumb): unknown => t.ldr(2, 7).adds(2, 1).str(2, 7).bxLr();
  const loopOf = (of: RunJob): unknown => runBench(jobInput(of)).ended.loop ?? null;
  it('has nothing behind it that was not seen, where nothing is remembered from round to round', () => {
    expect(loopOf(blinks(false, down))).toBeNull();
    expect(loopOf(blinks(false, stamped, tick))).toBeNull();
  });
  it('is none where the count of the rounds decides, in an hour, what a function does that it calls', () => {
    const called = (t: Thumb): unknown =>
      t.push(0, true).ldr(0, 7, 4).adds(0, 1).str(0, 7, 4).cmpRegister(0, 3).bne('on').str(0, 7, 8).label('on').pop(0, true);
    const rounds = (t: Thumb): unknown =>
      t
        .constant(3, 1 << 30)
        .constant(4, 0x08000401)
        .label('round')
        .blx(4)
        .b('round');
    expect(lookedAt(10 * MS, rounds, called).loop).toMatchObject({ within: true });
    expect(loopOf(job(rounds, called))).toBeNull();
  });
  it('may end the loop where its rounds are counted', () => {
    expect(loopOf(blinks(true, down))).toMatchObject({ pc: expect.stringMatching(/^0x0800/) as unknown });
    expect(loopOf(blinks(true, stamped, tick))).toMatchObject({ pc: expect.stringMatching(/^0x0800/) as unknown });
  });
});

it('is looked for within the limits of the user, 100 ms at a time, and the machine is as before', () => {
  const session = new Session(jobInput(job((t) => stop(countDown(t, 10)))));
  session.machine.run(10 * MS);
  const asked: number[] = [];
  finiteLoop(session.machine, (time) => void asked.push(time - session.machine.now));
  expect(asked.length).toBeGreaterThan(0);
  expect(Math.max(...asked)).toBeLessThanOrEqual(100 * MS);
  const cut = (): never => {
    throw new CutShort('signal');
  };
  expect(() => finiteLoop(session.machine, cut)).toThrow(CutShort);
  expect(session.machine.now).toBe(10 * MS);
});
