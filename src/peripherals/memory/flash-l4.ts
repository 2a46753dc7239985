/**
 * FLASH of STM32L4, L4+, G4, WB, G0 and C0 (these two without data cache): access timing register, keys, double-word and fast programming, page, bank and mass erase, option bytes with OBL_LAUNCH, bank
 * mapping, OTP. The caches themselves belong to the core (emu/core/caches/flash-cache.ts).
 *
 * Facts: registers ST SVD; keys, units, flag rules: RM0351 3.3 and HAL-L4 hal_flash.c (documented as far as quoted there; else assumed); EOP and OPERR rise only
 * with their interrupt enables: RM0351 FLASH_SR. Option registers show what was loaded last; a system reset brings that back (reported, community.st.com td-p/44218).
 * Durations are parameters.
 * Wires driven: `flash.latency`, `flash.prefetch`, `art.icache`, `art.dcache`, `art.icache.reset`, `art.dcache.reset`, `flash.busy` (1: lower half, 2: upper half, 3: both are being written),
 * `iwdg.hardware`, `wwdg.hardware` (option bytes). Wires read: `flash.swap` (SYSCFG FB_MODE: the banks change places), `reset.cause`.
 */
import { RESET_CAUSES, type ResetKind } from '../../emu/component.ts';
import {
  type Field,
  type Layout,
  type ModelFactory,
  type Register,
  type RegisterContext,
  type RegisterModel,
} from '../../emu/registers.ts';
import { swapBanks } from './flash-banks.ts';
import { driveArt } from './flash-art.ts';
import { placeIdentity, storeOptions } from './flash-factory.ts';
import { noteLocked, writeKey } from './flash-keys.ts';
import { abandon, noteUnfilled, noteUnprogrammed } from './flash-reset.ts';
import { SecurableMemory, type SecurableState } from './flash-securable.ts';
import { lowPowerOptions } from './flash-low-power.ts';
import { FLASH_BUSY, ART_ICACHE, RESET_CAUSE } from '../../emu/wires.ts';
import { FLASH_SWAP, IWDG_HARDWARE, WWDG_HARDWARE } from '../wires.ts';

export interface FlashL4Options {
  /** Names of the chip's memories and where they lie. */
  readonly memory: string;
  readonly base: number;
  readonly bankBytes: number;
  /** 2 unless said otherwise. */
  readonly banks?: 1 | 2;
  readonly pageBytes: number;
  /** ICEN switches a cache that the core's side does not have (G0, C0: two lines of 64 bits). */
  readonly cacheless?: boolean;
  /** OTP, identity and option bytes: the information block. */
  readonly infoMemory: string;
  readonly infoBase: number;
  /** Bank 2's information block, whose option bytes lie at the same offset. */
  readonly infoMemory2?: string;
  /** Offset of unique ID and of the flash size in the information block, offset of the option bytes. */
  readonly uidOffset: number;
  readonly sizeOffset: number;
  readonly optionOffset: number;
  /** Memory of the option bytes where they do not lie in the information block (L4+); then the second bank's lie in `infoMemory2`. */
  readonly optionMemory?: string;
  readonly flashKilobytes: number;
  /** Factory values of whole option registers, then of fields: `NAME` → `OPTR.BFB2` and value. Parameter `option.NAME` overrides. */
  readonly optionRegisters: Readonly<Record<string, number>>;
  readonly optionBytes: Readonly<Record<string, { readonly field: string; readonly value: number }>>;
}

export interface FlashL4State extends SecurableState {
  /** Option registers as programmed, and as loaded last (in force), by name. Survive power-off. */
  stored: Record<string, number>;
  loaded: Record<string, number>;
  optionsLoaded: boolean;
  /** FB_MODE in force. */
  swapped: boolean;
  /** Keys seen so far (0–1); -1 after a wrong key, until a reset. */
  keys: number;
  optKeys: number;
  /** First word of a double word, and its offset; -1 = none. */
  lowOffset: number;
  lowWord: number;
  operation: FlashOperation | null;
  /** Row of fast programming that is under way: where it begins, double words taken so far; null = none. */
  row: { readonly offset: number; readonly taken: number } | null;
  /** Banks (bits) that were erased as a whole and not programmed in the standard way since. */
  fastBanks: number;
  /** ACR.EMPTY or SR.PEMPTY, which a system reset keeps. */
  empty: number;
}
type FlashOperation =
  | { kind: 'program'; memory: string; offset: number; low: number; high: number; fast: boolean }
  | { kind: 'erase'; offset: number; length: number }
  | { kind: 'options' };
