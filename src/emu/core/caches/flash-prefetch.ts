/**
 * What lines of flash cost where no row holds them and the controller reads ahead. Costs are a function of the bytes around a line, so both tiers know them beforehand.
 *
 * Lines of several instructions (L4, F4): the next one was asked for when this one came, and its instructions have run meanwhile, one cycle each (inferred from
 * RM0090's figure; counted from the line's first half-word).
 *
 * Lines of one word (F0: three words read ahead, RM0091 3.2.1): a word takes LATENCY + 1 cycles and the next is read meanwhile, so two 16-bit instructions
 * hide it. What does not (inferred, unless said otherwise):
 *  - a branch waits for its target's word; one to a second half-word also for the next word, as far as the instruction there does not hide it ("jumps aligned
 *    to 32 bits": documented, the figure is not);
 *  - an instruction of two half-words in two words waits for the second one;
 *  - a literal that is loaded by the second instruction of a word finds the controller busy with the word ahead: a cycle more than by the first (measured: jnk0le,
 *    STM32F0), charged with the next word.
 */
import { isWide } from '../decode.ts';

export interface CodeBytes {
  /** Half-word at an address, null where no memory is. */
  halfword(address: number): number | null;
  /** Cycles of the instruction there, null for a branch: nothing is charged for waiting for what may not be run. */
  cycles(address: number): number | null;
}

const isLiteralLoad = (half: number): boolean => half >>> 11 === 9;

export class Prefetch {
  private readonly code: CodeBytes;
  private readonly lineBytes: number;
  private readonly known = new Map<number, number>();
  constructor(lineBytes: number, code: CodeBytes) {
    this.lineBytes = lineBytes;
    this.code = code;
  }
  /** Bytes or wait states have changed. */
  forget(): void {
    if (this.known.size > 0) this.known.clear();
  }
  /** The most that a line can cost. */
  worst(waitStates: number): number {
    return this.lineBytes === 4 ? 2 * waitStates : waitStates;
  }
  /** Cycles of the line of `pc` behind the line before it. */
  following(pc: number, waitStates: number): number {
    let cycles = this.known.get(pc | 1);
    if (cycles === undefined)
      this.known.set(
        pc | 1,
        (cycles = this.lineBytes === 4 ? this.followingWord(pc, waitStates) : this.followingLine(pc & -this.lineBytes, waitStates)),
      );
    return cycles;
  }
  /** Cycles of the line of `pc` where it does not follow the one before. */
  entering(pc: number, waitStates: number): number {
    if (this.lineBytes !== 4) return waitStates;
    let cycles = this.known.get(pc);
    if (cycles === undefined)
      this.known.set(pc, (cycles = waitStates + ((pc & 2) !== 0 ? this.enteringSecond(pc, waitStates) : this.split(pc, waitStates))));
    return cycles;
  }

  private followingLine(line: number, waitStates: number): number {
    let instructions = 0;
    for (let a = line - this.lineBytes; a < line; instructions++) {
      const half = this.code.halfword(a);
      if (half === null) return waitStates;
      a += isWide(half) ? 4 : 2;
    }
    return Math.max(0, waitStates + 1 - instructions);
  }
  private followingWord(pc: number, waitStates: number): number {
    const line = pc & ~3;
    const first = this.code.halfword(line - 4);
    const second = this.code.halfword(line - 2);
    if (first === null || second === null) return waitStates;
    // behind an instruction in two words, which has waited when it began; what ARMv6-M has in 32 bits takes four cycles
    if (isWide(second)) return 0;
    // by a branch from the word before
    if (pc !== line) return this.enteringSecond(pc, waitStates);
    const ran = isWide(first) ? waitStates + 1 : (this.code.cycles(line - 4) ?? 1) + (this.code.cycles(line - 2) ?? 1);
    return Math.max(0, waitStates + 1 - ran) + (isLiteralLoad(second) ? waitStates : 0) + this.split(line, waitStates);
  }
  /** An instruction begins in the second half-word of this word and ends in the next: what it waits. */
  private split(line: number, waitStates: number): number {
    const first = this.code.halfword(line);
    const second = this.code.halfword(line + 2);
    if (first === null || second === null || isWide(first) || !isWide(second)) return 0;
    return Math.max(0, waitStates + 1 - (this.code.cycles(line) ?? waitStates + 1));
  }
  private enteringSecond(pc: number, waitStates: number): number {
    const half = this.code.halfword(pc);
    if (half === null) return 0;
    if (isWide(half)) return waitStates;
    return Math.max(0, waitStates + 1 - (this.code.cycles(pc) ?? waitStates + 1));
  }
}
