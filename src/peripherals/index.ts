/** Behaviour by the name that chip rows use. One line per model, in alphabetical order. */
import type { ModelFactory } from '../emu/registers.ts';

export const MODELS: Readonly<Record<string, ModelFactory>> = {
};
