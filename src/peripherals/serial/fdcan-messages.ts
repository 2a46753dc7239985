/**
 * FDCAN's message RAM: where its sections lie, how their elements look, and which filter takes a frame.
 *
 * Facts: RM0440 44.3.3 (G0, G4, H5, U5: a fixed place for everything) and RM0399 57.4.22 (H7: places and sizes by registers); documented.
 */
import type { CanFrame } from '../pins/board-wires.ts';
import type { Layout, Register, RegisterContext } from '../../emu/registers.ts';

type Ctx = RegisterContext<object>;

/** Elements in a row, in bytes. */
interface Section {
  readonly first: number;
  readonly count: number;
  readonly step: number;
}
export interface MessageRamOptions {
  /** Memory that holds the messages, and where in it this block's part begins. */
  readonly ram: string;
  readonly at: number;
}
/** Receive FIFO that a frame goes to, with R1's bits of the filter that took it; null: none takes it. */
interface Taken {
  readonly fifo: 0 | 1;
  readonly bits: number;
}

const [HEADER, DATA_64] = [8, 64];
const FIXED = {
  filters: { first: 0, step: 4 },
  extendedFilters: { first: 0x70, step: 8 },
  fifos: [0xb0, 0x188],
  fifoDepth: 3,
  tx: { first: 0x278, count: 3, step: HEADER + DATA_64 },
} as const;
const DATA_BYTES = [8, 12, 16, 20, 24, 32, 48, DATA_64] as const;
/** Bytes of a frame by its DLC. */
export const bytesOfDlc = (dlc: number): number => (dlc <= 8 ? dlc : DATA_BYTES[dlc - 8]!);
/** Of R0 and T0; of R1 and T1. */
const [XTD, RTR] = [1 << 30, 1 << 29];
export const [FDF, BRS] = [1 << 21, 1 << 20];
const ANY_FILTER = 0x80000000;
/** Of the frame's identifier word, as bxCAN's mailboxes have it. */
const [WIRE_EXTENDED, WIRE_REMOTE] = [4, 2];

export class MessageRam {
  private readonly options: MessageRamOptions;
  /** Whose place is fixed. */
  readonly fixed: boolean;
  private readonly at: (offset: number) => Register;
  private readonly xidam: Register;

  constructor(layout: Layout, options: MessageRamOptions) {
    this.options = options;
    this.fixed = layout.has('RXGFC');
    this.at = (offset) => layout.at(offset)!;
    this.xidam = layout.reg('XIDAM');
  }
  /** H7's registers may name places behind the end: they read 0 and take nothing (assumed; silicon raises IR.MRAF). */
  private word(c: Ctx, offset: number): number {
    const bytes = c.env.peekMemory(this.options.ram, this.options.at + offset, 4);
    return bytes.length < 4 ? 0 : new DataView(bytes.buffer).getUint32(0, true);
  }

  // ---- Sections
  fifo(c: Ctx, n: 0 | 1): Section {
    if (this.fixed) return { first: FIXED.fifos[n], count: FIXED.fifoDepth, step: HEADER + DATA_64 };
    const config = c.get(this.at(0xa0 + 16 * n));
    return {
      first: config & 0xfffc,
      count: Math.min(64, (config >>> 16) & 0x7f),
      step: HEADER + DATA_BYTES[(c.get(this.at(0xbc)) >>> (4 * n)) & 7]!,
    };
  }
  /** A full FIFO overwrites its oldest frame. */
  overwrites(c: Ctx, n: 0 | 1): boolean {
    return this.fixed ? ((c.get(this.at(0x80)) >>> (9 - n)) & 1) === 1 : c.get(this.at(0xa0 + 16 * n)) >>> 31 === 1;
  }
  private tx(c: Ctx): Section {
    if (this.fixed) return FIXED.tx;
    return { first: c.get(this.at(0xc0)) & 0xfffc, count: 32, step: HEADER + DATA_BYTES[c.get(this.at(0xc8)) & 7]! };
  }
  private filters(c: Ctx, extended: boolean): Section {
    if (this.fixed) {
      const lengths = c.get(this.at(0x80));
      return extended
        ? { ...FIXED.extendedFilters, count: Math.min(8, (lengths >>> 24) & 15) }
        : { ...FIXED.filters, count: Math.min(28, (lengths >>> 16) & 31) };
    }
    const config = c.get(this.at(extended ? 0x88 : 0x84));
    return { first: config & 0xfffc, count: Math.min(extended ? 64 : 128, (config >>> 16) & 0xff), step: extended ? 8 : 4 };
  }