type Ctx = RegisterContext<FlashL4State>;

const OTP_BYTES = 0x400;
const DOUBLE = 8;
/** Double words of a row (RM0351 3.3.7). */
const ROW = 32;
/** A row takes 1.91 ms in fast programming and 2.61 ms by double words (DS10198 table of flash characteristics, typical; recalled: assumed). */
const FAST_SHARE = 1.91 / 2.61;

/** Option registers in the order of their double words in the information block; the second set lies in the other bank's block. */
const OPTION_WORDS = ['OPTR', 'PCROP1SR', 'PCROP1ER', 'WRP1AR', 'WRP1BR'] as const;
/** The first double word of the second set is not used (RM0351 3.4.1). */
const OPTION_WORDS_2 = [null, 'PCROP2SR', 'PCROP2ER', 'WRP2AR', 'WRP2BR'] as const;
/** WB: the last three stand at 0x68 to 0x78 (RM0434 3.4.1). */
const OPTION_WORDS_WB = [
  ...['OPTR', 'PCROP1ASR', 'PCROP1AER', 'WRP1AR', 'WRP1BR', 'PCROP1BSR', 'PCROP1BER'],
  ...Array<null>(6).fill(null),
  ...['IPCCBR', 'SFR', 'SRRVR'],
];
/** Written by CPU2 alone. */
const SECURE_OPTIONS = ['SFR', 'SRRVR'];
const OPTION_REGISTERS = [...OPTION_WORDS, 'PCROP2SR', 'PCROP2ER', 'WRP2AR', 'WRP2BR', 'SEC1R', 'SEC2R', 'SECR'] as const;
const OPTION_REGISTERS_WB = OPTION_WORDS_WB.filter((name) => name !== null);

class Flash {
  private readonly o: FlashL4Options;
  private readonly layout: Layout;
  private readonly acr: Register;
  private readonly sr: Register;
  private readonly cr: Register;
  /** Error flags after which programming is refused. */
  private readonly programErrors: number;
  private readonly f;
  private readonly lowPower: (c: RegisterContext<object>) => void;
  private readonly securable: SecurableMemory;
  private readonly options: readonly Register[];
  private readonly optionWords: readonly (string | null)[];
  /** Of all banks. */
  private readonly bytes: number;

  constructor(layout: Layout, o: FlashL4Options) {
    this.o = o;
    this.layout = layout;
    this.bytes = o.bankBytes * (o.banks ?? 2);
    const optional = (path: string): Field | null => (layout.hasField(path) ? layout.field(path) : null);
    this.acr = layout.reg('ACR');
    this.sr = layout.reg('SR');
    this.cr = layout.reg('CR');
    const wb = layout.has('SFR');
    this.options = (wb ? OPTION_REGISTERS_WB : OPTION_REGISTERS).filter((n) => layout.has(n)).map((n) => layout.reg(n));
    this.securable = new SecurableMemory(layout, o);
    this.optionWords = wb ? OPTION_WORDS_WB : OPTION_WORDS;
    const f = (path: string): Field => layout.field(path);
    this.lowPower = lowPowerOptions(layout, 'OPTR');
    this.f = {
      latency: f('ACR.LATENCY'),
      prften: f('ACR.PRFTEN'),
      icen: f('ACR.ICEN'),
      dcen: optional('ACR.DCEN'),
      icrst: f('ACR.ICRST'),
      dcrst: optional('ACR.DCRST'),
      eop: f('SR.EOP'),
      operr: f('SR.OPERR'),
      progerr: f('SR.PROGERR'),
      wrperr: f('SR.WRPERR'),
      pgaerr: f('SR.PGAERR'),
      sizerr: f('SR.SIZERR'),
      pgserr: f('SR.PGSERR'),
      miserr: f('SR.MISERR'),
      fasterr: f('SR.FASTERR'),
      bsy: f('SR.BSY'),
      pg: f('CR.PG'),
      per: f('CR.PER'),
      mer1: optional('CR.MER1') ?? f('CR.MER'),
      mer2: optional('CR.MER2'),
      pnb: f('CR.PNB'),
      bker: optional('CR.BKER'),
      strt: f('CR.STRT'),
      optstrt: f('CR.OPTSTRT'),
      fstpg: f('CR.FSTPG'),
      eopie: f('CR.EOPIE'),
      errie: f('CR.ERRIE'),
      oblLaunch: f('CR.OBL_LAUNCH'),
      optlock: f('CR.OPTLOCK'),
      lock: f('CR.LOCK'),
      iwdgSw: f('OPTR.IWDG_SW'),
      wwdgSw: f('OPTR.WWDG_SW'),
      rdp: f('OPTR.RDP'),
      empty: optional('ACR.EMPTY') ?? optional('SR.PEMPTY'),
    };
    const e = this.f;
    this.programErrors = [e.progerr, e.wrperr, e.pgaerr, e.sizerr, e.pgserr, e.miserr, e.fasterr].reduce((m, x) => m | x.mask, 0);
  }

