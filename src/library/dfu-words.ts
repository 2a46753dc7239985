/** Commands that the cases of the property kit are made of, at random and as examples. */
import { patternBytes, requestCommand, type DfuCommand } from '../bench/dfu/dfu-command.ts';
import type { DfuPlace } from '../bench/dfu/dfu-command-check.ts';
import { DFU, DFUSE_CODE, dfuseCommand } from '../usb-sim/dfu-protocol.ts';

export const SETTLE: DfuCommand = { do: 'settle' };
export const GETSTATUS = requestCommand(DFU.GETSTATUS, 0, null, 6);
export const GETSTATE = requestCommand(DFU.GETSTATE, 0, null, 1);
export const CLRSTATUS = requestCommand(DFU.CLRSTATUS, 0, []);
export const ABORT = requestCommand(DFU.ABORT, 0, []);
/** A class request that DFU does not know. */
export const UNKNOWN = requestCommand(0x5a, 0, []);
/** An address at which no STM32 has memory. */
export const NOWHERE = 0x1f000000;

/** A command of DfuSe (AN3156 §5); an Erase without an address is a mass erase. */
export const dfuseRequest = (code: number, address: number | null = null): DfuCommand =>
  requestCommand(DFU.DNLOAD, 0, [...dfuseCommand(code, address)]);
/** Set Address Pointer, carried out. */
export const set = (address: number): DfuCommand[] => [dfuseRequest(DFUSE_CODE.SET_ADDRESS, address), SETTLE];
/** Erase of a sector, carried out. */
export const erase = (address: number): DfuCommand[] => [dfuseRequest(DFUSE_CODE.ERASE, address), SETTLE];

/** Blocks of a memory that a case may read or write from its start to its end. */
const MOST_BLOCKS = 256;
/** Without DfuSe the end of memory is reached block by block, from its start: one more is read, or written. Null: it is too large, or not known. */
export function wholeMemory(
  size: number,
  { memory, dfuse }: DfuPlace,
): { readonly read: DfuCommand[]; readonly written: (seed: number) => DfuCommand[] } | null {
  const [first, last] = [memory[0], memory.at(-1)];
  if (dfuse || !first || !last) return null;
  const address = first.start;
  const whole = Math.floor((last.end - address) / size);
  if (whole === 0 || whole > MOST_BLOCKS) return null;
  return {
    read: [{ do: 'upload', address, length: (whole + 1) * size }, GETSTATE],
    written: (seed) => [
      { do: 'download', address, length: whole * size, seed },
      requestCommand(DFU.DNLOAD, whole, [...patternBytes(size, seed)]),
      SETTLE,
      GETSTATUS,
    ],
  };
}
