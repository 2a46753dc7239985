/**
 * Requests that had to live through a reset, found by value flow: which words that outlive a reset user code reads behind it and decides upon, what
 * they are compared with, and who wrote each of them before the reset. The run is repeated with watches for it. No time between write, reset and
 * read matters.
 */
import { atMost, MOST } from '../documents/bounds.ts';
import { isDataEeprom, type MagicWord, type Writer } from '../../checks/check.ts';
import { otherOrder } from '../../checks/word-order.ts';
import { PAGE_BITS, WORD_MAP } from '../../emu/arena.ts';
import type { MemoryRow } from '../../emu/chip.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import type { Place } from '../../emu/proofs/data-flow.ts';
import type { ResetRecord } from '../../emu/history.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Block, Region, System } from '../../emu/system.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import { codePlace, declarationAt, sectionAt, symbolAt, type CodePlace } from '../../image/image.ts';
import { sourceName } from '../../image/source-name.ts';
import { eccRule } from './ecc-loss.ts';
import { scanFunctions } from '../input/code-scan.ts';
import type { Session } from '../session/session.ts';
import { flagsBehind } from './reset-flags-read.ts';
import { grownStack, isOnStack } from './grown-stack.ts';
import { isByStack, wentByStack } from '../session/by-stack.ts';
import { KeptWords } from './kept-words.ts';
import { runTimeStore } from './run-time-store.ts';
import { storedCopy } from './stored-copy.ts';
import { storesOf, type Store } from './stores.ts';
import { place } from './words.ts';
import { homeOf, record, runTo, writerAt, type Step } from './window.ts';

/** How long behind the reset accesses are watched; most requests are read early, and what explains the run ends the search. */
const AFTER = 500 * MS;
const EARLY = 30 * MS;
/** Instructions from the first read of a word on in which decisions are looked for. */
const DECISION_STEPS = 12_000;
const isStore = (found: Store | null | 'too long' | undefined): found is Store => typeof found === 'object' && found !== null;
/** Persistent words that nobody reads: with more of them they are buffers, no request. */
const MOST_UNREAD = 32;
/** A reset that the program did not ask for is traced up to here: the time up to it is run again, three times. */
const LATEST_UNASKED = 3_000 * MS;
/** On the stack only values above this count: smaller ones are there by chance. */
const SMALL = 0xffff;
const ALL_ONES = 0xffffffff;
/** A value that nothing has by chance. */
const isDistinct = (value: number): boolean => value > SMALL && value !== ALL_ONES;
/** The lock of the data EEPROM of L0 and L1. */
const EEPROM_LOCK = 'FLASH.PECR.PELOCK';
/** Words of a stack that were never written between others that were. */
const STACK_GAP = 64;

/** What user code read behind the reset, by address and size of the first read. */
interface Word {
  readonly address: number;
  readonly size: 1 | 2 | 4;
  /** Something had written it before the reset. */
  readonly written: boolean;
  /** As the core saw it before the reset, and what memory held of it then. */
  readonly before: number;
  readonly atReset: number;
  readonly inDirtyLine: boolean;
  overwrittenBy: Writer | null;
  /** The first store behind the first read, as of code that takes the word for something else. */
  rewritten: Writer | null;
  lookedAtBefore: boolean;
  /** … for the stack. */
  readonly onStack: boolean;
  /** It lies in a frame that was open when it was read, and was stored to in an open frame behind the reset. */
  readonly inFrame: boolean;
  /** Of the read that decided, once it is known; until then the first one. */
  read: number;
  reader: Writer;
  readonly readWithoutClock: boolean;
  comparedWith: number | null;
  decision: Writer | null;
}
/** A store to the backup domain before the reset, whether or not it arrived. */
interface BackupStore {
  readonly value: number;
  readonly writer: Writer;
  /** The registers had their bus clock. */
  readonly clocked: boolean;
  /** Data EEPROM without its lock. */
  readonly unlocked: boolean;
}

/** @param soon only what is read within `EARLY` of the reset */
export function traceRequests(s: Session, powerOn: Checkpoint, soon = false): MagicWord[] {
  const { resets } = s.machine.history;
  const index = resetToTrace(resets);
  if (index < 0) return [];
  const reset = resets[index]!;
  // a press that led into the ROM has lost nothing
  if (soon && isPressed(reset)) return [];
  const end = resets[index + 1]?.at ?? reset.at + AFTER;
  const trace = (until: Ps): MagicWord[] => new RequestTrace(s, powerOn, index, reset, Math.min(end, until)).run();
  const early = trace(reset.at + EARLY);
  const enough = soon || isPressed(reset) || end <= reset.at + EARLY || early.some(isLost);
  const all = enough ? early : trace(end);
  // A software reset is asked for. Others happen to a program that keeps all kinds of words: only what it looks for again counts.
  const found = reset.by === 'software' ? all : all.filter((w) => isLookedFor(w) && !(isPressed(reset) && w.lostBefore));
  return found.map((w) => ({
    ...w,
    ...(index === 1 ? {} : { resets: index + 1 }),
    ...heldBack(s, w.address),
    variable: variableAt(s, w.address),
  }));
}

