/** What AN3155 asks of a device on a USART, requirement by requirement; flash is read from the chip itself. */
import type { Finding } from '../../usb-sim/conform/requirement.ts';
import { fail, must, notApplicable, PASS } from '../../usb-sim/conform/requirement.ts';
import { ACK, ACK_MS, address, addressOf, CODE, command, count, data, NACK, pages, SYNC, WRITE_MS, type Say } from './an3155.ts';
import type { SerialTarget } from './serial-target.ts';

/** A stretch of flash that one page number of Erase names. */
export interface Page {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}
export interface SerialFacts {
  /** Commands that Get lists. */
  readonly commands: readonly number[];
  /** As Get tells it: 0x31 is 3.1. */
  readonly version: number;
  /** Two pages that may be lost, side by side; none: nothing is known to be erasable. */
  readonly pages: readonly Page[];
  /** Longer than the flash takes to be erased, milliseconds. */
  readonly eraseMs: number;
  /** The program that serves does not lie in flash: all of it may be erased. */
  readonly expendable: boolean;
}
export interface SerialRequirement {
  readonly id: string;
  readonly title: string;
  readonly paragraph: string;
  /** The target is fresh: the first byte was acknowledged. */
  check(t: SerialTarget, facts: SerialFacts): Finding;
}

/** No part has memory here. */
const NOWHERE = 0x60000000;
const named = (id: string, observed: string): Finding => ({ verdict: 'dialect', observed, dialect: id, name: id });
const bytesText = (bytes: readonly number[]): string =>
  bytes.length === 0 ? 'nothing' : bytes.map((b) => b.toString(16).padStart(2, '0')).join(' ');
const is = (heard: readonly number[], ...want: number[]): boolean => heard.length === want.length && heard.every((b, i) => b === want[i]);
const pattern = (length: number, seed: number): number[] => Array.from({ length }, (_, i) => (i * 37 + seed * 11 + 1) & 0xff);
const differs = (got: Uint8Array, want: ArrayLike<number>, at: number): string | null => {
  const i = Array.from(want).findIndex((b, k) => got[k] !== b);
  return i < 0 ? null : `flash at 0x${(at + i).toString(16)} holds 0x${got[i]!.toString(16)}, not 0x${want[i]!.toString(16)}`;
};

/** The command loop still answers. */
function alive(t: SerialTarget): Finding {
  const heard = t.say('Get Version', command(CODE.GET_VERSION));
  return must(heard.length === 5 && heard[0] === ACK && heard[4] === ACK, `behind it Get Version is answered with ${bytesText(heard)}`);
}
/** NACK, and the command loop goes on. */
function refused(t: SerialTarget, heard: readonly number[]): Finding {
  if (heard.length > 1 && heard.every((b) => b === NACK)) return named('nack-twice', `${heard.length} times NACK`);
  return is(heard, NACK) ? alive(t) : fail(`${bytesText(heard)}; asked for: 1f`);
}
/** What was found, if this holds, too. */
const mustToo = (found: Finding, holds: boolean, observed: string): Finding => (holds ? found : fail(observed));
/** Says each; all but the last have to be acknowledged. A text is which is not. */
function until(t: SerialTarget, says: readonly (readonly [string, Say])[]): readonly number[] | string {
  let heard: readonly number[] = [];
  for (const [i, [what, say]] of says.entries()) {
    heard = t.say(what, say);
    if (i < says.length - 1 && !is(heard, ACK)) return `${what}: ${bytesText(heard)}; asked for: 79`;
  }
  return heard;
}
/** Says each, and all have to be acknowledged; a text is which is not. */
function acknowledged(t: SerialTarget, says: readonly (readonly [string, Say])[]): string | null {
  const heard = until(t, says);
  if (typeof heard === 'string') return heard;
  return is(heard, ACK) ? null : `${bytesText(heard)}; asked for: 79`;
}
const read = (at: number, n: number): (readonly [string, Say])[] => [
  ['Read Memory', command(CODE.READ)],
  [`address 0x${at.toString(16)}`, address(at)],
  [`${n} bytes`, count(n)],
];
const write = (at: number, bytes: readonly number[]): (readonly [string, Say])[] => [
  ['Write Memory', command(CODE.WRITE)],
  [`address 0x${at.toString(16)}`, address(at)],
  [`${bytes.length} bytes`, data(bytes)],
];
const isExtended = ({ commands }: SerialFacts): boolean => commands.includes(CODE.EXTENDED_ERASE);
const eraseCode = (facts: SerialFacts): Say => command(isExtended(facts) ? CODE.EXTENDED_ERASE : CODE.ERASE);
const erase = (facts: SerialFacts, numbers: readonly number[]): (readonly [string, Say])[] => [
  [isExtended(facts) ? 'Extended Erase' : 'Erase', eraseCode(facts)],
  [`pages ${numbers.join(', ')}`, pages(numbers, isExtended(facts), facts.eraseMs)],
];
/** Longer than a block, whatever a page is. */
const STRETCH = 1024;
/** Where blocks may be written: erased flash. A text is why not. */
function blank(t: SerialTarget, facts: SerialFacts): { readonly start: number; readonly end: number } | string {
  const [page] = facts.pages;
  if (!page) return 'no page is known that may be erased';
  const end = Math.max(page.end, page.start + STRETCH);
  t.put(page.start, new Uint8Array(end - page.start).fill(t.erased));
  return { start: page.start, end };
}
/** An address that cannot be used: NACK behind it. ST's own ROMs acknowledge it first (F051) or go silent (F103). */
function refusesAddress(t: SerialTarget, code: number, name: string, next: Say): Finding {
  const heard = until(t, [
    [name, command(code)],
    [`address 0x${NOWHERE.toString(16)}`, address(NOWHERE, code === CODE.GO ? 20 : ACK_MS)],
  ]);
  if (typeof heard === 'string') return fail(heard);
  if (is(heard, NACK)) return alive(t);
  if (is(heard, ACK, NACK)) return named('late-nack', 'the address is acknowledged, then NACK');
  if (!is(heard, ACK)) return fail(`${bytesText(heard)}; asked for: 1f`);
  if (code === CODE.GO) return fail('the address is acknowledged');
  const then = t.say('data', next);
  // a device that is back in its command loop takes the data for commands
  const nacks = then.length > 0 && then.every((b) => b === NACK);
  return nacks ? named('late-nack', 'the address is acknowledged, then NACK') : fail('the address is acknowledged, and no NACK comes');
}

