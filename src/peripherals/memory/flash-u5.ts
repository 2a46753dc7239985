/**
 * FLASH of STM32U5: access timing register, keys, quad-word and burst programming, page, bank and mass erase, option bytes with OBL_LAUNCH, bank swap, OTP.
 *
 * Facts: registers ST SVD STM32U575; 8-KB pages, quad-words written word by word in rising order, bursts of eight (BWR), flags cleared by ones, EOP and OPERR only with their
 * interrupt enables, option registers loaded by OBL_LAUNCH: RM0456 7 and ST HAL U5 hal_flash.c (recalled: reported); keys HAL-U5 (documented); a wrong key is a bus error as on
 * L4 (assumed); RDP from level 1 to 0 erases both banks (RM0456 7.6, recalled: reported). Durations are parameters.
 * Wires driven: `flash.latency`, `flash.prefetch`, `flash.busy` (1: lower half, 2: upper half, 3: both are being written), `iwdg.hardware`, `wwdg.hardware` (option bytes).
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
import { placeIdentity, storeOptions } from './flash-factory.ts';
import { noteLocked, writeKey } from './flash-keys.ts';
import { lowPowerOptions } from './flash-low-power.ts';
import { abandon, noteUnfilled, noteUnprogrammed } from './flash-reset.ts';
import { FLASH_BUSY, FLASH_LATENCY, FLASH_PREFETCH, RESET_CAUSE } from '../../emu/wires.ts';
import { IWDG_HARDWARE, WWDG_HARDWARE } from '../wires.ts';

export interface FlashU5Options {
  /** Names of the chip's memories and where they lie. */
  readonly memory: string;
  readonly base: number;
  readonly bankBytes: number;
  readonly pageBytes: number;
  /** OTP, unique ID and flash size. */
  readonly infoMemory: string;
  readonly infoBase: number;
  readonly uidOffset: number;
  readonly sizeOffset: number;
  readonly flashKilobytes: number;
  /** Factory values of whole option registers, then of fields: `NAME` → `OPTR.SWAP_BANK` and value. Parameter `option.NAME` overrides. */
  readonly optionRegisters: Readonly<Record<string, number>>;
  readonly optionBytes: Readonly<Record<string, { readonly field: string; readonly value: number }>>;
}

export interface FlashU5State {
  /** Option registers as programmed, and as loaded last (in force), by name. Survive power-off. */
  stored: Record<string, number>;
  loaded: Record<string, number>;
  optionsLoaded: boolean;
  /** SWAP_BANK in force. */
  swapped: boolean;
  /** Keys seen so far (0–1); -1 after a wrong key, until a reset. */
  keys: number;
  optKeys: number;
  /** Words of the unit that is being written, and where it begins; -1 = none. */
  unitOffset: number;
  words: number[];
  operation: FlashOperation | null;
}
type FlashOperation =
  | { kind: 'program'; memory: string; offset: number; words: readonly number[] }
  | { kind: 'erase'; offset: number; length: number }
  | { kind: 'options' };
type Ctx = RegisterContext<FlashU5State>;

const WORD = 4;
const QUAD = 16;
/** BWR: eight quad-words. */
const BURST = 128;
const OTP_BYTES = 0x200;
const RDP_LEVEL_0 = 0xaa;
const OPTIONS = /^(OPTR|(NS|SEC)BOOTADD[01]R|SECWM[12]R[12]|WRP[12][AB]R)$/;

class Flash {
  private readonly o: FlashU5Options;
  private readonly layout: Layout;
  private readonly acr: Register;
  private readonly sr: Register;
  private readonly cr: Register;
  private readonly options: readonly Register[];
  private readonly errors: number;
  private readonly f;
  private readonly lowPower: (c: RegisterContext<object>) => void;

