/** The way of a board to the ROM's first instruction: whose work is disturbed, what lies in flash, the reset, the breakpoint, the stop. */
import { memoryHolds, type LoadedImage } from '../image/image.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { romVectors } from './check-board.ts';
import type { GdbTarget } from './gdb-target.ts';
import { BoardError } from './rsp-client.ts';

const FP_CTRL = 0xe0002000;
const FP_COMP0 = 0xe0002008;
const DWT_CTRL = 0xe0001000;
const DWT_FUNCTION0 = 0xe0001028;

/** Comparators that somebody has set: a debugger is at work on this board, or left it so (ARM DDI 0403 C1.11, C1.8). */
export async function comparatorsInUse(target: GdbTarget): Promise<number> {
  const word = async (address: number): Promise<number> => (await target.word(address)) ?? 0;
  const control = await word(FP_CTRL);
  const codes = ((control >>> 4) & 0xf) | ((control >>> 8) & 0x70);
  const watches = (await word(DWT_CTRL)) >>> 28;
  let used = 0;
  for (let i = 0; i < codes; i++) used += (await word(FP_COMP0 + 4 * i)) & 1;
  for (let i = 0; i < watches; i++) used += ((await word(DWT_FUNCTION0 + 16 * i)) & 0xf) !== 0 ? 1 : 0;
  return used;
}

export interface FlashDifference {
  readonly address: number;
  readonly path: string;
}
/** The first byte of the images that the board's flash does not hold; null = it holds them. */
export async function flashDifference(
  target: GdbTarget,
  chip: ChipDescription,
  images: readonly LoadedImage[],
): Promise<FlashDifference | null> {
  for (const { address, data, path } of flashChunks(chip, images)) {
    const read = await target.readMemory(address, data.length);
    if (read === null) return { address, path };
    const at = data.findIndex((b, i) => read[i] !== b);
    if (at >= 0) return { address: address + at, path };
  }
  return null;
}
export function flashChunks(
  chip: ChipDescription,
  images: readonly LoadedImage[],
): { readonly address: number; readonly data: Uint8Array; readonly path: string }[] {
  const inFlash = (address: number): boolean => memoryHolds(chip.memories, address, 'flash');
  return images.flatMap(({ chunks, path }) => chunks.filter((c) => inFlash(c.address)).map((c) => ({ ...c, path })));
}

/** First instruction of the board's own ROM. */
export async function romEntry(target: GdbTarget, chip: ChipDescription): Promise<number> {
  const vectors = await romVectors(target, chip);
  if (vectors === null) throw new BoardError('the ROM cannot be read, so it is not known where it begins; is read-out protection on?');
  return (vectors.reset & ~1) >>> 0;
}

export interface Arrival {
  readonly wanted: number;
  readonly pc: number;
  /** The core stopped by itself, not at the time-out. */
  readonly stopped: boolean;
}
export const hasArrived = ({ wanted, pc, stopped }: Arrival): boolean => stopped && pc === wanted;

/** Resets, and runs to an address for at most `timeout` milliseconds. */
export async function runTo(target: GdbTarget, wanted: number, timeout: number): Promise<Arrival> {
  await target.resetHalt();
  return continueTo(target, wanted, timeout);
}
/** Goes on from where the core stands. */
export async function continueTo(target: GdbTarget, wanted: number, timeout: number): Promise<Arrival> {
  await target.setBreakpoint(wanted, true);
  const stop = await target.runUntilStop(timeout);
  await target.setBreakpoint(wanted, false);
  if (stop !== null) await target.assertHalted();
  return { wanted, pc: (await target.readRegister('pc')) ?? 0, stopped: stop !== null };
}
