/**
 * What comes of pulling each trigger, on forks. All are followed for a moment first, which is enough for most; where nothing was found, or something better may still
 * come, those that were left open go on from where they stood, each time for longer, until the effort is used up.
 */
import { functionNameAt } from '../../image/image.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { CutShort, isCut } from '../session/budget.ts';
import { onlyCallerOf } from '../input/code-scan.ts';
import { budgetOf } from '../documents/effort.ts';
import type { Outcome } from '../documents/result.ts';
import type { Tried } from '../documents/tried.ts';
import { stormBehind } from '../slice/starved.ts';
import { keptOnTheWay } from './towards.ts';
import type { SessionEnd } from '../session/live-run.ts';
import type { Session } from '../session/session.ts';

/** One thing to try. */
export interface Trial {
  /** For who waits. */
  readonly progress: string;
  /** What it is called as long as nothing came of it. */
  readonly tried: Omit<Tried, 'outcome'>;
  /** Of several that are alike, those of which something came are told, or the first. */
  readonly oneOf?: string;
  /** Forks, in the order in which they count. */
  readonly ways: readonly Way[];
}
/** One fork. */
export interface Way {
  /** Brings the session to where it is followed. */
  readonly begin: () => void;
  /** Time that the trigger itself takes. */
  readonly takes: Ps;
  /** What is done lasts, as a finger on a button: it may have to last for seconds. */
  readonly lasts?: boolean;
  /** Effort: what takes seconds itself begins when what acts at once has been followed. */
  readonly late?: boolean;
  /** With the session at the end of the fork: what is told of it, and whether no other way is asked then; null where there is nothing to tell. */
  readonly end: (outcome: Outcome) => { readonly tried: Tried; readonly enough: boolean } | null;
}

/** How long forks are followed in which nothing happens, and which. */
interface Stretch {
  readonly length: Ps;
  readonly of: (way: Way) => boolean;
}
const soon = ({ late }: Way): boolean => late !== true;
const lasting = ({ lasts }: Way): boolean => lasts === true;
/**
 * Effort: the first one is long enough for what acts at once. A button that is held for five seconds comes before everything that may still follow from a press, and a
 * longer one is the last.
 */
const FOLLOWED: readonly Stretch[] = [
  { length: 300 * MS, of: soon },
  { length: 1500 * MS, of: soon },
  { length: 3700 * MS, of: lasting },
  { length: Infinity, of: (way) => !lasting(way) },
  { length: Infinity, of: lasting },
];
/** What lasts is followed for so much longer than a run without events. */
const LONGER: Ps = 5500 * MS;
/** Effort: of what all forks together may cost, in instructions (effort.ts), a write to a register, and a store of a bus master, count as so many; and what may be spent on what would not be chosen. */
const WRITE_COSTS = 500;
const TRANSFER_COSTS = 1000;
const FOR_OTHERS = 1 / 10;
/** What guessed texts have used up beside a firmware that costs much does not count against a button. */
const FOR_BUTTONS = 3;
/** A request is dealt with while the firmware starts. */
const BEHIND_RESET = 1000 * MS;

/** How far a way has been followed. */
interface Followed {
  readonly way: Way;
  /** For how long. */
  time: Ps;
  /** Where it was left open; null before it began. */
  at: Checkpoint | null;
  /** The outcome, null as long as it is open. */
  outcome: Outcome | null;
  /** What came of it; null as long as it is open. */
  end: ReturnType<Way['end']> | undefined;
}

/** Which function went for the ROM, told of a fork at its end. */
function withPlace(end: ReturnType<Way['end']>, { machine, input }: Session): ReturnType<Way['end']> {
  const { entries, resets } = machine.history;
  const entry = entries.at(-1);
  if (end === null || entry === undefined) return end;
  const reset = entry.fromPc === null ? resets.findLast((r) => r.by === 'software' || r.by === 'option-bytes') : undefined;
  const pc = entry.fromPc ?? reset?.fromPc ?? null;
  if (pc === null || pc < 0) return end;
  const name = functionNameAt(input.images, pc >>> 0);
  return { ...end, tried: { ...end.tried, via: { function: name, caller: onlyCallerOf(input.images, pc >>> 0) } } };
}

/** Whether the goal was reached, where it is another one than USB. */
function withGoal(end: ReturnType<Way['end']>, outcome: Outcome, s: Session): ReturnType<Way['end']> {
  return end === null || s.input.goal.asking === null ? end : { ...end, tried: { ...end.tried, reached: s.reaches(outcome) } };
}

/** Nothing came of it so far. */
const unfinished = ({ tried }: Trial, ways: readonly Followed[]): Tried => ({
  ...tried,
  outcome: 'no-jump',
  followedFor: ways.reduce((least, f) => Math.min(least, f.end === undefined ? f.time : Infinity), Infinity),
});
/** Something came of it. */
const isTold = ({ outcome, instead }: Tried): boolean => instead !== undefined || (outcome !== 'no-jump' && outcome !== 'stuck');

export class Trials {
  private readonly s: Session;
  /** Every fork is followed to its end, whatever was found. */
  private readonly whole: boolean;
  private cost = 0;

  constructor(s: Session, whole: boolean) {
    this.s = s;
    this.whole = whole || budgetOf(s.input).whole;
  }

