/**
 * Which ROM on which board shows everything that a user saw? Each undocumented behaviour of the ROM and each circumstance of the board is tried alone, then in
 * pairs; what shows all symptoms stays, ranked by evidence. Among those that stay the next experiment is the one whose results split them best.
 */
import { attempt, observe, type Attempt, type Starts } from './attempt.ts';
import { CutShort, isCut, type CutReason } from '../session/budget.ts';
import { boardParameters } from '../input/board.ts';
import type { Judged } from './diagnosis.ts';
import type { NamedRepair } from './repairs.ts';
import { RESULT_OF, type Outcome, type Symptom, type SymptomOption } from '../documents/result.ts';
import { isDocumented, optionSettings, otherValues } from '../session/rom-options.ts';
import type { RunInput } from '../input/run-input.ts';
import type { BoardDocument, HostDocument } from '../documents/scenario-types.ts';
import { Session } from '../session/session.ts';
import type { Variants } from './variants.ts';

/** Runs at most, all told; where they end the answer says so. */
const MOST_RUNS = 90;
/** Explanations between which an experiment is chosen. */
const MOST_COMPARED = 8;

/** What is assumed to be different from the run as it was asked for. */
export interface Hypothesis {
  readonly rom: SymptomOption['rom'];
  readonly board: SymptomOption['board'];
  /** Changes of the board and the host, as a scenario has them. */
  readonly change: { readonly board?: Partial<BoardDocument>; readonly host?: Partial<HostDocument> };
  readonly text: string;
  /** The lower, the likelier by evidence: 0 is the run as it was asked for. */
  readonly rank: number;
}
export interface Explained extends Hypothesis {
  readonly outcome: Outcome;
}

/** Something that the user can do, and what each explanation says will come of it. */
export interface Experiment {
  readonly text: string;
  /** By result in words: the explanations (by index) that foretell it. At least two. */
  readonly results: Readonly<Record<string, readonly number[]>>;
}
export interface Solution {
  readonly asked: readonly Symptom[];
  /** Whether the run as asked for shows all of it. */
  readonly matches: boolean;
  /** By rank. */
  readonly explanations: readonly Explained[];
  readonly experiment: Experiment | null;
  /** Tried, and shows something else. */
  readonly excluded: readonly Explained[];
  /** The ROM never came to act on these: they explain neither more nor less than the run itself. */
  readonly idle: readonly string[];
  /** The search was ended by its number of runs. */
  readonly bounded: boolean;
  /** What ended the search before all was tried. */
  readonly ended: CutReason | null;
  /** The firmware neither came to the ROM nor was reset: no ROM and no board was tried, for none plays a part. */
  readonly neverJumped: boolean;
}
/** Symptoms of which another start says something, whatever the firmware does. */
const OF_ANOTHER_START: ReadonlySet<Symptom> = new Set(['works-with-BOOT0', 'works-in-debugger', 'works-once']);

const RANK_OF_CONFIDENCE: Readonly<Record<string, number>> = {
  assumed: 2,
  fitted: 2,
  inferred: 3,
  reported: 4,
  measured: 6,
  documented: 7,
};
const BOARD_RANK = 1;

/** Whether a run looks to its user like the symptom. */
// eslint-disable-next-line complexity -- one case for each symptom, told by the outcomes that look like it
export function shows(symptom: Symptom, run: Pick<Attempt, 'outcome' | 'ownResets' | 'foreignDevice' | 'unknownDevice'>): boolean | null {
  const { outcome } = run;
  switch (symptom) {
    // the application is there again: after a reset, or because the ROM gave up
    case 'resets':
      return outcome === 'reset-loop' || outcome === 'back-in-app' || (outcome === 'no-jump' && run.ownResets > 0);
    case 'app-comes-back':
      return outcome === 'back-in-app' || (outcome === 'no-jump' && run.ownResets > 0);
    case 'nothing':
      return outcome === 'rom-silent' || outcome === 'no-jump' || outcome === 'stuck' || outcome === 'fault';
    case 'hang':
      return outcome === 'fault' || outcome === 'stuck' || outcome === 'rom-silent';
    case 'unknown-device':
    case 'descriptor-failed':
      return outcome !== 'dfu' && run.unknownDevice;
    case 'wrong-device':
      return run.foreignDevice;
    // a tool that finds the device finds DFU; the others are a matter of the host
    case 'works-with-other-tool':
      return outcome === 'dfu';
    // these take another run
    case 'works-with-BOOT0':
    case 'works-in-debugger':
    case 'works-once':
      return null;
  }
}