  /** Raises an error flag; OPERR joins it while error interrupts are enabled. */
  private error(c: Ctx, mask: number): void {
    c.put(this.sr, c.get(this.sr) | mask | (this.f.errie.get(c) ? this.f.operr.mask : 0));
    this.interrupt(c);
  }
  private interrupt(c: Ctx): void {
    const sr = c.get(this.sr);
    c.env.irq(0, (this.f.eop.of(sr) === 1 && this.f.eopie.get(c) === 1) || (this.f.operr.of(sr) === 1 && this.f.errie.get(c) === 1));
  }

  /** Physical bank (0, 1) that lies in a half of the memory. */
  private bankAt(c: Ctx, offset: number): number {
    const half = offset >= this.o.bankBytes ? 1 : 0;
    return c.s.swapped ? 1 - half : half;
  }
  private halfOf(c: Ctx, bank: number): number {
    return c.s.swapped ? 1 - bank : bank;
  }
  private isProtected(c: Ctx, offset: number): boolean {
    if (this.securable.covers(c, offset)) return true;
    const page = Math.floor((offset % this.o.bankBytes) / this.o.pageBytes);
    const bank = this.bankAt(c, offset) + 1;
    return ['A', 'B'].some((area) => {
      const name = `WRP${bank}${area}`;
      return page >= this.layout.field(`${name}R.${name}_STRT`).get(c) && page <= this.layout.field(`${name}R.${name}_END`).get(c);
    });
  }