const ASKING: readonly SerialRequirement[] = [
  {
    id: 'uart.get',
    title: 'Get gives the count, the version, and the commands, Get, Read, Go, Write and one Erase among them',
    paragraph: 'AN3155 §3.1',
    check: (t) => {
      const heard = t.say('Get', command(CODE.GET));
      const [ack, n = 0, , ...rest] = heard;
      if (ack !== ACK || heard.at(-1) !== ACK || heard.length !== n + 4) return fail(`${heard.length} bytes: ${bytesText(heard)}`);
      const commands = rest.slice(0, n);
      const lacks = [CODE.GET, CODE.GET_VERSION, CODE.GET_ID, CODE.READ, CODE.GO, CODE.WRITE].find((c) => !commands.includes(c));
      if (lacks !== undefined) return fail(`0x${lacks.toString(16).padStart(2, '0')} is not listed`);
      return must(
        commands.includes(CODE.ERASE) !== commands.includes(CODE.EXTENDED_ERASE),
        'it lists no Erase, or both (AN3155 §3.7, §3.8)',
      );
    },
  },
  {
    id: 'uart.get-version',
    title: 'Get Version gives the version that Get gives, and two option bytes',
    paragraph: 'AN3155 §3.2',
    check: (t, { version }) => {
      const heard = t.say('Get Version', command(CODE.GET_VERSION));
      return must(heard.length === 5 && heard[0] === ACK && heard[4] === ACK && heard[1] === version, bytesText(heard));
    },
  },
  {
    id: 'uart.get-id',
    title: 'Get ID gives a product ID of two bytes',
    paragraph: 'AN3155 §3.3',
    check: (t) => {
      const heard = t.say('Get ID', command(CODE.GET_ID));
      return must(heard.length === 5 && heard[0] === ACK && heard[1] === 1 && heard[4] === ACK, bytesText(heard));
    },
  },
  {
    id: 'uart.listed',
    title: 'each command that Get lists is acknowledged',
    paragraph: 'AN3155 §3.1, §3',
    check: (t, { commands }) => {
      // Write Unprotect and the protections begin their work at once
      for (const code of commands.filter((c) => c < 0x60)) {
        t.fresh();
        const heard = t.say('command', command(code));
        if (heard[0] !== ACK) return fail(`0x${code.toString(16).padStart(2, '0')}: ${bytesText(heard)}`);
      }
      return PASS;
    },
  },
  {
    id: 'uart.unknown-command',
    title: 'a command that Get does not list is a NACK, and the next one is answered',
    paragraph: 'AN3155 §3',
    check: (t, { commands }) => {
      for (let code = 0; code < 256; code++) {
        if (commands.includes(code) || code === SYNC) continue;
        const heard = t.say('unknown command', command(code));
        if (!is(heard, NACK)) return fail(`0x${code.toString(16).padStart(2, '0')}: ${bytesText(heard)}; asked for: 1f`);
      }
      return alive(t);
    },
  },
  {
    id: 'uart.complement',
    title: 'a command whose second byte is not its complement is a NACK',
    paragraph: 'AN3155 §2',
    check: (t) => refused(t, t.say('Get ID, wrong complement', { bytes: [CODE.GET_ID, CODE.GET_ID] })),
  },
];