export class Solver {
  private readonly session: Session;
  private readonly starts: Starts;
  private readonly variants: Variants;
  private readonly base: Attempt;
  private readonly known = new Map<string, Attempt>();
  private runs = 0;

  constructor(session: Session, starts: Starts, variants: Variants, base: Attempt) {
    this.session = session;
    this.starts = starts;
    this.variants = variants;
    this.base = base;
  }
  get bounded(): boolean {
    return this.runs >= MOST_RUNS;
  }

  /** `repairs`: what the user could add to the firmware, as experiments. */
  solve(asked: readonly Symptom[], repairs: readonly NamedRepair[]): Solution {
    const neverJumped = this.neverJumped && !asked.some((symptom) => OF_ANOTHER_START.has(symptom));
    const singles = neverJumped ? [] : [...this.romHypotheses(), ...this.boardHypotheses()];
    const tried: { h: Hypothesis; run: Attempt; fits: boolean }[] = [];
    const judge = (h: Hypothesis): void => {
      if (this.bounded) return;
      this.session.input.progress?.(`trying: ${h.text}`);
      const run = this.run(h);
      tried.push({ h, run, fits: asked.every((symptom) => this.fits(symptom, h, run)) });
    };
    const ended = this.untilCut(() => {
      judge(AS_MODELLED);
      singles.forEach(judge);
      if (!neverJumped && !tried.some((t) => t.fits)) for (const pair of this.pairs(tried)) judge(pair);
    });
    const matches = tried[0]?.fits === true;
    const outcomes = (list: typeof tried): Explained[] => list.map(({ h, run }) => ({ ...h, outcome: run.outcome }));
    const explanations = outcomes(tried.filter((t) => t.fits)).sort((a, b) => a.rank - b.rank);
    return {
      asked,
      matches,
      explanations,
      experiment: ended === null && !neverJumped ? this.nextExperiment(explanations, repairs) : null,
      excluded: outcomes(tried.filter((t) => !t.fits)),
      idle: this.idleOptions(),
      bounded: this.bounded,
      ended,
      neverJumped,
    };
  }
  /** What was found so far is told, too. */
  private untilCut(search: () => void): CutReason | null {
    try {
      search();
      return null;
    } catch (error) {
      if (error instanceof CutShort) return error.reason;
      throw error;
    }
  }

  private get neverJumped(): boolean {
    return this.base.outcome === 'no-jump' && this.base.ownResets === 0 && this.starts.entry === null;
  }
  /** The run as it was asked for shows all of it. */
  matches(asked: readonly Symptom[]): boolean {
    return asked.every((symptom) => this.fits(symptom, AS_MODELLED, this.base));
  }
  private fits(symptom: Symptom, h: Hypothesis, run: Attempt): boolean {
    const seen = shows(symptom, run);
    if (seen !== null) return seen;
    if (symptom === 'works-once') return run.outcome === 'dfu' && this.secondTime(h) !== 'dfu';
    if (run.outcome === 'dfu') return false;
    return this.run(symptom === 'works-with-BOOT0' ? withBoard(h, BOOT0) : withBoard(h, DEBUGGER)).outcome === 'dfu';
  }

  // ---- hypotheses ----------------------------------------------------------------------------------------------------------------
  private romHypotheses(): Hypothesis[] {
    const acted = new Set(this.base.actedOn.map((o) => o.id));
    return optionSettings(this.session)
      .filter((o) => acted.has(o.id))
      .flatMap((o) =>
        otherValues(o).map((value) => ({
          rom: { [o.id]: value },
          board: {},
          change: {},
          text: `the ROM's ${o.id} is "${value}"${isDocumented(o) ? ', against its documentation' : ''} (here "${o.value}", ${o.confidence})`,
          rank: RANK_OF_CONFIDENCE[o.confidence] ?? 5,
        })),
      );
  }
  private idleOptions(): string[] {
    const acted = new Set(this.base.actedOn.map((o) => o.id));
    return optionSettings(this.session).flatMap((o) => (acted.has(o.id) ? [] : [o.id]));
  }

