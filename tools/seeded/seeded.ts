/**
 * Whether random faults are named: `npm run seeded -- [--count <n>] [--seed <n>] [--chip <part>] [--no-checks] [--pairs] [--verbose]`.
 *
 * Each case is a program that jumps to the ROM rightly but for one store before (program.ts), on one of the lines below. Counted are those that keep DFU away: named by the
 * instruction, named but by another one, or not named. `--no-checks` asks the difference alone (src/bench/difference). `--pairs`: two stores, of which each alone keeps DFU away; both have to be named.
 * Exit 1: a fault that changes nothing was accused, or a wrong instruction was named as proved.
 */
import { parseArgs } from 'node:util';
import { jobInput, romProfileIfAny, type RunJob } from '../../src/bench/input/job.ts';
import { findDifference } from '../../src/bench/difference/find.ts';
import { runBench } from '../../src/bench/run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { findChip } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { random } from '../random.ts';
import { anyFault, fieldsOf, program, type Fault, type Program } from './program.ts';

/** One of each kind of core and ROM. */
const CHIPS = [
  'STM32F072RB', 'STM32F303CC', 'STM32F401RE', 'STM32F405RG', 'STM32F411RE', 'STM32F429ZI', 'STM32F446RE', 'STM32F722RE', 'STM32F746ZG', 'STM32F767ZI',
  'STM32G0B1RE', 'STM32G474RE', 'STM32H503RB', 'STM32H533RE', 'STM32H563ZI', 'STM32H743ZI', 'STM32L072CZ', 'STM32L432KC', 'STM32L476RG', 'STM32L496ZG', 'STM32U575ZI', 'STM32WB55RG',
]; // prettier-ignore

/** Faults that are drawn for one that keeps DFU away. */
const MOST_DRAWN = 40;

function jobFor(part: string, { bytes, base }: Program): RunJob {
  const image = { path: `seeded.bin@0x${base.toString(16)}`, bytes };
  return {
    version: 'seeded',
    chip: part,
    images: [image],
    scenario: { schema: 'bootbench/scenario@1' },
    overrides: { images: [image.path] },
    limits: { maxInstructions: null, wallMs: null, maxMemory: null },
    rom: { kind: 'stand-in', bytes: romImage(romProfileIfAny(findChip(part)!)!.image), version: null, options: {} },
    symptoms: [],
    engine: 'bootbench',
    semihosting: false,
    bootAt: null,
    files: new Map(),
  };
}

/** Instructions that were named as proved; null: DFU came. */
interface Answer {
  readonly outcome: string;
  readonly named: readonly (readonly string[])[];
  readonly places: readonly number[];
}
function byDifference(job: RunJob): Answer {
  const session = new Session(jobInput(job));
  try {
    const { outcome } = session.run();
    const entry = outcome === 'dfu' ? null : session.lastEntry();
    const found = entry === null ? null : findDifference(session, entry);
    const all = (found?.sets ?? []).flat();
    return {
      outcome,
      named: (found?.sets ?? []).map((set) => set.map(({ what, value, afterReset }) => `${what} ${value} (${afterReset})`)),
      places: all.flatMap(({ writer }) => (writer ? [writer.pc] : [])),
    };
  } finally {
    session.release();
  }
}
function byAll(job: RunJob): Answer {
  const { outcome, diagnosis } = runBench(jobInput(job));
  const proved = diagnosis.causes.filter((c) => c.proved);
  return {
    outcome,
    named: [proved.map((c) => c.id)],
    places: proved.flatMap(({ lastWriter }) => (lastWriter ? [Number(lastWriter.pc)] : [])),
  };
}

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    chip: { type: 'string' },
    'no-checks': { type: 'boolean', default: false },
    pairs: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
const draw = random(Number(values.seed));
const ask = values['no-checks'] ? byDifference : byAll;
const chips = CHIPS.filter((part) => values.chip === undefined || part === values.chip);
const sums = { tried: 0, changed: 0, line: 0, other: 0, none: 0, accused: 0 };
const fields = new Map(chips.map((part) => [part, fieldsOf(findChip(part)!)]));
const right = new Set<string>();

function tell(part: string, faults: readonly Fault[], answer: Answer, how: string): void {
  console.log(`${how}: ${part} ${faults.map(({ what }) => what).join(' and ')}: ${answer.outcome}; ${JSON.stringify(answer.named)}`);
}
/** Whether the program without a fault reaches DFU on this line. */
function isRight(part: string): boolean {
  if (right.has(part)) return true;
  const plain = byDifference(jobFor(part, program(findChip(part)!, [])));
  if (plain.outcome !== 'dfu') console.log(`left out: ${part}: the plain jump ends in ${plain.outcome}`);
  else right.add(part);
  return plain.outcome === 'dfu';
}
const asked = chips.filter(isRight);
/** One that keeps DFU away, of a few tries. */
function breaking(part: string): Fault | null {
  const chip = findChip(part)!;
  for (let n = 0; n < MOST_DRAWN; n++) {
    const fault = anyFault(chip, fields.get(part)!, draw);
    if (byDifference(jobFor(part, program(chip, [fault]))).outcome === 'rom-silent') return fault;
  }
  return null;
}
function drawn(part: string): readonly Fault[] {
  if (!values.pairs) return [anyFault(findChip(part)!, fields.get(part)!, draw)];
  const pair = [breaking(part), breaking(part)];
  return pair[0]?.what === pair[1]?.what ? [] : pair.filter((fault) => fault !== null);
}
while (sums.changed < Number(values.count) && sums.tried < 200 * Number(values.count)) {
  const part = asked[Math.floor(draw() * asked.length)]!;
  const chip = findChip(part)!;
  const faults = drawn(part);
  sums.tried++;
  if (values.pairs && faults.length < 2) continue;
  const made = program(chip, faults);
  const job = jobFor(part, made);
  const answer = ask(job);
  if (answer.outcome === 'dfu') {
    if (answer.places.length > 0) sums.accused++;
    continue;
  }
  sums.changed++;
  const named = made.guilty.filter((pc) => answer.places.includes(pc)).length;
  const how = named === made.guilty.length ? 'line' : named > 0 ? 'none' : answer.places.length > 0 ? 'other' : 'none';
  sums[how]++;
  if (values.verbose || how !== 'line') tell(part, faults, answer, how);
}
console.log(
  `seed ${values.seed}: ${sums.tried} programs, ${sums.changed} without DFU: ${sums.line} named by their instruction, ${sums.other} by another one, ${sums.none} not; ${sums.accused} accused for nothing`,
);
process.exitCode = sums.other + sums.accused > 0 ? 1 : 0;
