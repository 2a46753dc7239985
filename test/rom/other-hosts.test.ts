/** Hosts on I2C, SPI and CAN: each ROM notices them on its pins and says what it is (AN4221, AN4286, AN3154); who calls it by chance has it. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { Step, StepAction } from '../../src/bench/documents/scenario-types.ts';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import { servedCan } from '../../src/rom/interface-macros.ts';
import { i2cAddress, romProfileOf, type RomProfile } from '../../src/rom/profiles.ts';
import { plainJob } from '../bench/plain-job.ts';
import { isTurn } from '../turn.ts';

/** Without firmware and cable, from BOOT0 on. */
function asked(chip: string, actions: readonly StepAction[], board: object = {}): RunResult {
  const steps = actions.map((action, i): Step => (i === 0 ? { at: '1100ms', do: action } : { after: '2ms', do: action }));
  return runBench(jobInput(plainJob(chip, [], { board: { boot0: 1, ...board }, host: { cable: 'out' }, steps })));
}
const consoleOf = (chip: string, port: string, actions: readonly StepAction[], board?: object): string[] =>
  (asked(chip, actions, board).console[port.toLowerCase()] ?? '').trim().split('\n');
const bytes = (line: string): number[] => (line.split('-> ')[1] ?? '').split(' ').map((b) => parseInt(b, 16));
const deviceId = (chip: string): number =>
  (findChip(chip)!.blocks.find((b) => b.name === 'DBGMCU')!.options as { readonly devId: number }).devId & 0xfff;
const portsOf = (profile: RomProfile, kind: RegExp): readonly string[] =>
  profile.interfaces.value.map((i) => i.name).filter((name) => kind.test(name));

/** A part of each ROM that has the port. */
const roms = (kind: RegExp): readonly (readonly [chip: string, port: string])[] => {
  const seen = new Set<string>();
  return CHIPS.flatMap((chip): (readonly [string, string])[] => {
    const profile = romProfileOf(chip);
    const port = profile && portsOf(profile, kind)[0];
    if (!port || seen.has(profile.image)) return [];
    seen.add(profile.image);
    return [[chip.name.toLowerCase(), port]];
  }).filter((_, i) => isTurn(i, 8));
};

it.each(roms(/^I2C/))('%s answers Get and Get ID on %s, at its own address alone', (chip, port) => {
  const address = i2cAddress(romProfileOf(findChip(chip)!)!);
  const send = (hex: string): StepAction => ({ i2c: { port, address, hex } });
  const read = (count: number): StepAction => ({ i2c: { port, address, read: count } });
  const lines = consoleOf(chip, port, [
    { i2c: { port, address: address ^ 1, hex: '00ff' } },
    ...[send('00ff'), read(1), read(13), read(1), send('02fd'), read(1), read(3), read(1)],
  ]);
  expect(lines[0]).toContain('not acknowledged');
  expect(lines.slice(2, 5).map(bytes)).toEqual([[0x79], [11, 0x11, 0, 1, 2, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73, 0x82, 0x92], [0x79]]);
  expect(bytes(lines[7]!)).toEqual([1, deviceId(chip) >> 8, deviceId(chip) & 0xff]);
});

it.each(roms(/^SPI/))('%s answers 0x5A and Get ID on %s', (chip, port) => {
  const spi = (hex: string): StepAction => ({ spi: { port, hex } });
  const lines = consoleOf(chip, port, [spi('5a'), spi('00 00 79'), spi('5a 02 fd'), spi('00 00 79'), spi('00 00 00 00'), spi('00 00 79')]);
  expect(bytes(lines[1]!)).toEqual([0xa5, 0x79, 0x79]);
  expect(bytes(lines[3]!).slice(1)).toEqual([0x79, 0x79]);
  expect(bytes(lines[4]!)).toEqual([0, 1, deviceId(chip) >> 8, deviceId(chip) & 0xff]);
});

it.each(roms(/^CAN/).filter(([chip]) => servedCan(romProfileOf(findChip(chip)!)!) !== undefined))(
  '%s answers the synchronisation and Get ID on %s',
  (chip, port) => {
    const can = (id: number): StepAction => ({ can: { port, id } });
    const board = { hse: { hz: 8_000_000, kind: 'crystal' } };
    const lines = consoleOf(chip, port, [can(0x79), can(2), can(0x31)], board);
    const id = `${(deviceId(chip) >> 8).toString(16).padStart(2, '0')} ${(deviceId(chip) & 0xff).toString(16)}`.toUpperCase();
    expect(lines).toEqual(['0x79', '0x79 -> 79', '0x2', '0x2 -> 79', `0x2 -> ${id}`, '0x2 -> 79', '0x31', '0x31 -> 1F']);
  },
);

it.each(roms(/^FDCAN/))('%s answers Get and Get ID on %s, at 250 kbit/s alone', (chip, port) => {
  const can = (id: number, bitrate?: number): StepAction => ({ can: { port, id, ...(bitrate === undefined ? {} : { bitrate }) } });
  const lines = consoleOf(chip, port, [can(0x79), can(0), can(2), can(0x31), can(0, 500_000)]);
  const id =
    `${(deviceId(chip) >> 8).toString(16).padStart(2, '0')} ${(deviceId(chip) & 0xff).toString(16).padStart(2, '0')}`.toUpperCase();
  const get = ['79', '03', '10', '00', '01', '02', '79'].map((byte) => `0x0 -> ${byte}`);
  expect(lines).toEqual([
    ...['0x79', '0x79 -> 79', '0x0', ...get, '0x2', '0x2 -> 79', `0x2 -> ${id}`, '0x2 -> 79', '0x31', '0x31 -> 1F'],
    '0x0: not acknowledged',
  ]);
});

describe('what selects the ROM', () => {
  const outcome = (chip: string, action: StepAction, board: object = {}): string => {
    const job = plainJob(chip, [], { board: { boot0: 1, ...board }, steps: [{ at: '1ms', do: action }] });
    return runBench(jobInput(job)).outcome;
  };
  it.each([
    ['another address on I2C', { i2c: { port: 'I2C1', address: 0x50, hex: '00' } }, 'dfu'],
    ['the address of the ROM on I2C', { i2c: { port: 'I2C1', address: 0x3a } }, 'rom-silent'],
    ['any other byte on SPI', { spi: { port: 'SPI1', hex: '00 ff 79 a5' } }, 'dfu'],
    ['0x5A on SPI', { spi: { port: 'SPI1', hex: '5a' } }, 'rom-silent'],
    ['a frame on CAN, whatever its bit rate', { can: { port: 'CAN2', id: 0x123, bitrate: 500_000 } }, 'rom-silent'],
    ['a frame on a CAN that the ROM does not watch', { can: { port: 'CAN1', id: 0x123 } }, 'dfu'],
  ] as const)('%s: %j -> %s', (_what, action, expected) => expect(outcome('stm32f405rg', action)).toBe(expected));
  it('a frame on CAN resets a board without a crystal (AN2606, selection figures of F4)', () => {
    const result = asked('stm32f405rg', [{ can: { port: 'CAN2', id: 1 } }], { hse: null });
    expect(result.resets.map((r) => r.by)).toContain('software');
  });
  it('a frame on FDCAN is followed', () => expect(outcome('stm32g0b1re', { can: { port: 'FDCAN1', id: 1 } })).toBe('rom-silent'));
});
