/** A dump of system memory in pieces, each with the address that it was read from. */
import type { ChipDescription } from '../emu/chip.ts';
import type { RomSegment } from './load.ts';
import type { AddressRange, RomProfile } from './profile.ts';
import { hex } from '../emu/hex.ts';

/** What the playground's page asks `bootbench serve` for: a dump, for all parts that have this ROM. */
export interface ServedDump {
  readonly romId: string;
  readonly pieces: readonly { readonly address: number; readonly base64: string }[];
}
export interface PlacedPieces {
  /** What lies in the ROM's own system memory, from the ROM's base or from the start of system memory; erased between the pieces. */
  readonly bytes: Uint8Array;
  /** What lies elsewhere in system memory (the second bank, the stretch below the ROM), ascending. */
  readonly beside: readonly RomSegment[];
}

const endOf = ({ address, bytes }: RomSegment): number => address + bytes.length;
const inside = (piece: RomSegment, { base, size }: AddressRange): boolean => piece.address >= base && endOf(piece) <= base + size;

/** Where a chip has system memory: the ROM's own stretch first. */
function stretches(chip: ChipDescription, { systemMemory, gap }: RomProfile): AddressRange[] {
  const rows = chip.memories.filter((m) => m.zone === 'systemMemory').map(({ base, size }) => ({ base, size }));
  const all = [systemMemory.value, ...(gap === null ? [] : [gap]), ...rows];
  return all.filter(({ base, size }, i) => !all.slice(0, i).some((o) => base >= o.base && base + size <= o.base + o.size));
}

/** Why pieces cannot lie where they are put, in a sentence; null if they can. */
export function whyNoPlace(chip: ChipDescription, profile: RomProfile, pieces: readonly RomSegment[]): string | null {
  const sorted = ascending(pieces);
  const places = stretches(chip, profile);
  for (const [i, piece] of sorted.entries()) {
    const range = `the piece at ${hex(piece.address)} (${piece.bytes.length} bytes)`;
    if (piece.bytes.length === 0) return `${range} is empty`;
    if (!places.some((place) => inside(piece, place))) {
      const own = places.map(({ base, size }) => `${hex(base)} to ${hex(base + size - 1)}`).join(', ');
      return `${range} is not inside of system memory of ${chip.name} (${own})`;
    }
    const before = sorted[i - 1];
    if (before !== undefined && endOf(before) > piece.address) return `${range} overlaps the piece at ${hex(before.address)}`;
  }
  return null;
}

/** Pieces that `whyNoPlace` has nothing against. */
export function placePieces(profile: RomProfile, pieces: readonly RomSegment[]): PlacedPieces {
  const memory = profile.systemMemory.value;
  const sorted = ascending(pieces);
  const own = sorted.filter((piece) => inside(piece, memory));
  const beside = sorted.filter((piece) => !inside(piece, memory));
  const last = own.at(-1);
  if (last === undefined) return { bytes: new Uint8Array(0), beside };
  const from = own[0]!.address >= profile.base ? profile.base : memory.base;
  // so long that it fits from the start of system memory alone: nothing is left to guess
  const atLeast = from === profile.base ? 0 : memory.base + memory.size - profile.base + 1;
  const bytes = new Uint8Array(Math.max(endOf(last) - from, atLeast)).fill(0xff);
  for (const piece of own) bytes.set(piece.bytes, piece.address - from);
  return { bytes, beside };
}

/** The same as a run is given it. */
export function dumpInPieces(
  profile: RomProfile,
  pieces: readonly RomSegment[],
): { readonly bytes: Uint8Array; readonly beside?: readonly RomSegment[] } {
  const { bytes, beside } = placePieces(profile, pieces);
  return beside.length === 0 ? { bytes } : { bytes, beside };
}

/** A dump and what lies beside it, in order of address. */
export const inOrder = (dump: RomSegment, beside: readonly RomSegment[]): RomSegment[] => ascending([dump, ...beside]);
const ascending = (pieces: readonly RomSegment[]): RomSegment[] => [...pieces].sort((a, b) => a.address - b.address);

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
