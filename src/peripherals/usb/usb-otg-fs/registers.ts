/** OTG_FS: options, plain state, and the registers that the model acts on, found by name once. */
import type { Layout, Register, RegisterContext } from '../../../emu/registers.ts';
import type { FifoState } from './fifo.ts';
import { wire, type Wire } from '../../../emu/wires.ts';
import { supplyOf, USB_PULLUP, USB_WAKEUP } from '../../wires.ts';
import { UsbPins, type UsbPinsOptions } from '../usb-pins.ts';

export interface OtgFsOptions {
  /** Words of FIFO memory: 320 (L4, F4) or 1024 (H7). */
  readonly fifoWords: number;
  /** Kernel clock, 48 MHz; default `usb`. */
  readonly clock?: string;
  /** AHB clock of the block; default `hclk`. */
  readonly busClock?: string;
  /** Wire that is 1 while the transceiver has its supply (L4: PWR_CR2.USV); null where it has VDD (F4). Default `usb.supply`. */
  readonly supplyWire?: string | null;
  /** OTG_HS: the clock is that of an outside transceiver, which is not there, until GUSBCFG.PHYSEL chooses the full-speed one. */
  readonly ulpi?: boolean;
  /** Chips with OTG_FS and OTG_HS: the wire of this one's pull-up, and that of the other. The host sees both as one. */
  readonly pullUps?: readonly [own: string, other: string];
  /** Wire of the wake-up towards EXTI; default `usb.wakeup`. */
  readonly wakeUp?: string;
  /** Core 3.10a (L476): an OUT transfer done entry comes with each SETUP stage and with the status stage of a control write. */
  readonly extraOutDone?: boolean;
  /** Where D- and D+ need an alternate function; left out: the block takes its pins. */
  readonly pins?: UsbPinsOptions;
}

export interface OtgFsState extends FifoState {
  /** Bytes of the current transfer that have not been sent, by IN endpoint. */
  toSend: Uint32Array;
  /** Level of the interrupt line. */
  line: number;
  /** IN endpoint whose data is on the wire, + 1; 0 = none; and its bytes. */
  inFlight: number;
  inFlightBytes: number;
  /** The host drives SE0; this SE0 has been taken as a bus reset. */
  se0: boolean;
  resetSeen: boolean;
  /** The core is in host mode. */
  host: boolean;
  /** B session valid. */
  session: boolean;
  /** Clock counts at which a core reset (PHY clock) and a flush (both clocks) will have ended; 0 = none. */
  resetPhy: number;
  flushPhy: number;
  flushBus: number;
  /** Address that the core answers to. */
  address: number;
  /** Control transfer on EP0. SETUP packets since the last stage change, data toggles, its direction, how far it is. */
  control: boolean;
  setups: number;
  toggleIn: number;
  toggleOut: number;
  controlRead: boolean;
  outSeen: boolean;
  statusSeen: boolean;
}
export type Context = RegisterContext<OtgFsState>;

/** GHWCFG2.OTGARCH. */
const INTERNAL_DMA = 2;

type Kind = 'DIEPCTL' | 'DIEPINT' | 'DIEPTSIZ' | 'DOEPCTL' | 'DOEPINT';
export interface Role {
  readonly kind: Kind;
  readonly n: number;
}

