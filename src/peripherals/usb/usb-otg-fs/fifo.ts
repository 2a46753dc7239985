/**
 * The FIFO memory of OTG_FS: one RAM, in which GRXFSIZ and DIEPTXFn lay out the receive FIFO (from word 0) and the transmit FIFOs. FIFOs that
 * overlap damage each other, as on the chip. All are rings of words; their pointers count from their own start.
 * A receive entry is a status word and its data words; reading GRXSTSP and reading a FIFO window both take the next word (inferred: drivers
 * must read out data that they do not want).
 */

export interface FifoState {
  ram: Uint32Array;
  rxRead: number;
  rxUsed: number;
  /** By FIFO number. */
  txRead: Uint32Array;
  txUsed: Uint32Array;
}

const TX_FIFOS = 16;

export const newFifos = (words: number): FifoState => ({
  ram: new Uint32Array(words),
  rxRead: 0,
  rxUsed: 0,
  txRead: new Uint32Array(TX_FIFOS),
  txUsed: new Uint32Array(TX_FIFOS),
});

/** Appends a word; false if the FIFO is full. */
export function pushRx(s: FifoState, depth: number, word: number): boolean {
  if (s.rxUsed >= depth) return false;
  s.ram[((s.rxRead + s.rxUsed) % depth) % s.ram.length] = word;
  s.rxUsed++;
  return true;
}
export function peekRx(s: FifoState, depth: number): number {
  return s.rxUsed > 0 && depth > 0 ? s.ram[(s.rxRead % depth) % s.ram.length]! : 0;
}
export function popRx(s: FifoState, depth: number): number {
  const word = peekRx(s, depth);
  s.rxRead = (s.rxRead + 1) % Math.max(depth, 1);
  s.rxUsed--;
  return word;
}
export function flushRx(s: FifoState): void {
  s.rxRead = s.rxUsed = 0;
}

/** Start and depth in words of a transmit FIFO, from its DIEPTXFn. */
export interface TxPlace {
  readonly start: number;
  readonly depth: number;
}
export const txPlace = (dieptxf: number): TxPlace => ({ start: dieptxf & 0xffff, depth: dieptxf >>> 16 });

const txIndex = (s: FifoState, fifo: number, place: TxPlace, i: number): number =>
  (place.start + ((s.txRead[fifo]! + i) % place.depth)) % s.ram.length;

export function pushTx(s: FifoState, fifo: number, place: TxPlace, word: number): boolean {
  if (s.txUsed[fifo]! >= place.depth) return false;
  s.ram[txIndex(s, fifo, place, s.txUsed[fifo]!)] = word;
  s.txUsed[fifo]!++;
  return true;
}
/** The first `length` bytes, which stay in the FIFO. */
export function peekTx(s: FifoState, fifo: number, place: TxPlace, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => s.ram[txIndex(s, fifo, place, i >>> 2)]! >>> ((i & 3) * 8));
}
export function dropTx(s: FifoState, fifo: number, place: TxPlace, words: number): void {
  const n = Math.min(words, s.txUsed[fifo]!);
  s.txUsed[fifo]! -= n;
  s.txRead[fifo] = (s.txRead[fifo]! + n) % Math.max(place.depth, 1);
}
/** `fifo` 0x10 = all. */
export function flushTx(s: FifoState, fifo: number): void {
  if (fifo < TX_FIFOS) s.txRead[fifo] = s.txUsed[fifo] = 0;
  else {
    s.txRead.fill(0);
    s.txUsed.fill(0);
  }
}