  /** `better`: whether the first would be chosen before the second. */
  run(trials: readonly Trial[], better: (a: Omit<Tried, 'outcome'>, found: Tried) => boolean): Tried[] {
    const rows = trials.map((t) => ({
      t,
      ways: t.ways.map((way): Followed => ({ way, time: 0, at: null, outcome: null, end: undefined })),
    }));
    const found = new Map<Trial, Tried>();
    const budget = budgetOf(this.s.input);
    for (const [i, stretch] of FOLLOWED.slice(0, this.whole ? FOLLOWED.length : budget.stretches).entries())
      for (const { t, ways } of rows) {
        // where one text led somewhere, another that does not do so at once is a wrong guess
        const isGuess = i > 0 && t.oneOf !== undefined && [...found].some(([of, f]) => of.oneOf === t.oneOf && isTold(f));
        const wanted = this.whole || (!isGuess && [...found.values()].every((f) => better(t.tried, f)));
        if (found.has(t) || !ways.some((f) => stretch.of(f.way)) || !this.isWorth(t, i, wanted, budget.trials)) continue;
        if (i === 0) this.s.input.progress?.(t.progress);
        const tried = this.follow(ways, stretch);
        if (tried === null) continue;
        found.set(t, tried);
        this.s.input.found?.(`${tried.name}: ${tried.outcome}`);
      }
    const each = rows.map(({ t, ways }) => ({ t, tried: found.get(t) ?? unfinished(t, ways) }));
    const came = (group: string): boolean => each.some(({ t, tried }) => t.oneOf === group && isTold(tried));
    const first = (group: string, t: Trial): boolean => each.find((a) => a.t.oneOf === group)?.t === t;
    return each
      .filter(({ t: { oneOf }, t, tried }) => oneOf === undefined || (came(oneOf) ? isTold(tried) : first(oneOf, t)))
      .map(({ tried }) => tried);
  }

  /** What has been spent leaves room for one more stretch of it. */
  private isWorth({ oneOf, ways, tried: { step } }: Trial, stretch: number, wanted: boolean, most: number): boolean {
    // a button that is held for a second is usual; while it costs little, what would not be chosen is told all the same
    const share = wanted ? (stretch === 1 && ways.some(lasting) ? FOR_BUTTONS : 1) : stretch === 1 ? FOR_OTHERS : 0;
    if (stretch > 0) return this.cost <= most * share;
    if (!wanted && 'call' in step.do && !this.whole && this.cost > most * FOR_OTHERS) return false;
    // what a port may wait for is guessed: beside a firmware that costs much, the first guesses are enough
    if (oneOf === undefined || this.whole || this.cost <= most) return true;
    this.s.input.bounds?.leaveOut(`the first texts for ${oneOf}`);
    return false;
  }

  /** All ways for so long. The result of the first that is enough; where none is and none is open, of the first that has one. */
  private follow(ways: readonly Followed[], { length, of }: Stretch): Tried | null {
    for (const f of ways) {
      if (f.end === undefined && of(f.way)) this.goOnWith(f, length);
      if (f.end?.enough === true) return f.end.tried;
    }
    if (ways.some((f) => f.end === undefined)) return null;
    const tried = ways.find((f) => f.end !== null)?.end?.tried ?? null;
    // what goes on as long as a pin is held is not told to stop because it stops when the pin is let go of
    return tried !== null && !isTold(tried) && ways[0]!.outcome === 'no-jump' ? { ...tried, outcome: 'no-jump' } : tried;
  }

  private goOnWith(f: Followed, length: Ps): void {
    const { way, at } = f;
    if (at === null) way.begin();
    else this.s.restore(at);
    const outcome = this.outcomeWithin(length, way, at === null);
    f.time += length;
    f.outcome = outcome;
    if (outcome === null) f.at = this.s.save();
    const came = outcome ?? this.underStorm();
    if (came !== null) f.end = withGoal(withPlace(way.end(came), this.s), came, this.s) ?? (outcome === null ? undefined : null);
  }

  /** What is left open while interrupts alone run, or none can, or in the handler of a fault, is told now, by who has something to tell of it. The session stays where it is. */
  private underStorm(): Outcome | null {
    const at = this.s.save();
    const storm = stormBehind(this.s, at);
    this.s.restore(at);
    return storm === null && keptOnTheWay(this.s) === null && this.s.state.fault === null ? null : 'no-jump';
  }
  /** From where the session stands; null if neither an entry nor a reset came in this time, and nothing says that none will. */
  private outcomeWithin(length: Ps, { takes, lasts }: Way, fresh: boolean): Outcome | null {
    const { machine, state } = this.s;
    const { entryCount, resets } = machine.history;
    const known = resets.length;
    if (fresh) {
      state.anchor = machine.now + (lasts === true ? Math.max(LONGER, takes) : 0);
      state.loop = null;
    }
    if (length < Infinity) {
      const end = this.goOn(takes + length);
      if (end.settled || end.reason === 'semihosting') return end.outcome;
      if (machine.history.entryCount === entryCount) {
        const seen = machine.history.resets.length;
        if (seen === known) return null;
        const start = this.goOn(BEHIND_RESET);
        if (start.settled) return start.outcome;
        if (machine.history.entryCount === entryCount && machine.history.resets.length === seen) return 'no-jump';
      }
    }
    return this.goOn(null).outcome;
  }
  /** For so long, or to the end of the run. */
  private goOn(length: Ps | null): SessionEnd {
    const pause = length === null ? {} : { pause: this.s.machine.now + length };
    const end = this.counted(() => this.s.run({ counterfactual: true, repaired: true, ...pause }));
    if (isCut(end.reason)) throw new CutShort(end.reason);
    return end;
  }
  private counted<T>(run: () => T): T {
    const { machine } = this.s;
    const spent = (): number => {
      const { seq, transfers } = machine.history;
      return machine.cores.reduce((n, c) => n + c.retired(), WRITE_COSTS * seq + TRANSFER_COSTS * transfers);
    };
    const before = spent();
    try {
      return run();
    } finally {
      this.cost += spent() - before;
    }
  }
}
