/**
 * What surrounds a firmware that nobody described. A firmware is written for its board's clock: where the usual board of the chip has none at OSC_IN, or another one than
 * the firmware counts on, its own clock tree says which. And it may be linked behind a boot loader that is not there. What is assumed is told.
 */
import { MS } from '../emu/time.ts';
import { findBoard } from './input/boards.ts';
import { SAY_BOARD, withAdvice, type Advice } from './documents/advice.ts';
import { formatDuration } from './documents/duration.ts';
import { factsIn, type Note, type NoteFact } from './documents/note-facts.ts';
import { longLoop } from './documents/long-loop.ts';
import { hex32, type RunResult } from './documents/result.ts';
import type { Crystal } from './documents/scenario-types.ts';
import { jobInput, type RunJob } from './input/job.ts';

export interface Assumed {
  readonly job: RunJob;
  /** For a person, and the kind of its note. */
  readonly text: string;
  readonly advice?: Advice;
  readonly kind: 'assumed-board' | 'boot-at';
  /** Whether a run of it has what the other lacked. */
  readonly helps: (result: RunResult<string>) => boolean;
}

/** What a run shows of its surroundings, before anything is looked for in it. */
export type Shown = Pick<RunResult<string>, 'notes' | 'chip' | 'scenario'>;

const MHZ = 1e6;
/** Where the firmware does not tell: the crystal of most boards. */
const USUAL_HSE = 8 * MHZ;
const orSay = (what: string, otherwise = 'if your board has another'): ReturnType<typeof withAdvice> =>
  withAdvice({ is: 'other', said: what, lead: `: ${otherwise}, `, command: SAY_BOARD });

const LACKS = {
  usb: 'USB would run at a wrong rate',
  pll: 'the firmware counts on it, and its PLL would be out of range',
  range: 'the PLL would be out of its range',
  full: 'with it the chip runs at its full rate, and the PLL would be out of its range',
  baud: 'the firmware counts on it, and its serial port would run at an odd rate',
  counted: 'the firmware counts on it',
} as const;

/** Rates and times of what is told come from a crystal that nobody named; null where somebody did, and where none are told. */
export function usualClock(given: RunJob, { notes, scenario, ended }: RunResult<string>): Note | null {
  const { hse } = scenario.board;
  const said = given.clockSays;
  if (!isClockOpen(given) || (given.boardAssumed === true && said === undefined) || hse === null) return null;
  const isTold = notes.some(({ about }) => about !== undefined && hangsOnClock(about)) || longLoop(ended) !== undefined;
  const because = said?.hz === hse.hz ? `, because ${said.file} says so` : '';
  return isTold ? { kind: 'assumed-board', ...orSay(`a clock of ${hse.hz / MHZ} MHz at OSC_IN is assumed${because}`) } : null;
}
const OF_CLOCK: ReadonlySet<string> = new Set(['impossible-clock', 'flash-too-fast', 'other-baud']);
/** A PLL that the chip's own oscillator feeds does not. */
const hangsOnClock = (about: NoteFact): boolean => OF_CLOCK.has(about.is) && (about.is !== 'impossible-clock' || about.source === 'hse');

/** The job with what the firmware shows to have around it; null where somebody has said that, and where it shows nothing. */
export function assumed(given: RunJob, job: RunJob, result: Shown): Assumed | null {
  return behindLoader(job, result) ?? (isClockOpen(given) ? (otherClock(job, result) ?? soonerCrystal(job, result)) : null);
}
/** The job on the board that its images name, where nobody has said what the board has; null without one. What its USB wires lead to may be otherwise: its user wants USB. */
export function onNamedBoard(job: RunJob): Omit<Assumed, 'helps'> | null {
  if (job.boardNamed === undefined || job.overrides.board !== undefined || !isClockOpen(job)) return null;
  const { vbus: _, ...known } = findBoard(job.boardNamed).board;
  const said = job.scenario.board;
  return {
    job: {
      ...job,
      boardAssumed: true,
      scenario: { ...job.scenario, board: { ...known, ...said, pins: { ...known.pins, ...said?.pins } } },
    },
    kind: 'assumed-board',
    ...orSay(`the board ${job.boardNamed} is assumed, because the image names it`, 'if yours is another'),
  };
}
/**
 * The job with the clock that the project counts on, where nobody has said what the board has. A build counts on a frequency also where the board has no crystal; only where a pin is
 * drawn as OSC_IN is there one.
 */
