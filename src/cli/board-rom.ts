/** The ROM of a board as a whole: its hash, and what it is. Its bytes and the part's own words do not go into records. */
import type { GdbTarget } from '../board/gdb-target.ts';
import { BoardError } from '../board/rsp-client.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { isMadeUp, ownWords, romHash, withoutOwnWords } from '../rom/identity.ts';
import { isStandIn } from '../rom/load.ts';
import type { RomProfile } from '../rom/profile.ts';
import type { Recording } from './board-common.ts';
import { romImage } from './rom-image.ts';

export interface RomSeen {
  /** Null: it could not be read as a whole. */
  readonly sha256: string | null;
  readonly standIn: boolean;
  /** The unique ID is the one that bootbench makes up. */
  readonly emulated: boolean;
}
const UNREADABLE = 'unreadable';

/** Without the part's own words; null where not all of it can be read. */
export async function readRom(target: GdbTarget, chip: ChipDescription, profile: RomProfile): Promise<Uint8Array | null> {
  const { base, size } = profile.systemMemory.value;
  const read = await target.readMemory(base, size);
  if (read?.length !== size || read.every((byte) => byte === read[0])) return null;
  return withoutOwnWords(chip, profile, base, read);
}

/** Reads it, or its record. */
export async function romOnBoard(target: GdbTarget, chip: ChipDescription, profile: RomProfile, note: Recording['note']): Promise<RomSeen> {
  const words = await note(async () => {
    const bytes = await readRom(target, chip, profile);
    const own = bytes !== null && isStandIn(profile, romImage(profile.image), bytes);
    const kind = `${own ? 'stand-in' : 'dump'} ${(await isEmulated(target, chip)) ? 'emulated' : 'part'}`;
    return `rom ${bytes === null ? UNREADABLE : romHash(chip, profile, bytes)} ${kind}`;
  });
  const [, hash, kind, part] = /^rom ([0-9a-f]{64}|unreadable) (stand-in|dump) (emulated|part)$/.exec(words) ?? [];
  if (hash === undefined) throw new BoardError(`the record says ${JSON.stringify(words)} where it should say which ROM the board has`);
  return { sha256: hash === UNREADABLE ? null : hash, standIn: kind === 'stand-in', emulated: part === 'emulated' };
}
async function isEmulated(target: GdbTarget, chip: ChipDescription): Promise<boolean> {
  const uid: number[] = [];
  for (const address of ownWords(chip)?.uid ?? []) {
    const word = await target.word(address);
    if (word !== null) uid.push(word);
  }
  return isMadeUp(chip, uid);
}
