/** A few Thumb instructions with labels and literals, for programs in tests. */
export class Thumb {
  private readonly base: number;
  private readonly halves: number[] = [];
  private readonly labels = new Map<string, number>();
  private readonly literals: { at: number; rd: number; value: number }[] = [];
  private readonly branches: { at: number; to: string; condition: number | null }[] = [];
  constructor(base: number) {
    this.base = base;
  }
  /** Half-words so far. */
  get length(): number {
    return this.halves.length;
  }
  put(...halves: number[]): this {
    this.halves.push(...halves);
    return this;
  }
  label(name: string): this {
    this.labels.set(name, this.halves.length);
    return this;
  }
  /** LDR Rd, =value. */
  constant(rd: number, value: number): this {
    this.literals.push({ at: this.halves.length, rd, value });
    return this.put(0);
  }
  movs = (rd: number, imm: number): this => this.put(0x2000 | (rd << 8) | imm);
  adds = (rd: number, imm: number): this => this.put(0x3000 | (rd << 8) | imm);
  add = (rd: number, rn: number, rm: number): this => this.put(0x1800 | (rm << 6) | (rn << 3) | rd);
  subs = (rd: number, rn: number, rm: number): this => this.put(0x1a00 | (rm << 6) | (rn << 3) | rd);
  eors = (rd: number, rm: number): this => this.put(0x4040 | (rm << 3) | rd);
  ands = (rd: number, rm: number): this => this.put(0x4000 | (rm << 3) | rd);
  cmp = (rn: number, imm: number): this => this.put(0x2800 | (rn << 8) | imm);
  cmpRegister = (rn: number, rm: number): this => this.put(0x4280 | (rm << 3) | rn);
  str = (rt: number, rn: number, offset = 0): this => this.put(0x6000 | ((offset >> 2) << 6) | (rn << 3) | rt);
  ldr = (rt: number, rn: number, offset = 0): this => this.put(0x6800 | ((offset >> 2) << 6) | (rn << 3) | rt);
  lsrs = (rd: number, rm: number, by: number): this => this.put(0x0800 | (by << 6) | (rm << 3) | rd);
  lsls = (rd: number, rm: number, by: number): this => this.put((by << 6) | (rm << 3) | rd);
  strb = (rt: number, rn: number, offset = 0): this => this.put(0x7000 | (offset << 6) | (rn << 3) | rt);
  tst = (rn: number, rm: number): this => this.put(0x4200 | (rm << 3) | rn);
  blx = (rm: number): this => this.put(0x4780 | (rm << 3));
  bx = (rm: number): this => this.put(0x4700 | (rm << 3));
  movFromSp = (rd: number): this => this.put(0x4668 | rd);
  movSp = (rm: number): this => this.put(0x4685 | (rm << 3));
  push = (registers: number, lr = false): this => this.put(0xb400 | (lr ? 0x100 : 0) | registers);
  pop = (registers: number, pc = false): this => this.put(0xbc00 | (pc ? 0x100 : 0) | registers);
  bxLr = (): this => this.put(0x4770);
  cpsidI = (): this => this.put(0xb672);
  cpsieI = (): this => this.put(0xb662);
  wfe = (): this => this.put(0xbf20);
  wfi = (): this => this.put(0xbf30);
  sev = (): this => this.put(0xbf40);
  dsb = (): this => this.put(0xf3bf, 0x8f4f, 0xf3bf, 0x8f6f);
  b(to: string): this {
    this.branches.push({ at: this.halves.length, to, condition: null });
    return this.put(0);
  }
  beq = (to: string): this => this.conditional(to, 0);
  bne = (to: string): this => this.conditional(to, 1);
  bcc = (to: string): this => this.conditional(to, 3);
  private conditional(to: string, condition: number): this {
    this.branches.push({ at: this.halves.length, to, condition });
    return this.put(0);
  }
  bytes(): Uint8Array {
    const out = [...this.halves];
    for (const { at, to, condition } of this.branches) {
      const offset = this.labels.get(to)! - at - 2;
      out[at] = condition === null ? 0xe000 | (offset & 0x7ff) : 0xd000 | (condition << 8) | (offset & 0xff);
    }
    if ((this.base / 2 + out.length) % 2 !== 0) out.push(0xbf00);
    for (const { at, rd, value } of this.literals) {
      const from = (this.base + 2 * at + 4) & ~3;
      out[at] = 0x4800 | (rd << 8) | ((this.base + 2 * out.length - from) >> 2);
      out.push(value & 0xffff, (value >>> 16) & 0xffff);
    }
    const bytes = new Uint8Array(out.length * 2);
    out.forEach((h, i) => new DataView(bytes.buffer).setUint16(2 * i, h, true));
    return bytes;
  }
}
