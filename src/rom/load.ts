/** From an image and the options of a run to the bytes of system memory. Pure: the caller reads the file. */
import {
  optionWords,
  resolveRomOptions,
  ROM_OPTION_IDS,
  type RomOptionDefaults,
  type RomOptionId,
  type RomOptionSetting,
} from './options.ts';
import type { AddressRange, RomProfile } from './profiles.ts';
import { hex } from '../emu/hex.ts';

/** rom/images/<name>.json */
export interface RomManifest {
  readonly id: string;
  readonly version: string;
  readonly base: string;
  readonly size: number;
  readonly optionBlock: string;
  readonly sha256: string;
  readonly compiler: string;
  /** sha256 by path below rom/. */
  readonly sources: Readonly<Record<string, string>>;
}

export interface RomSegment {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface LoadedRom {
  readonly options: readonly RomOptionSetting[];
  /** System memory, ascending, without overlaps. */
  readonly segments: readonly RomSegment[];
  /** Ranges that answer with a bus error instead. */
  readonly faults: readonly AddressRange[];
}

/** The image does not fit the profile: ours to mend, or a file that is no stand-in ROM. */
export class RomImageError extends Error {
  readonly code = 'rom-image';
  constructor(message: string) {
    super(message);
    this.name = 'RomImageError';
  }
}

/**
 * Where a dump of system memory belongs: its vector table is where this chip's ROM has it, whether the dump begins there or at the start of system memory. Null
 * where neither place makes a vector table of a ROM of the first two words (SP in RAM, reset vector in system memory).
 */
export function dumpBase({ base, systemMemory }: RomProfile, bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = systemMemory.value.base + systemMemory.value.size;
  const fits = (at: number): boolean => {
    const table = base - at;
    if (table + 8 > bytes.length || at + bytes.length > end) return false;
    const [sp, reset] = [view.getUint32(table, true), view.getUint32(table + 4, true)];
    // as either security state of a Cortex-M33 sees it
    const inRom = [reset, (reset & ~SECURE_CODE) >>> 0].some((a) => a >= systemMemory.value.base && a < end);
    return sp % 4 === 0 && sp >= 0x10000000 && sp < 0x40000000 && reset % 2 === 1 && inRom;
  };
  return [base, systemMemory.value.base].find(fits) ?? null;
}
/** Address bit of the secure alias of system memory. */
const SECURE_CODE = 1 << 26;

const WORD = 4;

/** The image with the option block and, behind it, the version written; the argument is left alone. */
export function patchOptions(
  profile: RomProfile,
  image: Uint8Array,
  settings: readonly RomOptionSetting[],
  version: string | null = null,
): Uint8Array {
  const offset = profile.optionBlock - profile.base;
  const versions = profile.versions.value;
  const words = [...optionWords(settings), version === null ? versions.length - 1 : versions.indexOf(version)];
  if (image.length !== profile.size || offset + words.length * WORD > image.length) {
    throw new RomImageError(
      `image of ${profile.id} has ${image.length} bytes, expected ${profile.size} with the option block at ${hex(profile.optionBlock)}`,
    );
  }
  const patched = image.slice();
  const view = new DataView(patched.buffer);
  words.forEach((word, i) => view.setUint32(offset + i * WORD, word, true));
  return patched;
}

/** A table that a search for a plausible vector finds first: stack in RAM, odd entry in the gap; behind it nothing but zeros. */
function decoy(profile: RomProfile, gap: AddressRange): Uint8Array {
  const bytes = new Uint8Array(gap.size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, profile.initialStack.value, true);
  view.setUint32(WORD, (gap.base + 0x200) | 1, true);
  return bytes;
}

/**
 * Another program of ST's, whose table the same search finds first and which ends in a reset when it is entered like this. Every vector leads
 * to the same few instructions: AIRCR.SYSRESETREQ.
 */
function decoyThatResets(profile: RomProfile, gap: AddressRange): Uint8Array {
  const bytes = decoy(profile, gap);
  const view = new DataView(bytes.buffer);
  const code = 0x200;
  for (let vector = 1; vector < 16; vector++) view.setUint32(vector * WORD, (gap.base + code) | 1, true);
  // ldr r0, =AIRCR · ldr r1, =VECTKEY | SYSRESETREQ · str r1, [r0] · dsb · b .
  [0x4802, 0x4903, 0x6001, 0xf3bf, 0x8f4f, 0xe7fe].forEach((half, i) => view.setUint16(code + 2 * i, half, true));
  [0xe000ed0c, 0x05fa0004].forEach((word, i) => view.setUint32(code + 12 + WORD * i, word, true));
  return bytes;
}

/**
 * The table as a caller may find it unfit: its SP word names the secure alias of the RAM, and the reset vector leads to instructions that set
 * the stack themselves. A ROM that first runs in the Secure state could look like this; whoever jumps without judging the words still gets in.
 */
function secureAliasTable(profile: RomProfile, memory: Uint8Array): void {
  const view = new DataView(memory.buffer);
  const table = profile.base - profile.systemMemory.value.base;
  const tail = table + profile.size;
  const stack = view.getUint32(table, true);
  const entry = view.getUint32(table + WORD, true);
  // ldr r0, =stack · msr msp, r0 · ldr r0, =entry · bx r0
  [0x4802, 0xf380, 0x8808, 0x4802, 0x4700, 0xbf00].forEach((half, i) => view.setUint16(tail + 2 * i, half, true));
  [stack, entry].forEach((word, i) => view.setUint32(tail + 12 + WORD * i, word, true));
  view.setUint32(table, stack + SECURE_ALIAS, true);
  view.setUint32(table + WORD, (profile.base + profile.size) | 1, true);
}
/** Distance from a peripheral or RAM address to its Secure alias (ARMv8-M with TrustZone on STM32: bit 28). */
const SECURE_ALIAS = 0x10000000;

function gapSegments(profile: RomProfile, settings: readonly RomOptionSetting[]): Pick<LoadedRom, 'segments' | 'faults'> {
  const { gap } = profile;
  const content = settings.find((s) => s.id === 'sysflash-gap')?.value;
  if (!gap) return { segments: [], faults: [] };
  if (content === 'fault') return { segments: [], faults: [gap] };
  const fill = (): Uint8Array => new Uint8Array(gap.size).fill(content === 'zero' ? 0 : 0xff);
  const bytes = content === 'decoy' ? decoy(profile, gap) : content === 'decoy-resets' ? decoyThatResets(profile, gap) : fill();
  return { segments: [{ address: gap.base, bytes }], faults: [] };
}

/** The defaults of a version; null = the last one, which the image plays unless it is told otherwise. */
const optionsOf = (profile: RomProfile, version: string | null): RomOptionDefaults =>
  version === null ? profile.options : { ...profile.options, ...profile.optionsByVersion?.[version] };

export function loadRom(
  profile: RomProfile,
  image: Uint8Array,
  chosen: Readonly<Record<string, string>> = {},
  version: string | null = null,
): LoadedRom {
  const options = resolveRomOptions(optionsOf(profile, version), chosen);
  const memory = profile.systemMemory.value;
  const bytes = new Uint8Array(memory.size).fill(0xff);
  const patched = patchOptions(profile, image, options, version);
  bytes.set(patched.subarray(0, profile.size), profile.base - memory.base);
  if (options.some((o) => o.id === 'vector-table' && o.value === 'secure-alias')) secureAliasTable(profile, bytes);
  const gap = gapSegments(profile, options);
  return { options, segments: [...gap.segments, { address: memory.base, bytes }], faults: gap.faults };
}

/** What a word of system memory answers: null = a bus error; without a segment it is erased. */
export function romWord(rom: LoadedRom, address: number): number | null {
  if (rom.faults.some((f) => address >= f.base && address < f.base + f.size)) return null;
  const s = rom.segments.find((x) => address >= x.address && address + WORD <= x.address + x.bytes.length);
  return s ? new DataView(s.bytes.buffer, s.bytes.byteOffset).getUint32(address - s.address, true) : 0xffffffff;
}

/** Whether the bytes of a dump are the stand-in itself, with whatever options. */
export function isStandIn(profile: RomProfile, image: Uint8Array, dump: Uint8Array): boolean {
  const at = dumpBase(profile, dump);
  if (at === null) return false;
  const [from, to] = [profile.optionBlock - profile.base, profile.optionBlock - profile.base + (ROM_OPTION_IDS.length + 1) * WORD];
  const code = image.subarray(0, profile.size);
  const offset = profile.base - at;
  return code.every((byte, i) => (i >= from && i < to) || i < 2 * WORD || byte === dump[offset + i]);
}

/** The option whose word lies at an address: a read of it by the ROM means that the run may hang on it. */
export function optionAt(profile: RomProfile, address: number): RomOptionId | null {
  const index = Math.floor((address - profile.optionBlock) / WORD);
  return index >= 0 ? (ROM_OPTION_IDS[index] ?? null) : null;
}

/**
 * Options that no instruction of the ROM asks for; the machine sees them matter otherwise. `sysflash-gap`: any access to the gap;
 * `vector-table`: user code read the table's first two words.
 */
export const LOADER_OPTIONS: readonly RomOptionId[] = ['sysflash-gap', 'vector-table'];
