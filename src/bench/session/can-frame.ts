/** The bits of a CAN data frame on the line: ISO 11898-1, RM0090 Figure 346 (documented). */

export interface CanDataFrame {
  /** 11 bits, or 29 of an extended frame. */
  readonly id: number;
  readonly extended: boolean;
  /** At most 8. */
  readonly bytes: Uint8Array;
}

const bitsOf = (value: number, count: number): number[] => Array.from({ length: count }, (_, i) => (value >>> (count - 1 - i)) & 1);
const POLYNOMIAL = 0x4599;
const SAME_BITS = 5;
/** CRC delimiter, ACK with its delimiter, end of frame. */
const RECESSIVE_END = 10;

/** 0 = dominant. From the start of frame to the end of CRC with its stuff bits, then what is recessive for a sender: delimiters, ACK, end of frame. */
export function canBits({ id, extended, bytes }: CanDataFrame): number[] {
  const identifier = extended ? [...bitsOf(id >>> 18, 11), 1, 1, ...bitsOf(id & 0x3ffff, 18), 0, 0, 0] : [...bitsOf(id, 11), 0, 0, 0];
  const body = [0, ...identifier, ...bitsOf(bytes.length, 4), ...[...bytes].flatMap((b) => bitsOf(b, 8))];
  return [...stuffed([...body, ...bitsOf(crc15(body), 15)]), ...Array<number>(RECESSIVE_END).fill(1)];
}

function crc15(bits: readonly number[]): number {
  return bits.reduce((crc, bit) => (bit ^ ((crc >>> 14) & 1) ? ((crc << 1) ^ POLYNOMIAL) & 0x7fff : (crc << 1) & 0x7fff), 0);
}

/** Behind five equal bits one of the other value. */
function stuffed(bits: readonly number[]): number[] {
  const out: number[] = [];
  let run = 0;
  for (const bit of bits) {
    run = bit === out.at(-1) ? run + 1 : 1;
    out.push(bit);
    if (run < SAME_BITS) continue;
    out.push(1 - bit);
    run = 1;
  }
  return out;
}
