import type { Core } from '../../emu/core/core.ts';

/** An active exception or a mask keeps interrupts from being taken, where a reset would let them in. */
export const holdsInterrupts = ({ arm }: Core): boolean => arm.ipsr !== 0 || arm.primask !== 0 || arm.faultmask !== 0 || arm.basepri !== 0;
