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
type Made<K extends keyof ChipDescription> = { readonly [key in K]: () => ChipDescription[key] };
/** A copy with its getters, so that nothing is made that nobody looks at; `others` is made at the first look, each value once. */
export function withOthers<K extends keyof ChipDescription>(chip: ChipDescription, others: Made<K>): ChipDescription {
  const copy = Object.defineProperties({} as ChipDescription, Object.getOwnPropertyDescriptors(chip));
  for (const key of Object.keys(others) as K[]) {
    let made: { readonly value: ChipDescription[K] } | null = null;
    const get = (): ChipDescription[K] => (made ??= { value: others[key]() }).value;
    Object.defineProperty(copy, key, { enumerable: true, configurable: true, get });
  }
  return copy;
}

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
