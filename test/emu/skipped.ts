import type { Core } from '../../src/emu/core/core.ts';

/** Counts the cycles that `cores` leave out from now on. */
export function countSkipped(cores: readonly Core[]): () => number {
  let skipped = 0;
  for (const core of cores) {
    const skip = core.skip.bind(core);
    core.skip = (cycles, ...rest) => {
      skipped += cycles;
      skip(cycles, ...rest);
    };
  }
  return () => skipped;
}
