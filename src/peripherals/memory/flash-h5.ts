/**
 * FLASH of STM32H5: access timing register, keys, quad-word programming, sector, bank and mass erase, option bytes, bank swap, OTP and the
 * read-only area.
 *
 * Facts: registers ST SVD STM32H533; flag, lock and erase rules: field texts of ST SVD STM32H563, same IP (documented); keys HAL-H5 (documented); 16-byte quad-words, 8 KB sectors (documented);
 * OTP/read-only area refuses byte reads and reads through an enabled ICACHE (reported, nuttx#20122, embassy#2696); durations are parameters.
 * Wires driven: `flash.latency`, `flash.prefetch`, `flash.busy` (1: lower half, 2: upper half, 3: both are being written: reads of it wait),
 * `iwdg.hardware`, `wwdg.hardware` (option bytes). Wire read: `icache.enabled`.
 */
import { BUS_ERROR } from '../../emu/component.ts';
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
import { FLASH_BUSY, FLASH_LATENCY, FLASH_PREFETCH, ICACHE_ENABLED } from '../../emu/wires.ts';
import { IWDG_HARDWARE, WWDG_HARDWARE } from '../wires.ts';

export interface FlashH5Options {
  /** Names of the chip's memories and where they lie. */
  readonly memory: string;
  readonly base: number;
  readonly bankBytes: number;
  readonly sectorBytes: number;
  readonly otpMemory: string;
  readonly otpBase: number;
  readonly flashKilobytes: number;
  /** Factory values of the option bytes: `NAME` → field of this block (`OPTSR_CUR.SWAP_BANK`) and value. Parameter `option.NAME` overrides. */
  readonly optionBytes: Readonly<Record<string, { readonly field: string; readonly value: number }>>;
}

export interface FlashH5State {
  /** What the option bytes hold: registers *_CUR by index; survives power-off. */
  options: Record<string, number>;
  optionsLoaded: boolean;
  /** SWAP_BANK in force since the last reset. */
  swapped: boolean;
  /** Keys seen so far (0–1); -1 after a wrong key, until a reset. */
  nsKeys: number;
  optKeys: number;
  /** Write buffer: one quad-word. Address -1 = empty; `filled` has one bit per byte. */
  buffer: Uint8Array;
  bufferAddress: number;
  filled: number;
  /** Operations under way and waiting, oldest first. */
  queue: FlashOperation[];
}
type FlashOperation =
  | { kind: 'program'; memory: string; offset: number; bytes: Uint8Array }
  | { kind: 'erase'; offset: number; length: number; code: number }
  | { kind: 'options' };
type Ctx = RegisterContext<FlashH5State>;

const QUAD = 16;
const OTP_BYTES = 0x800;
const OTP_BLOCK = 64;
/** Sectors per WRPSG bit (ST SVD STM32H563; HAL names OB_WRP_SECTOR_0TO3). */
const WRP_GROUP = 4;
const FLAGS = 0x00ff0000;
const PRODUCT_STATES = new Set([0xed, 0x17, 0x2e, 0xc6, 0x72, 0x5c, 0x9a, 0xa3]);
/** OPSR.CODE_OP. */
const CODE = { program: 1, sector: 2, bank: 3, mass: 4, options: 5 } as const;

class Flash {
  private readonly o: FlashH5Options;
  private readonly layout: Layout;
  private readonly cr: Register;
  private readonly sr: Register;
  private readonly optcr: Register;
  private readonly optsr: Register;
  private readonly opsr: Register;
  private readonly f;
  private readonly lowPower: (c: RegisterContext<object>) => void;

  constructor(layout: Layout, o: FlashH5Options) {
    this.o = o;
    this.layout = layout;
    this.cr = layout.reg('NSCR');
    this.sr = layout.reg('NSSR');
    this.optcr = layout.reg('OPTCR');
    this.optsr = layout.reg('OPTSR_CUR');
    this.opsr = layout.reg('OPSR');
    const f = (path: string) => layout.field(path);
    this.lowPower = lowPowerOptions(layout, 'OPTSR_CUR');
    this.f = {
      latency: f('ACR.LATENCY'),
      prefetch: f('ACR.PRFTEN'),
      lock: f('NSCR.LOCK'),
      pg: f('NSCR.PG'),
      ser: f('NSCR.SER'),
      ber: f('NSCR.BER'),
      fw: f('NSCR.FW'),
      strt: f('NSCR.STRT'),
      snb: f('NSCR.SNB'),
      mer: f('NSCR.MER'),
      bksel: f('NSCR.BKSEL'),
      bsy: f('NSSR.BSY'),
      wbne: f('NSSR.WBNE'),
      dbne: f('NSSR.DBNE'),
      eop: f('NSSR.EOP'),
      wrperr: f('NSSR.WRPERR'),
      pgserr: f('NSSR.PGSERR'),
      strberr: f('NSSR.STRBERR'),
      incerr: f('NSSR.INCERR'),
      optchangeerr: f('NSSR.OPTCHANGEERR'),
      optlock: f('OPTCR.OPTLOCK'),
      optstrt: f('OPTCR.OPTSTRT'),
      swapShown: f('OPTCR.SWAP_BANK'),
      swap: f('OPTSR_CUR.SWAP_BANK'),
      productState: f('OPTSR_CUR.PRODUCT_STATE'),
      iwdgSw: f('OPTSR_CUR.IWDG_SW'),
      wwdgSw: f('OPTSR_CUR.WWDG_SW'),
    };
  }

