/**
 * What boards and dumps have said of options, a line of JSON each (`evidence/*.jsonl`, schemas/evidence-1.schema.json), and what follows from several lines. A file
 * is a contributor. Nobody's word alone makes a value measured.
 */
import type { Confidence } from '../emu/confidence.ts';
import { ROM_OPTION_VALUES, type RomOptionDefault, type RomOptionDefaults, type RomOptionId } from './options.ts';

export const EVIDENCE_SCHEMA = 'bootbench/evidence@1';
export interface EvidenceLine {
  readonly schema: typeof EVIDENCE_SCHEMA;
  readonly chip: string;
  /** DBGMCU_IDCODE: die and revision. */
  readonly dbgmcu: string | null;
  readonly romId: string;
  readonly romSha256: string;
  readonly option: RomOptionId;
  /** A value of the option, or a third answer in words. */
  readonly value: string;
  readonly probe: string;
  /** The ROM answered with nothing broken, before and behind it. */
  readonly control: true;
  readonly tries: number;
  readonly debugger: string | null;
  readonly at: string;
  readonly version: string;
  /** Path of a record, from the file on. */
  readonly recording: string | null;
}
/** Ends what `debugger` says where the chip was an emulated one. */
export const SIMULATED = 'on an emulated chip';
export const isSimulated = ({ debugger: by }: EvidenceLine): boolean => by?.endsWith(SIMULATED) === true;

const text = (most: number) => (v: unknown) => typeof v === 'string' && v.length > 0 && v.length <= most && /^[\x20-\x7e]*$/.test(v);
const matches = (pattern: RegExp) => (v: unknown) => typeof v === 'string' && pattern.test(v);
const orNull = (check: (v: unknown) => boolean) => (v: unknown) => v === null || check(v);
const isOption = (v: unknown): boolean => typeof v === 'string' && Object.hasOwn(ROM_OPTION_VALUES, v);
/** A path below the file's own folder, with slashes. */
const RECORDING = /^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.\-/ ]{1,120}$/;
/** What each key has to be, in words and as a test; no other keys. */
const KEYS: readonly (readonly [key: keyof EvidenceLine, what: string, check: (v: unknown) => boolean])[] = [
  ['schema', `"${EVIDENCE_SCHEMA}"`, (v) => v === EVIDENCE_SCHEMA],
  ['chip', 'the name of a part', matches(/^STM32[A-Z0-9]{4,12}$/)],
  ['dbgmcu', 'null or DBGMCU_IDCODE as 0x and 8 digits', orNull(matches(/^0x[0-9a-f]{8}$/))],
  ['romId', 'the id of a ROM', matches(/^stm32[a-z0-9]{2,12}$/)],
  ['romSha256', '64 hexadecimal digits', matches(/^[0-9a-f]{64}$/)],
  ['option', 'an option of the ROM', isOption],
  ['value', 'a value of the option or at most 60 characters', text(60)],
  ['probe', 'at most 60 characters', text(60)],
  ['control', 'true: without a control run that was served there is no evidence', (v) => v === true],
  ['tries', 'a number from 1 to 1000', (v) => Number.isInteger(v) && Number(v) >= 1 && Number(v) <= 1000],
  ['debugger', 'null or at most 80 characters', orNull(text(80))],
  ['at', 'a date such as 2026-11-24', matches(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/)],
  ['version', 'at most 40 characters', text(40)],
  ['recording', "null or the path of a record below the file's folder", orNull(matches(RECORDING))],
];

/** More than all keys with their longest values, and too little to take time. */
const LONGEST = 4096;
/** A line, or in words what is wrong with it. */
export function parseEvidence(line: string): EvidenceLine | string {
  if (line.length > LONGEST) return `it is longer than ${LONGEST} characters`;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'it is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not a JSON object';
  const object = value as Readonly<Record<string, unknown>>;
  for (const [key, what, check] of KEYS) {
    if (!Object.hasOwn(object, key)) return `${key} is missing`;
    if (!check(object[key])) return `${key} is not ${what}`;
  }
  const unknown = Object.keys(object).find((key) => !KEYS.some(([known]) => known === key));
  return unknown === undefined ? (object as unknown as EvidenceLine) : `it has an unknown key ${JSON.stringify(unknown.slice(0, 40))}`;
}

