/**
 * OTG_FS, the core's registers: what a write does, what follows from the registers (interrupt line, pull-up, levels), bus reset, suspend, FIFOs
 * as the CPU sees them. The transactions are in transactions.ts.
 */
import type { Register } from '../../../emu/registers.ts';
import { MS, US } from '../../../emu/time.ts';
import {
  DCFG,
  DCTL,
  DIEPINT,
  DOEPINT,
  DSTS,
  EPCTL,
  fifoOf,
  GAHBCFG,
  GCCFG,
  GCCFG_OLD,
  GINTSTS,
  GINTSTS_CLEARABLE,
  GINTSTS_LEVELS,
  GOTGCTL,
  GOTGINT,
  GRSTCTL,
  GUSBCFG,
  PCGCCTL,
  PKTSTS,
  TYPE,
  typeOf,
} from './bits.ts';
import { flushRx, flushTx, newFifos, peekRx, popRx, pushRx, pushTx, txPlace, type TxPlace } from './fifo.ts';
import { OtgFsRegisters, type Context, type OtgFsState, type Role } from './registers.ts';
import { isUsbRate } from '../usb-clock.ts';
import { USB_PULLUP, USB_RESUME, USB_SOF, USB_VBUS, USB_VBUS_CUT } from '../../wires.ts';

/** RM0351 "OTG_FS AHB clock": below this the core does not keep up (documented). */
const LOWEST_AHB_HZ = 14_200_000;
/** PHY clocks of a core reset; the RM says to wait three of them (inferred). */
const RESET_CLOCKS = 3;
/** Clocks, the slower of AHB and PHY, that a FIFO flush takes (RM0351, OTG_GRSTCTL; reported). */
const FLUSH_CLOCKS = 8;
/** RM0351 OTG_GUSBCFG: a forced mode takes effect after 25 ms (documented). */
const MODE_DELAY = 25 * MS;
/** RM0351 "Suspended state": early suspend after 3 ms of idle bus, suspend 3 ms later (documented). */
const SUSPEND_CONFIRM = 3 * MS;
/** SE0 that a device takes for a reset (USB 2.0 7.1.7.5, TDETRST: at least 2.5 µs; documented). A wake-up is any activity: it comes first. */
const RESET_DETECT = 2.5 * US;

export const OTG_TIMERS: readonly string[] = ['reset', 'flush', 'mode', 'suspend', 'frame', 'se0'];
/** Interrupts of the end of a periodic frame: its events are only made while one of them is unmasked. */
const PERIODIC = GINTSTS.EOPF | GINTSTS.IISOIXFR | GINTSTS.INCOMPISOOUT;

export class OtgFsMachine extends OtgFsRegisters {
  create(): OtgFsState {
    return {
      ...newFifos(this.options.fifoWords),
      toSend: new Uint32Array(this.endpoints),
      line: 0,
      inFlight: 0,
      inFlightBytes: 0,
      se0: false,
      resetSeen: false,
      host: false,
      session: false,
      resetPhy: 0,
      flushPhy: 0,
      flushBus: 0,
      address: 0,
      control: false,
      setups: 0,
      toggleIn: 0,
      toggleOut: 0,
      controlRead: false,
      outSeen: false,
      statusSeen: false,
    };
  }

  set(c: Context, r: Register, bits: number): void {
    c.put(r, c.get(r) | bits);
  }
  clear(c: Context, r: Register, bits: number): void {
    c.put(r, c.get(r) & ~bits);
  }

  // What follows from registers and wires

