/** Programs of any half-words, UNDEFINED and UNPREDICTABLE ones among them, in a loop that goes on whatever they do. */
import type { Draw } from './change.ts';

export const FLASH = 0x08000000;
export const RAM = 0x20000000;
export const FLASH_BYTES = 0x8000;
const VECTORS = 64;
/** The fault handler, the one of every other exception, and the loop. */
const FAULT = 0x200;
const OTHER = 0x240;
const LOOP = 0x400;
/** Behind what sets the registers. */
const BODY = LOOP + 0x20;
const DATA = RAM + 0x4000;
const STACK = RAM + 0x8000;

/** Goes on behind the instruction if it is one of the body, else with the loop. */
const faultHandler = (bodyBytes: number): number[] => [
  0x9806, // ldr r0, [sp, #24]
  0x4908, // ldr r1, [pc, #32]   body
  0x4a08, // ldr r2, [pc, #32]   its size
  0x1a43, // subs r3, r0, r1
  0x4293, // cmp r3, r2
  0xd202, // bhs restart
  0x3002, // adds r0, #2
  0x9006, // str r0, [sp, #24]
  0x4770, // bx lr
  0x4b06, // restart: ldr r3, [pc, #24]   loop
  0x9306, // str r3, [sp, #24]
  0x4b06, // ldr r3, [pc, #24]   xPSR.T
  0x9307, // str r3, [sp, #28]
  0x4770, // bx lr
  0xbf00,
  0xbf00,
  0xbf00,
  0xbf00,
  ...words(FLASH + BODY, bodyBytes, FLASH + LOOP, 0x01000000),
];
function words(...all: readonly number[]): number[] {
  return all.flatMap((word) => [word & 0xffff, word >>> 16]);
}

const halfword = (d: Draw): number => d.below(0x10000);
const low = (d: Draw): number => d.below(8);
/** Loads and stores of the data, arithmetic, and compares: what most code consists of. */
const PLAIN: readonly ((d: Draw) => number[])[] = [
  (d) => [0x6800 | (d.below(32) << 6) | low(d)],
  (d) => [0x6000 | (d.below(32) << 6) | low(d)],
  (d) => [0x1800 | (low(d) << 6) | (low(d) << 3) | low(d)],
  (d) => [0x4000 | (d.below(16) << 6) | (low(d) << 3) | low(d)],
  (d) => [0x2000 | (d.below(4) << 11) | (low(d) << 8) | d.below(256)],
  (d) => [0xb400 | d.below(256), 0xbc00 | d.below(256)],
  (d) => [0x4400 | (d.below(4) << 8) | d.below(256)],
];
/** IT of any condition and mask, with anything behind it. */
const it = (d: Draw): number[] => [0xbf00 | (d.chance(0.15) ? 0xf0 : d.below(15) << 4) | (1 + d.below(15))];
/** To some place near by; conditions 14 and 15 are UDF and SVC. */
const BRANCHES: readonly ((d: Draw) => number[])[] = [
  (d) => [0xd000 | (d.below(16) << 8) | d.below(24)],
  (d) => [0xd000 | (d.below(14) << 8) | (256 - d.below(24))],
  (d) => [0xe000 | d.below(24)],
  (d) => [0xb100 | (d.below(2) << 11) | (d.below(24) << 3) | low(d)],
  (d) => [0xf000, 0xf800 | d.below(16)],
  (d) => [0xf000, 0x9000 | d.below(16)],
  (d) => [0xf000 | (d.below(14) << 6), 0x8000 | d.below(16)],
  (d) => [0x4700 | d.below(256)],
  (d) => [0xe8d0 | d.below(16), 0xf000 | d.below(32)],
];
const wide = (d: Draw): number[] => [0xe800 | d.below(0x1800), halfword(d)];
function any(d: Draw): number[] {
  const kind = d.below(20);
  if (kind < 9) return d.one(PLAIN)(d);
  if (kind < 12) return it(d);
  if (kind < 15) return d.one(BRANCHES)(d);
  return kind < 18 ? wide(d) : [halfword(d)];
}

/** Flash with such a program. */
export function randomFlash(d: Draw): Uint8Array {
  const body: number[] = [];
  for (let n = 4 + d.below(40); n > 0; n--) body.push(...any(d));
  // whatever a branch reaches behind it goes round as well
  const behind = new Array<number>(32).fill(0xbf00);
  const bytes = 2 * (body.length + behind.length);
  const back = -(BODY - LOOP + bytes + 4) >> 1;
  const start = [
    0x4804, // ldr r0, [pc, #16]   data
    0x4905, // ldr r1, [pc, #20]   stack
    0x468d, // mov sp, r1
    0x4602, // mov r2, r0
    0x2310, // movs r3, #16
    0x189c, // adds r4, r3, r2
    0x1c05, // adds r5, r0, #0
    0x3540, // adds r5, #64
    0x461e, // mov r6, r3
    0xe005, // b body
    ...words(DATA, STACK),
    0xbf00,
    0xbf00,
  ];
  const flash = new Uint8Array(FLASH_BYTES);
  const view = new DataView(flash.buffer);
  view.setUint32(0, STACK, true);
  for (let e = 1; e < VECTORS; e++) view.setUint32(4 * e, FLASH + (e === 1 ? LOOP : e < 7 ? FAULT : OTHER) + 1, true);
  const put = (at: number, code: readonly number[]): void => code.forEach((half, i) => view.setUint16(at + 2 * i, half, true));
  put(FAULT, faultHandler(bytes));
  put(OTHER, [0x4770]);
  put(LOOP, start);
  put(BODY, [...body, ...behind, 0xe000 | (back & 0x7ff)]);
  return flash;
}
