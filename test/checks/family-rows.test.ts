/** Family rows against what AN2606 Rev 70 prints, written apart from them. */
import { describe, expect, it } from 'vitest';
import { findChip, LINES, partsOf } from '../../src/chips/index.ts';
import { familyOf } from '../../src/checks/families.ts';

const familyAt = (name: string): NonNullable<ReturnType<typeof familyOf>> => familyOf(findChip(name)!)!;
const upTo26 = Array.from({ length: 23 }, (_, i) => 4 + i);

/** Crystals with which the ROM's USB works, in MHz; null: it runs from HSI48. */
const CRYSTALS: readonly (readonly [chip: string, table: string, mhz: readonly number[] | null])[] = [
  ['STM32C071RB', 'Table 16', null],
  ['STM32F042C6', 'Table 41', null],
  ['STM32F070RB', 'Table 39', [4, 6, 8, 12, 16, 18, 24]],
  ['STM32F105RC', 'Table 47', [8, 14.7456, 25]],
  ['STM32F205RG', 'Table 49', upTo26],
  ['STM32F303RE', 'Table 62', [3, 4, 6, 8, 9, 12, 16, 18, 24]],
  ['STM32F405RG', 'Table 70', upTo26],
  ['STM32F722RE', 'Table 92', upTo26],
  ['STM32G0B0RE', 'Table 107', [8, 12, 16, 32, 48]],
  ['STM32G0B1RE', 'Table 111', null],
  ['STM32G474RE', 'Table 117', null],
  ['STM32H533RE', 'Table 123', null],
  ['STM32H745ZI', 'Table 135', null],
  ['STM32L072CZ', 'Table 148', null],
  ['STM32L152RE', 'Table 158', [2, 3, 4, 6, 8, 12, 16, 24]],
  ['STM32L433RC', 'Table 164', null],
  ['STM32L476RG', 'Table 168', [4, 6, 8, 12, 16, 18, 20, 24]],
  ['STM32L496ZG', 'Table 170', null],
  ['STM32U575ZI', 'Table 183', null],
  ['STM32WB55RG', 'Table 217', null],
];

it('every part has a row of its line or of its family', () => {
  for (const { name } of LINES)
    for (const part of partsOf(name)) {
      const chip = findChip(part)!;
      const { family, line = chip.line, rom = chip.rom?.id } = familyOf(chip)!;
      expect({ family, line, rom }, part).toEqual({ family: chip.family, line: name, rom: chip.rom?.id });
    }
});

describe('The ROM of', () => {
  it.each(CRYSTALS)('%s (%s) takes its USB clock from %j', (chip, _table, mhz) => {
    expect(familyAt(chip).hseForUsb.crystals?.mhz ?? null).toEqual(mhz);
  });
  it.each([
    ['STM32F301R8', 'Table 55'],
    ['STM32F334R8', 'Table 61'],
    ['STM32F318C8', 'Table 63'],
    ['STM32F358VC', 'Table 65'],
    ['STM32F398VE', 'Table 71'],
  ])('%s is described by AN2606 %s', (chip, table) => {
    expect(familyAt(chip).document).toMatch(new RegExp(`${table}$`));
  });
  it('L476 alone makes do with a crystal at LSE', () => {
    expect(CRYSTALS.filter(([chip]) => familyAt(chip).hseForUsb.crystals?.orLse).map(([chip]) => chip)).toEqual(['STM32L476RG']);
  });
  it.each([
    ['STM32F042C6', true],
    ['STM32F070RB', false],
    ['STM32F070C6', true],
    ['STM32F072RB', false],
    ['STM32F405RG', false],
    ['STM32G0B1RE', true],
    ['STM32C071RB', true],
    ['STM32G474RE', false],
    ['STM32H533RE', false],
    ['STM32H743ZI', false],
    ['STM32L152RE', false],
    ['STM32L432KC', true],
    ['STM32L476RG', false],
    ['STM32L496ZG', true],
    ['STM32WB55RG', true],
  ])('%s is entered because flash is empty: %s', (chip, empty) => {
    expect(familyAt(chip).emptyCheck).toBe(empty);
  });
  it.each([
    ['STM32F427VI', true],
    ['STM32F405RG', false],
    ['STM32G474RE', true],
    ['STM32G431RB', false],
    ['STM32L072CZ', true],
    ['STM32L152RE', true],
    ['STM32L100RC', false],
    ['STM32L476RG', true],
    ['STM32L433RC', false],
    ['STM32L4R5ZI', true],
    ['STM32H743ZI', false],
  ])('%s looks for an application in both banks: %s', (chip, both) => {
    expect(familyAt(chip).bankCheck !== null).toBe(both);
  });
  it.each([
    ['STM32F103C8', null],
    ['STM32F303RE', null],
    ['STM32F072RB', 'USB.BCDR.DPPU'],
    ['STM32L152RE', 'SYSCFG.PMC.USB_PU'],
    ['STM32G0B1RE', 'USB.BCDR.DPPU_DPD'],
    ['STM32F405RG', 'OTG_FS.DCTL.SDIS'],
    ['STM32H723ZG', 'OTG_HS.DCTL.SDIS'],
  ])('%s: D+ is pulled up by %s', (chip, field) => {
    const { usb } = familyAt(chip);
    expect(usb?.pullUp ?? null).toBe(field);
    // OTG disconnects by a one
    expect(usb?.released ?? 0).toBe(field?.endsWith('SDIS') ? 1 : 0);
  });
});
