/**
 * FLASH of STM32H7 (H74x/H75x): access timing, keys, programming in 256-bit flash words, sector, bank and mass erase of two independent banks, option bytes, bank
 * swap.
 *
 * Facts: registers ST SVD with the CMSIS header's names; flash word 32 bytes, sector 128 KB, bank swap, keys (facts/STM32H745.json, HAL-H7, documented); error
 * rules RM0399 4.7 (recalled: reported), as in the H5's, whose texts are known; durations by PSIZE are parameters (DS743V, assumed).
 * Wires driven: `flash.latency`, `flash.busy` (1: bank 1, 2: bank 2, 3: both), `iwdg.hardware`, `iwdg2.hardware`, `option.<FIELD>` for each option byte.
 */
import {
  WRITE_FAULT,
  type Layout,
  type ModelFactory,
  type Register,
  type RegisterContext,
  type RegisterModel,
} from '../../emu/registers.ts';
import { swapBanks } from './flash-banks.ts';
import { placeIdentity, storeOptions } from './flash-factory.ts';
import { FLASH_KEYS, keysSeen, noteLocked, OPTION_KEYS } from './flash-keys.ts';
import { noteInterrupted, noteUnfilled, noteUnprogrammed } from './flash-reset.ts';
import { lowPowerOptions } from './flash-low-power.ts';
import { FLASH_BUSY, FLASH_LATENCY } from '../../emu/wires.ts';
import { IWDG2_HARDWARE, IWDG_HARDWARE } from '../wires.ts';
import { wire } from '../../emu/wires.ts';

export interface FlashH7Options {
  readonly memory: string;
  readonly base: number;
  readonly bankBytes: number;
  /** 2 unless said otherwise: with one, its registers and SWAP_BANK are reserved (RM0468 4, RM0433 4.3.1). */
  readonly banks?: 1 | 2;
  readonly sectorBytes: number;
  /** Memory with UID and size, and their offsets in it. */
  readonly infoMemory: string;
  readonly uidOffset: number;
  readonly sizeOffset: number;
  readonly flashKilobytes: number;
  /** `NAME` → field of this block (`OPTSR_CUR.BCM4`) and factory value. Parameter `option.NAME` overrides. */
  readonly optionBytes: Readonly<Record<string, { readonly field: string; readonly value: number }>>;
}
type Operation = { kind: 'program'; offset: number; bytes: Uint8Array } | { kind: 'erase'; offset: number; length: number };
interface BankState {
  /** Keys seen so far; -1 after a wrong one, until a reset. */
  keys: number;
  /** Write buffer; address -1 = empty, `filled` has one bit per byte. */
  buffer: Uint8Array;
  address: number;
  filled: number;
  queue: Operation[];
}
export interface FlashH7State {
  banks: BankState[];
  optKeys: number;
  /** What the option bytes hold, by *_CUR register; survives power-off. */
  options: Record<string, number>;
  loaded: boolean;
  swapped: boolean;
}
type Ctx = RegisterContext<FlashH7State>;

/** Bytes of a flash word. */
export const FLASH_WORD = 32;
const FLAGS = 0x0fef0000;
const freshBank = (): BankState => ({ keys: 0, buffer: new Uint8Array(FLASH_WORD).fill(0xff), address: -1, filled: 0, queue: [] });
/** Option registers: in force, and to be programmed. */
const PAIRS = [
  ['OPTSR_CUR', 'OPTSR_PRG'],
  ['PRAR_CUR1', 'PRAR_PRG1'],
  ['SCAR_CUR1', 'SCAR_PRG1'],
  ['SCAR_CUR2', 'SCAR_PRG2'],
  ['WPSN_CUR1R', 'WPSN_PRG1R'],
  ['WPSN_CUR2R', 'WPSN_PRG2R'],
  ['BOOT7_CUR', 'BOOT7_PRG'],
  ['BOOT4_CUR', 'BOOT4_PRG'],
] as const;

class Flash {
  private readonly o: FlashH7Options;
  private readonly layout: Layout;
  private readonly banks;
  private readonly pairs: readonly { cur: Register; prg: Register }[];
  private readonly f;
  private readonly lowPower: (c: RegisterContext<object>) => void;
  private readonly optcr: Register;

