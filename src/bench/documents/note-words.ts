/**
 * Texts of notes that a report also recognises. The words stand here once, so that whoever writes a note and whoever reads it cannot drift apart.
 */
import type { RunResult } from './result.ts';

type Note = RunResult['notes'][number];

const WAITS_FOR = 'waits for ';
/** Note `not-triggered`: the firmware polls a pin or a port, or has an interrupt for it. */
export const waitsForText = (input: string): string => `${WAITS_FOR}${input}`;
export const isWaitForInput = ({ kind, text }: Note): boolean => kind === 'not-triggered' && text.startsWith(WAITS_FOR);

/** Note `wait`: the polled block has no clock. `enable`: its bit in RCC, for example `RCC.AHB1ENR.GPIOAEN`. */
export const noClockText = (block: string, enable: string): string =>
  `${block} has no clock: ${enable} is 0, so it reads as 0 and ignores writes`;
const NO_CLOCK = / has no clock: (\S+) is 0/;
/** The bit of RCC that such a note names. */
export const missingClockOf = ({ kind, text }: Note): string | undefined => (kind === 'wait' ? NO_CLOCK.exec(text)?.[1] : undefined);
