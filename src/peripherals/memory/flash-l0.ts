/**
 * FLASH of STM32L0 and L1: access timing register, keys, word and half-page programming, page erase, data EEPROM, option bytes with OBL_LAUNCH, banks that change places (L0).
 * Erased cells read 0. Code in flash waits while its half is busy (`flash.busy`); data does not (RM0376 3.3.1 has both wait), nor does code while the data EEPROM is busy.
 *
 * Facts: registers ST SVD; keys, units, flags, order of PROG, ERASE, FPRG and DATA: RM0376 3.3, RM0038 3.4 and HAL-L0, HAL-L1 hal_flash.c, _ramfunc.c, _ex.c (documented as far as
 * quoted there; recalled); what happens to a write while locked (WRPERR, no bus error) and what an interrupted half page leaves (nothing) are assumed. L1 has no NOTZEROERR: bits of a
 * word that is not erased can only rise (assumed). L1's ACC64 comes before LATENCY and PRFTEN, in a write of its own: RM0038 3.9.1 (recalled). Write protection and PCROP are stored
 * without effect. Durations are parameters.
 * Wires driven: `flash.latency`, `flash.prefetch`, `flash.busy`, `iwdg.hardware` (option byte). Wires read: `reset.cause`, `flash.swap` (SYSCFG UFB).
 */
import { RESET_CAUSES, type GuestFact, type ResetKind } from '../../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { swapBanks } from './flash-banks.ts';
import { storeOptions } from './flash-factory.ts';
import { lowPowerOptions } from './flash-low-power.ts';
import { noteInterrupted } from './flash-reset.ts';
import { FLASH_BUSY, FLASH_LATENCY, FLASH_PREFETCH, RESET_CAUSE } from '../../emu/wires.ts';
import { FLASH_SWAP, IWDG_HARDWARE } from '../wires.ts';

export interface FlashL0Options {
  readonly memory: string;
  readonly base: number;
  readonly bytes: number;
  /** Half of it, where there are two. */
  readonly bankBytes: number;
  readonly pageBytes: number;
  /** What FPRG takes at once; default 64. */
  readonly halfPageBytes?: number;
  readonly eepromMemory: string;
  readonly eepromBase: number;
  readonly eepromBytes: number;
  /** Option bytes, and identity behind them. */
  readonly infoMemory: string;
  readonly infoBase: number;
  readonly uidOffsets: readonly [number, number, number];
  readonly sizeOffset: number;
  readonly flashKilobytes: number;
  /**
   * Factory values of whole option registers, in the order of their words, two words each: a half-word and its complement. The first one has RDP. Then of fields: `NAME` →
   * `OPTR.BFB2` and value. Parameter `option.NAME` overrides.
   */
  readonly optionRegisters: Readonly<Record<string, number>>;
  readonly optionBytes: Readonly<Record<string, { readonly field: string; readonly value: number }>>;
}
interface Operation {
  readonly memory: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
}
export interface FlashL0State {
  initialised: boolean;
  optionsLoaded: boolean;
  /** RDP in force. */
  rdp: number;
  swapped: boolean;
  /** Registers whose first key has been seen. */
  keys: string[];
  /** Words of a half page so far, and where it begins; null = none. */
  halfPage: { readonly offset: number; readonly words: number[] } | null;
  operation: Operation | null;
}
type Ctx = RegisterContext<FlashL0State>;

/** By key register. */
export const L0_KEYS: Readonly<Record<string, readonly [first: number, second: number]>> = {
  PEKEYR: [0x89abcdef, 0x02030405],
  PRGKEYR: [0x8c9daebf, 0x13141516],
  OPTKEYR: [0xfbead9c8, 0x24252627],
  PDKEYR: [0x04152637, 0xfafbfcfd],
};
const RDP_LEVEL_0 = 0xaa;

class Flash {
  private readonly o: FlashL0Options;
  private readonly layout: Layout;
  private readonly f;
  private readonly pecr: Register;
  private readonly sr: Register;
  private readonly optionNames: readonly string[];
  private readonly optionBytes: number;
  private readonly halfPageBytes: number;
  /** L0: a word that is not erased is refused, unless the first one allows it. */
  private readonly notZero: { readonly allowed: Field; readonly flag: Field } | null;
  private readonly acc64: Field | null;
  private readonly lowPower: (c: RegisterContext<object>) => void;

