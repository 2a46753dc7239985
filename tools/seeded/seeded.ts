/**
 * Whether random faults are named: `npm run seeded -- [--count <n>] [--seed <n>] [--kind <kind,…>] [--fault <kind,…>] [--chip <part>] [--no-checks] [--pairs] [--verbose]`.
 *
 * Each case is a right program of a kind (kinds.ts) with one fault (faults.ts), on one of the chips of cases.ts. `--count` says how many of each kind of program have to change the
 * outcome. Of these it is told how many are named by an instruction that is to blame, by another one, or not. `--no-checks` asks the difference alone (src/bench/difference).
 * `--pairs`: two faults, of which each alone changes the outcome; both have to be named. Exit 1: a fault that changes nothing was accused, or a wrong instruction was named as
 * proved.
 */
import { parseArgs } from 'node:util';
import { random } from '../random.ts';
import { CHIPS, drawCase, type Drawn } from './cases.ts';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { byAll, byDifference } from './judge.ts';
import { PROGRAM_KINDS, type ProgramKind } from './kinds.ts';
import { inWords, judged, type Verdict, VERDICTS } from './score.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string' },
    fault: { type: 'string' },
    chip: { type: 'string' },
    'no-checks': { type: 'boolean', default: false },
    pairs: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
function some<K extends string>(text: string | undefined, all: readonly K[], option: string): readonly K[] {
  if (text === undefined) return all;
  const asked = text.split(',');
  const unknown = asked.find((name) => !all.some((k) => k === name));
  if (unknown === undefined) return all.filter((k) => asked.includes(k));
  console.error(`--${option}: ${unknown} is none of ${all.join(', ')}`);
  process.exit(2);
}
const kinds = some(values.kind, PROGRAM_KINDS, 'kind');
const faults = some(values.fault, FAULT_KINDS, 'fault');
const chips = some(values.chip, CHIPS, 'chip');
const draw = random(Number(values.seed));
const ask = values['no-checks'] ? byDifference : byAll;
/** Of so many draws for each that is wanted. */
const MOST_DRAWN = 100;

/** Named, and another instruction with them. */
let beside = 0;
/** Seconds of CPU for each. */
const times: number[] = [];
type Sums = Record<Verdict, number>;
const none = (): Sums => Object.fromEntries(VERDICTS.map((v) => [v, 0])) as Sums;
const sums = new Map<string, Sums>();
function count(name: string, verdict: Verdict): void {
  const sum = sums.get(name) ?? none();
  sum[verdict]++;
  sums.set(name, sum);
}
function tell(verdict: string, drawn: Drawn, outcome: string, said: string): void {
  console.log(`${verdict}: ${inWords(drawn)}: ${outcome}; ${said}`);
}
function one(kind: ProgramKind, fault: FaultKind): Verdict | null {
  const drawn = drawCase({ chips, kind, fault, pairs: values.pairs }, draw);
  if (drawn === null) return null;
  const before = process.cpuUsage();
  const { verdict, answer, beside: withOthers } = judged(drawn, ask);
  if (withOthers) beside++;
  const { user, system } = process.cpuUsage(before);
  times.push((user + system) / 1e6);
  count(kind, verdict);
  for (const name of new Set(drawn.planted.map((p) => p.fault.kind))) count(`  ${name}`, verdict);
  for (const { place, fault: f } of drawn.planted) count(`    ${f.what.endsWith('by DMA') ? 'dma' : place}`, verdict);
  if (values.verbose || withOthers || (verdict !== 'named' && verdict !== 'unchanged'))
    tell(withOthers ? 'named, beside others' : verdict, drawn, `${answer.outcome} (${times.at(-1)!.toFixed(1)} s)`, answer.said);
  return verdict;
}
for (const kind of kinds) {
  let changed = 0;
  for (let n = 0; changed < Number(values.count) && n < MOST_DRAWN * Number(values.count); n++) {
    const verdict = one(kind, faults[Math.floor(draw() * faults.length)]!);
    if (verdict !== null && verdict !== 'unchanged' && verdict !== 'accused') changed++;
  }
}
console.log(`seed ${values.seed}${values['no-checks'] ? ', without checks' : ''}${values.pairs ? ', pairs' : ''}`);
for (const [name, { named, other, missed, unchanged, accused }] of [...sums].toSorted(([a], [b]) => a.localeCompare(b)))
  console.log(
    `${name.padEnd(16)} ${named + other + missed} changed the outcome: ${named} named by their instruction, ${other} by another one, ${missed} not; ${unchanged + accused} changed nothing, ${accused} of them accused`,
  );
console.log(`${beside} of those that are named have another instruction beside them`);
const sorted = times.toSorted((a, b) => a - b);
console.log(`seconds of CPU for one: median ${(sorted[sorted.length >> 1] ?? 0).toFixed(1)}, most ${(sorted.at(-1) ?? 0).toFixed(1)}`);
const wrong = kinds.reduce((sum, kind) => sum + (sums.get(kind)?.other ?? 0) + (sums.get(kind)?.accused ?? 0), 0);
process.exitCode = wrong > 0 ? 1 : 0;