export class OtgFsRegisters {
  readonly options: OtgFsOptions;
  readonly clock: string;
  readonly busClock: string;
  readonly supplyWire: Wire | null;
  /** This one's pull-up, and the other's where there are two. */
  readonly pullUps: { readonly own: Wire; readonly other: Wire | null };
  readonly wakeUp: Wire;
  readonly pins: UsbPins;
  /** Core 2.81a. */
  readonly old: boolean;
  readonly endpoints: number;
  /** The core has a DMA of its own (GHWCFG2.OTGARCH = 2). */
  readonly hasDma: boolean;
  readonly gotgctl: Register;
  readonly gotgint: Register;
  readonly gahbcfg: Register;
  readonly gusbcfg: Register;
  readonly grstctl: Register;
  readonly gintsts: Register;
  readonly gintmsk: Register;
  readonly grxstsr: Register;
  readonly grxstsp: Register;
  readonly grxfsiz: Register;
  readonly gccfg: Register;
  readonly dcfg: Register;
  readonly dctl: Register;
  readonly dsts: Register;
  readonly diepmsk: Register;
  readonly doepmsk: Register;
  readonly daint: Register;
  readonly daintmsk: Register;
  readonly diepempmsk: Register;
  readonly pcgcctl: Register;
  /** By endpoint. */
  readonly diepctl: readonly Register[];
  readonly diepint: readonly Register[];
  readonly dieptsiz: readonly Register[];
  readonly dtxfsts: readonly Register[];
  readonly diepdma: readonly Register[];
  readonly doepdma: readonly Register[];
  readonly doepctl: readonly Register[];
  readonly doepint: readonly Register[];
  readonly doeptsiz: readonly Register[];
  /** By FIFO number. */
  readonly dieptxf: readonly Register[];
  /** What a write to a register of an endpoint is, by the register's index. */
  readonly roles = new Map<number, Role>();
  readonly registers: readonly Register[];

  constructor(layout: Layout, options: OtgFsOptions) {
    this.options = options;
    this.clock = options.clock ?? 'usb';
    this.busClock = options.busClock ?? 'hclk';
    this.supplyWire = supplyOf(options.supplyWire);
    const [own, other] = options.pullUps ?? [];
    this.pullUps = { own: own === undefined ? USB_PULLUP : wire(own), other: other === undefined ? null : wire(other) };
    this.wakeUp = options.wakeUp === undefined ? USB_WAKEUP : wire(options.wakeUp);
    this.pins = new UsbPins(options.pins);
    this.old = layout.hasField('GCCFG.NOVBUSSENS');
    this.registers = layout.registers;
    let endpoints = 0;
    while (layout.has(`DIEPCTL${endpoints}`)) endpoints++;
    this.endpoints = endpoints;
    this.gotgctl = layout.reg('GOTGCTL');
    this.gotgint = layout.reg('GOTGINT');
    this.gahbcfg = layout.reg('GAHBCFG');
    this.gusbcfg = layout.reg('GUSBCFG');
    this.grstctl = layout.reg('GRSTCTL');
    this.gintsts = layout.reg('GINTSTS');
    this.gintmsk = layout.reg('GINTMSK');
    this.grxstsr = layout.reg('GRXSTSR');
    this.grxstsp = layout.reg('GRXSTSP');
    this.grxfsiz = layout.reg('GRXFSIZ');
    this.gccfg = layout.reg('GCCFG');
    this.dcfg = layout.reg('DCFG');
    this.dctl = layout.reg('DCTL');
    this.dsts = layout.reg('DSTS');
    this.diepmsk = layout.reg('DIEPMSK');
    this.doepmsk = layout.reg('DOEPMSK');
    this.daint = layout.reg('DAINT');
    this.daintmsk = layout.reg('DAINTMSK');
    this.diepempmsk = layout.reg('DIEPEMPMSK');
    this.pcgcctl = layout.reg('PCGCCTL');
    const all = (name: string): Register[] => Array.from({ length: endpoints }, (_, n) => layout.reg(`${name}${n}`));
    const acting = (kind: Kind): Register[] => {
      const list = all(kind);
      list.forEach((r, n) => this.roles.set(r.index, { kind, n }));
      return list;
    };
    this.diepctl = acting('DIEPCTL');
    this.diepint = acting('DIEPINT');
    this.dieptsiz = acting('DIEPTSIZ');
    this.doepctl = acting('DOEPCTL');
    this.doepint = acting('DOEPINT');
    this.doeptsiz = all('DOEPTSIZ');
    this.dtxfsts = all('DTXFSTS');
    this.hasDma = ((layout.reg('GHWCFG2').reset >>> 3) & 3) === INTERNAL_DMA && layout.has('DIEPDMA0');
    this.diepdma = this.hasDma ? all('DIEPDMA') : [];
    this.doepdma = this.hasDma ? all('DOEPDMA') : [];
    this.dieptxf = all('DIEPTXF');
  }
}