  private boardHypotheses(): Hypothesis[] {
    const { input, profile } = this.session;
    const { board, host } = input.scenario;
    const list: Hypothesis[] = [];
    const add = (shown: SymptomOption['board'], change: Hypothesis['change'], text: string): void =>
      void list.push({ rom: {}, board: shown, change, text, rank: BOARD_RANK });
    if (board.hse) add({ hse: null }, { board: { hse: null } }, 'the board has no HSE crystal');
    if (board.lse) add({ lse: null }, { board: { lse: null } }, 'the board has no LSE crystal');
    for (const i of profile?.interfaces.value ?? []) {
      const { rx } = i.pins;
      if (rx !== undefined && i.detection !== 'none')
        add({ [rx]: 0 }, { board: { pins: { ...board.pins, [rx]: 0 } } }, `${rx} (${i.name} RX) is held low`);
    }
    if (board.boot0 === 0) add({ boot0: 1 }, BOOT0, 'BOOT0 is high');
    add(
      { debugger: board.debugger ? 'no' : 'yes' },
      { board: { debugger: !board.debugger } },
      `${board.debugger ? 'no' : 'a'} debugger is attached`,
    );
    if (host.cable === 'in') add({ cable: 'out' }, { host: { cable: 'out' } }, 'the cable is not plugged in, or has no data lines');
    for (const [name, { value, text }] of otherOptionBytes(input))
      add({ [`option byte ${name}`]: value }, { board: { optionBytes: { ...board.optionBytes, [name]: value } } }, text);
    return list;
  }

  /** Of two changes each; what no run acted on cannot change it. */
  private *pairs(tried: readonly { readonly h: Hypothesis; readonly run: Attempt }[]): Generator<Hypothesis> {
    const singles = tried.slice(1);
    for (const [i, a] of singles.entries())
      for (const b of singles.slice(i + 1)) {
        if (Object.keys(b.h.rom).some((id) => a.h.rom[id] !== undefined || !a.run.actedOn.some((o) => o.id === id))) continue;
        if (Object.keys(a.h.board).length > 0 && Object.keys(b.h.board).length > 0) continue;
        yield {
          ...withBoard(a.h, b.h.change),
          rom: { ...a.h.rom, ...b.h.rom },
          board: { ...a.h.board, ...b.h.board },
          text: `${a.h.text} and ${b.h.text}`,
          rank: a.h.rank + b.h.rank + 10,
        };
      }
  }

  // ---- runs ----------------------------------------------------------------------------------------------------------------------
  private run(h: Hypothesis, repairs: readonly NamedRepair[] = []): Attempt {
    const key = JSON.stringify([h.rom, h.change, repairs.map((r) => r.id)]);
    const known = this.known.get(key);
    if (known) return known;
    const made = this.make(h, repairs);
    this.known.set(key, made);
    return made;
  }
  private make(h: Hypothesis, repairs: readonly NamedRepair[]): Attempt {
    if (Object.keys(h.change).length === 0) {
      if (Object.keys(h.rom).length === 0 && repairs.length === 0) return this.base;
      this.runs++;
      return this.variants.run({ rom: h.rom }, repairs);
    }
    this.runs++;
    return this.elsewhere(h, (other) => {
      if (repairs.length > 0) return attempt(other, { powerOn: other.save(), entry: null, entryNumber: this.starts.entryNumber }, repairs);
      const end = other.run({ counterfactual: true });
      if (isCut(end.reason)) throw new CutShort(end.reason);
      return observe(other, end);
    });
  }
  /** On another board, from power-on. */
  private elsewhere<T>(h: Hypothesis, use: (other: Session) => T): T {
    const other = new Session(changedInput(this.session.input, h.change), { romOptions: h.rom });
    other.keepCheckpoints = false;
    try {
      return use(other);
    } finally {
      other.release();
    }
  }
  /** DFU, then NRST without a power cycle, then the same steps once more. */
  private secondTime(h: Hypothesis): Outcome {
    this.runs++;
    return this.elsewhere(h, (other) => {
      other.run({ counterfactual: true });
      other.pressReset();
      const end = other.run({ counterfactual: true });
      if (isCut(end.reason)) throw new CutShort(end.reason);
      return end.outcome;
    });
  }

