/** A scenario that nobody means is refused before anything looks through it: that would hear neither `--wall` nor signals. */
import { describe, expect, it } from 'vitest';
import { checkScenario, parseScenario } from '../../src/bench/input/scenario.ts';
import { parseSpec } from '../../src/campaign/spec.ts';
import { cli, FIRMWARE, folder } from '../cli/helpers.ts';

const HINT = 'is it the right file?';
const hex = (bytes: number): object => ({ steps: [{ at: '1ms', do: { uart: { port: 'USART1', hex: '00'.repeat(bytes) } } }] });
const spi = (bytes: number): object => ({ steps: [{ at: '1ms', do: { spi: { port: 'SPI1', hex: '00'.repeat(bytes) } } }] });
const keys = (count: number, value: unknown): object => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));
const pins = (count: number): object => ({
  steps: Array.from({ length: count }, () => ({ after: '1us', do: { pin: { name: 'PA0', level: 1 } } })),
});

describe('refused is', () => {
  it.each([
    // millions of digits in one text take more stack than a regular expression has
    ['a text', hex(131_073), `steps[0].do.uart.hex has 262146 letters; 262144 is the most`],
    ['what an SPI master sends', spi(1_000_000), `steps[0].do.spi.hex has 2000000 letters; 262144 is the most`],
    ['a name', { chip: 'x'.repeat(262_145) }, `chip has 262145 letters; 262144 is the most`],
    ['a key', { romOptions: { ['x'.repeat(262_145)]: 'y' } }, `a key of romOptions has 262145 letters; 262144 is the most`],
    ['a list', pins(4097), `steps has 4097 entries; 4096 is the most`],
    ['an object', { force: keys(4097, 1) }, `force has 4097 entries; 4096 is the most`],
    ['all texts', { steps: Array(5).fill(hex(130_000)).flatMap((s) => (s as { steps: object[] }).steps) }, `it has 1300125 letters in all its texts; 1048576 is the most`],
    ['verdicts of a check', { expect: { checks: { primask: 'pass|'.repeat(64) + 'pass' } } }, `expect.checks.primask has 65 alternatives; 64 is the most`],
    ['words behind a leave', { expect: { after: { list: 'ok|'.repeat(64) + 'ok' } } }, `expect.after.list has 65 alternatives; 64 is the most`],
    ['outcomes', { expect: { outcome: Array(65).fill('dfu') } }, `expect.outcome has 65 alternatives; 64 is the most`],
    ['causes', { expect: { causes: Array(65).fill('primask') } }, `expect.causes has 65 alternatives; 64 is the most`],
    ['causes that are none', { expect: { notCauses: Array(65).fill('primask') } }, `expect.notCauses has 65 alternatives; 64 is the most`],
    ['texts of ports', { expect: { console: { semihosting: Array(128).fill('a'), itm: 'b' } } }, `expect.console has 129 texts; 128 is the most`],
  ])('%s that is too large', async (_what, scenario, why) => {
    const refused = { code: 'usage', message: `s.json: ${why}; ${HINT}` };
    await expect(checkScenario(scenario, 's.json')).rejects.toMatchObject(refused);
    await expect(parseScenario(JSON.stringify(scenario), 's.json')).rejects.toMatchObject(refused);
  }); // prettier-ignore

  it('a list of a campaign', async () => {
    const spec = { schema: 'bootbench/campaign@1', targets: [{ chips: Array(65_537).fill('x') }] };
    await expect(parseSpec(JSON.stringify(spec), 'c.json')).rejects.toThrow(`c.json: targets[0].chips has 65537 entries; 65536 is the most; ${HINT}`);
    const long = { schema: 'bootbench/campaign@1', targets: [{ scenarios: ['x'.repeat(262_145)] }] };
    await expect(parseSpec(JSON.stringify(long), 'c.json')).rejects.toThrow(`c.json: targets[0].scenarios[0] has 262145 letters; 262144 is the most; ${HINT}`);
  }); // prettier-ignore

  it('an object of a caller that holds itself', async () => {
    const round: Record<string, unknown> = { seed: 1 };
    round['board'] = round;
    await expect(checkScenario(round, 's.json')).rejects.toThrow(`s.json: it holds more than 262144 values; ${HINT}`);
  });
});

it.each([
  ['a text', hex(131_072)],
  ['what an SPI master sends', spi(131_072)],
  ['a list', pins(4096)],
  ['all alternatives', { expect: { checks: { primask: Array(64).fill('pass').join('|') }, outcome: Array(64).fill('dfu'), console: { itm: Array(128).fill('a') } } }],
])('%s that is as large as may be is read', async (_what, scenario) => {
  expect(await parseScenario(JSON.stringify(scenario), 's.json')).toEqual(scenario);
}); // prettier-ignore

describe('a name of a scenario that is', () => {
  const long = 'x'.repeat(200_000);
  const base = { schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: ['fw.bin@0x08000000'] };
  it.each([
    ['a chip', { ...base, chip: long }],
    ['an image', { ...base, images: [long] }],
    ['an image at an address', { ...base, images: [`fw.bin@${long}`] }],
    ['a key', { ...base, [long]: 1 }],
    ['an option', { ...base, romOptions: { [long]: 'x' } }],
    ['a channel', { ...base, expect: { console: { [long]: 'x' } } }],
    ['a symbol', { ...base, steps: [{ at: '1ms', do: { call: long } }] }],
    ['a cause', { ...base, expect: { causes: [long] } }],
  ])('long is told in part: %s', async (_what, scenario) => {
    const ran = await cli(['run', '--scenario', 's.json'], { cwd: folder({ 's.json': JSON.stringify(scenario), 'fw.bin': FIRMWARE }) });
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/^bootbench: [^\n]+\n$/);
    expect(ran.err.length).toBeLessThan(4200);
  });
  it('no name of a file is told as one', async () => {
    const scenario = { ...base, images: ['a\0b.elf'] };
    const ran = await cli(['run', '--scenario', 's.json'], { cwd: folder({ 's.json': JSON.stringify(scenario) }) });
    expect([ran.code, ran.err]).toEqual([
      2,
      expect.stringMatching(/^bootbench: cannot read \S*a\\x00b\.elf: no file can have such a name\n$/),
    ]);
  });
});
