/**
 * What a scenario gave to the firmware, and the firmware read, where no jump came of it: the bytes of a serial port, the level of a pin. The run is repeated with a watch on
 * the registers that show them, and what was read is followed forwards, to the last branch that goes by it.
 */
import { exceptionName } from '../../checks/core-registers.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Block } from '../../emu/system.ts';
import { COMPARISON_HOLDS, comparesValues, isState, registerAt, type Comparison, type Place } from '../../emu/proofs/data-flow.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import type { Note } from '../documents/note-facts.ts';
import type { PlannedAction } from '../documents/scenario-types.ts';
import { isOwnLoop } from '../session/restart.ts';
import type { Session } from '../session/session.ts';
import { hasOtherRate } from '../session/uart-rate.ts';
import { checkpointBefore, isRam, record, runTo, type Step } from './window.ts';
import { unseenNotes, type Moved } from './unseen.ts';
import { place } from './words.ts';

/** Effort: reads that are followed, the last ones, and instructions behind each of them and behind the last. */
const MOST_READS = 40;
const [BEHIND_EACH, BEHIND_LAST] = [1_500, 20_000];
/** What the program did before it got anything. */
const IN_VAIN = 2 * MS;
/** How long reads are watched at first; twice as long each time. */
const FIRST_LOOK = 1 * MS;
/** So many of the last bytes are shown. */
const MOST_SHOWN = 32;

/** A register that shows what was given: a received byte, or the level of a pin. */
interface Shown {
  /** `USART2`, `PC13` */
  readonly name: string;
  readonly address: number;
  readonly isPort: boolean;
  /** When it was given first. */
  readonly since: Ps;
  /** Of a pin. */
  readonly moved: Moved | null;
  /** Whether a read takes what was given. */
  takes(core: Core, value: number): boolean;
}
interface Read {
  readonly pc: number;
  readonly at: Ps;
  readonly core: number;
  readonly exception: number;
  readonly value: number;
}

/** Something that should lead to the jump, and where the same code looked for it in vain before. */
export interface Given {
  /** The last of it was read. */
  readonly at: Ps;
  /** The first of it was. */
  readonly since: Ps;
  readonly vain: Ps;
  /** Registers through which it came; null: memory. */
  readonly through: readonly number[] | null;
}
/** The test that kept the program from the jump, in words; null where none does. */
export type AskTest = (given: Given) => string | null;

/** One note for each port and pin. Leaves the session anywhere. */
export function receivedNotes(s: Session, powerOn: Checkpoint, finished: Checkpoint, askTest: AskTest): Note[] {
  s.restore(finished);
  const shown = shownBy(s);
  if (shown.length === 0 || startsOver(s)) return [];
  const reset = s.machine.history.resets.findLast((r) => r.by !== 'power')?.at ?? -1;
  const reads = readsOf(s, powerOn, finished.system.now, shown);
  return shown.flatMap((of, i): Note[] => {
    const all = reads[i]!;
    if (all.length === 0) return of.moved === null ? [] : unseenNotes(s, powerOn, finished, of.moved);
    // what was asked for by a reset is another story
    if (reset > all[0]!.at) return [];
    const given = {
      at: all.at(-1)!.at - US,
      since: all[0]!.at,
      vain: Math.max(0, all[0]!.at - IN_VAIN),
      through: shown.map((x) => x.address),
    };
    const decided = askTest(given) ?? followed(s, powerOn, finished.system.now, of.address, all);
    return [{ kind: 'received', text: inWords(s, of, all, decided), about: { is: 'received', from: of.name } }];
  });
}

/** What was read before that came to its end there, and what is read behind it is another start's. */
const startsOver = ({ state: { restart } }: Session): boolean => restart !== null && !isOwnLoop(restart);

