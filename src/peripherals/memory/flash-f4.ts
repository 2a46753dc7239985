/**
 * FLASH of STM32F2, F4 and F7 (one bank or two): access timing register, keys, programming in units of PSIZE, sector and mass erase, option bytes, write protection, OTP.
 * Code in flash waits while its bank is busy (`flash.busy`), data does not: RM0090 3.6 has both wait.
 *
 * Facts: registers, keys, error flags, sectors, OTP, option bytes: RM0090 3, RM0383 3, RM0385 3, RM0410 3, HAL-F4 hal_flash.c (documented). Programming ANDs, no erase is needed to
 * clear bits: RM0090 3.6.3 (documented). A wrong key locks until the next reset with a bus error: RM0090 3.6.1 (documented). Option bytes are loaded at each reset
 * (documented as the reset value of OPTCR). OPERR joins the other errors while ERRIE is set, EOP rises only with EOPIE: RM0090 3.8.4 (documented).
 * Durations are parameters.
 * Wires driven: `flash.latency`, `flash.prefetch`, `art.*`, `flash.busy`, `iwdg.hardware` (WDG_SW = 0), `wwdg.hardware`. Read: `flash.swap` (SYSCFG).
 */
import {
  type Field,
  type Layout,
  type ModelFactory,
  type Register,
  type RegisterContext,
  type RegisterModel,
} from '../../emu/registers.ts';
import { FLASH_BUSY } from '../../emu/wires.ts';
import { driveArt } from './flash-art.ts';
import { swapBanks } from './flash-banks.ts';
import { placeIdentity, storeOptions } from './flash-factory.ts';
import { writeKey } from './flash-keys.ts';
import { abandon, noteUnprogrammed } from './flash-reset.ts';
import { lowPowerOptions } from './flash-low-power.ts';
import { FLASH_SWAP, IWDG_HARDWARE, WWDG_HARDWARE } from '../wires.ts';

/** Runs of equal sectors from the start of a bank on: number and KB of each. */
export type SectorRuns = readonly (readonly [count: number, kilobytes: number])[];

export interface FlashF4Options {
  /** Names of the chip's memories and where they lie. */
  readonly memory: string;
  readonly base: number;
  readonly bytes: number;
  /** OTP, unique ID and flash size. */
  readonly infoMemory: string;
  readonly infoBase: number;
  readonly uidOffset: number;
  readonly sizeOffset: number;
  /** OTP blocks of 32 bytes; without: 16. */
  readonly otpBlocks?: number;
  readonly optionMemory: string;
  /** Option bytes of bank 2 where a chip has them (F42x, F43x). */
  readonly optionMemory2?: string;
  readonly flashKilobytes: number;
  /** Sectors of the flash as one bank; left out: 4 × 16, 64, then 128 KB. */
  readonly sectors?: SectorRuns;
  /** Two banks of half the size each, `sectors` of each; always or while an option bit of OPTCR has this value. */
  readonly banks?: { readonly when: { readonly field: string; readonly value: number } | null; readonly sectors: SectorRuns };
  /** Factory values: `NAME` → `OPTCR.BOR_LEV` and value. Parameter `option.NAME` overrides. */
  readonly optionBytes: Readonly<Record<string, { readonly field: string; readonly value: number }>>;
}

export interface FlashF4State {
  /** Option bits as programmed, by register; survive power-off. */
  stored: Record<string, number>;
  initialised: boolean;
  /** Keys seen so far (0–1); -1 after a wrong key, until a reset. */
  keys: number;
  optKeys: number;
  operation: FlashOperation | null;
  /** SYSCFG has exchanged the banks. */
  swapped: boolean;
}
type FlashOperation =
  | { kind: 'program'; memory: string; offset: number; bytes: Uint8Array }
  | { kind: 'erase'; offset: number; length: number }
  | { kind: 'options'; values: Record<string, number>; eraseAll: boolean };
type Ctx = RegisterContext<FlashF4State>;

