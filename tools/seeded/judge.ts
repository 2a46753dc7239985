/** What is said of a program with faults: its outcome, and the instructions that are named as proved causes of it. */
import { findAtFault, findDifference, findLeftBehind, type Finding } from '../../src/bench/difference/find.ts';
import { leftOut, type Ended } from '../../src/bench/difference/left-out.ts';
import { lostWrites } from '../../src/bench/difference/path.ts';
import { secondProgram } from '../../src/bench/difference/programs.ts';
import type { Outcome } from '../../src/bench/documents/result.ts';
import { jobInput, romProfileIfAny, type RunJob } from '../../src/bench/input/job.ts';
import type { Attempt } from '../../src/bench/proof/attempt.ts';
import { runBench } from '../../src/bench/run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { runTo } from '../../src/bench/slice/window.ts';
import type { Checkpoint } from '../../src/emu/machine-base.ts';
import { findChip } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { wordOf, type Made, type ProgramKind } from './kinds.ts';

export interface Case {
  readonly part: string;
  readonly kind: ProgramKind;
  readonly made: Made;
}
export function jobFor({ part, kind, made }: Case): RunJob {
  const images = made.images.map(({ name, base, bytes }) => ({ path: `${name}.bin@0x${base.toString(16)}`, bytes }));
  return {
    version: 'seeded',
    chip: part,
    images,
    scenario: { schema: 'bootbench/scenario@1' },
    overrides: { images: images.map(({ path }) => path), ...(kind === 'loader' ? { goal: 'app' } : {}) },
    limits: { maxInstructions: null, wallMs: null, maxMemory: null },
    rom: { kind: 'stand-in', bytes: romImage(romProfileIfAny(findChip(part)!)!.image), version: null, options: {} },
    symptoms: [],
    engine: 'bootbench',
    semihosting: false,
    bootAt: null,
    files: new Map(),
  };
}

/** An application that is served fewer ticks than this in the time of a run does not run. */
const FEW_TICKS = 20;
/** What the machine itself comes to, without any question why. */
export function runsRight(c: Case): { readonly right: boolean; readonly outcome: Outcome } {
  const session = new Session(jobInput(jobFor(c)));
  try {
    const { outcome } = session.run();
    return { right: c.kind === 'loader' ? isTicking(session) : outcome === 'dfu', outcome };
  } finally {
    session.release();
  }
}
/** Of the run that has ended: another 60 ms. */
function isTicking(session: Session): boolean {
  const { machine } = session;
  const ticks = (): number => machine.bootCore.peek(wordOf(machine.chip, 'ticks'), 4) ?? 0;
  const before = ticks();
  runTo(session, machine.now + WATCHED);
  return ticks() - before >= FEW_TICKS;
}
const WATCHED = 60e9;

export interface Answer {
  readonly outcome: Outcome;
  /** Instructions of proved causes. */
  readonly named: readonly number[];
  /** The loop in which it waits or counts. */
  readonly waits: readonly number[];
  /** For a person. */
  readonly said: string;
}
/** All that `run` says. */
export function byAll(c: Case): Answer {
  const { outcome, diagnosis, notes, ended } = runBench(jobInput(jobFor(c)));
  const proved = diagnosis.causes.filter((cause) => cause.proved);
  return {
    outcome,
    named: proved.flatMap(({ lastWriter }) => (lastWriter ? [Number(lastWriter.pc)] : [])),
    waits: [
      ...notes.flatMap(({ about }) => (about?.is === 'loop' ? [Number(about.at.pc)] : [])),
      ...(ended.loop ? [Number(ended.loop.pc)] : []),
    ],
    said: `[${proved.map(({ id, what }) => what ?? id).join(', ')}] ${notes
      .filter(({ kind }) => kind !== 'image')
      .map(({ kind, text }) => `${kind}: ${text.slice(0, 160)}`)
      .join(' | ')}`,
  };
}
/** The difference, and writes that had no effect: without any check. */
export function byDifference(c: Case): Answer {
  const session = new Session(jobInput(jobFor(c)));
  try {
    const powerOn = session.save();
    const { outcome, at } = session.run();
    const none = { outcome, named: [], waits: session.state.loop ? [session.state.loop.pc] : [], said: '' };
    if (outcome === 'dfu') return none;
    const finished = session.save();
    const first = differenceOf(session, powerOn, at);
    const search = first?.helps || finished.history.lost.length === 0 ? null : lostWrites(session, powerOn, finished);
    const lost = search?.sets(goalOf(session, outcome)).sets.flat() ?? [];
    const found = first?.helps || lost.length > 0 ? first : leftOutOf(session, { powerOn, finished, at, coreAlone: outcome === 'no-jump' });
    const all = (found?.helps && found.complete ? found.sets : []).flat();
    return {
      ...none,
      named: [
        ...all.flatMap(({ writer }) => (writer ? [writer.pc] : [])),
        ...lost.flatMap((cause) => (cause.is === 'lost-write' ? [cause.opening.write.pc] : [])),
      ],
      said: [...all.map(({ what, value, afterReset }) => `${what} ${value} (${afterReset})`), ...lost.map(({ is }) => is)].join(', '),
    };
  } finally {
    session.release();
  }
}
/** As `run` has it: the goal, or that the loop is left. */
const goalOf =
  (session: Session, outcome: Outcome) =>
  (again: Attempt): boolean =>
    again.reached || (session.lastEntry() === null && outcome === 'stuck' && again.outcome !== 'stuck');
/** Where nothing was entered. */
const leftOutOf = (session: Session, ended: Ended): Finding | null =>
  ended.finished.history.entryCount > 0 ? null : (leftOut(session, ended)?.find() ?? null);
function differenceOf(session: Session, powerOn: Checkpoint, at: number): Finding | null {
  const entry = session.lastEntry();
  if (entry !== null) return findDifference(session, entry);
  const { faultCheckpoint } = session;
  const second = secondProgram(session);
  const left = second === null ? null : findLeftBehind(session, powerOn, second, at);
  return left?.helps || faultCheckpoint === null ? left : findAtFault(session, faultCheckpoint);
}