const READING: readonly SerialRequirement[] = [
  {
    id: 'uart.read',
    title: 'Read Memory of 1 to 256 bytes gives what flash holds, behind an ACK',
    paragraph: 'AN3155 §3.4',
    check: (t) => {
      for (const n of [1, 4, 255, 256]) {
        const at = t.flash.start + n;
        const heard = until(t, read(at, n));
        if (typeof heard === 'string') return fail(heard);
        if (heard[0] !== ACK || heard.length !== n + 1) return fail(`${n} bytes: ${heard.length} came`);
        const wrong = differs(Uint8Array.from(heard.slice(1)), t.read(at, n), at);
        if (wrong !== null) return fail(`${n} bytes: other bytes than flash holds`);
      }
      return alive(t);
    },
  },
  {
    id: 'uart.read-outside',
    title: 'Read Memory of an address without memory is refused',
    paragraph: 'AN3155 §3.4',
    check: (t) => refusesAddress(t, CODE.READ, 'Read Memory', count(4)),
  },
  {
    id: 'uart.address-checksum',
    title: 'an address with a wrong checksum is a NACK',
    paragraph: 'AN3155 §3.4, §3.6',
    check: (t) => {
      for (const code of [CODE.READ, CODE.WRITE, CODE.GO]) {
        t.fresh();
        const heard = until(t, [
          ['command', command(code)],
          ['address, wrong checksum', { bytes: [...addressOf(t.flash.start), 0x55] }],
        ]);
        if (typeof heard === 'string') return fail(heard);
        const found = refused(t, heard);
        if (found.verdict !== 'pass') return { ...found, observed: `0x${code.toString(16)}: ${found.observed}` };
      }
      return PASS;
    },
  },
  {
    id: 'uart.count-complement',
    title: 'a count whose second byte is not its complement is a NACK',
    paragraph: 'AN3155 §3.4',
    check: (t) => {
      const [code, at] = read(t.flash.start, 4);
      const heard = until(t, [code!, at!, ['count, wrong complement', { bytes: [3, 3] }]]);
      return typeof heard === 'string' ? fail(heard) : refused(t, heard);
    },
  },
];

const WRITING: readonly SerialRequirement[] = [
  {
    id: 'uart.write',
    title: 'Write Memory puts the bytes where they belong, and nothing beside them',
    paragraph: 'AN3155 §3.6',
    check: (t, facts) => {
      const page = blank(t, facts);
      if (typeof page === 'string') return notApplicable(page);
      for (const [n, at] of [
        [8, page.start],
        [256, page.start + 256],
        [32, page.end - 32],
      ] as const) {
        const bytes = pattern(n, n);
        const before = t.read(page.start, page.end - page.start);
        const heard = until(t, write(at, bytes));
        if (typeof heard === 'string') return fail(heard);
        if (!is(heard, ACK)) return fail(`${n} bytes: ${bytesText(heard)}; asked for: 79`);
        before.set(bytes, at - page.start);
        const wrong = differs(t.read(page.start, before.length), before, page.start);
        if (wrong !== null) return fail(wrong);
      }
      return PASS;
    },
  },
  {
    id: 'uart.write-checksum',
    title: 'data with a wrong checksum is a NACK, and nothing is written',
    paragraph: 'AN3155 §3.6',
    check: (t, facts) => {
      const page = blank(t, facts);
      if (typeof page === 'string') return notApplicable(page);
      const [code, at] = write(page.start, []);
      const heard = until(t, [code!, at!, ['data, wrong checksum', { bytes: [3, 1, 2, 3, 4, 0x55], ms: WRITE_MS }]]);
      if (typeof heard === 'string') return fail(heard);
      const found = refused(t, heard);
      if (found.verdict === 'fail') return found;
      return must(
        t.read(page.start, 8).every((b) => b === t.erased),
        'flash was written all the same',
      );
    },
  },
  {
    id: 'uart.write-outside',
    title: 'Write Memory to an address without memory is refused',
    paragraph: 'AN3155 §3.6',
    check: (t) => refusesAddress(t, CODE.WRITE, 'Write Memory', data([1, 2, 3, 4])),
  },
  {
    id: 'uart.write-again',
    title: 'a write that flash does not take is not acknowledged',
    paragraph: 'AN3155 §3.6',
    check: (t, facts) => {
      const page = blank(t, facts);
      if (typeof page === 'string') return notApplicable(page);
      const [first, second] = [pattern(8, 1), pattern(8, 1).map((b) => b ^ 0xff)];
      if (!is(until(t, write(page.start, first)) as readonly number[], ACK)) return notApplicable('the first write is refused');
      const heard = until(t, write(page.start, second));
      if (typeof heard === 'string') return fail(heard);
      if (!is(heard, ACK)) return PASS;
      const taken = differs(t.read(page.start, 8), second, page.start) === null;
      return taken ? PASS : named('not-verified', 'words that are programmed already: ACK, and flash does not hold what was sent');
    },
  },
];

