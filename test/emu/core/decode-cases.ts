/** Which encodings exist: our decoder against Unicorn. Used by decode.test.ts and tools/verify-cores.ts. */
import type { Profile } from '../../../src/emu/core/builder.ts';
import { Decoder } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import { theirs } from './outcomes.ts';
import { CODE, DATA, PC, SLOT_BYTES, SLOTS, Unicorn, XPSR } from './unicorn.ts';
import { harmsUnicorn, knownDifference } from './unicorn-known.ts';

/** First half-words from here on start a 32-bit instruction. */
export const WIDE = 0xe800;

export function disagreements(profile: Profile, encodings: readonly (readonly [number, number])[]): string[] {
  const found: string[] = [];
  for (let from = 0; from < encodings.length; from += SLOTS - 1)
    found.push(...disagreementsOf(profile, encodings.slice(from, from + SLOTS - 1)));
  return found.slice(0, 40);
}
function disagreementsOf(profile: Profile, encodings: readonly (readonly [number, number])[]): string[] {
  const decoder = new Decoder(profile);
  const found: string[] = [];
  const uc = new Unicorn(profile);
  // all code is there before the first run: a branch may translate any slot
  const code = new Uint16Array((SLOTS * SLOT_BYTES) / 2).fill(0xe7fe);
  encodings.forEach((e, slot) => code.set(e, (slot * SLOT_BYTES) / 2));
  uc.write(CODE, new Uint8Array(code.buffer));
  encodings.forEach(([first, second], slot) => {
    const c = decoder.classify(first, second);
    if (c === 'unpredictable' || harmsUnicorn(profile, [first])) return;
    const decoded = c === 'undefined' ? null : c.decoded;
    // the floating-point space is compared by its own test
    if (profile.fpu !== 'none' && (first & 0xec00) === 0xec00 && ((second >>> 9) & 7) === 5) return;
    uc.registers.fill(DATA + 0x1000);
    uc.registers[PC] = CODE + slot * SLOT_BYTES;
    uc.registers[XPSR] = 0;
    const before = uc.registers.slice();
    const its = theirs(uc.run(1));
    const mine = decoded && decoded.op !== 'UDF' ? 'ok' : 'undefined';
    if ((its === 'undefined') === (mine === 'undefined')) return;
    // BX and BLX to an even address
    if (decoded && ['BX', 'BLX', 'LDR_pc', 'LDM_pc'].includes(decoded.op)) return;
    if (knownDifference({ profile, words: [first, second], decoded, before, mine, its, problems: [] })) return;
    found.push(
      `${first.toString(16)} ${second.toString(16).padStart(4, '0')}: we ${decoded ? JSON.stringify(decoded) : 'undefined'}, Unicorn ${its}`,
    );
  });
  uc.close();
  return found;
}

/**
 * The 32-bit space in steps: register fields of the first half-word, and the low field of the second, take R0, R1, SP and PC only; everything else
 * takes every value. `part` counts the first half-words.
 */
const REGISTERS = [0, 1, 13, 15];
export const WIDE_PARTS = (0x1800 / 16) * REGISTERS.length;
export function widePart(part: number): [number, number][] {
  const first = WIDE + Math.floor(part / REGISTERS.length) * 16 + REGISTERS[part % REGISTERS.length]!;
  const list: [number, number][] = [];
  for (let high = 0; high < 0x1000; high++) for (const low of REGISTERS) list.push([first, (high << 4) | low]);
  return list;
}