/**
 * The first software reset, else the first by a watchdog, which a program may leave unfed on purpose, else the press of NRST that follows another reset most
 * closely, as the second of two that ask for the bootloader does, else the end of Standby; -1 = none.
 */
export function resetToTrace(resets: readonly ResetRecord[]): number {
  const asked = resets.findIndex((r) => r.by === 'software' && !r.external);
  if (asked >= 0) return asked;
  const bitten = resets.findIndex((r) => (r.by === 'iwdg' || r.by === 'wwdg') && !r.external);
  if (bitten >= 0) return resets[bitten]!.at <= LATEST_UNASKED ? bitten : -1;
  const since = (i: number): Ps => resets[i]!.at - (resets[i - 1]?.at ?? 0);
  const pressed = resets.flatMap((r, i) => (isPressed(r) && r.at <= LATEST_UNASKED ? [i] : []));
  // Standby ends with one, too
  const woken = resets.findIndex((r, i) => i > 0 && r.by === 'power' && !r.external && r.fromPc !== null);
  return pressed.toSorted((a, b) => since(a) - since(b))[0] ?? woken;
}
/** Such a press counts for the words that start-up code takes from it: one that comes when the program has taken its word back asks for nothing. */
const isPressed = ({ by, external }: ResetRecord): boolean => by === 'pin' && external;
const isLookedFor = (w: MagicWord): boolean =>
  w.writer !== null &&
  w.comparedWith !== null &&
  w.comparedWith > SMALL &&
  (w.comparedWith === w.wanted || otherOrder(w.wanted ?? 0, w.comparedWith) !== null);

function heldBack({ input }: Session, address: number): Pick<MagicWord, 'heldBack'> {
  const loss = input.eccLosses?.find((l) => address >= l.address && address < l.address + l.bytes.length);
  return loss === undefined ? {} : { heldBack: { because: eccRule(loss.ram), bytes: loss.bytes.length } };
}

/** Something else stands there now than a value that no flag or counter has. */
const mayBeLost = (w: Word): boolean => w.written && w.before > SMALL && w.overwrittenBy !== null && w.read !== w.before;
/** It is compared with what it had held. */
const isSought = (w: Word): boolean =>
  w.comparedWith !== null && w.comparedWith > SMALL && w.comparedWith === w.before && !isWrittenAnew(w);
/** The program has given it the same value again: a variable of every start, and nothing that was left in it. */
const isWrittenAnew = (w: Word): boolean => w.overwrittenBy !== null && w.read === w.before;
/** It was compared with what it had held, and held that no more. */
export const isLost = (w: MagicWord): boolean =>
  w.copyOf === undefined && w.writer !== null && w.comparedWith !== null && w.comparedWith === w.wanted && w.read !== w.wanted;

function variableAt(s: Session, address: number): NonNullable<MagicWord['variable']> | null {
  const { images } = s.input;
  const found = symbolAt(images, address);
  if (found === null || found.symbol.kind !== 'object' || found.offset >= found.symbol.size) return null;
  const { name, size } = found.symbol;
  const section = sectionAt(images, address);
  return { name: sourceName(name), bytes: size, section, declared: declarationAt(images, address - found.offset) };
}

class RequestTrace {
  private readonly session: Session;
  private readonly powerOn: Checkpoint;
  /** Of the reset in the history. */
  private readonly index: number;
  private readonly resetAt: Ps;
  private readonly pressed: boolean;
  private readonly end: Ps;
  private readonly backup = new Map<number, BackupStore>();
  /** Who took a register of the backup domain away again between its store and the reset: a reset of the domain. */
  private readonly wiped = new Map<number, Writer>();
  private readonly words = new Map<number, Word>();
  /** Last store to a word behind the reset; words that were touched at all. */
  private readonly stored = new Map<number, Writer & { readonly byStack: boolean; readonly inFrame: boolean }>();
  private readonly touched = new Set<number>();
  private stack: Stretch = { low: 0, high: 0 };
  private survivors: ReadonlyMap<number, number> = new Map();
  /** Words that were lost and are given back, with what they held before the reset. */
  private readonly kept = new Map<number, number>();

  constructor(session: Session, powerOn: Checkpoint, index: number, reset: ResetRecord, end: Ps) {
    this.index = index;
    this.session = session;
    this.powerOn = powerOn;
    this.resetAt = reset.at;
    this.pressed = isPressed(reset);
    this.end = end;
  }

