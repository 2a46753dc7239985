/** `bootbench evidence check`: what boards and dumps said of options, line by line, and what it comes to. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { jsonDocument } from '../bench/documents/json-text.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { findChip } from '../chips/index.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { printable } from '../report/text.ts';
import { isSimulated, mergeEvidence, parseEvidence, type EvidenceLine, type MergedOption, type Witness } from '../rom/evidence.ts';
import { romHash } from '../rom/identity.ts';
import { loadRom } from '../rom/load.ts';
import { otherValues, resolveRomOptions } from '../rom/options.ts';
import type { RomProfile } from '../rom/profile.ts';
import { romProfileOf } from '../rom/profiles.ts';
import { readRecord, settledIn } from './board-replay.ts';
import { whyNoEvidence, type SettleReport } from './board-settle.ts';
import { mustEnd } from './has-end.ts';
import { EXIT, type Io } from './io.ts';
import { Outputs } from './outputs.ts';
import { reason } from '../bench/documents/system-errors.ts';
import { romImage } from './rom-image.ts';
import { isBelow } from './sources.ts';

export interface EvidenceOptions {
  readonly json?: boolean;
  readonly merge?: string;
}
/** Nobody settles more options than this on one board, and a line is short. */
const MOST_LINES = 10_000;

export async function evidenceCheckCommand(paths: readonly string[], options: EvidenceOptions, io: Io): Promise<number> {
  const files = (paths.length === 0 ? ['evidence'] : paths).flatMap((path) => filesAt(path, io.cwd));
  const outputs = new Outputs(options.merge === undefined ? [] : [{ option: '--merge', path: options.merge }], io.cwd);
  try {
    const witnesses: Witness[] = [];
    const simulated: EvidenceLine[] = [];
    for (const file of files)
      for (const witness of await witnessesIn(file, options.merge !== undefined, io))
        if (isSimulated(witness.line)) simulated.push(witness.line);
        else witnesses.push(witness);
    const merged = mergeEvidence(witnesses);
    if (options.merge !== undefined) outputs.write('--merge', jsonDocument(merged));
    if (options.json === true)
      io.stdout.raw(
        jsonDocument({ schema: 'bootbench/evidence-check@1', counted: witnesses.length, emulated: simulated.length, options: merged }),
      );
    else for (const line of textOf(merged, witnesses.length, simulated.length)) io.stdout.write(`${printable(line)}\n`);
    return EXIT.ok;
  } finally {
    outputs.discard();
  }
}

