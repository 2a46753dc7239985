/** What `rom learn` finds in a dump, and what it takes for none. Dumps are stand-ins with options changed; learn-stand-ins.test.ts goes through all of them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import type { Learned } from '../../src/bench/learn/learn.ts';
import { findChip } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { romHash } from '../../src/rom/identity.ts';
import { isStandIn } from '../../src/rom/load.ts';
import type { RomOptionId } from '../../src/rom/options.ts';
import { whyNoDump } from '../../src/rom/why-no-dump.ts';
import { dumpOf, learned, profileOf, type Choice } from './learned.ts';

describe('STM32L476', () => {
  const chip = findChip('stm32l476rg')!;
  const result = learned(chip, dumpOf(chip, { systick: 'off', vtor: 'keeps', 'leave-vtor': 'sets' }));
  const of = (id: RomOptionId) => result.options.find((o) => o.option === id)!;

  it('decides all options but none without a reason', () => {
    const open = result.options.filter((o) => o.value === null);
    expect(open).toEqual([]);
    expect(result).toMatchObject({ chip: 'STM32L476RG', control: true });
  });
  it('names the instruction of the ROM that decides, and what was seen', () => {
    expect(of('systick')).toMatchObject({ value: 'off', standIn: 'uses', served: true });
    const { base, size } = profileOf(chip).systemMemory.value;
    for (const id of ['systick', 'usb-supply', 'sysclk', 'flash-latency'] as const) {
      expect(of(id).pc).toBeGreaterThanOrEqual(base);
      expect(of(id).pc).toBeLessThan(base + size);
    }
    expect(of('usb-supply').says).toContain('PWR.CR2.USV = 0 at the entry, 1 in the idle ROM');
  });
  it('has no instruction for what the ROM leaves alone', () => {
    expect(of('primask')).toMatchObject({ value: 'keeps', pc: null, served: false });
    expect(of('vtor')).toMatchObject({ value: 'keeps', pc: null });
  });
  it('is the same each time', () =>
    expect(learned(chip, dumpOf(chip, { systick: 'off', vtor: 'keeps', 'leave-vtor': 'sets' }))).toEqual(result));
});

test('what VTOR hides is undecided', () => {
  const chip = findChip('stm32g474re')!;
  const { options } = learned(chip, dumpOf(chip, {}));
  expect(options.find((o) => o.option === 'remap')).toMatchObject({
    value: null,
    says: expect.stringContaining('the ROM sets VTOR') as string,
  });
});

test('nothing is decided of a ROM that does not answer', () => {
  const chip = findChip('stm32l476rg')!;
  const dump = dumpOf(chip, {});
  // its first instruction is a loop
  const entry = (new DataView(dump.buffer, dump.byteOffset).getUint32(4, true) & ~1) - profileOf(chip).systemMemory.value.base;
  dump.set([0xfe, 0xe7], entry);
  const result = learned(chip, dump);
  expect(result.control).toBe(false);
  expect(new Set(result.options.map((o) => o.value))).toEqual(new Set([null]));
});

describe('what no option names', () => {
  const resultOf = (name: string, chosen: Choice = {}): Learned => learned(findChip(name)!, dumpOf(findChip(name)!, chosen));
  it('F103 does not answer where SysTick has left a rest in its counter, F051 does', () => {
    const rest = ({ oddStates }: Learned): unknown => oddStates.find((o) => o.state.startsWith('SysTick stopped'))!.served;
    expect([rest(resultOf('stm32f103c8')), rest(resultOf('stm32f051r8'))]).toEqual([false, true]);
  });
  it('a register that an idle ROM has written otherwise is named with the instruction', () => {
    const { registers } = resultOf('stm32f072rb', { sysclk: 'keeps' });
    const other = registers.filter((r) => r.value !== r.standIn);
    expect(other.map((r) => r.register)).toContain('RCC.CFGR');
    expect(registers.find((r) => r.register === 'RCC.APB1ENR')!.pc).toBeGreaterThan(0x1fff0000);
  });
  it('nothing is written otherwise by the same code', () => {
    const { registers } = resultOf('stm32f072rb');
    expect(registers.length).toBeGreaterThan(10);
    expect(registers.filter((r) => r.value !== r.standIn)).toEqual([]);
  });
});

const ROMS = process.env['BOOTBENCH_ROMS'] ?? '';
const F103 = join(ROMS, 'f103c8.bin');
const missing = ROMS === '' ? 'BOOTBENCH_ROMS=<folder> is not given' : existsSync(F103) ? '' : `there is no ${F103}`;
// V2.2, read in its code: the instruction is the source
describe.skipIf(missing !== '')(`ST's own ROM of STM32F103C8${missing === '' ? '' : ` (${missing})`}`, () => {
  let result: Learned | null = null;
  const found = (id: RomOptionId) => {
    result ??= learned(findChip('stm32f103c8')!, new Uint8Array(readFileSync(F103)));
    return result.options.find((o) => o.option === id);
  };
  it.each([
    ['primask', 'sets it itself', 0x1ffff7a4],
    ['vtor', 'another value: 0x0', 0x1ffff396],
    ['sysclk', 'sets', 0x1ffff388],
    ['prescalers', 'sets', 0x1ffff388],
    ['flash-latency', 'keeps', null],
    ['systick', 'off', 0x1ffff3a4],
    ['unexpected-exception', 'resets', null],
    ['iwdg', 'written once, not refreshed', 0x1ffff368],
    ['reset-flags', 'ignores', null],
    ['nvic-enabled', 'keeps', null],
    ['mpu', null, null],
  ] as const)('%s: %s', (id, value, pc) => expect(found(id)).toMatchObject({ value, pc }));
});

describe('bytes that are no dump', () => {
  const chip = findChip('stm32l476rg')!;
  const why = (bytes: Uint8Array): string | null => whyNoDump(chip, profileOf(chip), bytes)?.what ?? null;
  const whole = dumpOf(chip, {});
  const erasedTable = whole.slice();
  erasedTable.fill(0xff, 0, 8);
  it.each([
    ['a dump', whole, null],
    ['another chip', dumpOf(findChip('stm32f072rb')!, {}), /^the dump is not of STM32L476RG: it begins with SP 0x/],
    ['a protected chip', new Uint8Array(0x7000).fill(0xff), /^the dump is 0xFF throughout/],
    ['nothing', new Uint8Array(0x7000), /^the dump is 0 throughout/],
    ['an erased vector table', erasedTable, /^the vector table of the dump is erased/],
    ['too few bytes', whole.subarray(0, 100), /^a dump of 100 bytes is too short/],
    ['no bytes', new Uint8Array(0), /^a dump of 0 bytes is too short/],
    ['too many bytes', new Uint8Array(0x20000).fill(1), /^a dump of 131072 bytes is too long/],
  ])('%s', (_, bytes, expected) => (expected === null ? expect(why(bytes)).toBeNull() : expect(why(bytes)).toMatch(expected)));
});

describe('the hash of a ROM', () => {
  const chip = findChip('stm32l476rg')!;
  it('does not depend on how far behind its end somebody has read', () => {
    const dump = dumpOf(chip, {});
    const end = dump.findLastIndex((b) => b !== 0xff) + 1;
    const hash = (bytes: Uint8Array): string => romHash(chip, profileOf(chip), bytes);
    expect(hash(dump.subarray(0, end))).toBe(hash(dump));
    // the last byte is the bootloader ID, which does not count
    expect(hash(dump.subarray(0, end - 1))).toBe(hash(dump));
    expect(
      hash(
        dump.subarray(
          0,
          dump.subarray(0, end - 1).findLastIndex((b) => b !== 0xff),
        ),
      ),
    ).not.toBe(hash(dump));
  });
  it('a stand-in is known with all options, and no other code', () => {
    const profile = profileOf(chip);
    const dump = dumpOf(chip, { systick: 'off', primask: 'clears' });
    expect(isStandIn(profile, romImage(profile.image), dump)).toBe(true);
    dump[0x800]! ^= 1;
    expect(isStandIn(profile, romImage(profile.image), dump)).toBe(false);
  });
});