  run(): MagicWord[] {
    const behind = this.runToReset();
    if (!behind) return [];
    this.survivors = behind.before.words;
    this.stack = stackOf(this.session, this.survivors);
    for (let round = 1; ; round++) {
      this.session.restore(behind.checkpoint);
      this.watchBehind(behind);
      const [...read] = this.words.values();
      this.findDecisions(behind, this.pressed ? read.filter(mayBeLost) : read);
      if (!this.keepLost()) break;
      if (round === MOST.parts) {
        this.session.input.bounds?.leaveOut(`${MOST.parts} words of a request`);
        break;
      }
    }
    const read = [...this.words.values()];
    const found = this.withWriters(this.telling(read)).map((w) => this.withReasons(behind.checkpoint, w));
    const told = found.some((w) => w.elsewhere !== null || (w.writer !== null && w.comparedWith === w.wanted));
    return told ? found : [...found, ...this.unread(this.survivors)];
  }

  private withReasons(behind: Checkpoint, w: MagicWord): MagicWord {
    const becauseOf = isLost(w) && w.lostBefore === undefined ? flagsBehind(this.session, behind, w) : undefined;
    const by = w.overwrittenBy?.kind === 'cpu' ? { overwriter: place(this.session, w.overwrittenBy.pc) } : {};
    const isOpen = isLost(w) && becauseOf === undefined && w.onStack === undefined && !this.isBackup(w.address);
    const copyOf = isOpen ? storedCopy(this.session, this.powerOn, behind, w) : null;
    const atRunTime = isOpen && copyOf === null ? runTimeStore(this.session, this.powerOn, behind, w) : undefined;
    return {
      ...w,
      ...by,
      ...this.linesOf(w),
      ...(becauseOf === undefined ? {} : { becauseOf }),
      ...(atRunTime === undefined ? {} : { atRunTime }),
      ...(copyOf === null ? {} : { copyOf }),
      ...(this.isOther(w) ? { isOther: true as const } : {}),
    };
  }
  /** What it is compared with is loaded by the code once, for that: no store of it was left out. */
  private isOther({ writer, wanted, read, comparedWith }: MagicWord): boolean {
    if (writer === null || wanted === null || read !== wanted || comparedWith === null || comparedWith === wanted) return false;
    if (!isDistinct(wanted) || !isDistinct(comparedWith) || otherOrder(wanted, comparedWith) !== null) return false;
    const loads = scanFunctions(this.session.input.images).flatMap((f) => f.constants.filter(({ value }) => value === comparedWith));
    return loads.length === 1;
  }

  private linesOf({ onStack, writer, reader }: MagicWord): Pick<MagicWord, 'lines'> {
    const { images } = this.session.input;
    const [wrote, read] = [writer, reader].map((w) => (w === null ? null : codePlace(images, w.pc)));
    if (onStack === undefined || wrote?.file == null || read?.file == null) return {};
    const lineOf = ({ file, line }: CodePlace): string => `${file!.slice(file!.lastIndexOf('/') + 1)}:${line}`;
    return { lines: { writer: lineOf(wrote), reader: lineOf(read) } };
  }

  /** A request of several words is looked at word by word, and no further than to the first that was lost: the next round keeps what the last one missed. */
  private keepLost(): boolean {
    const { words, kept } = this;
    const all = [...words.values()].filter((w) => !kept.has(w.address));
    const lost = all.filter((w) => isSought(w) && w.read !== w.before);
    for (const w of lost) kept.set(w.address, w.before);
    const reordered = all.filter((w) => w.written && w.read === w.before && w.comparedWith !== null && otherOrder(w.read, w.comparedWith));
    for (const w of reordered) kept.set(w.address, w.comparedWith!);
    return lost.length + reordered.length > 0;
  }
  /** What is read of the words that are kept: until they have been read nothing writes over them. */
  private keeping(watch: Interceptor): Interceptor {
    const { kept } = this;
    const words = new KeptWords();
    return {
      ...watch,
      read: (core, address, size) => {
        const seen = watch.read?.(core, address, size) ?? null;
        const value = kept.get(address);
        return value === undefined || core.zone !== 'user' ? seen : (words.read(core, address, value) ?? seen);
      },
      write: (core, address, size, value) => {
        const through = watch.write?.(core, address, size, value) ?? value;
        return kept.has(address) && words.holdsBack(core, address, value) ? null : through;
      },
    };
  }

  /** Words that something is decided by, and their neighbours: a request may have two halves. */
  private telling(read: readonly Word[]): Word[] {
    const decided = read.filter(
      (w) =>
        w.decision !== null &&
        (!this.onStack(w.address) || (w.comparedWith ?? 0) > SMALL) &&
        (this.isBackup(w.address) || !isWrittenAnew(w)),
    );
    const halves = read.filter((w) => w.decision === null && w.size === 4 && decided.some((d) => d.address === (w.address ^ 4) >>> 0));
    return [...decided, ...halves];
  }
  private onStack(address: number): boolean {
    return address >= this.stack.low && address < this.stack.high;
  }

