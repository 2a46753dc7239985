/**
 * Initialised variables and functions that no start-up code has copied from flash to RAM, where the run hangs on one: the run is repeated with each read of such a
 * word answered by its start value, and with the functions there from power-on.
 */
import { PAGE_BITS, WORD_MAP } from '../../emu/arena.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { copiedAt, sectionAt, type ImageChunk } from '../../image/image.ts';
import { UNCOPIED, type Note } from '../documents/note-facts.ts';
import { hex32, type Outcome } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { runByStops } from '../slice/window.ts';
import { addressText, place } from '../slice/words.ts';
import { runFrom, type Attempt } from './attempt.ts';

/** Effort: words that are tried one by one for the one that decides. */
const MOST_SINGLE = 8;

/** The first read of a word that should have been copied. */
interface Read {
  readonly address: number;
  readonly pc: number;
  /** What was in RAM. */
  readonly found: number;
}

/** Notes about the variable or the function that the run hangs on; none where all were copied, or where it makes no difference. Leaves the session anywhere. */
export function uncopiedNotes(s: Session, powerOn: Checkpoint, finished: Checkpoint, outcome: Outcome): Note[] {
  s.restore(finished);
  const words = unwrittenWords(s);
  if (words.size === 0) return [];
  const variables = s.machine.uninitialisedReads() > 0 ? uncopiedVariable(s, powerOn, words, outcome) : [];
  return variables.length > 0 ? variables : uncopiedCode(s, powerOn, finished, words, outcome);
}
function uncopiedVariable(s: Session, powerOn: Checkpoint, words: ReadonlySet<number>, outcome: Outcome): Note[] {
  const all = repeated(s, powerOn, words);
  if (all.reads.length === 0 || !isOther(all.run, outcome)) return [];
  const single = all.reads.length === 1 ? all.reads[0] : all.reads.slice(0, MOST_SINGLE).find((r) => decides(s, powerOn, r, all.run));
  return toldOfReads(s, single ?? all.reads[0]!, single === undefined ? all.reads.length : 1, all.run);
}
/** It gets further: to its goal, into the ROM, or past what held it. */
export const isOther = (run: Attempt, outcome: Outcome): boolean =>
  run.reached || (run.outcome !== outcome && (run.entries > 0 || run.outcome === 'no-jump'));
function decides(s: Session, powerOn: Checkpoint, { address }: Read, all: Attempt): boolean {
  const { run } = repeated(s, powerOn, new Set([address]));
  return run.outcome === all.outcome && run.reached === all.reached;
}

/**
 * Words of RAM that an image has start values for: those of each stretch of which nothing has written some. What was copied is written as a whole; what has no place
 * in flash may have been copied from itself.
 */
function unwrittenWords(s: Session): Set<number> {
  const words = new Set<number>();
  for (const { copied } of s.input.images)
    for (const { from, ...chunk } of copied) {
      const all = wordsInRam(s, chunk);
      if (from === null || all.some((at) => isUnwritten(s, at))) for (const at of all) words.add(at);
    }
  return words;
}
/** Of a stretch that is copied. */
export function wordsInRam(s: Session, { address, data }: ImageChunk): number[] {
  const count = address % 4 === 0 ? Math.min(data.length, roomInRam(s, address)) >>> 2 : 0;
  return Array.from({ length: count }, (_, i) => address + 4 * i);
}
export const pagesOf = (words: Iterable<number>): Set<number> => new Set([...words].map((address) => address >>> PAGE_BITS));
/** Bytes from an address to the end of its RAM: an image may claim more. */
function roomInRam({ machine: { system } }: Session, address: number): number {
  const region = system.regionAt(address);
  return region?.memory?.row.kind === 'ram' ? region.base + region.memory.row.size - address : 0;
}
function isUnwritten({ machine: { system } }: Session, address: number): boolean {
  const region = system.regionAt(address);
  if (region?.memory?.row.kind !== 'ram') return false;
  const host = region.memory.host + (address - region.base);
  return system.arena.u8[WORD_MAP + (host >>> 2)] !== WRITTEN;
}
/** Of the map of words: 0 = never written, 2 = read before it was. */
const WRITTEN = 1;

