/** The workers of the page. */
import { wrap, type Remote } from 'comlink';
import type { Lab } from './lab.ts';

const lab = (): Remote<Lab> => wrap<Lab>(new Worker(new URL('./lab.js', import.meta.url), { type: 'module' }));
/** Whole runs, and the machine that is stepped: neither waits for the other. */
export const runner = lab();
let held: Remote<Lab> | null = null;
/** Made when it is first needed: the first verdict has the processor to itself. */
export const holder = (): Remote<Lab> => (held ??= lab());
