/** What this browser remembers of the lessons. Storage may be missing, full or forbidden: then nothing is remembered, and all else works. */

/** Solved at the first try, or with help. */
export type Mark = 'first' | 'later';
export type Progress = Readonly<Record<string, Mark>>;

/** What was answered in a step, in order: keys of choices, of switches, numbers of lines. They are judged anew where they are shown. */
export type Answers = Readonly<Record<string, readonly string[]>>;

const KEY = 'bootbench-lessons';
const ANSWERS = 'bootbench-lessons-answers';
const areKeys = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((v) => typeof v === 'string');
const isMark = (value: unknown): value is Mark => value === 'first' || value === 'later';
export const stepKey = (lesson: string, step: number): string => `${lesson}/${step}`;

function read<T>(key: string, fits: (value: unknown) => value is T): Readonly<Record<string, T>> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? '{}');
    if (typeof found !== 'object' || found === null) return {};
    return Object.fromEntries(Object.entries(found).filter((pair): pair is [string, T] => fits(pair[1])));
  } catch {
    return {};
  }
}
function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // the page works without
  }
}
/** What is no mark is left out: the entry may be that of another version. */
export const readProgress = (): Progress => read(KEY, isMark);
export const writeProgress = (progress: Progress): void => write(KEY, progress);
export const readAnswers = (): Answers => read(ANSWERS, areKeys);
export const writeAnswers = (answers: Answers): void => write(ANSWERS, answers);
/** The first result counts: who answers again has seen the answer. */
export const marked = (progress: Progress, key: string, mark: Mark): Progress =>
  progress[key] === undefined ? { ...progress, [key]: mark } : progress;
