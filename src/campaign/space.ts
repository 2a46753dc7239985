/**
 * The cases of a campaign by number, none of them stored: target, then delay, seed, left-out steps and fault, the last one the fastest. Neighbours
 * share a machine that is at its hand-over already.
 */
import { UsageError } from '../bench/documents/usage-error.ts';
import { seedAt, seedCount, type CampaignSpec, type Range } from './spec.ts';
import { optional } from './optional.ts';

/** What a run of the target as it is told about it. */
export interface Probe {
  readonly outcome: string;
  /** Whether it jumps into the ROM: without that there is no hand-over to change. */
  readonly jumps: boolean;
  /** Steps of the hand-over, in order. */
  readonly steps: readonly { readonly pc: number; readonly what: string }[];
}
/** What the space has to know about a target. */
export interface SpaceTarget extends Probe {
  /** Ready delays of the chip, picoseconds by name. */
  readonly delays: Readonly<Record<string, number>>;
}

export interface Delay {
  readonly name: string;
  readonly factor: number;
  readonly ps: number;
}
export interface Fault {
  readonly kind: string;
  readonly unit: 'instructions' | 'cycles';
  /** So many of them before the jump. */
  readonly before: number;
}
/** What is different in one case. */
export interface Variation {
  readonly delay: Delay | null;
  /** null = that of the scenario. */
  readonly seed: number | null;
  /** Places in `Probe.steps`. */
  readonly leave: readonly number[];
  readonly fault: Fault | null;
}
export interface Case {
  readonly no: number;
  /** Place in the list of targets. */
  readonly target: number;
  readonly variation: Variation;
}

interface Axes {
  readonly delays: readonly (Delay | null)[];
  readonly seeds: number;
  readonly leaves: number;
  readonly faults: number;
}

export class Space {
  /** Cases in all. */
  readonly size: number;
  /** The first case of each target. */
  readonly offsets: readonly number[];
  private readonly spec: CampaignSpec;
  private readonly targets: readonly SpaceTarget[];
  private readonly axes: readonly Axes[];

  /** Throws a UsageError where the targets have nothing to vary, or the space cannot be numbered. */
  constructor(spec: CampaignSpec, targets: readonly SpaceTarget[], names: readonly string[]) {
    this.spec = spec;
    this.targets = targets;
    this.axes = targets.map((target, i) => axesOf(spec, target, names[i] ?? `target ${i}`));
    const offsets: number[] = [];
    let size = 0;
    for (const a of this.axes) {
      offsets.push(size);
      size += a.delays.length * a.seeds * a.leaves * a.faults;
    }
    if (!Number.isSafeInteger(size)) throw new UsageError(`the space has more than ${Number.MAX_SAFE_INTEGER} cases`);
    this.offsets = offsets;
    this.size = size;
  }

  /** Cases of one delay and seed: they share a machine. */
  groupSize(target: number): number {
    const { leaves, faults } = this.axes[target]!;
    return leaves * faults;
  }

  at(no: number): Case {
    const target = this.offsets.findLastIndex((offset) => offset <= no);
    const axes = this.axes[target];
    if (axes === undefined || no >= this.size || !Number.isInteger(no)) throw new RangeError(`there is no case ${no}`);
    let rest = no - this.offsets[target]!;
    const next = (size: number): number => {
      const digit = rest % size;
      rest = Math.floor(rest / size);
      return digit;
    };
    const fault = next(axes.faults);
    const leave = next(axes.leaves);
    const seed = next(axes.seeds);
    const variation = {
      delay: axes.delays[rest]!,
      seed: seedAt(this.spec, seed),
      leave: leaveAt(leave, this.targets[target]!.steps.length),
      fault: faultAt(this.spec, fault),
    };
    return { no, target, variation };
  }
}

function axesOf(spec: CampaignSpec, target: SpaceTarget, name: string): Axes {
  const changes = [...(spec.leaveOut === undefined || spec.leaveOut === 'none' ? [] : ['leaveOut']), ...(spec.faults ? ['faults'] : [])];
  if (changes.length > 0 && !target.jumps)
    throw new UsageError(
      `${name} never jumps into the ROM: there is no hand-over for ${changes.join(' and ')}`,
      '`bootbench init` looks for what makes a firmware jump, and writes the scenario',
    );
  const n = target.steps.length;
  const leaves = { none: 1, single: 1 + n, pairs: 1 + n + (n * (n - 1)) / 2 }[spec.leaveOut ?? 'none'];
  return { delays: delaysOf(spec, target, name), seeds: seedCount(spec), leaves, faults: faultCount(spec) };
}

