/** The scenario's validator that the build left in the program. Apart from the interpreter modules, so that `bootbench --help` loads neither. */
import { PREBUILT_VALIDATOR } from '../bench/documents/scenario-check.ts';

export function usePrebuiltValidator(): void {
  PREBUILT_VALIDATOR.load = async () => (await import('./validator.ts')).default;
}
