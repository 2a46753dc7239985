/**
 * FLASH of STM32F0 and F1: access timing register, keys, half-word programming, page and mass erase, option bytes in their own memory, write protection.
 * Code in flash waits while it is busy (`flash.busy`), data does not: RM0091 3.2.2 has both wait.
 *
 * Facts: registers ST SVD; units, keys, PGERR, option byte format and loading: RM0091 3 and HAL-F0 hal_flash.c (documented); bus errors on wrong sizes and while locked
 * (assumed, as RM0008 has them for the same block). Durations are parameters.
 * Wires driven: `flash.latency`, `flash.prefetch`, `flash.busy`, `iwdg.hardware` (option byte). Wire read: `reset.cause`.
 */
import { BUS_ERROR } from '../../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { placeIdentity } from './flash-factory.ts';
import { FLASH_KEYS, keysSeen } from './flash-keys.ts';
import { abandon } from './flash-reset.ts';
import { lowPowerOptions } from './flash-low-power.ts';
import { FLASH_BUSY, FLASH_LATENCY, FLASH_PREFETCH } from '../../emu/wires.ts';
import { IWDG_HARDWARE } from '../wires.ts';

export interface FlashF0Options {
  readonly memory: string;
  readonly base: number;
  readonly bytes: number;
  readonly pageBytes: number;
  /** Memory of the option bytes. */
  readonly optionMemory: string;
  readonly optionBase: number;
  /** Memory that holds unique ID and flash size, and where. */
  readonly idMemory: string;
  readonly uidOffset: number;
  readonly sizeOffset: number;
  readonly flashKilobytes: number;
  /** Pages per write protection bit. */
  readonly wrpPages: number;
  /** Factory values: `NAME` → `OBR.nBOOT1` or `WRPR.WRP` and value. Parameter `option.NAME` overrides. */
  readonly optionBytes: Readonly<Record<string, { readonly field: string; readonly value: number }>>;
}

export interface FlashF0State {
  initialised: boolean;
  keys: number;
  optKeys: number;
  operation: { kind: 'program' | 'erase' | 'unprotect'; memory: string; offset: number; bytes: Uint8Array } | null;
}
type Ctx = RegisterContext<FlashF0State>;

const OPTION_BYTES = 16;
/** Byte offsets of the option half-words, each a byte and its complement. */
const RDP = 0;
const USER = 2;
const DATA0 = 4;
const DATA1 = 6;
const WRP = 8;
/** RDP byte that means level 0, and level 2. */
const RDP_LEVEL0 = 0xaa;
const RDP_LEVEL2 = 0xcc;
/** RDP byte of an F1 that is not protected; it knows no second level. */
const RDPRT_F1 = 0xa5;

class Flash {
  private readonly o: FlashF0Options;
  private readonly layout: Layout;
  private readonly sr: Register;
  private readonly cr: Register;
  private readonly ar: Register;
  private readonly obr: Register;
  private readonly wrpr: Register;
  private readonly f;
  private readonly lowPower: (c: RegisterContext<object>) => void;
  /** Bit of OBR at which the user byte begins. */
  private readonly user: number;
  /** RDP byte without protection. */
  private readonly open: number;

  constructor(layout: Layout, o: FlashF0Options) {
    this.o = o;
    this.layout = layout;
    this.sr = layout.reg('SR');
    this.cr = layout.reg('CR');
    this.ar = layout.reg('AR');
    this.obr = layout.reg('OBR');
    this.wrpr = layout.reg('WRPR');
    const f = (path: string): Field => layout.field(path);
    this.lowPower = lowPowerOptions(layout, 'OBR');
    this.f = {
      latency: f('ACR.LATENCY'),
      prftbe: f('ACR.PRFTBE'),
      prftbs: f('ACR.PRFTBS'),
      bsy: f('SR.BSY'),
      pgerr: f('SR.PGERR'),
      wrprterr: f('SR.WRPRTERR'),
      eop: f('SR.EOP'),
      pg: f('CR.PG'),
      per: f('CR.PER'),
      mer: f('CR.MER'),
      optpg: f('CR.OPTPG'),
      opter: f('CR.OPTER'),
      strt: f('CR.STRT'),
      lock: f('CR.LOCK'),
      optwre: f('CR.OPTWRE'),
      errie: f('CR.ERRIE'),
      eopie: f('CR.EOPIE'),
      // F1 has no reload but the reset.
      oblLaunch: layout.hasField('CR.OBL_LAUNCH') ? f('CR.OBL_LAUNCH') : null,
      opterr: f('OBR.OPTERR'),
      rdprt: f('OBR.RDPRT'),
      data0: f('OBR.Data0'),
      data1: f('OBR.Data1'),
      iwdgSw: f('OBR.IWDG_SW'),
    };
    this.user = this.f.data0.bit - 8;
    this.open = this.f.rdprt.width === 1 ? RDPRT_F1 : RDP_LEVEL0;
  }

