/**
 * Functions that may compare what a port receives. Those on the way into the ROM come first. A handler that must not jump itself leaves word in a variable, which the way
 * looks at later: what stores such a variable counts as well.
 */
import type { ChipDescription } from '../../emu/chip.ts';
import type { FunctionFacts } from '../input/code-scan.ts';
import { entriesFor, type Entry } from './command-tables.ts';

/** A function, and where in it the way goes on: its call, or its store of what the way looks at. */
export interface Comparer {
  readonly facts: FunctionFacts;
  /** Null for what enters the ROM itself, and where nothing says the place. */
  readonly at: number | null;
  /** Texts for which a table has it called. */
  readonly commands?: readonly string[];
}

/** A command is compared at most so many calls before the jump. A function that resets the chip has callers everywhere. */
const CALLS = 3;
const BEHIND = 0x10000;
/** The likelier to belong to the place the smaller: what is compared stands before what it leads to. */
export const farFrom = (at: number | null, pc: number): number => (at === null ? 0 : pc <= at ? at - pc : BEHIND + pc - at);

const isVariable = ({ memories }: ChipDescription, address: number): boolean =>
  memories.some((m) => m.kind === 'ram' && address >= m.base && address < m.base + m.size);

/** Gathers them, each once. */
class Way {
  readonly found: Comparer[] = [];
  private readonly seen = new Set<FunctionFacts>();
  private readonly at: ReadonlyMap<number, FunctionFacts>;
  private readonly callers = new Map<number, Comparer[]>();
  private readonly writers = new Map<number, Comparer[]>();
  private readonly chip: ChipDescription;

  constructor(functions: readonly FunctionFacts[], chip: ChipDescription) {
    this.chip = chip;
    this.at = new Map(functions.map((f) => [f.symbol.address, f]));
    for (const facts of functions) {
      for (const { target, pc } of facts.calls) put(this.callers, target, { facts, at: pc });
      for (const { address, isStore, pc } of facts.accessed) if (isStore) put(this.writers, address, { facts, at: pc });
    }
  }

  /** Those of them that are new. */
  add(comparers: readonly Comparer[]): Comparer[] {
    const fresh: Comparer[] = [];
    for (const c of comparers) {
      if (this.seen.has(c.facts)) continue;
      this.seen.add(c.facts);
      fresh.push(c);
    }
    this.found.push(...fresh);
    return fresh;
  }
  callersOf = (of: readonly Comparer[]): Comparer[] => of.flatMap(({ facts }) => this.callers.get(facts.symbol.address) ?? []);
  /** With the texts of a table that has it called, where nothing calls it by name; and the functions that hold such a table. */
  inTables(all: readonly Comparer[]): { readonly named: Comparer[]; readonly holders: Comparer[] } {
    const rows = all.map((c) => ({ c, entries: this.callers.has(c.facts.symbol.address) ? [] : entriesFor(c.facts) }));
    return {
      named: rows.map(({ c, entries }) => (entries.length === 0 ? c : { ...c, commands: entries.flatMap(({ texts }) => texts) })),
      holders: rows.flatMap(({ entries }) => entries).flatMap((entry) => this.holdersOf(entry)),
    };
  }
  /** What holds the nearest address before the entry: that of its table. */
  private holdersOf({ at }: Entry): Comparer[] {
    const before = [...this.at.values()]
      .flatMap((facts) => facts.constants.map(({ value }) => ({ value, facts })))
      .filter((c) => c.value <= at);
    const start = before.reduce((most, { value }) => Math.max(most, value), 0);
    return before.filter(({ value }) => value === start).map(({ facts }) => ({ facts, at: null }));
  }
  private calleesOf = ({ facts }: Comparer): Comparer[] =>
    facts.calls.flatMap(({ target }) => {
      const callee = this.at.get(target);
      return callee === undefined ? [] : [{ facts: callee, at: null }];
    });

  /** What leaves word for those: it stores a variable that one of them loads, itself or by a function that does nothing else. */
  leaversFor(way: readonly Comparer[]): Comparer[] {
    return way.flatMap((c) => this.looks(c)).flatMap((address) => this.writers.get(address) ?? []);
  }
  /** The variables that it looks at, the likeliest first. */
  private looks({ facts, at }: Comparer): number[] {
    const byItself = facts.accessed.filter(({ isStore }) => !isStore);
    const byOthers = facts.calls.flatMap(({ target, pc }) => {
      const callee = this.at.get(target);
      const asks = callee !== undefined && callee.stores.length === 0 && callee.calls.length === 0;
      return asks ? callee.accessed.map(({ address }) => ({ address, pc })) : [];
    });
    const all = [...byItself, ...byOthers].filter(({ address }) => isVariable(this.chip, address));
    const sorted = all.toSorted((a, b) => farFrom(at, a.pc) - farFrom(at, b.pc));
    return [...new Set(sorted.map(({ address }) => address))];
  }
  /** Who calls a function that only stores, and who calls that one; and who is asked by one that does more. */
  besides(leavers: readonly Comparer[]): Comparer[] {
    const setting = this.callersOf(leavers.filter(({ facts }) => facts.calls.length === 0));
    return [...setting, ...leavers.flatMap(this.calleesOf), ...this.callersOf(setting)];
  }
}
function put<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const all = map.get(key);
  if (all === undefined) map.set(key, [value]);
  else all.push(value);
}

/** The likeliest first. @param jumping functions that can enter system memory */
export function comparersFor(functions: readonly FunctionFacts[], jumping: readonly FunctionFacts[], chip: ChipDescription): Comparer[] {
  const way = new Way(functions, chip);
  const led = new Set(jumping);
  let { named: last, holders } = way.inTables(jumping.map((facts) => ({ facts, at: null })));
  way.add(last);
  for (let n = 0; n < CALLS && last.length > 0; n++) {
    // one that leaves word, too, is followed all the same
    const callers = [...way.callersOf(last), ...holders].filter(({ facts }) => !led.has(facts) && led.add(facts));
    const before = last;
    ({ named: last, holders } = way.inTables(callers));
    way.add(last);
    way.add(way.besides(way.add(way.leaversFor([...before, ...last]))));
  }
  return way.found;
}

/** Other functions that hold a variable which one of those holds: nothing says what they do with it. */
export function sharersWith(comparers: readonly Comparer[], functions: readonly FunctionFacts[], chip: ChipDescription): Comparer[] {
  const variablesOf = ({ constants }: FunctionFacts): number[] => constants.map(({ value }) => value).filter((v) => isVariable(chip, v));
  const known = new Set(comparers.map(({ facts }) => facts));
  const shared = new Set([...known].flatMap(variablesOf));
  return functions.filter((f) => !known.has(f) && variablesOf(f).some((v) => shared.has(v))).map((facts) => ({ facts, at: null }));
}
