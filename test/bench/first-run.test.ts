/** A firmware about which nothing is said: its trigger is found and pressed, and the board is tried with BOOT0 high. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { asTyped, firstRun } from '../../src/bench/first-run.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { pulled, tryTriggers, type Trigger } from '../../src/bench/proof/init.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { namedImage } from './named-image.ts';
import { plainJob } from './plain-job.ts';

const run = (name: string, chip: string): RunResult => {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL(`../../fixtures/${name}/firmware.elf`, import.meta.url))));
  return firstRun(plainJob(chip, [{ path: 'fw.elf', bytes }]), {});
};
const notes = (r: RunResult, kind: string): string[] => r.notes.filter((n) => n.kind === kind).map((n) => String(n.text));

describe('a firmware that waits for somebody', () => {
  const result = run('h533-seed000-as-posted', 'stm32h533re');

  it('is run with the function called that goes the whole way, which its scenario shows', () => {
    expect(result.outcome).toBe('rom-silent');
    expect(result.scenario.steps).toEqual([{ at: '100ms', do: { call: 'enter_dfu' } }]);
    expect(notes(result, 'trigger')[0]).toMatch(/triggered at 100 ms by bootbench: call of enter_dfu/);
  });
  it('is told the other ways in', () => expect(notes(result, 'trigger')[1]).toMatch(/JumpToUSB_DFU .*rom-silent/));
  it('has a control run with BOOT0 high, which shows that the board is all right', () =>
    expect(notes(result, 'control')[0]).toMatch(/^control run: with BOOT0 high, the same board reaches DFU/));
});

it('where option bytes keep BOOT0 from counting, the control run says nothing of the board', () => {
  const result = run('g0b1-jump-in-usb-callback', 'stm32g0b1re');
  expect(result.outcome).toBe('rom-silent');
  expect(notes(result, 'control')[0]).toMatch(/still starts the application/);
});

it('that a jump works when it is called says less than a request that the firmware makes by itself and loses', () => {
  const result = run('f405-request-by-itself', 'stm32f405rg');
  expect(result.outcome).toBe('no-jump');
  expect(result.scenario.steps).toEqual([]);
  expect(result.diagnosis.causes.filter((c) => c.proved).map((c) => c.id)).toEqual(['magic-survives']);
  expect(notes(result, 'find-jump')).toEqual([expect.stringMatching(/enter_rom.*dfu/)]);
});

it('where nothing leads to the ROM, that it was tried is told', () => {
  const result = run('l496-request-never-read', 'stm32l496zg');
  expect(result.outcome).not.toBe('dfu');
  expect(notes(result, 'trigger')).toEqual([]);
  expect(notes(result, 'find-jump').length).toBeGreaterThan(0);
});

it('a firmware looks at a whole port: it is not told that no pin was found, where none could be tried', () => {
  const waits = new Thumb(MAIN).constant(0, 0x40023830).movs(1, 1).str(1, 0).constant(0, 0x40020010).constant(2, 0x5aa5);
  const program = waits.label('wait').ldr(1, 0).cmpRegister(1, 2).bne('wait').label('end').b('end');
  const result = firstRun({ ...plainJob('stm32f405rg', bareImage(program)), trigger: true }, {});
  expect(notes(result, 'find-jump')).toEqual(['nothing']);
});

it('a signal in front of the run with the trigger leaves what the firmware does by itself', () => {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL('../../fixtures/f405-polls-pin/firmware.elf', import.meta.url))));
  let stop = false;
  const progress = (what: string): boolean => (stop ||= what === 'PC13 = 1');
  const job = { ...plainJob('stm32f405rg', [{ path: 'fw.elf', bytes }]), trigger: true };
  const result = firstRun(job, { progress, signal: () => stop });
  expect(stop).toBe(true);
  expect(Number(result.ended.at)).toBeGreaterThan(0);
  expect(result.ended.reason).not.toBe('signal');
  expect(notes(result, 'limit')).toEqual(['a further run, with what this one has shown, was not finished (signal)']);
  expect(notes(result, 'find-jump').join()).toContain('PC13 = 1: dfu');
});

it('a firmware that reaches DFU by itself is left alone', () => {
  const result = run('f405-straight', 'stm32f405rg');
  expect(result.outcome).toBe('dfu');
  expect(result.notes.filter((n) => n.kind === 'trigger' || n.kind === 'control')).toEqual([]);
});

it('a firmware that does nothing but look at a pin waits for it, and the pin is pressed', () => {
  const result = run('f405-polls-pin', 'stm32f405rg');
  expect(result.outcome).toBe('dfu');
  expect(result.scenario.steps![0]).toEqual({ at: '100ms', do: { pin: { name: 'PC13', level: 1 } } });
});

it('a leave alone does not keep its trigger from being found, and comes behind the entry', () => {
  const leave = { after: '0ms', do: { dfu: { leave: '0x08000000' } } };
  const job = (name: string) => {
    const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL(`../../fixtures/${name}/firmware.elf`, import.meta.url))));
    return { ...plainJob('stm32f405rg', [{ path: 'fw.elf', bytes }]), scenario: { steps: [leave] } };
  };
  const pressed = firstRun(job('f405-polls-pin'), {});
  expect(pressed.outcome).toBe('dfu');
  expect(pressed.scenario.steps![0]).toEqual({ at: '100ms', do: { pin: { name: 'PC13', level: 1 } } });
  expect(pressed.scenario.steps!.at(-1)).toEqual(leave);
  expect(pressed.checks.find((c) => c.id === 'leave-path')?.verdict).not.toBe('n/a');
  // who needs none is left once
  const alone = firstRun(job('f405-straight'), {});
  expect(alone.scenario.steps).toEqual([leave]);
  expect(alone.checks.find((c) => c.id === 'leave-path')?.verdict).not.toBe('n/a');
});

it('a firmware that crashes on its way is told as that, nothing is called', () => {
  const result = run('f405-own-crash', 'stm32f405rg');
  expect(result.outcome).toBe('fault');
  expect(result.scenario.steps).toEqual([]);
});

it('a button is let go of again, so that it does not ask anew after each reset', () => {
  const steps = pulled({ at: '100ms', do: { pin: { name: 'PA0', level: 0 } } });
  expect(steps).toEqual([
    { at: '100ms', do: { pin: { name: 'PA0', level: 0 } } },
    { after: '200ms', do: { pin: { name: 'PA0', level: 1 } } },
  ]);
  expect(pulled({ at: '100ms', do: { call: 'f' } })).toHaveLength(1);
});

it('a button that resets the chip over and over while it is down is held shortly', () => {
  const [GPIOC, AIRCR] = [0x48000800, 0xe000ed0c];
  const code = new Thumb(0x08000008)
    .constant(1, 0x40021014)
    .constant(0, 1 << 19)
    .str(0, 1);
  code
    .constant(1, GPIOC)
    .constant(2, 1 << 13)
    .label('up')
    .ldr(0, 1, 16)
    .tst(0, 2)
    .bne('up');
  code.constant(1, AIRCR).constant(0, 0x05fa0004).str(0, 1).label('end').b('end');
  const bytes = new Uint8Array(8 + code.bytes().length);
  bytes.set(code.bytes(), 8);
  new Uint32Array(bytes.buffer, 0, 2).set([0x20001000, 0x08000009]);
  const job = plainJob('stm32f072rb', [{ path: 'fw.bin@0x08000000', bytes }], { board: { pins: { PC13: 1 } } });
  const { tried } = tryTriggers(jobInput(job));
  expect(tried).toContainEqual(expect.objectContaining({ name: 'PC13 = 0', outcome: 'reset-loop', held: '20ms' }));
});

it('a virtual COM port is opened at 1200 baud, as tools do that look for a bootloader', () => {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL('../../fixtures/h533-seed000-cdc/firmware.elf', import.meta.url))));
  const { tried } = tryTriggers(jobInput(plainJob('stm32h533re', [{ path: 'fw.elf', bytes }])));
  const touched = tried.filter(({ step }) => step !== null && 'cdc' in step.do && 'baud' in step.do.cdc);
  // this firmware waits for text and not for a baud rate
  expect(touched).toEqual([
    { name: 'virtual COM port opened at 1200 baud', kind: 'input', outcome: 'no-jump', step: { at: '100ms', do: { cdc: { baud: 1200 } } } },
  ]);
});
it('text is sent to a virtual COM port, of what those functions compare that leave word for the way into the ROM', () => {
  const result = run('h533-seed000-cdc', 'stm32h533re');
  expect(notes(result, 'trigger')[0]).toBe('triggered at 100 ms by bootbench: "DFU" to the virtual COM port');
  expect(result.scenario.steps).toEqual([{ at: '100ms', do: { cdc: { text: 'DFU' } } }]);
  expect([result.outcome, result.diagnosis.sets]).toEqual(['rom-silent', [['primask']]]);
});
it('without a port that the host has bound nothing is opened', () => {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL('../../fixtures/h533-seed000-as-posted/firmware.elf', import.meta.url))));
  const { tried } = tryTriggers(jobInput(plainJob('stm32h533re', [{ path: 'fw.elf', bytes }])));
  expect(tried.length).toBeGreaterThan(0);
  expect(tried.filter(({ step }) => step !== null && 'cdc' in step.do)).toEqual([]);
});

describe('how much is tried beside the run', () => {
  const elf = fileURLToPath(new URL('../../benchmarks/firmware/hal/f103-none.elf', import.meta.url));
  const spending = (effort: 'quick' | 'normal' | 'full'): RunResult =>
    firstRun({ ...plainJob('stm32f103c8', [{ path: 'fw.elf', bytes: new Uint8Array(readFileSync(elf)) }]), effort }, {});
  it.each([
    ['quick', 'PA0 = 1: no-jump so far (not followed for longer than 300 ms)'],
    ['normal', 'PA0 = 1: no-jump'],
    ['full', 'PA0 = 1: no-jump'],
  ] as const)('with effort %s is told where a trigger was not followed to its end', (effort, told) => {
    const result = spending(effort);
    expect(result.outcome).toBe('no-jump');
    expect(notes(result, 'find-jump')).toEqual([told]);
  });
});

it('an input that hangs the firmware is told, and what it does without it', () => {
  const [RCC_AHB1ENR, GPIOA] = [0x40023830, 0x40020000];
  const t = new Thumb(MAIN).constant(0, RCC_AHB1ENR).movs(1, 1).str(1, 0).constant(0, GPIOA).movs(2, 1);
  t.constant(3, 4).str(3, 0, 0xc /* pulled up */);
  t.label('loop').put(0x3501 /* adds r5, #1 */).ldr(1, 0, 0x10).tst(1, 2).bne('hang').b('loop').label('hang').put(0xde00 /* udf */);
  const result = firstRun(plainJob('stm32f405rg', bareImage(t)), {});
  expect([result.outcome, notes(result, 'trigger')[0]]).toEqual([
    'fault',
    'triggered at 100 ms by bootbench: PA0 = 1; without it: nothing enters the ROM until 5 s, and no hang is seen',
  ]);
});