function shownBy(s: Session): Shown[] {
  const found = new Map<string, Shown>();
  const { carriedOut } = s.steps;
  for (const { at, action } of carriedOut) {
    const shown = action.kind === 'uart' ? ofPort(s, action.port, at) : action.kind === 'pin' ? ofPin(s, action, at) : null;
    if (shown === null || found.has(shown.name)) continue;
    // of a pin that is moved and let go of, the level in between is what was given
    const atLast = carriedOut.findLast((step) => step.action.kind === 'pin' && step.action.name === shown.name)?.action;
    const rests = action.kind === 'pin' && atLast?.kind === 'pin' && action.level === atLast.level;
    if (!rests || atLast === action) found.set(shown.name, shown);
  }
  return [...found.values()];
}
const registerOf = ({ layout }: Block, names: RegExp) => layout.registers.find(({ name }) => names.test(name));
function ofPort({ machine: { system } }: Session, port: string, since: Ps): Shown | null {
  const block = system.findBlock(port.toUpperCase());
  const data = block && registerOf(block, /^R?DR$/);
  const status = block && registerOf(block, /^I?SR$/);
  const full = status?.fields.find(({ name }) => /^RXF?NE/.test(name));
  if (!block || !data || !status || !full) return null;
  return {
    name: block.row.name,
    isPort: true,
    moved: null,
    address: block.row.base + data.offset,
    since,
    takes: (core) => (((core.peek(block.row.base + status.offset, 4) ?? 0) >>> full.bit) & 1) !== 0,
  };
}
/** The pin was moved to this level, and is seen at it. */
function ofPin({ machine: { system }, steps }: Session, { name, level }: Extract<PlannedAction, { kind: 'pin' }>, since: Ps): Shown | null {
  const block = system.findBlock(`GPIO${name.slice(1, 2)}`);
  const input = block && registerOf(block, /^IDR$/);
  const bit = Number(name.slice(2));
  if (!block || !input || level === 'z' || Number.isNaN(bit)) return null;
  const address = block.row.base + input.offset;
  const until = steps.carriedOut.find(({ at, action }) => action.kind === 'pin' && action.name === name && at > since)?.at ?? null;
  return {
    name,
    isPort: false,
    address,
    since,
    moved: { name, level, address, since, until },
    takes: (_core, value) => ((value >>> bit) & 1) === level,
  };
}

/** Reads that take something, of each: the last ones of a port, the first one of a pin. */
function readsOf(s: Session, powerOn: Checkpoint, end: Ps, shown: readonly Shown[]): readonly (readonly Read[])[] {
  const reads = shown.map((): Read[] => []);
  const since = Math.min(...shown.map((of) => of.since));
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, since));
  runTo(s, since);
  // a pin that has been read is watched no longer: a button is asked for with each round of a main loop, and a watch makes each of them slow
  const open = (): Shown[] => shown.filter((of, i) => of.isPort || reads[i]!.length === 0);
  for (let span = FIRST_LOOK; s.machine.now < end && open().length > 0; span *= 2) {
    const upTo = Math.min(end, s.machine.now + span);
    const before = s.machine.setRepairs(watchOf(shown, open(), reads));
    let goesOn: boolean;
    try {
      goesOn = runTo(s, upTo);
    } finally {
      s.machine.setRepairs(before);
    }
    if (!goesOn) break;
  }
  return reads;
}
function watchOf(shown: readonly Shown[], open: readonly Shown[], reads: readonly Read[][]): Interceptor {
  return {
    pages: new Set(open.map(({ address }) => address >>> PAGE_BITS)),
    read: (core, address) => {
      const i = shown.findIndex((of) => of.address === (address & ~3) >>> 0 && core.now() >= of.since);
      const of = shown[i];
      if (of === undefined || core.zone !== 'user') return null;
      const value = core.peek(of.address, 4) ?? 0;
      if (of.takes(core, value) && (of.isPort || reads[i]!.length === 0))
        reads[i]!.push({ pc: core.pc, at: core.now(), core: core.index, exception: core.arm.ipsr, value });
      return null;
    },
  };
}

// ---- what went by it -----------------------------------------------------------------------------------------------------------------

interface Decided {
  /** The last branch that goes by what was read; null where none does that was seen. */
  readonly last: { readonly pc: number; readonly left: number; readonly right: number } | null;
  /** The last branch that goes by single bits of it, or by a result that no comparison made. */
  readonly tested: number | null;
  /** Nothing of it is left that a branch behind what was seen could go by. */
  readonly isWhole: boolean;
}
function followed(s: Session, powerOn: Checkpoint, end: Ps, address: number, all: readonly Read[]): Decided {
  const reads = all.slice(-MOST_READS);
  const taint = new Taint(address);
  const core = s.machine.cores[reads[0]!.core]!;
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, Math.max(0, reads[0]!.at - US)));
  for (const [i, read] of reads.entries()) {
    const next = reads[i + 1]?.at ?? null;
    if (core.now() < read.at - US) {
      runTo(s, read.at - US);
      taint.passOver();
    }
    const window = record(s, core, Math.min(end, next ?? Infinity), next === null ? BEHIND_LAST : BEHIND_EACH);
    for (const step of window.steps) taint.pass(step);
    if (window.ended !== 'steps' && window.ended !== 'time') break;
  }
  const sp = core.arm.sp >>> 0;
  const { last, tested } = taint;
  return { last, tested, isWhole: core.now() >= end || !taint.memory.some((a) => isRam(s, a) && (a >= sp || a < sp - STACK)) };
}
/** Below SP lies what calls have left, and nobody reads it. */
const STACK = 1024;
/** What is kept for the caller over a call (AAPCS): what a wait for the next byte does not use. */
const KEPT: ReadonlySet<Place> = new Set([4, 5, 6, 7, 8, 9, 10, 11].map(registerAt));

