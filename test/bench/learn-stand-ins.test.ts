/**
 * `rom learn` knows nothing of the options of a stand-in, so each stand-in with one option changed, given as a dump, tests it: what it says has to be what was built.
 * `BOOTBENCH_TURN=all npx vitest run test/bench/learn-stand-ins.test.ts` goes through all of them.
 */
import { describe, expect, it, test } from 'vitest';
import type { Learned } from '../../src/bench/learn/learn.ts';
import { CHIPS } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { otherValues, resolveRomOptions, type RomOptionId } from '../../src/rom/options.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { ALL_TURNS, byTurns } from '../turn.ts';
import { dumpOf, learned, profileOf, type Choice } from './learned.ts';

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
  test.each(byTurns(cases, 90))('%s', { timeout: 60_000 }, (_, chip, chosen) => {
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
  it('decides at least 98 % of what nothing hides (of a turn 95 %)', () => {
    expect(every.counts.decided).toBeGreaterThan(100);
    // of a turn's some 280 options a single stand-in that starts no program leaves four open
    expect(every.counts.share, JSON.stringify(every.counts.left)).toBeGreaterThanOrEqual(ALL_TURNS ? 0.98 : 0.95);
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
test.each(byTurns(random, 60))('of a stand-in with all options at random no value is wrong: %s', { timeout: 60_000 }, (_, chip, chosen) => {
  const built = new Map(resolveRomOptions(profileOf(chip).options, chosen).map((o) => [o.id, o.value]));
  const { options } = learned(chip, dumpOf(chip, chosen));
  expect(options.filter((o) => o.value !== null && o.value !== built.get(o.option) && !isVoid(chip, o.option))).toEqual([]);
});