  private powered(c: Context): boolean {
    return (this.supplyWire === null || c.env.wire(this.supplyWire) !== 0) && (c.get(this.gccfg) & GCCFG.PWRDWN) !== 0;
  }
  /** VBUS as the core sees it: sensed, overridden, or (F4) sensing switched off. */
  private sessionValid(c: Context): boolean {
    const gccfg = c.get(this.gccfg);
    const vbus = c.env.wire(USB_VBUS) !== 0 && !this.cut(c);
    if (this.old) return (gccfg & GCCFG_OLD.NOVBUSSENS) !== 0 || ((gccfg & GCCFG_OLD.VBUSBSEN) !== 0 && vbus);
    const gotgctl = c.get(this.gotgctl);
    if (gotgctl & GOTGCTL.BVALOEN) return (gotgctl & GOTGCTL.BVALOVAL) !== 0;
    return (gccfg & GCCFG.VBDEN) !== 0 && vbus;
  }
  /** The board leads no VBUS to the sensing pin. */
  private cut(c: Context): boolean {
    return c.env.wire(USB_VBUS_CUT) !== 0;
  }
  pulledUp(c: Context): boolean {
    return this.asksForPullUp(c) && this.sessionValid(c) && this.pins.routed(c.env);
  }
  private asksForPullUp(c: Context): boolean {
    return !c.s.host && this.hasTransceiver(c) && this.powered(c) && (c.get(this.dctl) & DCTL.SDIS) === 0;
  }
  /**
   * STPPCLK stops the PHY clock of a suspended core; activity on the bus ends the suspension and "automatically reactivates" the clocks (RM0090
   * "Power options"), while the bit stays set. Inferred for a bus reset: ST's and grblHAL's suspend callbacks gate, never ungate, and enumerate.
   * JTAG showed STPPCLK = 1, SUSPSTS = 0 in an enumerated device (electro-smith/libDaisy #716, reported).
   */
  private phyStopped(c: Context): boolean {
    return (c.get(this.pcgcctl) & PCGCCTL.STPPCLK) !== 0 && (c.get(this.dsts) & DSTS.SUSPSTS) !== 0;
  }
  /** The transceiver that GUSBCFG chooses is on the chip. Without a clock from a transceiver neither core reset nor flush ends. */
  private hasTransceiver(c: Context): boolean {
    return this.options.ulpi !== true || (c.get(this.gusbcfg) & GUSBCFG.PHYSEL) !== 0;
  }
  /** Pulled up, clocked and out of reset: the core follows the bus. */
  live(c: Context): boolean {
    if (!this.pulledUp(c) || !c.env.clocked() || c.s.resetPhy !== 0 || this.phyStopped(c) || !this.hasTransceiver(c)) return false;
    return isUsbRate(c.env.clockRate(this.clock));
  }

  /** Brings levels, interrupt line and pull-up up to date, and takes a reset that is waiting on the wire. */

  sync(c: Context): void {
    const { s } = c;
    this.followSession(c);
    if (this.phyStopped(c)) this.set(c, this.pcgcctl, PCGCCTL.PHYSUSP);
    else this.clear(c, this.pcgcctl, PCGCCTL.PHYSUSP);
    this.awaitReset(c);
    this.followCharger(c);
    this.showReceived(c);
    const daint = this.followEndpoints(c);
    c.put(this.daint, daint);
    const mask = c.get(this.daintmsk);
    let gintsts = c.get(this.gintsts) & ~GINTSTS_LEVELS;
    if (s.host) gintsts |= GINTSTS.CMOD;
    if (c.get(this.gotgint) !== 0) gintsts |= GINTSTS.OTGINT;
    if (s.rxUsed > 0) gintsts |= GINTSTS.RXFLVL;
    if ((daint & mask & 0xffff) !== 0) gintsts |= GINTSTS.IEPINT;
    if ((daint & mask) >>> 16 !== 0) gintsts |= GINTSTS.OEPINT;
    c.put(this.gintsts, gintsts);
    const line = (c.get(this.gahbcfg) & GAHBCFG.GINT) !== 0 && (gintsts & c.get(this.gintmsk)) !== 0 ? 1 : 0;
    if (line !== s.line) {
      s.line = line;
      c.env.irq(0, line === 1);
    }
    const up = this.pulledUp(c) ? 1 : 0;
    const { own, other } = this.pullUps;
    if (up === 1 && c.env.wire(own) === 0) this.noteSlowBus(c);
    c.env.setWire(own, up);
    if (other !== null) c.env.setWire(USB_PULLUP, up | c.env.wire(other));
  }

  /** The next word of the receive FIFO: all that a read of another one changes. */
  private showReceived(c: Context): void {
    const status = peekRx(c.s, this.rxDepth(c));
    c.put(this.grxstsr, status);
    c.put(this.grxstsp, status);
  }
  private noteSlowBus(c: Context): void {
    const rate = c.env.clockRate(this.busClock);
    if (rate !== null && rate.num < LOWEST_AHB_HZ * rate.den)
      c.env.note('guest-error', `connects with an AHB clock below 14.2 MHz, the lowest that it is specified for`);
  }

