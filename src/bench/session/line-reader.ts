/** A receiver at its own rate on a line of another: it looks in the middle of its bits from a falling edge on, and takes what is there. */

/** Of a frame: start, eight data bits from the lowest on, stop. */
export const FRAME = 10;
const STOP = FRAME - 1;

/** Level of the line so many bits of its sender behind the start of the first byte; the bytes come back to back, and the line rests at 1. */
export function levelAt(bytes: readonly number[], bits: number): 0 | 1 {
  const byte = bytes[Math.floor(bits / FRAME)];
  const bit = Math.floor(bits) % FRAME;
  if (byte === undefined || bit === STOP) return 1;
  return bit === 0 ? 0 : (((byte >>> (bit - 1)) & 1) as 0 | 1);
}

export interface Heard {
  /** Null: the line is up again in the middle of the start bit, which is none then. */
  readonly byte: number | null;
  /** FE: the line is low where the stop bit has to be. */
  readonly framing: boolean;
  /** Its own bits up to there. */
  readonly bits: number;
}
/**
 * What it takes for a character.
 *
 * @param from where the line fell, in bits of the sender
 * @param ratio bits of the sender in one of the receiver
 */
export function heardFrom(bytes: readonly number[], from: number, ratio: number): Heard {
  const sample = (bit: number): 0 | 1 => levelAt(bytes, from + (bit + 0.5) * ratio);
  if (sample(0) === 1) return { byte: null, framing: false, bits: 0.5 };
  let byte = 0;
  for (let bit = 1; bit < STOP; bit++) byte |= sample(bit) << (bit - 1);
  return { byte, framing: sample(STOP) === 0, bits: STOP + 0.5 };
}