function delaysOf({ delays }: CampaignSpec, target: SpaceTarget, name: string): (Delay | null)[] {
  if (delays === undefined) return [null];
  const known = Object.keys(target.delays);
  const wanted = new Set<string>();
  for (const pattern of delays.parameters ?? ['*']) {
    const found = known.filter((parameter) => fits(pattern, parameter));
    if (found.length === 0) throw new UsageError(`delays.parameters: ${name} has no ${pattern}`, `it has ${known.join(', ')}`);
    for (const parameter of found) wanted.add(parameter);
  }
  const varied = [...wanted].flatMap((parameter) =>
    delays.factors
      .filter((factor) => factor !== 1)
      .map((factor): Delay => ({ name: parameter, factor, ps: Math.max(1, Math.round(target.delays[parameter]! * factor)) })),
  );
  return [null, ...varied];
}
/** With `*` for anything. Each part is taken where it first fits, which leaves most for the rest: a regular expression would try all the other places too. */
function fits(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  const [first, last] = [parts.shift()!, parts.pop()];
  if (last === undefined) return name === first;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let rest = name.slice(first.length, name.length - last.length);
  return parts.every((part) => {
    const at = rest.indexOf(part);
    rest = rest.slice(at + part.length);
    return at >= 0;
  });
}

const rangeSize = ({ from = 1, to, step = 1 }: Range): number => Math.floor((to - from) / step) + 1;
const rangeOf = (faults: NonNullable<CampaignSpec['faults']>): { unit: Fault['unit']; range: Range } =>
  faults.cycles ? { unit: 'cycles', range: faults.cycles } : { unit: 'instructions', range: faults.instructions ?? { to: 1 } };

function faultCount({ faults }: CampaignSpec): number {
  return faults === undefined ? 1 : 1 + faults.kinds.length * rangeSize(rangeOf(faults).range);
}
function faultAt({ faults }: CampaignSpec, i: number): Fault | null {
  if (faults === undefined || i === 0) return null;
  const { unit, range } = rangeOf(faults);
  const size = rangeSize(range);
  const kind = faults.kinds[Math.floor((i - 1) / size)]!;
  return { kind, unit, before: (range.from ?? 1) + ((i - 1) % size) * (range.step ?? 1) };
}

/** Nothing, each step, each pair. */
function leaveAt(i: number, steps: number): number[] {
  if (i === 0) return [];
  if (i <= steps) return [i - 1];
  let rest = i - 1 - steps;
  for (let first = 0; ; first++) {
    const pairs = steps - 1 - first;
    if (rest < pairs) return [first, first + 1 + rest];
    rest -= pairs;
  }
}

const MOST_AT_ONCE = 100_000;
/** `sample.count` different numbers below `size`, rising; the same ones for the same seed. */
export async function drawCases({ sample }: CampaignSpec, size: number): Promise<number[] | null> {
  if (sample === undefined || sample.count >= size) return null;
  const fc = await optional(
    () => import('fast-check'),
    'a campaign with `sample` draws its cases with fast-check, which is not installed',
    'npm install fast-check',
  );
  // a draw with its own bias towards small numbers would be no even one; two digits, since one alone goes no further than 32 bits evenly
  const digit = 2 ** 26;
  const high = fc.noBias(fc.nat({ max: Math.floor((size - 1) / digit) }));
  const number = fc.tuple(high, fc.noBias(fc.nat({ max: Math.min(size, digit) - 1 }))).map(([h, l]) => h * digit + l);
  const found = new Set<number>();
  for (let round = 0; found.size < sample.count; round++) {
    for (const no of fc.sample(number, { seed: (sample.seed ?? 1) + round, numRuns: Math.min(sample.count, MOST_AT_ONCE) }))
      if (no < size && found.size < sample.count) found.add(no);
    // millions take their time: signals have their turn
    await new Promise((turn) => setTimeout(turn));
  }
  return [...found].sort((a, b) => a - b);
}
