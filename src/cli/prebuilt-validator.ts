/** The scenario's validator that the build left beside the program. Apart from the interpreter modules, so that `bootbench --help` loads neither. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { ValidateFunction } from 'ajv';
import { PREBUILT_VALIDATOR } from '../bench/scenario-check.ts';

export const VALIDATOR_FILE = 'scenario-validator.cjs';

export function usePrebuiltValidator(folder: URL = new URL('./', import.meta.url)): void {
  const file = fileURLToPath(new URL(VALIDATOR_FILE, folder));
  if (existsSync(file)) PREBUILT_VALIDATOR.load = () => (createRequire(file)(file) as { default: ValidateFunction }).default;
}
