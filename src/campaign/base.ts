/**
 * One machine at its hand-over, from which the cases of one delay and seed are forked: each goes back to a checkpoint shortly before the jump, changes one
 * thing and runs to its outcome.
 */
import { PENDSTSET, PENDSVSET, PPB } from '../checks/core-registers.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import { MS, type Ps } from '../emu/time.ts';
import { attempt, type Starts } from '../bench/proof/attempt.ts';
import { CutShort, isCut } from '../bench/session/budget.ts';
import { handOverSteps } from '../bench/proof/hand-over.ts';
import { runTo } from '../bench/slice/window.ts';
import { leavingOut } from '../bench/input/left-out.ts';
import type { Outcome } from '../bench/documents/result.ts';
import { unasked, type RunInput } from '../bench/input/run-input.ts';
import type { SessionEnd } from '../bench/session/live-run.ts';
import { Session } from '../bench/session/session.ts';
import type { WorkCase } from './queued.ts';
import { explain, repairsOf, type Explanation } from './explain.ts';
import type { Fault, Probe } from './space.ts';

/** The hand-over lies within this time before the jump. */
const STRETCH = 50 * MS;
/** First guess of how long before the jump a fault is, and how the next one grows. */
const FIRST_WINDOW = 1_000_000;
const WINDOW_GROWTH = 4;
const NMIPENDSET = 2 ** 31;
/** How long NRST is low and the supply is off. */
const HELD = 10 * MS;

export interface CaseResult {
  readonly no: number;
  readonly id: string;
  /** `absent`: this machine has no such instruction before its jump, so there was nothing to run. */
  readonly outcome: Outcome | 'absent';
  readonly ended: string;
  /** Virtual time at the end, picoseconds. */
  readonly at: Ps;
  /** Of the boot core since power-on. */
  readonly cycles: number;
  /** Address at which the fault happened. */
  readonly pc: number | null;
  /** What a failure has in common with others; null where the outcome was expected. */
  readonly group: Explanation | null;
}

interface Boundary {
  readonly at: Ps;
  readonly cycle: number;
  readonly pc: number;
}

export class Base {
  readonly session: Session;
  private readonly powerOn: Checkpoint;
  /** The first jump into the ROM; null where none comes. */
  private readonly jump: { readonly at: Ps; readonly retired: number } | null;
  private stretch: Checkpoint;
  private handOver: Checkpoint | null = null;
  private found: Probe['steps'] | null = null;
  /** Instructions before the jump, the nearest first, as far as they were asked for. */
  private boundaries: readonly Boundary[] = [];
  /** In front of the instruction of the last fault: the next one is often near. */
  private cursor: { readonly at: Ps; readonly checkpoint: Checkpoint } | null = null;

  constructor(input: RunInput, parameters: Readonly<Record<string, number>> = {}) {
    const s = new Session(unasked(input), { parameters });
    this.session = s;
    this.powerOn = this.stretch = s.save();
    s.keepCheckpoints = false;
    let end: SessionEnd;
    let entries = 0;
    do end = s.run({ untilEntry: ++entries, counterfactual: true });
    while (s.machine.history.entryCount === entries && s.machine.history.entries.at(-1)?.how !== 'branch' && !isCut(end.reason));
    if (isCut(end.reason)) throw new CutShort(end.reason);
    const { entries: known, resets, entryCount } = s.machine.history;
    const jump = entryCount === entries ? known.at(-1)! : null;
    this.jump = jump;
    if (jump) {
      const reset = resets.findLast((r) => r.at < jump.at)?.at ?? 0;
      s.restore(this.powerOn);
      runTo(s, Math.max(reset, jump.at - STRETCH));
      this.stretch = s.save();
    }
  }

  release(): void {
    this.session.release();
  }

  /** Of the machine as it is. */
  probe(expected: readonly string[]): Probe {
    const { outcome } = this.run({ no: 0, id: '', leave: [], fault: null }, expected);
    return { outcome, jumps: this.jump !== null, steps: this.jump === null ? [] : this.steps() };
  }

  /** `expected`: outcomes that need no explanation. */
  run(work: WorkCase, expected: readonly string[]): CaseResult {
    const { no, id } = work;
    const ended = this.toEnd(work);
    if (ended === null) return { no, id, outcome: 'absent', ended: 'absent', at: 0, cycles: 0, pc: null, group: null };
    const { end, pc } = ended;
    const cycles = this.session.machine.bootCore.cycles();
    const group = expected.includes(end.outcome) ? null : explain(this.session, end, work.fault !== null);
    return { no, id, outcome: end.outcome, ended: end.reason, at: end.at, cycles, pc, group };
  }

  /** Runs a case; null if there is no such instruction. The session is left at its end. `pc`: where the fault happened. */
  private toEnd({ leave, fault }: WorkCase): { readonly end: SessionEnd; readonly pc: number | null } | null {
    const s = this.session;
    const boundary = fault === null ? null : this.boundary(fault);
    if (boundary === undefined) return null;
    s.entryCheckpoint = s.faultCheckpoint = s.leave = null;
    s.keepCheckpoints = false;
    this.start(leave, boundary);
    s.keepCheckpoints = true;
    const { machine } = s;
    if (leave.length > 0) {
      machine.setRepairs(leavingOut(new Set(leave)));
      // in the ROM there is nothing to leave out, and every write would be asked about
      s.onPausedEntry = () => machine.setRepairs(null);
    }
    for (const core of machine.cores) core.setShortRun(true);
    try {
      let pc: number | null = null;
      if (boundary && fault) {
        runTo(s, boundary.at);
        pc = machine.bootCore.pc;
        this.inject(fault.kind);
      }
      const end = s.run({ counterfactual: true, repaired: true });
      if (isCut(end.reason)) throw new CutShort(end.reason);
      return { end, pc };
    } finally {
      s.onPausedEntry = null;
      machine.setRepairs(null);
      for (const core of machine.cores) core.setShortRun(false);
    }
  }

