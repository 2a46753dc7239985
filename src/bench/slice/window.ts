/**
 * A stretch of a run, instruction by instruction, with what each made of what. The run is repeated for it from a checkpoint: it is the same
 * run, so what is seen is what happened.
 */
import { dataFlow, registerAt, stateAt, type DataFlow, type Place, type Places } from '../../emu/proofs/data-flow.ts';
import type { Writer } from '../../checks/check.ts';
import type { Core } from '../../emu/core/core.ts';
import type { Surroundings } from '../../emu/proofs/linear.ts';
import { S } from '../../emu/core/state.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { waitsForFlash } from '../../emu/flash-wait.ts';
import type { Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { byMaster, type MasterWrite } from './masters.ts';

export interface Step {
  readonly pc: number;
  readonly at: Ps;
  /** Null for what the core did by itself: stacking and unstacking of an exception. */
  readonly flow: DataFlow | null;
  readonly writes: ReadonlyMap<Place, Places>;
  /** General registers in front of it, R0 to LR. */
  readonly registers: Uint32Array;
  /** Exception that was taken (its number) or left (0) by the core; null for an instruction. */
  readonly exception: number | null;
  /** What other bus masters wrote between the step before and this one, newest last. */
  readonly masters: readonly MasterWrite[];
}

/** The step is this instruction, or accesses memory by it where several issue together. */
export const holds = ({ pc, flow }: Step, wanted: number): boolean =>
  pc === wanted || (flow !== null && [...flow.loads, ...flow.stores].some((a) => a.pc === wanted));

/** What the one register held in front of the step; null where there are more places, or another one. */
export function heldIn({ registers }: Step, places: Places): number | null {
  const [place] = places;
  if (places.size !== 1) return null;
  for (let n = 0; n < registers.length; n++) if (registerAt(n) === place) return registers[n]!;
  return null;
}

/** What ended the stretch. */
export type Ended = 'time' | 'fault' | 'entry' | 'reset' | 'lockup' | 'steps';
export interface Window {
  readonly steps: readonly Step[];
  readonly ended: Ended;
}

/** Words of a basic exception frame, lowest first (ARMv7-M B1.5.6). */
const FRAME = [0, 1, 2, 3, 12, 14].map(registerAt);
const FRAME_PC = 24;
const EXC_RETURN_SPSEL = 1 << 2;

/** Latest checkpoint of the session that is not after a time. */
export function checkpointBefore(s: Session, powerOn: Checkpoint, time: Ps): Checkpoint {
  let best = powerOn;
  for (const c of [...s.trail, s.entryCheckpoint, s.faultCheckpoint]) {
    if (c && c.system.now <= time && c.system.now > best.system.now) best = c;
  }
  return best;
}

/** Time of so many cycles of a core, at its present rate. */
export function cyclesTime(core: Core, cycles: number): Ps {
  const now = core.cycles();
  const { clock } = core.row;
  return Math.max(1, core.clockTimeOf(clock, now + cycles) - core.clockTimeOf(clock, now));
}

export const isRam = ({ machine: { system } }: Session, address: number): boolean => system.regionAt(address)?.memory?.row.kind === 'ram';

/** The first address of a word that has several, or that is mapped to 0. */
export function homeOf({ machine }: Session, address: number): number {
  const region = machine.system.regionAt(address);
  return region?.memory ? region.memory.row.base + address - region.base : address;
}

/** The instruction that is under way, as the writer or reader of something. */
export const writerAt = (core: Core, seq: number): Writer => ({
  pc: core.pc,
  lr: core.arm.lr,
  at: core.now(),
  kind: 'cpu',
  core: core.index,
  seq,
});

/** Runs on to a time, the scenario's steps included, or until it is so where the machine stops. False if the machine stands still before. */
export function runTo(s: Session, time: Ps, isSo = (): boolean => false): boolean {
  const { machine } = s;
  while (machine.now < time && !isSo()) {
    const before = machine.now;
    s.advance(time);
    s.steps.poll();
    if (machine.now === before && machine.state.lockup) return false;
  }
  return true;
}

/**
 * Runs on up to a time, and asks each time that the boot core stands at one of these addresses whether that is enough; true if it was. A step of the scenario that is carried
 * out sets the stops anew.
 */
export function runByStops(s: Session, addresses: readonly number[], end: Ps, enough: (pc: number) => boolean): boolean {
  const { machine, steps } = s;
  const core = machine.bootCore;
  const wanted = new Set(addresses);
  const before = steps.otherStops;
  steps.otherStops = (index) => (index === core.index ? [...before(index), ...wanted] : before(index));
  steps.setBreakpoints();
  try {
    while (machine.now < end && !machine.state.lockup) {
      const { now } = machine;
      s.advance(end);
      const there = core.atBreak && wanted.has(core.pc);
      if (there && enough(core.pc)) return true;
      // one that waits for a symbol, which may be at such an address
      steps.poll();
      if (!there && machine.now === now) return false;
    }
    return false;
  } finally {
    steps.otherStops = before;
    steps.setBreakpoints();
  }
}

/** What the machine says of a core while it makes one step. */
interface Heard {
  ended: Ended | null;
  /** Instructions that it had retired before it. */
  retired: number;
  /** What other bus masters have written since the step before, and what they wrote behind this one's instruction. */
  masters: MasterWrite[];
  behind: MasterWrite[];
  /** Exceptions that it took, and 0 for each return. */
  exceptions: number[];
}

/** Hears what happens to `core`, on top of those who listen already. */
function listen(s: Session, core: Core): { heard: Heard; stop: () => void } {
  const { machine } = s;
  const heard: Heard = { ended: null, retired: core.retired(), masters: [], behind: [], exceptions: [] };
  const before = machine.observer;
  machine.observer = {
    ...before,
    busWritten: (block, at, bytes, value) => {
      before.busWritten?.(block, at, bytes, value);
      const to = core.retired() === heard.retired ? heard.masters : heard.behind;
      to.push(byMaster(s, block, at, bytes, value));
    },
    faulted: (c) => {
      if (c === core) heard.ended = 'fault';
    },
    entry: (e) => {
      before.entry?.(e);
      if (e.core === core.index) heard.ended = 'entry';
    },
    beforeReset: () => {
      heard.ended = 'reset';
      before.beforeReset?.();
    },
    lockup: (c, reason) => {
      before.lockup?.(c, reason);
      if (c === core) heard.ended = 'lockup';
    },
    exception: (c, exception, handler, pc) => {
      before.exception?.(c, exception, handler, pc);
      if (c === core) heard.exceptions.push(exception);
    },
    exceptionReturn: (c, exception, pc) => {
      before.exceptionReturn?.(c, exception, pc);
      if (c === core) heard.exceptions.push(0);
    },
  };
  return { heard, stop: () => void (machine.observer = before) };
}

/** One instruction of `core`, or what goes on while it sleeps. */
export function stepOnce(s: Session, core: Core, until: Ps): void {
  const { machine } = s;
  // nothing but the core can do anything before the next event: no need to ask the machine
  const alone = machine.cores.length === 1 && !core.halted && machine.state.pendingReset === null;
  if (alone && core.now() < machine.system.scheduler.next) return void core.step();
  machine.run(core.halted && !core.canWake() ? Math.min(until, machine.system.scheduler.next) : nextCycle(core, machine.now));
  s.steps.poll();
}

/** What other masters wrote in front of the step that is made of what was heard; what they wrote behind it is in front of the next one. */
function takeMasters(heard: Heard): readonly MasterWrite[] {
  const { masters } = heard;
  heard.masters = heard.behind;
  heard.behind = [];
  return masters;
}

/** Steps between two looks at the budget, and what one of them costs: as much time as so many instructions that are not looked at. */
const LOOK_EVERY = 256;
const STEP_COST = 500;
/** Runs `core` to `until` (or to what ends it before) one instruction at a time, from where the session stands. */
export function record(s: Session, core: Core, until: Ps, most: number): Window {
  const steps: Step[] = [];
  const { heard, stop } = listen(s, core);
  try {
    for (let looks = 1; ; looks++) {
      if (looks % LOOK_EVERY === 0) s.budget.spend(LOOK_EVERY * STEP_COST);
      // the count of a sleeping core lags behind by less than a cycle
      if (core.now() >= until || (core.halted && s.machine.now >= until)) return { steps, ended: 'time' };
      if (steps.length >= most) return { steps, ended: 'steps' };
      const words = core.stateWords();
      const retired = (heard.retired = core.retired());
      const at = core.now();
      const pc = core.pc;
      heard.exceptions.length = 0;
      stepOnce(s, core, until);
      const { ended, exceptions } = heard;
      const count = core.retired() - retired;
      let flow: DataFlow | null = null;
      if (count > 0 || ended === 'fault') {
        flow = dataFlow(core.profile, surroundings(core, words), pc, Math.max(1, count));
        const writes = withUnlisted(core, words, flow, exceptions.length === 0 && ended === null);
        steps.push({ pc, at, flow, writes, registers: words.subarray(0, 15), exception: null, masters: takeMasters(heard) });
      }
      for (const exception of exceptions) {
        const writes = moved(core, exception, words, flow);
        steps.push({ pc, at, flow: null, writes, registers: words.subarray(0, 15), exception, masters: takeMasters(heard) });
      }
      if (ended !== null) return { steps, ended };
      // a core that fetches from a flash at work does nothing for as long as a sector is erased
      if (count === 0 && waitsForFlash(s.machine.system, core, core.pc)) s.machine.run(Math.min(until, s.machine.system.scheduler.next));
    }
  } finally {
    stop();
  }
}

/** The core may lag behind the machine by less than a cycle, or behind the other core. */
const nextCycle = (core: Core, now: Ps): Ps => Math.max(core.clockTimeOf(core.row.clock, core.cycles() + 1), now + 1);

/** The state in front of an instruction by a copy of its first words; memory as it is now. */
const surroundings = (core: Core, words: Uint32Array): Surroundings => ({
  state: (offset) => (offset >> 2 < words.length ? words[offset >> 2]! : core.get(offset)),
  instruction: (pc) => core.instructionAt(pc),
  read: (address, size) => core.peek(address, size),
  isPlain: () => true,
});

/** Registers that changed though no operand names them (MSR, results of a system instruction): made of what the row reads. */
function withUnlisted(core: Core, words: Uint32Array, flow: DataFlow | null, compare: boolean): ReadonlyMap<Place, Places> {
  const known = flow?.writes ?? new Map<Place, Places>();
  if (!compare || flow?.exact) return known;
  const writes = new Map(known);
  const from = new Set<Place>();
  for (const places of known.values()) for (const p of places) from.add(p);
  for (const p of flow?.operands ?? []) from.add(p);
  for (let n = 0; n < 15; n++) if (core.get(S.R + 4 * n) >>> 0 !== words[n] && !writes.has(registerAt(n))) writes.set(registerAt(n), from);
  return writes;
}

/** Stacking: the frame's words are the registers; unstacking: the other way round. */
function moved(core: Core, exception: number, words: Uint32Array, by: DataFlow | null): ReadonlyMap<Place, Places> {
  const writes = new Map<Place, Places>();
  const into = exception !== 0;
  const excReturn = into ? core.get(S.LR) : (by?.branch?.target ?? words[S.LR >> 2]!);
  const process = (excReturn & EXC_RETURN_SPSEL) !== 0;
  // POP {…, PC} takes its own words before the frame
  const popped = by?.loads.reduce((bytes, { size }) => bytes + size, 0) ?? 0;
  const sp = into ? (process ? core.get(S.PSP) : core.get(S.SP)) : process ? words[S.PSP >> 2]! : words[S.SP >> 2]! + popped;
  FRAME.forEach((register, i) => {
    for (let byte = 0; byte < 4; byte++) {
      const place = (sp + 4 * i + byte) >>> 0;
      if (into) writes.set(place, new Set([register]));
      else writes.set(register, new Set([...(writes.get(register) ?? []), place]));
    }
  });
  if (into) {
    for (let byte = 0; byte < 4; byte++) writes.set((sp + FRAME_PC + byte) >>> 0, new Set([stateAt(S.PC)]));
    writes.set(stateAt(S.LR), new Set());
  }
  return writes;
}
