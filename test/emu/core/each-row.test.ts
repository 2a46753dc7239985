/**
 * What each encoding does to registers, flags and memory from random states, beside what it did before (each-row/*.txt): a line tells how the instructions ended and a hash
 * of all that they left. The oracles say what is right, with other cases each time, and not all of them are everywhere; this says that something is not as it
 * was. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { it } from 'vitest';
import type { Profile } from '../../../src/emu/core/builder.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { OPS, type Row } from '../../../src/emu/core/rows.ts';
import { EXIT, S } from '../../../src/emu/core/state.ts';
import { BareCore, FAULT } from './bare-core.ts';
import { randomFp } from './fp-cases.ts';
import { expectAsBefore } from './golden-file.ts';
import { halfwords, Random, randomBits, randomState, rowsOf } from './random-cases.ts';
import { CODE, DATA_BYTES } from './unicorn.ts';

const CASES = 20;
const FP_CASES = 80;
const B_SELF = 0xe7fe;

const EXITS = new Map<number, string>([...Object.entries(EXIT), ...Object.entries(FAULT)].map(([name, n]): [number, string] => [n, name]));

class Table {
  private readonly core: BareCore;
  private readonly profile: Profile;
  private readonly template: Uint8Array;
  private readonly random = new Random(1207);

  constructor(profile: Profile) {
    this.profile = profile;
    this.core = new BareCore(profile);
    this.template = Uint8Array.from({ length: DATA_BYTES }, () => this.random.u32());
  }
  lines(): string[] {
    return rowsOf(this.profile).map((row) => this.line(row));
  }
  private line(row: Row): string {
    const ends = new Map<string, number>();
    let hash = 0x811c9dc5;
    const mix = (v: number): void => void (hash = Math.imul(hash ^ v, 0x01000193) ^ (hash >>> 15));
    const wide = row.pattern.length === 32;
    const isFp = /^111[01]11(0|10)/.test(row.pattern) && /^.{20}101/.test(row.pattern);
    for (let i = 0; i < (isFp ? FP_CASES : CASES); i++) {
      const end = this.run(halfwords(randomBits(this.random, row), wide), isFp, mix);
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    const told = [...ends].map(([end, n]) => `${end} ${n}`).toSorted();
    return `${row.name} ${row.pattern}: ${told.join(', ')}; ${(hash >>> 0).toString(16).padStart(8, '0')}`;
  }
  /** How one instruction ended, in an IT block now and then; mixes in what it left. */
  private run(instruction: readonly number[], isFp: boolean, mix: (v: number) => void): string {
    const { core, profile, random: r, template } = this;
    const found = core.decoder.classify(instruction[0]!, instruction[1] ?? 0);
    if (typeof found === 'string') return found;
    const inIt = profile.arch !== 'v6m' && r.below(6) === 0 && !OPS.get(found.decoded.op)!.leaves;
    const words = inIt ? [0xbf08 | (r.below(14) << 4), ...instruction] : instruction;
    core.code.set(new Uint8Array(Uint16Array.of(...words, B_SELF, B_SELF, B_SELF).buffer));
    core.flush();
    core.data.set(template);
    randomState(r, profile, core.registers, CODE);
    if (isFp) randomFp(r, core.fp, profile.fpu === 'dp' && ((instruction[1] ?? 0) & 0x100) !== 0 && r.below(8) !== 0);
    core.slowFlags = 0;
    const { u32 } = core.arena;
    const end = core.run(inIt ? 2 : 1, isFp);
    for (const v of core.registers) mix(v);
    if (isFp) for (const v of core.fp) mix(v);
    mix(core.slowFlags);
    for (const word of [S.IT, S.T, S.BUDGET, S.EXCLUSIVE_OPEN]) mix(u32[word >> 2]!);
    if (Buffer.compare(core.data, template) !== 0)
      for (let i = 0; i < DATA_BYTES; i++) if (core.data[i] !== template[i]) mix((i << 8) | core.data[i]!);
    return EXITS.get(end) ?? `exit ${end}`;
  }
}

it.each(['m0', 'm3', 'm4', 'm33', 'm7'] as const)('%s does with each encoding what it did', (name) => {
  expectAsBefore(new Table(PROFILES[name]).lines(), new URL(`./each-row/${name}.txt`, import.meta.url));
});
