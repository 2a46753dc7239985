/** The bench in a worker: the page asks, this runs. One holds the machine that is stepped, another makes whole runs. Code that only later steps need is loaded for them. */
import { expose } from 'comlink';
import { AmbiguousChip } from '../src/bench/input/infer-chip.ts';
import type { RunJob } from '../src/bench/input/job.ts';
import type { Outcome } from '../src/bench/documents/result.ts';
import type { Duration, StepAction } from '../src/bench/documents/scenario-types.ts';
import type { RunTrace } from '../src/bench/documents/trace-types.ts';
import { SHA256, sha256 } from '../src/image/sha256.ts';
import { runHere } from '../src/library/job-here.ts';
import { libraryJob } from '../src/library/options.ts';
import { pictureOf } from '../src/report/picture.ts';
import { bringFile, expectFiles } from './fetched.ts';
import type { Held } from './held.ts';
import { loadAll } from './late.ts';
import { optionsOf, saidOf } from './options.ts';
import { inThePage, isOfFiles, withoutHint } from './own-file.ts';
import { withFacts } from './remote.ts';
import { piecesOf } from './setup.ts';
import type { Diagnosed, DfuDevice, Entry, Flips, Go, Second, Setup, Verdict, View } from './setup.ts';
import { sourcesIn } from './sources.ts';
import { patchFile, picturesOf, shownFacts } from './told.ts';

const digests = new WeakMap<Uint8Array, string>();
const { digest } = SHA256;
/** A run that begins again, because code was missing, has the same file. */
SHA256.digest = (bytes) => {
  const known = digests.get(bytes) ?? digest(bytes);
  digests.set(bytes, known);
  return known;
};

/** A machine that stands somewhere cannot begin again when code is missing: all of it is loaded first. */
async function newHeld(): Promise<Held> {
  const [{ Held }] = await Promise.all([import('./held.ts'), loadAll()]);
  return new Held();
}

function verdictOn(job: RunJob, setup: Setup): Verdict {
  const started = performance.now();
  let trace: RunTrace | null = null;
  const result = runHere(job, { trace: (t) => (trace = t) });
  const took = performance.now() - started;
  const sources = sourcesIn(setup.source ?? {}, piecesOf(setup));
  return {
    result,
    told: shownFacts(result, sources),
    patch: patchFile(result, sources),
    chip: job.chip,
    took,
    sha256: sha256(setup.bytes),
    picture: pictureOf(result, trace),
    handOver: picturesOf(result, { sources }),
    memories: (trace as RunTrace | null)?.memories ?? [],
  };
}

class Lab {
  expect(names: readonly string[]): void {
    expectFiles(names);
  }
  bring(name: string, bytes: Uint8Array | null): void {
    bringFile(name, bytes);
  }
  /** A whole run with its diagnosis, or the question which chip it is for, or which of the files. */
  async diagnose(setup: Setup, flips: Flips): Promise<Diagnosed> {
    try {
      return { verdict: await this.verdict(setup, flips), question: null, files: null };
    } catch (error) {
      const told = inThePage(error);
      if (error instanceof AmbiguousChip)
        return { verdict: null, question: { chips: error.chips, message: withoutHint(error) }, files: null };
      if (setup.others !== undefined && isOfFiles(error))
        return { verdict: null, question: null, files: { pieces: piecesOf(setup), why: (told as Error).message } };
      throw told;
    }
  }
  private async verdict(setup: Setup, flips: Flips): Promise<Verdict> {
    const options = await optionsOf(setup, flips);
    const job = { ...(await libraryJob({ ...options, after: true })), ...(await saidOf(setup)) };
    return withFacts(() => verdictOn(job, setup));
  }
  async entry(setup: Setup): Promise<Entry | null> {
    const [{ entry }] = await Promise.all([import('./what-if-runs.ts'), loadAll()]);
    return entry(setup);
  }
  async second(setup: Setup, flips: Flips): Promise<Second> {
    const [{ second }] = await Promise.all([import('./what-if-runs.ts'), loadAll()]);
    return second(setup, flips);
  }
  async outcomeWith(setup: Setup, flips: Flips): Promise<Outcome> {
    return (await this.second(setup, flips)).outcome;
  }

  // ---- the machine that is held (web/held.ts) -----------------------------------------------------------------------------------
  private loading: Promise<Held> | null = null;
  private held: Held | null = null;
  private async machine(): Promise<Held> {
    this.loading ??= newHeld();
    return (this.held = await this.loading.catch((error: unknown) => {
      this.loading = null;
      throw error;
    }));
  }
  open = async (setup: Setup, flips: Flips): Promise<View> => (await this.machine()).open(setup, flips);
  go = async (where: Go): Promise<View> => (await this.machine()).go(where);
  seek = async (at: number): Promise<View> => (await this.machine()).seek(at);
  back = async (): Promise<View> => (await this.machine()).back();
  act = async (action: StepAction, label: string, forth?: Duration): Promise<View> => (await this.machine()).act(action, label, forth);
  turn = async (id: string, on: boolean): Promise<View> => (await this.machine()).turn(id, on);
  look = async (): Promise<View> => (await this.machine()).look();
  read = async (what: readonly string[]): Promise<Readonly<Record<string, number | null>>> => (await this.machine()).read(what);
  dfuOpen = async (): Promise<DfuDevice> => (await this.machine()).dfuOpen();
  dfuRead = async (address: number, length: number): Promise<Uint8Array> => (await this.machine()).dfuRead(address, length);
  dfuWrite = async (address: number, bytes: Uint8Array): Promise<void> => (await this.machine()).dfuWrite(address, bytes);
  /** Nothing waits for its turn here. */
  stop(): void {
    this.held?.stop();
  }
}

export type { Lab };
expose(new Lab());
