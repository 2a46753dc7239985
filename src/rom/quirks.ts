/**
 * Quirks of ST's DFU ROMs that client writers met, as switches for the stand-in of any line. What the ROM itself does otherwise is written into its image: the constants of
 * rom/common/identity.c, and the list of memories. The others act between host and device (usb-sim/quirk-port.ts).
 */
import type { Confidence } from '../emu/confidence.ts';
import { DFU_DIALECTS, type DfuDevice, type RomProfile } from './profile.ts';

/** What a quirk is, who saw it, and how sure it is. */
export interface DfuQuirkFacts {
  /** What a client sees. */
  readonly says: string;
  /** The ROMs that do it. */
  readonly chips: string;
  /** Who saw it. */
  readonly source: string;
  /** How sure it is: `measured` on hardware, `reported` by users, `inferred`, `assumed`. */
  readonly confidence: Confidence;
  /** @internal Images (`RomProfile.image`) that can do it; left out: all. */
  readonly images?: readonly string[];
}

const C5 = 'betaflight-configurator pull request 5300, tested on hardware';
const facts = <K extends string>(list: Readonly<Record<K, DfuQuirkFacts>>): Readonly<Record<K, DfuQuirkFacts>> => list;

/** All quirks by name. */
export const DFU_QUIRKS = facts({
  'h743-bank2-busy': {
    says: 'after the erase of a page of bank 2 the state stays dfuDNBUSY; two CLRSTATUS free it (dfuERROR with errUNKNOWN, then dfuIDLE)',
    chips: 'H743, H750 (revision V)',
    source: 'betaflight-configurator pull requests 1861, 1972 and 5348',
    confidence: 'reported',
    images: ['h745'],
  },
  'c5-clrstatus-stalls': {
    says: 'CLRSTATUS outside dfuERROR is a STALL, and the state stays; the stand-ins of H5 do so without it',
    chips: 'C562',
    source: C5,
    confidence: 'measured',
  },
  'c5-functional-descriptor-hangs': {
    says: 'GET_DESCRIPTOR of the DFU functional descriptor (0x21) on its own is never answered; inside the configuration it is there',
    chips: 'C562',
    source: C5,
    confidence: 'measured',
  },
  'c5-no-option-bytes': { says: 'there is no alternate setting @Option Bytes', chips: 'C562', source: C5, confidence: 'measured' },
  'transfer-size-1024': {
    says: 'wTransferSize is 1024: a longer block is a STALL, and block n lies at pointer + (n - 2) * 1024',
    chips: 'all with "DFU in FS Mode": G0, G4, H5, H7, U5, C0, C5',
    source: 'siliconwitchery/web-stm32-updater issue 3 (G431); betaflight-configurator pull request 5300 (C562)',
    confidence: 'reported',
  },
  'transfer-size-2048': {
    says: 'wTransferSize is 2048',
    chips: 'all with "STM32  BOOTLOADER": F0, F2, F3, F4, F7, L0, L1, L4, WB',
    source: 'listings of these parts; siliconwitchery/web-stm32-updater issue 3 (F072)',
    confidence: 'reported',
  },
  'f427-string-length': {
    says: 'bLength of a string descriptor is larger than the descriptor that comes; by how much is assumed: one character',
    chips: 'F427',
    source: 'inav-configurator pull request 2601',
    confidence: 'reported',
  },
  'f7-option-bytes-32': {
    says: 'an upload of @Option Bytes gives 32 of the 48 bytes that its name lists; a client must not take that for read protection',
    chips: 'none is known: RM0385 has 32 bytes, and clients that need 48 work on F7',
    source: 'what a ROM could do that stops where the reference manual does',
    confidence: 'assumed',
    images: ['f722', 'f746', 'f767'],
  },
});
/** Name of a quirk of a DFU ROM. */
export type DfuQuirk = keyof typeof DFU_QUIRKS;
export const DFU_QUIRK_NAMES = Object.keys(DFU_QUIRKS) as DfuQuirk[];