  private interrupt(c: Ctx): void {
    const f = this.f;
    c.env.irq(0, (f.eop.get(c) && f.eopie.get(c)) === 1 || (f.pgerr.get(c) | f.wrprterr.get(c) && f.errie.get(c)) === 1);
  }
  private flag(c: Ctx, field: Field): void {
    field.set(c, 1);
    this.interrupt(c);
  }
  private isProtected(c: Ctx, offset: number): boolean {
    const group = Math.min(31, Math.floor(offset / this.o.pageBytes / this.o.wrpPages));
    return ((c.get(this.wrpr) >>> group) & 1) === 0;
  }

  /** Bus write to the flash or to the option bytes. */
  // eslint-disable-next-line complexity -- refusals in the order in which the hardware checks
  program(c: Ctx, address: number, size: number, value: number): number {
    const f = this.f;
    const where = `0x${address.toString(16).padStart(8, '0')}`;
    const option = address >= this.o.optionBase && address < this.o.optionBase + OPTION_BYTES;
    const inFlash = address >= this.o.base && address < this.o.base + this.o.bytes;
    const enabled = option ? f.optpg.get(c) && f.optwre.get(c) : inFlash && f.pg.get(c) && !f.lock.get(c);
    if (!enabled || size !== 2) {
      c.env.note(
        'guest',
        size === 2
          ? `flash written at ${where} while locked or without ${option ? 'OPTPG' : 'PG'}: bus error`
          : `${size}-byte write to the flash at ${where}, which takes half-words: bus error`,
      );
      return BUS_ERROR;
    }
    const memory = option ? this.o.optionMemory : this.o.memory;
    const offset = address - (option ? this.o.optionBase : this.o.base);
    if (!option && this.isProtected(c, offset)) {
      this.flag(c, f.wrprterr);
      return 0;
    }
    this.settle(c);
    const old = c.env.peekMemory(memory, offset, 2);
    if ((old[0] !== 0xff || old[1] !== 0xff) && value !== 0) {
      c.env.note('guest', `flash half-word at ${where} programmed without an erase: PGERR`);
      this.flag(c, f.pgerr);
      return 0;
    }
    // The hardware adds the complement of an option byte by itself.
    const high = option ? ~value & 0xff : value >>> 8;
    // The key that takes the read protection away first erases the whole flash (PM0075 2.4.2, RM0091 3.3.1).
    const unprotects = option && offset === RDP && (value & 0xff) === this.open && f.rdprt.get(c) !== 0;
    const ps = (c.env.parameter('flash.program.ps') ?? 0) + (unprotects ? (c.env.parameter('flash.erase.mass.ps') ?? 0) : 0);
    this.start(c, { kind: unprotects ? 'unprotect' : 'program', memory, offset, bytes: Uint8Array.of(value & 0xff, high) }, ps);
    return 0;
  }

  /** What is under way ends before the next begins: silicon stalls the bus. */
  private settle(c: Ctx): void {
    const op = c.s.operation;
    if (!op) return;
    if (op.kind === 'unprotect') c.env.pokeMemory(this.o.memory, 0, new Uint8Array(this.o.bytes).fill(0xff));
    c.env.pokeMemory(op.memory, op.offset, op.bytes);
    c.s.operation = null;
  }
  private start(c: Ctx, op: NonNullable<FlashF0State['operation']>, ps: number): void {
    const due = c.env.due('done');
    c.s.operation = op;
    c.env.arm('done', (due === Infinity ? c.env.now() : due) + ps);
    this.f.bsy.set(c, 1);
    c.env.setWire(FLASH_BUSY, 3);
  }
  done(c: Ctx): void {
    this.settle(c);
    this.f.bsy.set(c, 0);
    this.f.strt.set(c, 0);
    c.env.setWire(FLASH_BUSY, 0);
    this.flag(c, this.f.eop);
  }