  /** Bus write to the flash or to the information block. */
  // eslint-disable-next-line complexity -- refusals in the order in which the hardware checks
  program(c: Ctx, address: number, size: number, value: number): number {
    const f = this.f;
    const where = `0x${address.toString(16).padStart(8, '0')}`;
    const fast = f.fstpg.get(c) === 1;
    const one = (f.pg.get(c) === 1) !== fast;
    if (f.lock.get(c) || !one || f.per.get(c) || f.mer1.get(c) || f.mer2?.get(c) || c.get(this.sr) & this.programErrors) {
      c.env.note('guest', `flash written at ${where} without FLASH_CR unlocked, PG or FSTPG alone set and the error flags clear: PGSERR`);
      this.error(c, f.pgserr.mask);
      return 0;
    }
    if (size !== 4) {
      c.env.note('guest', `${size}-byte write to the flash at ${where}: SIZERR`);
      this.programError(c, f.sizerr.mask);
      return 0;
    }
    const info = address >= this.o.infoBase && address < this.o.infoBase + OTP_BYTES;
    const offset = info ? address - this.o.infoBase : address - this.o.base;
    if (!info && (offset < 0 || offset >= this.bytes)) {
      this.programError(c, f.wrperr.mask);
      return 0;
    }
    if (c.s.lowOffset < 0 && offset % DOUBLE === 0) {
      c.s.lowOffset = offset;
      c.s.lowWord = value;
      return 0;
    }
    if (c.s.lowOffset < 0 || offset !== c.s.lowOffset + 4) {
      c.env.note('guest', `flash written at ${where} out of the order low word, high word of one double word: PGAERR`);
      c.s.lowOffset = -1;
      this.programError(c, f.pgaerr.mask);
      return 0;
    }
    const at = c.s.lowOffset;
    c.s.lowOffset = -1;
    if (fast) this.programFast(c, at, c.s.lowWord, value, info);
    else this.programDouble(c, info ? this.o.infoMemory : this.o.memory, at, c.s.lowWord, value);
    return 0;
  }
  /** An error ends a row of fast programming (FASTERR). */
  private programError(c: Ctx, mask: number): void {
    const fast = this.f.fstpg.get(c) === 1;
    c.s.row = null;
    this.error(c, mask | (fast ? this.f.fasterr.mask : 0));
  }
  /** RM0351 3.3.7: a row of 32 double words one behind the other, of a bank that was erased as a whole; what is there is not looked at. */
  private programFast(c: Ctx, offset: number, low: number, high: number, info: boolean): void {
    const { row } = c.s;
    const bank = 1 << this.bankAt(c, offset);
    if (info || (c.s.fastBanks & bank) === 0) {
      c.env.note('guest', `fast programming at offset 0x${offset.toString(16)} of a bank that was not erased as a whole before: PGSERR`);
      return this.programError(c, this.f.pgserr.mask);
    }
    if (offset !== (row ? row.offset + DOUBLE * row.taken : offset & -(ROW * DOUBLE))) {
      c.env.note('guest', `fast programming at offset 0x${offset.toString(16)} out of the order of a row: PGAERR`);
      return this.programError(c, this.f.pgaerr.mask);
    }
    if (this.isProtected(c, offset)) return this.programError(c, this.f.wrperr.mask);
    const taken = (row?.taken ?? 0) + 1;
    c.s.row = { offset: row?.offset ?? offset, taken };
    this.start(c, { kind: 'program', memory: this.o.memory, offset, low, high, fast: true });
    if (taken === ROW) c.s.row = null;
  }
  private programDouble(c: Ctx, memory: string, offset: number, low: number, high: number): void {
    if (memory === this.o.memory && this.isProtected(c, offset)) return this.error(c, this.f.wrperr.mask);
    const erased = c.env.peekMemory(memory, offset, DOUBLE).every((b) => b === 0xff);
    if (!erased && (low !== 0 || high !== 0)) {
      c.env.note('guest', `flash double word at offset 0x${offset.toString(16)} programmed without an erase: PROGERR`);
      return this.error(c, this.f.progerr.mask);
    }
    this.start(c, { kind: 'program', memory, offset, low, high, fast: false });
  }

