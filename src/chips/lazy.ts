/** Descriptions that are made when they are first looked at: a run pays for its own chip only. */
import type { ChipDescription } from '../emu/chip.ts';
import { lineOf } from './parts.ts';

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
] as const satisfies readonly Exclude<keyof ChipDescription, 'name' | 'family' | 'line' | 'package'>[];

const MADE: string[] = [];
/** Names of the descriptions that have been made so far, in order: a test holds that the start makes none. */
export const madeChips = (): readonly string[] => MADE;

/** What is made then. */
export type MadeDescription = Omit<ChipDescription, 'name' | 'family' | 'line' | 'package'>;

/**
 * Every property but name, family and line is a getter of the object's own, so that spreading it gives a whole description.
 * @param rom given where a ROM's profile asks for it at the start
 */
export function lazyChip(name: string, family: string, make: () => MadeDescription, rom?: ChipDescription['rom']): ChipDescription {
  let made: MadeDescription | null = null;
  const first = (): MadeDescription => {
    MADE.push(name);
    return make();
  };
  const rest = {};
  for (const key of KEYS) Object.defineProperty(rest, key, { enumerable: true, configurable: true, get: () => (made ??= first())[key] });
  if (rom) Object.defineProperty(rest, 'rom', { enumerable: true, value: rom });
  return Object.defineProperties({ name, family, line: lineOf(name) } as ChipDescription, Object.getOwnPropertyDescriptors(rest));
}