  private flag(c: Ctx, mask: number): void {
    c.put(this.sr, c.get(this.sr) | mask);
    this.interrupt(c);
  }
  private interrupt(c: Ctx): void {
    c.env.irq(0, (c.get(this.sr) & c.get(this.cr) & FLAGS) !== 0);
  }

  /** Half of the memory that a physical bank (0, 1) appears in. */
  private halfOf(c: Ctx, bank: number): number {
    return c.s.swapped ? 1 - bank : bank;
  }
  private bankAt(c: Ctx, offset: number): number {
    return this.halfOf(c, offset >= this.o.bankBytes ? 1 : 0);
  }
  private isProtected(c: Ctx, offset: number): boolean {
    const sector = Math.floor((offset % this.o.bankBytes) / this.o.sectorBytes);
    const groups = c.get(this.layout.reg(this.bankAt(c, offset) === 0 ? 'WRP1R_CUR' : 'WRP2R_CUR'));
    return ((groups >>> Math.floor(sector / WRP_GROUP)) & 1) === 0;
  }

  /** Bus write to the flash or OTP memory. */
  program(c: Ctx, address: number, size: number, value: number): number {
    if (this.f.lock.get(c) || !this.f.pg.get(c) || this.f.ser.get(c) || this.f.ber.get(c) || this.f.mer.get(c)) {
      this.flag(c, this.f.pgserr.mask);
      c.env.note(
        'guest',
        `flash written at 0x${address.toString(16).padStart(8, '0')} without FLASH_NSCR unlocked and PG alone set: PGSERR`,
      );
      return 0;
    }
    if (address >= this.o.otpBase && address < this.o.otpBase + 0x1000) return this.programOtp(c, address - this.o.otpBase, size, value);
    const offset = address - this.o.base;
    if (this.isProtected(c, offset)) {
      this.flag(c, this.f.wrperr.mask);
      return 0;
    }
    const quad = offset - (offset % QUAD);
    if (c.s.bufferAddress === -1) {
      c.s.bufferAddress = quad;
      c.s.filled = 0;
      c.s.buffer.fill(0xff);
    } else if (c.s.bufferAddress !== quad) {
      this.flag(c, this.f.incerr.mask);
      c.env.note('guest', `flash write to another quad-word (0x${address.toString(16).padStart(8, '0')}) while one is half filled: INCERR`);
      return 0;
    }
    const lanes = (((1 << size) - 1) << (offset - quad)) >>> 0;
    if (c.s.filled & lanes) {
      this.flag(c, this.f.strberr.mask);
      c.env.note('guest', `the same byte of the flash write buffer written twice (0x${address.toString(16).padStart(8, '0')}): STRBERR`);
      return 0;
    }
    for (let i = 0; i < size; i++) c.s.buffer[offset - quad + i] = (value >>> (8 * i)) & 0xff;
    c.s.filled |= lanes;
    this.f.wbne.set(c, 1);
    if (c.s.filled === 0xffff) this.flush(c);
    return 0;
  }

  private flush(c: Ctx): void {
    const op: FlashOperation = { kind: 'program', memory: this.o.memory, offset: c.s.bufferAddress, bytes: c.s.buffer.slice() };
    c.s.bufferAddress = -1;
    c.s.filled = 0;
    this.f.wbne.set(c, 0);
    this.start(c, op);
  }