const RDP_LEVEL0 = 0xaa;
const KB = 1024;
/** OTP: 16 blocks of 32 bytes, then a lock byte for each. */
const OTP_BLOCK = 32;
const OTP_BLOCKS = 16;
/** SNB of bank 2's first sector. */
const BANK_2 = 16;
/** ×8, ×16, ×32; ×64 needs an external voltage. */
const PSIZE_NAMES = ['x8', 'x16', 'x32'] as const;

/** Four sectors of 16 KB, one of 64, then 128 KB each. */
export const F4_SECTORS: SectorRuns = [
  [4, 16],
  [1, 64],
  [31, 128],
];
export interface Sector {
  /** As SNB names it. */
  readonly number: number;
  readonly bank: 0 | 1;
  /** In a flash whose banks are not exchanged. */
  readonly offset: number;
  readonly length: number;
}
/** Sectors of a bank that starts at `start`, as many as fit into `bytes`. */
export function sectorList(runs: SectorRuns, bytes: number, bank: 0 | 1 = 0): readonly Sector[] {
  const out: Sector[] = [];
  let at = 0;
  for (const [count, kilobytes] of runs)
    for (let i = 0; i < count && at + kilobytes * KB <= bytes; i++, at += kilobytes * KB)
      out.push({ number: bank * BANK_2 + out.length, bank, offset: bank * bytes + at, length: kilobytes * KB });
  return out;
}

class Flash {
  private readonly o: FlashF4Options;
  private readonly layout: Layout;
  private readonly acr: Register;
  private readonly sr: Register;
  private readonly cr: Register;
  private readonly optcr: Register;
  private readonly optcr1: Register | null;
  private readonly single: readonly Sector[];
  private readonly dual: readonly Sector[] | null;
  private readonly errors: number;
  /** Option bits by register. */
  private readonly optionBits: Readonly<Record<string, number>>;
  private readonly f;
  private readonly lowPower: (c: RegisterContext<object>) => void;

  constructor(layout: Layout, o: FlashF4Options) {
    this.o = o;
    this.layout = layout;
    this.acr = layout.reg('ACR');
    this.sr = layout.reg('SR');
    this.cr = layout.reg('CR');
    this.optcr = layout.reg('OPTCR');
    this.optcr1 = layout.has('OPTCR1') ? layout.reg('OPTCR1') : null;
    this.single = sectorList(o.sectors ?? F4_SECTORS, o.bytes);
    this.dual = o.banks ? [...sectorList(o.banks.sectors, o.bytes / 2), ...sectorList(o.banks.sectors, o.bytes / 2, 1)] : null;
    const f = (path: string): Field => layout.field(path);
    const optional = (path: string): Field | null => (layout.hasField(path) ? f(path) : null);
    this.lowPower = lowPowerOptions(layout, 'OPTCR');
    this.f = {
      latency: f('ACR.LATENCY'),
      prften: f('ACR.PRFTEN'),
      // One cache on F7, used by fetches and reads of the ITCM bus.
      icen: optional('ACR.ICEN') ?? f('ACR.ARTEN'),
      dcen: optional('ACR.DCEN'),
      icrst: optional('ACR.ICRST') ?? f('ACR.ARTRST'),
      dcrst: optional('ACR.DCRST'),
      eop: f('SR.EOP'),
      operr: f('SR.OPERR'),
      wrperr: f('SR.WRPERR'),
      pgaerr: f('SR.PGAERR'),
      pgperr: f('SR.PGPERR'),
      pgserr: optional('SR.PGSERR') ?? f('SR.ERSERR'),
      bsy: f('SR.BSY'),
      pg: f('CR.PG'),
      ser: f('CR.SER'),
      mer: f('CR.MER'),
      // Bank 2: MER1 on F42x, MER2 on F76x.
      mer2: o.banks ? (optional('CR.MER2') ?? f('CR.MER1')) : null,
      snb: f('CR.SNB'),
      psize: f('CR.PSIZE'),
      strt: f('CR.STRT'),
      eopie: f('CR.EOPIE'),
      errie: f('CR.ERRIE'),
      lock: f('CR.LOCK'),
      optlock: f('OPTCR.OPTLOCK'),
      optstrt: f('OPTCR.OPTSTRT'),
      iwdgSw: optional('OPTCR.WDG_SW') ?? f('OPTCR.IWDG_SW'),
      wwdgSw: optional('OPTCR.WWDG_SW'),
      rdp: f('OPTCR.RDP'),
      nwrp: f('OPTCR.nWRP'),
      nwrp2: optional('OPTCR1.nWRP'),
      split: o.banks?.when ? f(o.banks.when.field) : null,
    };
    const e = this.f;
    this.errors = [e.wrperr, e.pgaerr, e.pgperr, e.pgserr].reduce((m, x) => m | x.mask, 0);
    this.optionBits = {
      [this.optcr.name]: (this.optcr.writable & ~(e.optlock.mask | e.optstrt.mask)) >>> 0,
      ...(this.optcr1 ? { [this.optcr1.name]: this.optcr1.writable } : {}),
    };
  }

