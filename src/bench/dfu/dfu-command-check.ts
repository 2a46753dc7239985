/** Commands of a property case that somebody wrote by hand: a word that is not known, or a number that is missing, is the writer's mistake and no finding about the device. */
import { segmentAt, type DfuSegment } from '../../usb-sim/descriptors.ts';
import * as unchecked from './dfu-command.ts';
import type { DfuCommand } from './dfu-command.ts';
import { didYouMean, shown, UsageError } from '../documents/usage-error.ts';

type Rule = keyof typeof MOST | 'bytes' | 'bytes or null' | readonly string[];
/** Fields that may be left out. */
const OPTIONAL: ReadonlySet<string> = new Set(['breakOff.data']);
const COUNT: Rule = 'count';
const KINDS = ['packet', 'handshake', 'token', 'timeout'] as const;
const FIELDS: Readonly<Record<DfuCommand['do'], Readonly<Record<string, Rule>>>> = {
  request: { request: 'byte', value: 'halfword', data: 'bytes or null', length: 'halfword' },
  standard: { type: 'byte', request: 'byte', value: 'halfword', index: 'halfword', length: 'halfword' },
  settle: {},
  download: { address: COUNT, length: 'length', seed: COUNT },
  upload: { address: COUNT, length: 'length' },
  breakOff: { block: 'halfword', length: 'halfword', data: 'bytes or null' },
  wait: { us: 'us' },
  busReset: {},
  busError: { kind: KINDS, after: COUNT },
  babble: { block: 'halfword', data: 'bytes or null', length: 'halfword' },
  pull: { bit: COUNT, after: COUNT, ms: 'ms' },
  unplug: { ms: 'ms' },
  suspend: { ms: 'ms' },
  nrst: { ms: 'ms' },
  powerCut: { value: 'halfword', data: 'bytes', afterUs: 'us', ms: 'ms' },
};
/** Seconds of virtual time that all commands of a case may ask for together: an hour takes seconds of real time, and is counted in whole picoseconds. */
const MOST_SECONDS = 3600;
/** Of `length`: no STM32 has so much memory. */
const MOST_BYTES = 16 << 20;
const MOST = {
  byte: 0xff,
  halfword: 0xffff,
  length: MOST_BYTES,
  us: MOST_SECONDS * 1e6,
  ms: MOST_SECONDS * 1e3,
  count: Number.MAX_SAFE_INTEGER,
} as const;
const isCount = (value: unknown, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
/** Of a control transfer: wLength has 16 bits. */
function isBytes(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > MOST.halfword) return false;
  // `every` skips the holes of an array
  for (const b of value as unknown[]) if (!isCount(b, MOST.byte)) return false;
  return true;
}

function obeys(value: unknown, rule: Rule): boolean {
  if (typeof rule !== 'string') return rule.includes(value as string);
  if (rule === 'bytes or null') return value === null || isBytes(value);
  return rule === 'bytes' ? isBytes(value) : isCount(value, MOST[rule]);
}
const wanted = (rule: Rule): string =>
  typeof rule !== 'string'
    ? `one of ${rule.join(', ')}`
    : rule.startsWith('bytes')
      ? `an array of ${rule}, at most ${MOST.halfword}`
      : `a whole number from 0${rule === 'count' ? '' : ` to ${MOST[rule as keyof typeof MOST]}`}`;

/** Where a device takes downloads. */
export interface DfuPlace {
  /** Empty: not known. */
  readonly memory: readonly DfuSegment[];
  /** It speaks DfuSe; else a download begins at the start of `memory`, whatever its address says. */
  readonly dfuse: boolean;
}
/** A UsageError that names the command and the field. */
export function checkCommands(commands: unknown, place: DfuPlace): void {
  checkForm(commands);
  if (place.dfuse)
    commands.forEach((command, i) => {
      if (command.do === 'download') checkPlace(command, `commands[${i}]`, place.memory);
    });
}
/** One takes milliseconds, and whoever waits for them cannot be told to stop. */
const MOST_COMMANDS = 10_000;
/** Without a device. */
function checkForm(commands: unknown): asserts commands is DfuCommand[] {
  if (!Array.isArray(commands)) throw new UsageError(`the commands are no array: ${shown(commands)}`, 'give [{ do: … }, …]');
  if (commands.length > MOST_COMMANDS) throw new UsageError(`${commands.length} commands are given`, `a case may have ${MOST_COMMANDS}`);
  // `forEach` skips the holes of an array
  for (const [i, command] of (commands as unknown[]).entries()) checkCommand(command, `commands[${i}]`);
  const seconds = (commands as DfuCommand[]).reduce((sum, command) => sum + secondsOf(command), 0);
  if (seconds > MOST_SECONDS)
    throw new UsageError(`the commands take ${seconds} s of virtual time together`, `a case may take ${MOST_SECONDS} s`);
}
function checkCommand(command: unknown, name: string): void {
  const given = (typeof command === 'object' && command !== null ? command : {}) as Readonly<Record<string, unknown>>;
  const known = Object.keys(FIELDS);
  const word = given['do'];
  if (typeof word !== 'string' || !Object.hasOwn(FIELDS, word))
    throw new UsageError(
      `${name}.do is ${typeof word === 'string' && word.length <= LONGEST_WORD ? word : shown(word)}`,
      (typeof word === 'string' ? didYouMean(word, known) : null) ?? `known here: ${known.join(', ')}`,
    );
  const fields = FIELDS[word as DfuCommand['do']];
  for (const [key, rule] of Object.entries(fields))
    if (!obeys(given[key], rule) && !(given[key] === undefined && OPTIONAL.has(`${word}.${key}`)))
      throw new UsageError(`${name}.${key} is ${shown(given[key])}`, `give ${wanted(rule)}`);
  const unknown = Object.keys(given).find((key) => key !== 'do' && !Object.hasOwn(fields, key));
  if (unknown !== undefined)
    throw new UsageError(
      `unknown key ${name}.${unknown.length <= LONGEST_WORD ? unknown : shown(unknown)}`,
      `known here: do, ${Object.keys(fields).join(', ')}`,
    );
}
const LONGEST_WORD = 40;
function secondsOf(command: DfuCommand): number {
  const { us = 0, afterUs = 0, ms = 0 } = command as { readonly us?: number; readonly afterUs?: number; readonly ms?: number };
  return (us + afterUs) / 1e6 + ms / 1e3;
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

/** One line for a person. */
export const describeCommand = (command: DfuCommand): string => {
  checkForm([command]);
  return unchecked.describeCommand(command);
};
/**
 * A script for people: numbered lines.
 * @param answers what the device answered to each command; left out where it is not known
 */
export const describeCommands = (commands: readonly DfuCommand[], answers: readonly string[] = []): string => {
  checkForm(commands);
  return unchecked.describeCommands(commands, answers);
};
/** Data of a download: no two neighbouring blocks alike. */
export const patternBytes = (length: number, seed: number): Uint8Array => {
  for (const [name, value, most] of [
    ['length', length, MOST_BYTES],
    ['seed', seed, MOST.count],
  ] as const)
    if (!isCount(value, most)) throw new UsageError(`${name} is ${shown(value)}`, `give a whole number from 0 to ${most}`);
  return unchecked.patternBytes(length, seed);
};