  // ---- experiments ---------------------------------------------------------------------------------------------------------------
  /** The one whose results split the explanations best; null where none does. */
  nextExperiment(explanations: readonly Explained[], repairs: readonly NamedRepair[], done: readonly string[] = []): Experiment | null {
    const compared = explanations.slice(0, MOST_COMPARED);
    if (compared.length < 2) return null;
    let best: { experiment: Experiment; largest: number } | null = null;
    for (const { text, run } of this.experiments(repairs)) {
      if (this.bounded) break;
      if (done.includes(text)) continue;
      this.session.input.progress?.(`foretelling: ${text}`);
      const results: Record<string, number[]> = {};
      for (const [i, h] of compared.entries()) (results[RESULT_OF[run(h).outcome]] ??= []).push(i);
      const largest = Math.max(...Object.values(results).map((list) => list.length));
      if (largest < compared.length && (best === null || largest < best.largest)) best = { experiment: { text, results }, largest };
    }
    return best?.experiment ?? null;
  }
  private *experiments(repairs: readonly NamedRepair[]): Generator<{ text: string; run: (h: Hypothesis) => Attempt }> {
    const { board } = this.session.input.scenario;
    for (const repair of repairs) yield { text: `change the firmware: ${repair.repair.what}`, run: (h) => this.run(h, [repair]) };
    if (board.boot0 === 0) yield { text: 'pull BOOT0 high and reset the board', run: (h) => this.run(withBoard(h, BOOT0)) };
    yield { text: 'attach a debugger and let the firmware run', run: (h) => this.run(withBoard(h, DEBUGGER)) };
    yield {
      text: 'pull up every RX pin of the ROM and disconnect whatever drives it',
      run: (h) => this.run(withBoard(h, { board: { pins: {} } })),
    };
    if (board.hse)
      yield { text: 'replace the HSE crystal with a known good one', run: (h) => this.run(withBoard(h, { board: { hse: board.hse } })) };
    yield { text: 'use another cable that has data lines', run: (h) => this.run(withBoard(h, { host: { cable: 'in' } })) };
    yield { text: 'set the option bytes to their factory values', run: (h) => this.run(withBoard(h, { board: { optionBytes: {} } })) };
  }
}

const AS_MODELLED: Hypothesis = { rom: {}, board: {}, change: {}, text: 'everything is as modelled', rank: 0 };
const BOOT0: Hypothesis['change'] = { board: { boot0: 1 } };
const DEBUGGER: Hypothesis['change'] = { board: { debugger: true } };

/** Values of option bytes that a board may have without its owner knowing. */
const OTHER_OPTION_BYTES: Readonly<Record<string, { readonly value: number; readonly text: string }>> = {
  IWDG_SW: { value: 0, text: 'the option bit IWDG_SW is 0, so that IWDG runs from reset on' },
  WWDG_SW: { value: 0, text: 'the option bit WWDG_SW is 0, so that WWDG runs from reset on' },
  RDP: { value: 0xbb, text: 'read-out protection (RDP) is at level 1' },
  BFB2: { value: 1, text: 'the option bit BFB2 is 1' },
};

/** Those among them that the chip has and the run did not have already. */
function otherOptionBytes({ chip, scenario }: RunInput): [name: string, other: { readonly value: number; readonly text: string }][] {
  const given = scenario.board.optionBytes;
  return Object.entries(chip.optionBytes ?? {}).flatMap(([name, row]) => {
    const other = OTHER_OPTION_BYTES[name];
    return other === undefined || Number(given[name] ?? row.factory.value) === other.value ? [] : [[name, other]];
  });
}

function withBoard(h: Hypothesis, { board, host }: Hypothesis['change']): Hypothesis {
  const change = {
    ...(h.change.board || board ? { board: { ...h.change.board, ...board } } : {}),
    ...(h.change.host || host ? { host: { ...h.change.host, ...host } } : {}),
  };
  return { ...h, change };
}

function changedInput(input: RunInput, { board: changes, host }: Hypothesis['change']): RunInput {
  const board: BoardDocument = { ...input.scenario.board, ...changes };
  const parameters = changes ? boardParameters(input.chip, board) : input.scenario.parameters;
  // who holds BOOT0 high has a ROM in front of him, and no application to press a button for
  const steps = changes?.boot0 === 1 ? [] : input.scenario.steps;
  return { ...input, scenario: { ...input.scenario, board, parameters, steps, host: { ...input.scenario.host, ...host } } };
}

/** What a user could add to the firmware before the jump: the repairs of the checks that are broken. */
export const repairsAtEntry = (judged: readonly Judged[]): NamedRepair[] =>
  judged.flatMap(({ id, repair, subject }) => (repair?.at === 'entry' && subject ? [{ id, repair, subject }] : []));
