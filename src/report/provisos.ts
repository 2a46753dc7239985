/** What a verdict hangs on, in a few words for the first screen. The result keeps all of it in `dependsOn`, and -v lists it. */
import type { RomDependency } from '../bench/documents/result.ts';
import { familyOf } from '../checks/families.ts';
import { findChip } from '../chips/index.ts';
import { isDisputed } from '../rom/measured.ts';

/** What ST states or somebody measured needs no word. */
const SETTLED: readonly RomDependency['confidence'][] = ['documented', 'measured'];

/** The confidence word, and where boards contradict each other, that they do. */
export const howSure = (chip: string, { rom, confidence }: RomDependency): string =>
  isDisputed(findChip(chip)?.rom?.id, rom) ? `${confidence}: boards contradict each other` : confidence;

/**
 * What a ROM has to do for what works on most boards: USB as behind a start by BOOT0, which leaves the supply bit at 0 as well, and DFU behind a request and a reset, the usual way
 * in. Where it did not, no program could help.
 */
const TAKEN_FOR_GRANTED: ReadonlySet<string> = new Set(['usb-supply sets', 'reset-flags ignores']);
const isGranted = (chip: string, { rom, value }: RomDependency): boolean =>
  TAKEN_FOR_GRANTED.has(`${rom} ${value}`) && !isDisputed(findChip(chip)?.rom?.id, rom);

/** What a ROM leaves to an application differs from part to part, whatever ST says of all of them. */
export const isOfLeave = ({ rom }: RomDependency): boolean => rom.startsWith('leave-');
/** What a finding holds under: clauses that follow "if" or "provided". */
export interface Provisos {
  /** About the option bit that selects the bank to boot from; null = the finding does not hang on it. */
  readonly bank: string | null;
  /** What the real ROM has to do, each as the end of "the real ROM …". */
  readonly rom: readonly string[];
}
export function provisos(chip: string, dependsOn: readonly RomDependency[]): Provisos {
  const open = dependsOn.filter((d) => isOfLeave(d) || (!SETTLED.includes(d.confidence) && !isGranted(chip, d)));
  const bank = open.map((d) => notInBank2(chip, d)).find((text) => text !== null) ?? null;
  const unknown = new Map(open.filter((d) => notInBank2(chip, d) === null).map((d) => [d.rom, `${doesText(d)} (${howSure(chip, d)})`]));
  return { bank, rom: [...unknown.values()] };
}

/** Jumps with the factory's boot bank work on products, so a user has to look after the option bit alone. */
function notInBank2(chip: string, { rom, value }: RomDependency): string | null {
  if (rom !== 'bank-check' || value !== 'bfb2') return null;
  const description = findChip(chip);
  const bit = description ? familyOf(description)?.bankCheck : null;
  return bit ? `bank 2 is not selected for boot (${bit.field.split('.').at(-1)} = ${1 - bit.asks}, the factory setting)` : null;
}

/** What options are about, for those whose values say what the ROM does with it. */
const ABOUT: Readonly<Record<string, string>> = {
  primask: 'PRIMASK',
  faultmask: 'FAULTMASK',
  basepri: 'BASEPRI',
  'nvic-enabled': 'the interrupts that are enabled',
  'nvic-pending': 'the interrupts that are pending',
  mpu: 'the MPU',
  control: 'CONTROL',
  msplim: 'the stack limits',
  icache: 'the instruction cache',
  dcache: 'the data cache',
  vtor: 'VTOR',
  remap: 'what is mapped to address 0',
  'usb-supply': 'the USB supply bit of PWR',
  hsi48: 'HSI48',
  sysclk: 'the system clock',
  prescalers: 'the bus prescalers',
  'flash-latency': 'the wait states of flash',
  vos: 'the voltage range',
  'kernel-clocks': 'the kernel clocks',
  systick: 'SysTick',
};
/** How a program leaves what an option is about, after "the firmware leaves"; others are "changed". */
const LEFT: Readonly<Record<string, string>> = {
  primask: 'PRIMASK set',
  faultmask: 'FAULTMASK set',
  basepri: 'BASEPRI set',
  'nvic-enabled': 'interrupts enabled',
  'nvic-pending': 'interrupts pending',
  mpu: 'the MPU on',
  icache: 'the instruction cache on',
  dcache: 'the data cache on',
  vtor: 'VTOR at a table of its own',
  systick: 'SysTick on',
};
export function leftText(option: string): string | null {
  const about = ABOUT[option];
  return LEFT[option] ?? (about === undefined ? null : `${about} changed`);
}
const DOES: Readonly<Record<string, (what: string) => string>> = {
  keeps: (what) => `leaves ${what} as the jump hands it over`,
  clears: (what) => `clears ${what}`,
  sets: (what) => `sets ${what} itself`,
};
/** Options whose values are words of their own. */
const IN_WORDS: Readonly<Record<string, string>> = {
  'reset-flags ignores': 'starts DFU after a software reset, too',
  'reset-flags software-returns': 'returns to the application after a software reset',
  'iwdg refreshes': 'refreshes a running IWDG',
  'iwdg ignores': 'does not refresh a running IWDG',
  'systick off': 'switches SysTick off',
  'systick uses': 'uses SysTick itself',
  'unexpected-exception loops': 'stays in the handler of an exception that it does not expect',
  'unexpected-exception resets': 'resets the chip upon an exception that it does not expect',
  'unexpected-exception returns': 'goes on behind an exception that it does not expect',
  'leave-vtor keeps': 'leaves its VTOR to the application',
  'leave-remap keeps': 'leaves its memory map to the application',
  'leave-clocks keeps': 'leaves its clocks to the application',
  'leave-flash unlocked': 'leaves the flash unlocked to the application',
  'leave-flash errors': 'leaves error flags of the flash to the application',
  'leave-muxes keeps': 'leaves its kernel clock selections to the application',
};
/** What the ROM has to do, after "the real ROM". */
function doesText({ rom, value }: RomDependency): string {
  const [what, does] = [ABOUT[rom], DOES[value]];
  return what !== undefined && does !== undefined ? does(what) : (IN_WORDS[`${rom} ${value}`] ?? `has ${rom} "${value}"`);
}
