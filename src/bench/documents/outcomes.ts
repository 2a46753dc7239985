/** Words that scenario and result share. */
import type { ResetCause } from '../../emu/component.ts';

/** What can become of a jump: `bootbench explain <word>` has each. */
export const OUTCOMES = ['dfu', 'dfu-lost', 'reset-loop', 'fault', 'rom-silent', 'back-in-app', 'stuck', 'no-jump'] as const;
/** What became of the jump. */
export type Outcome = (typeof OUTCOMES)[number];
/** Who reset the chip. */
export type ResetBy = ResetCause;

/** What the acceptance client does with a DFU device, in this order. */
export const AFTER_STEPS = ['list', 'upload', 'erase', 'download', 'verify', 'leave', 'alive'] as const;
/** A step of the acceptance client. */
export type AfterStep = (typeof AFTER_STEPS)[number];
