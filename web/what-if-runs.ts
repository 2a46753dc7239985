/** What can be turned over at the jump, and whole runs in which it is. */
import { jobInput } from '../src/bench/input/job.ts';
import type { Outcome } from '../src/bench/documents/result.ts';
import type { RunTrace } from '../src/bench/documents/trace-types.ts';
import { glossary } from '../src/bench/verdict/glossary.ts';
import { findChip } from '../src/chips/index.ts';
import type { ChipDescription } from '../src/emu/chip.ts';
import { runHere } from '../src/library/job-here.ts';
import { openMachine } from '../src/library/machine.ts';
import { libraryJob } from '../src/library/options.ts';
import { pictureOf } from '../src/report/picture.ts';
import { resolveRomOptions, ROM_OPTION_VALUES } from '../src/rom/options.ts';
import { findRomProfile } from '../src/rom/profiles.ts';
import { entryTarget } from './entry-target.ts';
import { FLIPS, flipViews, type FlipTarget } from './flips.ts';
import { machineOptionsOf } from './options.ts';
import { piecesOf, type Entry, type Flips, type Second, type Setup } from './setup.ts';
import { sourcesIn } from './sources.ts';
import { picturesOf } from './told.ts';

const ENTRY_LIMIT = '10s';

/** Runs to the entry into the ROM: what can be turned over there. Null if there is no entry. */
export async function entry(setup: Setup): Promise<Entry | null> {
  const options = await machineOptionsOf(setup, { state: {}, crystal: null, rom: {} });
  const machine = await openMachine(options);
  try {
    const stopped = await machine.runUntil({ entry: true }, { limit: ENTRY_LIMIT });
    const chip = findChip(options.chip)!;
    const profile = chip.rom ? findRomProfile(chip.rom.id) : undefined;
    if (stopped.by !== 'until' || !profile) return null;
    const words = new Map(glossary().map((g) => [g.id, g.title]));
    const chosen = (setup.scenario.romOptions ?? {}) as Readonly<Record<string, string>>;
    const settings = options.romDump === undefined ? resolveRomOptions(profile.options, chosen) : [];
    const rom = settings.map(({ id, value }) => ({ id, value, values: ROM_OPTION_VALUES[id], meaning: words.get(id) ?? '' }));
    const input = jobInput(await libraryJob(options));
    return { flips: flipViews(machine, chip), rom, crystal: input.scenario.board.hse !== null };
  } finally {
    machine.close();
  }
}

/** A whole run with some things turned over at the entry. */
export async function second(setup: Setup, flips: Flips): Promise<Second> {
  const options = await machineOptionsOf(setup, flips);
  const chip = findChip(options.chip)!;
  let trace: RunTrace | null = null;
  const result = runHere(await libraryJob(options), {
    trace: (t) => (trace = t),
    atEntry: (machine) => turnOver(entryTarget(machine), chip, flips),
  });
  const sources = sourcesIn(setup.source ?? {}, piecesOf(setup));
  return {
    outcome: result.outcome as Outcome,
    picture: pictureOf(result, trace),
    handOver: picturesOf(result, { sources, byHand: new Set(Object.keys(flips.state)) }),
  };
}

function turnOver(machine: FlipTarget, chip: ChipDescription, flips: Flips): void {
  for (const flip of FLIPS) {
    const on = flips.state[flip.id];
    if (on !== undefined) flip.write(machine, chip, on);
  }
}
