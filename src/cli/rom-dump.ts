/** From the files that a user names to a dump of system memory: one file, or pieces with their addresses. */
import { UsageError } from '../bench/documents/usage-error.ts';
import { romProfile } from '../bench/input/job.ts';
import type { RomInput } from '../bench/input/run-input.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { splitImagePath } from '../image/image.ts';
import { dumpInPieces, whyNoPlace } from '../rom/pieces.ts';
import { whyNoDump } from '../rom/why-no-dump.ts';

export const dumpFiles = (typed: readonly string[]): string[] => typed.map((text) => splitImagePath(text).file);

/** @param said what stands before a refusal */
export function readDump(
  chip: ChipDescription,
  typed: readonly string[],
  read: (file: string) => Uint8Array,
  said = '--rom: ',
): Pick<RomInput, 'bytes' | 'beside'> {
  const profile = romProfile(chip);
  const named = typed.map((text) => splitImagePath(text));
  const [first] = named;
  if (named.length === 1 && first!.address === null) {
    const bytes = read(first!.file);
    const why = said === '' ? null : whyNoDump(chip, profile, bytes);
    if (why !== null) throw new UsageError(`${said}${first!.file}: ${why.what}`, why.hint);
    return { bytes };
  }
  const pieces = named.map(({ file, address }) => {
    if (address === null)
      throw new UsageError(`${said}${file} is one of several pieces and has no address`, `write it as ${file}@0x1FFF0000`);
    return { address, bytes: read(file) };
  });
  const why = whyNoPlace(chip, profile, pieces);
  if (why !== null) throw new UsageError(`${said}${why}`);
  return dumpInPieces(profile, pieces);
}