  constructor(layout: Layout, o: FlashU5Options) {
    this.o = o;
    this.layout = layout;
    this.acr = layout.reg('ACR');
    this.sr = layout.reg('NSSR');
    this.cr = layout.reg('NSCR');
    this.options = layout.registers.filter((r) => OPTIONS.test(r.name));
    this.lowPower = lowPowerOptions(layout, 'OPTR');
    const f = (path: string): Field => layout.field(path);
    const error = (name: string): number => f(`NSSR.${name}`).mask;
    this.errors = ['PROGERR', 'WRPERR', 'PGAERR', 'SIZERR', 'PGSERR'].reduce((m, name) => m | error(name), 0);
    this.f = {
      latency: f('ACR.LATENCY'),
      prften: f('ACR.PRFTEN'),
      eop: f('NSSR.EOP'),
      operr: f('NSSR.OPERR'),
      progerr: f('NSSR.PROGERR'),
      wrperr: f('NSSR.WRPERR'),
      pgaerr: f('NSSR.PGAERR'),
      sizerr: f('NSSR.SIZERR'),
      pgserr: f('NSSR.PGSERR'),
      optwerr: f('NSSR.OPTWERR'),
      bsy: f('NSSR.BSY'),
      wdw: f('NSSR.WDW'),
      pg: f('NSCR.PG'),
      per: f('NSCR.PER'),
      mer1: f('NSCR.MER1'),
      mer2: f('NSCR.MER2'),
      pnb: f('NSCR.PNB'),
      bker: f('NSCR.BKER'),
      bwr: f('NSCR.BWR'),
      strt: f('NSCR.STRT'),
      optstrt: f('NSCR.OPTSTRT'),
      eopie: f('NSCR.EOPIE'),
      errie: f('NSCR.ERRIE'),
      oblLaunch: f('NSCR.OBL_LAUNCH'),
      optlock: f('NSCR.OPTLOCK'),
      lock: f('NSCR.LOCK'),
      rdp: f('OPTR.RDP'),
      swap: f('OPTR.SWAP_BANK'),
      iwdgSw: f('OPTR.IWDG_SW'),
      wwdgSw: f('OPTR.WWDG_SW'),
      tzen: f('OPTR.TZEN'),
    };
  }

  private error(c: Ctx, mask: number): number {
    c.put(this.sr, c.get(this.sr) | mask | (this.f.errie.get(c) ? this.f.operr.mask : 0));
    this.interrupt(c);
    return 0;
  }
  private interrupt(c: Ctx): void {
    const { eop, operr, eopie, errie } = this.f;
    c.env.irq(0, (eop.get(c) === 1 && eopie.get(c) === 1) || (operr.get(c) === 1 && errie.get(c) === 1));
  }
  private halfOf(c: Ctx, bank: number): number {
    return c.s.swapped ? 1 - bank : bank;
  }
  private isProtected(c: Ctx, offset: number): boolean {
    const page = Math.floor((offset % this.o.bankBytes) / this.o.pageBytes);
    const bank = this.halfOf(c, offset >= this.o.bankBytes ? 1 : 0) + 1;
    return ['A', 'B'].some((area) => {
      const name = `WRP${bank}${area}`;
      const at = (end: string): number => this.layout.field(`${name}R.${name}_${end}`).get(c);
      return page >= at('PSTRT') && page <= at('PEND');
    });
  }

