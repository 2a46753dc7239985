/** Fetches the register facts of the chips that are looked at. */
import { findChip } from '../src/chips/index.ts';
import type { GeneratedFacts } from '../src/chips/facts.ts';
import { LOADED, NotLoaded } from './facts-store.ts';

/** Does something that looks at chips, and again with what it found missing. */
export async function withFacts<T>(work: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error;
      const answer = await fetch(new URL(`facts/${error.line}.json`, import.meta.url));
      if (!answer.ok) throw new Error(`facts/${error.line}.json: ${answer.status}`);
      LOADED.set(error.line, (await answer.json()) as GeneratedFacts);
    }
  }
}

/** Loads all that a chip's description is made of. */
export const prepareChip = (name: string): Promise<void> =>
  withFacts(() => {
    const chip = findChip(name);
    if (!chip) return;
    for (const key of Object.keys(chip)) void chip[key as keyof typeof chip];
    for (const facts of Object.values(chip.facts)) void facts.registers;
  });
