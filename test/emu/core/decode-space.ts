/**
 * Every encoding there is: our decoder against LLVM's, which knows the four cores by name. Does it exist, and is it the same instruction? Used by the
 * decode-space tests and tools/verify-cores.ts.
 */
import type { Profile } from '../../../src/emu/core/builder.ts';
import { Decoder, type Match } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import type { Row } from '../../../src/emu/core/rows.ts';
import { Llvm, LLVM_UNPREDICTABLE } from './llvm.ts';
import { knownOfLlvm } from './llvm-known.ts';
import { isNamed } from './mnemonics.ts';
import { unpredictable, type Unpredictable } from './unpredictable.ts';

/** First half-words from here on start a 32-bit instruction. */
export const WIDE = 0xe800;
export const WIDE_FIRSTS = 0x10000 - WIDE;

/** `coprocessor`: belongs to a coprocessor that no core here has. */
export type Verdict = 'defined' | 'undefined' | 'unpredictable' | 'coprocessor';
export interface Difference {
  readonly profile: Profile;
  readonly first: number;
  readonly second: number;
  readonly row: Row | null;
  readonly mine: Verdict;
  readonly its: Verdict;
  /** LLVM's name of the instruction, empty if there is none. */
  readonly opcode: string;
}
export interface SpaceTally {
  cases: number;
  /** Both say the same. */
  agreed: number;
  /** By reason: the ARM ARM leaves it open, or LLVM is wrong. */
  readonly open: Map<string, number>;
  readonly known: Map<string, number>;
  /** Pairs of row and LLVM opcode that occurred. */
  pairs: number;
  /** By what differs: the first encoding and how many there are. */
  readonly failed: Map<string, { readonly example: string; count: number }>;
}
const emptyTally = (): SpaceTally => ({ cases: 0, agreed: 0, open: new Map(), known: new Map(), pairs: 0, failed: new Map() });

function verdictOf(m: Match): Verdict {
  if (typeof m.found === 'string') return m.found;
  const { op } = m.found;
  return op === 'UDF' || op === 'FP_undefined' ? 'undefined' : op === 'COPROC' ? 'coprocessor' : 'defined';
}
const COPROCESSOR = /^t2(MCRR?2?|MRRC?2?|MRC2?|CDP2?|(LDC|STC)2?L?_(OFFSET|PRE|POST|OPTION))$/;

/** A bit that should be 0 or 1 and a description excuse every answer; R13 or R15 in a field only where one of the two refuses it as UNPREDICTABLE. */
const excuses = (u: Unpredictable, mine: Verdict, its: Verdict): boolean =>
  u.kind !== 'register' || mine === 'unpredictable' || its === 'unpredictable';

export class DecodeSpace {
  readonly profile: Profile;
  private tally = emptyTally();
  private readonly decoder: Decoder;
  private readonly llvm: Llvm;
  private readonly answers = new Uint16Array(0x10000);
  private readonly one = new Uint16Array(1);
  private readonly seen = new Map<Row, Set<number>>();

  /** `against`: the core that LLVM decodes for, if not the same. */
  constructor(profile: Profile, against = profile) {
    this.profile = profile;
    this.decoder = new Decoder(profile);
    this.llvm = new Llvm(against);
  }
  narrow(first: number): void {
    this.llvm.decode(first, 0xe7fe, this.one);
    this.compare(first, 0xe7fe, this.one[0]!);
  }
  wide(first: number, second: number): void {
    this.llvm.decode(first, second, this.one);
    this.compare(first, second, this.one[0]!);
  }
  /** All second half-words. */
  allOf(first: number): void {
    this.llvm.decode(first, 0, this.answers);
    for (let second = 0; second < 0x10000; second++) this.compare(first, second, this.answers[second]!);
  }

  private compare(first: number, second: number, answer: number): void {
    const { tally } = this;
    tally.cases++;
    const match = this.decoder.match(first, second);
    const mine = verdictOf(match);
    let its: Verdict = answer === 0 ? 'undefined' : answer & LLVM_UNPREDICTABLE ? 'unpredictable' : 'defined';
    const code = answer & ~LLVM_UNPREDICTABLE;
    if (mine === 'coprocessor' || (its === 'defined' && mine === 'undefined')) {
      const name = answer === 0 ? '' : this.llvm.opcode(code);
      if (COPROCESSOR.test(name)) its = 'coprocessor';
      else if (name === 't2UDF' || name === 'tUDF' || name === 'tTRAP' || name === 't__brkdiv0') its = 'undefined';
    }
    if (match.row !== null && answer !== 0 && mine === 'defined') this.pair(match.row, code, first, second);
    if (mine === its) {
      tally.agreed++;
      return;
    }
    const open = unpredictable(this.profile, first, second);
    if (open !== null && excuses(open, mine, its)) {
      tally.open.set(open.where, (tally.open.get(open.where) ?? 0) + 1);
      return;
    }
    const difference = {
      profile: this.profile,
      first,
      second,
      row: match.row,
      mine,
      its,
      opcode: answer === 0 ? '' : this.llvm.opcode(code),
    };
    const known = knownOfLlvm(difference);
    if (known !== null) tally.known.set(known, (tally.known.get(known) ?? 0) + 1);
    else this.fail(first, second, `we ${mine} (${match.row?.name ?? 'no row'}), LLVM ${its} (${difference.opcode || 'no instruction'})`);
  }
  /** The first time that a row and an opcode of LLVM's meet, their mnemonics are compared. */
  private pair(row: Row, code: number, first: number, second: number): void {
    let codes = this.seen.get(row);
    if (!codes) this.seen.set(row, (codes = new Set()));
    if (codes.has(code)) return;
    codes.add(code);
    this.tally.pairs++;
    const text = this.llvm.text(first, second);
    if (!isNamed(row, text)) this.fail(first, second, `we ${row.name}, LLVM ${this.llvm.opcode(code)}`);
  }
  private fail(first: number, second: number, what: string): void {
    const { failed } = this.tally;
    const before = failed.get(what);
    if (before) before.count++;
    else
      failed.set(what, {
        example: `${first.toString(16).padStart(4, '0')} ${second.toString(16).padStart(4, '0')} ${this.llvm.text(first, second)}`,
        count: 1,
      });
  }
  /** What was found since the last call. */
  take(): SpaceTally {
    const { tally } = this;
    this.tally = emptyTally();
    return tally;
  }
}
export const failuresOf = (tally: SpaceTally): string[] =>
  [...tally.failed].map(([what, { example, count }]) => `${what}: ${example}${count > 1 ? ` and ${count - 1} more` : ''}`);
