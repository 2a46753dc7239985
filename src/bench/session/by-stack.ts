/** What goes by the stack: saved registers and, in unoptimised code, local variables. */
import type { Core } from '../../emu/core/core.ts';

const SP = 13;
/** The frame pointer of GCC and Clang for Thumb, which lies at SP or a little above it while it is one. */
const FRAME = 7;
const ABOVE_SP = 64;
const MULTIPLE = /^(LDM|STM)/;

/** The access belongs to the stack: a frame of an exception, or an instruction that goes by SP, as PUSH and POP do, or by the frame pointer. */
export function isByStack(core: Core): boolean {
  if (core.hardwareAccess) return true;
  const decoded = core.instructionAt(core.pc)?.decoded;
  if (decoded === undefined) return false;
  const base = MULTIPLE.test(decoded.op) ? decoded.a : decoded.b;
  if (base !== FRAME) return base === SP;
  const above = (core.arm.r(FRAME) - core.arm.sp) >>> 0;
  return above <= ABOVE_SP;
}