  // ---- programming -------------------------------------------------------------------------------------------------------------------
  /** Bus write to the flash or to the information block. */
  // eslint-disable-next-line complexity -- refusals in the order in which the hardware checks
  program(c: Ctx, address: number, size: number, value: number): number {
    const f = this.f;
    const where = `0x${address.toString(16).padStart(8, '0')}`;
    if (f.lock.get(c) || !f.pg.get(c) || f.per.get(c) || f.mer1.get(c) || f.mer2.get(c) || c.get(this.sr) & this.errors) {
      c.env.note('guest', `flash written at ${where} without FLASH_NSCR unlocked, PG alone set and the error flags clear: PGSERR`);
      return this.error(c, f.pgserr.mask);
    }
    if (size !== WORD) {
      c.env.note('guest', `${size}-byte write to the flash at ${where}: SIZERR`);
      return this.abort(c, f.sizerr.mask);
    }
    const info = address >= this.o.infoBase && address < this.o.infoBase + OTP_BYTES;
    const offset = address - (info ? this.o.infoBase : this.o.base);
    if (!info && (offset < 0 || offset >= 2 * this.o.bankBytes)) return this.abort(c, f.wrperr.mask);
    const unit = f.bwr.get(c) ? BURST : QUAD;
    const begins = c.s.unitOffset < 0;
    if (begins ? offset % unit !== 0 : offset !== c.s.unitOffset + WORD * c.s.words.length) {
      c.env.note('guest', `flash written at ${where} out of the order of the words of one ${unit / WORD}-word unit: PGAERR`);
      return this.abort(c, f.pgaerr.mask);
    }
    if (begins) [c.s.unitOffset, c.s.words] = [offset, []];
    c.s.words.push(value);
    f.wdw.set(c, 1);
    if (c.s.words.length * WORD === unit) this.programUnit(c, info ? this.o.infoMemory : this.o.memory);
    return 0;
  }
  /** The words that were written so far are lost. */
  private abort(c: Ctx, mask: number): number {
    this.drop(c);
    return this.error(c, mask);
  }
  /** A unit that is not filled will not be. */
  private loseUnit(c: Ctx): void {
    if (c.s.unitOffset < 0) return;
    noteUnfilled(c, this.o.base + c.s.unitOffset, QUAD);
    this.drop(c);
  }
  private drop(c: Ctx): void {
    c.s.unitOffset = -1;
    c.s.words = [];
    this.f.wdw.set(c, 0);
  }
  private programUnit(c: Ctx, memory: string): void {
    const { unitOffset: offset, words } = c.s;
    this.drop(c);
    if (memory === this.o.memory && this.isProtected(c, offset)) return void this.error(c, this.f.wrperr.mask);
    const erased = c.env.peekMemory(memory, offset, words.length * WORD).every((byte) => byte === 0xff);
    if (!erased && words.some((word) => word !== 0)) {
      c.env.note('guest', `flash at offset 0x${offset.toString(16)} programmed without an erase: PROGERR`);
      return void this.error(c, this.f.progerr.mask);
    }
    this.start(c, { kind: 'program', memory, offset, words });
  }
  private duration(c: Ctx, op: FlashOperation): number {
    const p = (key: string): number => c.env.parameter(key) ?? 0;
    if (op.kind === 'program') return p(op.words.length * WORD === BURST ? 'flash.program.burst.ps' : 'flash.program.ps');
    if (op.kind === 'options') return p('flash.options.ps');
    return op.length > this.o.pageBytes ? p('flash.erase.bank.ps') * (op.length > this.o.bankBytes ? 2 : 1) : p('flash.erase.page.ps');
  }
  /** A new operation waits for the one under way: silicon stalls the bus, which comes to the same for the flash. */
  private start(c: Ctx, op: FlashOperation): void {
    const begin = c.s.operation ? c.env.due('done') : c.env.now();
    if (c.s.operation) this.carryOut(c, c.s.operation);
    c.s.operation = op;
    c.env.arm('done', begin + this.duration(c, op));
    this.f.bsy.set(c, 1);
    this.showBusy(c);
  }
  private showBusy(c: Ctx): void {
    const op = c.s.operation;
    const both = op?.kind === 'options' || (op?.kind === 'erase' && op.length > this.o.bankBytes);
    c.env.setWire(FLASH_BUSY, !op ? 0 : both ? 3 : (op as { offset: number }).offset >= this.o.bankBytes ? 2 : 1);
  }
  private carryOut(c: Ctx, op: FlashOperation): void {
    if (op.kind === 'erase') return c.env.pokeMemory(this.o.memory, op.offset, new Uint8Array(op.length).fill(0xff));
    if (op.kind === 'options') return this.programOptions(c);
    const bytes = new Uint8Array(op.words.length * WORD);
    const view = new DataView(bytes.buffer);
    op.words.forEach((word, i) => view.setUint32(i * WORD, word, true));
    c.env.pokeMemory(op.memory, op.offset, bytes, true);
  }
  private programOptions(c: Ctx): void {
    const rdp = (options: Readonly<Record<string, number>>): number => this.f.rdp.of(options['OPTR']!);
    const regression = rdp(c.s.stored) !== RDP_LEVEL_0;
    for (const r of this.options) c.s.stored[r.name] = c.get(r);
    if (regression && rdp(c.s.stored) === RDP_LEVEL_0) c.env.pokeMemory(this.o.memory, 0, new Uint8Array(2 * this.o.bankBytes).fill(0xff));
  }
  done(c: Ctx): void {
    const op = c.s.operation;
    c.s.operation = null;
    if (op) this.carryOut(c, op);
    for (const busy of [this.f.bsy, this.f.strt, this.f.optstrt]) busy.set(c, 0);
    this.showBusy(c);
    if (this.f.eopie.get(c)) this.f.eop.set(c, 1);
    this.interrupt(c);
  }

