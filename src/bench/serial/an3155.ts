/** What a host says in the USART protocol of ST's boot loaders (AN3155), byte by byte, and how long it listens then. */
export interface Say {
  readonly bytes: readonly number[];
  readonly ms?: number;
}
export const ACK = 0x79;
export const NACK = 0x1f;
/** The first byte, by which a ROM measures the baud rate (AN3155 §2). */
export const SYNC = 0x7f;
/** Milliseconds in which a byte is answered. */
export const ACK_MS = 5;
/** Longer than a page takes. */
export const WRITE_MS = 60;
export const CODE = {
  GET: 0x00,
  GET_VERSION: 0x01,
  GET_ID: 0x02,
  READ: 0x11,
  GO: 0x21,
  WRITE: 0x31,
  ERASE: 0x43,
  EXTENDED_ERASE: 0x44,
} as const;

const xor = (bytes: readonly number[]): number => bytes.reduce((sum, b) => sum ^ b, 0);
export const addressOf = (a: number): readonly number[] => [a >>> 24, (a >>> 16) & 0xff, (a >>> 8) & 0xff, a & 0xff];
export const command = (code: number): Say => ({ bytes: [code, code ^ 0xff], ms: ACK_MS });
export const address = (a: number, ms = ACK_MS): Say => ({ bytes: [...addressOf(a), xor(addressOf(a))], ms });
const summed = (bytes: readonly number[], ms: number): Say => ({ bytes: [...bytes, xor(bytes)], ms });
export const data = (bytes: readonly number[], ms = WRITE_MS): Say => summed([bytes.length - 1, ...bytes], ms);
export const count = (n: number): Say => ({ bytes: [n - 1, (n - 1) ^ 0xff], ms: WRITE_MS });
/** Pages of Erase Memory (one byte each) or Extended Erase (two). */
export const pages = (numbers: readonly number[], extended: boolean, ms: number): Say =>
  extended ? summed([0, numbers.length - 1, ...numbers.flatMap((p) => [p >>> 8, p & 0xff])], ms) : data(numbers, ms);
