/** Thumb instructions by chance, of R0 (RAM), R3 (SysTick) and the other low registers: for proofs of random code. */
export const LOW = [1, 2, 4, 5, 6, 7];

export class Chance {
  private x: number;
  constructor(seed: number) {
    this.x = Math.imul(seed, 0x9e3779b1) | 1;
  }
  below(n: number): number {
    this.x ^= this.x << 13;
    this.x ^= this.x >>> 17;
    this.x ^= this.x << 5;
    return (this.x >>> 0) % n;
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  register = (): number => this.of(LOW);
  /** One of the loop's words. */
  word = (): number => this.of([12, 16, 20, 24]);
}
export type Make = (c: Chance) => number[];
const reg3 = (op: number): Make => (c) => [op | (c.register() << 6) | (c.register() << 3) | c.register()]; // prettier-ignore
const reg2 = (op: number): Make => (c) => [op | (c.register() << 3) | c.register()]; // prettier-ignore
const imm = (op: number): Make => (c) => [op | (c.register() << 8) | c.of([0, 1, 2, 3, 7, 128, 255])]; // prettier-ignore
const shift = (op: number): Make => (c) => [op | (c.of([1, 2, 4, 8, 16, 24, 31]) << 6) | (c.register() << 3) | c.register()]; // prettier-ignore
const memory = (op: number, by: number): Make => (c) => [op | ((c.word() >> by) << 6) | c.register()]; // prettier-ignore
export const NARROW: readonly Make[] = [
  ...[0x1800, 0x1a00].map(reg3),
  // movs, ands, eors, adcs, sbcs, tst, rsbs, cmp, cmn, orrs, muls, bics, mvns, rev, sxth, sxtb, uxth, uxtb
  ...[0x0000, 0x4000, 0x4040, 0x4140, 0x4180, 0x4200, 0x4240, 0x4280, 0x42c0, 0x4300, 0x4340, 0x4380, 0x43c0, 0xba00, 0xb200, 0xb240, 0xb280, 0xb2c0].map(reg2), // prettier-ignore
  ...[0x2000, 0x2800, 0x3000, 0x3000, 0x3800, 0x3800].map(imm),
  ...[0x0000, 0x0800, 0x1000].map(shift),
  ...[0x6800, 0x6000].flatMap((op) => [memory(op, 2), memory(op, 2)]),
  ...[0x8800, 0x8000].map((op) => memory(op, 1)),
  (c) => [0x7800 | ((12 + c.below(8)) << 6) | c.register()],
  (c) => [0x7000 | ((12 + c.below(8)) << 6) | c.register()],
  // r7 = 12, then ldrsb or ldrsh with it
  (c) => [0x270c, c.of([0x5600, 0x5e00]) | (7 << 6) | c.register()],
  () => [0xb460, 0xbc06],
  (c) => [0xb400 | (1 << c.register()), 0xbc00 | (1 << c.register())],
  // SysTick's count, its flag, a register of a block, the word that the handler counts
  () => [0x689c],
  () => [0x681c],
  (c) => [0x2740, 0x063f, 0x683c | (c.below(2) << 6)],
  () => [0x2740, 0x063f, 0x603c],
  (c) => [0x6880 | c.register()],
  // skips the next instruction, by flags
  (c) => [0xd000 | (c.below(14) << 8), 0xbf00 | 0, 0x3101],
];
export const WIDE: readonly Make[] = [
  // add, sub, rsb, and, orr, eor with immediates and shifted registers; ubfx, sbfx, bfi, clz, mul, movw
  ...[0xf100, 0xf1a0, 0xf1c0, 0xf010, 0xf040, 0xf080].map((op): Make => (c) => [op | c.register(), (c.register() << 8) | c.of([1, 3, 0x7f, 0xff])]), // prettier-ignore
  ...[0xeb10, 0xebb0, 0xea10, 0xea40].map((op): Make => (c) => [op | c.register(), (c.of([0, 1, 2, 7]) << 12) | (c.register() << 8) | (c.below(4) << 4) | c.register()]), // prettier-ignore
  ...[0xf3c0, 0xf340, 0xf360].map((op): Make => (c) => [op | c.register(), (c.below(8) << 12) | (c.register() << 8) | 8 | c.below(8)]),
  (c) => ((m) => [0xfab0 | m, 0xf080 | (c.register() << 8) | m])(c.register()),
  (c) => [0xf240, (c.register() << 8) | c.below(256)],
  (c) => [0x42b5, 0xbf00 | (c.below(14) << 4) | 0xc, 0x3101, 0x3a01],
  (c) => [0x42a1, 0xbf08 | (c.below(14) << 4), 0x3201],
];
