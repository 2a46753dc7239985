/** Thumb code with labels, written for one place in memory. Branches are patched when their label is bound. */
export class OutOfRange extends Error {}

type Kind = 'b16' | 'bc16' | 'b32' | 'bc32' | 'bl' | 'cbz' | 'tbb' | 'tbh';
export interface Label {
  /** Half-word index, -1 until bound. */
  at: number;
  readonly uses: { readonly index: number; readonly kind: Kind; readonly from: number }[];
}
export interface Mark {
  readonly length: number;
  readonly uses: readonly (readonly [Label, number])[];
}

export const ALWAYS = 14;
export const NE = 1;
export const EQ = 0;

export class ThumbAssembler {
  readonly code: number[] = [];
  readonly base: number;
  /** ARMv6-M: no 32-bit branches with a condition, no MOVW. */
  readonly v6: boolean;
  private readonly labels: Label[] = [];

  constructor(base: number, v6: boolean) {
    this.base = base;
    this.v6 = v6;
  }
  get here(): number {
    return this.base + 2 * this.code.length;
  }
  put(...halfwords: number[]): void {
    this.code.push(...halfwords);
  }
  label(): Label {
    const l: Label = { at: -1, uses: [] };
    this.labels.push(l);
    return l;
  }
  bind(l: Label): void {
    l.at = this.code.length;
    for (const use of l.uses) this.patch(use.index, use.kind, use.from, l.at);
    l.uses.length = 0;
  }
  bound(): Label {
    const l = this.label();
    this.bind(l);
    return l;
  }
  /** Runs `emit`; if a branch in it does not reach, what it wrote is taken back. False then. */
  attempt(emit: () => void): boolean {
    const length = this.code.length;
    const known = this.labels.length;
    const uses = this.labels.map((l) => l.uses.length);
    try {
      emit();
      return true;
    } catch (e) {
      if (!(e instanceof OutOfRange)) throw e;
      this.code.length = length;
      this.labels.length = known;
      uses.forEach((n, i) => (this.labels[i]!.uses.length = n));
      return false;
    }
  }
  private use(l: Label, kind: Kind, halfwords: number, from = this.code.length): void {
    const index = this.code.length;
    for (let i = 0; i < halfwords; i++) this.code.push(0);
    if (l.at >= 0) this.patch(index, kind, from, l.at);
    else l.uses.push({ index, kind, from });
  }
  private patch(index: number, kind: Kind, from: number, to: number): void {
    const d = 2 * (to - from) - 4;
    const fits = (bits: number): void => {
      if (d < -(2 ** (bits - 1)) || d >= 2 ** (bits - 1)) throw new OutOfRange();
    };
    const bit = (n: number): number => (d >> n) & 1;
    const { code } = this;
    switch (kind) {
      case 'b16':
        fits(12);
        code[index] = 0xe000 | ((d >> 1) & 0x7ff);
        return;
      case 'bc16':
        fits(9);
        code[index] = code[index]! | ((d >> 1) & 0xff);
        return;
      case 'cbz':
        if (d < 0 || d > 126) throw new OutOfRange();
        code[index] = code[index]! | (bit(6) << 9) | (((d >> 1) & 31) << 3);
        return;
      case 'bc32':
        fits(21);
        code[index] = code[index]! | (bit(20) << 10) | ((d >> 12) & 0x3f);
        code[index + 1] = 0x8000 | (bit(18) << 13) | (bit(19) << 11) | ((d >> 1) & 0x7ff);
        return;
      case 'b32':
      case 'bl': {
        fits(25);
        const s = bit(24);
        code[index] = 0xf000 | (s << 10) | ((d >> 12) & 0x3ff);
        const j = (i: number): number => 1 ^ i ^ s;
        code[index + 1] = (kind === 'bl' ? 0xd000 : 0x9000) | (j(bit(23)) << 13) | (j(bit(22)) << 11) | ((d >> 1) & 0x7ff);
        return;
      }
      case 'tbb':
      case 'tbh': {
        // `from` is the index of the table
        const n = to - from;
        if (n < 0 || n > (kind === 'tbb' ? 255 : 0xffff)) throw new OutOfRange();
        if (kind === 'tbh') code[index] = n;
        return;
      }
    }
  }
  /** B or B<c>; `narrow` where the caller knows or tries that it reaches. */
  branch(l: Label, cond = ALWAYS, narrow = false): void {
    if (cond === ALWAYS) {
      if (narrow || this.v6) this.use(l, 'b16', 1);
      else this.use(l, 'b32', 2);
    } else if (narrow) {
      this.use(l, 'bc16', 1);
      this.code[this.code.length - 1] = this.code[this.code.length - 1]! | 0xd000 | (cond << 8);
    } else if (this.v6) {
      this.put(0xd000 | ((cond ^ 1) << 8));
      this.use(l, 'b16', 1);
    } else {
      const index = this.code.length;
      this.use(l, 'bc32', 2);
      this.code[index] = this.code[index]! | 0xf000 | (cond << 6);
    }
  }
  cbz(l: Label, register: number, nonzero: boolean): void {
    this.use(l, 'cbz', 1);
    this.code[this.code.length - 1] = this.code[this.code.length - 1]! | (nonzero ? 0xb900 : 0xb100) | register;
  }
  /** Table of TBH behind the instruction. */
  tableOfHalfwords(labels: readonly Label[]): void {
    const from = this.code.length;
    for (const l of labels) this.use(l, 'tbh', 1, from);
  }
  /** Table of TBB: the cases have to be bound at once, so that its bytes are known. */
  tableOfBytes(count: number): (cases: readonly Label[]) => void {
    const from = this.code.length;
    for (let i = 0; i < count; i += 2) this.put(0);
    return (cases) =>
      cases.forEach((l, i) => {
        const n = l.at - from;
        if (n > 255) throw new OutOfRange();
        this.code[from + (i >> 1)]! |= i & 1 ? n << 8 : n;
      });
  }
  bl(address: number): void {
    const target: Label = { at: (address - this.base) / 2, uses: [] };
    this.use(target, 'bl', 2);
  }
  /** B.W to another function. */
  jump(address: number): void {
    this.use({ at: (address - this.base) / 2, uses: [] }, 'b32', 2);
  }
  /** Any constant in a low register. */
  constant(rd: number, value: number): void {
    if (this.v6) {
      this.put(0x2000 | (rd << 8) | (value >>> 24));
      for (const shift of [16, 8, 0]) this.put(0x0200 | (rd << 3) | rd, 0x3000 | (rd << 8) | ((value >>> shift) & 0xff));
      return;
    }
    const half = (op: number, v: number): void =>
      this.put(op | ((v >>> 1) & 0x400) | (v >>> 12), ((v << 4) & 0x7000) | (rd << 8) | (v & 0xff));
    half(0xf240, value & 0xffff);
    half(0xf2c0, value >>> 16);
  }
}
