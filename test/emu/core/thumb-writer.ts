/** Thumb code written by tests, as half-words. */
export class ThumbWriter {
  readonly code: number[] = [];

  emit(...halfwords: number[]): this {
    this.code.push(...halfwords);
    return this;
  }
  get offset(): number {
    return 2 * this.code.length;
  }
  /** MOVW and MOVT: any constant, four half-words. */
  constant(rd: number, value: number): this {
    const half = (op: number, v: number): void => {
      this.emit(op | ((v >>> 1) & 0x400) | (v >>> 12), ((v << 4) & 0x7000) | (rd << 8) | (v & 0xff));
    };
    half(0xf240, value & 0xffff);
    half(0xf2c0, value >>> 16);
    return this;
  }
  /** B<c>.W to an offset in this code. */
  branchIf(cond: number, to: number): this {
    const d = to - (this.offset + 4);
    const bit = (n: number): number => (d >> n) & 1;
    return this.emit(
      0xf000 | (bit(20) << 10) | (cond << 6) | ((d >> 12) & 0x3f),
      0x8000 | (bit(18) << 13) | (bit(19) << 11) | ((d >> 1) & 0x7ff),
    );
  }
}