  /** OTP takes half-words; its blocks lock one by one, the read-only area behind it is never written. */
  private programOtp(c: Ctx, offset: number, size: number, value: number): number {
    const locked = offset >= OTP_BYTES || ((c.get(this.layout.reg('OTPBLR_CUR')) >>> Math.floor(offset / OTP_BLOCK)) & 1) === 1;
    if (locked || size === 1) this.flag(c, locked ? this.f.wrperr.mask : this.f.pgserr.mask);
    else {
      const bytes = new Uint8Array(size);
      for (let i = 0; i < size; i++) bytes[i] = (value >>> (8 * i)) & 0xff;
      this.start(c, { kind: 'program', memory: this.o.otpMemory, offset, bytes });
    }
    return 0;
  }

  private duration(c: Ctx, op: FlashOperation): number {
    const p = (key: string): number => c.env.parameter(key) ?? 0;
    if (op.kind === 'program') return p('flash.program.ps');
    if (op.kind === 'options') return p('flash.options.ps');
    if (op.code === CODE.sector) return p('flash.erase.sector.ps');
    return p('flash.erase.bank.ps') * (op.code === CODE.mass ? 2 : 1);
  }

  /** Starts an operation, or lets it wait: silicon stalls the bus instead, which comes to the same for the flash. */
  private start(c: Ctx, op: FlashOperation): void {
    c.s.queue.push(op);
    this.f.bsy.set(c, 1);
    if (c.s.queue.length === 1) c.env.arm('done', c.env.now() + this.duration(c, op));
    else this.f.dbne.set(c, 1);
    this.showBusy(c);
  }

  private showBusy(c: Ctx): void {
    const op = c.s.queue[0];
    let halves = 0;
    if (op?.kind === 'erase') halves = op.length > this.o.bankBytes ? 3 : op.offset >= this.o.bankBytes ? 2 : 1;
    else if (op?.kind === 'program') halves = op.memory === this.o.otpMemory ? 1 : op.offset >= this.o.bankBytes ? 2 : 1;
    else if (op) halves = 3;
    c.env.setWire(FLASH_BUSY, halves);
  }

  private carryOut(c: Ctx, op: FlashOperation): void {
    if (op.kind === 'options') return this.changeOptions(c);
    if (op.kind === 'erase') return c.env.pokeMemory(this.o.memory, op.offset, new Uint8Array(op.length).fill(0xff));
    const old = c.env.peekMemory(op.memory, op.offset, op.bytes.length);
    const bytes = op.bytes.map((b, i) => b & old[i]!);
    if (op.memory === this.o.memory && old.some((b) => b !== 0xff) && bytes.some((b, i) => b !== old[i]))
      c.env.note(
        'guest',
        `quad-word at 0x${(this.o.base + op.offset).toString(16).padStart(8, '0')} programmed without an erase: bits only fall, and its ECC no longer fits on silicon`,
      );
    c.env.pokeMemory(op.memory, op.offset, bytes);
  }

  done(c: Ctx): void {
    const op = c.s.queue.shift();
    if (op) this.carryOut(c, op);
    const next = c.s.queue[0];
    if (next) c.env.arm('done', c.env.now() + this.duration(c, next));
    this.f.bsy.set(c, next ? 1 : 0);
    this.f.dbne.set(c, c.s.queue.length > 1 ? 1 : 0);
    if (op?.kind === 'erase') this.f.strt.set(c, 0);
    if (op?.kind === 'options') this.f.optstrt.set(c, 0);
    this.showBusy(c);
    this.flag(c, this.f.eop.mask);
  }

  private erase(c: Ctx): void {
    const bank = this.f.bksel.get(c);
    const start = this.halfOf(c, bank) * this.o.bankBytes;
    const whole = { kind: 'erase', offset: 0, length: 2 * this.o.bankBytes, code: CODE.mass } as const;
    const sector = this.f.snb.get(c);
    const sectors = this.o.bankBytes / this.o.sectorBytes;
    const wanted = this.f.ser.get(c) + this.f.ber.get(c) + this.f.mer.get(c);
    if (wanted !== 1 || this.f.pg.get(c) || c.s.queue.length > 0 || (this.f.ser.get(c) && sector >= sectors)) {
      this.f.strt.set(c, 0);
      c.env.note('guest', 'FLASH_NSCR.STRT without exactly one of SER, BER, MER, while busy or with a sector that does not exist: PGSERR');
      return this.flag(c, this.f.pgserr.mask);
    }
    const op: FlashOperation = this.f.mer.get(c)
      ? whole
      : this.f.ber.get(c)
        ? { kind: 'erase', offset: start, length: this.o.bankBytes, code: CODE.bank }
        : { kind: 'erase', offset: start + sector * this.o.sectorBytes, length: this.o.sectorBytes, code: CODE.sector };
    for (let at = op.offset; at < op.offset + op.length; at += this.o.sectorBytes)
      if (this.isProtected(c, at)) {
        this.f.strt.set(c, 0);
        return this.flag(c, this.f.wrperr.mask);
      }
    this.start(c, op);
  }