interface EvidenceFile {
  readonly path: string;
  readonly shown: string;
  /** It lies in a folder that was named: what stands there counts. */
  readonly counts: boolean;
}
function filesAt(path: string, cwd: string): EvidenceFile[] {
  const place = resolve(cwd, path);
  try {
    if (!statSync(place).isDirectory()) return [{ path: place, shown: path, counts: false }];
    return readdirSync(place)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .map((name) => ({ path: join(place, name), shown: join(path, name), counts: true }));
  } catch (error) {
    throw new UsageError(
      `cannot read ${path}: ${reason(error)}`,
      path === 'evidence' ? 'name a file, or a folder with *.jsonl' : undefined,
    );
  }
}
function linesOf({ path, shown }: EvidenceFile): string[] {
  let text: string;
  try {
    mustEnd(path, 'evidence', shown);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${shown}: ${reason(error)}`);
  }
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new UsageError(`${shown} is empty`);
  if (lines.length > MOST_LINES) throw new UsageError(`${shown} has more than ${MOST_LINES} lines`);
  return lines;
}
async function witnessesIn(file: EvidenceFile, merging: boolean, io: Io): Promise<Witness[]> {
  const records = new Map<string, SettleReport>();
  const witnesses: Witness[] = [];
  for (const [i, text] of linesOf(file).entries()) {
    const line = parseEvidence(text);
    const why = typeof line === 'string' ? line : whyRefused(line, file.counts || merging);
    if (typeof line === 'string' || why !== null) throw new UsageError(`${file.shown}:${i + 1}: ${why}`);
    const replayed = line.recording === null ? false : await replays(line, file, records, io, i + 1);
    witnesses.push({ line, contributor: basename(file.path, '.jsonl'), replayed });
  }
  return witnesses;
}
/** Why a line is none, whatever its record says; null: it can be one. */
function whyRefused(line: EvidenceLine, counts: boolean): string | null {
  const chip = findChip(line.chip.toLowerCase());
  const profile = chip === undefined ? null : romProfileOf(chip);
  if (chip === undefined || profile === null) return `chip ${line.chip} is not known`;
  if (profile.id !== line.romId) return `the ROM of ${line.chip} is ${profile.id}, not ${line.romId}`;
  if (profile.options[line.option] === undefined) return `the ROM of ${line.chip} has no option ${line.option}`;
  if (/^(bootbench|QEMU)\b/.test(line.debugger ?? '')) return `${line.debugger} has no board behind it, so this is no evidence`;
  if (standInHashes(chip, profile).has(line.romSha256)) return 'romSha256 is that of a stand-in ROM of bootbench, which is no evidence';
  if (counts && isSimulated(line)) return 'it was measured on an emulated chip: that shows the way, and is no evidence';
  return null;
}
const hashes = new Map<string, ReadonlySet<string>>();
/** Of the stand-in with its defaults, and with each option changed, in each version; another choice is noticed where evidence is written. */
function standInHashes(chip: ChipDescription, profile: RomProfile): ReadonlySet<string> {
  const known = hashes.get(profile.id);
  if (known !== undefined) return known;
  const image = romImage(profile.image);
  const { base } = profile.systemMemory.value;
  const hash = (chosen: Readonly<{ [id: string]: string }>, version: string | null): string =>
    romHash(chip, profile, loadRom(profile, image, chosen, version).segments.find((s) => s.address === base)!.bytes);
  const singles = resolveRomOptions(profile.options).flatMap((o) => otherValues(o).map((value) => ({ [o.id]: value })));
  const found = new Set([null, ...profile.versions.value].flatMap((version) => [{}, ...singles].map((chosen) => hash(chosen, version))));
  hashes.set(profile.id, found);
  return found;
}
/** The record gives this value of this ROM. Throws where it gives another one. */
async function replays(
  line: EvidenceLine,
  file: EvidenceFile,
  records: Map<string, SettleReport>,
  io: Io,
  number: number,
): Promise<boolean> {
  const recording = line.recording!;
  const at = `${file.shown}:${number}: the recording ${recording}`;
  const path = join(dirname(file.path), recording);
  let report = records.get(recording);
  if (report === undefined) {
    // what the server prints was told when the record was made
    const silent: Io = { ...io, stderr: { ...io.stderr, write: () => undefined, raw: () => undefined } };
    try {
      mustLieBelow(path, dirname(file.path));
      report = await settledIn(readRecord(path, recording), recording, silent);
    } catch (error) {
      if (error instanceof UsageError) throw new UsageError(`${at} does not replay: ${error.message}`);
      throw error;
    }
    records.set(recording, report);
  }
  const why = whyNoEvidence(report);
  if (why !== null) throw new UsageError(`${at}: ${why}`);
  if (report.rom.emulated !== isSimulated(line)) throw new UsageError(`${at} is of an emulated chip, and the line does not say so`);
  if (report.profile.id !== line.romId || report.rom.sha256 !== line.romSha256) throw new UsageError(`${at} is of another ROM`);
  const found = report.settled.find((s) => s.option === line.option);
  if (found?.value !== line.value)
    throw new UsageError(`${at} says ${found?.value ?? 'nothing'} of ${line.option}, and the line says ${line.value}`);
  return true;
}

/** A link may lead anywhere. */
function mustLieBelow(path: string, folder: string): void {
  if (!existsSync(path) || isBelow(realpathSync(path), realpathSync(folder))) return;
  throw new UsageError('it is a link that leads out of the folder');
}

function* textOf(merged: readonly MergedOption[], lines: number, simulated: number): Generator<string> {
  if (simulated > 0)
    yield `${simulated} ${simulated === 1 ? 'line' : 'lines'} from an emulated chip: valid in form, and counted for nothing`;
  if (lines === 0) {
    if (simulated === 0) yield 'no evidence yet';
    return;
  }
  yield `${lines} ${lines === 1 ? 'line' : 'lines'}, ${merged.length} ${merged.length === 1 ? 'option' : 'options'}`;
  for (const m of merged) {
    const values = m.values.map((v) => `${v.value} (${v.contributors}${v.replayed ? ', replayed' : ''})`).join(', ');
    yield `${m.state.padEnd(13)}${m.romId.padEnd(14)}${m.romSha256.slice(0, 12)}  ${m.option.padEnd(21)}${values}`;
  }
  if (merged.some((m) => m.state === 'alone'))
    yield 'alone = one contributor without a recording: a second one, or a recording that replays, makes it measured.';
  if (merged.some((m) => m.state === 'contradicted')) yield 'contradicted = both values are open for that ROM.';
}
