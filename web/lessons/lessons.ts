/** All lessons, in the order of the class (docs/class.md). */
import { DUAL_CORE, LEAVE } from './course/after.ts';
import { CACHE, CLOCKS, WATCHDOG } from './course/surroundings.ts';
import { THREAD_0, THREAD_1, THREAD_2, THREAD_3, THREAD_4 } from './course/threads.ts';
import { ADDRESS_ZERO, SYSTICK, VECTOR_TABLE } from './course/vectors.ts';
import type { FirmwareName, Lesson, Step } from './types.ts';

export const LESSONS: readonly Lesson[] = [
  VECTOR_TABLE,
  THREAD_0,
  ADDRESS_ZERO,
  SYSTICK,
  THREAD_4,
  THREAD_1,
  CLOCKS,
  CACHE,
  WATCHDOG,
  LEAVE,
  THREAD_2,
  THREAD_3,
  DUAL_CORE,
];

/** The firmware whose source a step shows. */
export const shownFirmware = (step: Step): string => (step.kind === 'look' || step.kind === 'predict' ? step.ask.firmware : step.firmware);
/** The fixture, whatever the scenario. */
export const programOf = (name: FirmwareName): string => name.split('/')[0]!;
/** All firmware that a step may run. */
const firmwareOf = (step: Step): string[] => [shownFirmware(step), ...(step.kind === 'edit' ? step.edits.map((e) => e.firmware) : [])];
/** What the build puts beside the page. */
export const FIRMWARE: readonly string[] = [...new Set(LESSONS.flatMap(({ steps }) => steps.flatMap(firmwareOf)))].sort();
