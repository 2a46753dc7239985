/**
 * Floating-point instructions against Unicorn: one random instruction with random registers, FPSCR and memory, then everything is compared.
 * Used by fp-differential.test.ts and tools/verify-cores.ts.
 */
import type { Profile } from '../../../src/emu/core/builder.ts';
import { OPS, type Decoded } from '../../../src/emu/core/rows.ts';
import { EXIT } from '../../../src/emu/core/state.ts';
import { BareCore, FAULT } from './bare-core.ts';
import { count, newTally, type Tally } from './integer-cases.ts';
import { halfwords, Random, randomBits, randomState, rowsOf } from './random-cases.ts';
import { CODE, DATA, DATA_BYTES, PC, SLOT_BYTES, SLOTS, UC, Unicorn, XPSR } from './unicorn.ts';

const FPSCR = 32;
const B_SELF = 0xe7fe;
const VMOV_S0_S0 = [0xeeb0, 0x0a40];

const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;

// ---- operands ----------------------------------------------------------------------------------------------------------------------
const SINGLES = [
  0, 0x80000000, 1, 0x80000001, 0x7fffff, 0x807fffff, 0x800000, 0x80800000, 0x800001, 0x1000000, 0x7f7fffff, 0xff7fffff, 0x7f800000,
  0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001, 0xffb54321, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x40000000, 0x3fffffff,
  0x3f800001, 0x4effffff, 0x4f000000, 0xcf000000, 0x4f7fffff, 0x4f800000, 0x33000000, 0x33800000, 0x38800000, 0x387fffff, 0x477fe000,
  0x477ff000, 0x477fefff, 0x47800000, 0x48000000, 0x7c00fc00, 0x7c01fe01, 0x00400040, 0x1f800000, 0x20000000,
];
const single = (r: Random): number => {
  switch (r.below(6)) {
    case 0:
    case 1:
      return r.pick(SINGLES);
    case 2:
      return r.u32();
    // near 1, near the integer range, few bits set
    case 3:
      return ((r.u32() & 0x807fffff) | ((118 + r.below(20)) << 23)) >>> 0;
    case 4:
      return ((r.u32() & 0x807fffff) | ((140 + r.below(22)) << 23)) >>> 0;
    default:
      return ((r.u32() & 0x80000000) | (r.below(256) << 23) | (r.below(16) << r.below(20))) >>> 0;
  }
};
const double = (r: Random): [number, number] => {
  const low = r.below(3) ? r.u32() : r.pick([0, 1, 0xffffffff, 0x80000000, 0x10000000, 0x20000000]);
  switch (r.below(6)) {
    case 0:
      return [
        r.pick([0, 0, 1, 0xffffffff]),
        r.pick([
          0, 0x80000000, 0x7ff00000, 0xfff00000, 0x7ff80000, 0x7ff40000, 0xfff00001, 0x7fefffff, 0x3ff00000, 0xbff00000, 0x00100000,
          0x000fffff, 0x80000001,
        ]),
      ];
    case 1:
      return [low, r.u32()];
    case 2:
      return [low, ((r.u32() & 0x800fffff) | ((1015 + r.below(20)) << 20)) >>> 0];
    case 3:
      return [low, ((r.u32() & 0x800fffff) | ((870 + r.below(30)) << 20)) >>> 0];
    case 4:
      return [low, ((r.u32() & 0x800fffff) | ((r.below(2) ? 1 + r.below(60) : 1990 + r.below(57)) << 20)) >>> 0];
    default:
      return [low, ((r.u32() & 0x800fffff) | ((1030 + r.below(130)) << 20)) >>> 0];
  }
};
export function randomFp(r: Random, fp: Uint32Array, doubles: boolean): void {
  const typical = r.below(4);
  for (let i = 0; i < 32; i += 2) {
    if (doubles) fp.set(double(r), i);
    else fp.set([single(r), single(r)], i);
    // equal operands and operands of one magnitude cancel
    if (i && r.below(6) === 0) fp.set(fp.subarray(i - 2, i), i);
  }
  const mode = typical === 0 ? 0 : (r.u32() & 0x07c00000) >>> 0;
  fp[FPSCR] = ((r.u32() & 0xf0000000) | mode | (typical < 2 ? 0x10 : r.u32() & 0x9f)) >>> 0;
}

