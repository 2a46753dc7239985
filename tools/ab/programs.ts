/** Random programs of plain Thumb instructions, which every core has: arithmetic, loads and stores below a pointer into RAM, and a loop around them. */
import { random as fraction } from '../random.ts';

/** A function that draws a whole number below its argument. */
export function random(seed: number): (below: number) => number {
  const draw = fraction(seed);
  return (below) => Math.floor(draw() * below);
}

const BASE = 0x08000000;
const VECTORS = 16;
/** r7 points into RAM and r6 counts; the body leaves both alone. */
function body(next: (below: number) => number): number {
  const r = (): number => next(6);
  const kinds = [
    () => 0x4000 | (next(16) << 6) | (r() << 3) | r(), // data processing, register
    () => 0x1800 | (next(4) << 9) | (r() << 6) | (r() << 3) | r(), // ADD, SUB
    () => (next(3) << 11) | (next(32) << 6) | (r() << 3) | r(), // LSL, LSR, ASR
    () => 0x2000 | (next(4) << 11) | (r() << 8) | next(256), // MOV, CMP, ADD, SUB immediate
    () => 0x6000 | (next(2) << 11) | (next(32) << 6) | (7 << 3) | r(), // STR, LDR
    () => 0x7000 | (next(2) << 11) | (next(32) << 6) | (7 << 3) | r(), // STRB, LDRB
    () => 0x8000 | (next(2) << 11) | (next(32) << 6) | (7 << 3) | r(), // STRH, LDRH
    () => 0xb200 | (next(4) << 6) | (r() << 3) | r(), // SXTH, SXTB, UXTH, UXTB
    () => 0xd000 | (next(14) << 8), // B<c> over one instruction
  ];
  return kinds[next(kinds.length)]!();
}

/** A flash image: 16 vectors that all lead to the program, and a loop of 20 to 80 random instructions. */
export function randomProgram(seed: number, ram: number): Uint8Array {
  const next = random(seed);
  const start = BASE + 4 * VECTORS;
  const code = [0x4f01, 0x2600, 0xe002, 0x46c0, ram & 0xffff, ram >>> 16]; // LDR r7, =ram; MOVS r6, #0; B over the word
  const loop = code.length;
  for (let n = 20 + next(61); n > 0; n--) code.push(body(next), 0x46c0);
  code.push(0x3601); // ADDS r6, #1
  const back = loop - (code.length + 2);
  code.push(0xe000 | (back & 0x7ff));
  const image = new DataView(new ArrayBuffer(4 * VECTORS + 2 * code.length));
  image.setUint32(0, ram + 0x800, true);
  for (let i = 1; i < VECTORS; i++) image.setUint32(4 * i, start | 1, true);
  code.forEach((half, i) => image.setUint16(4 * VECTORS + 2 * i, half, true));
  return new Uint8Array(image.buffer);
}
