/** ThumbExpandImm without the carry: the 32-bit constant of a modified immediate (DDI 0403 A5.3.2). A file of its own: who imports it registers no instructions. */
export function thumbExpandImm(imm12: number): number {
  const imm8 = imm12 & 0xff;
  if (imm12 >>> 10 === 0) {
    switch ((imm12 >>> 8) & 3) {
      case 0:
        return imm8;
      case 1:
        return imm8 | (imm8 << 16);
      case 2:
        return ((imm8 << 8) | (imm8 << 24)) >>> 0;
      default:
        return (imm8 | (imm8 << 8) | (imm8 << 16) | (imm8 << 24)) >>> 0;
    }
  }
  const n = imm12 >>> 7;
  const value = 0x80 | (imm12 & 0x7f);
  return ((value >>> n) | (value << (32 - n))) >>> 0;
}
