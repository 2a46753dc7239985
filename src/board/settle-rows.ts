/** The table of the settling probe (rom/probe/settle.S): what a caller leaves behind, as rows that the probe carries out before it jumps. */
import { familyOf, locate } from '../checks/families.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { modelOf } from '../emu/core/models/index.ts';
import type { RomProfile } from '../rom/profile.ts';

/** What to do, and three operands. */
export type Row = readonly [what: number, a: number, b: number, c: number];
const JUMP = 0;
const STORE = 1;
const CHANGE = 2;
const WAIT = 3;
const DELAY = 4;
const SPECIAL = 5;

/** Special registers by the number that MSR has for them (SYSm). */
const SYSM = { psp: 9, msplim: 10, primask: 16, basepri: 17, faultmask: 19, control: 20 } as const;
export type SpecialRegister = keyof typeof SYSM;

export const store = (address: number, word: number): Row => [STORE, address, word >>> 0, 0];
export const delay = (rounds: number): Row => [DELAY, rounds, 0, 0];
export const special = (register: SpecialRegister, value: number): Row => [SPECIAL, SYSM[register], value >>> 0, 0];
export const jump = (table: number): Row => [JUMP, table, 0, 0];

/** The clock of a field's block, if it has one, then the field. Empty: the chip has no such field. */
export function field(chip: ChipDescription, path: string, value: number): Row[] {
  const place = locate(chip, path);
  if (place === null) return [];
  return [...clockOf(chip, path), [CHANGE, place.address, place.mask, ((value << place.bit) & place.mask) >>> 0]];
}
/** Until the field has this value. */
export function wait(chip: ChipDescription, path: string, value: number): Row[] {
  const place = locate(chip, path);
  return place === null ? [] : [[WAIT, place.address, place.mask, ((value << place.bit) & place.mask) >>> 0]];
}
function clockOf(chip: ChipDescription, path: string): Row[] {
  const clock = chip.blocks.find((b) => b.name === path.split('.')[0])?.clock;
  const place = clock === undefined ? null : locate(chip, `${chip.rcc}.${clock}`);
  return place === null ? [] : [[CHANGE, place.address, 0, place.mask], delay(8)];
}

export const VTOR = 0xe000ed08;
export const hasVtor = (chip: ChipDescription): boolean => modelOf(chip.cores[0]!.type).vtor !== 0;

/** Parts of the state that every ROM can do with; an experiment leaves one of them out. */
export type Good = 'vtor' | 'remap' | 'usb-supply' | 'hsi48' | 'vos' | 'reset-flags';
/** The state that every ROM can do with, from what a reset leaves. */
export function allGood(chip: ChipDescription, profile: RomProfile, without: Good | null): Row[] {
  const f = familyOf(chip);
  const parts: readonly (readonly [Good, readonly Row[]])[] = [
    ['reset-flags', clearFlags(chip)],
    ['vos', f?.voltageControl ? field(chip, f.voltageControl.field, f.voltageControl.highest) : []],
    ['usb-supply', f?.usbSupply ? field(chip, f.usbSupply.bit, 1) : []],
    ['hsi48', f?.hsi48 ? [...field(chip, f.hsi48.on, 1), delay(200)] : []],
    ['remap', f?.remap ? field(chip, f.remap.field, f.remap.systemMemory) : []],
    ['vtor', hasVtor(chip) ? [store(VTOR, profile.base)] : []],
  ];
  return parts.flatMap(([part, rows]) => (part === without ? [] : rows));
}
function clearFlags(chip: ChipDescription): Row[] {
  const clear = chip.resetFlags?.clear;
  // some keep the bit, and would clear the flags of the resets to come
  return clear === undefined ? [] : [...field(chip, clear, 1), ...field(chip, clear, 0)];
}

/** RAM for the probe: no TCM, which a Cortex-M7 may not fetch from, and no RAM behind a clock that a reset leaves off. */
export function ramForProbe(chip: ChipDescription): { readonly base: number; readonly size: number } | null {
  const rams = chip.memories.filter((m) => m.kind === 'ram' && !/tcm|ccm|bkp|can/.test(m.name));
  const fits = rams.filter((m) => m.base >= 0x20000000 && m.base < 0x28000000);
  return fits[0] ?? null;
}
