/** What somebody writes wrongly in a property test is told as such, and never as a finding about the device. */
import { describe, expect, it } from 'vitest';
import { openDfu, type DfuCommand } from '../src/property.ts';

const ROM = { chip: 'stm32f072rb', images: [], scenario: { board: { boot0: 1 } } } as const;
const dfu = await openDfu(ROM);
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
    ['a key too many', [{ do: 'settle', ms: 1 }], 'unknown key commands[0].ms'],
    [
      'a download to where no memory is',
      [{ do: 'download', address: 0x60000000, length: 4, seed: 1 }],
      'the device names no memory at 0x60000000',
    ],
  ])('%s', (_name, commands, message) => {
    expect(check(commands)).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(message) }));
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