  /** A device that asks for its pull-up and cannot have it. */
  private noteDead(c: Context): void {
    // what switches the chip's own transceiver says nothing of one outside
    if (!this.hasTransceiver(c)) return;
    if (this.supplyWire !== null && c.env.wire(this.supplyWire) === 0)
      c.env.note('guest-error', 'connects, but its transceiver has no supply: the supply bit in PWR is not set, or the pin has no voltage');
    else if ((c.get(this.gccfg) & GCCFG.PWRDWN) === 0) c.env.note('guest-error', 'connects, but its transceiver is off (GCCFG.PWRDWN = 0)');
    else if (!this.pins.routed(c.env)) c.env.note('guest-error', `connects, but ${this.pins.missing(c.env)}`);
    else if (this.cut(c) && !this.sessionValid(c))
      c.env.note(
        'guest-error',
        `connects, but waits for VBUS at its sensing pin, where this board has none: switch sensing off (${this.old ? 'GCCFG.NOVBUSSENS = 1' : 'GCCFG.VBDEN = 0, GOTGCTL.BVALOEN and BVALOVAL = 1'})`,
      );
  }

  private followSession(c: Context): void {
    const valid = this.sessionValid(c);
    if (valid === c.s.session) return;
    c.s.session = valid;
    if (valid) {
      this.set(c, this.gotgctl, GOTGCTL.BSVLD);
      this.set(c, this.gintsts, GINTSTS.SRQINT);
    } else {
      this.clear(c, this.gotgctl, GOTGCTL.BSVLD);
      this.set(c, this.gotgint, GOTGINT.SEDET);
    }
  }

  /** A standard downstream port: data contact with a cable, no charger (PDET, SDET, PS2DET stay 0). */
  private followCharger(c: Context): void {
    if (this.old) return;
    const gccfg = c.get(this.gccfg);
    const detecting = (gccfg & GCCFG.BCDEN) !== 0 && (gccfg & GCCFG.DCDEN) !== 0;
    const supplied = this.supplyWire === null || c.env.wire(this.supplyWire) !== 0;
    const contact = detecting && supplied && c.env.wire(USB_VBUS) !== 0;
    c.put(this.gccfg, contact ? gccfg | GCCFG.DCDET : gccfg & ~GCCFG.DCDET);
  }

  /** TXFE and DTXFSTS of every endpoint; returns DAINT. */
  private followEndpoints(c: Context): number {
    const { regs, s } = c;
    const half = (c.get(this.gahbcfg) & GAHBCFG.TXFELVL) === 0;
    const empty = c.get(this.diepempmsk);
    const inMask = c.get(this.diepmsk);
    const outMask = c.get(this.doepmsk);
    let daint = 0;
    for (let n = 0; n < this.endpoints; n++) {
      const fifo = fifoOf(regs[this.diepctl[n]!.index]!);
      const size = this.dieptxf[fifo];
      const depth = size ? regs[size.index]! >>> 16 : 0;
      const used = s.txUsed[fifo]!;
      const room = Math.max(depth - used, 0);
      if (regs[this.dtxfsts[n]!.index] !== room) c.put(this.dtxfsts[n]!, room);
      const txfe = used === 0 || (half && used * 2 <= depth);
      const flags = this.diepint[n]!;
      const before = regs[flags.index]!;
      const diepint = (txfe ? before | DIEPINT.TXFE : before & ~DIEPINT.TXFE) >>> 0;
      if (diepint !== before) c.put(flags, diepint);
      const mask = (inMask & ~DIEPINT.TXFE) | ((empty >>> n) & 1 ? DIEPINT.TXFE : 0);
      if ((diepint & mask) !== 0) daint |= 1 << n;
      if ((regs[this.doepint[n]!.index]! & outMask) !== 0) daint |= 0x10000 << n;
    }
    return daint >>> 0;
  }

  // Resets

  onReset(c: Context): void {
    // The FIFO memory is RAM: it keeps its contents.
    const { s } = c;
    this.dropTransfers(c);
    s.resetPhy = s.flushPhy = s.flushBus = 0;
    s.resetSeen = s.host = s.session = false;
    s.line = 0;
    for (const timer of OTG_TIMERS) c.env.disarm(timer);
    c.env.irq(0, false);
    this.sync(c);
  }
  private dropTransfers(c: Context): void {
    const { s } = c;
    flushRx(s);
    flushTx(s, 0x10);
    s.toSend.fill(0);
    s.inFlight = s.setups = 0;
    s.control = s.outSeen = s.statusSeen = s.controlRead = false;
    s.address = 0;
  }

