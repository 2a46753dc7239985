/** Descriptions that are made when they are first looked at: a run pays for its own chip only. */
import type { ChipDescription } from '../emu/chip.ts';

const KEYS = [
  'cores',
  'memories',
  'blocks',
  'quantum',
  'clocks',
  'rcc',
  'parameters',
  'facts',
  'boot',
  'remap',
  'optionBytes',
  'resetFlags',
  'rom',
  'flashCache',
  'flashLatency',
  'maxHclkHz',
  'sources',
  'covered',
] as const satisfies readonly Exclude<keyof ChipDescription, 'name' | 'family' | 'package'>[];

const MADE: string[] = [];
/** Names of the descriptions that have been made so far, in order: a test holds that the start makes none. */
export const madeChips = (): readonly string[] => MADE;

type Made = Omit<ChipDescription, 'name' | 'family' | 'package'>;

/**
 * Every property but name and family is a getter of the object's own, so that spreading it gives a whole description.
 * @param rom given where a ROM's profile asks for it at the start
 */
export function lazyChip(name: string, family: string, make: () => Made, rom?: ChipDescription['rom']): ChipDescription {
  let made: Made | null = null;
  const first = (): Made => {
    MADE.push(name);
    return make();
  };
  const rest = {};
  for (const key of KEYS) Object.defineProperty(rest, key, { enumerable: true, configurable: true, get: () => (made ??= first())[key] });
  if (rom) Object.defineProperty(rest, 'rom', { enumerable: true, value: rom });
  return Object.defineProperties({ name, family } as ChipDescription, Object.getOwnPropertyDescriptors(rest));
}
