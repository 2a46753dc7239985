/** What goes by the stack: saved registers and, in unoptimised code, local variables. */
import type { Core } from '../../emu/core/core.ts';

const SP = 13;
/** The frame pointer of GCC and Clang for Thumb, which lies at SP or a little above it while it is one. */
const FRAME = 7;
const ABOVE_SP = 64;
const MULTIPLE = /^(LDM|STM)/;

/** The access belongs to the stack: a frame of an exception, or an instruction that goes by SP, as PUSH and POP do, or by the frame pointer. */
export const isByStack = (core: Core): boolean =>
  core.hardwareAccess || goesByStack(core, core.pc, { frame: core.arm.r(FRAME), sp: core.arm.sp });
/** The same of an instruction that is over, by the registers in front of it. */
export const wentByStack = (core: Core, pc: number, registers: Uint32Array): boolean =>
  goesByStack(core, pc, { frame: registers[FRAME]!, sp: registers[SP]! });

function goesByStack(core: Core, pc: number, { frame, sp }: { readonly frame: number; readonly sp: number }): boolean {
  const decoded = core.instructionAt(pc)?.decoded;
  if (decoded === undefined) return false;
  const base = MULTIPLE.test(decoded.op) ? decoded.a : decoded.b;
  return base === FRAME ? (frame - sp) >>> 0 <= ABOVE_SP : base === SP;
}