// ---- what Unicorn does differently ---------------------------------------------------------------------------------------------------
interface Difference {
  readonly profile: Profile;
  readonly words: readonly number[];
  readonly mine: string;
  readonly its: string;
}
/** Coprocessor 11, and VCVT.F64.F32. */
const ofDoubles = ([first, second]: readonly number[]): boolean =>
  (second! & 0xf00) === 0xb00 || ((first! & 0xffbf) === 0xeeb7 && (second! & 0xfd0) === 0xac0);
const KNOWN: readonly { readonly why: string; readonly applies: (d: Difference) => boolean }[] = [
  {
    why: 'VLLDM and VLSTM are UNDEFINED in Non-secure state (DDI 0553 C2.4); Unicorn runs in Secure state',
    applies: (d) => d.mine === 'undefined' && (d.words[0]! & 0xffe0) === 0xec20 && (d.words[1]! & 0xff7f) === 0x0a00,
  },
  {
    why: 'doubles on a Cortex-M7 of single precision, which Unicorn has not: its Cortex-M7 executes them',
    applies: ({ profile: p, mine, its, words }) =>
      p.arch === 'v7m' && p.fpv5 && p.fpu === 'sp' && mine === 'undefined' && its === 'ok' && ofDoubles(words),
  },
  { why: 'alignment: FP loads and stores are word aligned (DDI 0403 A3.2.1); Unicorn checks none', applies: (d) => d.mine === 'unaligned' },
  {
    why: 'FPSCR is the only register of VMRS and VMSR on M-profile (DDI 0403 A7.7, VMRS, VMSR); Unicorn has FPSID and MVFR2 too',
    applies: (d) =>
      d.mine === 'undefined' &&
      d.its === 'ok' &&
      (d.words[0]! & 0xffe0) === 0xeee0 &&
      (d.words[0]! & 15) !== 1 &&
      (d.words[1]! & 0xfff) === 0xa10,
  },
];

/**
 * VCVT from fixed point rounds to nearest whatever FPSCR says (DDI 0403 A7.7, VCVT); QEMU 5.0 takes FPSCR.RMode, later versions have
 * vfp_*_round_to_nearest for it. Unicorn therefore runs these with RMode = nearest.
 */
const forUnicorn = (d: Decoded | null, fpscr: number): number =>
  d?.op.startsWith('VCVT_fixed') && !d.v!['to'] ? (fpscr & ~0x00c00000) >>> 0 : fpscr;

const ours = (reason: number): string => {
  switch (reason) {
    case EXIT.BUDGET:
      return 'ok';
    case EXIT.UNDEFINED:
      return 'undefined';
    case FAULT.UNALIGNED:
      return 'unaligned';
    case FAULT.UNMAPPED:
      return 'fault';
    default:
      return `exit ${reason}`;
  }
};
const theirs = (err: number): string => {
  switch (err) {
    case UC.OK:
      return 'ok';
    case UC.INSN_INVALID:
      return 'undefined';
    case UC.READ_UNMAPPED:
    case UC.WRITE_UNMAPPED:
    case 12:
    case 13:
      return 'fault';
    default:
      return `uc_err ${err}`;
  }
};