  /** Runs up to the reset with a watch on the backup domain alone; the state right behind it. */
  private runToReset(): { readonly checkpoint: Checkpoint; readonly before: Snapshot } | null {
    const { session } = this;
    const { machine } = session;
    session.keepCheckpoints = false;
    session.restore(this.powerOn);
    const watch: Interceptor = {
      pages: backupPages(session),
      write: (core, address, size, value) => {
        const word = (address & ~3) >>> 0;
        const shift = 8 * (address & 3);
        const mask = size === 4 ? 0xffffffff : ((1 << (8 * size)) - 1) << shift;
        const old = this.backup.get(word)?.value ?? 0;
        const region = machine.system.regionAt(address, core.index);
        const gate = region?.memory?.row.gate?.clock;
        const clocked = region?.block ? machine.system.isClocked(region.block) : gate === undefined || machine.system.isClockOn(gate);
        this.backup.set(word, {
          value: ((old & ~mask) | ((value << shift) & mask)) >>> 0,
          writer: writerAt(core, machine.history.seq),
          clocked,
          unlocked:
            region?.memory !== undefined &&
            region.memory !== null &&
            isDataEeprom(region.memory.row) &&
            machine.fieldValue(EEPROM_LOCK) === 0,
        });
        return value;
      },
    };
    const observer = machine.observer;
    let before: Snapshot | null = null;
    let over = false;
    machine.observer = {
      ...observer,
      beforeReset: () => {
        if (machine.history.resets.length === this.index) {
          before = snapshot(session, this.backup.keys());
          this.noteWiped(before);
        }
        observer.beforeReset?.();
      },
      reset: (by) => {
        observer.reset?.(by);
        if (before !== null) {
          over = true;
          machine.stop();
        }
      },
    };
    const repairs = machine.setRepairs(watch);
    try {
      while (!over && machine.now <= this.resetAt) {
        session.advance(this.resetAt + 1 * MS);
        session.steps.poll();
      }
    } finally {
      machine.setRepairs(repairs);
      machine.observer = observer;
    }
    return before === null ? null : { checkpoint: session.save(), before };
  }

  private noteWiped({ words }: Snapshot): void {
    const { system } = this.session.machine;
    for (const [address, { value, writer }] of this.backup) {
      const block = system.regionAt(address)?.block;
      const changed = block && words.get(address) !== value ? this.changedBy(block, address, writer.at) : null;
      if (changed && changed.pc !== writer.pc) this.wiped.set(address, changed);
    }
  }

  /** Runs on behind the reset with a watch on everything that outlives one. */
  private watchBehind({ before }: { readonly before: Snapshot }): void {
    const { session, touched, words, stored } = this;
    const { machine } = session;
    const watch: Interceptor = {
      pages: keeperPages(session),
      read: (core, address, size) => {
        if (core.zone !== 'user' || core.hardwareAccess || words.has(address)) return null;
        // what comes back from the stack was put there behind the reset
        const w = isByStack(core) ? null : this.readOf(core, address, size as 1 | 2 | 4, before);
        if (w) words.set(address, w);
        touched.add(homeOf(session, (address & ~3) >>> 0));
        return null;
      },
      write: (core, address, _size, value) => {
        const word = homeOf(session, (address & ~3) >>> 0);
        const byStack = isByStack(core);
        stored.set(word, { ...writerAt(core, machine.history.seq), byStack, inFrame: byStack || this.isInFrame(core, address) });
        const read = words.get(word);
        if (read !== undefined && !byStack) read.rewritten ??= writerAt(core, machine.history.seq);
        touched.add(word);
        return value;
      },
    };
    const repairs = machine.setRepairs(this.keeping(watch));
    try {
      runTo(session, this.end);
    } finally {
      machine.setRepairs(repairs);
    }
  }
  /** The first read of an address; null where nothing is that outlives a reset. */
  private readOf(core: Core, address: number, size: 1 | 2 | 4, before: Snapshot): Word | null {
    const { machine } = this.session;
    const word = (address & ~3) >>> 0;
    const region = machine.system.regionAt(address, core.index);
    if (!region || !outlivesReset(region)) return null;
    const part = (value: number): number => (size === 4 ? value : (value >>> (8 * (address & 3))) & ((1 << (8 * size)) - 1)) >>> 0;
    const now = (core.peek(address, size) ?? 0) >>> 0;
    const seen = before.words.get(word);
    const unclocked = isUnclocked(machine.system, region, address);
    const stored = this.stored.get(homeOf(this.session, word));
    return {
      address,
      size,
      written: seen !== undefined,
      before: seen === undefined ? now : part(seen),
      atReset: part(before.memory.get(word) ?? seen ?? now),
      inDirtyLine: before.memory.has(word) && region.block === null,
      overwrittenBy: region.block ? this.changedBy(region.block, address) : (stored ?? null),
      rewritten: null,
      lookedAtBefore: false,
      onStack: region.block === null && stored?.byStack === true,
      inFrame: stored?.inFrame === true && this.isInFrame(core, address),
      read: unclocked ? 0 : now,
      reader: writerAt(core, machine.history.seq),
      readWithoutClock: unclocked,
      comparedWith: null,
      decision: null,
    };
  }
  /** A function that has not returned has it. */
  private isInFrame({ arm }: Core, address: number): boolean {
    return this.onStack(address) && address >= arm.sp >>> 0;
  }
  /** Who changed a register of the backup domain behind the reset, or another time: a store to it, or a reset of the domain. */
  private changedBy(block: Block, address: number, since = this.resetAt): Writer | null {
    const { machine } = this.session;
    const name = machine.system.registerName(block, address);
    const w = name === null ? null : machine.history.lastWriter(`${block.row.name}.${name}`);
    return w && w.at > since ? { pc: w.pc, lr: w.lr, at: w.at, kind: w.kind, core: w.core, seq: w.seq } : null;
  }
  private isBackup(word: number): boolean {
    const region = this.session.machine.system.regionAt(word);
    return region?.block?.row.backup === true || isProtected(region?.memory?.row);
  }

