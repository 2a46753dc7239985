/**
 * CRC calculation unit: polynomials of 7, 8, 16 and 32 bits, bytes, half-words and words, reversal of input and output; the older one (F4) with words and the Ethernet
 * polynomial only.
 *
 * Facts: registers ST SVD; RM0351 16, RM0090 4 (documented). REV_OUT reverses within the width of the polynomial (inferred from CRC-16 firmware that runs).
 */
import { reversed } from '../bits.ts';
import type { Field, ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';

export interface CrcState {
  /** Remainder, as without REV_OUT. */
  crc: number;
}
type Ctx = RegisterContext<CrcState>;

const ETHERNET = 0x04c11db7;
const POLY_BITS = [32, 16, 8, 7] as const;
/** Width in bits within which REV_IN reverses; 0 = not at all. */
const REVERSED = [0, 8, 16, 32] as const;

/** What a byte that goes leaves, by polynomial (its highest bit is bit 31): units are fed by the megabyte. */
const tables = new Map<number, Uint32Array>();
const MOST_TABLES = 16;
function tableOf(poly: number): Uint32Array {
  let table = tables.get(poly);
  if (table) return table;
  table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte << 24;
    for (let bit = 0; bit < 8; bit++) rest = rest < 0 ? (rest << 1) ^ poly : rest << 1;
    return rest;
  });
  // firmware that tries one after the other
  if (tables.size >= MOST_TABLES) tables.clear();
  tables.set(poly, table);
  return table;
}

export const crc: ModelFactory = (layout): RegisterModel<CrcState> => {
  const optional = (path: string): Field | null => (layout.hasField(path) ? layout.field(path) : null);
  const DR = layout.reg('DR');
  const CR = layout.reg('CR');
  const RESET = layout.field('CR.RESET');
  const [POLYSIZE, REV_IN, REV_OUT] = [optional('CR.POLYSIZE'), optional('CR.REV_IN'), optional('CR.REV_OUT')];
  const INIT = layout.has('INIT') ? layout.reg('INIT') : null;
  const POL = layout.has('POL') ? layout.reg('POL') : null;

  const width = (c: Ctx): number => POLY_BITS[POLYSIZE?.get(c) ?? 0]!;
  const mask = (c: Ctx): number => (width(c) === 32 ? 0xffffffff : (1 << width(c)) - 1);
  const output = (c: Ctx): number => (REV_OUT?.get(c) ? reversed(c.s.crc, width(c)) : c.s.crc);
  const initialise = (c: Ctx): void => {
    c.s.crc = ((INIT ? c.get(INIT) : 0xffffffff) & mask(c)) >>> 0;
  };
  const feed = (c: Ctx, data: number, bits: number): void => {
    const unit = Math.min(REVERSED[REV_IN?.get(c) ?? 0]!, bits);
    let value = data;
    if (unit > 0) {
      value = 0;
      for (let at = 0; at < bits; at += unit) value |= reversed((data >>> at) & (unit === 32 ? ~0 : (1 << unit) - 1), unit) << at;
    }
    const poly = POL ? c.get(POL) : ETHERNET;
    const n = width(c);
    // at the top of the word, so that a byte that goes is the same eight bits for each width
    let rest = c.s.crc << (32 - n);
    const table = tableOf((poly << (32 - n)) >>> 0);
    for (let at = bits - 8; at >= 0; at -= 8) rest = (rest << 8) ^ table[((rest >>> 24) ^ (value >>> at)) & 0xff]!;
    c.s.crc = rest >>> (32 - n);
  };
  return {
    about: {
      source: 'RM0351 16, RM0090 4',
      confidence: 'documented',
      lacks: ['the clocks that a calculation holds the bus'],
    },
    modelled: 'all',
    create: () => ({ crc: 0xffffffff }),
    onReset: (c) => initialise(c),
    write: (c, r, merged, raw, lanes) => {
      // The RESET bit is a command and reads 0.
      if (r === CR) {
        c.put(CR, merged & ~RESET.mask);
        if (raw & RESET.mask) initialise(c);
        return merged & ~RESET.mask;
      }
      if (r !== DR) return;
      const bits = INIT ? (lanes === 0xff ? 8 : lanes === 0xffff ? 16 : 32) : 32;
      feed(c, raw, bits);
      return output(c);
    },
    wrote: (c, r) => {
      // RM0351 16.3.3: a write to INIT also loads it.
      if (r === INIT) initialise(c);
      if (r !== DR) c.put(DR, output(c));
    },
  };
};