  private erase(c: Ctx): void {
    const f = this.f;
    const { bankBytes, pageBytes } = this.o;
    const banks = f.mer1.get(c) | (f.mer2.get(c) << 1);
    const page = f.pnb.get(c);
    const refused = (banks !== 0) === (f.per.get(c) === 1) || f.pg.get(c) === 1 || c.s.operation !== null;
    if (refused || (f.per.get(c) && page >= bankBytes / pageBytes)) {
      f.strt.set(c, 0);
      c.env.note('guest', 'FLASH_NSCR.STRT without either PER or MER1/MER2, while busy or with a page that does not exist: PGSERR');
      return void this.error(c, f.pgserr.mask);
    }
    const bank = banks === 0 ? f.bker.get(c) : banks - 1;
    const start = this.halfOf(c, bank) * bankBytes;
    const [offset, length] = banks === 3 ? [0, 2 * bankBytes] : banks ? [start, bankBytes] : [start + page * pageBytes, pageBytes];
    for (let at = offset; at < offset + length; at += pageBytes)
      if (this.isProtected(c, at)) {
        f.strt.set(c, 0);
        return void this.error(c, f.wrperr.mask);
      }
    this.start(c, { kind: 'erase', offset, length });
  }

  // ---- registers ---------------------------------------------------------------------------------------------------------------------
  /** A wrong key locks until the next reset. Options need FLASH_NSCR to be open. */
  private writeKey(c: Ctx, r: Register, raw: number, option: boolean): number {
    const lock = option ? this.f.optlock : this.f.lock;
    const locked = lock.get(c) === 1 && !(option && this.f.lock.get(c));
    return writeKey(c, r, raw, option, lock, locked);
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const f = this.f;
    if (r.name === 'NSKEYR' || r.name === 'OPTKEYR') return this.writeKey(c, r, raw, r.name === 'OPTKEYR');
    // Flags are cleared by ones; BSY, WDW and what follows are the hardware's.
    if (r === this.sr) return (c.get(r) & ~(raw & (this.errors | f.eop.mask | f.operr.mask | f.optwerr.mask))) >>> 0;
    if (r === this.cr) return this.writeCr(c, merged);
    if (!this.options.includes(r)) return;
    if (!f.optlock.get(c) && !c.s.operation) return;
    noteLocked(c, r, f.optlock.get(c) ? 'OPTLOCK' : 'BSY');
    return c.get(r);
  }
  /** LOCK and OPTLOCK are set only; STRT and OPTSTRT fall by themselves; OPTSTRT and OBL_LAUNCH need OPTLOCK = 0. */
  private writeCr(c: Ctx, merged: number): number {
    const f = this.f;
    const old = c.get(this.cr);
    if (f.lock.of(old)) {
      if (merged !== old) c.env.note('guest', 'FLASH_NSCR written while locked: ignored', { is: 'locked', lock: 'LOCK' });
      return old;
    }
    let value = merged | (old & (f.strt.mask | f.optstrt.mask | f.optlock.mask));
    if (f.lock.of(value)) value |= f.optlock.mask;
    if (f.optlock.of(old)) {
      const needing = f.optstrt.mask | f.oblLaunch.mask;
      if (value & needing & ~old)
        c.env.note('guest', 'FLASH_NSCR.OPTSTRT or OBL_LAUNCH set while OPTLOCK = 1: ignored', { is: 'locked', lock: 'OPTLOCK' });
      value = (value & ~needing) | (old & needing);
    }
    return value >>> 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    const f = this.f;
    if (r === this.acr) return this.wires(c);
    if (r === this.sr) return this.interrupt(c);
    if (r === f.tzen.register && f.tzen.of(value) && !f.tzen.of(old)) c.env.note('gap', 'FLASH_OPTR.TZEN set: TrustZone is not modelled');
    if (r !== this.cr || value === old) return;
    this.interrupt(c);
    if (!f.pg.of(value)) this.loseUnit(c);
    if (f.strt.of(value) && !f.strt.of(old)) this.erase(c);
    if (f.optstrt.of(value) && !f.optstrt.of(old)) this.start(c, { kind: 'options' });
    if (f.oblLaunch.of(value) && !f.oblLaunch.of(old)) c.env.requestReset('option-bytes');
  }
  private wires(c: Ctx): void {
    c.env.setWire(FLASH_LATENCY, this.f.latency.get(c));
    c.env.setWire(FLASH_PREFETCH, this.f.prften.get(c));
  }

