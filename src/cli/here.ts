/** A command in the main thread. */
import type { Io } from './io.ts';
import { usePrebuiltValidator } from './prebuilt-validator.ts';
import { main } from './program.ts';

export function here(args: readonly string[], io: Io): Promise<number> {
  usePrebuiltValidator();
  return main(args, io);
}
