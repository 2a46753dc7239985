/** Where a raw binary may lie, as its vector table shows: the handlers are code of the binary itself, behind the table. */

const KB = 1024;
/** Words of the system's vectors that no core uses: some makers have theirs there. */
const UNUSED = new Set([7, 8, 9, 10, 13]);
const MOST_WORDS = 512;
const FLASH = 0x08000000;
const RAM = { from: 0x10000000, to: 0x40000000 };
/** Memories begin at such addresses: what has its handlers in one does not begin in front of it. */
const REGION = 0xff000000;

/** The first and the last address that fit, multiples of 1 KB; both are 0x08000000 where that fits; null without a vector table, or where nothing fits. */
export function fittingAddresses(bytes: Uint8Array): { readonly first: number; readonly last: number } | null {
  const table = tableIn(bytes);
  if (table === null) return null;
  const codes = table.handlers.map((vector) => vector - 1);
  const least = Math.min(...codes);
  const most = Math.max(...codes);
  const low = Math.max(most + 2 - bytes.length, (least & REGION) >>> 0);
  const high = least - table.size;
  if (low <= FLASH && FLASH <= high) return { first: FLASH, last: FLASH };
  const first = Math.ceil(low / KB) * KB;
  const last = Math.floor(high / KB) * KB;
  return first <= last ? { first, last } : null;
}

/** The vectors at the start, as far as they look like some; null where the first words are no initial SP and reset vector. */
function tableIn(bytes: Uint8Array): { readonly handlers: readonly number[]; readonly size: number } | null {
  const words = Math.min(MOST_WORDS, bytes.length >> 2);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (i: number): number => view.getUint32(4 * i, true);
  if (words < 2 || word(0) % 4 !== 0 || word(0) < RAM.from || word(0) > RAM.to) return null;
  const isVector = (vector: number): boolean => (vector & 1) === 1 && ((vector ^ word(1)) & REGION) === 0;
  const handlers: number[] = [];
  let size = 0;
  for (let i = 1; i < words && (word(i) === 0 || isVector(word(i)) || UNUSED.has(i)); i++) {
    if (!isVector(word(i))) continue;
    handlers.push(word(i));
    size = 4 * (i + 1);
  }
  return handlers.length === 0 ? null : { handlers, size };
}
