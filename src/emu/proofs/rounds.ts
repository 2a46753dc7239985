/**
 * Rounds of a main loop that count: as counting.ts, but found by going round, so that an iteration may be long, call functions, read blocks and drive outputs as long as it puts
 * them back (turns.ts). What it reads of blocks is the same in each iteration, what it writes too; all else is proved on linear values.
 */
import type { AccessTrace } from '../core/core-types.ts';
import type { Core } from '../core/core.ts';
import type { Instruction } from '../core/decode.ts';
import { S } from '../core/state.ts';
import type { System } from '../system.ts';
import { hypothesis, linearly, provedFromHere, roundsRun, surroundings, type CountingLoop, type Rounds } from './counting.ts';
import { HOLDS_WORTH, markNow, readNow, since, STRETCHES, type Told } from './steady.ts';
import { Turns } from './turns.ts';

/** Effort: instructions of a search, and of an iteration that is proved. */
const SEARCH_STEPS = 3000;
const LONGEST = 700;
/** Effort: proofs of a search. */
const MOST_PROOFS = 3;
/** Effort: instructions that a loop must promise to save. */
const WORTH_SKIPPING = 10_000;
const FIRST_WINDOW = 32;

/** Where an iteration may begin: all of this comes again, whatever it counts in registers and RAM. */
interface Anchor {
  readonly pc: number;
  readonly sp: number;
  readonly lr: number;
  readonly ipsr: number;
}
const anchorAt = (core: Core): Anchor => ({ pc: core.pc, sp: core.get(S.SP), lr: core.get(S.LR), ipsr: core.get(S.IPSR) });
const isAt = (core: Core, { pc, sp, lr, ipsr }: Anchor): boolean =>
  core.pc === pc && core.get(S.SP) === sp && core.get(S.LR) === lr && core.get(S.IPSR) === ipsr && core.get(S.IT) === 0;

/** The core then stands at the start of the loop, in iteration 0. Null if it has run instructions without finding one. */
export function findRounds(core: Core, system: System, told: Told, stopped: () => boolean, until: number): CountingLoop | null {
  const { unheard } = told;
  if (unheard === undefined) return null;
  const turns = new Turns(system, unheard);
  const trace: Required<Pick<AccessTrace, 'devices' | 'turns'>> & AccessTrace = {
    reads: new Map(),
    writes: 0,
    refreshes: [],
    devices: [],
    turns,
  };
  core.trace(trace);
  try {
    return new Search(core, system, told, trace, turns).go(() => {
      if (core.step() || core.halted || stopped() || trace.writes > 0) return false;
      return system.goesOnAt(core.now(), until);
    });
  } finally {
    core.trace(null);
  }
}

class Search {
  private readonly core: Core;
  private readonly system: System;
  private readonly told: Told;
  private readonly trace: AccessTrace & { readonly devices: NonNullable<AccessTrace['devices']> };
  private readonly turns: Turns;
  private at: ReturnType<typeof markNow>;
  private targets: ReturnType<NonNullable<Core['branchTargets']>['save']> | null = null;
  private proofs = 0;

  constructor(core: Core, system: System, told: Told, trace: Search['trace'], turns: Turns) {
    this.core = core;
    this.system = system;
    this.told = told;
    this.trace = trace;
    this.turns = turns;
    this.at = markNow(core, told);
  }
  go(stepped: () => boolean): CountingLoop | null {
    const { core, turns } = this;
    let anchor = anchorAt(core);
    let window = FIRST_WINDOW;
    let passed = 0;
    let last = '';
    this.begin();
    for (let i = 0; i < SEARCH_STEPS; i++) {
      if (!stepped()) return null;
      passed++;
      if (isAt(core, anchor) && turns.outputsAreBack()) {
        const made = since(this.at, markNow(core, this.told));
        const alike = made.cacheChanges === 0 && made.events === 0 && made.repeats === 0 && core.caches.expectsAs(this.targets);
        const now = alike ? [made.cycles, made.instructions, made.cacheHits, made.writes, this.trace.devices.length].join() : '';
        if (alike && now === last && made.instructions <= LONGEST) {
          const loop = this.prove(made);
          if (loop !== null || ++this.proofs === MOST_PROOFS) return loop;
        }
        last = now;
        this.begin();
        continue;
      }
      if (passed < window) continue;
      anchor = anchorAt(core);
      last = '';
      passed = 0;
      window *= 2;
      this.begin();
    }
    return null;
  }
  private begin(): void {
    const { core, trace } = this;
    trace.devices.length = trace.refreshes.length = 0;
    this.turns.begin();
    this.targets = core.branchTargets?.save() ?? null;
    core.branchTargets?.beginUse();
    this.at = markNow(core, this.told);
  }
  private prove(made: ReturnType<typeof since>): CountingLoop | null {
    const { core, system } = this;
    const rounds = this.rounds(made.writes);
    if (rounds === null) return null;
    const known = new Map<number, Instruction | null>();
    const around = surroundings(core, system, known, HOLDS_WORTH);
    const { pc } = core;
    const { instructions } = made;
    const found = linearly(() => {
      const ahead = roundsRun(core, around, pc, rounds.devices, []);
      for (let i = 0; i < instructions; i++) ahead.run();
      const moving = hypothesis(around, { before: [], after: ahead.cells() });
      return provedFromHere(core, around, pc, instructions, moving, {
        cycles: made.cycles,
        cacheHits: made.cacheHits,
        counts: made.counts,
        branchTargets: core.branchTargets?.saveUsed() ?? null,
        use: core.caches.rowsUsed(this.at.touches),
        known,
        still: STRETCHES,
        inputs: -1,
        led: 'no',
        rounds,
      });
    });
    return found !== null && found.iterations * instructions >= WORTH_SKIPPING ? found : null;
  }
  /** Null where a block that it reads does not hold, or gives another value at the second read. */
  private rounds(writes: number): Rounds | null {
    const { core, system, trace, turns, told } = this;
    const found = turns.found();
    const own = (address: number): boolean => found?.blocks.some(({ block }) => system.regionAt(address)?.block === block) === true;
    const devices = trace.devices.slice();
    const inputs = new Map(devices.filter((d) => !own(d.address)).map((d) => [`${d.address}.${d.size}`, readNow(core, d.address, d.size)]));
    if (devices.some((d) => core.isWatched(d.address))) return null;
    if (devices.some((d) => !own(d.address) && inputs.get(`${d.address}.${d.size}`)!.value !== d.value)) return null;
    return {
      devices,
      inputs: [...inputs.values()],
      turned: found && { ...found, unheard: told.unheard! },
      refreshes: trace.refreshes.filter((w) => !own(w.address)),
      writes,
    };
  }
}