  /** Sectors as the option bytes divide the flash. */
  private sectors(c: Ctx): readonly Sector[] {
    const { banks } = this.o;
    if (!this.dual || (banks?.when && this.f.split!.get(c) !== banks.when.value)) return this.single;
    return this.dual;
  }
  /** Offset at which the bus sees a sector. */
  private seenAt(c: Ctx, s: Sector): number {
    return c.s.swapped ? (s.offset + this.o.bytes / 2) % this.o.bytes : s.offset;
  }
  private sectorAt(c: Ctx, offset: number): Sector | undefined {
    return this.sectors(c).find((s) => {
      const at = this.seenAt(c, s);
      return offset >= at && offset < at + s.length;
    });
  }

  private error(c: Ctx, flag: Field, why: string): void {
    c.env.note('guest', `${why}: ${flag.name}`);
    c.put(this.sr, c.get(this.sr) | flag.mask | (this.f.errie.get(c) ? this.f.operr.mask : 0));
    this.interrupt(c);
  }
  private interrupt(c: Ctx): void {
    const sr = c.get(this.sr);
    c.env.irq(0, (this.f.eop.of(sr) === 1 && this.f.eopie.get(c) === 1) || (this.f.operr.of(sr) === 1 && this.f.errie.get(c) === 1));
  }
  private isProtected(c: Ctx, sector: Sector): boolean {
    const index = sector.number % BANK_2;
    const { nwrp, nwrp2 } = this.f;
    if (sector.bank === 1 && nwrp2) return ((nwrp2.get(c) >>> index) & 1) === 0;
    // F76x with two banks: a bit for each pair of sectors, bank 2 from the middle on (RM0410 3.7.8).
    const bit = this.sectors(c) === this.dual && !nwrp2 ? (index >> 1) + (sector.bank * nwrp.width) / 2 : index;
    return bit < nwrp.width && ((nwrp.get(c) >>> bit) & 1) === 0;
  }
  private parameter(c: Ctx, key: string): number {
    return c.env.parameter(key) ?? 0;
  }