  /** Which of the words a condition hangs on, and what it compares them with: forward slices, each from the first read on of a word that none before has seen. */
  private findDecisions({ checkpoint }: { readonly checkpoint: Checkpoint }, read: readonly Word[]): void {
    const { session } = this;
    const { machine } = session;
    session.restore(checkpoint);
    const pages = new Set([...this.kept.keys()].map((a) => a >>> PAGE_BITS));
    const repairs = machine.setRepairs(pages.size === 0 ? null : this.keeping({ pages }));
    const byAddress = new Map(read.flatMap((w) => Array.from({ length: w.size }, (_, i) => [w.address + i, w] as const)));
    const inOrder = read.toSorted((a, b) => a.reader.at - b.reader.at);
    try {
      for (let i = 0, next = inOrder[0]; next; i++) {
        if (i === MOST.stretches) {
          session.input.bounds?.leaveOut(`${MOST.stretches} stretches of code that may compare a request`);
          break;
        }
        const core = machine.cores[next.reader.core]!;
        runTo(session, Math.max(machine.now, next.reader.at - 1 * US));
        const { steps, ended } = record(session, core, this.end, DECISION_STEPS);
        const taint = new Map<Place, ReadonlySet<Word>>();
        for (const step of steps) flowThrough(step, core, taint, byAddress);
        next = ended === 'steps' && !read.some(isSought) ? inOrder.find((w) => w.reader.at > core.now()) : undefined;
      }
    } finally {
      machine.setRepairs(repairs);
    }
  }

