/** Interpreter modules that the build has made. Apart from what makes them, so that who only loads them loads nothing else. */
import type { CoreRow } from '../../chip.ts';
import { modelOf } from '../models/index.ts';

/** By `moduleKey`; a module that is not here is generated on first use. */
export const PREBUILT = new Map<string, Uint8Array<ArrayBuffer>>();

/** `m33:0` for a Cortex-M33 that is the first core. */
export const moduleKey = (core: Pick<CoreRow, 'type'>, index: number): string => `${modelOf(core.type).name}:${index}`;