  /** Bus write to the flash, the OTP area or the option bytes. */
  // eslint-disable-next-line complexity -- refusals in the order in which the hardware checks
  program(c: Ctx, address: number, size: number, value: number): number {
    const f = this.f;
    const where = `0x${address.toString(16).padStart(8, '0')}`;
    const info = address >= this.o.infoBase && address < this.o.infoBase + this.otpLocks() + this.otpBlocks();
    const offset = address - (info ? this.o.infoBase : this.o.base);
    if (f.lock.get(c) || !f.pg.get(c) || f.ser.get(c) || this.massErases(c)) {
      this.error(c, f.pgserr, `flash written at ${where} without FLASH_CR unlocked and PG alone set`);
      return 0;
    }
    if (!info && (offset < 0 || offset >= this.o.bytes)) {
      this.error(c, f.wrperr, `flash written at ${where}, which FLASH_CR cannot program`);
      return 0;
    }
    const unit = 1 << f.psize.get(c);
    if (unit === 8) c.env.note('gap', 'FLASH_CR.PSIZE = 3: programming with VPP is not modelled');
    if (size !== unit) {
      this.error(c, f.pgperr, `${size}-byte write to the flash at ${where} with FLASH_CR.PSIZE for ${unit} bytes`);
      return 0;
    }
    const memory = info ? this.o.infoMemory : this.o.memory;
    const sector = info ? undefined : this.sectorAt(c, offset);
    if (info ? this.isOtpLocked(c, offset) : sector && this.isProtected(c, sector)) {
      this.error(c, f.wrperr, `flash written at ${where}, which is protected`);
      return 0;
    }
    this.settle(c);
    const old = c.env.peekMemory(memory, offset, size);
    const bytes = old.map((b, i) => b & (value >>> (8 * i)));
    this.start(c, { kind: 'program', memory, offset, bytes }, this.parameter(c, 'flash.program.ps'));
    return 0;
  }
  private otpBlocks(): number {
    return this.o.otpBlocks ?? OTP_BLOCKS;
  }
  private otpLocks(): number {
    return this.otpBlocks() * OTP_BLOCK;
  }
  private isOtpLocked(c: Ctx, offset: number): boolean {
    const locks = this.otpLocks();
    return offset < locks && c.env.peekMemory(this.o.infoMemory, locks + Math.floor(offset / OTP_BLOCK), 1)[0] === 0;
  }
  private massErases(c: Ctx): boolean {
    return this.f.mer.get(c) === 1 || this.f.mer2?.get(c) === 1;
  }

  /** What is under way ends before the next begins: silicon stalls the bus. */
  private settle(c: Ctx): void {
    const op = c.s.operation;
    c.s.operation = null;
    if (op) this.carryOut(c, op);
  }
  private start(c: Ctx, op: FlashOperation, ps: number): void {
    const due = c.env.due('done');
    c.s.operation = op;
    c.env.arm('done', (due === Infinity ? c.env.now() : due) + ps);
    this.f.bsy.set(c, 1);
    c.env.setWire(FLASH_BUSY, this.halves(c, op));
  }
  /** Halves of the flash that do not answer: both where there are no banks. */
  private halves(c: Ctx, op: FlashOperation): number {
    if (op.kind === 'options' || this.sectors(c) !== this.dual || (op.kind === 'erase' && op.length > this.o.bytes / 2)) return 3;
    return op.kind === 'program' && op.memory !== this.o.memory ? 1 : op.offset < this.o.bytes / 2 ? 1 : 2;
  }
  private carryOut(c: Ctx, op: FlashOperation): void {
    if (op.kind === 'program') return c.env.pokeMemory(op.memory, op.offset, op.bytes, true);
    if (op.kind === 'erase') return c.env.pokeMemory(this.o.memory, op.offset, new Uint8Array(op.length).fill(0xff));
    if (op.eraseAll) c.env.pokeMemory(this.o.memory, 0, new Uint8Array(this.o.bytes).fill(0xff));
    c.s.stored = op.values;
    this.writeOptionBytes(c);
  }
  done(c: Ctx): void {
    this.settle(c);
    this.f.bsy.set(c, 0);
    this.f.strt.set(c, 0);
    this.f.optstrt.set(c, 0);
    c.env.setWire(FLASH_BUSY, 0);
    if (this.f.eopie.get(c)) this.f.eop.set(c, 1);
    this.interrupt(c);
  }

