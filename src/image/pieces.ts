/** What records of a file put where: one that goes on where the last one ended is joined with it. */
import { ImageError, RIGHT_FILE, type ImageErrorCode } from './errors.ts';

/** Pieces apart from each other: linkers write some dozens, one for each section, and a UF2 file of the largest size that is read has as many blocks. */
const MOST_PIECES = 2 ** 15;

export class Pieces {
  private readonly list: { readonly address: number; readonly parts: Uint8Array[]; length: number }[] = [];
  /** The format's own code for data that fits nowhere. */
  private readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode) {
    this.code = code;
  }

  get empty(): boolean {
    return this.list.length === 0;
  }

  add(address: number, data: Uint8Array, where: string): void {
    if (data.length === 0) return;
    if (address + data.length > 2 ** 32) throw new ImageError(this.code, 'data past the end of the address space', where);
    let last = this.list.at(-1);
    if (last === undefined || last.address + last.length !== address) {
      if (this.list.length === MOST_PIECES)
        throw new ImageError('too-large', `it puts more than ${MOST_PIECES} pieces apart from each other`, where, RIGHT_FILE);
      this.list.push((last = { address, parts: [], length: 0 }));
    }
    last.parts.push(data);
    last.length += data.length;
  }

  chunks(): { address: number; data: Uint8Array }[] {
    return this.list.map(({ address, parts, length }) => {
      const data = new Uint8Array(length);
      let at = 0;
      for (const part of parts) {
        data.set(part, at);
        at += part.length;
      }
      return { address, data };
    });
  }
}
