/** Interpreter modules that the build left beside the program: making one takes a good part of a second. Without them they are made on first use. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CoreRow } from '../emu/chip.ts';
import { moduleKey, PREBUILT } from '../emu/core/interpreter/prebuilt.ts';

export { moduleKey } from '../emu/core/interpreter/prebuilt.ts';

export const moduleFile = (key: string): string => `interpreter-${key.replace(':', '-')}.wasm`;

export function usePrebuilt(cores: readonly CoreRow[], folder: URL = new URL('./', import.meta.url)): void {
  cores.forEach((core, index) => {
    const key = moduleKey(core, index);
    const file = fileURLToPath(new URL(moduleFile(key), folder));
    if (!PREBUILT.has(key) && existsSync(file)) PREBUILT.set(key, new Uint8Array(readFileSync(file)));
  });
}