  /** GRSTCTL.CSRST: all registers but what belongs to transceiver and clock gating, DSPD and SDIS (RM0351, OTG_GRSTCTL). */
  private coreReset(c: Context): void {
    const keep = new Map<Register, number>([
      [this.gccfg, 0xffffffff],
      [this.pcgcctl, 0xffffffff],
      [this.dcfg, DCFG.DSPD],
      [this.dctl, DCTL.SDIS],
      // which transceiver: ST's drivers choose before the reset and not again (inferred)
      [this.gusbcfg, this.options.ulpi ? GUSBCFG.PHYSEL : 0],
      [this.grstctl, 0xffffffff],
    ]);
    for (const r of this.registers) {
      const kept = keep.get(r) ?? 0;
      c.put(r, (r.reset & ~kept) | (c.get(r) & kept));
    }
    if (c.s.session) this.set(c, this.gotgctl, GOTGCTL.BSVLD);
    this.dropTransfers(c);
    this.followMode(c);
    c.env.disarm('suspend');
    c.s.resetPhy = c.env.clockCount(this.clock) + RESET_CLOCKS;
    this.armClocked(c);
  }

  /** Both end by counted clocks: without the 48 MHz clock they never do. */
  private armClocked(c: Context): void {
    const { s, env } = c;
    if (!this.hasTransceiver(c)) {
      env.disarm('reset');
      env.disarm('flush');
      return;
    }
    if (s.resetPhy !== 0) env.arm('reset', env.clockTimeOf(this.clock, s.resetPhy));
    if (s.flushPhy !== 0) env.arm('flush', Math.max(env.clockTimeOf(this.clock, s.flushPhy), env.clockTimeOf(this.busClock, s.flushBus)));
  }

  onTimer(c: Context, timer: string): void {
    const { s } = c;
    if (timer === 'reset') {
      s.resetPhy = 0;
      this.clear(c, this.grstctl, GRSTCTL.CSRST);
    } else if (timer === 'flush') {
      s.flushPhy = s.flushBus = 0;
      this.clear(c, this.grstctl, GRSTCTL.RXFFLSH | GRSTCTL.TXFFLSH);
    } else if (timer === 'mode') {
      s.host = this.wantsHost(c);
      if (s.host) c.env.note('guest-error', 'GUSBCFG.FHMOD: host mode is not modelled, the device part is off');
    } else if (timer === 'frame') this.endOfPeriodicFrame(c);
    else if (timer === 'se0') this.takeReset(c);
    else if (this.pulledUp(c)) {
      this.set(c, this.gintsts, GINTSTS.USBSUSP);
      this.set(c, this.dsts, DSTS.SUSPSTS);
    }
    this.sync(c);
  }
  onClock(c: Context): void {
    this.armClocked(c);
    this.sync(c);
  }

  private wantsHost(c: Context): boolean {
    return (c.get(this.gusbcfg) & (GUSBCFG.FHMOD | GUSBCFG.FDMOD)) === GUSBCFG.FHMOD;
  }
  /** Without a forced mode the ID line decides: it is open (a B-device). */
  private followMode(c: Context): void {
    if (this.wantsHost(c) === c.s.host) c.env.disarm('mode');
    else if (c.env.due('mode') === Infinity) c.env.arm('mode', c.env.now() + MODE_DELAY);
  }