  /**
   * Which of what is broken at the entry of a case is its cause: the smallest set of checks that, repaired there and nothing else, reaches DFU, found by
   * leaving out one after the other. Empty: no such set; what was broken before the entry is not repaired.
   */
  prove(work: WorkCase): readonly string[] {
    const ended = this.toEnd(work);
    const s = this.session;
    const entry = s.lastEntry();
    if (ended === null || ended.end.outcome === 'dfu' || entry === null) return [];
    const starts: Starts = { powerOn: this.powerOn, entry, entryNumber: entry.history.entryCount };
    const reaches = (repairs: ReturnType<typeof repairsOf>): boolean => repairs.length > 0 && attempt(s, starts, repairs).outcome === 'dfu';
    let repairs = repairsOf(s, ended.end.outcome, entry);
    if (!reaches(repairs)) return [];
    for (const one of repairs) {
      const rest = repairs.filter((r) => r !== one);
      if (reaches(rest)) repairs = rest;
    }
    return repairs.map((r) => r.id);
  }

  /** Goes to the last checkpoint before anything differs. */
  private start(leave: readonly number[], boundary: Boundary | null): void {
    const s = this.session;
    if (this.jump === null) return s.restore(this.powerOn);
    if (leave.length > 0) return s.restore(this.beforeSteps());
    if (boundary === null) return s.restore(this.beforeSteps());
    const { cursor } = this;
    s.restore(cursor !== null && cursor.at <= boundary.at ? cursor.checkpoint : this.stretch);
    runTo(s, boundary.at);
    if (cursor?.at !== boundary.at) this.cursor = { at: boundary.at, checkpoint: s.save() };
  }
  private steps(): Probe['steps'] {
    if (this.found !== null) return this.found;
    const steps = handOverSteps(this.session, this.stretch, this.jump!.at);
    const first = steps[0]?.at ?? this.jump!.at;
    // the time of a write lies within its instruction
    this.session.restore(this.stretch);
    const before = Math.max(this.stretch.system.now, first - FIRST_WINDOW);
    runTo(this.session, before);
    this.handOver = this.session.machine.now < first ? this.session.save() : this.stretch;
    return (this.found = steps.map(({ pc, what }) => ({ pc, what })));
  }
  private beforeSteps(): Checkpoint {
    this.steps();
    return this.handOver!;
  }

  /** undefined: there is no such instruction behind the last reset and within the stretch. */
  private boundary({ unit, before }: Fault): Boundary | undefined {
    if (this.jump === null) return undefined;
    const find = (): Boundary | undefined =>
      unit === 'instructions' ? this.boundaries[before - 1] : this.boundaries.find((b) => this.jumpCycle - b.cycle >= before);
    return find() ?? (this.look(unit, before) ? find() : undefined);
  }
  private jumpCycle = 0;
  /** Notes each instruction of the last stretch before the jump that has so many of them; false if there are not so many. */
  private look(unit: Fault['unit'], before: number): boolean {
    const s = this.session;
    const { machine } = s;
    const core = machine.bootCore;
    const jump = this.jump!;
    const count = (): number => (unit === 'instructions' ? core.retired() : core.cycles());
    s.restore(this.stretch);
    runTo(s, jump.at);
    const end = unit === 'instructions' ? jump.retired : (this.jumpCycle = core.cycles());
    for (let window = FIRST_WINDOW; ; window *= WINDOW_GROWTH) {
      const from = Math.max(this.stretch.system.now, jump.at - window);
      s.restore(this.stretch);
      runTo(s, from);
      if (end - count() >= before) break;
      if (from === this.stretch.system.now) return false;
    }
    const found: Boundary[] = [];
    for (let last = -1; machine.now < jump.at && core.retired() < jump.retired;) {
      // an exception that is taken and a core that sleeps are no instructions
      if (core.retired() !== last) found.push({ at: machine.now, cycle: core.cycles(), pc: core.pc });
      last = core.retired();
      const time = machine.now;
      const sleeps = core.halted && !core.canWake();
      runTo(s, sleeps ? Math.max(time + 1, Math.min(machine.system.scheduler.next, jump.at)) : time + 1);
      if (machine.now === time) break;
    }
    this.jumpCycle = core.cycles();
    this.boundaries = found.reverse();
    this.cursor = null;
    return true;
  }

  private inject(kind: string): void {
    const s = this.session;
    const { machine } = s;
    const core = machine.bootCore;
    const pend = { systick: PENDSTSET, pendsv: PENDSVSET, nmi: NMIPENDSET }[kind];
    if (pend !== undefined) return void core.write(PPB.ICSR, 4, pend, true);
    if (kind === 'nrst') {
      machine.holdReset(true);
      runTo(s, machine.now + HELD);
      machine.holdReset(false);
    } else if (kind === 'power') {
      machine.powerOff();
      runTo(s, machine.now + HELD);
      machine.powerOn(true);
    } else {
      const line = Number(kind.slice('irq'.length));
      core.write(PPB.NVIC_ISPR + 4 * (line >>> 5), 4, (1 << (line & 31)) >>> 0, true);
    }
  }
}
