import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationPs, formatDuration, parseDuration } from '../../src/bench/documents/duration.ts';
import { checkScenario, expandScenario, parseScenario, wordValue } from '../../src/bench/input/scenario.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { UsageError } from '../../src/bench/documents/usage-error.ts';
import { loadImage } from '../../src/image/image.ts';
import { data } from '../image/helpers.ts';
import { H533 } from '../samples/results.ts';

const elf = loadImage(data('dwarf5-O0.elf'), 'fw.elf');
const plan = (scenario: Scenario) => expandScenario(scenario, H533, { images: ['fw.elf'] }, [elf]);

describe('times with units', () => {
  test.each([
    ['100ms', 100_000_000_000],
    ['2s', 2_000_000_000_000],
    ['2min', 120_000_000_000_000],
    ['1.5m', 90_000_000_000_000],
    ['10us', 10_000_000],
    ['10µs', 10_000_000],
    ['1.5 ms', 1_500_000_000],
    ['0.000000000001s', 1],
    ['0.1us', 100_000],
    ['7ps', 7],
    ['0s', 0],
  ])('%s is %i ps, exactly', (text, ps) => {
    expect(durationPs(text)).toBe(ps);
  });

  test.each(['5', 's', '-1s', '1.s', '.5s', '1e3ms', '1 h', '0.1ps', '99999999s', '', '1s2s'])('%j is no time', (text) => {
    expect(durationPs(text)).toBeNull();
    expect(() => parseDuration(text, '--until')).toThrow(UsageError);
  });

  test('every number of picoseconds survives being written and read', () => {
    fc.assert(fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (ps) => durationPs(formatDuration(ps)) === ps));
  });
});

