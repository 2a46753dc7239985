/** Commands of a property case that somebody wrote by hand: a word that is not known, or a number that is missing, is the writer's mistake and no finding about the device. */
import { segmentAt, type DfuSegment } from '../../usb-sim/descriptors.ts';
import type { DfuCommand } from './dfu-command.ts';
import { didYouMean, shown, UsageError } from '../documents/usage-error.ts';

type Rule = 'count' | 'byte' | 'halfword' | 'bytes' | 'bytes or null' | readonly string[];
/** Fields that may be left out. */
const OPTIONAL: ReadonlySet<string> = new Set(['breakOff.data']);
const COUNT: Rule = 'count';
const KINDS = ['packet', 'handshake', 'token', 'timeout'] as const;
const FIELDS: Readonly<Record<DfuCommand['do'], Readonly<Record<string, Rule>>>> = {
  request: { request: 'byte', value: 'halfword', data: 'bytes or null', length: 'halfword' },
  standard: { type: 'byte', request: 'byte', value: 'halfword', index: 'halfword', length: 'halfword' },
  settle: {},
  download: { address: COUNT, length: COUNT, seed: COUNT },
  upload: { address: COUNT, length: COUNT },
  breakOff: { block: 'halfword', length: 'halfword', data: 'bytes or null' },
  wait: { us: COUNT },
  busReset: {},
  busError: { kind: KINDS, after: COUNT },
  babble: { block: 'halfword', data: 'bytes or null', length: 'halfword' },
  pull: { bit: COUNT, after: COUNT, ms: COUNT },
  unplug: { ms: COUNT },
  suspend: { ms: COUNT },
  nrst: { ms: COUNT },
  powerCut: { value: 'halfword', data: 'bytes', afterUs: COUNT, ms: COUNT },
};
const MOST = { byte: 0xff, halfword: 0xffff, count: Number.MAX_SAFE_INTEGER } as const;
const isCount = (value: unknown, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
const isBytes = (value: unknown): boolean => Array.isArray(value) && value.every((b) => isCount(b, MOST.byte));

function obeys(value: unknown, rule: Rule): boolean {
  if (typeof rule !== 'string') return rule.includes(value as string);
  if (rule === 'bytes or null') return value === null || isBytes(value);
  return rule === 'bytes' ? isBytes(value) : isCount(value, MOST[rule]);
}
const wanted = (rule: Rule): string =>
  typeof rule !== 'string'
    ? `one of ${rule.join(', ')}`
    : rule.startsWith('bytes')
      ? `an array of ${rule}`
      : `a whole number from 0${rule === 'count' ? '' : ` to ${MOST[rule as 'byte' | 'halfword']}`}`;

/** Where a device takes downloads. */
export interface DfuPlace {
  /** Empty: not known. */
  readonly memory: readonly DfuSegment[];
  /** It speaks DfuSe; else a download begins at the start of `memory`, whatever its address says. */
  readonly dfuse: boolean;
}
/** A UsageError that names the command and the field. */
export function checkCommands(commands: unknown, place: DfuPlace): void {
  if (!Array.isArray(commands)) throw new UsageError('the commands are no array', 'give [{ do: … }, …]');
  commands.forEach((command: unknown, i) => checkCommand(command, `commands[${i}]`, place));
}
function checkCommand(command: unknown, name: string, { memory, dfuse }: DfuPlace): void {
  const given = (typeof command === 'object' && command !== null ? command : {}) as Readonly<Record<string, unknown>>;
  const known = Object.keys(FIELDS);
  const word = String(given['do']);
  if (!Object.hasOwn(FIELDS, word))
    throw new UsageError(`${name}.do is ${word}`, didYouMean(word, known) ?? `known here: ${known.join(', ')}`);
  const fields = FIELDS[word as DfuCommand['do']];
  for (const [key, rule] of Object.entries(fields))
    if (!obeys(given[key], rule) && !(given[key] === undefined && OPTIONAL.has(`${word}.${key}`)))
      throw new UsageError(`${name}.${key} is ${shown(given[key])}`, `give ${wanted(rule)}`);
  const unknown = Object.keys(given).find((key) => key !== 'do' && !Object.hasOwn(fields, key));
  if (unknown !== undefined) throw new UsageError(`unknown key ${name}.${unknown}`, `known here: do, ${Object.keys(fields).join(', ')}`);
  if (word === 'download' && dfuse) checkPlace(given as { address: number; length: number }, name, memory);
}
/** A download erases the sectors that it writes to. */
function checkPlace({ address, length }: { address: number; length: number }, name: string, layout: readonly DfuSegment[]): void {
  const inMemory = (at: number): boolean => segmentAt(layout, at) !== undefined;
  if (inMemory(address) && inMemory(address + Math.max(length, 1) - 1)) return;
  throw new UsageError(
    `${name}: the device names no memory at 0x${address.toString(16)} + ${length}`,
    'an address that it should refuse is sent by { do: "request" }',
  );
}