  /** The core counts SE0 while it follows the bus. */
  private awaitReset(c: Context): void {
    if (!c.s.se0 || c.s.resetSeen) return;
    if (!this.live(c)) c.env.disarm('se0');
    else if (c.env.due('se0') === Infinity) c.env.arm('se0', c.env.now() + RESET_DETECT);
  }
  private takeReset(c: Context): void {
    c.s.resetSeen = true;
    c.s.inFlight = c.s.setups = 0;
    c.s.control = false;
    this.followAddress(c);
    this.set(c, this.gintsts, GINTSTS.USBRST);
    // The core deactivates all endpoints but 0; the address, EPENA and the FIFOs are left to software (inferred: every driver clears DAD).
    for (let n = 1; n < this.endpoints; n++) {
      this.clear(c, this.diepctl[n]!, EPCTL.USBAEP);
      this.clear(c, this.doepctl[n]!, EPCTL.USBAEP);
    }
  }
  /** Software writes DAD before the status stage of SET_ADDRESS, which still belongs to the old address (inferred: all drivers do, and work). */
  followAddress(c: Context): void {
    if (!c.s.control || c.s.controlRead) c.s.address = (c.get(this.dcfg) >>> 4) & 0x7f;
  }
  busReset(c: Context, active: boolean): void {
    const { s } = c;
    s.se0 = active;
    if (active) {
      s.resetSeen = false;
      this.endIdle(c);
    } else {
      c.env.disarm('se0');
      if (s.resetSeen && this.live(c)) {
        this.set(c, this.dsts, DSTS.ENUMSPD);
        this.set(c, this.gintsts, GINTSTS.ENUMDNE);
      }
    }
    this.sync(c);
  }
  suspend(c: Context, active: boolean): void {
    if (active && this.live(c)) {
      this.set(c, this.gintsts, GINTSTS.ESUSP);
      c.env.arm('suspend', c.env.now() + SUSPEND_CONFIRM);
    } else if (!active) this.endIdle(c);
    this.sync(c);
  }
  /** Activity on an idle bus. The wake-up detector needs no clock; its output also goes to EXTI. */
  private endIdle(c: Context): void {
    c.env.disarm('suspend');
    if ((c.get(this.dsts) & DSTS.SUSPSTS) === 0) return;
    this.clear(c, this.dsts, DSTS.SUSPSTS);
    if (!this.pulledUp(c)) return;
    this.set(c, this.gintsts, GINTSTS.WKUPINT);
    c.env.setWire(this.wakeUp, 1);
    c.env.setWire(this.wakeUp, 0);
  }
  startOfFrame(c: Context, frame: number): void {
    if (!this.live(c)) return;
    c.put(this.dsts, (c.get(this.dsts) & ~DSTS.FNSOF) | ((frame & 0x7ff) << 8));
    this.set(c, this.gintsts, GINTSTS.SOF);
    if (c.get(this.gintmsk) & PERIODIC) {
      const part = 80 + 5 * ((c.get(this.dcfg) & DCFG.PFIVL) >>> 11);
      c.env.arm('frame', c.env.now() + (part * MS) / 100);
    }
    c.env.setWire(USB_SOF, (frame & 0x7ff) + 1);
    this.sync(c);
  }

  /** The periodic frame interval is over: what isochronous endpoints of this frame's parity have not moved is incomplete (RM0351, OTG_GINTSTS). */
  private endOfPeriodicFrame(c: Context): void {
    const odd = (c.get(this.dsts) & 0x100) !== 0;
    const incomplete = (r: Register): boolean => {
      const control = c.get(r);
      const due = typeOf(control) === TYPE.ISO && (control & EPCTL.USBAEP) !== 0 && (control & EPCTL.EPENA) !== 0;
      return due && ((control & EPCTL.DPID) !== 0) === odd;
    };
    let flags: number = GINTSTS.EOPF;
    if (this.diepctl.slice(1).some(incomplete)) flags |= GINTSTS.IISOIXFR;
    if (this.doepctl.slice(1).some(incomplete)) flags |= GINTSTS.INCOMPISOOUT;
    this.set(c, this.gintsts, flags);
  }

  // FIFOs