  private pairs(): readonly { cur: Register; prg: Register }[] {
    return this.layout.registers
      .filter((r) => r.name.endsWith('_PRG') && this.layout.has(r.name.replace('_PRG', '_CUR')))
      .map((prg) => ({ prg, cur: this.layout.reg(prg.name.replace('_PRG', '_CUR')) }));
  }

  private changeOptions(c: Ctx): void {
    const prg = c.get(this.layout.reg('OPTSR_PRG'));
    const state = this.f.productState;
    if (state.of(prg) !== state.get(c) && !PRODUCT_STATES.has(state.of(prg))) return this.flag(c, this.f.optchangeerr.mask);
    for (const pair of this.pairs()) {
      c.s.options[pair.cur.name] = c.get(pair.prg);
      c.put(pair.cur, c.get(pair.prg));
    }
  }

  // eslint-disable-next-line complexity -- one case for each register that is not plain storage
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const f = this.f;
    switch (r.name) {
      case 'NSKEYR':
      case 'OPTKEYR': {
        const option = r.name === 'OPTKEYR';
        const lock = option ? f.optlock : f.lock;
        const right = keysSeen(option ? c.s.optKeys : c.s.nsKeys, raw, option ? OPTION_KEYS : FLASH_KEYS, true);
        const twice = right === 0 && !lock.get(c);
        const seen = twice ? -1 : right;
        if (option) c.s.optKeys = seen;
        else c.s.nsKeys = seen;
        if (seen !== 1) lock.set(c, seen === 0 ? 0 : 1);
        if (seen >= 0) return 0;
        c.env.note('guest', `FLASH_${r.name}: ${twice ? 'unlock sequence written twice' : 'wrong key'}: locked until the next reset`, {
          is: 'lost',
          why: 'key',
        });
        // ASSUMED for H5: the bus error that RM0351 describes for a wrong key on L4.
        return twice ? 0 : WRITE_FAULT;
      }
      case 'NSCR': {
        // STRT falls by itself only.
        if (!f.lock.get(c)) return merged | (c.get(r) & f.strt.mask);
        if (merged !== c.get(r)) c.env.note('guest', 'FLASH_NSCR written while locked: ignored', { is: 'locked', lock: 'LOCK' });
        return c.get(r);
      }
      case 'NSCCR':
        c.put(this.sr, c.get(this.sr) & ~(raw & FLAGS));
        this.interrupt(c);
        return 0;
      case 'OPTCR':
        if (f.optlock.get(c)) return c.get(r);
        // OPTSTRT falls by itself, and cannot be set over an error.
        return f.optchangeerr.get(c) ? (merged & ~f.optstrt.mask) | (c.get(r) & f.optstrt.mask) : merged | (c.get(r) & f.optstrt.mask);
      default:
        if (r.name.endsWith('_PRG') && (f.optlock.get(c) || f.optstrt.get(c))) {
          noteLocked(c, r, f.optlock.get(c) ? 'OPTLOCK' : 'OPTSTRT');
          return c.get(r);
        }
    }
  }

  wrote(c: Ctx, r: Register, value: number, old: number): void {
    const f = this.f;
    if (r === f.latency.register) this.wires(c);
    else if (r === this.cr) {
      this.interrupt(c);
      if (f.fw.of(value)) {
        f.fw.set(c, 0);
        if (c.s.bufferAddress !== -1) this.flush(c);
      }
      if (f.strt.of(value) && !f.strt.of(old)) this.erase(c);
    } else if (r === this.optcr && f.optstrt.of(value) && !f.optstrt.of(old)) this.start(c, { kind: 'options' });
  }

  private wires(c: Ctx): void {
    c.env.setWire(FLASH_LATENCY, this.f.latency.get(c));
    c.env.setWire(FLASH_PREFETCH, this.f.prefetch.get(c));
  }

  /** First power-on: the factory's option bytes, changed by the board's parameters. */
  private initialise(c: Ctx): void {
    storeOptions(c, this.layout, this.o.optionBytes, c.s.options);
    c.s.optionsLoaded = true;
    c.s.swapped = this.f.swap.of(c.s.options[this.optsr.name] ?? 0) === 1;
    placeIdentity(c, this.o.otpMemory, { uidOffset: OTP_BYTES, sizeOffset: OTP_BYTES + 12, flashKilobytes: this.o.flashKilobytes });
  }

  /** What was written and is not programmed when a reset comes. */
  beforeReset(c: Ctx): void {
    if (!c.s.optionsLoaded) return;
    const options = this.pairs().map(({ cur, prg }) => ({ register: prg, programmed: c.s.options[cur.name] ?? 0 }));
    const running = c.s.queue.some(({ kind }) => kind === 'options');
    noteUnprogrammed(c, options, 'OPTCR.OPTSTRT', running);
  }
  onReset(c: Ctx): void {
    const interrupted = c.s.queue[0];
    c.env.disarm('done');
    c.s.queue = [];
    c.s.nsKeys = 0;
    c.s.optKeys = 0;
    if (c.s.bufferAddress !== -1) noteUnfilled(c, this.o.base + c.s.bufferAddress, QUAD);
    c.s.bufferAddress = -1;
    c.s.filled = 0;
    if (!c.s.optionsLoaded) this.initialise(c);
    for (const { cur, prg } of this.pairs()) {
      c.put(cur, c.s.options[cur.name] ?? 0);
      c.put(prg, c.s.options[cur.name] ?? 0);
    }
    const swap = this.f.swap.get(c) === 1;
    swapBanks(c, this.o, swap);
    this.f.swapShown.set(c, swap ? 1 : 0);
    c.put(this.opsr, interrupted ? this.interruptedStatus(c, interrupted) : 0);
    c.env.setWire(IWDG_HARDWARE, this.f.iwdgSw.get(c) ? 0 : 1);
    this.lowPower(c);
    c.env.setWire(WWDG_HARDWARE, this.f.wwdgSw.get(c) ? 0 : 1);
    this.wires(c);
    this.showBusy(c);
    this.interrupt(c);
  }

  /** OPSR names the operation that a reset cut short. */
  private interruptedStatus(c: Ctx, op: FlashOperation): number {
    const code = op.kind === 'program' ? CODE.program : op.kind === 'options' ? CODE.options : op.code;
    noteInterrupted(c);
    const f = (name: string, value: number): number => {
      const field = this.layout.field(`OPSR.${name}`);
      return ((value << field.bit) & field.mask) >>> 0;
    };
    let value = f('CODE_OP', code);
    if (op.kind !== 'options') {
      const otp = op.kind === 'program' && op.memory === this.o.otpMemory;
      value |= f('ADDR_OP', (op.offset % this.o.bankBytes) / QUAD) | (otp ? f('OTP_OP', 1) : f('BK_OP', this.bankAt(c, op.offset)));
    }
    return value >>> 0;
  }

  /** ST's own examples read the area with the ICACHE on after the MPU has made it non-cacheable. */
  guardRead(c: Ctx, size: number, value: number, cacheable: boolean): number {
    return size === 1 || (cacheable && c.env.wire(ICACHE_ENABLED)) ? BUS_ERROR : value;
  }
}

