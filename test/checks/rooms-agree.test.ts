/** A fact that several rooms state: the chip's rows, the profile of its ROM, the row of register names and the checks must say the same of every part. */
import { describe, expect, it } from 'vitest';
import { familyOf, locate } from '../../src/checks/families.ts';
import { findChip, LINES, partsOf } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { check, FakeTarget } from './fake-target.ts';

/** One part for each ROM of each line. */
const PARTS: readonly (readonly [name: string, chip: ChipDescription])[] = LINES.flatMap(({ name }) => {
  const roms = new Set<string | undefined>();
  return partsOf(name).flatMap((part) => {
    const chip = findChip(part)!;
    if (roms.has(chip.rom?.id)) return [];
    roms.add(chip.rom?.id);
    return [[part, chip] as const];
  });
});
const rowOf = (chip: ChipDescription) => familyOf(chip)!;
const usbBlocks = (chip: ChipDescription) => chip.blocks.filter((b) => b.model?.startsWith('usb-'));
const optionsOf = (chip: ChipDescription) => romProfileOf(chip)!.options;
const SUPPLY_BITS = ['PWR.CR2.USV', 'PWR.SVMCR.USV', 'PWR.USBSCR.USB33SV', 'PWR.CR3.USB33DEN'];
/** Parts of which the two statements differ. */
const differ = (one: (chip: ChipDescription) => unknown, other: (chip: ChipDescription) => unknown): string[] =>
  PARTS.flatMap(([name, chip]) => (one(chip) === other(chip) ? [] : [`${name}: ${String(one(chip))}, ${String(other(chip))}`]));

describe('Rooms agree', () => {
  it('whether the ROM has USB', () => {
    expect(
      differ(
        (c) => romProfileOf(c)!.dfu !== null,
        (c) => rowOf(c).romWithoutUsb === undefined,
      ),
    ).toEqual([]);
    expect(
      differ(
        (c) => romProfileOf(c)!.dfu !== null,
        (c) => rowOf(c).usb !== null,
      ),
    ).toEqual([]);
    expect(
      differ(
        (c) => romProfileOf(c)!.dfu !== null,
        (c) => romProfileOf(c)!.interfaces.value.some((i) => i.name === 'USB'),
      ),
    ).toEqual([]);
  });
  it('in what is said of a part whose ROM has no USB', () => {
    const verdict = (id: string) => (c: ChipDescription) => check(id).judge(new FakeTarget(c).subject()).verdict;
    const without = (c: ChipDescription): boolean => romProfileOf(c)!.dfu === null;
    expect(differ(without, (c) => verdict('rom-usb')(c) === 'fail')).toEqual([]);
    const passing = (c: ChipDescription) =>
      ['usb-clock', 'vddusb', 'hse', 'usb-disconnect', 'usb-left-on'].filter((id) => verdict(id)(c) === 'pass');
    expect(PARTS.flatMap(([name, c]) => (without(c) ? passing(c).map((id) => `${name}: ${id}`) : []))).toEqual([]);
  });
  it('that a ROM with USB sits on a chip with USB, whose fields the checks find', () => {
    expect(
      differ(
        (c) => romProfileOf(c)!.dfu !== null,
        (c) => romProfileOf(c)!.dfu !== null && usbBlocks(c).length > 0,
      ),
    ).toEqual([]);
    const fields = (c: ChipDescription): string[] => {
      const { usb, usbSupply, hsi48, clockRecovery } = rowOf(c);
      return [usb?.enable, usb?.pullUp, usbSupply?.bit, hsi48?.on, hsi48?.ready, ...clockRecovery.map((f) => f.path)].flatMap(
        (f) => f ?? [],
      );
    };
    expect(
      PARTS.flatMap(([name, c]) =>
        fields(c)
          .filter((f) => !locate(c, f))
          .map((f) => `${name}: ${f}`),
      ),
    ).toEqual([]);
  });
  it('whether a bit isolates the USB transceiver', () => {
    const gated = (c: ChipDescription): boolean =>
      SUPPLY_BITS.some((bit) => locate(c, bit)) && usbBlocks(c).some((b) => (b.options as { supplyWire?: unknown }).supplyWire !== null);
    expect(
      differ(
        (c) => romProfileOf(c)!.dfu !== null && gated(c),
        (c) => rowOf(c).usbSupply !== null,
      ),
    ).toEqual([]);
    expect(
      differ(
        (c) => 'usb-supply' in optionsOf(c),
        (c) => rowOf(c).usbSupply !== null,
      ),
    ).toEqual([]);
  });
  it('whether the ROM runs on HSI48, and trims it for USB', () => {
    expect(
      differ(
        (c) => 'hsi48' in optionsOf(c),
        (c) => rowOf(c).hsi48 !== null,
      ),
    ).toEqual([]);
    expect(
      differ(
        (c) => romProfileOf(c)!.dfu !== null && 'hsi48' in optionsOf(c),
        (c) => rowOf(c).clockRecovery.length > 0,
      ),
    ).toEqual([]);
    expect(
      differ(
        (c) => romProfileOf(c)!.dfu !== null && !('hsi48' in optionsOf(c)),
        (c) => rowOf(c).hseForUsb.crystals !== null,
      ),
    ).toEqual([]);
  });
  it('whether an empty flash boots the ROM', () => {
    const rule = (c: ChipDescription): boolean => /flash:empty|EMPTY/.test(JSON.stringify(c.boot ?? []));
    expect(differ(rule, (c) => rowOf(c).emptyCheck)).toEqual([]);
  });
});