  constructor(layout: Layout, o: FlashH7Options) {
    this.o = o;
    this.layout = layout;
    const f = (path: string) => layout.field(path);
    this.banks = (o.banks === 1 ? [1] : [1, 2]).map((n) => {
      const cr = (name: string) => f(`CR${n}.${name}`);
      const sr = (name: string) => f(`SR${n}.${name}`);
      return {
        cr: layout.reg(`CR${n}`),
        sr: layout.reg(`SR${n}`),
        ccr: layout.reg(`CCR${n}`),
        keyr: layout.reg(`KEYR${n}`),
        wps: layout.reg(`WPSN_CUR${n}R`),
        lock: cr('LOCK'),
        pg: cr('PG'),
        ser: cr('SER'),
        ber: cr('BER'),
        psize: cr('PSIZE'),
        fw: cr('FW'),
        start: cr('START'),
        snb: cr('SNB'),
        bsy: sr('BSY'),
        wbne: sr('WBNE'),
        qw: sr('QW'),
        eop: sr('EOP'),
        wrperr: sr('WRPERR'),
        pgserr: sr('PGSERR'),
        strberr: sr('STRBERR'),
        incerr: sr('INCERR'),
      };
    });
    this.pairs = PAIRS.map(([cur, prg]) => ({ cur: layout.reg(cur), prg: layout.reg(prg) }));
    this.optcr = layout.reg('OPTCR');
    this.lowPower = lowPowerOptions(layout, 'OPTSR_CUR');
    this.f = {
      latency: f('ACR.LATENCY'),
      optlock: f('OPTCR.OPTLOCK'),
      optstart: f('OPTCR.OPTSTART'),
      mer: f('OPTCR.MER'),
      shown: f('OPTCR.SWAP_BANK'),
      swap: f('OPTSR_CUR.SWAP_BANK_OPT'),
      optBusy: f('OPTSR_CUR.OPT_BUSY'),
      iwdg1: f('OPTSR_CUR.IWDG1_SW'),
      iwdg2: f('OPTSR_CUR.IWDG2_SW'),
    };
  }

  private flag(c: Ctx, bank: number, mask: number): void {
    const b = this.banks[bank]!;
    c.put(b.sr, c.get(b.sr) | mask);
    this.interrupt(c);
  }
  private interrupt(c: Ctx): void {
    c.env.irq(
      0,
      this.banks.some((b) => (c.get(b.sr) & c.get(b.cr) & FLAGS) !== 0),
    );
  }
  /** Half of the address range in which a bank (0, 1) appears, and back: the same exchange. */
  private half(c: Ctx, bank: number): number {
    return c.s.swapped ? 1 - bank : bank;
  }
  private isProtected(c: Ctx, bank: number, sector: number): boolean {
    return ((c.get(this.banks[bank]!.wps) >>> sector) & 1) === 0;
  }
  private duration(c: Ctx, bank: number, op: Operation): number {
    const psize = this.banks[bank]!.psize.get(c);
    const kind = op.kind === 'program' ? 'program' : op.length > this.o.sectorBytes ? 'erase.bank' : 'erase.sector';
    return c.env.parameter(`flash.${kind}.x${8 << psize}.ps`) ?? 0;
  }
  private start(c: Ctx, bank: number, op: Operation): void {
    const { queue } = c.s.banks[bank]!;
    queue.push(op);
    if (queue.length === 1) c.env.arm(`bank${bank + 1}`, c.env.now() + this.duration(c, bank, op));
    this.show(c);
  }
  private show(c: Ctx): void {
    this.banks.forEach((b, i) => {
      const busy = c.s.banks[i]!.queue.length > 0 ? 1 : 0;
      b.bsy.set(c, busy);
      b.qw.set(c, busy);
      b.wbne.set(c, c.s.banks[i]!.address >= 0 ? 1 : 0);
    });
    const busy = (bank: number): number => (c.s.banks[bank]?.queue.length ? (this.o.banks === 1 ? 3 : 1 << this.half(c, bank)) : 0);
    c.env.setWire(FLASH_BUSY, busy(0) | busy(1));
  }