  rxDepth(c: Context): number {
    return c.get(this.grxfsiz) & 0xffff;
  }
  tx(c: Context, fifo: number): TxPlace {
    const r = this.dieptxf[fifo];
    return r ? txPlace(c.get(r)) : { start: 0, depth: 0 };
  }
  /** The core's own DMA moves the data: neither FIFO windows nor receive entries are seen (GAHBCFG.DMAEN). */
  usesDma(c: Context): boolean {
    return this.hasDma && (c.get(this.gahbcfg) & GAHBCFG.DMAEN) !== 0;
  }
  /** What a receive entry is to the DMA: data goes to DOEPDMA, which moves on; the other entries raise what reading them would. */
  private receiveByDma(c: Context, status: number, data: Uint8Array): void {
    const n = status & 0xf;
    const r = this.doepdma[n];
    if (data.length > 0 && r) {
      const at = c.get(r);
      for (let i = 0; i < data.length; i++)
        if (!c.env.busWrite((at + i) >>> 0, 1, data[i]!)) {
          c.env.note('guest-error', `DMA of OUT endpoint ${n}: bus error at 0x${(at + i).toString(16)}`);
          break;
        }
      c.put(r, at + data.length);
    }
    this.entryTaken(c, status);
  }
  /** The next `length` bytes that the DMA fetches for IN endpoint n; they stay at DIEPDMA until they are acknowledged. */
  fetchByDma(c: Context, n: number, length: number): Uint8Array {
    const at = c.get(this.diepdma[n]!);
    return Uint8Array.from({ length }, (_, i) => c.env.busRead((at + i) >>> 0, 1) ?? 0);
  }
  /** Adds a receive entry. False: no room, nothing is written. */
  receive(c: Context, status: number, data: Uint8Array = new Uint8Array(0)): boolean {
    if (this.usesDma(c)) {
      this.receiveByDma(c, status, data);
      return true;
    }
    const depth = this.rxDepth(c);
    const words = (data.length + 3) >>> 2;
    if (c.s.rxUsed + 1 + words > depth) {
      c.env.note('guest-error', `receive FIFO of ${depth} words is full, an entry is lost`);
      return false;
    }
    pushRx(c.s, depth, status >>> 0);
    for (let i = 0; i < words; i++) {
      const at = i * 4;
      pushRx(c.s, depth, ((data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16) | ((data[at + 3] ?? 0) << 24)) >>> 0);
    }
    return true;
  }

  private pop(c: Context): number {
    if (c.s.rxUsed === 0) {
      c.env.note('guest-error', 'receive FIFO read while it is empty');
      return 0;
    }
    return popRx(c.s, this.rxDepth(c));
  }
  /** A read of GRXSTSP: some entries raise their interrupt when they are taken. */
  private popStatus(c: Context): number {
    const status = this.pop(c);
    this.entryTaken(c, status);
    this.sync(c);
    return status;
  }
  private entryTaken(c: Context, status: number): void {
    const n = status & 0xf;
    const doepint = this.doepint[n];
    switch ((status >>> 17) & 0xf) {
      case PKTSTS.GLOBAL_OUT_NAK:
        if (c.get(this.dctl) & DCTL.GONSTS) {
          this.set(c, this.gintsts, GINTSTS.GONAKEFF);
          this.disableOut(c);
        }
        break;
      case PKTSTS.OUT_DONE:
        if (doepint) this.set(c, doepint, DOEPINT.XFRC);
        break;
      case PKTSTS.SETUP_DONE:
        if (doepint) this.set(c, doepint, DOEPINT.STUP);
        break;
    }
  }

  readRegister(c: Context, r: Register, value: number): number {
    return r === this.grxstsp ? this.popStatus(c) : value;
  }