  constructor(layout: Layout, o: FlashL0Options) {
    this.o = o;
    this.layout = layout;
    this.pecr = layout.reg('PECR');
    this.sr = layout.reg('SR');
    this.optionNames = Object.keys(o.optionRegisters);
    this.optionBytes = 8 * this.optionNames.length;
    this.halfPageBytes = o.halfPageBytes ?? 64;
    const field = (path: string): Field | null => (layout.hasField(path) ? layout.field(path) : null);
    const allowed = field('PECR.NZDISABLE');
    this.notZero = allowed && { allowed, flag: layout.field('SR.NOTZEROERR') };
    this.acc64 = field('ACR.ACC64');
    const [user] = this.optionNames;
    this.lowPower = lowPowerOptions(layout, user!);
    const names = ['PELOCK', 'PRGLOCK', 'OPTLOCK', 'PROG', 'DATA', 'ERASE', 'FPRG', 'EOPIE', 'ERRIE', 'OBL_LAUNCH'] as const;
    const flags = ['BSY', 'EOP', 'ENDHV', 'READY', 'WRPERR', 'PGAERR', 'SIZERR', 'OPTVERR'] as const;
    const fields = (register: string, of: readonly string[]): Record<string, Field> =>
      Object.fromEntries(of.map((name) => [name, layout.field(`${register}.${name}`)]));
    this.f = {
      ...(fields('PECR', names) as Record<(typeof names)[number], Field>),
      ...(fields('SR', flags) as Record<(typeof flags)[number], Field>),
      latency: layout.field('ACR.LATENCY'),
      prften: layout.field('ACR.PRFTEN'),
      rdp: layout.field(`${user!}.RDP`),
      iwdgSw: layout.field(`${user!}.IWDG_SW`),
    };
  }

  private interrupt(c: Ctx): void {
    const f = this.f;
    const errors = c.get(this.sr) & (f.WRPERR.mask | f.PGAERR.mask | f.SIZERR.mask | f.OPTVERR.mask | (this.notZero?.flag.mask ?? 0));
    c.env.irq(0, (f.EOP.get(c) & f.EOPIE.get(c)) === 1 || (errors !== 0 && f.ERRIE.get(c) === 1));
  }
  private refuse(c: Ctx, flag: Field, where: number, why: string, about?: GuestFact): number {
    c.env.note('guest', `write to 0x${where.toString(16).padStart(8, '0')} ${why}: ${flag.name}, nothing is changed`, about);
    flag.set(c, 1);
    c.s.halfPage = null;
    this.interrupt(c);
    return 0;
  }