export function onProjectClock(job: RunJob): RunJob {
  const { clockSays: said, scenario } = job;
  if (said === undefined || said.template === true || job.boardNamed !== undefined || !isClockOpen(job)) return job;
  const usual = jobInput(job).scenario.board.hse;
  if (usual === null && said.pin !== true) return job;
  const hse = { hz: said.hz, kind: said.pin === true || usual === null ? said.kind : usual.kind };
  return { ...job, boardAssumed: true, scenario: { ...scenario, board: { ...scenario.board, hse } } };
}
/** Nobody has said what clock the board has. */
export const isClockOpen = ({ boardSays, boardAssumed, scenario }: RunJob): boolean =>
  boardSays === undefined && (scenario.board?.hse === undefined || boardAssumed === true);

/** A boot loader that is not there would start the images. */
function behindLoader(job: RunJob, { notes, chip }: Shown): Assumed | null {
  const [behind] = factsIn(notes, 'behind-loader');
  if (behind === undefined || job.bootAt !== null) return null;
  return {
    job: { ...job, bootAt: behind.table },
    kind: 'boot-at',
    text: `started at ${hex32(behind.table)}, where the image begins, as its boot loader would: nothing lies where ${chip} starts (give the image of the boot loader too, if you have it)`,
    helps: () => true,
  };
}

const withHse = (job: RunJob, hse: Crystal): RunJob => ({
  ...job,
  hseAssumed: true,
  scenario: { ...job.scenario, board: { ...job.scenario.board, hse } },
});
function otherClock(job: RunJob, { notes, scenario }: Shown): Assumed | null {
  const here = scenario.board.hse;
  const clocked = (hz: number, kind: Crystal['kind']): RunJob =>
    withHse(job, { hz, kind, ...(here?.ready !== undefined && { ready: here.ready }) });
  const [crystal] = factsIn(notes, 'other-crystal');
  if (crystal !== undefined && here !== null)
    return {
      job: clocked(crystal.hz, here.kind ?? 'crystal'),
      kind: 'assumed-board',
      ...orSay(
        `a clock of ${crystal.hz / MHZ} MHz at OSC_IN${here.ready === undefined ? '' : ` that starts within ${here.ready}`} is assumed, because ${LACKS[crystal.lacks]}${crystal.lacks === 'counted' ? '' : ` with ${here.hz / MHZ} MHz`}`,
      ),
      helps: (r) =>
        // what the firmware counts on is nothing against a rate with which it cannot run
        factsIn(r.notes, 'other-crystal').every(({ hz, lacks }) => lacks === 'counted' && crystal.lacks !== 'counted' && hz === here.hz) &&
        // with it no other clock may be impossible
        (factsIn(r.notes, 'impossible-clock').length === 0 || (crystal.lacks !== 'range' && factsIn(notes, 'impossible-clock').length > 0)),
    };
  const missing = factsIn(notes, 'never-ready').find(({ flag, otherBoard }) => otherBoard && flag === 'HSERDY');
  if (missing === undefined) return null;
  const hz = here?.hz ?? USUAL_HSE;
  const [kind, what] = missing.bypass === true ? (['bypass', 'a signal'] as const) : (['crystal', 'a crystal'] as const);
  return {
    job: clocked(hz, kind),
    kind: 'assumed-board',
    ...orSay(`${what} of ${hz / MHZ} MHz at OSC_IN is assumed, because the firmware waits for it`),
    helps: (r) => !factsIn(r.notes, 'never-ready').some(({ flag }) => flag === 'HSERDY'),
  };
}

/** Firmware that ships waits for a crystal as long as its board's takes, and no longer; how soon one starts is the crystal's. */
function soonerCrystal(job: RunJob, { notes, scenario }: Shown): Assumed | null {
  const { hse } = scenario.board;
  const [late] = factsIn(notes, 'crystal-late');
  if (late === undefined || hse === null || hse.kind === 'bypass' || hse.ready !== undefined) return null;
  const ready = formatDuration(Math.round(late.waited / 2 / TENTH) * TENTH);
  return {
    job: withHse(job, { ...hse, ready }),
    kind: 'assumed-board',
    ...orSay(
      `a crystal of ${hse.hz / MHZ} MHz at OSC_IN that starts within ${ready} is assumed, because the firmware waits ${Number((late.waited / MS).toPrecision(2))} ms for it and no longer`,
    ),
    helps: (r) => factsIn(r.notes, 'crystal-late').length === 0,
  };
}
const TENTH = MS / 10;