  /** The words with the stores that they should hold. */
  private withWriters(words: readonly Word[]): MagicWord[] {
    const found: MagicWord[] = [];
    // what was compared with the very value that it had held is the request; the rest in the order of their reads
    const ranked = atMost(
      this.session.input,
      MOST.words,
      'words that may be a request',
      words.toSorted((a, b) => rank(a) - rank(b) || a.reader.at - b.reader.at),
    );
    const inRam = this.inRam(ranked.filter((w) => !this.isBackup(w.address)));
    for (const w of ranked) {
      const stored = this.backup.get((w.address & ~3) >>> 0);
      const wiped = this.wiped.get((w.address & ~3) >>> 0);
      if (this.isBackup(w.address))
        found.push({
          ...magicOf(w, stored?.value ?? null, stored?.writer ?? null, this.elsewhere(w)),
          ...(stored === undefined ? {} : { writtenWithoutClock: !stored.clocked }),
          ...(stored?.unlocked ? { writtenUnlocked: true as const } : {}),
          ...(wiped === undefined ? {} : { overwrittenBy: wiped, lostBefore: true as const }),
        });
      else {
        const kept = inRam.get(w);
        if (kept) found.push(kept);
      }
    }
    return found;
  }
  /** Words of RAM with the stores that they should hold; without those whose search was too long. */
  private inRam(words: readonly Word[]): ReadonlyMap<Word, MagicWord> {
    const wasOff = words.some((w) => this.comparesMuch(w)) && this.ramWasOff();
    const off = (w: Word): boolean => wasOff && this.comparesMuch(w);
    const last = this.storesOf(words.filter((w) => w.written || off(w)));
    const first = this.storesOf(
      words.filter((w) => w.written && isStore(last.get(w)) && this.mayBeOverwritten(w, last.get(w) as Store)),
      (w) => w.comparedWith!,
    );
    const found = new Map<Word, MagicWord>();
    for (const w of words) {
      const store = last.get(w) ?? null;
      if (store !== 'too long' && !isLocal(w, store, first.get(w))) found.set(w, this.keptIn(w, store, first.get(w), off(w)));
    }
    return found;
  }
  private keptIn(w: Word, store: Store | null, first: Store | null | 'too long' | undefined, off: boolean): MagicWord {
    if (off && store && store.value === w.comparedWith && w.before !== store.value)
      return { ...magicOf(w, w.comparedWith, writerOf(store), null), lostSupply: true };
    if (store === null || !w.written) return magicOf(w, null, null, this.elsewhere(w));
    if (this.isDropped(w, store)) return { ...magicOf(w, store.value, writerOf(store), null), dropped: true };
    return isStore(first)
      ? {
          ...magicOf({ ...w, overwrittenBy: writerOf(store), onStack: false }, w.comparedWith, writerOf(first), null),
          lostBefore: true,
          ...this.byStack(w, store),
        }
      : { ...magicOf(w, w.before, writerOf(store), null), ...(store.size < w.size ? { inParts: true as const } : {}) };
  }
  /** What is looked for was stored last, by the core, and neither memory nor its data cache has it at the reset. */
  private isDropped({ address, comparedWith, before }: Word, { value, master }: Store): boolean {
    const cached = this.session.machine.bootCore.l1 !== null;
    return cached && !master && !this.isBackup(address) && isDistinct(value) && value === comparedWith && before !== value;
  }
  private byStack({ address }: Word, { sp }: Store): Pick<MagicWord, 'byStack' | 'onStack'> {
    const grown = sp === null ? null : grownStack(this.session, address, sp);
    if (grown !== null) return { byStack: grown };
    return sp !== null && isOnStack(this.session, address, sp) ? { onStack: true } : {};
  }
  /** The last stores to words, of a value each if one is given, in one look for all of them. */
  private storesOf(words: readonly Word[], value?: (w: Word) => number): ReadonlyMap<Word, Store | null | 'too long'> {
    const of = words.map((w) => ({ address: w.address, size: w.size, ...(value === undefined ? {} : { value: value(w) }) }));
    const stores = storesOf(this.session, this.powerOn, of, this.resetAt);
    return new Map(words.map((w, i) => [w, stores[i]!]));
  }
  private comparesMuch(w: Word): boolean {
    return w.comparedWith !== null && w.comparedWith > SMALL;
  }
  /** Something else than what the word is compared with stood there when the reset came: an earlier store of that is looked for. */
  private mayBeOverwritten(w: Word, last: Store): boolean {
    return this.comparesMuch(w) && w.comparedWith !== w.before && last.value !== w.comparedWith;
  }
  private ramWasOff(): boolean {
    const { resets, timeline } = this.session.machine.history;
    const since = resets[this.index - 1]?.at ?? 0;
    return timeline.toArray().some((e) => e.about?.is === 'sleep' && e.about.cold && e.at >= since && e.at <= this.resetAt);
  }
  /** Another word of the backup domain that was given what this one is compared with. */
  private elsewhere(w: Word): MagicWord['elsewhere'] {
    if (w.comparedWith === null || w.comparedWith === 0 || this.backup.get(w.address)?.value === w.comparedWith) return null;
    for (const [address, { value, writer }] of this.backup)
      if (value === w.comparedWith && address !== w.address) return { address, writer };
    return this.elsewhereInRam(w);
  }
  /** … or the only word of RAM that held it, where start-up code does not set that each time. */
  private elsewhereInRam({ address: own, comparedWith, reader }: Word): MagicWord['elsewhere'] {
    const { session, survivors, stored } = this;
    if (comparedWith === null || !isDistinct(comparedWith)) return null;
    const homes = new Set([...survivors].flatMap(([a, value]) => (value === comparedWith ? [homeOf(session, a)] : [])));
    const [address] = homes;
    if (address === undefined || homes.size > 1 || address === homeOf(session, own) || this.onStack(address)) return null;
    const [store] = storesOf(session, this.powerOn, [{ address, size: 4 }], this.resetAt);
    const again = stored.get(address);
    if (!isStore(store) || store.value !== comparedWith || (again?.pc === store.pc && again.at <= reader.at)) return null;
    return { address, writer: writerOf(store) };
  }

  /** Words outside of the stack that were written before the reset, and that nobody touched behind it: kept there on purpose, and never read. */
  private unread(survivors: ReadonlyMap<number, number>): MagicWord[] {
    const { session, powerOn } = this;
    // no program ran behind the reset that could have looked
    if (this.touched.size === 0) return [];
    const all = [...survivors.keys()].filter((a) => !this.touched.has(homeOf(session, a)) && !this.onStack(a));
    const backup = [...this.backup.keys()].filter((a) => !this.touched.has(a));
    const left = new Set(all.map((a) => homeOf(session, a))).size > MOST_UNREAD ? [] : all;
    const of = left.map((address) => ({ address, size: 4 }));
    const ofRam = storesOf(session, powerOn, of, this.resetAt).flatMap((store, i) =>
      isStore(store) ? [{ address: left[i]!, value: survivors.get(left[i]!)!, writer: writerOf(store) }] : [],
    );
    const ofBackup = backup.map((address) => ({ address, ...this.backup.get(address)! }));
    return [...ofRam, ...ofBackup]
      .toSorted((a, b) => b.writer.at - a.writer.at)
      .slice(0, MOST.words)
      .map(({ address, value, writer }) => ({
        address,
        wanted: value,
        atReset: value,
        inDirtyLine: false,
        read: null,
        reader: null,
        readWithoutClock: false,
        writer,
        overwrittenBy: null,
        comparedWith: null,
        decision: null,
        elsewhere: null,
      }));
  }
}

