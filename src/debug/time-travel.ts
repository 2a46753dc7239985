/**
 * Backwards: checkpoints on the way (marks), and running again from one of them up to the instruction that is asked for. The machine is deterministic, so
 * that is the past itself. What a debugger changed from outside cannot be run again: there stands a mark of its own.
 */
import type { Core } from '../emu/core/core.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import { MS, type Ps } from '../emu/time.ts';
import type { DebugTarget, Stop, Stopped } from './debug-target.ts';
import { Marks, type Mark } from './marks.ts';

/** Virtual time between marks at first; it grows with the length of the session. */
const MARK_EVERY = 5 * MS;
/** What all marks hold: of a small chip some 3000 changes by the debugger. The oldest go. */
const MOST_BYTES = 128 << 20;
/** The last instructions up to a place are single steps. */
const CLOSE = 1000;
/** Shortest stretch that is tried at full speed. */
const SHORTEST = MS / 1000;

interface Place {
  readonly retired: number;
  readonly at: Ps;
  readonly stop: Stop;
}

export class TimeTravel {
  private readonly marks: Marks;
  private readonly mostBytes: number;
  private readonly target: DebugTarget;
  private replaying = false;

  constructor(target: DebugTarget, mostBytes = MOST_BYTES) {
    this.target = target;
    this.mostBytes = mostBytes;
    this.marks = new Marks(mostBytes);
    target.onEdit = () => this.mark(true);
    this.mark(true);
  }

  /** Runs for so much virtual time at most, and leaves marks. */
  advance(time: Ps): Stopped | null {
    const { machine } = this.target;
    const limit = machine.now + time;
    while (machine.now < limit) {
      const next = this.marks.at(-1)!.at + MARK_EVERY * Math.max(1, this.marks.plainOnes >> 4);
      if (machine.now >= next) this.mark(false);
      const stopped = this.target.advanceTo(Math.min(limit, Math.max(next, machine.now + 1)));
      if (stopped) return stopped;
    }
    return null;
  }
  /** Forgets the past: the machine was put somewhere else, or nobody is left who could go there. */
  restart(): void {
    this.marks.clear();
    this.mark(true);
  }
  /** Why the past begins where it does, in words; null where it begins with the session. */
  get lost(): string | null {
    return this.marks.forgot ? `the history begins here: older positions were dropped, as all may hold ${this.mostBytes >> 20} MB\n` : null;
  }

  private mark(edit: boolean): void {
    if (this.replaying) return;
    const { machine } = this.target;
    const last = this.marks.at(-1);
    const mark = { at: machine.now, retired: machine.cores.map((c) => c.retired()), checkpoint: machine.save(last?.checkpoint), edit };
    // several edits in one place are one
    if (last?.edit === true && last.at === mark.at && last.retired.every((r, i) => r === mark.retired[i])) this.marks.pop();
    this.marks.push(mark);
  }

  /** To the state before the last instruction of a core; `begin` if there was none. */
  stepBack(core: Core): Stop {
    const retired = core.retired();
    const from = this.marks.findLast((m) => m.retired[core.index]! < retired);
    if (from === undefined) return { kind: 'begin' };
    const { now } = this.target.machine;
    this.travel(from, () => this.walkTo(core, retired - 1, now));
    return { kind: 'step' };
  }

  /** The core that looks for its last stop, see `beginBack`; null = nobody does. */
  get searcher(): Core | null {
    return this.search?.core ?? null;
  }
  /**
   * To the last breakpoint, watchpoint or catch before now; else to where the past begins. That may take a while, so it goes on with each `continueBack` until
   * that has a stop. Meanwhile the machine is somewhere in the past.
   */
  beginBack(core: Core): void {
    this.search = { core, from: this.target.machine.save(), steps: this.runBack(core) };
  }
  continueBack(): Stop | null {
    const next = this.search!.steps.next();
    if (next.done !== true) return null;
    this.search = null;
    return next.value;
  }
  /** Gives the search up: the machine is again where it began. */
  abandonBack(): void {
    const search = this.search!;
    this.search = null;
    search.steps.return({ kind: 'interrupt' });
    this.target.restore(search.from);
  }
  private search: { readonly core: Core; readonly from: Checkpoint; readonly steps: Generator<void, Stop> } | null = null;

  private *runBack(core: Core): Generator<void, Stop> {
    let end = core.retired();
    for (let i = this.marks.length - 1; i >= 0; i--) {
      const from = this.marks.at(i)!;
      if (from.retired[core.index]! >= end) continue;
      // right before an edit is a place of its own
      const place = yield* this.lastStop(core, from, this.marks.at(i + 1)?.edit === true ? end + 1 : end);
      if (place) {
        this.travel(from, () => this.walkTo(core, place.retired, place.at));
        return place.stop;
      }
      end = from.retired[core.index]!;
    }
    this.travel(this.marks.at(0)!, () => undefined);
    return { kind: 'begin' };
  }
  /** The last stop of a core from a mark on, before it had executed `end` instructions and before the edit that comes next. */
  private *lastStop(core: Core, from: Mark, end: number): Generator<void, Place | null> {
    const { target } = this;
    let last: Place | null = null;
    const leave = this.enterPast(from);
    try {
      if (target.stops.breakpoints[core.index]!.has(core.pc))
        last = { retired: core.retired(), at: target.machine.now, stop: { kind: 'breakpoint' } };
      while (core.retired() < end) {
        const found = target.advanceTo(target.machine.now + MARK_EVERY);
        if (core.retired() >= end) break;
        if (found?.core === core) last = { retired: core.retired(), at: target.machine.now, stop: found.stop };
        // asleep for good
        else if (!found && core.halted && target.machine.now > this.marks.at(-1)!.at + MARK_EVERY) break;
        yield;
      }
    } finally {
      leave();
    }
    return last;
  }

  /** Goes to a place in the past and stays there. */
  private travel(from: Mark, walk: () => void): void {
    const { target } = this;
    const kept = target.stops;
    target.stops = target.noStops();
    const leave = this.enterPast(from);
    try {
      walk();
    } finally {
      leave();
      target.stops = kept;
    }
    this.marks.cutBehind(from);
  }
  /** To a mark; what is returned ends the stay there. */
  private enterPast(from: Mark): () => void {
    const { target } = this;
    const { debugHalted } = target.machine;
    const halted = [...debugHalted];
    const { onConsole } = target;
    target.onConsole = () => undefined;
    this.replaying = true;
    target.restore(from.checkpoint);
    debugHalted.fill(false);
    return () => {
      this.replaying = false;
      target.onConsole = onConsole;
      halted.forEach((h, i) => (debugHalted[i] = h));
    };
  }
  /** Runs until a core has executed so many instructions: in stretches that are halved where they go too far, then one by one. */
  private walkTo(core: Core, retired: number, near: Ps): void {
    const { target } = this;
    const { machine } = target;
    let stretch = Math.max(MS, near - machine.now);
    while (retired - core.retired() > CLOSE && stretch > SHORTEST) {
      const before = machine.save();
      const { now } = machine;
      target.advanceTo(now + stretch);
      if (core.retired() > retired) {
        target.restore(before);
        stretch = Math.floor(stretch / 2);
        // stopped by itself (a BKPT): one by one from here on
      } else if (machine.now === now) break;
    }
    while (core.retired() < retired && target.step(core).kind === 'step');
  }
}