  /** Bus write to flash, EEPROM or option bytes. */
  program(c: Ctx, address: number, size: number, value: number): number {
    const { o, f } = this;
    if (address >= o.base && address < o.base + o.bytes) return this.programFlash(c, address, size, value);
    if (f.PELOCK.get(c)) return this.refuse(c, f.WRPERR, address, 'while PELOCK = 1', { is: 'locked', lock: 'PELOCK' });
    if (address >= o.eepromBase && address < o.eepromBase + o.eepromBytes) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => (f.ERASE.get(c) ? 0 : value >>> (8 * i)) & 0xff);
      return this.start(c, { memory: o.eepromMemory, offset: address - o.eepromBase, bytes });
    }
    if (address >= o.infoBase && address < o.infoBase + this.optionBytes) {
      if (f.OPTLOCK.get(c)) return this.refuse(c, f.WRPERR, address, 'while OPTLOCK = 1', { is: 'locked', lock: 'OPTLOCK' });
      if (size !== 4) return this.refuse(c, f.SIZERR, address, 'is no word');
      return this.start(c, { memory: o.infoMemory, offset: address - o.infoBase, bytes: words([value]) });
    }
    return this.refuse(c, f.WRPERR, address, 'which cannot be written');
  }
  private programFlash(c: Ctx, address: number, size: number, value: number): number {
    const { o, f } = this;
    if (f.PELOCK.get(c) || f.PRGLOCK.get(c)) return this.refuse(c, f.WRPERR, address, 'while the program memory is locked');
    if (size !== 4) return this.refuse(c, f.SIZERR, address, 'is no word');
    const offset = address - o.base;
    if (f.ERASE.get(c)) {
      if (!f.PROG.get(c)) return this.refuse(c, f.WRPERR, address, 'with ERASE but without PROG');
      const page = offset - (offset % o.pageBytes);
      return this.start(c, { memory: o.memory, offset: page, bytes: new Uint8Array(o.pageBytes) });
    }
    if (f.FPRG.get(c) && f.PROG.get(c)) return this.halfPage(c, address, offset, value);
    return this.programWords(c, address, offset, [value]);
  }
  /** Its words one behind the other, from a half page's beginning. */
  private halfPage(c: Ctx, address: number, offset: number, value: number): number {
    const so = c.s.halfPage ?? { offset, words: [] };
    if (offset !== so.offset + 4 * so.words.length || so.offset % this.halfPageBytes !== 0)
      return this.refuse(c, this.f.PGAERR, address, 'is not the next word of a half page');
    const all = [...so.words, value];
    c.s.halfPage = 4 * all.length < this.halfPageBytes ? { offset: so.offset, words: all } : null;
    return c.s.halfPage ? 0 : this.programWords(c, this.o.base + so.offset, so.offset, all);
  }
  private programWords(c: Ctx, address: number, offset: number, values: readonly number[]): number {
    this.settle(c);
    const old = c.env.peekMemory(this.o.memory, offset, 4 * values.length);
    if (this.notZero && old.some((b) => b !== 0) && !this.notZero.allowed.get(c))
      return this.refuse(c, this.notZero.flag, address, 'which is not erased');
    const bytes = words(values);
    return this.start(c, { memory: this.o.memory, offset, bytes: this.notZero ? bytes : bytes.map((b, i) => b | old[i]!) });
  }

  /** What is under way ends before the next begins: silicon stalls the bus. */
  private settle(c: Ctx): void {
    const op = c.s.operation;
    if (op) c.env.pokeMemory(op.memory, op.offset, op.bytes);
    c.s.operation = null;
  }
  private start(c: Ctx, op: Operation): number {
    this.settle(c);
    const due = c.env.due('done');
    c.s.operation = op;
    c.env.arm('done', (due === Infinity ? c.env.now() : due) + (c.env.parameter('flash.program.ps') ?? 0));
    this.f.BSY.set(c, 1);
    this.f.ENDHV.set(c, 0);
    if (op.memory === this.o.memory) c.env.setWire(FLASH_BUSY, op.offset < this.o.bankBytes ? 1 : 2);
    return 0;
  }
  done(c: Ctx): void {
    this.settle(c);
    this.f.BSY.set(c, 0);
    this.f.ENDHV.set(c, 1);
    this.f.EOP.set(c, 1);
    c.env.setWire(FLASH_BUSY, 0);
    this.interrupt(c);
  }

  private writeKey(c: Ctx, r: Register, raw: number): number {
    const [first, second] = L0_KEYS[r.name]!;
    const locked = `${r.name} locked`;
    if (c.s.keys.includes(locked)) return 0;
    const seen = c.s.keys.includes(r.name);
    c.s.keys = c.s.keys.filter((name) => name !== r.name);
    const { PELOCK, PRGLOCK, OPTLOCK } = this.f;
    const below = r.name === 'PEKEYR' || r.name === 'PDKEYR' || PELOCK.get(c) === 0;
    if (!seen && raw === first && below) c.s.keys.push(r.name);
    else if (seen && raw === second && below) ({ PEKEYR: PELOCK, PRGKEYR: PRGLOCK, OPTKEYR: OPTLOCK })[r.name]?.set(c, 0);
    else {
      c.s.keys.push(locked);
      c.env.note('guest', `FLASH_${r.name}: wrong key sequence${below ? '' : ' (FLASH_PECR.PELOCK is set)'}: locked until the next reset`, {
        is: 'lost',
        why: 'key',
      });
    }
    return 0;
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const f = this.f;
    const old = c.get(r);
    if (r.name in L0_KEYS) return this.writeKey(c, r, raw);
    if (r === this.sr) return old & ~(raw & ~(f.BSY.mask | f.ENDHV.mask | f.READY.mask));
    if (this.isOption(r)) return old;
    if (this.acc64 && r === this.acc64.register) return this.writeAcr(merged, old, this.acc64);
    if (r !== this.pecr) return;
    if (f.PELOCK.get(c)) {
      if (merged !== old) c.env.note('guest', 'FLASH_PECR written while PELOCK = 1: ignored', { is: 'locked', lock: 'PELOCK' });
      return old;
    }
    // The locks can be set only; PELOCK takes the others with it.
    const locks = f.PELOCK.mask | f.PRGLOCK.mask | f.OPTLOCK.mask;
    const set = f.PELOCK.of(merged) ? locks : (merged | old) & locks;
    return ((merged & ~locks) | set) >>> 0;
  }
  isOption(r: Register): boolean {
    return this.optionNames.includes(r.name);
  }
  /** LATENCY and PRFTEN want ACC64 that is set already, and hold it. */
  private writeAcr(merged: number, old: number, acc64: Field): number {
    const behind = this.f.latency.mask | this.f.prften.mask;
    const taken = acc64.of(old) ? merged : (merged & ~behind) | (old & behind);
    return (taken & behind ? taken | acc64.mask : taken) >>> 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.f.latency.register) this.wires(c);
    if (r === this.sr || r === this.pecr) this.interrupt(c);
    if (r !== this.pecr || value === old) return;
    if (!this.f.FPRG.of(value)) c.s.halfPage = null;
    if (this.f.OBL_LAUNCH.of(value) && !this.f.OBL_LAUNCH.of(old)) c.env.requestReset('option-bytes');
  }
  private wires(c: Ctx): void {
    c.env.setWire(FLASH_LATENCY, this.f.latency.get(c));
    c.env.setWire(FLASH_PREFETCH, this.f.prften.get(c));
  }

  /** First power-on: the factory's option bytes, changed by the board's parameters, and the identity words. */
  private initialise(c: Ctx): void {
    const { o } = this;
    const stored: Record<string, number> = { ...o.optionRegisters };
    storeOptions(c, this.layout, o.optionBytes, stored);
    const halves = this.optionNames.flatMap((name) => [(stored[name] ?? 0) & 0xffff, (stored[name] ?? 0) >>> 16]);
    c.env.pokeMemory(o.infoMemory, 0, words(halves.map((half) => (half | (~half << 16)) >>> 0)));
    o.uidOffsets.forEach((offset, i) => c.env.pokeMemory(o.infoMemory, offset, words([c.env.parameter(`uid.${i}`) ?? 0])));
    c.env.pokeMemory(o.infoMemory, o.sizeOffset, Uint8Array.of(o.flashKilobytes & 0xff, o.flashKilobytes >>> 8));
    c.s.initialised = true;
  }
  /** Power-on and OBL_LAUNCH load the option bytes. A half-word whose complement does not fit reads as 0 and raises OPTVERR; RDP then is level 1. */
  private load(c: Ctx): void {
    const bytes = c.env.peekMemory(this.o.infoMemory, 0, this.optionBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const protectedBefore = c.s.optionsLoaded && c.s.rdp !== RDP_LEVEL_0;
    let bad = false;
    const half = (i: number): number => {
      const low = view.getUint16(4 * i, true);
      const good = (low ^ view.getUint16(4 * i + 2, true)) === 0xffff;
      bad ||= !good;
      return good ? low : 0;
    };
    this.optionNames.forEach((name, i) => c.put(this.layout.reg(name), (half(2 * i) | (half(2 * i + 1) << 16)) >>> 0));
    this.f.OPTVERR.set(c, bad ? 1 : 0);
    // Level 1 left behind: everything that was protected goes (RM0376 3.4.2).
    if (protectedBefore && this.f.rdp.get(c) === RDP_LEVEL_0) {
      c.env.pokeMemory(this.o.memory, 0, new Uint8Array(this.o.bytes));
      c.env.pokeMemory(this.o.eepromMemory, 0, new Uint8Array(this.o.eepromBytes));
    }
    c.s.optionsLoaded = true;
    c.s.rdp = this.f.rdp.get(c);
  }
  onReset(c: Ctx, kind: ResetKind): void {
    if (c.s.operation) noteInterrupted(c);
    c.env.disarm('done');
    c.s.operation = c.s.halfPage = null;
    c.s.keys = [];
    if (!c.s.initialised) this.initialise(c);
    const cause = RESET_CAUSES[c.env.wire(RESET_CAUSE)];
    if (kind === 'power' || !c.s.optionsLoaded || cause === 'option-bytes' || cause === 'power') this.load(c);
    this.f.READY.set(c, 1);
    c.env.setWire(IWDG_HARDWARE, this.f.iwdgSw.get(c) ? 0 : 1);
    this.lowPower(c);
    c.env.setWire(FLASH_BUSY, 0);
    this.wires(c);
    this.interrupt(c);
  }
  swap(c: Ctx, value: number): void {
    swapBanks(c, this.o, value === 1);
  }
}
function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  values.forEach((value, i) => new DataView(bytes.buffer).setUint32(4 * i, value, true));
  return bytes;
}