  /** What CR asks to erase: one sector, a bank or all; null if there is no such sector. */
  private erased(c: Ctx): readonly Sector[] | null {
    const f = this.f;
    const all = this.sectors(c);
    if (f.ser.get(c)) {
      const sector = all.find((s) => s.number === f.snb.get(c));
      return sector ? [sector] : null;
    }
    if (all === this.single || !f.mer2) return all;
    return all.filter((s) => (s.bank === 0 ? f.mer : f.mer2!).get(c));
  }
  private erase(c: Ctx): void {
    const f = this.f;
    const refuse = (flag: Field, why: string): void => {
      f.strt.set(c, 0);
      this.error(c, flag, `FLASH_CR.STRT ${why}`);
    };
    if ((f.ser.get(c) === 1) === this.massErases(c) || f.pg.get(c) || c.s.operation)
      return refuse(f.pgserr, 'without either SER or MER alone, or while busy');
    const sectors = this.erased(c);
    if (!sectors) return refuse(f.pgserr, `with SNB = ${f.snb.get(c)}, a sector that does not exist`);
    if (sectors.some((s) => this.isProtected(c, s))) return refuse(f.wrperr, 'on a protected sector');
    const width = PSIZE_NAMES[Math.min(f.psize.get(c), 2)]!;
    const length = sectors.reduce((n, s) => n + s.length, 0);
    const offset = Math.min(...sectors.map((s) => this.seenAt(c, s)));
    const what = f.ser.get(c) ? `${length / KB}k` : 'mass';
    this.start(c, { kind: 'erase', offset, length }, this.parameter(c, `flash.erase.${what}.${width}.ps`));
  }
  private startOptions(c: Ctx): void {
    if (c.s.operation) {
      this.f.optstrt.set(c, 0);
      return c.env.note('guest', 'FLASH_OPTCR.OPTSTRT while the flash is busy: nothing happens', { is: 'lost', why: 'running' });
    }
    const values: Record<string, number> = {};
    for (const name in this.optionBits) values[name] = (c.get(this.layout.reg(name)) & this.optionBits[name]!) >>> 0;
    const eraseAll = this.f.rdp.of(values[this.optcr.name]!) === RDP_LEVEL0 && this.f.rdp.of(c.s.stored[this.optcr.name]!) !== RDP_LEVEL0;
    const ps = this.parameter(c, 'flash.options.ps') + (eraseAll ? this.parameter(c, 'flash.erase.mass.x32.ps') : 0);
    this.start(c, { kind: 'options', values, eraseAll }, ps);
  }

  private writeKey(c: Ctx, r: Register, raw: number, option: boolean): number {
    const lock = option ? this.f.optlock : this.f.lock;
    return writeKey(c, r, raw, option, lock, lock.get(c) === 1);
  }

