/** The scenario's validator that the build left beside the program. Apart from the interpreter modules, so that `bootbench --help` loads neither. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ValidateFunction } from 'ajv';
import { PREBUILT_VALIDATOR } from '../bench/scenario-check.ts';

export const VALIDATOR_FILE = 'scenario-validator.js';

export function usePrebuiltValidator(folder: URL = new URL('./', import.meta.url)): void {
  const file = new URL(VALIDATOR_FILE, folder);
  if (existsSync(fileURLToPath(file)))
    PREBUILT_VALIDATOR.load = async () => ((await import(file.href)) as { default: ValidateFunction }).default;
}
