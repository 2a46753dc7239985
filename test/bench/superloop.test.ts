/** A main loop that looks at its inputs, stores and drives pins in each round: that it goes round for ever is proved, and what makes it jump is found at a small part of the run's price. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Trials, type Trial } from '../../src/bench/proof/trials.ts';
import { proveFixedLoop } from '../../src/bench/session/fixed-loop.ts';
import { goesRoundForEver } from '../../src/bench/session/same-rounds.ts';
import { Session } from '../../src/bench/session/session.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { CHIP, imageOf, RAM } from './rounds-firmware.ts';

const elf = (name: string) => [
  { path: 'fw.elf', bytes: new Uint8Array(readFileSync(fileURLToPath(new URL(`../../fixtures/${name}/firmware.elf`, import.meta.url)))) },
];
const superloop = plainJob('stm32g474re', elf('g474-superloop'));

describe('a main loop that polls and toggles an LED in each round', () => {
  it('ends the run where it is proved to go round for ever, long before its 850 million cycles', () => {
    const result = runBench(jobInput(superloop));
    expect(result.outcome).toBe('no-jump');
    expect(result.ended.reason).toBe('settled');
    expect(result.time.cycles).toBeLessThan(40e6);
  });
  it('goes on for as long as somebody asks to see it', () => {
    const until = { ...superloop, scenario: { ...superloop.scenario, until: '200ms' } };
    expect(Number(runBench(jobInput(until)).ended.at)).toBeCloseTo(0.2, 3);
  });
  it('is triggered by what it polls', () => {
    const result = firstRun(superloop, {});
    expect(result.outcome).toBe('dfu');
    expect(result.scenario.steps![0]).toEqual({ at: '100ms', do: { pin: { name: 'PC13', level: 1 } } });
    expect(result.notes.find((n) => n.text.startsWith('other triggers'))?.text).toMatch(/"B" to USART2 \(dfu\)/);
  });
});

/** Whether a main loop of these instructions is proved to go round for ever; r7 = RAM. */
function isRound(body: (t: Thumb) => unknown, setUp: (t: Thumb) => unknown = () => {}): boolean {
  const main = new Thumb(0x08000200).constant(7, RAM).movs(0, 0).movs(1, 1).str(0, 7);
  setUp(main);
  main.label('loop');
  body(main);
  main.b('loop');
  const bytes = imageOf(main, new Thumb(0x08000400).label('out').bxLr());
  const s = new Session(jobInput(plainJob(CHIP, [{ path: 'app.bin@0x08000000', bytes }])));
  s.machine.run(10 * MS);
  const before = s.machine.now;
  const proved = goesRoundForEver(s.machine);
  expect(s.machine.now).toBe(before);
  s.release();
  return proved;
}
const EORS_R0_R1 = 0x4048;
describe('a round that is proved to come again', () => {
  it('may store: a word that is toggled is back after two', () => expect(isRound((t) => t.ldr(0, 7).put(EORS_R0_R1).str(0, 7))).toBe(true));
  it('is none where a word counts', () => expect(isRound((t) => t.ldr(0, 7).adds(0, 1).str(0, 7))).toBe(false));
  it('is none where a register is read that follows the time', () =>
    expect(isRound((t) => t.constant(2, 0xe0001004).ldr(3, 2).ldr(0, 7).put(EORS_R0_R1).str(0, 7).movs(3, 0))).toBe(false));
  it('is none beside a SysTick that interrupts', () => {
    const ticks = (t: Thumb): unknown => t.constant(2, 0xe000e010).constant(3, 31_999).str(3, 2, 4).movs(3, 7).str(3, 2);
    expect(isRound((t) => t.ldr(0, 7).put(EORS_R0_R1).str(0, 7), ticks)).toBe(false);
  });
});

it('behind a delay that ends in a reset, no endless loop is proved: what waits for the reset is never reached', () => {
  const [AIRCR, SYSRESETREQ, SUBS_R4_1] = [0xe000ed0c, 0x05fa0004, 0x3c01];
  const main = new Thumb(0x08000200).constant(7, AIRCR).constant(6, SYSRESETREQ).constant(4, 2000);
  main.label('delay').put(SUBS_R4_1).bne('delay').str(6, 7).label('rest').b('rest');
  const bytes = imageOf(main, new Thumb(0x08000400).label('out').bxLr());
  const s = new Session(jobInput(plainJob(CHIP, [{ path: 'app.bin@0x08000000', bytes }])));
  const core = s.machine.bootCore;
  while (core.arm.r(4) === 0 || core.arm.r(4) > 500) s.machine.run(s.machine.now + MS / 1000);
  expect([goesRoundForEver(s.machine), proveFixedLoop(s)]).toEqual([false, null]);
  s.machine.run(s.machine.now + MS);
  expect(s.machine.history.resets.length).toBeGreaterThan(0);
  s.release();
});

describe('what is tried to make a firmware jump', () => {
  const main = new Thumb(0x08000200).constant(7, RAM).movs(0, 0).label('loop').adds(0, 1).str(0, 7).b('loop');
  const handler = new Thumb(0x08000400).label('here').b('here');
  const s = new Session(jobInput(plainJob(CHIP, [{ path: 'app.bin@0x08000000', bytes: imageOf(main, handler) }])));
  s.machine.run(MS);
  const at = s.save();
  const trial = (name: string, address: number | null): Trial => {
    const tried = { name, kind: 'request' as const, step: { at: '0ms', do: { call: name } } };
    const begin = (): void => {
      s.restore(at);
      if (address !== null) s.machine.bootCore.beginCall(address);
    };
    return { progress: name, tried, ways: [{ begin, takes: 0, end: (outcome) => ({ tried: { ...tried, outcome }, enough: true }) }] };
  };
  const both = [trial('nothing', null), trial('stops', 0x08000400)];

  it('is left alone behind a moment where another one came to an end that is as good', () => {
    const [nothing, stops] = new Trials(s, false).run(both, () => false);
    expect(stops!.outcome).toBe('stuck');
    expect(nothing).toMatchObject({ outcome: 'no-jump', followedFor: 1800 * MS });
    expect(s.machine.now).toBeLessThan(2000 * MS);
  });
  it('is followed for as long as a run lasts where it may be better, or where all was asked for', () => {
    for (const trials of [new Trials(s, true).run(both, () => false), new Trials(s, false).run(both, () => true)])
      expect(trials[0]!.followedFor).toBeUndefined();
  });
});
