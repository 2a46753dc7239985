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

/** Clauses that follow "if" or "provided". */
export function provisos(chip: string, dependsOn: readonly RomDependency[]): readonly string[] {
  const open = dependsOn.filter((d) => !SETTLED.includes(d.confidence));
  const bank = open.flatMap((d) => notInBank2(chip, d) ?? []).slice(0, 1);
  const unknown = new Map(
    open.filter((d) => notInBank2(chip, d) === null).map((d) => [d.rom, `${d.rom} "${d.value}" (${howSure(chip, d)})`]),
  );
  return [...bank, ...(unknown.size === 0 ? [] : [`the real ROM has ${firstOf([...unknown.values()])}`])];
}

const firstOf = (names: readonly string[]): string =>
  names.length <= 2 ? names.join(' and ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more (see -v)`;

/** Jumps with the factory's boot bank work on products, so a user has to look after the option bit alone. */
function notInBank2(chip: string, { rom, value }: RomDependency): string | null {
  if (rom !== 'bank-check' || value !== 'bfb2') return null;
  const description = findChip(chip);
  const bit = description ? familyOf(description)?.bankCheck : null;
  return bit ? `bank 2 is not selected for boot (${bit.field.split('.').at(-1)} = ${1 - bit.asks}, the factory setting)` : null;
}
