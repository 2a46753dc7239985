/**
 * The seed of everything random in the tests, so that a run can be repeated: fixed, or BOOTBENCH_SEED. Property tests take it from here (vitest's setup file),
 * unless they name one of their own.
 */
import fc from 'fast-check';

export const SEED = Number(process.env['BOOTBENCH_SEED'] ?? 20261120);
// what a helper has set up for all files of this process stays
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });
