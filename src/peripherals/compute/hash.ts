/**
 * HASH of STM32H5: digests of SHA-1 and SHA-2 over what is written to DIN, all data types, number of valid bits, DCIS, DINIS, BUSY, interrupts, DMA requests.
 *
 * Facts: registers ST SVD; RM0481 HASH (documented); 66 clocks of HCLK a block (assumed: as F4's for SHA-256), the result comes with the last.
 * DMA: `hash.dma.in` is 1 while words are wanted. The digests themselves are @noble/hashes'.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from '@noble/hashes/sha2.js';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { reversed } from '../bits.ts';
import { HASH_DMA_IN } from '../wires.ts';

export interface HashState {
  /** Words of the message, as written. */
  words: number[];
}
type Ctx = RegisterContext<HashState>;
type Digest = (message: Uint8Array) => Uint8Array;

/** CR.ALGO. */
const ALGORITHMS: Readonly<Record<number, Digest>> = {
  0: sha1,
  2: sha224,
  3: sha256,
  12: sha384,
  13: sha512_224,
  14: sha512_256,
  15: sha512,
};
const SR = { DINIS: 1, DCIS: 2, DMAS: 4, BUSY: 8 };
const BLOCK_CLOCKS = 66;
const WORDS_IN_A_BLOCK = 16;

/** Bytes of the message in a word, by DATATYPE: words, half-words, bytes, bits. */
function bytesOf(word: number, type: number): readonly number[] {
  const b = [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff);
  if (type === 0) return b;
  if (type === 1) return [b[2]!, b[3]!, b[0]!, b[1]!];
  if (type === 2) return b.reverse();
  return b.reverse().map((byte) => reversed(byte, 8));
}

class Hash {
  readonly cr: Register;
  private readonly din: Register;
  private readonly str: Register;
  private readonly imr: Register;
  readonly sr: Register;
  private readonly results: readonly Register[];
  private readonly init: Field;
  private readonly algo: Field;
  private readonly type: Field;
  private readonly dmae: Field;
  private readonly dcal: Field;
  private readonly nblw: Field;

  constructor(layout: Layout) {
    [this.cr, this.din, this.str, this.imr, this.sr] = ['CR', 'DIN', 'STR', 'IMR', 'SR'].map((n) => layout.reg(n)) as [
      Register,
      Register,
      Register,
      Register,
      Register,
    ];
    this.results = layout.registers.filter((r) => r.fields.some((f) => /^H\d+$/.test(f.name)));
    [this.init, this.algo, this.type, this.dmae] = [
      layout.field('CR.INIT'),
      layout.field('CR.ALGO'),
      layout.field('CR.DATATYPE'),
      layout.field('CR.DMAE'),
    ];
    [this.dcal, this.nblw] = [layout.field('STR.DCAL'), layout.field('STR.NBLW')];
  }
  sync(c: Ctx): void {
    const busy = (c.get(this.sr) & SR.BUSY) !== 0;
    c.env.setWire(HASH_DMA_IN, this.dmae.get(c) && !busy ? 1 : 0);
    c.env.irq(0, (c.get(this.sr) & c.get(this.imr) & 3) !== 0);
  }
  private message(c: Ctx): Uint8Array {
    const { words } = c.s;
    const bytes = words.flatMap((w) => bytesOf(w, this.type.get(c)));
    const bits = this.nblw.get(c);
    // NBLW valid bits in the last word; 0 = all of it.
    return Uint8Array.from(bits === 0 ? bytes : bytes.slice(0, (words.length - 1) * 4 + Math.ceil(bits / 8)));
  }
  private start(c: Ctx): void {
    c.put(this.sr, (c.get(this.sr) | SR.BUSY) & ~SR.DCIS);
    const blocks = (c.s.words.length % WORDS_IN_A_BLOCK) / WORDS_IN_A_BLOCK + 1;
    c.env.arm('digest', c.env.clockTimeOf('hclk', c.env.clockCount('hclk') + Math.ceil(blocks) * BLOCK_CLOCKS));
  }
  finish(c: Ctx): void {
    const digest = (ALGORITHMS[this.algo.get(c)] ?? sha256)(this.message(c));
    for (const r of this.results) {
      const i = 4 * Number(/\d+$/.exec(r.fields[0]!.name)![0]);
      const word = i + 4 <= digest.length ? (digest[i]! << 24) | (digest[i + 1]! << 16) | (digest[i + 2]! << 8) | digest[i + 3]! : 0;
      c.put(r, word >>> 0);
    }
    c.s.words = [];
    c.put(this.sr, (c.get(this.sr) & ~SR.BUSY) | SR.DCIS | SR.DINIS);
    this.sync(c);
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.sr) return c.get(r) & (raw | ~(SR.DINIS | SR.DCIS));
    if (r === this.din) {
      c.s.words.push(raw);
      return raw;
    }
    if (r === this.str) {
      if (this.dcal.of(raw)) {
        c.put(r, merged & this.nblw.mask);
        this.start(c);
      }
      return merged & ~this.dcal.mask;
    }
    if (r !== this.cr || !this.init.of(raw)) return;
    c.s.words = [];
    c.env.disarm('digest');
    c.put(this.sr, (c.get(this.sr) | SR.DINIS) & ~(SR.DCIS | SR.BUSY));
    return merged & ~this.init.mask;
  }
  reset(c: Ctx): void {
    c.s.words = [];
    c.env.disarm('digest');
    this.sync(c);
  }
}

export const hash: ModelFactory = (layout): RegisterModel<HashState> => {
  const block = new Hash(layout);
  return {
    timers: ['digest'],
    clocks: ['hclk'],
    about: {
      source: 'RM0481 HASH; 66 clocks a block (assumed)',
      confidence: 'documented',
      lacks: ['HMAC', 'saving and restoring of contexts', 'numbers of words in the FIFO', 'message lengths that are not whole bytes'],
    },
    modelled: layout.registers.filter((r) => !/^CSR/.test(r.name)).map((r) => r.name),
    create: () => ({ words: [] }),
    onReset: (c) => block.reset(c),
    onTimer: (c) => block.finish(c),
    write: (c, r, merged, raw) => block.write(c, r, merged, raw),
    wrote: (c) => block.sync(c),
  };
};