const ERASING: readonly SerialRequirement[] = [
  {
    id: 'uart.erase',
    title: 'Erase of two pages erases them whole, and nothing beside them',
    paragraph: 'AN3155 §3.7, §3.8',
    check: (t, facts) => {
      const [first, second] = facts.pages;
      if (!first || !second) return notApplicable('no two pages are known that may be erased');
      const { start, end } = t.flash;
      const before = t.read(start, end - start);
      const refusal = acknowledged(t, erase(facts, [second.number, first.number]));
      if (refusal !== null) return fail(refusal);
      for (const { start: from, end: to } of [first, second]) before.fill(t.erased, from - start, to - start);
      const wrong = differs(t.read(start, before.length), before, start);
      return wrong === null ? PASS : fail(wrong);
    },
  },
  {
    id: 'uart.erase-checksum',
    title: 'Erase with a wrong checksum is a NACK, and nothing is erased',
    paragraph: 'AN3155 §3.7, §3.8',
    check: (t, facts) => {
      const [page] = facts.pages;
      if (!page) return notApplicable('no page is known that may be erased');
      const before = t.read(page.start, 64);
      const { bytes, ms } = pages([page.number], isExtended(facts), facts.eraseMs);
      const heard = until(t, [
        ['Erase', eraseCode(facts)],
        ['page, wrong checksum', { bytes: [...bytes.slice(0, -1), bytes.at(-1)! ^ 0x10], ...(ms === undefined ? {} : { ms }) }],
      ]);
      if (typeof heard === 'string') return fail(heard);
      const found = refused(t, heard);
      if (found.verdict === 'fail') return found;
      return mustToo(found, differs(t.read(page.start, 64), before, page.start) === null, 'the page was erased all the same');
    },
  },
  {
    id: 'uart.erase-all',
    title: 'a mass erase erases all of flash',
    paragraph: 'AN3155 §3.7, §3.8',
    check: (t, facts) => {
      if (!facts.expendable) return notApplicable('the program that serves lies in flash');
      const refusal = acknowledged(t, [
        ['Erase', eraseCode(facts)],
        ['all', { bytes: isExtended(facts) ? [0xff, 0xff, 0x00] : [0xff, 0x00], ms: facts.eraseMs }],
      ]);
      if (refusal !== null) return fail(refusal);
      const { start, end } = t.flash;
      const at = t.read(start, end - start).findIndex((b) => b !== t.erased);
      return at < 0 ? PASS : fail(`flash at 0x${(start + at).toString(16)} is not erased`);
    },
  },
];

/** Two words, then `b .`. */
const program = (at: number): Uint8Array => new Uint8Array(Uint32Array.of(0x20001000, (at + 8) | 1, 0xe7fee7fe, 0xe7fee7fe).buffer);
const GOING: readonly SerialRequirement[] = [
  {
    id: 'uart.go',
    title: 'Go starts the program at the address: its second word is where it begins',
    paragraph: 'AN3155 §3.5',
    check: (t, facts) => {
      const page = blank(t, facts);
      if (typeof page === 'string') return notApplicable(page);
      t.put(page.start, program(page.start));
      const refusal = acknowledged(t, [
        ['Go', command(CODE.GO)],
        [`address 0x${page.start.toString(16)}`, address(page.start, 20)],
      ]);
      if (refusal !== null) return fail(refusal);
      return must(t.at() === page.start + 8, `the core is at 0x${t.at().toString(16)}`);
    },
  },
  {
    id: 'uart.go-outside',
    title: 'Go to an address without memory is refused',
    paragraph: 'AN3155 §3.5',
    check: (t) => refusesAddress(t, CODE.GO, 'Go', count(4)),
  },
];

export const SERIAL_REQUIREMENTS: readonly SerialRequirement[] = [...ASKING, ...READING, ...WRITING, ...ERASING, ...GOING];