export const flashL0: ModelFactory<FlashL0Options> = (layout, options): RegisterModel<FlashL0State> => {
  const flash = new Flash(layout, options);
  return {
    timers: ['done'],
    wires: [FLASH_SWAP],
    about: {
      source: 'RM0376 3.3, RM0038 3.4, HAL-L0 and HAL-L1 hal_flash.c (recalled)',
      confidence: 'reported',
      lacks: [
        'write protection and PCROP (stored)',
        'half pages in both banks at once',
        'power-down of the memory',
        'the wait of data accesses while it is busy, and of fetches while the data EEPROM is: fetches wait for the flash',
      ],
    },
    modelled: layout.registers.map((r) => r.name),
    // Option registers show what was loaded last.
    keeps: (r, kind) => kind !== 'power' && flash.isOption(r),
    create: () => ({ initialised: false, optionsLoaded: false, rdp: 0, swapped: false, keys: [], halfPage: null, operation: null }),
    onReset: (c, kind) => flash.onReset(c, kind),
    onTimer: (c) => flash.done(c),
    onWire: (c, _wire, value) => flash.swap(c, value),
    write: (c, r, merged, raw) => flash.write(c, r, merged, raw),
    wrote: (c, r, value, old) => flash.wrote(c, r, value, old),
    program: (c, address, size, value) => flash.program(c, address, size, value),
  };
};
