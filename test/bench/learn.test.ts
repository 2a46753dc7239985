/**
 * `rom learn` knows nothing of the options of a stand-in, so each stand-in with one option changed, given as a dump, tests it: what it says has to be what was built.
 * `BOOTBENCH_TURN=all npx vitest run test/bench/learn.test.ts` goes through all of them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { learn, type Learned } from '../../src/bench/learn/learn.ts';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { romHash } from '../../src/rom/identity.ts';
import { isStandIn, loadRom } from '../../src/rom/load.ts';
import { otherValues, resolveRomOptions, type RomOptionId } from '../../src/rom/options.ts';
import { whyNoDump } from '../../src/rom/why-no-dump.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { ALL_TURNS, byTurns } from '../turn.ts';
import { plainJob } from './plain-job.ts';

type Choice = Readonly<Record<string, string>>;
const profileOf = (chip: ChipDescription) => romProfileOf(chip)!;
function dumpOf(chip: ChipDescription, chosen: Choice): Uint8Array {
  const profile = profileOf(chip);
  const { segments } = loadRom(profile, romImage(profile.image), chosen);
  return segments.find((s) => s.address === profile.systemMemory.value.base)!.bytes;
}
function learned(chip: ChipDescription, dump: Uint8Array): Learned {
  const job = plainJob(chip.name, []);
  return learn({ ...job, rom: { kind: 'dump', bytes: dump, version: null, options: {} } }, job);
}

/** One chip for each image. */
const IMAGES = new Map(
  CHIPS.flatMap((c) => {
    const profile = romProfileOf(c);
    return profile ? [[profile.image, c] as const] : [];
  }).toReversed(),
);
/** F7's stand-in has both only as questions about the flash controller's cache; a core's caches are what a caller leaves on. */
const isVoid = (chip: ChipDescription, id: RomOptionId): boolean => chip.family === 'STM32F7' && (id === 'icache' || id === 'dcache');
const cases = [...IMAGES.values()].flatMap((chip) => {
  const settings = resolveRomOptions(profileOf(chip).options);
  const single = settings.flatMap((o) => otherValues(o).map((v): Choice => ({ [o.id]: v })));
  return [{}, ...single].map((chosen) => [`${chip.name} ${JSON.stringify(chosen)}`, chip, chosen] as const);
});

/** Why a dump cannot show an option, or which other option hides it: such an option does not count as one that could have been decided. */
const MASKS = [
  /^(the core has no|this chip has no|the field is not known on this chip|nothing can be mapped to 0)/,
  /^it lies outside of a dump of system memory/,
  /^the ROM has no USB DFU to leave/,
  /^the ROM sets VTOR, so that nobody can see it/,
  /^the ROM does not answer even in the state that every ROM can do with/,
  /^the ROM does not serve when BOOT0 is high/,
  /^the ROM runs on the clocks of its caller/,
  /^the ROM changed no clock that a reset leaves otherwise/,
];
/** What `learn` could not find although nothing hides it. Such readings lower the share. */
const OPEN = [
  /^on the emulated chip each store to PWR_CR3 locks the supply/,
  /^the state to be tried could not be made on this chip/,
  /^the leave did not start the program/,
  /^the caller ran on MSIS? too, and on HSE it cannot run/,
  /without a crystal that is not so$/,
];
const isIn = (list: readonly RegExp[], says: string): boolean => list.some((reason) => reason.test(says));
class Share {
  private decided = 0;
  private readonly reasons = new Map<string, number>();
  add({ option, value, says }: Learned['options'][number]): void {
    if (value !== null) this.decided++;
    else this.reasons.set(`${option}: ${says}`, (this.reasons.get(`${option}: ${says}`) ?? 0) + 1);
  }
  get counts() {
    const left = [...this.reasons].filter(([reason]) => !isIn(MASKS, reason.slice(reason.indexOf(': ') + 2)));
    const open = left.reduce((sum, [, n]) => sum + n, 0);
    return { decided: this.decided, open, share: this.decided / (this.decided + open), left, reasons: this.reasons };
  }
}
const every = new Share();
const changed = new Share();

describe('of a stand-in as a dump, no value is wrong', () => {
  it('goes through every image that fits into a dump', () => expect(IMAGES.size).toBeGreaterThan(40));
  test.each(byTurns(cases, 60))('%s', { timeout: 60_000 }, (_, chip, chosen) => {
    const { options } = learned(chip, dumpOf(chip, chosen));
    const built = new Map(resolveRomOptions(profileOf(chip).options, chosen).map((o) => [o.id, o.value]));
    const wrong = options.filter((o) => o.value !== null && o.value !== built.get(o.option) && !isVoid(chip, o.option));
    expect(wrong).toEqual([]);
    expect(options.map((o) => o.option)).toEqual([...built.keys()]);
    expect(options.filter((o) => o.value === null && !isIn([...MASKS, ...OPEN], o.says))).toEqual([]);
    for (const reading of options.filter((o) => !isVoid(chip, o.option))) {
      every.add(reading);
      if (reading.option in chosen) changed.add(reading);
    }
  });
  it('decides at least 98 % of what nothing hides', () => {
    expect(every.counts.decided).toBeGreaterThan(100);
    expect(every.counts.share, JSON.stringify(every.counts.left)).toBeGreaterThanOrEqual(0.98);
    // of a few options a single one is more than 2 %
    if (ALL_TURNS) expect(changed.counts.share, JSON.stringify(changed.counts.left)).toBeGreaterThanOrEqual(0.98);
  });
});

/** Every option at random, so that they hide each other. */
const random = [...IMAGES.values()].flatMap((chip, i) =>
  [0, 1, 2].map((round) => {
    let state = 7919 * (3 * i + round + 1);
    const next = (n: number): number => ((state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 8) % n;
    const chosen = resolveRomOptions(profileOf(chip).options).flatMap((o) => {
      const values = [o.value, ...otherValues(o)];
      return values.length > 1 ? [[o.id, values[next(values.length)]!] as const] : [];
    });
    return [`${chip.name}, ${round}`, chip, Object.fromEntries(chosen)] as const;
  }),
);
test.each(byTurns(random, 30))('of a stand-in with all options at random no value is wrong: %s', { timeout: 60_000 }, (_, chip, chosen) => {
  const built = new Map(resolveRomOptions(profileOf(chip).options, chosen).map((o) => [o.id, o.value]));
  const { options } = learned(chip, dumpOf(chip, chosen));
  expect(options.filter((o) => o.value !== null && o.value !== built.get(o.option) && !isVoid(chip, o.option))).toEqual([]);
});

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