  // eslint-disable-next-line complexity -- one case for each register that is not plain storage
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const f = this.f;
    const old = c.get(r);
    switch (r.name) {
      case 'KEYR':
      case 'OPTKEYR':
        return this.writeKey(c, r, raw, r.name === 'OPTKEYR');
      case 'SR':
        return (old & ~(raw & ~f.bsy.mask)) >>> 0;
      case 'CR':
        if (f.lock.get(c)) {
          if (merged !== old) c.env.note('guest', 'FLASH_CR written while locked: ignored', { is: 'locked', lock: 'LOCK' });
          return old;
        }
        // STRT falls by itself.
        return (merged | (old & f.strt.mask)) >>> 0;
      case 'OPTCR':
        if (f.optlock.get(c)) {
          if (merged !== old) c.env.note('guest', 'FLASH_OPTCR written while locked: ignored', { is: 'locked', lock: 'OPTLOCK' });
          return old;
        }
        return (merged | (old & f.optstrt.mask)) >>> 0;
      case 'OPTCR1':
        if (f.optlock.get(c) && merged !== old)
          c.env.note('guest', 'FLASH_OPTCR1 written while locked: ignored', { is: 'locked', lock: 'OPTLOCK' });
        return f.optlock.get(c) ? old : merged;
      case 'ACR':
        if ((f.icrst.of(merged) && f.icen.get(c)) || (f.dcrst?.of(merged) && f.dcen?.get(c)))
          c.env.note('guest', 'FLASH_ACR.ICRST or DCRST set while that cache is on: no effect', { is: 'nothing-lost' });
    }
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    const f = this.f;
    if (r === this.acr) return this.wires(c);
    if (r === this.sr) return this.interrupt(c);
    if (value === old) return;
    if (r === this.cr) {
      this.interrupt(c);
      if (f.strt.of(value) && !f.strt.of(old)) this.erase(c);
    } else if (r === this.optcr && f.optstrt.of(value) && !f.optstrt.of(old)) this.startOptions(c);
  }
  private wires(c: Ctx): void {
    driveArt(c, this.f);
  }

  /** First power-on: the factory's option bytes, changed by the board's parameters, and the identity area. */
  private initialise(c: Ctx): void {
    const stored: Record<string, number> = {};
    for (const name in this.optionBits) stored[name] = (this.layout.reg(name).reset & this.optionBits[name]!) >>> 0;
    storeOptions(c, this.layout, this.o.optionBytes, stored);
    c.s.stored = stored;
    c.s.initialised = true;
    placeIdentity(c, this.o.infoMemory, this.o);
    this.writeOptionBytes(c);
  }
  /**
   * OPTCR's halves at offsets 0 and 8 (user byte and RDP, write protection); of OPTCR1 F7's boot addresses at 16 and 24, F4's write protection at 8 of
   * bank 2's option bytes (RM0090 3.9.1, RM0385 3.4.1). The rest reads erased.
   */
  private writeOptionBytes(c: Ctx): void {
    const poke = (memory: string, at: number, half: number): void =>
      c.env.pokeMemory(memory, at, Uint8Array.of(half & 0xff, (half >>> 8) & 0xff));
    const options = c.s.stored[this.optcr.name]!;
    poke(this.o.optionMemory, 0, options & 0xfffc);
    poke(this.o.optionMemory, 8, options >>> 16);
    if (!this.optcr1) return;
    const more = c.s.stored[this.optcr1.name]!;
    if (this.f.nwrp2 && this.o.optionMemory2) poke(this.o.optionMemory2, 8, more >>> 16);
    if (this.f.nwrp2) return;
    poke(this.o.optionMemory, 16, more & 0xffff);
    poke(this.o.optionMemory, 24, more >>> 16);
  }

  /** What was written and is not programmed when a reset comes. */
  beforeReset(c: Ctx): void {
    if (!c.s.initialised) return;
    const options = Object.entries(this.optionBits).map(([name, bits]) => {
      const register = this.layout.reg(name);
      return { register, programmed: (c.s.stored[name]! | (c.get(register) & ~bits)) >>> 0 };
    });
    noteUnprogrammed(c, options, 'OPTCR.OPTSTRT', c.s.operation?.kind === 'options');
  }
  onReset(c: Ctx): void {
    abandon(c);
    if (!c.s.initialised) this.initialise(c);
    for (const name in this.optionBits) c.put(this.layout.reg(name), c.s.stored[name]!);
    this.f.optlock.set(c, 1);
    c.env.setWire(IWDG_HARDWARE, this.f.iwdgSw.get(c) ? 0 : 1);
    if (this.f.wwdgSw) c.env.setWire(WWDG_HARDWARE, this.f.wwdgSw.get(c) ? 0 : 1);
    this.lowPower(c);
    c.env.setWire(FLASH_BUSY, 0);
    this.wires(c);
    this.interrupt(c);
  }
  /** SYSCFG exchanges the banks. */
  swap(c: Ctx, value: number): void {
    if (this.dual && this.sectors(c) === this.dual) swapBanks(c, { memory: this.o.memory, bankBytes: this.o.bytes / 2 }, value === 1);
  }
}

export const flashF4: ModelFactory<FlashF4Options> = (layout, options): RegisterModel<FlashF4State> => {
  const flash = new Flash(layout, options);
  return {
    timers: ['done'],
    wires: [FLASH_SWAP],
    about: {
      source: 'RM0090 3, RM0383 3, HAL-F4 hal_flash.c',
      confidence: 'documented',
      lacks: [
        'effects of read-out protection but for the mass erase on the way back to level 0',
        'PCROP',
        'programming by 64 bits (needs VPP)',
        'the wait of data accesses while the flash is busy: fetches wait, but for those that the L1 cache of a Cortex-M7 serves',
      ],
    },
    modelled: 'all',
    create: () => ({ stored: {}, initialised: false, keys: 0, optKeys: 0, operation: null, swapped: false }),
    beforeReset: (c) => flash.beforeReset(c),
    onReset: (c) => flash.onReset(c),
    onTimer: (c) => flash.done(c),
    onWire: (c, _wire, value) => flash.swap(c, value),
    write: (c, r, merged, raw) => flash.write(c, r, merged, raw),
    wrote: (c, r, value, old) => flash.wrote(c, r, value, old),
    program: (c, address, size, value) => flash.program(c, address, size, value),
  };
};