const writerOf = (store: Store): Writer => ({
  pc: store.pc,
  lr: store.lr,
  at: store.at,
  kind: store.master ? 'dma' : 'cpu',
  core: store.core,
  seq: -1,
});

/**
 * A variable of a function that has not returned, or a register that it saved: before the reset the stack had stored there, too, and no other store has left what is looked for. What
 * is put there for the time behind the reset goes by its address.
 */
const isLocal = (w: Word, last: Store | null, first: Store | null | 'too long' | undefined): boolean =>
  w.inFrame && (last === null || last.byStack) && !isStore(first);

/** Compared with the value that it had; then with any constant but zero; what lies in a frame is mostly a variable of it. */
const rank = (w: Word): number => {
  const isMeant = w.comparedWith === w.before;
  if (w.inFrame && !isMeant) return 4;
  if (w.comparedWith === null) return 3;
  return isMeant && w.before !== 0 ? 0 : w.comparedWith !== 0 ? 1 : 2;
};

const magicOf = (w: Word, wanted: number | null, writer: Writer | null, elsewhere: MagicWord['elsewhere']): MagicWord => ({
  address: w.address,
  wanted,
  atReset: w.atReset,
  inDirtyLine: w.inDirtyLine,
  read: w.read,
  reader: w.reader,
  readWithoutClock: w.readWithoutClock,
  writer,
  overwrittenBy: w.overwrittenBy,
  ...(w.lookedAtBefore && { lookedAtBefore: true as const }),
  ...(w.onStack && { onStack: true as const }),
  comparedWith: w.comparedWith,
  decision: w.decision,
  elsewhere,
});

/** What an instruction makes of the words: marks move with the values, and a comparison of a marked value with an unmarked one is a decision. */
function flowThrough(step: Step, core: Core, taint: Map<Place, ReadonlySet<Word>>, words: ReadonlyMap<number, Word>): void {
  const popped = poppedBy(step, core);
  const ordering = isOrdering(core, step.pc);
  const of = (places: Iterable<Place>): Set<Word> => {
    const all = new Set<Word>();
    for (const p of places) {
      for (const w of taint.get(p) ?? []) all.add(w);
      const w = popped(p) ? undefined : words.get(p);
      if (w) all.add(w);
    }
    return all;
  };
  for (const c of step.flow?.comparisons ?? []) {
    const [left, right] = [of(c.leftFrom), of(c.rightFrom)];
    if (left.size > 0 && right.size === 0) for (const w of left) decide(w, ordering ? null : c.right, c.left, step, core.index);
    else if (right.size > 0 && left.size === 0) for (const w of right) decide(w, ordering ? null : c.left, c.right, step, core.index);
  }
  const marked = [...step.writes].map(([place, from]) => [place, of(from)] as const);
  for (const [place, marks] of marked) {
    if (marks.size > 0) taint.set(place, marks);
    else taint.delete(place);
  }
}
/** What comes back from the stack, by an instruction or the return from an exception, is what was put there behind the reset, and not the word that lies there. */
function poppedBy({ flow, registers }: Step, core: Core): (place: Place) => boolean {
  if (flow === null) return () => true;
  const loads = flow.loads.filter((load) => wentByStack(core, load.pc, registers));
  return (place) => loads.some(({ address, size }) => place >= address && place < address + size);
}
/** Instructions from a comparison on in which its condition is looked for: two may issue together, and be one step. */
const CONDITION_WITHIN = 5;
/** The first condition from here on asks for more or less: a count, which is compared with no value that it has to have. */
function isOrdering(core: Core, from: number): boolean {
  for (let pc = from, i = 0; i < CONDITION_WITHIN; i++) {
    const [first, second] = [core.peek(pc, 2) ?? 0, core.peek(pc + 2, 2) ?? 0];
    // B<c> T1, IT, B<c> T3
    const condition =
      first >>> 12 === 0xd
        ? (first >>> 8) & 15
        : first >>> 8 === 0xbf && (first & 15) !== 0
          ? (first >>> 4) & 15
          : first >>> 11 === 0x1e && (second & 0xd000) === 0x8000
            ? (first >>> 6) & 15
            : null;
    if (condition !== null && condition < 14) return condition > 1;
    pc += first >>> 11 >= 0x1d ? 4 : 2;
  }
  return false;
}

