/** What a run is for: another interface of the ROM than USB, or the application; and who handed over to whom on the way. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { jobInput, type RunJob } from '../../src/bench/input/job.ts';
import { firstRun } from '../../src/bench/first-run.ts';
import { runBench } from '../../src/bench/run.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { namedImage } from './named-image.ts';
import { plainJob } from './plain-job.ts';

function run(fixture: string, chip: string, scenario: Scenario): RunResult {
  const path = `fixtures/${fixture}/firmware.elf`;
  const bytes = new Uint8Array(readFileSync(new URL(`../../${path}`, import.meta.url)));
  return runBench(jobInput(plainJob(chip, [{ path, bytes }], scenario)));
}
const F405 = 'stm32f405rg';

describe('an interface of the ROM', () => {
  it.each([
    ['usart1', '0x7F at 9600 baud on USART1 (RX PA10)'],
    ['usart3', '0x7F at 9600 baud on USART3 (RX PB11)'],
    ['i2c1', 'Get at address 0x3a on I2C1 (SCL PB6)'],
    ['spi1', '0x5A on SPI1 (NSS PA4)'],
    ['can2', 'a frame 0x79 on CAN2 (RX PB5)'],
  ])('%s is reached where the ROM acknowledges %s', (goal, asked) => {
    const result = run('f405-straight', F405, { goal });
    expect(result.goal).toMatchObject({ name: goal, reached: true });
    // without the cable of USB the word is still about DFU
    expect(result).toMatchObject({ outcome: 'rom-silent', scenario: { host: { cable: 'out' }, goal } });
    expect(result.summary).toContain(`the ROM acknowledges ${asked} after the jump`);
    expect(shortReport(result)).toMatch(new RegExp(`^OK {5}${goal}: the ROM answers on ${goal.toUpperCase()}$`, 'm'));
    expect(Number(result.goal.at)).toBeLessThan(1);
    // the ACK of a USART is the letter y
    expect(shortReport(result)).not.toMatch(/^( {7}|usart\d +)y$/m);
  });

  it('is asked behind the last step of the user, and the answer is waited for', () => {
    const late: Scenario = { goal: 'usart1', board: { boot0: 1 }, steps: [{ at: '4s', do: { pin: { name: 'PA0', level: 1 } } }] };
    const { goal } = run('f405-straight', F405, late);
    expect([goal.reached, Number(goal.at) > 4]).toEqual([true, true]);
  });
  it('that the ROM has no USB is told to who asked for nothing, not to who asked for its USART', () => {
    const told = (goal?: string): string => shortReport(run('jump-1ffff000-masked', 'stm32f103c8', goal === undefined ? {} : { goal }));
    expect(told()).toContain('the goal is a serial interface: the ROM of this part has no USB');
    expect(told('usart1')).not.toContain('the goal is a serial interface');
  });
  it('a crystal that is missing keeps the ROM from CAN and not from a USART', () => {
    expect(run('f405-straight', F405, { goal: 'can2', board: { boot0: 1, hse: null } }).goal.reached).toBe(false);
    expect(run('f405-straight', F405, { goal: 'usart1', board: { boot0: 1, hse: null } }).goal.reached).toBe(true);
  });

  it('a cause is proved by the answer of the interface', () => {
    const { goal, diagnosis, outcome } = run('f405-timer-left-on', F405, { goal: 'usart1' });
    expect([outcome, goal.reached, diagnosis.explained]).toEqual(['rom-silent', false, true]);
    expect(diagnosis.sets).toContainEqual(['nvic-enabled']);
  });

  it('is said in any case of letters, and refused where the part has it not', () => {
    expect(run('f405-straight', F405, { goal: 'USART1' }).goal.name).toBe('usart1');
    expect(() => run('f405-straight', F405, { goal: 'fdcan1' })).toThrow('goal: the ROM of STM32F405RG has no fdcan1');
    expect(() => run('jump-1ffff000', 'stm32f103c8', { goal: 'usb' })).toThrow('has no usb');
  });
});

describe('the application', () => {
  it.each([
    ['f405-polls-pin', true],
    ['f405-straight', false],
    ['f405-stack-overflow', false],
  ])('%s: runs = %s', (fixture, runs) => expect(run(fixture, F405, { goal: 'app' }).goal).toMatchObject({ name: 'app', reached: runs }));

  const asked: Scenario['steps'] = [{ at: '100ms', do: { uart: { port: 'USART1', text: 'B' } } }];
  const reset: Scenario['steps'] = [{ at: '2s', do: { nrst: { for: '10ms' } } }];
  it.each<[string, boolean, string, Scenario]>([
    ['a reset by the board, which is the last step', true, 'f405-serial-trigger', { steps: [...asked, ...reset] }],
    ['a leave', true, 'f405-polls-pin', { board: { boot0: 1 }, steps: [{ at: '2s', do: { dfu: { leave: '0x08000000' } } }] }],
    [
      'a leave to an application that crashes',
      false,
      'f405-own-crash',
      { board: { boot0: 1 }, steps: [{ at: '2s', do: { dfu: { leave: '0x08000000' } } }] },
    ],
    [
      'a leave to an application that stops in a loop',
      false,
      'f405-assert-stops',
      { board: { boot0: 1 }, steps: [{ at: '2s', do: { dfu: { leave: '0x08000000' } } }] },
    ],
    ['a reset that leads into the ROM again', false, 'f405-straight', { steps: reset }],
    ['nothing', false, 'f405-serial-trigger', { steps: asked }],
  ])('behind the ROM, by %s: runs = %s', (_by, runs, fixture, scenario) => {
    const { goal, outcome, resets, ended } = run(fixture, F405, { ...scenario, goal: 'app' });
    expect(outcome).toMatch(/^dfu/);
    expect(goal.reached).toBe(runs);
    // it has had time to show
    const last = resets.at(-1);
    if (runs && last !== undefined) expect(Number(ended.at)).toBeGreaterThan(Number(last.at) + 0.015);
  });
});

describe('ways in', () => {
  const waysOf = (fixture: string, chip: string): RunResult['ways'] => {
    const path = `fixtures/${fixture}/firmware.elf`;
    const bytes = new Uint8Array(readFileSync(new URL(`../../${path}`, import.meta.url)));
    return firstRun({ ...plainJob(chip, [{ path, bytes }]), trigger: true }, {}).ways;
  };
  it('the one that an input reaches comes first, then the call of the same function', () =>
    expect(waysOf('f405-serial-trigger', F405)).toEqual([
      { function: 'jump_to_bootloader', caller: 'main', trigger: '"B" to USART1', outcome: 'dfu', tried: true },
      { function: 'jump_to_bootloader', caller: 'main', trigger: null, outcome: 'dfu', tried: true },
    ]));
  it('a text on the virtual COM port comes before what was called, and a baud rate that leads nowhere is told', () => {
    const ways = waysOf('h533-seed000-cdc', 'stm32h533re');
    expect(ways[0]).toMatchObject({ trigger: '"DFU" to the virtual COM port', outcome: 'rom-silent', tried: true });
    expect(ways).toContainEqual(expect.objectContaining({ function: 'enter_dfu', trigger: null }));
    expect(ways).toContainEqual({
      function: null,
      caller: null,
      trigger: 'virtual COM port opened at 1200 baud',
      outcome: 'no-jump',
      tried: true,
    });
  });
});

describe('hand-overs', () => {
  it('into the ROM by a branch, and back by a leave', () => {
    const leave: Scenario = { steps: [{ at: '2s', do: { dfu: { leave: '0x08000000' } } }] };
    const { handOvers, ways } = run('f405-polls-pin', F405, { ...leave, board: { boot0: 1 } });
    expect(handOvers).toMatchObject([
      { from: 'reset', to: 'ROM', how: 'boot', goal: 'usb', reached: true },
      { from: 'ROM', to: 'application', how: 'branch', goal: 'app' },
    ]);
    expect(ways).toHaveLength(1);
  });
  it('only the last one has the goal', () => {
    const { handOvers, ways } = run('f405-straight', F405, {});
    expect(handOvers).toMatchObject([{ from: 'application', to: 'ROM', how: 'branch', goal: 'usb', reached: true }]);
    expect(ways).toMatchObject([{ function: 'jump_to_bootloader', trigger: 'itself', outcome: 'dfu', tried: true }]);
  });
  it('none where the firmware never jumps', () => expect(run('f405-polls-pin', F405, {})).toMatchObject({ handOvers: [], ways: [] }));
});

describe('two images without a goal', () => {
  const image = (path: string) => ({ path, bytes: new Uint8Array(readFileSync(new URL(`../../fixtures/${path}`, import.meta.url))) });
  const both = (loader: string, app: string, scenario: Scenario = {}, more: Partial<RunJob> = {}): RunResult => {
    const images = [image(`${loader}/firmware.elf`), image(`${app}/app.elf`)];
    return runBench(jobInput({ ...plainJob(F405, images, scenario), ...more }));
  };
  const [RIGHT, BLINKS] = ['f405-chain-vtor-of-loader', 'f405-chain-deep-sleep'];

  /** Puts the application's table into VTOR and its SP into MSP, and branches to its reset vector. */
  const STARTS_IT = new Uint8Array(0x400);
  const start = new Thumb(0x08000200).constant(0, 0xe000ed08).constant(1, 0x08010000).str(1, 0).ldr(2, 1);
  STARTS_IT.set(start.put(0xf382, 0x8808).ldr(3, 1, 4).bx(3).bytes(), 0x200);
  new DataView(STARTS_IT.buffer).setUint32(0, 0x20002000, true);
  new DataView(STARTS_IT.buffer).setUint32(4, 0x08000201, true);

  it('none of which can enter the ROM are a loader and its application: whether that runs is asked', () => {
    const right = runBench(jobInput(plainJob(F405, [{ path: 'loader.bin@0x08000000', bytes: STARTS_IT }, image(`${BLINKS}/app.elf`)])));
    expect(right).toMatchObject({ outcome: 'no-jump', goal: { name: 'app', reached: true } });
    expect(shortReport(right)).toMatch(/^OK {5}app: the application runs$/m);
    // it blinks once, and then waits for ticks that the loader's handler gets
    const left = both(RIGHT, BLINKS);
    expect(left.goal).toMatchObject({ name: 'app', reached: false });
    expect(left.diagnosis.causes[0]).toMatchObject({ what: 'SCB.VTOR', proved: true });
    const wrong = both('f405-chain-dma-left', 'f405-chain-dma-left');
    expect(wrong.goal).toMatchObject({ name: 'app', reached: false });
    expect(shortReport(wrong)).toMatch(/^FAIL {3}the application does not run; fault:/m);
  });
  it.each([
    [
      'is lost',
      (t: Thumb) => t.movs(3, 0).str(3, 6),
      ['The application asks its loader for something by a word and a reset, and the word is lost'],
    ],
    ['is found', (t: Thumb) => t, []],
  ])('whose application asks the loader by a word that %s', (_how, startUp, but) => {
    const [ASKED, ONCE, APP] = [0x20000100, 0x20000200, 0x08010000];
    const loader = startUp(new Thumb(0x08000200).constant(6, ASKED)).constant(2, 0xb007c0de).ldr(3, 6).cmpRegister(3, 2).beq('update');
    loader.constant(0, 0xe000ed08).constant(1, APP).ldr(3, 1, 4).ldr(2, 1).str(1, 0).put(0xf382, 0x8808).bx(3);
    loader.label('update').movs(3, 0).str(3, 6).b('update');
    const app = new Thumb(APP + 0x200).constant(6, ONCE).constant(2, 0x0bad5eed).ldr(3, 6).cmpRegister(3, 2).beq('runs').str(2, 6);
    app.constant(6, ASKED).constant(2, 0xb007c0de).str(2, 6).constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1);
    app.label('runs').adds(4, 1).str(4, 6, 4).b('runs');
    const bytes = new Uint8Array(0x10400);
    for (const [at, t] of [
      [0, loader],
      [0x10000, app],
    ] as const) {
      bytes.set(t.bytes(), at + 0x200);
      new DataView(bytes.buffer).setUint32(at, 0x20002000, true);
      for (let e = 1; e < 16; e++) new DataView(bytes.buffer).setUint32(at + 4 * e, 0x08000201 + at, true);
    }
    const functions = [{ name: 'loader', address: 0x08000200, size: 2 * loader.length }, { name: 'ask', address: APP + 0x200, size: 2 * app.length }]; // prettier-ignore
    const { goal, notes } = runBench(jobInput(plainJob(F405, namedImage(bytes, functions), { until: '200ms' })));
    expect(goal.name).toBe('app');
    expect(notes.flatMap(({ kind, text }) => (kind === 'but' ? [String(text).replace(/ \(.*/, '')] : []))).toEqual(but);
  });
  it('with a way into the ROM are for the ROM', () =>
    expect(both('f405-chain-request-kept', BLINKS).goal).toMatchObject({ name: 'usb', reached: false }));
  it.each<[string, Scenario, Partial<RunJob>]>([
    ['BOOT0', { board: { boot0: 1 } }, {}],
    ['a goal', { goal: 'usb' }, {}],
    ['an expectation', { expect: { outcome: 'no-jump' } }, {}],
    ['a search for a trigger', {}, { findJump: true }],
  ])('are for the ROM where %s says so', (_name, scenario, more) => expect(both(RIGHT, BLINKS, scenario, more).goal.name).toBe('usb'));
  it('are not at their goal while the loader runs on', () => {
    // it waits for its button
    const { goal, notes } = both(BLINKS, BLINKS, { until: '1s' });
    expect(goal).toMatchObject({ name: 'app', reached: false });
    expect(notes.some((n) => /app\.elf at 0x08010000 was never started/.test(String(n.text)))).toBe(true);
  });
});