  private erase(c: Ctx): void {
    const f = this.f;
    const wanted = f.per.get(c) + f.mer.get(c) + f.opter.get(c);
    const offset = c.get(this.ar) - this.o.base;
    const page = offset - (offset % this.o.pageBytes);
    const refuse = (why: string): void => {
      f.strt.set(c, 0);
      c.env.note('guest', `FLASH_CR.STRT ${why}: nothing happens`);
    };
    if (wanted !== 1 || c.s.operation) return refuse('without exactly one of PER, MER, OPTER, or while busy');
    if (f.opter.get(c)) {
      if (!f.optwre.get(c)) return refuse('with OPTER while the option bytes are locked');
      return this.start(
        c,
        { kind: 'erase', memory: this.o.optionMemory, offset: 0, bytes: new Uint8Array(OPTION_BYTES).fill(0xff) },
        c.env.parameter('flash.erase.page.ps') ?? 0,
      );
    }
    if (f.per.get(c) && (offset < 0 || offset >= this.o.bytes)) return refuse(`with FLASH_AR outside the flash`);
    const from = f.mer.get(c) ? 0 : page;
    const length = f.mer.get(c) ? this.o.bytes : this.o.pageBytes;
    for (let at = from; at < from + length; at += this.o.pageBytes)
      if (this.isProtected(c, at)) {
        f.strt.set(c, 0);
        return this.flag(c, f.wrprterr);
      }
    const ps = c.env.parameter(f.mer.get(c) ? 'flash.erase.mass.ps' : 'flash.erase.page.ps') ?? 0;
    this.start(c, { kind: 'erase', memory: this.o.memory, offset: from, bytes: new Uint8Array(length).fill(0xff) }, ps);
  }