  private duration(c: Ctx, op: FlashOperation): number {
    const p = (key: string): number => c.env.parameter(key) ?? 0;
    if (op.kind === 'program') return Math.round(p('flash.program.ps') * (op.fast ? FAST_SHARE : 1));
    if (op.kind === 'options') return p('flash.options.ps');
    return op.length > this.o.pageBytes ? p('flash.erase.bank.ps') * (op.length > this.o.bankBytes ? 2 : 1) : p('flash.erase.page.ps');
  }
  /** A new operation waits for the one under way: silicon stalls the bus, which comes to the same for the flash. */
  private start(c: Ctx, op: FlashOperation): void {
    if (c.s.operation) {
      this.carryOut(c, c.s.operation);
      const left = c.env.due('done');
      c.s.operation = op;
      c.env.arm('done', left + this.duration(c, op));
    } else {
      c.s.operation = op;
      c.env.arm('done', c.env.now() + this.duration(c, op));
    }
    this.f.bsy.set(c, 1);
    this.showBusy(c);
  }
  private showBusy(c: Ctx): void {
    const op = c.s.operation;
    let halves = 0;
    if (op?.kind === 'options' || (op && this.o.banks === 1) || (op?.kind === 'erase' && op.length > this.o.bankBytes)) halves = 3;
    else if (op) halves = op.offset >= this.o.bankBytes ? 2 : 1;
    c.env.setWire(FLASH_BUSY, halves);
  }
  private carryOut(c: Ctx, op: FlashOperation): void {
    if (op.kind === 'erase') {
      this.erased(c, op.offset, op.length);
      return c.env.pokeMemory(this.o.memory, op.offset, new Uint8Array(op.length).fill(0xff));
    }
    if (op.kind === 'options') {
      for (const r of this.options) c.s.stored[r.name] = c.get(r);
      return this.writeOptionWords(c);
    }
    const bytes = new Uint8Array(DOUBLE);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, op.low, true);
    view.setUint32(4, op.high, true);
    if (op.fast) {
      const old = c.env.peekMemory(op.memory, op.offset, DOUBLE);
      if (old.some((byte) => byte !== 0xff))
        c.env.note(
          'guest',
          `double word at offset 0x${op.offset.toString(16)} programmed twice in fast mode: bits only fall, and its ECC no longer fits on silicon`,
        );
      for (let i = 0; i < DOUBLE; i++) bytes[i]! &= old[i]!;
    } else if (op.memory === this.o.memory) c.s.fastBanks &= ~(1 << this.bankAt(c, op.offset));
    c.env.pokeMemory(op.memory, op.offset, bytes, true);
  }
  /** Fast programming needs a bank that was erased as a whole. */
  private erased(c: Ctx, offset: number, length: number): void {
    for (const half of [0, 1]) {
      const start = half * this.o.bankBytes;
      if (offset >= start + this.o.bankBytes || offset + length <= start) continue;
      const bank = 1 << this.bankAt(c, start);
      if (length >= this.o.bankBytes) c.s.fastBanks |= bank;
      else c.s.fastBanks &= ~bank;
    }
  }
  done(c: Ctx): void {
    const op = c.s.operation;
    c.s.operation = null;
    if (op) this.carryOut(c, op);
    this.f.bsy.set(c, 0);
    this.f.strt.set(c, 0);
    this.f.optstrt.set(c, 0);
    this.showBusy(c);
    if (c.s.row !== null) {
      c.env.note(
        'guest',
        `fast programming: no double word came before the one at offset 0x${(c.s.row.offset + DOUBLE * (c.s.row.taken - 1)).toString(16)} was done: MISERR`,
      );
      return this.programError(c, this.f.miserr.mask);
    }
    if (this.f.eopie.get(c)) this.f.eop.set(c, 1);
    this.interrupt(c);
  }

  // eslint-disable-next-line complexity -- refusals in the order in which the hardware checks
  private erase(c: Ctx): void {
    const f = this.f;
    const banks = (f.mer1.get(c) ? 1 : 0) | (f.mer2?.get(c) ? 2 : 0);
    const page = f.pnb.get(c);
    const refused = (banks !== 0) === (f.per.get(c) === 1) || f.pg.get(c) === 1 || f.fstpg.get(c) === 1 || c.s.operation !== null;
    if (refused || (f.per.get(c) && page >= this.o.bankBytes / this.o.pageBytes)) {
      f.strt.set(c, 0);
      c.env.note('guest', 'FLASH_CR.STRT without either PER or MER1/MER2, while busy or with a page that does not exist: PGSERR');
      return this.error(c, f.pgserr.mask);
    }
    const { bankBytes, pageBytes } = this.o;
    const op =
      banks === 3
        ? ({ kind: 'erase', offset: 0, length: this.bytes } as const)
        : banks
          ? ({ kind: 'erase', offset: this.halfOf(c, banks - 1) * bankBytes, length: bankBytes } as const)
          : ({ kind: 'erase', offset: this.halfOf(c, f.bker?.get(c) ?? 0) * bankBytes + page * pageBytes, length: pageBytes } as const);
    for (let at = op.offset; at < op.offset + op.length; at += pageBytes)
      if (this.isProtected(c, at)) {
        f.strt.set(c, 0);
        return this.error(c, f.wrperr.mask);
      }
    this.start(c, op);
  }

  private writeKey(c: Ctx, r: Register, raw: number, option: boolean): number {
    const lock = option ? this.f.optlock : this.f.lock;
    // The keys of the options open nothing while FLASH_CR is locked.
    const locked = lock.get(c) === 1 && !(option && this.f.lock.get(c));
    return writeKey(c, r, raw, option, lock, locked);
  }

  // eslint-disable-next-line complexity -- one case for each register that is not plain storage
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const f = this.f;
    switch (r.name) {
      case 'KEYR':
      case 'OPTKEYR':
        return this.writeKey(c, r, raw, r.name === 'OPTKEYR');
      case 'SR': {
        // Flags are cleared by writing one, PEMPTY is turned round; BSY is the hardware's.
        const empty = f.empty?.register === r ? f.empty.mask : 0;
        const kept = c.get(r) & ~(raw & ~f.bsy.mask & ~empty);
        return (kept ^ (raw & empty)) >>> 0;
      }
      case 'CR':
        if (f.lock.get(c)) {
          if (merged !== c.get(r)) c.env.note('guest', 'FLASH_CR written while locked: ignored', { is: 'locked', lock: 'LOCK' });
          return c.get(r);
        }
        return this.writeCr(c, merged);
      case 'ACR':
        // The caches are reset only while they are off.
        if ((f.icrst.of(merged) && f.icen.get(c)) || (f.dcrst?.of(merged) && f.dcen?.get(c)))
          c.env.note('guest', 'FLASH_ACR.ICRST or DCRST set while that cache is on: no effect', { is: 'nothing-lost' });
        return merged;
      default:
        if (this.options.includes(r) && (f.optlock.get(c) || c.s.operation)) {
          noteLocked(c, r, f.optlock.get(c) ? 'OPTLOCK' : 'BSY');
          return c.get(r);
        }
        if (SECURE_OPTIONS.includes(r.name)) {
          if (merged !== c.get(r))
            c.env.note('guest', `FLASH_${r.name} written by CPU1: only CPU2 changes it`, { is: 'lost', why: 'not-allowed' });
          return c.get(r);
        }
        if (r.name.startsWith('PCROP') && merged !== c.get(r))
          c.env.note('gap', `FLASH_${r.name}: read-out protection of code is not modelled`);
    }
  }
  /** LOCK and OPTLOCK are set only; STRT and OPTSTRT fall by themselves; OPTSTRT and OBL_LAUNCH need OPTLOCK = 0. */
  private writeCr(c: Ctx, merged: number): number {
    const f = this.f;
    const old = c.get(this.cr);
    let value = (merged | (old & (f.strt.mask | f.optstrt.mask | f.optlock.mask | this.securable.sticky))) >>> 0;
    if (f.lock.of(value)) value |= f.optlock.mask;
    if (f.optlock.of(old)) {
      const needing = f.optstrt.mask | f.oblLaunch.mask;
      if (value & needing & ~old)
        c.env.note('guest', 'FLASH_CR.OPTSTRT or OBL_LAUNCH set while OPTLOCK = 1: ignored', { is: 'locked', lock: 'OPTLOCK' });
      value = (value & ~needing) | (old & needing);
    }
    return value >>> 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    const f = this.f;
    if (r === f.empty?.register) c.s.empty = f.empty.of(value);
    if (r === this.acr) return this.wires(c);
    if (r === this.sr) return this.interrupt(c);
    if (r !== this.cr || value === old) return;
    this.interrupt(c);
    this.securable.follow(c, old, (bank) => this.halfOf(c, bank));
    if (f.strt.of(value) && !f.strt.of(old)) this.erase(c);
    if (f.optstrt.of(value) && !f.optstrt.of(old)) this.start(c, { kind: 'options' });
    if (f.oblLaunch.of(value) && !f.oblLaunch.of(old)) c.env.requestReset('option-bytes');
  }

  private wires(c: Ctx): void {
    driveArt(c, this.f);
    if (this.o.cacheless) c.env.setWire(ART_ICACHE, 0);
  }

  /** First power-on: the factory's option bytes, changed by the board's parameters, and the identity area. */
  private initialise(c: Ctx): void {
    for (const r of this.options) c.s.stored[r.name] = this.o.optionRegisters[r.name] ?? r.reset;
    storeOptions(c, this.layout, this.o.optionBytes, c.s.stored);
    c.s.optionsLoaded = true;
    placeIdentity(c, this.o.infoMemory, this.o);
    this.writeOptionWords(c);
  }
  /** The option double words as memory: value and complement. */
  private writeOptionWords(c: Ctx): void {
    this.pokeOptionWords(c, this.o.optionMemory ?? this.o.infoMemory, this.optionWords);
    if (this.o.infoMemory2) this.pokeOptionWords(c, this.o.infoMemory2, OPTION_WORDS_2);
  }
  private pokeOptionWords(c: Ctx, memory: string, names: readonly (string | null)[]): void {
    const bytes = new Uint8Array(names.length * DOUBLE).fill(0xff);
    const view = new DataView(bytes.buffer);
    names.forEach((name, i) => {
      if (name === null) return;
      const value = c.s.stored[name] ?? 0xffffffff;
      view.setUint32(i * DOUBLE, value, true);
      view.setUint32(i * DOUBLE + 4, ~value >>> 0, true);
    });
    c.env.pokeMemory(memory, this.o.optionOffset, bytes);
  }

  /** What was written and is not programmed when a reset comes. */
  beforeReset(c: Ctx): void {
    if (!c.s.optionsLoaded) return;
    const written = this.options.filter((r) => c.get(r) !== c.s.loaded[r.name]);
    const options = written.map((register) => ({ register, programmed: c.s.stored[register.name]! }));
    noteUnprogrammed(c, options, 'CR.OPTSTRT', c.s.operation?.kind === 'options');
  }
  onReset(c: Ctx, kind: ResetKind): void {
    abandon(c);
    if (c.s.lowOffset >= 0) noteUnfilled(c, this.o.base + c.s.lowOffset, DOUBLE);
    c.s.lowOffset = -1;
    c.s.row = null;
    this.securable.reveal(c);
    if (!c.s.optionsLoaded) this.initialise(c);
    const cause = RESET_CAUSES[c.env.wire(RESET_CAUSE)];
    // Option bytes are loaded at power-on, at OBL_LAUNCH and after Standby, not at other resets.
    const before = c.s.loaded;
    if (kind === 'power' || cause === 'power' || cause === 'brownout' || cause === 'option-bytes') c.s.loaded = { ...c.s.stored };
    for (const r of this.options) c.put(r, c.s.loaded[r.name]!);
    this.latchEmpty(c, c.s.loaded === before ? c.s.empty : null);
    c.env.setWire(IWDG_HARDWARE, this.f.iwdgSw.get(c) ? 0 : 1);
    this.lowPower(c);
    c.env.setWire(WWDG_HARDWARE, this.f.wwdgSw.get(c) ? 0 : 1);
    this.wires(c);
    this.showBusy(c);
    this.interrupt(c);
  }

  /**
   * The flag is decided when the option bytes are loaded; other resets keep it, and software can change it: ACR.EMPTY is written (RM0444 3.7.1), a 1 to SR.PEMPTY
   * turns it round (reported for L431, L432 and L4R5: flashing tools that write it blindly start the ROM every other time). Programming leaves it alone (RM0394 3.3.1).
   */
  private latchEmpty(c: Ctx, kept: number | null): void {
    if (!this.f.empty) return;
    const word = c.env.peekMemory(this.o.memory, 0, 4);
    c.s.empty = kept ?? (word.every((byte) => byte === 0xff) ? 1 : 0);
    this.f.empty.set(c, c.s.empty);
  }

  /** FB_MODE: the banks change places in the address space. */
  swap(c: Ctx, value: number): void {
    const secured = value === Number(c.s.swapped) ? null : this.securable.reveal(c);
    swapBanks(c, this.o, value === 1);
    if (secured !== null) this.securable.swapped(c, secured);
  }
}