export function fpCases(profile: Profile, cases: number, seed: number): Tally {
  const r = new Random(seed);
  const core = new BareCore(profile);
  const rows = rowsOf(profile).filter((row) => /^111[01]11(0|10)/.test(row.pattern) && /^.{20}101/.test(row.pattern));
  const template = new Uint8Array(DATA_BYTES);
  for (let i = 0; i < DATA_BYTES; i++) template[i] = r.u32();
  const data = new Uint8Array(DATA_BYTES);
  const tally = newTally();
  const { failures } = tally;
  for (let left = cases; left > 0 && failures.length < 40;) {
    const n = Math.min(left, SLOTS - 2);
    left -= n;
    const uc = new Unicorn(profile);
    const image = new Uint8Array(SLOTS * SLOT_BYTES);
    const words = new Uint16Array(image.buffer).fill(B_SELF);
    for (let i = 0; i < n; i++) {
      // a quarter: anything in the space of coprocessors 10 and 11, or an instruction with one bit flipped
      const row = randomBits(r, r.pick(rows));
      const bits = r.below(4) ? row : r.below(2) ? row ^ (1 << r.below(28)) : 0xec000a00 | (r.u32() & 0x13fff1ff);
      const fp = (bits & 0xec000e00) >>> 0 === 0xec000a00;
      words.set(halfwords((fp ? bits : row) >>> 0, true), (i * SLOT_BYTES) / 2);
    }
    words.set(VMOV_S0_S0, ((SLOTS - 1) * SLOT_BYTES) / 2);
    core.code.set(image);
    core.flush();
    uc.write(CODE, image);
    uc.write(DATA, template);
    core.data.set(template);
    // the first FP instruction makes a new FP context: FPSCR comes from FPDSCR
    uc.registers.fill(DATA);
    uc.registers[PC] = CODE + (SLOTS - 1) * SLOT_BYTES;
    uc.run(1, true);
    for (let i = 0; i < n && failures.length < 40; i++) {
      const at = CODE + i * SLOT_BYTES;
      const instruction = words.subarray((i * SLOT_BYTES) / 2, (i * SLOT_BYTES) / 2 + 2);
      const found = core.decoder.classify(instruction[0]!, instruction[1]!);
      if (found === 'unpredictable') {
        tally.passedOver++;
        continue;
      }
      const decoded: Decoded | null = found === 'undefined' ? null : found.decoded;
      if (decoded && !OPS.get(decoded.op)!.fp) {
        tally.passedOver++;
        continue;
      }
      randomState(r, profile, core.registers, at);
      randomFp(r, core.fp, profile.fpu === 'dp' && (instruction[1]! & 0x100) !== 0 && r.below(8) !== 0);
      const before = core.registers.slice();
      const fpBefore = core.fp.slice();
      uc.registers.set(before);
      uc.fp.set(fpBefore);
      uc.fp[FPSCR] = forUnicorn(decoded, fpBefore[FPSCR]!);
      const kept = (fpBefore[FPSCR]! ^ uc.fp[FPSCR]) >>> 0;
      const mine = ours(core.run(1, true));
      const its = theirs(uc.run(1, true));
      uc.fp[FPSCR] = (uc.fp[FPSCR]! ^ kept) >>> 0;
      uc.read(DATA, data);
      const problems: string[] = [];
      if (mine !== its) problems.push(`we: ${mine}, Unicorn: ${its}`);
      else if (mine === 'ok') {
        for (let k = 0; k < 17; k++)
          if (core.registers[k] !== uc.registers[k])
            problems.push(
              `${k === PC ? 'pc' : k === XPSR ? 'xPSR' : `r${k}`} we ${hex(core.registers[k]!)}, Unicorn ${hex(uc.registers[k]!)}`,
            );
        for (let k = 0; k < 33; k++)
          if (core.fp[k] !== uc.fp[k])
            problems.push(
              `${k === FPSCR ? 'FPSCR' : `s${k}`} we ${hex(core.fp[k]!)}, Unicorn ${hex(uc.fp[k]!)}, before ${hex(fpBefore[k]!)}`,
            );
        if (Buffer.compare(data, core.data) !== 0) problems.push('memory differs');
      }
      tally.compared++;
      const reason = problems.length ? KNOWN.find((k) => k.applies({ profile, words: [...instruction], mine, its }))?.why : undefined;
      if (reason) count(tally.known, reason);
      else if (problems.length) {
        const name = typeof found === 'string' ? found : `${found.row.name} ${JSON.stringify(found.decoded)}`;
        const operands = decoded
          ? ['a', 'b', 'c']
              .map((f) => decoded[f as 'a'])
              .filter((x) => x !== undefined)
              .map((x) => `s${x}=${hex(fpBefore[x & 31]!)} d${x}=${hex(fpBefore[(2 * x + 1) & 31]!)}:${hex(fpBefore[(2 * x) & 31]!)}`)
              .join(' ')
          : '';
        failures.push(
          `${profile.name} ${[...instruction].map((w) => w.toString(16)).join(' ')} (${name}): ${problems.join('; ')}; FPSCR ${hex(fpBefore[FPSCR]!)} ${operands}`,
        );
      } else count(tally.ops, decoded?.op ?? 'UNDEFINED');
      if (Buffer.compare(data, template) !== 0) uc.write(DATA, template);
      core.data.set(template);
    }
    uc.close();
  }
  return tally;
}