  /** Bus write to the flash. */
  program(c: Ctx, address: number, size: number, value: number): number {
    const offset = address - this.o.base;
    const bank = this.half(c, offset >= this.o.bankBytes ? 1 : 0);
    const b = this.banks[bank]!;
    const s = c.s.banks[bank]!;
    const at = `0x${address.toString(16).padStart(8, '0')}`;
    if (b.lock.get(c) || !b.pg.get(c) || b.ser.get(c) || b.ber.get(c)) {
      c.env.note('guest', `flash written at ${at} without FLASH_CR${bank + 1} unlocked and PG alone set: PGSERR`);
      this.flag(c, bank, b.pgserr.mask);
      return 0;
    }
    const sector = Math.floor((offset % this.o.bankBytes) / this.o.sectorBytes);
    if (this.isProtected(c, bank, sector)) {
      this.flag(c, bank, b.wrperr.mask);
      return 0;
    }
    const word = offset - (offset % FLASH_WORD);
    if (s.address === -1) {
      s.address = word;
      s.filled = 0;
      s.buffer.fill(0xff);
    } else if (s.address !== word) {
      c.env.note('guest', `flash write to another flash word (${at}) while one is half filled: INCERR`);
      this.flag(c, bank, b.incerr.mask);
      return 0;
    }
    const lanes = (((1 << size) - 1) << (offset - word)) >>> 0;
    if ((s.filled & lanes) !== 0) {
      c.env.note('guest', `the same byte of the flash write buffer written twice (${at}): STRBERR`);
      this.flag(c, bank, b.strberr.mask);
      return 0;
    }
    for (let i = 0; i < size; i++) s.buffer[offset - word + i] = (value >>> (8 * i)) & 0xff;
    s.filled = (s.filled | lanes) >>> 0;
    if (s.filled === 0xffffffff) this.flush(c, bank);
    else this.show(c);
    return 0;
  }
  private flush(c: Ctx, bank: number): void {
    const s = c.s.banks[bank]!;
    const op: Operation = { kind: 'program', offset: s.address, bytes: s.buffer.slice() };
    s.address = -1;
    s.filled = 0;
    this.start(c, bank, op);
  }

  private carryOut(c: Ctx, op: Operation): void {
    if (op.kind === 'erase') return c.env.pokeMemory(this.o.memory, op.offset, new Uint8Array(op.length).fill(0xff));
    const old = c.env.peekMemory(this.o.memory, op.offset, op.bytes.length);
    const bytes = op.bytes.map((b, i) => b & old[i]!);
    if (old.some((b) => b !== 0xff) && bytes.some((b, i) => b !== old[i]))
      c.env.note(
        'guest',
        `flash word at 0x${(this.o.base + op.offset).toString(16).padStart(8, '0')} programmed without an erase: bits only fall, and its ECC no longer fits on silicon`,
      );
    c.env.pokeMemory(this.o.memory, op.offset, bytes);
  }
  onTimer(c: Ctx, timer: string): void {
    if (timer === 'options') return this.optionsDone(c);
    const bank = timer === 'bank2' ? 1 : 0;
    const { queue } = c.s.banks[bank]!;
    const op = queue.shift();
    if (op) this.carryOut(c, op);
    const next = queue[0];
    if (next) c.env.arm(timer, c.env.now() + this.duration(c, bank, next));
    if (op?.kind === 'erase') {
      this.banks[bank]!.start.set(c, 0);
      if (this.banks.every((_b, i) => c.s.banks[i]!.queue.length === 0)) this.f.mer.set(c, 0);
    }
    this.show(c);
    this.flag(c, bank, this.banks[bank]!.eop.mask);
  }

  private erase(c: Ctx, bank: number, whole: boolean): void {
    const b = this.banks[bank]!;
    const sectors = this.o.bankBytes / this.o.sectorBytes;
    const first = whole ? 0 : b.snb.get(c);
    const last = whole ? sectors - 1 : first;
    const protectedOne = Array.from({ length: last - first + 1 }, (_, i) => first + i).some((n) => this.isProtected(c, bank, n));
    if (protectedOne) {
      b.start.set(c, 0);
      return this.flag(c, bank, b.wrperr.mask);
    }
    const base = this.half(c, bank) * this.o.bankBytes;
    this.start(c, bank, { kind: 'erase', offset: base + first * this.o.sectorBytes, length: (last - first + 1) * this.o.sectorBytes });
  }
  private startErase(c: Ctx, bank: number): void {
    const b = this.banks[bank]!;
    // BER wins over SER: RM0399 4.3.10 (recalled).
    if ((!b.ser.get(c) && !b.ber.get(c)) || b.pg.get(c) || c.s.banks[bank]!.queue.length > 0) {
      b.start.set(c, 0);
      c.env.note('guest', `FLASH_CR${bank + 1}.START without SER or BER, with PG, or while busy: PGSERR`);
      return this.flag(c, bank, b.pgserr.mask);
    }
    // SNB has three bits on all parts, H750 one sector; what the chip does with the others is not written (assumed: as H5 and F4).
    const sector = b.snb.get(c);
    if (!b.ber.get(c) && sector >= this.o.bankBytes / this.o.sectorBytes) {
      b.start.set(c, 0);
      c.env.note('guest', `FLASH_CR${bank + 1}.START with SNB = ${sector}, a sector that does not exist: PGSERR`);
      return this.flag(c, bank, b.pgserr.mask);
    }
    this.erase(c, bank, b.ber.get(c) === 1);
  }