/** The first telling comparison of a word counts, and the one with what it had held above all; a test for zero may be one of several, `null` is one of size. */
function decide(w: Word, value: number | null, read: number, step: Step, core: number): void {
  // compilers subtract a constant and ask whether the rest is zero, where only a truth value is wanted: `ADD, NEGS, ADCS`
  const less = (w.read - read) >>> 0;
  if (value === 0 && read !== 0 && less === w.before && w.before > SMALL) return decide(w, less, w.read, step, core);
  const meant = value !== null && value >>> 0 === w.before && w.before !== 0;
  const vague = w.comparedWith === null || w.comparedWith === 0;
  if (w.decision !== null && !(meant && w.comparedWith !== w.before) && !(vague && value !== null && value !== 0)) return;
  w.decision = { pc: step.pc, at: step.at, kind: 'cpu', core, seq: -1 };
  w.comparedWith = value === null ? null : value >>> 0;
  w.read = read >>> 0;
  rewrittenBefore(w, step.at);
}
/** Code that had looked at the word before has written over it. */
function rewrittenBefore(w: Word, at: Ps): void {
  const isLate = w.rewritten !== null && w.rewritten.at < at && w.read !== w.before;
  if (isLate && (w.overwrittenBy === null || w.lookedAtBefore)) w.overwrittenBy = w.rewritten;
  w.lookedAtBefore = isLate && w.overwrittenBy === w.rewritten;
}

/** What RAM and the backup domain held before the reset, as the core saw it, by each of its addresses: words that something had written. */
interface Snapshot {
  readonly words: ReadonlyMap<number, number>;
  /** What memory held where the core saw something else: in a dirty line of the data cache, or nowhere. */
  readonly memory: ReadonlyMap<number, number>;
}
function snapshot(s: Session, backup: Iterable<number>): Snapshot {
  const { system, bootCore } = s.machine;
  const words = new Map<number, number>();
  const { u8, u32 } = system.arena;
  for (const m of system.memories) {
    if (m.row.kind !== 'ram') continue;
    for (let i = 0; i < m.row.size >>> 2; i++)
      if (u8[WORD_MAP + (m.host >>> 2) + i] === 1) for (const base of basesOf(m.row)) words.set(base + 4 * i, u32[(m.host >>> 2) + i]!);
  }
  const memory = new Map<number, number>();
  for (const line of bootCore.l1?.dirtyLines() ?? []) {
    for (let address = line; address < line + 32; address += 4) {
      const [value, behind] = [bootCore.peek(address, 4), bootCore.peekBehindCache(address, 4)];
      if (value === null || behind === null) continue;
      if (behind !== value) memory.set(address, behind >>> 0);
      words.set(address, value >>> 0);
    }
  }
  for (const address of backup) words.set(address, (bootCore.peek(address, 4) ?? 0) >>> 0);
  return { words, memory };
}

interface Stretch {
  readonly low: number;
  readonly high: number;
}
/** The stack that was in use: from the top that the vector table names down to where nothing had been written. */
function stackOf(s: Session, words: ReadonlyMap<number, number>): Stretch {
  const high = (s.machine.bootCore.peek(s.machine.bootVectors(), 4) ?? 0) >>> 0;
  let low = high;
  for (let at = high - 4, gap = 0; gap < STACK_GAP && at > 0; at -= 4) {
    if (words.has(at)) {
      low = at;
      gap = 0;
    } else gap++;
  }
  return { low: Math.min(low, s.machine.bootCore.arm.sp || low), high };
}

/** Where a memory appears: SRAM2 of L4 and CCM of G4 behind SRAM1, too, which is where most programs reach them. */
const basesOf = (row: MemoryRow): readonly number[] => [row.base, ...(row.aliases ?? [])];
const outlivesReset = ({ block, memory }: Region): boolean =>
  block ? block.row.backup === true : memory?.row.kind === 'ram' || isProtected(memory?.row);
/** Backup SRAM, whose stores need the wire that DBP sets, and data EEPROM, which has a lock: what is stored there need not arrive. */
const isProtected = (row: MemoryRow | undefined): boolean => row !== undefined && (row.gate?.writable !== undefined || isDataEeprom(row));

/** A read there gives 0. */
function isUnclocked(system: System, { block, memory }: Region, address: number): boolean {
  if (block) return !system.answersReads(block, address - block.row.base);
  return memory?.row.gate !== undefined && !system.isClockOn(memory.row.gate.clock);
}

function backupPages(s: Session): Set<number> {
  const pages = new Set<number>();
  for (const b of s.machine.system.blocks) if (b.row.backup) pages.add(b.row.base >>> PAGE_BITS);
  for (const { row } of s.machine.system.memories) if (isProtected(row)) pages.add(row.base >>> PAGE_BITS);
  return pages;
}
/** Pages that hold RAM or registers of the backup domain: everything that a request could be kept in. */
function keeperPages(s: Session): Set<number> {
  const pages = backupPages(s);
  for (const m of s.machine.system.memories)
    if (m.row.kind === 'ram')
      for (const base of basesOf(m.row)) for (let a = base; a < base + m.row.size; a += 1 << PAGE_BITS) pages.add(a >>> PAGE_BITS);
  return pages;
}
