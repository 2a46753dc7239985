/**
 * Frames of the GDB remote serial protocol (GDB manual, appendix "Overview"): `$data#xx`, acknowledged by `+` or `-`, 0x03 as interrupt. Binary data is
 * escaped by `}` and XOR 0x20. Bytes in, packets out; one character of a packet's text is one byte.
 */

/** A packet longer than this is refused; PacketSize tells the client half of it, because memory travels as hex. */
export const LONGEST_PACKET = 0x10000;

export type Frame =
  { readonly kind: 'packet'; readonly text: string } | { readonly kind: 'interrupt' | 'ack' | 'nack' | 'bad-checksum' | 'too-long' };

const [DOLLAR, HASH, ESCAPE, PLUS, MINUS, INTERRUPT] = [0x24, 0x23, 0x7d, 0x2b, 0x2d, 0x03];

export class FrameReader {
  private state: 'idle' | 'data' | 'sum' = 'idle';
  private data: number[] = [];
  private sum = '';
  private overrun = false;

  /** What these bytes complete, in order. Bytes outside of a frame that mean nothing are dropped. */
  read(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    for (const byte of bytes) {
      if (this.state === 'data') this.dataByte(byte);
      else if (this.state === 'sum') this.sumByte(byte, frames);
      else if (byte === DOLLAR) this.begin();
      else if (byte === INTERRUPT) frames.push({ kind: 'interrupt' });
      else if (byte === PLUS) frames.push({ kind: 'ack' });
      else if (byte === MINUS) frames.push({ kind: 'nack' });
    }
    return frames;
  }
  private begin(): void {
    this.state = 'data';
    this.data = [];
    this.sum = '';
    this.overrun = false;
  }
  private dataByte(byte: number): void {
    // `$` is always escaped inside a packet: an unescaped one begins another, and the half before it is lost
    if (byte === DOLLAR) this.begin();
    else if (byte === HASH) this.state = 'sum';
    else if (this.data.length >= LONGEST_PACKET) this.overrun = true;
    else this.data.push(byte);
  }
  private sumByte(byte: number, frames: Frame[]): void {
    this.sum += String.fromCharCode(byte);
    if (this.sum.length < 2) return;
    this.state = 'idle';
    if (this.overrun) frames.push({ kind: 'too-long' });
    else if (!/^[0-9a-fA-F]{2}$/.test(this.sum) || parseInt(this.sum, 16) !== checksum(this.data)) frames.push({ kind: 'bad-checksum' });
    else frames.push({ kind: 'packet', text: unescaped(this.data) });
  }
}

const checksum = (bytes: readonly number[]): number => bytes.reduce((sum, b) => (sum + b) & 0xff, 0);

function unescaped(bytes: readonly number[]): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    text += String.fromCharCode(byte === ESCAPE && i + 1 < bytes.length ? bytes[++i]! ^ 0x20 : byte);
  }
  return text;
}

/** `$…#xx` with `$ # } *` escaped. Characters are bytes. */
export function frame(text: string): Uint8Array {
  const data: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i) & 0xff;
    if (byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === 0x2a) data.push(ESCAPE, byte ^ 0x20);
    else data.push(byte);
  }
  const sum = checksum(data).toString(16).padStart(2, '0');
  return new Uint8Array([DOLLAR, ...data, HASH, sum.charCodeAt(0), sum.charCodeAt(1)]);
}

/** Bytes as two hexadecimal digits each. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const b of bytes) text += HEX[b]!;
  return text;
}
const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
/** Null where the text is no such list. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
export const hexText = (text: string): string => toHex(new TextEncoder().encode(text));
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0) & 0xff);
/** A hexadecimal number of at most 32 bits; null where the text is none. */
export const hexNumber = (text: string | undefined): number | null =>
  text !== undefined && /^[0-9a-fA-F]{1,8}$/.test(text) ? parseInt(text, 16) >>> 0 : null;