  private optionsDone(c: Ctx): void {
    for (const { cur, prg } of this.pairs) {
      const value = cur.name === 'OPTSR_CUR' ? c.get(prg) & ~this.f.optBusy.mask : c.get(prg);
      c.s.options[cur.name] = value >>> 0;
      c.put(cur, value >>> 0);
    }
    this.f.optBusy.set(c, 0);
    this.f.optstart.set(c, 0);
    this.drive(c);
  }
  private drive(c: Ctx): void {
    for (const { field } of Object.values(this.o.optionBytes))
      c.env.setWire(wire(`option.${field.slice(field.indexOf('.') + 1)}`), this.layout.field(field).get(c));
  }

  private unlock(c: Ctx, r: Register, raw: number): number {
    const bank = this.banks.findIndex((b) => b.keyr === r);
    const option = bank < 0;
    const lock = option ? this.f.optlock : this.banks[bank]!.lock;
    const seen = keysSeen(option ? c.s.optKeys : c.s.banks[bank]!.keys, raw, option ? OPTION_KEYS : FLASH_KEYS, true);
    if (option) c.s.optKeys = seen;
    else c.s.banks[bank]!.keys = seen;
    if (seen !== 1) lock.set(c, seen === 0 ? 0 : 1);
    if (seen >= 0) return 0;
    c.env.note('guest', `FLASH_${r.name}: wrong key: locked until the next reset`, { is: 'lost', why: 'key' });
    return WRITE_FAULT;
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const f = this.f;
    if (r.name === 'OPTKEYR' || this.banks.some((b) => b.keyr === r)) return this.unlock(c, r, raw);
    for (const b of this.banks) {
      if (r === b.cr) {
        // START falls by itself only. LOCK is set by software, cleared by the keys.
        if (!b.lock.get(c)) return merged | (c.get(r) & b.start.mask);
        if (merged !== c.get(r)) c.env.note('guest', `FLASH_${r.name} written while locked: ignored`, { is: 'locked', lock: 'LOCK' });
        return c.get(r);
      }
      if (r === b.ccr) {
        c.put(b.sr, c.get(b.sr) & ~(raw & FLAGS));
        this.interrupt(c);
        return 0;
      }
    }
    if (r === this.optcr) return f.optlock.get(c) ? c.get(r) : (merged & ~f.shown.mask) | (c.get(r) & (f.optstart.mask | f.shown.mask));
    if (this.pairs.some((p) => p.prg === r) && (f.optlock.get(c) || f.optstart.get(c))) {
      if (merged !== c.get(r)) noteLocked(c, r, f.optlock.get(c) ? 'OPTLOCK' : 'OPTSTART');
      return c.get(r);
    }
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    const f = this.f;
    if (r === f.latency.register) c.env.setWire(FLASH_LATENCY, f.latency.get(c));
    this.banks.forEach((b, i) => {
      if (r !== b.cr) return;
      this.interrupt(c);
      if (b.fw.of(value)) {
        b.fw.set(c, 0);
        if (c.s.banks[i]!.address !== -1) this.flush(c, i);
      }
      if (b.start.of(value) && !b.start.of(old)) this.startErase(c, i);
    });
    if (r !== this.optcr) return;
    if (f.optstart.of(value) && !f.optstart.of(old)) {
      f.optBusy.set(c, 1);
      c.env.arm('options', c.env.now() + (c.env.parameter('flash.options.ps') ?? 0));
    }
    if (f.mer.of(value) && !f.mer.of(old))
      this.banks.forEach((b, i) => {
        if (!b.lock.get(c)) this.erase(c, i, true);
      });
  }