export const flashL4: ModelFactory<FlashL4Options> = (layout, options): RegisterModel<FlashL4State> => {
  const flash = new Flash(layout, options);
  return {
    timers: ['done'],
    wires: [FLASH_SWAP],
    about: {
      source: 'RM0351 3, HAL-L4 hal_flash.c',
      confidence: 'documented',
      lacks: [
        'ECC faults',
        'PCROP',
        'effects of read-out protection on a debugger',
        'power-down',
        'the secure area of WB',
        'RDERR of securable memory',
      ],
    },
    modelled: layout.registers.map((r) => r.name).filter((n) => !/^(PDKEYR|ECCR)$/.test(n)),
    create: () => ({
      stored: {},
      loaded: {},
      optionsLoaded: false,
      swapped: false,
      secured: [],
      keys: 0,
      optKeys: 0,
      lowOffset: -1,
      lowWord: 0,
      operation: null,
      row: null,
      fastBanks: 0,
      empty: 0,
    }),
    beforeReset: (c) => flash.beforeReset(c),
    onReset: (c, kind) => flash.onReset(c, kind),
    onTimer: (c) => flash.done(c),
    onWire: (c, _wire, value) => flash.swap(c, value),
    write: (c, r, merged, raw) => flash.write(c, r, merged, raw),
    wrote: (c, r, value, old) => flash.wrote(c, r, value, old),
    program: (c, address, size, value) => flash.program(c, address, size, value),
  };
};
