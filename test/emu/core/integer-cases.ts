/**
 * Every instruction against Unicorn: one random instruction from a random state, then registers, flags and memory of both are compared.
 * Used by differential.test.ts and tools/verify-cores.ts. With floating point: see fp-cases.ts.
 */
import type { Profile } from '../../../src/emu/core/builder.ts';
import { isWide } from '../../../src/emu/core/decode.ts';
import { OPS, type Decoded } from '../../../src/emu/core/rows.ts';
import { BareCore } from './bare-core.ts';
import { ours, theirs } from './outcomes.ts';
import { halfwords, Random, randomBits, randomState, rowsOf } from './random-cases.ts';
import { CODE, DATA, DATA_BYTES, integerOracle, PC, SLOT_BYTES, SLOTS, SP, Unicorn, unicornScript, XPSR } from './unicorn.ts';
import { abortsUnicornJs, harmsUnicorn, knownReason } from './unicorn-known.ts';

const onScript = integerOracle === unicornScript;

/** What a run of cases came to. */
export interface Tally {
  readonly failures: string[];
  /** Instructions that both engines executed and that were compared. */
  compared: number;
  /** UNPREDICTABLE encodings, and those that another test looks at. */
  passedOver: number;
  /** Known errors of the oracle, by reason. */
  readonly known: Map<string, number>;
  readonly ops: Map<string, number>;
}
export const newTally = (): Tally => ({ failures: [], compared: 0, passedOver: 0, known: new Map(), ops: new Map() });
export const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

const B_SELF = 0xe7fe;