  /** What was written and is not programmed when a reset comes. */
  beforeReset(c: Ctx): void {
    if (!c.s.optionsLoaded) return;
    const written = this.options.filter((r) => c.get(r) !== c.s.loaded[r.name]);
    const options = written.map((register) => ({ register, programmed: c.s.stored[register.name]! }));
    noteUnprogrammed(c, options, 'NSCR.OPTSTRT', c.s.operation?.kind === 'options');
  }
  onReset(c: Ctx, kind: ResetKind): void {
    abandon(c);
    this.loseUnit(c);
    if (!c.s.optionsLoaded) {
      for (const r of this.options) c.s.stored[r.name] = this.o.optionRegisters[r.name] ?? r.reset;
      storeOptions(c, this.layout, this.o.optionBytes, c.s.stored);
      c.s.optionsLoaded = true;
      placeIdentity(c, this.o.infoMemory, this.o);
    }
    const cause = RESET_CAUSES[c.env.wire(RESET_CAUSE)];
    // Option bytes are loaded at power-on, at OBL_LAUNCH and after Standby, not at other resets.
    if (kind === 'power' || cause === 'power' || cause === 'brownout' || cause === 'option-bytes') c.s.loaded = { ...c.s.stored };
    for (const r of this.options) c.put(r, c.s.loaded[r.name]!);
    swapBanks(c, this.o, this.f.swap.get(c) === 1);
    c.env.setWire(IWDG_HARDWARE, this.f.iwdgSw.get(c) ? 0 : 1);
    c.env.setWire(WWDG_HARDWARE, this.f.wwdgSw.get(c) ? 0 : 1);
    this.lowPower(c);
    this.wires(c);
    this.showBusy(c);
    this.interrupt(c);
  }
}

export const flashU5: ModelFactory<FlashU5Options> = (layout, options): RegisterModel<FlashU5State> => {
  const flash = new Flash(layout, options);
  return {
    timers: ['done'],
    about: {
      source: 'RM0456 FLASH (recalled), HAL-U5 hal_flash.c',
      confidence: 'reported',
      lacks: [
        'ECC faults',
        'power-down of banks',
        'secure and privileged pages, HDP',
        'OEM keys',
        'effects of read-out protection on a debugger',
      ],
    },
    modelled: layout.registers.map((r) => r.name).filter((n) => OPTIONS.test(n) || /^(ACR|NSKEYR|OPTKEYR|NSSR|NSCR)$/.test(n)),
    // Flags are cleared by ones.
    create: () => ({
      stored: {},
      loaded: {},
      optionsLoaded: false,
      swapped: false,
      keys: 0,
      optKeys: 0,
      unitOffset: -1,
      words: [],
      operation: null,
    }),
    beforeReset: (c) => flash.beforeReset(c),
    onReset: (c, kind) => flash.onReset(c, kind),
    onTimer: (c) => flash.done(c),
    write: (c, r, merged, raw) => flash.write(c, r, merged, raw),
    wrote: (c, r, value, old) => flash.wrote(c, r, value, old),
    program: (c, address, size, value) => flash.program(c, address, size, value),
  };
};
