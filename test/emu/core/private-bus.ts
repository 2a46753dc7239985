/** The private peripheral bus: its words, and a core in the middle of something. */
import type { Core } from '../../../src/emu/core/core.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { MAIN, RAM, runCycles, started, SVC, type CoreName } from './bare-machine.ts';

export const words = (from: number, to: number): number[] => Array.from({ length: (to - from) / 4 }, (_, i) => from + 4 * i);
export const ADDRESSES = [
  ...words(0xe0000000, 0xe0000010),
  ...words(0xe0000e00, 0xe0000e90),
  ...words(0xe0001000, 0xe0001070),
  ...words(0xe0002000, 0xe0002030),
  ...words(0xe000e000, 0xe000e030),
  ...[0x100, 0x180, 0x200, 0x280, 0x300].flatMap((block) => words(0xe000e000 + block, 0xe000e020 + block)),
  ...words(0xe000e400, 0xe000e4a0),
  ...words(0xe000ed00, 0xe000ee10),
  ...words(0xe000ef00, 0xe000f000),
  ...words(0xe0040000, 0xe0040010),
  ...words(0xe00ff000, 0xe00ff020),
  ...words(0xe0100000, 0xe0100004),
];
export const KEY = 0x05fa_0000;
/** In the handler of an SVC: priorities, masks, the MPU and SysTick are set up. */
export function busy(core: CoreName): { readonly machine: Machine; readonly cpu: Core } {
  const { machine, cpu } = started(core, { [MAIN]: [SVC, 0xe7fe] });
  const put = (address: number, value: number): void => void (cpu.peek(address, 4) !== null && cpu.write(address, 4, value, true));
  put(0xe000ed0c, KEY | 0x0200);
  put(0xe000ed1c, 0x4000_0000);
  put(0xe000ed20, 0x8060_0000);
  put(0xe000e400, 0x8040_c020);
  put(0xe000e100, 0x000f);
  put(0xe000e010, 5);
  put(0xe000e014, 1000);
  put(0xe000ed24, 0x7_0000);
  put(0xe000ed88, 0x00f0_0000);
  runCycles(machine, 40);
  put(0xe000e200, 0x0005);
  put(0xe000ed04, 0x1000_0000);
  put(0xe000ed98, 2);
  put(0xe000ed9c, RAM);
  put(0xe000eda0, 0x0300_0021);
  put(0xe000ed94, 4);
  return { machine, cpu };
}
