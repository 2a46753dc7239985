/**
 * Start-up code that runs again without a reset: a branch of the application to where the boot vector points. A pointer to a structure that is null gives that vector
 * where the structure has a function in its second word: the vector table is what lies at address 0.
 */
import { callChainOf } from './call-chain.ts';
import { chunkAt, codePlace, imageAt, symbolAt } from '../../image/image.ts';
import type { LiveRun, Restart } from './live-run.ts';

/** Names the place of an instruction. */
type Place = (pc: number) => string;

/** Where the boot core begins after a reset; null where no image is there. */
export function startOf({ machine, input }: LiveRun): number | null {
  const vector = machine.bootCore.peek(((machine.state.vectors[0] ?? 0) + 4) >>> 0, 4);
  if (vector === null) return null;
  const at = (vector & ~1) >>> 0;
  return imageAt(input.images, at) === undefined ? null : at;
}

/**
 * That start-up code has run before: the chip began with it at the last reset, or it is of the same program as what goes there, which some other one has started. A loader
 * that goes to the application whose table lies at address 0 now starts it for the first time.
 */
function hasRun({ state, input }: LiveRun, start: number, from: number): boolean {
  if (start === state.startsAt) return true;
  const program = imageAt(input.images, start);
  const holds = (at: number): boolean => program !== undefined && chunkAt(program, at) !== undefined;
  return holds(from) && (state.startsAt === null || !holds(state.startsAt));
}

/** The core stands at its start, and no reset brought it there; null where the ROM did, or something that starts it for the first time. */
export function restartAt(s: LiveRun): Restart | null {
  const { machine } = s;
  const core = machine.bootCore;
  const lr = (core.arm.lr & ~1) >>> 0;
  if (machine.system.regionAt(lr, core.index)?.memory?.row.zone === 'systemMemory') return null;
  const call = [2, 4].map((size) => lr - size).find((pc) => calls(core.peek(pc, 2) ?? 0, lr - pc));
  return hasRun(s, core.pc, call ?? lr) ? { at: machine.now, call: call ?? null, lr } : null;
}
/** LR out of a reset (DDI0403E §B1.5.5 TakeReset), with bit 0 cleared: a loop of start-up code that has called nothing yet. */
const LR_OF_RESET = 0xfffffffe;
export const isOwnLoop = ({ call, lr }: Restart): boolean => call === null && lr === LR_OF_RESET;
/** BLX (register) or the first half of BL. */
const calls = (half: number, size: number): boolean => (size === 2 ? (half & 0xff87) === 0x4780 : (half & 0xf800) === 0xf000);

const WHY = 'as happens when a function pointer is read through a null pointer: the word at address 4 is the reset vector';
/** What the first one was, for a person. */
export const restartInWords = (place: Place, { call, lr }: Restart): string =>
  `the start-up code ran again without a reset: ${call === null ? `a branch after the call before ${place(lr)}` : place(call)} jumped there, ${WHY}`;

/** The same of a call chain in which the start-up code was called, null if it was not. */
export function restartInChain(s: LiveRun, place: Place): string | null {
  const start = startOf(s);
  if (start === null || s.state.restart !== null) return null;
  const { frames } = callChainOf(s.machine.bootCore, s.input.images);
  const reset = codePlace(s.input.images, start).symbol;
  // a loader and its application each have one of that name
  const symbol = (pc: number): number | undefined => symbolAt(s.input.images, pc)?.symbol.address;
  const isReset = (f: (typeof frames)[number]): boolean => f.function !== null && f.function === reset && symbol(f.pc) === symbol(start);
  const called = frames.findIndex((f, i) => isReset(f) && frames[i + 1]?.file != null);
  const by = frames[called + 1];
  if (called < 0 || by === undefined || !hasRun(s, start, by.pc)) return null;
  // a branch without link leaves the return address of the call before, which went elsewhere
  const { op, imm = 0 } = s.machine.bootCore.instructionAt((by.pc - 2) >>> 0)?.decoded ?? {};
  const isCall = op !== 'BL' || (by.pc + 2 + imm) >>> 0 === start;
  const how = isCall ? `${place(by.pc)} called it` : `a branch after the call at ${place(by.pc)} jumped there`;
  return `the start-up code ran again without a reset: ${how}, ${WHY}`;
}
