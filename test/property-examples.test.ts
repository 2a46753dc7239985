/** `examples()`: cases that are the same each time, and how a case shrinks. */
import * as fc from 'fast-check';
import { expect, describe, it } from 'vitest';
import { DfuViolation, openDfu, type DfuCommand, type DfuUnderTest } from '../src/property.ts';
import { byTurns } from './turn.ts';

const ROM = { images: [], scenario: { board: { boot0: 1 as const } } };
const CHIPS = ['stm32f072rb', 'stm32l476rg', 'stm32h533re', 'stm32f405rg', 'stm32l072rz', 'stm32g0b1re', 'stm32h743zi'];

it.each(byTurns(CHIPS, 3))('%s: the examples hold for the ROM', async (chip) => {
  const dfu = await openDfu({ chip, ...ROM });
  const examples = dfu.examples();
  expect(examples.length).toBeGreaterThan(500);
  for (const [commands] of byTurns(examples, 8)) dfu.check(commands);
  dfu.close();
});
it('the examples of a device without disturbances have none', async () => {
  const dfu = await openDfu({ chip: 'stm32f072rb', ...ROM });
  const kinds = new Set(dfu.examples({ disturbances: false }).flatMap(([commands]) => commands.map((c) => c.do)));
  expect([...kinds].sort()).toEqual(['download', 'request', 'settle', 'standard', 'upload', 'wait']);
  dfu.close();
});

describe('a case that fails', () => {
  const download: DfuCommand = { do: 'download', address: 0x08006000, length: 300, seed: 7 };
  const LONG: DfuCommand[] = [
    { do: 'wait', us: 100 },
    { do: 'settle' },
    download,
    { do: 'upload', address: 0x08004000, length: 40 },
    { do: 'busReset' },
    { do: 'settle' },
  ];
  const shrunk = (dfu: DfuUnderTest, example: DfuCommand[]): DfuViolation => {
    const { errorInstance } = fc.check(
      fc.property(dfu.commands(), (commands) => dfu.check(commands)),
      { examples: [[example]], numRuns: 1 },
    );
    expect(errorInstance).toBeInstanceOf(DfuViolation);
    return errorInstance as DfuViolation;
  };
  it('is shrunk to the one command that is needed, an example as well, and shows what the device answered', async () => {
    // the model is told of a protection that the device does not have: the first upload or download breaks it
    const dfu = await openDfu({ chip: 'stm32f072rb', ...ROM, readProtected: true });
    const { commands, message } = shrunk(dfu, LONG);
    dfu.close();
    expect(commands).toEqual([{ ...download, length: 1, seed: 0 }]);
    expect(message.split('\n').map((line) => line.replace(/, \d+ ms/, ''))).toEqual([
      expect.stringMatching(/^download 1 bytes /) as string,
      '1. download 1 bytes to 0x08006000 (pattern 0) → ',
      '     DNLOAD block 0: Erase 0x08006000 → ok',
      '     GETSTATUS → dfuDNBUSY',
      '     GETSTATUS → dfuDNLOAD-IDLE',
    ]);
  });
  it('keeps the numbers that it needs', async () => {
    const dfu = await openDfu({ chip: 'stm32f072rb', ...ROM });
    const found = fc.check(
      fc.property(dfu.commands(), (commands) => !commands.some((c) => c.do === 'download' && c.length >= 137 && c.seed > 3)),
      { examples: [[[...LONG, { do: 'download', address: 0x08004000, length: 1000, seed: 200 }]]], numRuns: 1 },
    );
    dfu.close();
    expect(found.counterexample?.[0]?.map((c) => ({ ...c, address: 0 }))).toEqual([{ do: 'download', address: 0, length: 137, seed: 4 }]);
  });
});
