import type { LessonFirmware } from '../web/lessons/types.ts';

export function lessonFirmware(root: string, name: string): LessonFirmware;