/** Places that hold what was read, or what was made of it. */
class Taint {
  last: Decided['last'] = null;
  tested: number | null = null;
  private readonly from: number;
  private readonly held = new Set<Place>();
  private compared: (Comparison & { readonly ago: number }) | null = null;

  constructor(from: number) {
    this.from = from;
  }
  get memory(): readonly number[] {
    return [...this.held].filter((p) => !isState(p));
  }
  /** A stretch that is not looked at. */
  passOver(): void {
    for (const p of this.held) if (isState(p) && !KEPT.has(p)) this.held.delete(p);
    this.compared = null;
  }
  pass({ pc, flow, writes }: Step): void {
    const compared = flow?.comparisons.findLast((c) => this.holds(c.leftFrom) || this.holds(c.rightFrom));
    if (compared !== undefined && comparesValues(compared)) this.compared = { ...compared, ago: 0 };
    else if (this.compared !== null)
      this.compared = this.compared.ago < COMPARISON_HOLDS ? { ...this.compared, ago: this.compared.ago + 1 } : null;
    if (flow !== null && this.holds(flow.decides)) {
      if (this.compared === null) this.tested = pc;
      else this.last = { pc, left: this.compared.left >>> 0, right: this.compared.right >>> 0 };
    }
    for (const [to, sources] of writes)
      if (this.holds(sources)) this.held.add(to);
      else this.held.delete(to);
  }
  private holds(places: Iterable<Place>): boolean {
    for (const p of places) if (this.held.has(p) || (p >= this.from && p < this.from + 4)) return true;
    return false;
  }
}

// ---- in words ------------------------------------------------------------------------------------------------------------------------

/** `USART2 got "dfu\r" (read at main.c:41 (main)), and no jump came of it: the last branch that goes by it, main.c:18 (same), compared 13 with 0` */
function inWords(s: Session, { name, isPort }: Shown, all: readonly Read[], decided: Decided | string): string {
  const { pc, exception, value } = all.at(-1)!;
  const handler = exception === 0 ? '' : `, in the handler of ${exceptionName(s.machine.chip, exception)}`;
  const got = isPort
    ? `${name} got ${bytesText(all.map((r) => r.value & 0xff))} (read`
    : `${name} was ${(value >>> Number(name.slice(2))) & 1} (read`;
  // no branch that went by other bytes is to blame
  if (isPort && hasOtherRate(s.machine, name))
    return `${got} at ${place(s, pc)}${handler}), which is not what was sent to it: its rate is another one`;
  if (typeof decided === 'string') return `${got} at ${place(s, pc)}${handler}), and no jump came of it: ${decided}`;
  const { tested, isWhole } = decided;
  const last = decided.last !== null && (isPort || isOfPin(decided.last, Number(name.slice(2)))) ? decided.last : null;
  const by = (pc: number): string => `the last ${isBranch(s.machine.bootCore.peek(pc, 2) ?? 0) ? 'branch' : 'condition'} that went by it`;
  const went =
    last !== null
      ? `: ${by(last.pc)}, at ${place(s, last.pc)}, compared ${hex(last.left)} with ${hex(last.right)}`
      : tested !== null && decided.last === null
        ? `: ${by(tested)} is at ${place(s, tested)}`
        : isWhole && decided.last === null
          ? ': no branch went by it'
          : '';
  return `${got} at ${place(s, pc)}${handler}), and no jump came of it${went}`;
}
/** A function that reads all pins of a port may have been asked for another one by then. */
const isOfPin = ({ left }: { readonly left: number }, bit: number): boolean => left <= 1 || left === (1 << bit) >>> 0;
/** B<cond>, CBZ and CBNZ, and those of 32 bits; an instruction in an IT block is none (Armv7-M ARM A5.2.6, A5.2.5, A5.3.4). */
const isBranch = (half: number): boolean => (half & 0xf000) === 0xd000 || (half & 0xf500) === 0xb100 || (half & 0xf800) === 0xf000;
const hex = (n: number): string => `0x${n.toString(16).padStart(2, '0')}`;
function bytesText(bytes: readonly number[]): string {
  const last = bytes.slice(-MOST_SHOWN);
  const isText = last.every((b) => (b >= 0x20 && b < 0x7f) || b === 0x0a || b === 0x0d || b === 0x09);
  const text = isText ? JSON.stringify(String.fromCharCode(...last)) : last.map((b) => b.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > last.length ? `${bytes.length} bytes, the last ${text}` : text;
}