  /** FIFO windows of 4 KB from 0x1000, one per endpoint; all of them read the receive FIFO. From 0x20000 the FIFO memory itself. */
  fifoRead(c: Context, offset: number, size: number, peeks: boolean): number {
    if (offset >= 0x20000) return this.memoryRead(c, offset, size);
    if (offset < 0x1000) return 0;
    if (peeks) return peekRx(c.s, this.rxDepth(c));
    this.noteNarrow(c, offset, size);
    const word = this.pop(c);
    if (c.s.rxUsed > 0) this.showReceived(c);
    else this.sync(c);
    return (size === 4 ? word : word & (2 ** (8 * size) - 1)) >>> 0;
  }
  fifoWrite(c: Context, offset: number, size: number, value: number): number {
    const n = (offset >>> 12) - 1;
    if (offset >= 0x20000) {
      if (size === 4) c.s.ram[((offset - 0x20000) >>> 2) % c.s.ram.length] = value;
      return 0;
    }
    if (n < 0) return 0;
    this.noteNarrow(c, offset, size);
    const control = this.diepctl[n];
    if (!control) {
      c.env.note('guest-error', `has no IN endpoint ${n}: write to its FIFO window is lost`);
      return 0;
    }
    const fifo = fifoOf(c.get(control));
    const place = this.tx(c, fifo);
    const empty = this.isEmpty(c, fifo, place);
    if (!pushTx(c.s, fifo, place, value)) {
      c.env.note('guest-error', `transmit FIFO ${fifo} is full, a word is lost`);
      return 0;
    }
    const size0 = this.dieptsiz[n]!;
    const mask = this.sizeMask(n);
    const left = c.get(size0) & mask;
    c.put(size0, (c.get(size0) & ~mask) | Math.max(left - 4, 0));
    if (this.isEmpty(c, fifo, place) !== empty) this.sync(c);
    else this.showRoom(c, fifo, place);
    return 0;
  }
  /** As GAHBCFG.TXFELVL asks: to the half or all of it. */
  private isEmpty(c: Context, fifo: number, { depth }: TxPlace): boolean {
    const used = c.s.txUsed[fifo]!;
    return used === 0 || ((c.get(this.gahbcfg) & GAHBCFG.TXFELVL) === 0 && used * 2 <= depth);
  }
  /** DTXFSTS of the endpoints that a transmit FIFO serves: all that a word in it changes where it stays as empty as it was. */
  private showRoom(c: Context, fifo: number, { depth }: TxPlace): void {
    const room = Math.max(depth - c.s.txUsed[fifo]!, 0);
    for (let n = 0; n < this.endpoints; n++) if (fifoOf(c.get(this.diepctl[n]!)) === fifo) c.put(this.dtxfsts[n]!, room);
  }
  private memoryRead(c: Context, offset: number, size: number): number {
    const word = c.s.ram[((offset - 0x20000) >>> 2) % c.s.ram.length]! >>> ((offset & 3) * 8);
    return (size === 4 ? word : word & (2 ** (8 * size) - 1)) >>> 0;
  }
  private noteNarrow(c: Context, offset: number, size: number): void {
    if (size !== 4) c.env.note('guest-error', `FIFO at +0x${offset.toString(16)}: ${size * 8}-bit access, it takes words only`);
  }
  /** XFRSIZ. */
  sizeMask(n: number): number {
    return n === 0 ? 0x7f : 0x7ffff;
  }

  // Writes

  /** The value to store for a CPU write; `raw` holds the written lanes in place. */
  writeRegister(c: Context, r: Register, merged: number, raw: number, lanes: number): number {
    const old = c.get(r);
    const role = this.roles.get(r.index);
    switch (role?.kind) {
      case 'DIEPCTL':
      case 'DOEPCTL':
        return this.endpointControl(role, old, merged, raw);
      case 'DIEPINT':
        return old & ~(raw & ~DIEPINT.TXFE);
      case 'DOEPINT':
        return old & ~raw;
    }
    if (r === this.gotgint) return old & ~raw;
    if (r === this.gintsts) return old & ~(raw & GINTSTS_CLEARABLE);
    if (r === this.grstctl) {
      const acting = GRSTCTL.CSRST | GRSTCTL.RXFFLSH | GRSTCTL.TXFFLSH;
      return GRSTCTL.AHBIDL | (merged & GRSTCTL.TXFNUM) | ((old | raw) & acting);
    }
    if (r === this.gusbcfg && !this.old && !this.options.ulpi) return merged | GUSBCFG.PHYSEL;
    if (r === this.dctl) return (merged & ~(DCTL.SGINAK | DCTL.CGINAK | DCTL.SGONAK | DCTL.CGONAK)) | (raw & lanes & 0x780);
    return merged;
  }

  private endpointControl({ kind, n }: Role, old: number, merged: number, raw: number): number {
    let value = merged;
    // On EP0 software only sets STALL; the next SETUP clears it.
    if (n === 0) value |= raw & EPCTL.STALL;
    else if (raw & EPCTL.SD0PID) value &= ~EPCTL.DPID;
    else if (raw & EPCTL.SD1PID) value |= EPCTL.DPID;
    if (raw & EPCTL.SNAK) value |= EPCTL.NAKSTS;
    else if (raw & EPCTL.CNAK) value &= ~EPCTL.NAKSTS;
    value |= raw & EPCTL.EPENA;
    // EPDIS stays set until the endpoint is disabled. Control OUT endpoint 0 cannot be.
    const disable = (raw | old) & EPCTL.EPDIS && old & EPCTL.EPENA && !(kind === 'DOEPCTL' && n === 0);
    return disable ? value | EPCTL.EPDIS : value & ~EPCTL.EPDIS;
  }