interface Case {
  readonly words: readonly number[];
  /** Instructions to run: two when an IT stands in front. */
  readonly count: number;
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
const listing = (words: readonly number[]): string => words.map((w) => w.toString(16).padStart(4, '0')).join(' ');

export function integerCases(profile: Profile, cases: number, seed: number): Tally {
  const r = new Random(seed);
  const core = new BareCore(profile);
  const rows = rowsOf(profile);
  const template = new Uint8Array(DATA_BYTES);
  for (let i = 0; i < DATA_BYTES; i++) template[i] = r.u32();
  const data = new Uint8Array(DATA_BYTES);
  const tally = newTally();
  const { failures } = tally;
  let left = cases;
  while (left > 0 && failures.length < 40) {
    const n = Math.min(left, SLOTS - 2);
    left -= n;
    const uc = new Unicorn(profile, integerOracle);
    const image = new Uint8Array(SLOTS * SLOT_BYTES);
    const words = new Uint16Array(image.buffer).fill(B_SELF);
    const list: Case[] = [];
    for (let i = 0; i < n; i++) {
      let instruction: number[];
      if (r.below(8)) {
        const row = r.pick(rows);
        instruction = halfwords(randomBits(r, row), row.pattern.length === 32);
      } else {
        const first = r.below(2) ? 0xe800 + r.below(0x1800) : r.u32() & 0xffff;
        instruction = isWide(first) ? [first, r.u32() & 0xffff] : [first];
      }
      const inIT = profile.arch !== 'v6m' && r.below(8) === 0;
      const all = inIT ? [0xbf08 | (r.below(14) << 4), ...instruction] : instruction;
      words.set(all, (i * SLOT_BYTES) / 2);
      list.push({ words: all, count: inIT ? 2 : 1 });
    }
    core.code.set(image);
    core.flush();
    uc.write(CODE, image);
    uc.write(DATA, template);
    core.data.set(template);
    for (let i = 0; i < n && failures.length < 40; i++) {
      const c = list[i]!;
      const at = CODE + i * SLOT_BYTES;
      const instruction = c.count === 2 ? c.words.slice(1) : c.words;
      const found = core.decoder.classify(instruction[0]!, instruction[1] ?? 0);
      const pass = (): void => void tally.passedOver++;
      if (found === 'unpredictable') {
        pass();
        continue;
      }
      const decoded: Decoded | null = found === 'undefined' ? null : found.decoded;
      const definition = decoded && OPS.get(decoded.op)!;
      if (definition?.fp || harmsUnicorn(profile, instruction) || (onScript && abortsUnicornJs(instruction))) {
        pass();
        continue;
      }
      // would leave a stack limit or masks behind in Unicorn; decode.test.ts looks at its encodings
      if (decoded?.op === 'MSR') {
        pass();
        continue;
      }
      const inIT = c.count === 2;
      // branches other than the last instruction's unconditional ones, and IT itself, are UNPREDICTABLE in an IT block
      if (inIT && decoded && ['B_cond', 'CBZ', 'IT', 'CPS'].includes(decoded.op)) {
        pass();
        continue;
      }
      // the floating-point space has its own test
      if (profile.fpu !== 'none' && decoded?.op === 'COPROC' && decoded.imm! >>> 1 === 5) {
        pass();
        continue;
      }
      randomState(r, profile, core.registers, at);
      const before = core.registers.slice();
      uc.registers.set(before);
      const mine = ours(core.run(c.count));
      let its = theirs(uc.run(c.count));
      // the instruction branched to where nothing can be executed, and Unicorn has tried to
      const far = core.registers[PC]! < CODE || core.registers[PC]! >= CODE + SLOTS * SLOT_BYTES;
      if (its === 'exception' && mine === 'ok' && far) its = 'ok';
      if (mine === 'invalid state' && its !== 'fault') its = mine;
      uc.read(DATA, data);
      const sameMemory = Buffer.compare(data, core.data) === 0;
      const problems: string[] = [];
      const expected = core.registers;
      // DDI 0403 B1.4.1: SP bits 1:0 are always 0; Unicorn keeps what was written
      uc.registers[SP]! &= ~3;
      if (mine === 'system' || decoded?.op === 'MRS_word') {
        // executed elsewhere, or Unicorn runs with masks of its own: here only that it exists
        if (its === 'undefined') problems.push('Unicorn calls it UNDEFINED');
      } else if (mine !== its) problems.push(`we: ${mine}, Unicorn: ${its}`);
      else if (mine === 'fault') {
        // Unicorn goes on to the end of the instruction after a fault; the architecture wants the registers of before
        for (let k = 0; k < 15; k++) if (expected[k] !== before[k]) problems.push(`r${k} changed in spite of the fault`);
      } else {
        for (let k = 0; k < 16; k++) {
          if (k === PC && mine !== 'ok') continue;
          if ((expected[k]! ^ uc.registers[k]!) >>> 0)
            problems.push(
              `${k === PC ? 'pc' : `r${k}`} we ${hex(expected[k]!)}, Unicorn ${hex(uc.registers[k]!)}, before ${hex(before[k]!)}`,
            );
        }
        if (expected[XPSR] !== uc.registers[XPSR])
          problems.push(`xPSR we ${hex(expected[XPSR]!)}, Unicorn ${hex(uc.registers[XPSR]!)}, before ${hex(before[XPSR]!)}`);
        if (!sameMemory) problems.push('memory differs');
      }
      tally.compared++;
      count(tally.ops, decoded?.op ?? 'UNDEFINED');
      const reason = problems.length ? knownReason({ profile, words: instruction, decoded, before, mine, its, problems }) : null;
      if (reason) count(tally.known, reason);
      else if (problems.length) {
        const name = typeof found === 'string' ? found : `${found.row.name} ${JSON.stringify(found.decoded)}`;
        const operands = ['a', 'b', 'c', 'd'].flatMap((k) => {
          const v = (decoded as Record<string, unknown> | null)?.[k];
          return typeof v === 'number' && v < 15 ? [`${k} = r${v} = ${hex(before[v]!)}`] : [];
        });
        failures.push(`${profile.name} ${listing(c.words)} (${name}): ${problems.join('; ')} [${operands.join(', ')}]`);
      }
      if (Buffer.compare(data, template) !== 0) uc.write(DATA, template);
      core.data.set(template);
    }
    uc.close();
  }
  return tally;
}
