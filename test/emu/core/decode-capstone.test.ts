/**
 * Names of instructions against Capstone, which comes with npm and so runs on every machine. It has one Thumb decoder for all profiles, hence only this
 * way round: what we define has to be there, under the same name. What must not be there is LLVM's part (decode-space.ts).
 */
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { Decoder, isWide } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import type { Row } from '../../../src/emu/core/rows.ts';
import { SEED } from '../../seed.ts';
import { isNamed } from './mnemonics.ts';
import { halfwords, Random, randomBits, rowsOf } from './random-cases.ts';
import { unpredictable } from './unpredictable.ts';

interface Disassembler {
  disasm(bytes: readonly number[], address: number, count: number): { readonly mnemonic: string; readonly op_str: string }[];
  close(): void;
}
interface Capstone {
  readonly ARCH_ARM: number;
  readonly MODE_THUMB: number;
  readonly MODE_MCLASS: number;
  readonly MODE_V8: number;
  readonly Capstone: new (arch: number, mode: number) => Disassembler;
}
const capstone = await (createRequire(import.meta.url)('@alexaltea/capstone-js') as () => Promise<Capstone>)();

const CASES = Number(process.env['BOOTBENCH_CASES'] ?? 5400);
const PER_ROW = Math.min(400, Math.max(20, Math.floor(CASES / 500)));

/** Where Capstone is wrong, or calls it otherwise. */
const KNOWN: readonly { readonly why: string; readonly applies: (row: string, text: string) => boolean }[] = [
  {
    why: 'MRS, MSR stand outside an IT block here: Capstone takes the last operand for a condition',
    applies: (row, text) => /^MRS|^MSR/.test(row) && text.startsWith(row.slice(0, 3).toLowerCase()),
  },
  {
    why: 'DFB and its kin are DSB with other options: DDI 0403 A7.7 executes reserved ones as SY',
    applies: (row, text) => row === 'DSB T1' && /^(dfb|p?ssbb)\b/.test(text),
  },
  {
    why: 'UDF #249 is permanently undefined like every other: DDI 0403 A7.7; Capstone has an entry for it that it cannot print',
    applies: (row, text) => row === 'UDF T1' && text === '',
  },
  {
    why: 'LDRH, LDRSH with Rt = PC are unallocated memory hints: DDI 0403 A5.3.8. PLDW is of ARMv7-A with the Multiprocessing Extensions',
    applies: (row, text) => /^LDRS?H /.test(row) && (text === '' || text.startsWith('pld')),
  },
];

test.each(Object.values(PROFILES))(
  '$name: Capstone has every row, under the same name',
  (profile) => {
    const { ARCH_ARM, MODE_THUMB, MODE_MCLASS, MODE_V8 } = capstone;
    const decoder = new Decoder(profile);
    const disassembler = new capstone.Capstone(ARCH_ARM, MODE_THUMB | MODE_MCLASS | MODE_V8);
    const textOf = (words: readonly number[]): string => {
      try {
        const [first] = disassembler.disasm(
          words.flatMap((w) => [w & 0xff, w >>> 8]),
          0,
          1,
        );
        return first ? `${first.mnemonic} ${first.op_str}` : '';
      } catch {
        // it throws when there is no instruction
        return '';
      }
    };
    const r = new Random(SEED);
    const named = new Set<Row>();
    const wrong: string[] = [];
    const rows = rowsOf(profile);
    for (const row of rows) {
      // most values of some rows are UNPREDICTABLE
      for (let tried = 0, compared = 0; compared < PER_ROW && tried < 100 * PER_ROW; tried++) {
        const words = halfwords(randomBits(r, row), row.pattern.length === 32);
        const [first, second = 0] = words as [number, number?];
        const m = decoder.match(first, second);
        if (m.row !== row || typeof m.found === 'string' || m.found.op === 'FP_undefined' || m.found.op === 'COPROC') continue;
        compared++;
        const text = textOf(isWide(first) ? words : [first, 0xbf00]);
        if (isNamed(row, text)) named.add(row);
        else if (!KNOWN.some((k) => k.applies(row.name, text)) && !(text === '' && unpredictable(profile, first, second)))
          wrong.push(`${words.map((w) => w.toString(16).padStart(4, '0')).join(' ')}: we ${row.name}, Capstone ${text || 'nothing'}`);
      }
    }
    disassembler.close();
    expect(wrong.slice(0, 20)).toEqual([]);
    // none was passed over altogether
    const silent = rows.filter((row) => !named.has(row)).map((row) => row.name);
    expect(silent.filter((name) => name !== 'Coprocessor' && name !== 'FP space')).toEqual([]);
  },
  600_000,
);
