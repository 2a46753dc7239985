/** A small assembler: Thumb of Armv6-M alone, which every core has. */

/** A register of which some bits are set, or instructions as they are. */
export type Step =
  | { readonly address: number; readonly size: 2 | 4; readonly mask: number; readonly value: number }
  | { readonly halves: readonly number[] };
/** Bits of a word in the address space. */
export const word = (address: number, value: number, mask = 0xffffffff): Step => ({ address, size: 4, mask, value });

/** Conditions of a branch, as the encoding has them. */
export const EQ = 0;
export const NE = 1;
/** LDR Rn, [PC, #imm8 * 4] */
const FARTHEST_LITERAL = 0xff;

export class Assembler {
  private readonly halves: number[] = [];
  private readonly literals: { readonly at: number; readonly value: number }[] = [];
  private readonly base: number;
  constructor(base: number) {
    this.base = base;
  }
  get here(): number {
    return this.base + 2 * this.halves.length;
  }
  op(...halves: readonly number[]): this {
    this.halves.push(...halves);
    return this;
  }
  /** LDR Rn, =value */
  load(register: number, value: number): this {
    this.literals.push({ at: this.halves.length, value: value >>> 0 });
    return this.op(0x4800 | (register << 8));
  }
  /** B<condition> to an address behind which it stands. */
  back(condition: number, to: number): this {
    return this.op(0xd000 | (condition << 8) | (((to - this.here - 4) >> 1) & 0xff));
  }
  /** What follows runs if the condition holds, up to where the returned function is called. */
  onlyIf(condition: number): () => void {
    const at = this.halves.length + 1;
    this.op(0xd000 | (condition << 8), 0xe000);
    return () => {
      this.halves[at]! |= (this.halves.length - at - 2) & 0x7ff;
    };
  }
  /** What a step does with R0, R2 and R3; the address of its store, or of its last instruction. */
  make(step: Step): number {
    if ('halves' in step) {
      this.op(...step.halves);
      return this.here - (step.halves.length > 1 ? 4 : 2);
    }
    const { address, size, mask, value } = step;
    const [ldr, str] = size === 4 ? [0x6802, 0x6002] : [0x8802, 0x8002];
    this.load(0, address).op(ldr).load(3, mask).op(0x439a).load(3, value).op(0x431a, str);
    return this.here - 2;
  }
  /** A plain store of a word: LDR R0, =address; LDR R2, =value; STR R2, [R0]. Its address. */
  store(address: number, value: number): number {
    this.load(0, address).load(2, value).op(0x6002);
    return this.here - 2;
  }
  /** Waits until bits of a word are set, or until they are not: the addresses of the loop. */
  wait(address: number, mask: number, until: 'set' | 'clear'): readonly number[] {
    this.load(0, address).load(3, mask);
    const top = this.here;
    this.op(0x6802, 0x421a).back(until === 'set' ? EQ : NE, top);
    return [top, top + 2, top + 4];
  }
  /** Counts down: the addresses of the loop, and of the load of the number before it. */
  spin(count: number): readonly number[] {
    const load = this.here;
    this.load(3, count);
    const top = this.here;
    this.op(0x3b01).back(NE, top);
    return [load, top, top + 2];
  }
  /** Literals up to here come here, behind a branch over them: those of long code would be too far away at its end. */
  pool(): this {
    if (this.literals.length === 0) return this;
    if (this.halves.length % 2 === 0) this.op(0xbf00);
    const branch = this.halves.length;
    this.op(0xe000);
    this.flush();
    this.halves[branch]! |= ((this.halves.length - branch - 2) & 0x7ff) >>> 0;
    return this;
  }
  bytes(): Uint8Array {
    this.flush();
    const bytes = new Uint8Array(2 * this.halves.length);
    const view = new DataView(bytes.buffer);
    this.halves.forEach((half, i) => view.setUint16(2 * i, half, true));
    return bytes;
  }
  private flush(): void {
    if (this.halves.length % 2) this.op(0xbf00);
    const places = new Map<number, number>();
    for (const { at, value } of this.literals) {
      const place = places.get(value) ?? this.halves.length;
      if (!places.has(value)) this.op(value & 0xffff, value >>> 16);
      places.set(value, place);
      const away = (2 * place - ((2 * at + 4) & ~3)) >> 2;
      if (away > FARTHEST_LITERAL) throw new RangeError('a literal is too far away: call pool() in between');
      this.halves[at]! |= away;
    }
    this.literals.length = 0;
  }
}
