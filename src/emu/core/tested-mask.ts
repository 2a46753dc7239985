/** Which bits of a word a polling loop goes by, read from its instructions. */
import type { Instruction } from './decode.ts';

interface Code {
  instructionAt(pc: number): Instruction | null;
  peek(address: number, size: 4): number | null;
}
type Decoded = Instruction['decoded'];

/** Effort: instructions from the read to the branch. */
const FAR = 16;

/**
 * Bits that a short polling loop around `pc` tests: the constant of a TST or AND behind the load, in the instruction or in a register that was given it there (as on
 * Armv6-M), or of LSLS. Null if unknown: the mask came from elsewhere, or the function ends before.
 */
export function testedMask(code: Code, pc: number): number | null {
  const constants = new Map<number, number>();
  let mask: number | null = null;
  let at = pc;
  for (let i = 0; i < FAR; i++) {
    const ins = code.instructionAt(at);
    if (!ins) return mask;
    const { op, imm = 0 } = ins.decoded;
    const isBack = /^B(_cond)?$/.test(op) && (imm | 0) < -2;
    // the program goes by what it has tested up to here
    if (mask !== null && (isBack || /^(B_cond|CBN?Z)/.test(op))) return mask;
    // back to the start of the loop, in the middle of which it may have been found
    if (isBack) {
      at = (at + 4 + imm) >>> 0;
      continue;
    }
    const tested = testOf(ins.decoded, constants);
    if (tested === 'end') return mask;
    mask = tested ?? mask;
    follow(code, at, ins.decoded, constants);
    at += ins.size;
  }
  return mask;
}

type Constants = ReadonlyMap<number, number>;
const known = (constants: Constants, register: number | undefined): number | undefined =>
  register === undefined ? undefined : constants.get(register);

/** The bits that an instruction tests; null if it tests none, `end` where nobody knows them from here on. */
function testOf({ op, b, c, imm = 0, v }: Decoded, constants: Constants): number | null | 'end' {
  if (/^(TST|AND)_imm/.test(op)) return imm >>> 0;
  if (op === 'TST_reg' || op === 'AND_reg') return known(constants, b) ?? known(constants, c) ?? 'end';
  if (/^(TST|AND|BIC)_(?!imm)|^(BX|LDM_pc)$/.test(op)) return 'end';
  // a constant that is shifted is the mask of a test to come
  return /^LSL_imm/.test(op) && v?.['S'] === true && known(constants, b) === undefined ? (0x80000000 >>> imm) >>> 0 : null;
}
/** Which registers hold constants behind an instruction. */
function follow(code: Code, at: number, { op, a, b, imm = 0 }: Decoded, constants: Map<number, number>): void {
  if (a === undefined || /^(CMP|CMN|TST|TEQ|STR)/.test(op)) return;
  const from = known(constants, b);
  let value: number | null | undefined;
  if (op === 'MOV_imm') value = imm;
  else if (op === 'LDR_lit') value = code.peek((((at + 4) & ~3) + imm) >>> 0, 4);
  else if (op === 'MOV_reg') value = from;
  else if (op === 'LSL_imm' && from !== undefined) value = from << imm;
  if (value == null) constants.delete(a);
  else constants.set(a, value >>> 0);
}
