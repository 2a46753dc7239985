/** `board settle`: what its experiments say of stand-ins that were built with each value of an option, on the emulated chip. */
import { describe, expect, it } from 'vitest';
import { settleExperiments } from '../../src/board/settle-experiments.ts';
import { findChip } from '../../src/chips/index.ts';
import { ROM_OPTION_VALUES, type RomOptionId } from '../../src/rom/options.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { settleOnStandIn } from './settle-board.ts';

/** Options that hide behind another one or behind the hardware: undecided, never a wrong value. */
const HIDDEN: Readonly<Record<string, readonly RomOptionId[]>> = {
  stm32l476rg: ['remap'],
  // HSI48 comes on with the clock of USB
  stm32f072rb: ['hsi48'],
  stm32h533re: [],
};
/** What the others have not; of the others all is tried. */
const PART: Readonly<Record<string, readonly RomOptionId[]>> = {
  stm32h533re: ['msplim', 'icache', 'dcache', 'hsi48', 'usb-supply', 'vtor'],
};

describe.each(Object.keys(HIDDEN))('settle on %s', (name) => {
  const chip = findChip(name)!;
  const all = [...settleExperiments(chip, romProfileOf(chip)!).keys()];
  const options = PART[name] ?? all;

  it('has an experiment for what a caller can leave behind', () => {
    const least: readonly RomOptionId[] = ['primask', 'nvic-enabled', 'prescalers', 'systick', 'reset-flags', 'iwdg', ...options];
    expect(all).toEqual(expect.arrayContaining([...least]));
  });
  it.each(options.flatMap((option) => ROM_OPTION_VALUES[option].map((value) => [option, value] as const)))(
    '%s = %s is found, or left open with a reason',
    async (option, value) => {
      const [settled] = await settleOnStandIn(name, { [option]: value }, [option]);
      expect([settled!.option, settled!.value]).toEqual([option, HIDDEN[name]!.includes(option) ? null : value]);
      expect(settled!.says).not.toBe('');
    },
    30_000,
  );
});

describe('settle on a ROM without USB', () => {
  const chip = findChip('stm32f103c8')!;
  const profile = romProfileOf(chip)!;
  it.each([...settleExperiments(chip, profile).keys()])(
    'finds what F103 has as %s, or leaves it open',
    async (option) => {
      const [settled] = await settleOnStandIn('stm32f103c8', {}, [option]);
      expect([option, settled!.value]).toEqual([option, option === 'systick' ? null : profile.options[option]!.value]);
    },
    30_000,
  );
});

describe('settle', () => {
  it('says nothing where the control run is not answered', async () => {
    // a ROM that waits for the supply, and a caller who declares it, is served; one whose first bank check leads away is not
    const [settled] = await settleOnStandIn('stm32l476rg', { 'bank-check': 'always' }, ['primask']);
    expect(settled).toMatchObject({ value: null, tries: 0 });
    expect(settled!.says).toContain('the ROM does not answer in the control run');
  }, 30_000);
  it('tells a masked ROM from one that clears its mask by the register and by the answer', async () => {
    const [keeps] = await settleOnStandIn('stm32l476rg', { primask: 'keeps' }, ['primask']);
    const [clears] = await settleOnStandIn('stm32l476rg', { primask: 'clears' }, ['primask']);
    expect([keeps!.served, clears!.served]).toEqual([false, true]);
    expect([keeps!.says, clears!.says]).toEqual([
      'PRIMASK = 0x1 at the entry, 0x1 in the running ROM; the ROM does not answer',
      'PRIMASK = 0x1 at the entry, 0x0 in the running ROM; the ROM answers',
    ]);
  }, 30_000);
});
