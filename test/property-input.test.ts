/** What somebody writes wrongly in a property test is told as such, and never as a finding about the device. */
import { describe, expect, it } from 'vitest';
import { describeCommand, describeCommands, openDfu, patternBytes, type DfuCommand } from '../src/property.ts';

const ROM = { chip: 'stm32f072rb', images: [], scenario: { board: { boot0: 1 } } } as const;
const dfu = await openDfu(ROM);
const usage = (message: string): unknown =>
  expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(message) as string });
/** As JavaScript lets one write it. */
const check = (commands: unknown) => () => dfu.check(commands as DfuCommand[]);

describe('a property test of a DFU device that is written wrongly', () => {
  it.each([
    ['no commands', undefined, 'the commands are no array'],
    ['a word', 'download', 'the commands are no array'],
    ['nothing', [null], 'commands[0].do is undefined'],
    [
      'a word with a typing mistake',
      [{ do: 'settle' }, { do: 'downlaod', address: 0x08000000, length: 4, seed: 1 }],
      'commands[1].do is downlaod; did you mean download?',
    ],
    ['a missing address', [{ do: 'download', length: 4, seed: 1 }], 'commands[0].address is undefined; give a whole number from 0'],
    ['time that goes back', [{ do: 'wait', us: -1 }], 'commands[0].us is -1'],
    ['an error that no bus has', [{ do: 'busError', kind: 'crc', after: 0 }], 'give one of packet, handshake, token, timeout'],
    ['a byte of 9 bits', [{ do: 'request', request: 1, value: 0, data: [256], length: 1 }], 'commands[0].data'],
    ['holes', new Array(10), 'commands[0].do is undefined'],
    ['holes without an end', new Array(2 ** 32 - 1), '4294967295 commands are given'],
    [
      'data with holes',
      [{ do: 'request', request: 1, value: 0, data: new Array(4), length: 1 }],
      'commands[0].data is [null,null,null,null]',
    ],
    ['data of 268 million bytes', [{ do: 'request', request: 1, value: 0, data: new Array(2 ** 28), length: 1 }], 'at most 65535'],
    [
      'data that is no array',
      [{ do: 'request', request: 1, value: 0, data: new Uint8Array(1 << 26), length: 1 }],
      'data is "67108864 bytes"',
    ],
    ['a word that is an object', [{ do: Object.create(null) as object }], 'commands[0].do is {}'],
    ['a download of 268 million bytes', [{ do: 'download', address: 0, length: 2 ** 28, seed: 1 }], 'a whole number from 0 to 16777216'],
    ['31 years', [{ do: 'wait', us: 1e15 }], 'commands[0].us is 1000000000000000; give a whole number from 0 to 3600000000'],
    ['years without power', [{ do: 'powerCut', value: 0, data: [], afterUs: 1, ms: 1e15 }], 'commands[0].ms is 1000000000000000'],
    [
      'hours in pieces',
      [
        { do: 'nrst', ms: 3_000_000 },
        { do: 'suspend', ms: 3_000_000 },
      ],
      'take 6000 s of virtual time together',
    ],
    ['more commands than a case has', new Array(10_001).fill({ do: 'settle' }), '10001 commands are given; a case may have 10000'],
    ['a key too many', [{ do: 'settle', ms: 1 }], 'unknown key commands[0].ms'],
    [
      'a download to where no memory is',
      [{ do: 'download', address: 0x60000000, length: 4, seed: 1 }],
      'the device names no memory at 0x60000000',
    ],
  ])('%s', (_name, commands, message) => {
    expect(check(commands)).toThrow(usage(message));
    const told = () => dfu.scenario(commands as DfuCommand[]);
    expect(told).toThrow(usage(message));
  });
  it('is told the same where commands are only described', () => {
    const noList = (commands: unknown) => () => describeCommands(commands as DfuCommand[]);
    expect(noList(undefined)).toThrow(usage('the commands are no array'));
    expect(noList(new Array(3))).toThrow(usage('commands[0].do is undefined'));
    expect(noList([{ do: 'request', request: 1, value: 0, data: 'x', length: 1 }])).toThrow(usage('commands[0].data is "x"'));
    const one = (command: unknown) => () => describeCommand(command as DfuCommand);
    for (const command of [undefined, null, 'settle', { do: 'breakOff', block: 0 }]) expect(one(command)).toThrow(usage('commands[0]'));
    const bytes = (length: unknown, seed: unknown) => () => patternBytes(length as number, seed as number);
    expect(bytes(2 ** 28, 1)).toThrow(usage('length is 268435456; give a whole number from 0 to 16777216'));
    for (const length of [-1, NaN, '4', undefined]) expect(bytes(length, 1)).toThrow(usage('length is'));
    expect(bytes(4, Infinity)).toThrow(usage('seed is'));
  });
  it('asks for an hour at most, which ends; a request behind a long suspension waits for its end', () => {
    expect(check([{ do: 'suspend', ms: 3_600_000 }, { do: 'settle' }])).not.toThrow();
  });
  it('names the option of an arbitrary', () => {
    const commands = (options: object) => () => dfu.commands(options);
    expect(commands({ maxLenght: 4 })).toThrow('unknown option maxLenght; did you mean maxLength?');
    expect(commands({ maxLength: -1 })).toThrow('maxLength is -1');
    expect(commands({ maxData: 1.5 })).toThrow('maxData is 1.5');
    expect(commands({ disturbances: 'no' })).toThrow('disturbances');
  });
  it('takes a report of conform as its baseline, and no dialect beside it', async () => {
    const baseline = { schema: 'bootbench/conformance@1', requirements: [] };
    await expect(openDfu({ ...ROM, baseline: {} })).rejects.toThrow('baseline is no report of conform');
    await expect(openDfu({ ...ROM, baseline, dialect: 'strict' })).rejects.toThrow('both baseline and dialect are given');
    await expect(openDfu({ ...ROM, baseline: { ...baseline, requirements: [{ id: 'x', verdict: 'maybe' }] } })).rejects.toThrow(
      'baseline is no report of conform',
    );
  });
  it('takes read protection as true or false', async () => {
    await expect(openDfu({ ...ROM, readProtected: 'yes' as unknown as boolean })).rejects.toThrow('readProtected is');
  });
});

it('a list of dialects adds to what a baseline says', async () => {
  const baseline = { schema: 'bootbench/conformance@1', requirements: [] };
  const both = await openDfu({ ...ROM, baseline, dialect: ['err-address'] });
  expect(both.dialect).toEqual(['err-address']);
  expect(both.notJudged).toEqual([]);
  both.close();
});
it('a device that was closed says so', async () => {
  const closed = await openDfu(ROM);
  closed.close();
  closed.close();
  expect(() => closed.check([])).toThrow(usage('this device was closed; call openDfu again'));
  expect(() => closed.endsAt()).toThrow(usage('this device was closed'));
});
