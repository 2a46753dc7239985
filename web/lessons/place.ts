/** Where in the lessons a link leads: `#lessons` is the list, `#lesson=seed-000&step=2` a step. */
export interface LessonPlace {
  /** Empty: the list. */
  readonly lesson: string;
  /** From 1. */
  readonly step: number;
}

/** Null: the link is one of the playground. */
export function placeOf(hash: string): LessonPlace | null {
  if (hash === '#lessons') return { lesson: '', step: 1 };
  const q = new URLSearchParams(hash.replace(/^#/, ''));
  const lesson = q.get('lesson');
  if (lesson === null) return null;
  const step = Number(q.get('step') ?? '1');
  return { lesson, step: Number.isInteger(step) && step > 0 ? step : 1 };
}
export const linkTo = (lesson: string, step: number): string => `#${new URLSearchParams({ lesson, step: String(step) }).toString()}`;