/** Why the ROM cannot have the quirk; null = it can. */
export function whyNoQuirk(profile: RomProfile, quirk: DfuQuirk): string | null {
  const { images, chips } = DFU_QUIRKS[quirk];
  if (profile.dfu === null) return 'its ROM has no USB';
  if (images && !images.includes(profile.image)) return `it is a quirk of another ROM: ${chips}`;
  if (quirk === 'c5-no-option-bytes' && optionAlternate(profile.dfu) < 0) return 'its ROM has no alternate setting @Option Bytes anyway';
  return null;
}
const optionAlternate = (dfu: DfuDevice): number => dfu.alts.value.findIndex((name) => name.startsWith('@Option Bytes'));

/** Offsets in `struct dfu_profile` (rom/common/dfu.h) and, right behind it, `struct usb_identity` (rom/common/usb_device.h). */
const TRANSFER_SIZE = 4;
const CLEAR_STATUS_STALLS = 6;
const IDENTITY = 16;
const ALT_COUNT = IDENTITY + 6;
const IDENTITY_TRANSFER_SIZE = IDENTITY + 8;
const ALT_NAMES = IDENTITY + 20;

/** The image with what the quirks change in the ROM; the argument is left alone. */
export function imageWithQuirks(profile: RomProfile, image: Uint8Array, quirks: readonly DfuQuirk[]): Uint8Array {
  const { dfu } = profile;
  if (dfu === null) return image;
  const bytes = image.slice();
  const view = new DataView(bytes.buffer);
  const at = constants(dfu, view);
  for (const quirk of quirks) {
    if (quirk === 'transfer-size-1024') setTransferSize(view, at, 1024);
    else if (quirk === 'transfer-size-2048') setTransferSize(view, at, 2048);
    else if (quirk === 'c5-clrstatus-stalls') view.setUint8(at + CLEAR_STATUS_STALLS, 1);
    else if (quirk === 'c5-no-option-bytes') dropAlternate(view, at, profile.base, optionAlternate(dfu));
    else if (quirk === 'f7-option-bytes-32') view.setUint32(only(view, [0x1fff0000, 48]) + 4, 32, true);
  }
  return bytes;
}

function setTransferSize(view: DataView, at: number, size: number): void {
  view.setUint16(at + TRANSFER_SIZE, size, true);
  view.setUint16(at + IDENTITY_TRANSFER_SIZE, size, true);
}

/** The names behind it move up. */
function dropAlternate(view: DataView, at: number, base: number, alternate: number): void {
  const count = view.getUint8(at + ALT_COUNT);
  const names = view.getUint32(at + ALT_NAMES, true) - base;
  for (let i = alternate; i + 1 < count; i++) view.setUint32(names + 4 * i, view.getUint32(names + 4 * (i + 1), true), true);
  view.setUint8(at + ALT_COUNT, count - 1);
}

/** Where the constants of the DFU device lie in the image. */
function constants({ dialect, pollMs }: DfuDevice, view: DataView): number {
  const { transferSize, clearStatusStalls, bcdUsb, bcdDevice } = DFU_DIALECTS[dialect];
  const { setAddress, erasePage, massErase, write } = pollMs.value;
  const pair = (low: number, high: number): number => (low | (high << 16)) >>> 0;
  return only(view, [
    0x08000000,
    pair(transferSize, Number(clearStatusStalls)),
    pair(setAddress, erasePage),
    pair(massErase, write),
    pair(bcdUsb, bcdDevice),
  ]);
}

/** The one place where these words stand. */
function only(view: DataView, words: readonly number[]): number {
  const found: number[] = [];
  for (let at = 0; at + 4 * words.length <= view.byteLength; at += 4)
    if (words.every((word, i) => view.getUint32(at + 4 * i, true) === word)) found.push(at);
  if (found.length !== 1) throw new Error(`the ROM image has ${found.length} places for a quirk, expected one`);
  return found[0]!;
}
