/**
 * The leave twin: the program that a DFU leave has started is run again from the same instant, but with the chip reset instead, and both runs are compared. If the
 * run after the leave shows less, the state that differs is set to its reset value, group by group, until the program shows everything: these groups are what the
 * program depends on.
 */
import { printedBehind } from '../../emu/console-text.ts';
import { LEFT_KINDS, type LeaveFacts, type LeftKind, type LeftState } from '../../checks/check.ts';
import { familyOf, registerOf } from '../../checks/families.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Machine } from '../../emu/machine.ts';
import { MS, PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import { watchLeave, type Parting, type Track } from './leave-track.ts';
import { CutShort, isCut } from '../session/budget.ts';
import { deadEnd } from './dead-end.ts';
import { clocksInC } from './clocks-code.ts';
import { clocksBackIn, makeCall, type CallPlace } from './hal-call.ts';
import { changedReads, deciding, type FirstRead } from './first-reads.ts';
import { turningRead, type TurningRead } from './turning-read.ts';
import { hex } from '../../emu/hex.ts';
import { isRest, isSecurity, listed, registersOf, resetBlock, resetBlocks, type Registers } from './leave-state.ts';
import { ownLeft } from './own-left.ts';
import { repairTarget } from './repairs.ts';
import type { Session } from '../session/session.ts';
import { fieldOf } from '../session/field-of.ts';
import { hasVtor, remapField } from './own-table.ts';

/** How long each of the two is watched (ps): the time that a device of the program has to come back in. */
const WINDOW = 2 * PS_PER_SECOND;
/** Of that, how long its stores are watched (ps). */
const WATCHED = 50 * MS;
/** An interrupt that came so often from reset belongs to what the program does. */
const REGULAR = 3;

/** What a program shows in the window. */
interface Shown {
  readonly usb: boolean;
  /** Text by channel. */
  readonly console: Readonly<Record<string, string>>;
  /** Exceptions that its own handlers served, how often. */
  readonly served: ReadonlyMap<number, number>;
  readonly inSystem: boolean;
  readonly faulted: boolean;
  /** It was proved to wait for ever. */
  readonly stuck: boolean;
  readonly again: boolean;
}

export interface LeaveTwin {
  readonly facts: Pick<LeaveFacts, 'table' | 'missing' | 'left' | 'ends' | 'own'>;
  /** Null where both go the same way. */
  readonly parting: Parting | null;
  /** A register that the program reads, and that alone decides: with what a reset leaves there, the program does what it does from reset. */
  readonly decides: FirstRead | null;
  /** Where no register alone decides: the one by which the program goes another way than from reset. */
  readonly turns: TurningRead | null;
  /** After a reset, it enters the ROM, and after power-on not: that is what it is compared with. */
  readonly enters: boolean;
  /** Behind the leave it enters the ROM, and not after what it is compared with. */
  readonly entersAgain: boolean;
  /** Of the clocks that it depends on: where one call of ST's HAL brings it back as well; null where that was not tried, or is not enough. */
  readonly byCall: CallPlace | null;
  /** The same with this code there; empty where that was not tried, or is not enough. */
  readonly clocksCode: readonly string[];
  /** Registers that differ at the first instruction: as left, as after a reset. */
  readonly registers: readonly { readonly name: string; readonly kind: LeftKind; readonly left: number; readonly reset: number }[];
}

/**
 * Null if no leave was carried out. The session is left anywhere.
 *
 * @param back the program is known to have come back, if only by a reset of its own.
 * @param given what is changed of the state that the leave has left
 * @param why whether what keeps it from coming back is looked for
 */
export function leaveTwin(s: Session, back: boolean, given: () => void = () => undefined, why = true): LeaveTwin | null {
  const { leave } = s;
  if (leave === null) return null;
  const { checkpoint, table } = leave;
  const keep = s.keepCheckpoints;
  s.keepCheckpoints = false;
  try {
    s.restore(checkpoint);
    const asLeft = registersOf(s.machine);
    const core = coreState(s.machine, table);
    const pin = afterReset(s, checkpoint, table, 'pin');
    const reset = pin.shown.again ? withoutRequest(pin, () => afterReset(s, checkpoint, table, 'power')) : pin;
    const enters = reset !== pin;
    const left = differences(s.machine, asLeft, reset, core, table);
    const ours = window(s, checkpoint, given);
    const missing = back ? [] : compare(reset.shown, ours.shown);
    // the session stands at the end of this window
    const ends = missing.length === 0 ? null : deadEnd(s);
    const clean = enters ? () => (given(), resetBackup(s.machine)) : given;
    const isKept = (): boolean => enters && compare(reset.shown, window(s, checkpoint, clean).shown).length === 0;
    const asked = missing.length > 0 && isMore(why, isKept);
    const needed = asked ? search(s, checkpoint, table, reset, left, clean) : [];
    const comesBackWith = (kinds: readonly LeftKind[], change: () => void): boolean => {
      const ran = window(s, checkpoint, () => (clean(), putBack(s.machine, kinds, table, reset.registers), change()));
      return compare(reset.shown, ran.shown).length === 0;
    };
    const without = (kind: LeftKind): LeftKind[] => needed.filter((k) => k !== kind);
    const comesBack = (kind: LeftKind, change: () => void): boolean => comesBackWith(without(kind), change);
    const own = ownLeft(s, checkpoint, needed, reset.registers, comesBack);
    const { decides, turns } = asked ? readsBehind(s, checkpoint, ours.track, reset, clean) : NO_READS;
    const kind = kindIn(s.machine, reset.supply);
    const mends = (call: () => void): boolean => comesBackWith(decides === null ? without('clocks') : [], call);
    const registers = [...asLeft].flatMap(([name, value]) => {
      const after = reset.registers.get(name) ?? value;
      return value === after ? [] : [{ name, kind: kind(name), left: value, reset: after }];
    });
    const clocks = registers.filter((r) => r.kind === 'clocks');
    const clocksBehind = clocksDecide(decides, needed, kind) ? clocksBack(s, table, clocks, mends) : NOT_ASKED;
    return {
      enters,
      entersAgain: ours.shown.again && !reset.shown.again,
      decides,
      ...clocksBehind,
      turns: needed.length === 0 ? null : turns,
      facts: {
        table,
        missing,
        left: left.map((l) => ({ ...l, relied: needed.includes(l.kind) })),
        ...(ends !== null && { ends }),
        own,
      },
      parting: ours.track.partsFrom(reset.track),
      registers,
    };
  } finally {
    s.keepCheckpoints = keep;
  }
}

/** A request that was kept may be all that keeps it from coming back. */
const isMore = (why: boolean, isKept: () => boolean): boolean => why && !isKept();
/** What still asks for the ROM is gone without power; a program that enters it at each start does so with anything. */
function withoutRequest(pin: AfterReset, power: () => AfterReset): AfterReset {
  const without = power();
  return without.shown.again ? pin : without;
}
const clocksDecide = (decides: FirstRead | null, needed: readonly LeftKind[], kind: (name: string) => LeftKind): boolean =>
  decides === null ? needed.includes('clocks') : decides.register !== null && kind(decides.register) === 'clocks';
const NOT_ASKED: Pick<LeaveTwin, 'byCall' | 'clocksCode'> = { byCall: null, clocksCode: [] };
/** What puts the clocks back in main(): a call of ST's HAL, else the registers themselves. */
function clocksBack(
  s: Session,
  table: number,
  left: LeaveTwin['registers'],
  mends: (change: () => void) => boolean,
): Pick<LeaveTwin, 'byCall' | 'clocksCode'> {
  const call = clocksBackIn(s, table);
  let byCall: CallPlace | null = null;
  if (call !== null && mends(() => void (byCall = makeCall(s, call))) && byCall !== null) return { byCall, clocksCode: [] };
  const direct = clocksInC(s.machine, left);
  return { byCall: null, clocksCode: direct !== null && mends(() => direct.apply(s.machine)) ? direct.code : [] };
}
const NO_READS: Pick<LeaveTwin, 'decides' | 'turns'> = { decides: null, turns: null };
/** The read that alone decides, else the one by which the program goes another way. What promises nothing within a short window is not followed for long. */
function readsBehind(
  s: Session,
  leave: Checkpoint,
  ours: Track,
  reset: AfterReset,
  given: () => void,
): Pick<LeaveTwin, 'decides' | 'turns'> {
  const changed = (change: () => void, until?: () => boolean) => window(s, leave, () => (given(), change()), until);
  const together = ours.together(reset.track);
  const watched = leave.system.now + WATCHED;
  const early = (change: () => void) => changed(change, () => s.machine.now >= watched);
  const isFurther = ({ track }: Window): boolean => together !== null && (track.together(reset.track) ?? Infinity) > together;
  const promises = (run: Window): boolean => (together === null || isFurther(run)) && compare(reset.early, run.early).length === 0;
  const works = (change: () => void): boolean => promises(early(change)) && compare(reset.shown, changed(change).shown).length === 0;
  const reads = changedReads(s, leave, reset.registers);
  const decides = deciding(s, reads, works);
  return { decides, turns: decides === null ? turningRead(s, reads, (change) => isFurther(early(change))) : null };
}

/** What it shows, at its end and when it had run for a moment. */
interface Window {
  readonly shown: Shown;
  readonly early: Shown;
  readonly track: Track;
}
/** Runs the window from the leave on, with something changed before the first instruction. */
function window(s: Session, from: Checkpoint, change: () => void, until?: (shown: Shown) => boolean): Window {
  const { machine } = s;
  s.restore(from);
  const start = machine.now;
  const texts = Object.fromEntries(Object.entries(machine.state.console).map(([channel, { count }]) => [channel, count]));
  const repairs = machine.setRepairs(null);
  change();
  const track = watchLeave(s);
  let stuck = false;
  let early: Shown | null = null;
  const show = (): Shown => ({ ...shown(s, start, texts, track), stuck });
  try {
    // stores are watched while the program starts: later they would only slow it down
    for (const time of [start + WATCHED, start + WINDOW]) {
      const end = s.run({ until: time, over: () => machine.now >= time || (until?.(show()) ?? false) });
      if (isCut(end.reason)) throw new CutShort(end.reason);
      track.endStores();
      stuck = end.outcome === 'stuck';
      early ??= show();
      if (machine.now < time) break;
    }
    return { shown: show(), early: early!, track };
  } finally {
    track.end();
    machine.setRepairs(repairs);
  }
}

function shown(s: Session, start: Ps, before: Readonly<Record<string, number>>, track: Track): Omit<Shown, 'stuck'> {
  const { history, state } = s.machine;
  const since = history.entries.filter((e) => e.at > start);
  return {
    usb: s.usb.sessions.some((u) => u.at > start && u.enumerated !== null && u.servedBy === 'user'),
    console: Object.fromEntries(
      Object.entries(state.console).map(([channel, said]) => [channel, printedBehind(said, before[channel] ?? 0)]),
    ),
    served: track.served,
    inSystem: since.some((e) => e.how === 'exception'),
    faulted: s.state.fault !== null || state.lockup !== null,
    again: since.some((e) => e.how === 'branch'),
  };
}

/** The first line of each channel that only the run after a reset has; empty lines say nothing. */
const unsaid = (reset: Shown['console'], ours: Shown['console']): string[] =>
  Object.entries(reset).flatMap(([channel, text]) => {
    const line = /\S[^\n]*/.exec(text)?.[0].trimEnd();
    return line === undefined || (ours[channel] ?? '').includes(line) ? [] : [`${channel} says ${JSON.stringify(line)}`];
  });

/** From reset, and what a program does instead that does not. */
const INSTEAD = {
  inSystem: ['its exceptions reach its own handlers', 'they reach the ROM'],
  faulted: ['it runs without a fault', 'it faults'],
  stuck: ['it does not hang', 'it hangs'],
  again: ['it does not enter the ROM', 'it enters the ROM'],
} as const;
/** Null: not what is missing. */
export const insteadOf = (missing: string): string | null => Object.values(INSTEAD).find(([text]) => text === missing)?.[1] ?? null;
/** What one shows and the other does not, in words. */
function compare(reset: Shown, ours: Shown): string[] {
  const missing: string[] = [];
  for (const [key, [text]] of Object.entries(INSTEAD))
    if (ours[key as keyof typeof INSTEAD] && !reset[key as keyof typeof INSTEAD]) missing.push(text);
  if (reset.usb && !ours.usb) missing.push('its USB device enumerates');
  missing.push(...unsaid(reset.console, ours.console));
  for (const [exception, times] of reset.served)
    if (times >= REGULAR && (ours.served.get(exception) ?? 0) === 0) missing.push(`${exceptionName(exception)} is handled`);
  return missing;
}
const exceptionName = (n: number): string => (n === 15 ? 'SysTick' : n < 16 ? `exception ${n}` : `interrupt ${n - 16}`);

/** What the program does and finds after a reset. */
interface AfterReset extends Window {
  readonly registers: Registers;
  /** Registers of PWR that a reset leaves alone and power-on does not. */
  readonly supply: ReadonlySet<string>;
}
/**
 * The chip is reset at the instant of the leave, BOOT0 low; PWR as power-on leaves it, since a program that hangs after each reset too does not do what it does without DFU.
 * A program elsewhere than at the boot address starts there all the same.
 */
function afterReset(s: Session, from: Checkpoint, table: number, by: 'pin' | 'power'): AfterReset {
  const { machine } = s;
  let registers: Registers = new Map();
  let supply: ReadonlySet<string> = new Set();
  const { observer, bootAt } = machine;
  machine.observer = {
    ...observer,
    reset: (by) => {
      observer.reset?.(by);
      if (registers.size > 0) return;
      const kept = registersOf(machine);
      resetBlock(machine, 'PWR', 'power');
      registers = registersOf(machine);
      supply = new Set([...kept.keys()].filter((name) => kept.get(name) !== registers.get(name)));
    },
  };
  try {
    const ran = window(s, from, () => (by === 'pin' ? resetByPin(machine, table) : powerCycle(machine, table)));
    return { ...ran, registers, supply };
  } finally {
    machine.observer = observer;
    machine.bootAt = bootAt;
  }
}

/** The chip is reset, BOOT0 low, and starts the program whose vector table is there. */
export function resetByPin(machine: Machine, table: number): void {
  bootsFrom(machine, table);
  machine.askReset('pin', machine.bootCore, true);
}
function powerCycle(machine: Machine, table: number): void {
  bootsFrom(machine, table);
  machine.powerOn(true);
}
function bootsFrom(machine: Machine, table: number): void {
  machine.system.setParameter('boot0.level', 0);
  if (machine.bootVectors() !== table) machine.bootAt = table;
}

/** State of the core that a reset clears, as text by what it is. */
function coreState(machine: Machine, table: number): CoreState {
  const core = machine.bootCore;
  const word = (address: number): number => core.peek(address, 4) ?? 0;
  const irq: string[] = [];
  const say = (name: string, value: number): void => void (value !== 0 && irq.push(`${name} = 0x${(value >>> 0).toString(16)}`));
  say('IPSR', core.arm.ipsr);
  say('PRIMASK', core.arm.primask);
  say('FAULTMASK', core.arm.faultmask);
  say('BASEPRI', core.arm.basepri);
  for (let n = 0; n < 8; n++) {
    say(`NVIC_ISER${n}`, word(0xe000e100 + 4 * n));
    say(`NVIC_ISPR${n}`, word(0xe000e200 + 4 * n));
    say(`NVIC_IABR${n}`, word(0xe000e300 + 4 * n));
  }
  say('SYST_CSR', word(0xe000e010) & 7);
  const isAt = (base: number): boolean => [0, 4].every((offset) => word(base + offset) === word(table + offset));
  return { vtor: hasVtor(machine) ? word(VTOR) >>> 0 : null, isAtZero: isAt(0), irq };
}
const VTOR = 0xe000ed08;
interface CoreState {
  readonly vtor: number | null;
  /** Address 0 shows the program's own vector table. */
  readonly isAtZero: boolean;
  readonly irq: readonly string[];
}
/** The exceptions go elsewhere than from reset because of VTOR; null: they do not. What firmware can map to address 0 is a group of its own. */
function vtorLeft(machine: Machine, { vtor, isAtZero }: CoreState, table: number): Omit<LeftState, 'relied'> | null {
  if (vtor === null || vtor === table) return null;
  if (vtor !== 0)
    return {
      kind: 'vtor',
      observed: `VTOR = ${hex(vtor)}`,
      expected: `VTOR = ${hex(0)}, its reset value, where the program's vector table is`,
    };
  if (isAtZero || remapField(machine) !== null) return null;
  return { kind: 'vtor', observed: `VTOR = ${hex(0)}, where the ROM stands`, expected: `VTOR = ${hex(0)}, where the program stands` };
}

const ACR = 'FLASH.ACR';
/** Group that a register of a block belongs to. */
function kindOf(name: string, remap: string | null, supply: ReadonlySet<string>): LeftKind {
  if (supply.has(name)) return 'supply';
  if (name === ACR || name.startsWith('RCC.') || name.startsWith('PWR.')) return 'clocks';
  if (name.startsWith('FLASH.')) return 'flash';
  if (isSecurity(name)) return 'security';
  return name === remap ? 'remap' : 'rest';
}
/** The same for the registers of a chip. */
function kindIn(machine: Machine, supply: ReadonlySet<string>): (name: string) => LeftKind {
  const field = familyOf(machine.chip)?.remap?.field;
  const remap = field === undefined ? null : registerOf(field);
  return (name) => kindOf(name, remap, supply);
}

function differences(
  machine: Machine,
  left: Registers,
  { registers: reset, supply }: AfterReset,
  core: CoreState,
  table: number,
): Omit<LeftState, 'relied'>[] {
  const kindOfName = kindIn(machine, supply);
  const names = [...left.keys()].filter((name) => left.get(name) !== reset.get(name));
  const found: Omit<LeftState, 'relied'>[] = [];
  for (const kind of LEFT_KINDS) {
    if (kind === 'vtor') {
      const own = vtorLeft(machine, core, table);
      if (own !== null) found.push(own);
    } else if (kind === 'irq') {
      if (core.irq.length > 0) found.push({ kind, observed: core.irq.join(', '), expected: 'all 0' });
    } else {
      const own = names.filter((name) => kindOfName(name) === kind);
      if (own.length > 0) found.push({ kind, observed: listed(own, left), expected: listed(own, reset) });
    }
  }
  return found;
}

/** The smallest set of groups that brings the program back, found by leaving one out after the other; empty if all together do not. */
function search(
  s: Session,
  from: Checkpoint,
  table: number,
  reset: AfterReset,
  left: readonly Omit<LeftState, 'relied'>[],
  given: () => void,
): LeftKind[] {
  const memo = new Map<string, boolean>();
  const works = (kinds: readonly LeftKind[]): boolean => {
    const key = kinds.join();
    let known = memo.get(key);
    if (known === undefined) {
      const over = (shown: Shown): boolean => compare(reset.shown, shown).length === 0 && settled(shown, reset.shown);
      const ran = window(s, from, () => (given(), putBack(s.machine, kinds, table, reset.registers)), over);
      memo.set(key, (known = compare(reset.shown, ran.shown).length === 0));
    }
    return known;
  };
  const all = left.map((l) => l.kind);
  for (const kind of all) if (works([kind])) return [kind];
  if (!works(all)) return [];
  let set = all;
  for (const kind of all) {
    const without = set.filter((k) => k !== kind);
    if (works(without)) set = without;
  }
  return set;
}
/** A trap may still come where nothing is shown by which the end could be known. */
const settled = (now: Shown, reset: Shown): boolean => reset.usb && now.usb;

/** Puts groups of state as a reset leaves them. */
// eslint-disable-next-line complexity -- one branch for each group of state that a leave can carry over
function putBack(machine: Machine, kinds: readonly LeftKind[], table: number, reset: Registers): void {
  const { system, bootCore } = machine;
  const target = repairTarget(machine);
  system.now = bootCore.now();
  const latency = fieldOf(machine, ACR);
  for (const kind of kinds) {
    if (kind === 'vtor') target.setCore('vtor', table);
    else if (kind === 'irq') quiet(machine, target);
    else if (kind === 'supply') resetBlock(machine, 'PWR', 'power');
    else if (kind === 'clocks') {
      for (const name of ['RCC', 'PWR']) resetBlock(machine, name);
      if (reset.has(ACR)) target.setField(ACR, reset.get(ACR)!);
    } else if (kind === 'flash') {
      resetBlock(machine, 'FLASH');
      if (!kinds.includes('clocks') && latency !== null) target.setField(ACR, latency);
    } else if (kind === 'remap') {
      const field = familyOf(machine.chip)?.remap?.field;
      if (field !== undefined) target.setField(field, 0);
    } else if (kind === 'security') {
      for (const row of machine.chip.blocks) if (isSecurity(row.name)) resetBlock(machine, row.name);
    } else
      resetBlocks(
        machine,
        machine.chip.blocks.flatMap((row) => (isRest(row.name) && row.backup !== true ? [row.name] : [])),
      );
  }
}
function resetBackup(machine: Machine): void {
  for (const row of machine.chip.blocks) if (row.backup === true) resetBlock(machine, row.name, 'power');
}
function quiet(machine: Machine, target: ReturnType<typeof repairTarget>): void {
  target.clearNvic('enabled');
  target.clearNvic('pending');
  target.write(0xe000e010, 4, 0);
  if (machine.bootCore.arm.ipsr !== 0) target.leaveHandlerMode();
  for (const name of hasVtor(machine) ? ['primask', 'faultmask', 'basepri'] : ['primask']) target.setCore(name, 0);
}
