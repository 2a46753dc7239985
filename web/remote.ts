/** Fetches what the page has of the chips that are looked at: register facts, and a dump of the ROM where `bootbench serve --rom` has one. */
import { findChip } from '../src/chips/index.ts';
import { MODELS } from '../src/peripherals/index.ts';
import type { DumpPiece } from '../src/library/options.ts';
import type { ServedDump } from '../src/rom/pieces.ts';
import { NotLoaded } from './facts-store.ts';
import { fetched } from './fetched.ts';
import { askFor } from './late.ts';

/** Does something that asks for facts and code, and again with what it found missing. */
export async function withFacts<T>(work: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error;
      await error.load();
    }
  }
}

/** Loads all that a chip's description is made of, and the models of its blocks. */
export const prepareChip = (name: string): Promise<void> =>
  withFacts(() => {
    const chip = findChip(name);
    if (!chip) return;
    for (const key of Object.keys(chip)) void chip[key as keyof typeof chip];
    for (const { model } of chip.blocks) if (model !== null) askFor(MODELS[model]);
    for (const facts of Object.values(chip.facts)) void facts.registers;
  });

let served: Promise<ServedDump | null> | null = null;
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
/** The dump for this part; null: the stand-in is its ROM. */
export async function dumpFor(part: string): Promise<readonly DumpPiece[] | null> {
  served ??= fetched('dump.json').then((answer) => (answer.ok ? (answer.json() as Promise<ServedDump | null>) : null));
  const dump = await served;
  if (dump === null || findChip(part)?.rom?.id !== dump.romId) return null;
  return dump.pieces.map(({ address, base64 }) => ({ address, bytes: bytesOf(base64) }));
}