describe('a line that is sent to a serial port', () => {
  const sends = (text: string): Trigger => ({
    name: `${JSON.stringify(text)} to USART1`,
    kind: 'input',
    outcome: 'rom-silent',
    step: { at: '100ms', do: { uart: { port: 'USART1', text } } },
  });
  const whole = sends('boot\r\n');
  const call: Trigger = { name: 'call', kind: 'jump', outcome: 'dfu', step: { at: '100ms', do: { call: 'enter_rom' } } };
  const entering = (entries: number): never => ({ entries: new Array(entries).fill(null) }) as never;
  it('ends with one key, where the firmware enters the ROM on that: the other would be left to the ROM', () =>
    expect(asTyped([call, whole], () => entering(1))).toEqual([call, sends('boot\r')]));
  it('ends with both where that is not enough', () => expect(asTyped([call, whole], () => entering(0))).toEqual([call, whole]));
});

it('an image whose symbols are labels without a size is not told to be one without names', () => {
  const [bare] = bareImage(new Thumb(MAIN).constant(6, 0x20000100).label('runs').adds(4, 1).str(4, 6).b('runs'));
  const told = (images: ReturnType<typeof bareImage>): string =>
    notes(runBench(jobInput({ ...plainJob('stm32f405rg', images), findJump: true })), 'not-triggered').join();
  expect(told(namedImage(bare!.bytes, [{ name: 'main', address: MAIN }]))).toMatch(/^no symbol of the image is a function with a size/);
  expect(told([bare!])).toMatch(/^the image has no function names/);
});
