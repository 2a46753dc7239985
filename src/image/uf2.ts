/** UF2 (github.com/microsoft/uf2, its specification): blocks of 512 bytes, each with up to 476 bytes of data and the address where they go. */
import { ImageError, atOffset, hexAddress } from './errors.ts';
import { Pieces } from './pieces.ts';

const BLOCK = 512;
const MAX_DATA = 476;
const DATA_AT = 32;
const MAGIC = [0x0a324655, 0x9e5d5157] as const;
const END_MAGIC = 0x0ab16f30;
const NOT_MAIN_FLASH = 0x1;
const FILE_CONTAINER = 0x1000;
const HAS_FAMILY = 0x2000;

interface Block {
  readonly where: string;
  readonly flags: number;
  readonly address: number;
  readonly data: Uint8Array;
  readonly number: number;
  readonly total: number;
  /** Which parts it is for; null where it does not say. */
  readonly family: number | null;
}

export const looksLikeUf2 = (bytes: Uint8Array): boolean =>
  bytes.length >= 8 && MAGIC.every((word, i) => viewOf(bytes).getUint32(4 * i, true) === word);

/** The family that the first block names; null where it names none, and for what is no UF2 file. */
export const uf2Family = (bytes: Uint8Array): number | null =>
  looksLikeUf2(bytes) && bytes.length >= BLOCK ? readBlock(bytes.subarray(0, BLOCK), atOffset(0)).family : null;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function parseUf2(bytes: Uint8Array): { address: number; data: Uint8Array }[] {
  if (bytes.length % BLOCK !== 0) {
    const cut = `${bytes.length} bytes is not a multiple of the block size ${BLOCK}`;
    throw new ImageError('truncated', cut, null, 'the file is truncated; copy or build it again');
  }
  const blocks: Block[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK) blocks.push(readBlock(bytes.subarray(at, at + BLOCK), atOffset(at)));
  // A loader of the main flash leaves these out (specification, "Flags").
  const main = blocks.filter(({ flags }) => (flags & NOT_MAIN_FLASH) === 0);
  if (main.length === 0) throw new ImageError('no-segments', 'none of its blocks is for the main flash, nothing to load');
  checkFamilies(main);
  checkNumbers(main, blocks);
  const pieces = new Pieces('bad-uf2');
  for (const { address, data, where } of [...main].sort((a, b) => a.number - b.number)) pieces.add(address, data, where);
  if (pieces.empty) throw new ImageError('no-segments', 'its blocks contain no data, nothing to load');
  return pieces.chunks();
}

function readBlock(bytes: Uint8Array, where: string): Block {
  const view = viewOf(bytes);
  const word = (at: number): number => view.getUint32(at, true);
  if (!looksLikeUf2(bytes) || word(BLOCK - 4) !== END_MAGIC)
    throw new ImageError('bad-uf2', 'a block without the magic words of UF2', where, 'the file is damaged; build it again');
  const flags = word(8);
  if ((flags & FILE_CONTAINER) !== 0)
    throw new ImageError('bad-uf2', 'its blocks contain files, not a program', where, 'give the .elf, .hex or .bin');
  const size = word(16);
  if (size > MAX_DATA) throw new ImageError('bad-uf2', `a block with ${size} bytes of data; at most ${MAX_DATA} fit`, where);
  return {
    where,
    flags,
    address: word(12),
    data: bytes.subarray(DATA_AT, DATA_AT + size),
    number: word(20),
    total: word(24),
    family: (flags & HAS_FAMILY) === 0 ? null : word(28),
  };
}

/** One file may hold programs for several families: nobody says here which one is meant. */
function checkFamilies(blocks: readonly Block[]): void {
  const families = [...new Set(blocks.map(({ family }) => family))];
  if (families.length < 2) return;
  const names = families.map((f) => (f === null ? 'none' : hexAddress(f))).join(', ');
  throw new ImageError(
    'bad-uf2',
    `it contains programs for ${families.length} families (${names})`,
    null,
    'give the .elf, .hex or .bin of one program',
  );
}

/** Each block tells its number and how many there are: all have to be there, those of the main flash once. */
function checkNumbers(main: readonly Block[], all: readonly Block[]): void {
  const { total } = main[0]!;
  const seen = new Set<number>();
  for (const { where, number, total: own } of main) {
    if (own !== total) throw new ImageError('bad-uf2', `a block gives a total of ${own} blocks, but the first one gives ${total}`, where);
    if (number >= total) throw new ImageError('bad-uf2', `block ${number} of ${total}`, where);
    if (seen.has(number)) throw new ImageError('bad-uf2', `block ${number} occurs twice`, where);
    seen.add(number);
  }
  const numbers = new Set(all.map(({ number }) => number));
  // ends at the first gap, so at most one round more than there are blocks
  for (let n = 0; n < total; n++)
    if (!numbers.has(n)) throw new ImageError('truncated', `block ${n} of ${total} is missing`, null, 'copy or build the file again');
}