/** A line with who sent it, and whether its record gave the same when it was played. */
export interface Witness {
  readonly line: EvidenceLine;
  readonly contributor: string;
  readonly replayed: boolean;
}
/** What is known of one option of one ROM. */
export interface MergedOption {
  readonly romId: string;
  readonly romSha256: string;
  readonly option: RomOptionId;
  /** In order of name; more than one: they contradict each other. */
  readonly values: readonly { readonly value: string; readonly contributors: number; readonly replayed: boolean }[];
  readonly state: 'measured' | 'alone' | 'contradicted';
}

/** Two contributors, or one whose record replays, make a value measured; two values leave both open. */
export function mergeEvidence(witnesses: readonly Witness[]): readonly MergedOption[] {
  const groups = new Map<string, Witness[]>();
  for (const w of witnesses) {
    const key = [w.line.romId, w.line.romSha256, w.line.option].join(' ');
    groups.set(key, [...(groups.get(key) ?? []), w]);
  }
  return [...groups.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]): MergedOption => {
      const { romId, romSha256, option } = group[0]!.line;
      const values = [...new Set(group.map((w) => w.line.value))].sort().map((value) => {
        const said = group.filter((w) => w.line.value === value);
        return { value, contributors: new Set(said.map((w) => w.contributor)).size, replayed: said.some((w) => w.replayed) };
      });
      const enough = values.length === 1 && (values[0]!.contributors >= 2 || values[0]!.replayed);
      return { romId, romSha256, option, values, state: values.length > 1 ? 'contradicted' : enough ? 'measured' : 'alone' };
    });
}

const short = (sha: string): string => sha.slice(0, 12);
const people = (n: number): string => (n === 1 ? '1 contributor' : `${n} contributors`);
const said = ({ values }: MergedOption): string =>
  values.map((v) => `${v.value} (${people(v.contributors)}${v.replayed ? ', record replayed' : ''})`).join(', ');

/** The options of a ROM with what was measured of it. What one part's ROM does is said of that ROM, by its hash. */
export function withEvidence(romId: string, defaults: RomOptionDefaults, merged: readonly MergedOption[]): RomOptionDefaults {
  if (!merged.some((m) => m.romId === romId && m.state !== 'alone')) return defaults;
  const options: Partial<Record<RomOptionId, RomOptionDefault>> = { ...defaults };
  for (const option of Object.keys(defaults) as RomOptionId[]) {
    const own = merged.filter((m) => m.romId === romId && m.option === option && m.state !== 'alone');
    if (own.length > 0) options[option] = measuredOption(option, defaults[option]!, own);
  }
  return options;
}
function measuredOption(option: RomOptionId, before: RomOptionDefault, own: readonly MergedOption[]): RomOptionDefault {
  const known: readonly string[] = ROM_OPTION_VALUES[option];
  const against = own.filter((m) => m.state === 'contradicted');
  const values = new Set(own.map((m) => m.values[0]!.value));
  const rows = own.map((m) => `ROM ${short(m.romSha256)}: ${said(m)}`).join('; ');
  const open = (confidence: Confidence, words: string): RomOptionDefault => ({
    value: before.value,
    confidence,
    source: `${words}: ${rows}; before that ${before.confidence}: ${before.source}`,
  });
  const [value] = values;
  // what was read in ST's own code is not opened by a board: it may have another version
  if (before.settled === true)
    return values.size === 1 && value === before.value
      ? { ...before, confidence: 'measured', source: `${rows}; ${before.source}` }
      : { ...before, source: `${before.source}; boards of another ROM say otherwise: ${rows}` };
  if (against.length > 0) return open('assumed', 'boards contradict each other, so both values are open');
  if (values.size > 1) return open(before.confidence, 'measured, and not the same in each version');
  if (!known.includes(value!)) return open(before.confidence, 'measured, and none of the values that the stand-in has');
  return { value: value!, confidence: 'measured', source: rows };
}