  /** RM0091 §3.2.2. The OPTKEYs of the F0 are the flash keys. */
  /**
   * Both keys at a lock that is open change nothing (measured: the ROMs of STM32F103, V2.2, at 0x1FFFF056, and STM32F051, V2.1, at 0x1FFFEF32 write them before every page and
   * never lock); PM0075 says only that a wrong sequence locks.
   */
  private writeKey(c: Ctx, r: Register, raw: number, option: boolean): number {
    const reachable = !option || this.f.lock.get(c) === 0;
    const seen = keysSeen(option ? c.s.optKeys : c.s.keys, raw, FLASH_KEYS, reachable);
    if (option) c.s.optKeys = seen;
    else c.s.keys = seen;
    if (seen === 0) (option ? this.f.optwre : this.f.lock).set(c, option ? 1 : 0);
    if (seen < 0) {
      if (option) this.f.optwre.set(c, 0);
      else this.f.lock.set(c, 1);
      c.env.note('guest', `FLASH_${r.name}: wrong key sequence: locked until the next reset`, { is: 'lost', why: 'key' });
    }
    return 0;
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const f = this.f;
    const old = c.get(r);
    switch (r.name) {
      case 'KEYR':
      case 'OPTKEYR':
        return this.writeKey(c, r, raw, r.name === 'OPTKEYR');
      case 'ACR':
        // The status follows the enable bit at once.
        return f.prftbe.of(merged) ? merged | f.prftbs.mask : merged & ~f.prftbs.mask;
      case 'SR':
        return old & ~(raw & (f.pgerr.mask | f.wrprterr.mask | f.eop.mask));
      case 'AR':
        return c.s.operation ? old : raw;
      case 'CR': {
        if (f.lock.get(c)) {
          if (merged !== old) c.env.note('guest', 'FLASH_CR written while locked: ignored', { is: 'locked', lock: 'LOCK' });
          return old;
        }
        // LOCK is set only, OPTWRE cleared only, STRT falls by itself.
        const optwre = merged & old & f.optwre.mask;
        return ((merged & ~f.optwre.mask) | optwre | (old & f.strt.mask)) >>> 0;
      }
    }
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.f.latency.register) this.wires(c);
    if (r === this.sr) this.interrupt(c);
    if (r !== this.cr || value === old) return;
    this.interrupt(c);
    if (this.f.strt.of(value) && !this.f.strt.of(old)) this.erase(c);
    if (this.f.oblLaunch?.of(value) && !this.f.oblLaunch.of(old)) c.env.requestReset('option-bytes');
  }
  private wires(c: Ctx): void {
    c.env.setWire(FLASH_LATENCY, this.f.latency.get(c));
    c.env.setWire(FLASH_PREFETCH, this.f.prftbe.get(c));
  }

  /** First power-on: the factory's option bytes, changed by the board's parameters, and the identity words. */
  private initialise(c: Ctx): void {
    const bytes = new Uint8Array(OPTION_BYTES);
    const put = (offset: number, value: number): void => {
      bytes[offset] = value & 0xff;
      bytes[offset + 1] = ~value & 0xff;
    };
    let user = 0xff;
    const values: Record<string, number> = { RDP: this.open, Data0: 0xff, Data1: 0xff, WRP: 0xffffffff };
    for (const [name, option] of Object.entries(this.o.optionBytes)) {
      const value = c.env.parameter(`option.${name}`) ?? option.value;
      const field = this.layout.field(option.field);
      // USER is OBR[15:8], on F1 OBR[9:2]; RDP, the data bytes and WRP have bytes of their own.
      if (field.register === this.obr && field.bit >= this.user && field.bit < this.user + 8)
        user = (user & ~(field.mask >>> this.user)) | ((value << (field.bit - this.user)) & (field.mask >>> this.user));
      else values[field.name === 'RDPRT' ? 'RDP' : field.name] = value;
    }
    put(RDP, values['RDP']!);
    put(USER, user);
    put(DATA0, values['Data0']!);
    put(DATA1, values['Data1']!);
    for (let i = 0; i < 4; i++) put(WRP + 2 * i, values['WRP']! >>> (8 * i));
    c.env.pokeMemory(this.o.optionMemory, 0, bytes);
    placeIdentity(c, this.o.idMemory, this.o);
    c.s.initialised = true;
  }
  /** Every system reset loads the option bytes. A byte whose complement does not fit reads as 0xFF and raises OPTERR, unless
   * both are erased (PM0075, the same block); RDP then means level 1. */
  private load(c: Ctx): void {
    const bytes = c.env.peekMemory(this.o.optionMemory, 0, OPTION_BYTES);
    let bad = false;
    const get = (offset: number): number | null => {
      // An erased pair is not compared.
      const good = (bytes[offset]! ^ bytes[offset + 1]!) === 0xff || (bytes[offset] === 0xff && bytes[offset + 1] === 0xff);
      if (!good) bad = true;
      return good ? bytes[offset]! : null;
    };
    const rdp = get(RDP);
    const user = get(USER) ?? 0xff;
    const data0 = get(DATA0) ?? 0xff;
    const data1 = get(DATA1) ?? 0xff;
    let wrp = 0;
    for (let i = 0; i < 4; i++) wrp |= (get(WRP + 2 * i) ?? 0xff) << (8 * i);
    const level = rdp === this.open ? 0 : rdp === RDP_LEVEL2 && this.f.rdprt.width > 1 ? 3 : 1;
    const f = this.f;
    c.put(
      this.obr,
      ((user << this.user) | ((bad ? 1 : 0) << f.opterr.bit) | (level << f.rdprt.bit) | (data0 << f.data0.bit) | (data1 << f.data1.bit)) >>>
        0,
    );
    c.put(this.wrpr, wrp >>> 0);
  }

  onReset(c: Ctx): void {
    abandon(c);
    if (!c.s.initialised) this.initialise(c);
    this.load(c);
    c.env.setWire(IWDG_HARDWARE, this.f.iwdgSw.get(c) ? 0 : 1);
    this.lowPower(c);
    c.env.setWire(FLASH_BUSY, 0);
    this.wires(c);
    this.interrupt(c);
  }
}

export const flashF0: ModelFactory<FlashF0Options> = (layout, options): RegisterModel<FlashF0State> => {
  const flash = new Flash(layout, options);
  return {
    timers: ['done'],
    about: {
      source: 'RM0091 3, HAL-F0 hal_flash.c',
      confidence: 'documented',
      lacks: [
        'effects of read-out protection on a debugger, and all of level 2',
        'the wait of data accesses while the flash is busy: fetches wait',
      ],
    },
    modelled: 'all',
    create: () => ({ initialised: false, keys: 0, optKeys: 0, operation: null }),
    onReset: (c) => flash.onReset(c),
    onTimer: (c) => flash.done(c),
    write: (c, r, merged, raw) => flash.write(c, r, merged, raw),
    wrote: (c, r, value, old) => flash.wrote(c, r, value, old),
    program: (c, address, size, value) => flash.program(c, address, size, value),
  };
};