  private isSwapped(option: number): boolean {
    return this.banks.length > 1 && option === 1;
  }
  private initialise(c: Ctx): void {
    storeOptions(c, this.layout, this.o.optionBytes, c.s.options);
    c.s.loaded = true;
    c.s.swapped = this.isSwapped(this.f.swap.of(c.s.options['OPTSR_CUR'] ?? 0));
    placeIdentity(c, this.o.infoMemory, this.o);
  }
  /** What was written and is not programmed when a reset comes. */
  beforeReset(c: Ctx): void {
    if (!c.s.loaded) return;
    const options = this.pairs.map(({ cur, prg }) => ({ register: prg, programmed: c.s.options[cur.name] ?? 0 }));
    noteUnprogrammed(c, options, 'OPTCR.OPTSTART', this.f.optstart.get(c) === 1);
  }
  onReset(c: Ctx): void {
    if (c.s.banks.some((b) => b.queue.length > 0)) noteInterrupted(c);
    for (const bank of c.s.banks) if (bank.address !== -1) noteUnfilled(c, this.o.base + bank.address, FLASH_WORD);
    for (const timer of ['bank1', 'bank2', 'options']) c.env.disarm(timer);
    c.s.banks = [freshBank(), freshBank()];
    c.s.optKeys = 0;
    if (!c.s.loaded) this.initialise(c);
    for (const { cur, prg } of this.pairs) {
      c.put(cur, c.s.options[cur.name] ?? 0);
      c.put(prg, c.s.options[cur.name] ?? 0);
    }
    const swap = this.isSwapped(this.f.swap.get(c));
    swapBanks(c, this.o, swap);
    this.f.shown.set(c, swap ? 1 : 0);
    c.env.setWire(IWDG_HARDWARE, this.f.iwdg1.get(c) ? 0 : 1);
    this.lowPower(c);
    c.env.setWire(IWDG2_HARDWARE, this.f.iwdg2.get(c) ? 0 : 1);
    c.env.setWire(FLASH_LATENCY, this.f.latency.get(c));
    this.drive(c);
    this.show(c);
    this.interrupt(c);
  }
}

export const flashH7: ModelFactory<FlashH7Options> = (layout, options): RegisterModel<FlashH7State> => {
  const flash = new Flash(layout, options);
  const modelled = ['ACR', 'OPTKEYR', 'OPTCR', ...[1, 2].flatMap((n) => [`KEYR${n}`, `CR${n}`, `SR${n}`, `CCR${n}`]), ...PAIRS.flat()];
  return {
    timers: ['bank1', 'bank2', 'options'],
    about: {
      source: 'RM0399 4 (error rules recalled), HAL-H7',
      confidence: 'reported',
      lacks: [
        'ECC faults',
        'CRC unit',
        'PCROP, secure areas, effects of read-out protection',
        'write suspension by FW in the middle of a word',
        'mirrored registers at 0x100 that both banks share',
      ],
    },
    modelled,
    writable: {
      // The SVD has them read-write or the other way round; status and keys are the hardware's, what is in force changes by OPTSTART only.
      KEYR1: 0,
      KEYR2: 0,
      OPTKEYR: 0,
      SR1: 0,
      SR2: 0,
      CCR1: 0,
      CCR2: 0,
      ...Object.fromEntries(PAIRS.map(([cur]) => [cur, 0])),
      BOOT7_PRG: 0xffffffff,
    },
    resets: {
      // Locked after reset (RM0399 FLASH_CR1, FLASH_OPTCR); the SVD prints 0.
      CR1: 0x31,
      CR2: 0x31,
      OPTCR: 1,
    },
    create: () => ({ banks: [freshBank(), freshBank()], optKeys: 0, options: {}, loaded: false, swapped: false }),
    beforeReset: (c) => flash.beforeReset(c),
    onReset: (c) => flash.onReset(c),
    onTimer: (c, timer) => flash.onTimer(c, timer),
    write: (c, r, merged, raw) => flash.write(c, r, merged, raw),
    wrote: (c, r, value, old) => flash.wrote(c, r, value, old),
    program: (c, address, size, value) => flash.program(c, address, size, value),
  };
};
