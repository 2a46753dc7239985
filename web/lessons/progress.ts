/** What this browser remembers of the lessons. Storage may be missing, full or forbidden: then nothing is remembered, and all else works. */

/** Solved at the first try, or with help. */
export type Mark = 'first' | 'later';
export type Progress = Readonly<Record<string, Mark>>;

const KEY = 'bootbench-lessons';
const isMark = (value: unknown): value is Mark => value === 'first' || value === 'later';
export const stepKey = (lesson: string, step: number): string => `${lesson}/${step}`;

/** What is no mark is left out: the entry may be that of another version. */
export function readProgress(): Progress {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof found !== 'object' || found === null) return {};
    return Object.fromEntries(Object.entries(found).filter((pair): pair is [string, Mark] => isMark(pair[1])));
  } catch {
    return {};
  }
}
export function writeProgress(progress: Progress): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(progress));
  } catch {
    // the page works without
  }
}
/** The first result counts: who answers again has seen the answer. */
export const marked = (progress: Progress, key: string, mark: Mark): Progress =>
  progress[key] === undefined ? { ...progress, [key]: mark } : progress;