  wroteRegister(c: Context, r: Register, value: number, old: number, raw: number): void {
    const role = this.roles.get(r.index);
    if (role) this.wroteEndpoint(c, role, value, raw);
    else if (r === this.grstctl) this.wroteReset(c, value, raw);
    else if (r === this.gusbcfg) {
      this.followMode(c);
      if (this.options.ulpi) this.armClocked(c);
    } else if (r === this.dctl) this.wroteControl(c, value, old);
    else if (r === this.dcfg) this.followAddress(c);
    else if (r === this.gahbcfg && value & ~old & GAHBCFG.DMAEN && !this.hasDma)
      c.env.note('guest-error', 'GAHBCFG.DMAEN: this core has no DMA (GHWCFG2), data stays in the FIFOs');
    this.sync(c);
  }
  private wroteEndpoint(c: Context, { kind, n }: Role, value: number, raw: number): void {
    if (kind === 'DIEPTSIZ') c.s.toSend[n] = value & this.sizeMask(n);
    if (kind === 'DIEPCTL') {
      if (raw & EPCTL.SNAK) this.set(c, this.diepint[n]!, DIEPINT.INEPNE);
      else if (raw & EPCTL.CNAK) this.clear(c, this.diepint[n]!, DIEPINT.INEPNE);
      // The size of control endpoint 0 holds for both directions.
      if (n === 0) c.put(this.doepctl[0]!, (c.get(this.doepctl[0]!) & ~3) | (value & 3));
    }
    if (kind === 'DIEPCTL' && value & EPCTL.EPDIS) this.disabled(c, this.diepctl[n]!, this.diepint[n]!);
    if (kind === 'DOEPCTL') this.disableOut(c);
  }
  private disabled(c: Context, control: Register, flags: Register): void {
    this.clear(c, control, EPCTL.EPDIS | EPCTL.EPENA);
    this.set(c, flags, DIEPINT.EPDISD);
  }
  /**
   * An OUT endpoint is disabled under global OUT NAK only (RM0090 "Disabling an OUT endpoint", documented). Without it the request stays open: inferred from
   * MicroPython's way into DFU, whose handler never clears an EPDISD that it did not ask for so.
   */
  private disableOut(c: Context): void {
    if (!(c.get(this.gintsts) & GINTSTS.GONAKEFF)) return;
    this.doepctl.forEach((control, n) => {
      if (c.get(control) & EPCTL.EPDIS) this.disabled(c, control, this.doepint[n]!);
    });
  }
  private wroteReset(c: Context, value: number, raw: number): void {
    const { s, env } = c;
    if (raw & (GRSTCTL.RXFFLSH | GRSTCTL.TXFFLSH)) {
      if (raw & GRSTCTL.RXFFLSH) flushRx(s);
      if (raw & GRSTCTL.TXFFLSH) flushTx(s, (value & GRSTCTL.TXFNUM) >>> 6);
      s.flushPhy = env.clockCount(this.clock) + FLUSH_CLOCKS;
      s.flushBus = env.clockCount(this.busClock) + FLUSH_CLOCKS;
      this.armClocked(c);
    }
    if (raw & GRSTCTL.CSRST) this.coreReset(c);
  }
  private wroteControl(c: Context, value: number, old: number): void {
    let dctl = value;
    if (old & ~value & DCTL.SDIS) this.noteDead(c);
    if (dctl & DCTL.SGINAK) {
      dctl |= DCTL.GINSTS;
      this.set(c, this.gintsts, GINTSTS.GINAKEFF);
    }
    if (dctl & DCTL.CGINAK) {
      dctl &= ~DCTL.GINSTS;
      this.clear(c, this.gintsts, GINTSTS.GINAKEFF);
    }
    // The global OUT NAK is effective when its entry has come out of the receive FIFO.
    if (dctl & DCTL.SGONAK && !(dctl & DCTL.GONSTS)) {
      dctl |= DCTL.GONSTS;
      this.receive(c, PKTSTS.GLOBAL_OUT_NAK << 17);
    }
    if (dctl & DCTL.CGONAK) {
      dctl &= ~DCTL.GONSTS;
      this.clear(c, this.gintsts, GINTSTS.GONAKEFF);
    }
    const drives = (dctl & DCTL.RWUSIG) !== 0 && (c.get(this.dsts) & DSTS.SUSPSTS) !== 0 && this.pulledUp(c);
    c.env.setWire(USB_RESUME, drives ? 1 : 0);
    c.put(this.dctl, dctl & ~(DCTL.SGINAK | DCTL.CGINAK | DCTL.SGONAK | DCTL.CGONAK));
  }
}