/** The run with the start values of these words in RAM, as start-up code would have left them behind each reset. */
function repeated(s: Session, powerOn: Checkpoint, words: ReadonlySet<number>): { readonly run: Attempt; readonly reads: readonly Read[] } {
  const reads = new Map<number, Read>();
  const stored = new Set<number>();
  let resets = 0;
  const isLeft = (core: Core, word: number): boolean => {
    const now = s.machine.history.resets.length;
    if (now !== resets) stored.clear();
    resets = now;
    return core.zone === 'user' && words.has(word) && !stored.has(word);
  };
  const answer = (core: Core, address: number, size: number): number | null => {
    const word = (address & ~3) >>> 0;
    if (core.hardwareAccess || (address & 3) + size > 4 || !isLeft(core, word)) return null;
    const start = copiedAt(s.input.images, word)!.value;
    const found = (core.peek(word, 4) ?? 0) >>> 0;
    if (found !== start && !reads.has(word)) reads.set(word, { address: word, pc: core.pc, found });
    const shifted = start >>> (8 * (address & 3));
    return size === 4 ? shifted : (shifted & ((1 << (8 * size)) - 1)) >>> 0;
  };
  const watch: Interceptor = {
    pages: pagesOf(words),
    read: answer,
    write: (core, address, _size, value) => {
      const word = (address & ~3) >>> 0;
      if (isLeft(core, word)) stored.add(word);
      return value;
    },
  };
  return { run: runFrom(s, powerOn, watch), reads: [...reads.values()] };
}

/** Of code, which no watch of reads sees: the run goes on with all of it in RAM, from where the first such function is called. */
function uncopiedCode(s: Session, powerOn: Checkpoint, finished: Checkpoint, words: ReadonlySet<number>, outcome: Outcome): Note[] {
  const { machine } = s;
  const core = machine.bootCore;
  const functions = s.input.images
    .flatMap(({ symbols }) => symbols.all.filter((f) => f.kind === 'function' && words.has(wordOf(f.address))))
    .slice(0, MOST_FUNCTIONS);
  if (functions.length === 0 || !toFirstMissing(s, powerOn, finished.system.now, new Set(functions.map(({ address }) => address))))
    return [];
  const address = wordOf(core.pc);
  const calls = `${place(s, (core.arm.lr & ~1) - CALL_BYTES)} calls ${place(s, core.pc)}`;
  const found = `${hex32(address)} is ${hex32(core.peek(address, 4)! >>> 0)} there and should be ${hex32(startOf(s, address))}`;
  for (const { address: at, size } of functions)
    for (let word = wordOf(at); word < at + Math.max(size, 2); word += 4)
      if (words.has(word))
        machine.replace(
          word,
          Uint8Array.from([0, 8, 16, 24], (shift) => startOf(s, word) >>> shift),
        );
  const run = runFrom(s, s.save(), { pages: new Set() });
  if (!isOther(run, outcome)) return [];
  return told(s, address, `${calls}, and ${found}`, 'the code', `with this code in RAM, the same run ${goalOf(run)}`);
}
const wordOf = (address: number): number => (address & ~3) >>> 0;
const startOf = (s: Session, word: number): number => copiedAt(s.input.images, word)!.value;
/** To where one of these functions is entered and is not there; false: none is. A program before it may have used the same RAM. */
function toFirstMissing(s: Session, powerOn: Checkpoint, end: Ps, starts: ReadonlySet<number>): boolean {
  const core = s.machine.bootCore;
  s.keepCheckpoints = false;
  s.restore(powerOn);
  return runByStops(s, [...starts], end, (pc) => core.peek(wordOf(pc), 4)! >>> 0 !== startOf(s, wordOf(pc)));
}
/** Effort: functions in RAM that are looked for. */
const MOST_FUNCTIONS = 200;
/** From a BL to where it returns to; a BLX is half as long, and its line the same. */
const CALL_BYTES = 2;

function toldOfReads(s: Session, { address, pc, found }: Read, count: number, run: Attempt): Note[] {
  const others = count > 1 ? `; ${count - 1} more such ${count === 2 ? 'word was' : 'words were'} read` : '';
  const reads = `${place(s, pc)} reads ${addressText(s, address, pc)}, which is ${hex32(found)} there and should be ${hex32(startOf(s, address))}${others}`;
  const proof = `with ${count > 1 ? 'the start values' : 'this start value'} in RAM, the same run ${goalOf(run)}`;
  return told(s, address, reads, 'the start value', proof);
}
export function goalOf(run: Attempt): string {
  if (!run.reached) return `ends otherwise (${run.outcome})`;
  return run.outcome === 'dfu' ? 'reaches DFU' : 'reaches its goal';
}
/**
 * @param shows how it shows that this word is not there
 * @param what is in flash instead
 */
function told(s: Session, address: number, shows: string, what: string, proof: string): Note[] {
  const { from } = copiedAt(s.input.images, address)!;
  const section = sectionAt(s.input.images, address) ?? 'it';
  const why =
    from === null
      ? [
          `${section} is in RAM only, where nothing puts it at power-on: ${shows}`,
          `the file has no load address in flash for ${section}: a debugger writes it to RAM, a board after power-on has nothing there. In the linker script: ${section} : { … } > RAM AT> FLASH; Reset_Handler copies it`,
        ]
      : [
          `the start-up code did not copy ${section} to RAM: ${shows}`,
          `${what} is in flash at ${hex32(from)}, and nothing wrote it to ${hex32(address)}: Reset_Handler must copy ${section} before main() runs`,
        ];
  return [...why, proof].map((text) => ({ kind: UNCOPIED, text }));
}
