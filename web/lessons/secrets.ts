/** The picture of a run names the line, the repair and the register: it waits until no open step of the lesson asks for one of them. */
import type { Pictures } from '../setup.ts';
import type { LessonBench } from './bench.ts';
import { blamedLine } from './judge.ts';
import { programOf, shownFirmware } from './lessons.ts';
import type { FirmwareName, Step } from './types.ts';

/** A step with its number in the lesson. */
export type Numbered = readonly [number: number, step: Step];
export interface Run {
  readonly firmware: FirmwareName;
  readonly picture: Pictures;
}
/** Whether the picture of this run tells what a step asks for. */
export async function tells(bench: LessonBench, { firmware, picture }: Run, step: Step): Promise<boolean> {
  const text = picture.file + picture.narrow;
  switch (step.kind) {
    case 'look':
      return false;
    case 'predict':
      return firmware === step.ask.firmware;
    case 'find': {
      const blamed = blamedLine((await bench.run(step.firmware)).result);
      return blamed !== null && new RegExp(`\\b${placeOf(blamed.file ?? '', blamed.line)}\\b`).test(text);
    }
    case 'flip': {
      const { result } = await bench.run(step.firmware);
      return result.diagnosis.causes.some(({ id }) => text.includes(`data-wire="${id}" data-state="broken"`));
    }
    case 'edit':
      // it has a repair of its own, in other words than an edit
      return [shownFirmware(step), ...step.edits.map((e) => e.firmware)].some((name) => programOf(name) === programOf(firmware));
  }
}
/** As the picture names it. */
const placeOf = (file: string, line: number | null): string => `${file.split('/').at(-1)!.replaceAll('.', '\\.')}:${line}`;

/** The open steps for which the picture has to wait. */
export async function waitsFor(bench: LessonBench, run: Run, open: readonly Numbered[]): Promise<number[]> {
  const told: number[] = [];
  for (const [number, step] of open) if (await tells(bench, run, step)) told.push(number);
  return told;
}