describe('a wrong key is named', () => {
  test.each<[string, object, string]>([
    ['unknown at the top', { sede: 1 }, 's.json: unknown key sede; did you mean seed?'],
    ['unknown below', { board: { vddd: 3 } }, 's.json: unknown key board.vddd; did you mean vdd or vdda?'],
    ['unknown in a step', { steps: [{ at: '1s', do: { caall: 'main' } }] }, 's.json: unknown key steps[0].do.caall; did you mean call?'],
    ['far from any', { zzzzzzzz: 1 }, 'unknown key zzzzzzzz; known here: schema, chip, images'],
    ['wrong word', { host: { kind: 'linx' } }, 'host.kind is "linx"; it must be one of "linux", "windows", "macos"'],
    ['wrong type', { seed: 'one' }, 'seed is "one"; it must be of type integer'],
    ['wrong time', { until: '5 minutes' }, 'until is "5 minutes"; it must be a number with a unit: 100ms, 2s, 5min, 10us'],
    ['wrong version', { schema: 'bootbench/scenario@2' }, 'schema is "bootbench/scenario@2"; it must be "bootbench/scenario@1"'],
    ['two actions', { steps: [{ at: '1s', do: { cable: 'in', call: 'main' } }] }, 'steps[0].do must hold exactly one key'],
    ['no action', { steps: [{ at: '1s' }] }, 'steps[0] has no key do, which is required'],
    ['no time', { steps: [{ do: { cable: 'in' } }] }, 'steps[0] has no time; give exactly one of at, after and atSymbol'],
    ['two times', { steps: [{ at: '1s', after: '1s', do: { cable: 'in' } }] }, 'steps[0] has both at and after'],
    [
      'a time before that of the step before',
      {
        steps: [
          { at: '0.2s', do: { cable: 'in' } },
          { at: '100ms', do: { cable: 'out' } },
        ],
      },
      'steps[1].at is 100ms, but the step before it happens at 200ms or later',
    ],
    [
      'a time that is over when those before have passed',
      {
        steps: [
          { at: '1s', do: { cable: 'in' } },
          { after: '1s', do: { cable: 'out' } },
          { at: '1.5s', do: { cable: 'in' } },
        ],
      },
      'steps[2].at is 1.5s, but the step before it happens at 2s or later',
    ],
    ['a bad outcome', { expect: { outcome: 'dfuu' } }, 'expect.outcome'],
    ['a bad verdict', { expect: { checks: { primask: 'fail|bad' } } }, 'expect.checks.primask is "fail|bad"'],
    ['an odd register path', { force: { 'ETH.DMAMR': 0 } }, 'force has the key "ETH.DMAMR"'],
    ['not an object', [], 'the scenario is []; it must be of type object'],
  ])('%s', async (_what, document, message) => {
    await expect(checkScenario(document, 's.json')).rejects.toThrow(message);
    await expect(checkScenario(document, 's.json')).rejects.toBeInstanceOf(UsageError);
  });

  test('steps at one time, and a time behind one that nobody knows, are in order', async () => {
    const when = [{ at: '1s' }, { at: '1s' }, { atSymbol: 'main' }, { after: '0.5s' }, { at: '1.5s' }];
    const steps = when.map((w) => ({ ...w, do: { cable: 'in' } }));
    await expect(checkScenario({ schema: 'bootbench/scenario@1', chip: 'stm32h533re', steps }, 's.json')).resolves.toBeDefined();
  });

  test('text that is no JSON', async () => {
    const utf16 = Buffer.from('\ufeff{"seed": 1}', 'utf16le').toString('utf8');
    await expect(parseScenario(utf16, 's.json')).rejects.toThrow('s.json: not UTF-8; it looks like UTF-16; save it as UTF-8');
    await expect(parseScenario('{"seed": }', 's.json')).rejects.toThrow(/^s\.json: not valid JSON/);
    await expect(parseScenario('{\n  "seed": 1,,\n}', 's.json')).rejects.toThrow(/not valid JSON: .*line 2,? column 13/);
    // a file may be a link to another one: nothing of it is told but where it is wrong
    const secret = `{"token": "a-secret-of-somebody", "seed": wrong-and-secret-as-well, "until": "1s"}`;
    const long = `\n\n{"seed": 1, "until": "1s", "chip": wrong-and-secret-as-well`;
    const short = 'secret words';
    for (const [text, told] of [
      [secret, 'an unexpected character (line 1, column 43)'],
      [long, 'an unexpected character (line 3, column 36)'],
      [`[,${' '.repeat(50)}`, 'an unexpected character (line 1, column 2)'],
      [short, 'an unexpected character'],
    ] as const)
      await expect(parseScenario(text, 's.json')).rejects.toThrow(new UsageError(`s.json: not valid JSON: ${told}`));
    await expect(parseScenario('\ufeff{"seed": 1,,}', 's.json')).rejects.toThrow(/not valid JSON: .*line 1,? column 12/);
  });

  test('any JSON document is accepted or refused with a UsageError', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.dictionary(fc.constantFrom('board', 'steps', 'expect', 'host', 'seed'), fc.jsonValue()).map((d) => JSON.stringify(d)),
        ),
        async (text) => {
          await parseScenario(text, 's.json').then(
            (scenario) => expandScenario(scenario, H533, { images: [] }, [elf]),
            (error) => expect(error).toBeInstanceOf(UsageError),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('defaults are filled in', () => {
  test('the board of the chip: supplies, crystals, BOOT0, cable, host', () => {
    const { document, parameters } = plan({});
    expect(document).toMatchObject({
      schema: 'bootbench/scenario@1',
      chip: 'STM32H533RE',
      images: ['fw.elf'],
      board: {
        name: 'default',
        vdd: 3.3,
        vdda: 3.3,
        vddusb: 3.3,
        temperature: 25,
        boot0: 0,
        hse: { hz: 24_000_000, kind: 'crystal' },
        lse: { hz: 32_768, ready: '600ms' },
        vbus: true,
        debugger: false,
      },
      host: { kind: 'linux', driver: 'dfu', cable: 'in' },
      until: null,
      steps: [],
      expect: null,
    });
    expect(parameters).toEqual({});
  });

  test('what the board changes reaches the machine as parameters', () => {
    const board = {
      vddusb: 0,
      boot0: 1,
      hse: null,
      lse: { hz: 32_768, ready: '2s' },
      ppm: { hsi: 5000 },
      optionBytes: { IWDG_SW: 0 },
    } as const;
    expect(plan({ board }).parameters).toEqual({
      'vddusb.volts': 0,
      'boot0.level': 1,
      'hse.hz': null,
      'lse.start.ps': 2_000_000_000_000,
      'hsi.ppm': 5000,
      'option.IWDG_SW': 0,
    });
  });

  test('the expanded scenario is a valid scenario that expands to itself', async () => {
    const first = plan({
      until: '2s',
      steps: [{ at: '1ms', do: { call: 'main' } }],
      board: { vddusb: 3 },
      expect: { outcome: 'dfu' },
    }).document;
    const again = await checkScenario(JSON.parse(JSON.stringify(first)), 'again');
    expect(plan(again).document).toEqual(first);
  });
});

describe('steps', () => {
  test('are planned with picoseconds, addresses and bytes', () => {
    const { steps } = plan({
      steps: [
        { at: '100ms', do: { call: { symbol: 'main', args: [1, '0x10', -1] } } },
        { after: '2us', do: { poke: { symbol: 'table', value: 5 } } },
        { after: '0s', do: { poke: { address: '0x20000004', value: '0xff', size: 1 } } },
        { atSymbol: 'Reset_Handler', do: { uart: { port: 'usart2', text: 'hé' } } },
        { at: '1s', do: { cdc: { hex: '00 ff' } } },
        { at: '1s', do: { dfu: { erase: 'mass' } } },
        { at: '1s', do: { optionBytes: { SWAP_BANK: 1 } } },
      ],
    });
    const main = elf.symbols.named('main')[0]!.address;
    expect(steps).toEqual([
      { when: { kind: 'at', ps: 100_000_000_000 }, action: { kind: 'call', symbol: 'main', address: main, args: [1, 16, 0xffffffff] } },
      { when: { kind: 'after', ps: 2_000_000 }, action: { kind: 'poke', symbol: 'table', address: 0x20000000, value: 5, size: 4 } },
      { when: { kind: 'after', ps: 0 }, action: { kind: 'poke', symbol: null, address: 0x20000004, value: 255, size: 1 } },
      {
        when: { kind: 'atSymbol', symbol: 'Reset_Handler', address: elf.symbols.named('Reset_Handler')[0]!.address },
        action: { kind: 'uart', port: 'USART2', bytes: new Uint8Array([0x68, 0xc3, 0xa9]) },
      },
      { when: { kind: 'at', ps: 1_000_000_000_000 }, action: { kind: 'cdc', bytes: new Uint8Array([0, 255]) } },
      { when: { kind: 'at', ps: 1_000_000_000_000 }, action: { kind: 'dfu-erase', address: 'mass' } },
      { when: { kind: 'at', ps: 1_000_000_000_000 }, action: { kind: 'optionBytes', values: { SWAP_BANK: 1 } } },
    ]);
  });

  test.each<[Scenario['steps'], string]>([
    [[{ at: '1s', do: { call: 'mian' } }], 'steps[0].do.call: the images have no symbol mian; did you mean main?'],
    [
      [{ atSymbol: 'nothing_like_it', do: { cable: 'in' } }],
      'steps[0].atSymbol: the images have no symbol nothing_like_it; was it inlined',
    ],
    [[{ at: '1s', do: { call: 'wait' } }], '2 symbols are called wait'],
    [[{ at: '1s', do: { poke: { address: '0x60000000', value: 0 } } }], 'there is no memory or peripheral at 0x60000000 on STM32H533RE'],
    [[{ at: '1s', do: { poke: { value: 0 } } }], 'needs either symbol or address'],
    [[{ at: '1s', do: { uart: { port: 'USART9', text: '' } } }], 'STM32H533RE has no USART9'],
    [[{ at: '1s', do: { optionBytes: { TZEN: 0xb4 } } }], 'is modelled with TrustZone off; it is 0xc3 here'],
    [[{ at: '1s', do: { optionBytes: { SWAPBANK: 1 } } }], 'has no such option byte; did you mean SWAP_BANK?'],
    [[{ at: '1s', do: { optionBytes: { SWAP_BANK: 2 } } }], 'SWAP_BANK: 2 does not fit into its one bit'],
  ])('%j is refused', (steps, message) => {
    expect(() => plan({ steps: steps! })).toThrow(message);
  });
});

test.each([
  ['0xffffffff', 0xffffffff],
  [-1, 0xffffffff],
  ['12', 12],
  [0, 0],
])('the word %s is %i', (text, value) => {
  expect(wordValue(text, 'x')).toBe(value);
});

test.each(['0x100000000', 'ten', 1.5, NaN, -(2 ** 31) - 1, ''])('%s is no 32-bit word', (text) => {
  expect(() => wordValue(text, 'x')).toThrow(UsageError);
});

test.each<[string, Scenario, string]>([
  ['an oscillator', { board: { ppm: { hsj: 5 } } }, 'board.ppm: STM32H533RE has no oscillator hsj'],
  ['a console', { expect: { console: { usart9: 'x' } } }, 'expect.console: STM32H533RE has no channel usart9; it has semihosting, itm'],
])('%s that the part does not have is refused', (_what, scenario, message) => {
  expect(() => plan(scenario)).toThrow(message);
});

describe('voltages at the ADC', () => {
  test('volts and codes become millivolts, at power-on and by a step', () => {
    const { adc, steps, document } = plan({
      board: { vdda: 3, adc: { 'ADC1.5': 1.25, 'ADC2.0': { raw: 4095 } } },
      steps: [{ at: '1ms', do: { adc: { 'ADC1.5': { raw: 0 } } } }],
    });
    expect(adc).toEqual({ 'ADC1.5': 1250, 'ADC2.0': 3000 });
    expect(steps[0]?.action).toEqual({ kind: 'adc', inputs: { 'ADC1.5': 0 } });
    expect(document.board.adc).toEqual({ 'ADC1.5': 1.25, 'ADC2.0': { raw: 4095 } });
  });
  test('a document without them has no such key', () => {
    expect('adc' in plan({}).document.board).toBe(false);
  });
  test.each<[string, Scenario, string]>([
    ['a converter that is not there', { board: { adc: { 'ADC9.1': 1 } } }, 'board.adc: STM32H533RE has no ADC9'],
    ['a channel that is not there', { board: { adc: { 'ADC1.40': 1 } } }, 'board.adc: ADC1 has no channel 40'],
    ['in a step', { steps: [{ at: '1s', do: { adc: { 'ADC3.1': 1 } } }] }, 'steps[0].do.adc: STM32H533RE has no ADC3'],
  ])('%s is an error', (_what, scenario, message) => {
    expect(() => plan(scenario)).toThrow(message);
  });
  test.each([
    ['a name without a channel', { board: { adc: { ADC1: 1 } } }],
    ['a negative voltage', { board: { adc: { 'ADC1.1': -1 } } }],
    ['a code of more than twelve bits', { board: { adc: { 'ADC1.1': { raw: 4096 } } } }],
  ])('%s is refused by the schema', async (_what, document) => {
    await expect(checkScenario(document, 's.json')).rejects.toBeInstanceOf(UsageError);
  });
});