  // ---- Elements
  /** Puts a frame into an element; `more` are R1's bits beside the DLC. */
  store(c: Ctx, n: 0 | 1, index: number, frame: CanFrame, more: number): void {
    const { first, step } = this.fifo(c, n);
    const [id, length, low, high] = frame;
    const remote = id & WIRE_REMOTE ? RTR : 0;
    const r0 = (id & WIRE_EXTENDED ? (id >>> 3) | XTD : (id >>> 21) << 18) | remote;
    const element = new DataView(new ArrayBuffer(HEADER + 8));
    [r0, more | (Math.min(8, length) << 16), low, high].forEach((value, i) => element.setUint32(4 * i, value >>> 0, true));
    const { ram } = this.options;
    const at = this.options.at + first + index * step;
    const room = c.env.peekMemory(ram, at, element.byteLength).length;
    if (room > 0) c.env.pokeMemory(ram, at, new Uint8Array(element.buffer, 0, room));
  }
  /** The frame in a Tx buffer with the number of its bytes, of which the first eight are told, and T1. */
  load(c: Ctx, buffer: number): { readonly frame: CanFrame; readonly t1: number } {
    const { first, step } = this.tx(c);
    const [t0, t1, low, high] = [0, 4, 8, 12].map((o) => this.word(c, first + buffer * step + o)) as [number, number, number, number];
    const id = t0 & XTD ? (t0 & 0x1fffffff) * 8 + WIRE_EXTENDED : (((t0 >>> 18) & 0x7ff) << 21) >>> 0;
    const remote = t0 & RTR ? WIRE_REMOTE : 0;
    return { frame: [id + remote, bytesOfDlc((t1 >>> 16) & 15), low >>> 0, high >>> 0], t1 };
  }

  // ---- Filters
  /** The first filter that knows the identifier decides, and if none does RXGFC or GFC. */
  taken(c: Ctx, id: number): Taken | null {
    const extended = (id & WIRE_EXTENDED) !== 0;
    const global = c.get(this.at(0x80));
    if (id & WIRE_REMOTE && (global >>> (extended ? 0 : 1)) & 1) return null;
    const { first, count, step } = this.filters(c, extended);
    for (let i = 0; i < count; i++) {
      const action = this.filtered(c, first + i * step, extended ? id >>> 3 : id >>> 21, extended);
      if (action !== null) return action === 0 ? null : { fifo: (action - 1) as 0 | 1, bits: i << 24 };
    }
    const others = (global >>> (extended ? 2 : 4)) & 3;
    return others > 1 ? null : { fifo: others as 0 | 1, bits: ANY_FILTER };
  }
  /** What the filter at this place does with an identifier: 0 rejects it, 1 and 2 are FIFO 0 and 1; null: it does not know it. */
  private filtered(c: Ctx, at: number, id: number, extended: boolean): 0 | 1 | 2 | null {
    const f0 = this.word(c, at);
    const f1 = extended ? this.word(c, at + 4) : 0;
    const config = extended ? f0 >>> 29 : (f0 >>> 27) & 7;
    const type = extended ? f1 >>> 30 : f0 >>> 30;
    const [id1, id2] = extended ? [f0 & 0x1fffffff, f1 & 0x1fffffff] : [(f0 >>> 16) & 0x7ff, f0 & 0x7ff];
    if (config === 0 || config === 4 || config === 7) return null;
    // Type 3: standard ones are disabled; extended ones are a range that XIDAM does not mask.
    if (type === 3 && !extended) return null;
    const masked = extended && type !== 3 ? id & c.get(this.xidam) : id;
    return knows(type, id1, id2, masked) ? ([0, 1, 2, 0, 0, 1, 2][config] as 0 | 1 | 2) : null;
  }
}

/** A range, two identifiers, or one with a mask. */
function knows(type: number, id1: number, id2: number, id: number): boolean {
  if (type === 1) return id === id1 || id === id2;
  return type === 2 ? ((id ^ id1) & id2) === 0 : id >= id1 && id <= id2;
}