export const flashH5: ModelFactory<FlashH5Options> = (layout, options): RegisterModel<FlashH5State> => {
  const flash = new Flash(layout, options);
  return {
    timers: ['done'],
    about: {
      source: 'field texts of ST SVD STM32H563, same IP; HAL-H5',
      confidence: 'documented',
      lacks: [
        'ECC faults',
        'high-cycle data area',
        'OBK, HDP, secure and privileged sectors',
        'changes of PRODUCT_STATE other than by option bytes',
      ],
    },
    modelled: layout.registers
      .map((r) => r.name)
      .filter((n) =>
        /^(ACR|NSKEYR|OPTKEYR|OPSR|OPTCR|NSSR|NSCR|NSCCR|(OPTSR2?|NSBOOTR|SECBOOTR|OTPBLR|WRP[12]R|HDP[12]R|EDATA[12]R|SECWM[12]R)_(CUR|PRG))$/.test(
          n,
        ),
      ),
    create: () => ({
      options: {},
      optionsLoaded: false,
      swapped: false,
      nsKeys: 0,
      optKeys: 0,
      buffer: new Uint8Array(QUAD).fill(0xff),
      bufferAddress: -1,
      filled: 0,
      queue: [],
    }),
    beforeReset: (c) => flash.beforeReset(c),
    onReset: (c) => flash.onReset(c),
    onTimer: (c) => flash.done(c),
    write: (c, r, merged, raw) => flash.write(c, r, merged, raw),
    wrote: (c, r, value, old) => flash.wrote(c, r, value, old),
    program: (c, address, size, value) => flash.program(c, address, size, value),
    guardRead: (c, _address, size, value, cacheable) => flash.guardRead(c, size, value, cacheable),
  };
};
