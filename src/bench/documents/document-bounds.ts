/**
 * How large a scenario or a specification is that somebody means. What is larger costs seconds and gigabytes where nobody hears signals: a regular expression over a text of
 * megabytes has no stack left, and an expectation of a million alternatives is looked through in one go.
 */
import { MOST_VALUES } from './json-bounds.ts';
import { UsageError } from './usage-error.ts';

const MOST_IN = {
  /** Of one text: 128 KB of bytes in hex. */
  letters: 2 ** 18,
  /** Of all texts of a scenario. */
  allLetters: 2 ** 20,
  /** Of a list, or keys of an object. */
  entries: 4096,
  /** The same of a campaign, whose targets and seeds have bounds of their own. */
  campaignEntries: 2 ** 16,
  /** Outcomes, causes and verdicts there are are a dozen each. */
  alternatives: 64,
  /** What ports have to show, on all of them; each is looked for in all that was printed. */
  consoleTexts: 128,
} as const;

/** Throws a UsageError where a scenario, or anything in the place of one, is too large to be looked at further. */
export function checkScenarioSize(document: unknown, name: string): void {
  const letters = checkSizes(document, name, MOST_IN.entries);
  if (letters > MOST_IN.allLetters) throw tooMany(name, 'it', letters, 'letters in all its texts', MOST_IN.allLetters);
  const expect = (document as { readonly expect?: unknown } | null)?.expect;
  if (isObject(expect)) checkExpectSize(expect, name);
}

/** The same of a specification. */
export const checkCampaignSize = (document: unknown, name: string): void => void checkSizes(document, name, MOST_IN.campaignEntries);

type Values = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null;
const HINT = 'is it the right file?';
const tooMany = (name: string, where: string, count: number, what: string, most: number): UsageError =>
  new UsageError(`${name}: ${where} has ${count} ${what}; ${most} is the most`, HINT);

/** @returns letters of all texts, keys among them */
function checkSizes(document: unknown, name: string, most: number): number {
  let letters = 0;
  const open: { readonly value: unknown; readonly path: string }[] = [{ value: document, path: '' }];
  let values = 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { value, path } = at;
    const where = path === '' ? 'it' : path;
    // an object of a caller may hold itself
    if (++values > MOST_VALUES) throw new UsageError(`${name}: it holds more than ${MOST_VALUES} values`, HINT);
    if (typeof value === 'string') {
      letters += value.length;
      if (value.length > MOST_IN.letters) throw tooMany(name, where, value.length, 'letters', MOST_IN.letters);
    } else if (isObject(value)) {
      const keys = Object.keys(value);
      if (keys.length > most) throw tooMany(name, where, keys.length, 'entries', most);
      for (const key of keys.reverse()) {
        if (!Array.isArray(value)) letters += key.length;
        if (key.length > MOST_IN.letters) throw tooMany(name, `a key of ${where}`, key.length, 'letters', MOST_IN.letters);
        open.push({ value: value[key], path: Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}` });
      }
    }
  }
  return letters;
}

function checkExpectSize(expect: Values, name: string): void {
  const atMost = (where: string, count: number, what: string, most: number): void => {
    if (count > most) throw tooMany(name, `expect.${where}`, count, what, most);
  };
  for (const key of ['outcome', 'causes', 'notCauses']) {
    const list = expect[key];
    if (Array.isArray(list)) atMost(key, list.length, 'alternatives', MOST_IN.alternatives);
  }
  for (const key of ['checks', 'after'])
    for (const [id, words] of Object.entries(expect[key] ?? {}))
      if (typeof words === 'string') atMost(`${key}.${id}`, words.split('|').length, 'alternatives', MOST_IN.alternatives);
  const texts = Object.values(expect['console'] ?? {}).flat();
  atMost('console', texts.length, 'texts', MOST_IN.consoleTexts);
}
