import type { RunJob } from '../../src/bench/input/job.ts';
import type { Thumb } from '../emu/thumb.ts';

export const FLASH = 0x08000000;
/** Where the program of a bare image begins. */
export const MAIN = FLASH + 0x200;
const BYTES = 0x400;
const [IDLE, VECTORS] = [0x1f0, 0x1c0];

/** At the start of the flash: a stack of 8 KB at most, this program, and vectors that all lead to an endless loop. */
export function bareImage(program: Thumb): RunJob['images'] {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < VECTORS; at += 4) view.setUint32(at, FLASH + IDLE + 1, true);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, MAIN + 1, true);
  view.setUint16(IDLE, 0xe7fe, true);
  bytes.set(program.bytes(), MAIN - FLASH);
  return [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }];
}
