/**
 * A full-speed port with a cable and a simulated host behind it. All state is the plain `UsbSimState`; the only things that move it are two timers of
 * the machine's scheduler, the wire `usb.pullup` (the machine forwards it to `onWire`) and calls of the scenario. So a machine that is restored
 * together with its UsbSim goes on exactly as the first one did.
 *
 * The host is idle without a device. A pull-up that falls for less than 2.5 µs is not seen (USB 2.0 §7.1.7.3, TDDIS): a firmware that resets its
 * controller without a disconnect long enough leaves the host with a device that no longer answers.
 */
import { clonePlain } from '../emu/component.ts';
import type { UsbDevicePort } from '../emu/ports.ts';
import type { System } from '../emu/system.ts';
import { MS, type Ps } from '../emu/time.ts';
import { bits, cutShort, FRAME, lead, newTransfer, stepTransfer, type BusHost } from './bus.ts';
import { bindClassDrivers, onClassDone, pumpCdc, setLine } from './class-drivers.ts';
import { describeRequest } from './descriptors.ts';
import { bindDfu, dfuGone, onDfuDone, onDfuWait } from './dfu-client.ts';
import { attach, enumerateAgain, onDone, onWait } from './enumeration.ts';
import { canOpen, tellTools } from './host-tools.ts';
import type { Host, HostOptions } from './host-api.ts';
import { addResult, endpointInForce, isoInterval, isSetAddress, OUTSIDE, outsideDone } from './outside.ts';
import { QuirkPort, type PortQuirks } from './quirk-port.ts';
import { freshState, joinBytes } from './state.ts';
import type {
  BusFaultKind,
  DfuOperation,
  OutsideResult,
  TappedStatus,
  Transfer,
  TransferStatus,
  UsbLogEntry,
  UsbSession,
  UsbSimState,
} from './types.ts';

/** Time limit of control transfers: Linux, Windows and dfu-util alike. */
const CONTROL_TIMEOUT = 5_000 * MS;
/** Root port reset, then recovery: Linux 60 ms and 10 + 40 ms; the others `assumed` alike (USB 2.0 asks for at least 50 and 10). */
const RESET_TIME = 60 * MS;
const RECOVERY_TIME = 50 * MS;
/** SE0 this long is a disconnect. */
const DISCONNECT = 2_500_000;
/** An idle bus this long is a suspend. */
const IDLE_SUSPEND = 3 * MS;
/** K of a resume, and what a device gets before the next transaction (USB 2.0 §7.1.7.7: TDRSMDN, TRSMRCY). */
const RESUME_TIME = 20 * MS;
const RESUME_RECOVERY = 10 * MS;
/** From the end of a transfer to the first token of the next: host controller interrupt and driver, `assumed`. */
const HOST_LATENCY = 100_000_000;
const MAX_LOG = 2000;

export type DfuRequest =
  | { readonly kind: 'download'; readonly address: number; readonly data: Uint8Array }
  | { readonly kind: 'upload'; readonly address: number; readonly length: number }
  | { readonly kind: 'erase'; readonly address: number | null; readonly length?: number }
  | { readonly kind: 'leave'; readonly address: number }
  /** One class request as it is; `payload`: data to send, or how much to read. */
  | {
      readonly kind: 'request';
      readonly request: number;
      readonly value: number;
      readonly payload: Uint8Array | number;
      /** bmRequestType; null: a class request of the DFU interface. */
      readonly type?: number | null;
      /** wIndex; null: the DFU interface. */
      readonly index?: number | null;
    };

const INTERRUPT_ENDPOINT = 3;
/** Wires of the chip that the host sees. */
const [PULL_UP, RESUME] = ['usb.pullup', 'usb.resume'] as const;

/** Sees the transfers of a port, at the times of the timeline. */
export interface UsbTap {
  started(t: Readonly<Transfer>, at: Ps): void;
  ended(t: Readonly<Transfer>, status: TappedStatus, at: Ps): void;
}

export class UsbSim implements Host, BusHost {
  state: UsbSimState;
  readonly options: HostOptions;
  private readonly system: System;
  private readonly portFactory: () => UsbDevicePort;
  private portCache: UsbDevicePort | null = null;
  private quirks: PortQuirks | null = null;
  private readonly hostSlot: number;
  private readonly sofSlot: number;

  /** @param portFactory gives the device port; asked once, at the first use. */
  constructor(system: System, portFactory: () => UsbDevicePort, options: HostOptions) {
    this.system = system;
    this.portFactory = portFactory;
    this.options = options;
    this.state = freshState(options.cable === 'in');
    this.hostSlot = system.addTimer('usb.host', () => this.run());
    this.sofSlot = system.addTimer('usb.sof', () => this.sendSof(), true);
  }

  get port(): UsbDevicePort {
    return (this.portCache ??= this.quirks === null ? this.portFactory() : new QuirkPort(this.portFactory(), this.quirks, this));
  }
  /** The device behaves otherwise from now on; call it before the run. */
  useQuirks(quirks: PortQuirks | null): void {
    this.quirks = quirks;
    this.portCache = null;
  }
  now(): Ps {
    return this.system.now;
  }

  save(): UsbSimState {
    return clonePlain(this.state);
  }
  /** The scheduler's due times come back with the System's own restore. */
  restore(state: UsbSimState): void {
    this.state = clonePlain(state);
  }

  // What the machine and the scenario do

  /** Once, after power-on: the board's cable is in or out. */
  powerOn(): void {
    if (this.options.vbus === false) this.system.setWire('usb.vbus.cut', 1);
    this.system.setWire('usb.vbus', this.state.cable ? 1 : 0);
    this.onWire(PULL_UP, this.system.wire(PULL_UP));
  }
  /** Whether it does something with changes of this wire of the chip. */
  static hears(name: string): boolean {
    return name === RESUME || name === PULL_UP;
  }
  /** A wire of the chip has changed. */
  onWire(name: string, value: number): void {
    if (name === RESUME && value !== 0) return this.remoteWakeUp();
    if (name !== PULL_UP || this.state.pullup === (value !== 0)) return;
    this.state.pullup = value !== 0;
    this.lineChanged(this.state.chipResetAt === this.now() ? 'reset' : 'detach');
  }
  plug(): void {
    this.setCable(true);
  }
  unplug(): void {
    this.setCable(false);
  }
  private setCable(cable: boolean): void {
    if (this.state.cable === cable) return;
    if (!cable) cutShort(this);
    this.state.cable = cable;
    this.system.setWire('usb.vbus', cable ? 1 : 0);
    this.lineChanged('unplug');
  }
  /** The chip is about to be reset: a pull-up that falls now ends its session by `reset`. Call before the blocks are reset. */
  chipReset(): void {
    this.state.chipResetAt = this.now();
  }
  /** The run is over. */
  finish(): void {
    const session = this.session();
    if (session) {
      session.endedAt = this.now();
      session.endedBy = 'end';
    }
  }
  /** Something goes wrong on the wire, once, so many transactions from now; it replaces what was to go wrong before. */
  disturb(kind: BusFaultKind, after = 0): void {
    this.state.fault = { kind, after };
  }
  /** The cable is pulled in the middle of a transaction, so many from now: at this bit of it, counted from the SYNC of its token. */
  unplugAt(bit: number, after = 0): void {
    this.state.fault = { kind: 'unplug', after, bit };
  }
  /** What was to go wrong does not any more. */
  calm(): void {
    this.state.fault = null;
    this.cancelWait('bus.pull');
  }
  unplugIn(delay: Ps): void {
    this.wait('bus.pull', delay);
  }
  /**
   * The host keeps the bus idle, as one that saves power does, and resumes after `length` (ps) or when the device asks for it; transfers under way wait. Nothing
   * without a device that frames are sent to.
   */
  suspend(length: Ps): void {
    const { state } = this;
    if (!state.connected || !state.frames) return;
    state.frames = false;
    state.busFree = Math.max(state.busFree, this.now() + length + RESUME_TIME + RESUME_RECOVERY);
    this.system.scheduler.disarm(this.sofSlot);
    this.log('suspend', 'the bus is idle');
    this.wait('bus.idle', IDLE_SUSPEND);
    this.wait('bus.resume', length);
  }
  /** The host has made the bus idle. */
  get suspended(): boolean {
    return this.state.waits.some((w) => w.tag === 'bus.resume');
  }
  /** A suspended device drives K (USB 2.0 §7.1.7.7): the host takes over. */
  private remoteWakeUp(): void {
    if (!this.suspended) return;
    this.cancelWait('bus.resume');
    this.log('resume', 'by the device');
    this.resume();
  }
  private resume(): void {
    const { state } = this;
    this.cancelWait('bus.idle');
    state.busFree = this.now() + RESUME_TIME + RESUME_RECOVERY;
    this.port.suspend(false);
    this.wait('bus.resumed', RESUME_TIME);
    this.arm();
  }
  /** SOFs from now on. */
  private startFrames(): void {
    this.state.frames = true;
    this.system.scheduler.arm(this.sofSlot, (Math.floor(this.now() / FRAME) + 1) * FRAME);
  }
  /** A reset or a disconnect ends a suspension as well. */
  private endSuspension(): void {
    if (!this.suspended && !this.state.waits.some((w) => w.tag === 'bus.resumed')) return;
    for (const tag of ['bus.resume', 'bus.resumed']) this.cancelWait(tag);
    this.state.busFree = this.now();
  }
  /** Bytes for the CDC-ACM device; kept until there is one. */
  send(bytes: Uint8Array): void {
    this.state.cdcQueue = joinBytes(this.state.cdcQueue, bytes);
    pumpCdc(this);
    this.arm();
  }
  /** A program opens the CDC-ACM port at this speed and closes it again (1200: the touch that sends Arduino-like firmware to its bootloader); kept until there is one. */
  openAndClose(baud: number): void {
    this.state.cdcBaud = baud;
    setLine(this);
  }
  /** Queues a DFU operation; it starts when the device is ready. Returns its id; the record is in `operations`. */
  dfu(request: DfuRequest): number {
    const id = this.state.nextId++;
    this.state.operations.push({
      id,
      kind: request.kind,
      address: 'address' in request ? request.address : null,
      length: 'length' in request ? (request.length ?? 0) : 0,
      data: request.kind === 'download' ? request.data.slice() : new Uint8Array(0),
      status: 'queued',
      error: null,
      bStatus: 0,
      bState: -1,
      startedAt: null,
      endedAt: null,
      // what a request is, is known at once; the others' plans need the device
      plan:
        request.kind === 'request'
          ? [
              {
                do: 'raw',
                request: request.request,
                block: request.value,
                payload: request.payload,
                type: request.type ?? null,
                index: request.index ?? null,
              },
            ]
          : [],
      at: 0,
      phase: '',
      polls: 0,
      stalls: 0,
    });
    if (this.state.dfu?.readyAt != null) this.wait('dfu.next', 0);
    return id;
  }

  // A client outside (WebUSB, USB/IP, property tests)

  /** Told when a transfer of the client has ended, or the device has come or gone. Not part of the state. */
  onOutside: (() => void) | null = null;
  /** Sees each transfer when it starts and when it ends. Not part of the state. */
  tap: UsbTap | null = null;

  /** A client outside takes the device, and those that come: the host's own drivers let go and keep off. */
  claim(): void {
    const { state } = this;
    state.claimed = true;
    const mine = (t: Transfer): boolean => t.tag.startsWith('enum.') || t.tag.startsWith(OUTSIDE);
    for (const t of state.transfers) if (!mine(t)) this.tap?.ended(t, 'cancelled', this.now());
    state.transfers = state.transfers.filter(mine);
    state.queue = state.queue.filter(mine);
    state.waits = state.waits.filter((w) => !w.tag.startsWith('dfu.'));
    dfuGone(this);
    Object.assign(state, { dfu: null, cdc: null, msc: null, hidEndpoint: -1 });
    this.startQueued();
  }
  /** The device goes back to the host's drivers, which find it by a new enumeration. */
  release(): void {
    this.state.claimed = false;
    this.resetDevice();
  }
  /** Bus reset and a new enumeration; nothing without a device. `outsideReady` tells when it is done. */
  resetDevice(): void {
    if (this.state.connected) enumerateAgain(this);
  }
  /** A device is on the bus and enumeration has ended well: transfers can be submitted. */
  get outsideReady(): boolean {
    const { connected, resetting, enumeration } = this.state;
    return connected && !resetting && enumeration.phase === 'configured';
  }
  /**
   * A control transfer of the client to the device on the bus; fetch the result by `takeResult`.
   * @param timeout in picoseconds; Infinity = until it ends or `cancel`
   */
  submitControl(setup: Uint8Array, data?: Uint8Array, timeout: Ps = CONTROL_TIMEOUT): number {
    const id = this.state.nextId++;
    if (!this.outsideReady) this.outsideEnd(id, 'cancelled');
    else if (isSetAddress(setup)) this.outsideEnd(id, 'ok');
    else this.control(`${OUTSIDE}${id}`, setup, data, timeout);
    return id;
  }
  /**
   * A bulk or interrupt transfer of the client: bytes to send, or how many to read at most. Waits for earlier ones of its pipe.
   * @param endpoint bEndpointAddress
   */
  submitPipe(endpoint: number, data: Uint8Array | number, zeroPacket = false): number {
    const { state } = this;
    const id = state.nextId++;
    const found = endpointInForce(state, endpoint);
    const input = typeof data === 'number';
    if (!this.outsideReady) this.outsideEnd(id, 'cancelled');
    else if (!found || found.maxPacket === 0 || isoInterval(found) !== null || input !== ((endpoint & 0x80) !== 0))
      this.outsideEnd(id, 'error');
    else {
      const t = this.newPipe(`${OUTSIDE}${id}`, input ? 'in' : 'out', endpoint & 0xf, found.maxPacket, data);
      t.zeroPacket = zeroPacket;
      if ((found.attributes & 3) === INTERRUPT_ENDPOINT) t.every = Math.max(1, found.interval) * MS;
      state.queue.push(t);
      this.startQueued();
    }
    return id;
  }
  /**
   * An isochronous transfer of the client: packets of these lengths, one an interval from the next frame on.
   * @param endpoint bEndpointAddress
   * @param data what is sent; null = a read
   */
  submitIsochronous(endpoint: number, lengths: readonly number[], data: Uint8Array | null): number {
    const { state } = this;
    const id = state.nextId++;
    const found = endpointInForce(state, endpoint);
    const interval = isoInterval(found);
    if (!this.outsideReady) this.outsideEnd(id, 'cancelled');
    else if (interval === null || (data === null) !== ((endpoint & 0x80) !== 0) || lengths.some((n) => n > found!.maxPacket))
      this.outsideEnd(id, 'error');
    else {
      const length = lengths.reduce((a, b) => a + b, 0);
      const t = this.newPipe(`${OUTSIDE}${id}`, data === null ? 'in' : 'out', endpoint & 0xf, found!.maxPacket, data ?? length);
      t.iso = { lengths: [...lengths], done: [], interval };
      state.queue.push(t);
      this.startQueued();
    }
    return id;
  }
  /** There is such an isochronous endpoint, and none of the packets is larger than it may be. */
  takesIsochronous(endpoint: number, packets: readonly { readonly length: number }[]): boolean {
    const found = endpointInForce(this.state, endpoint);
    return isoInterval(found) !== null && packets.every((p) => p.length <= found!.maxPacket);
  }
  /** Takes a transfer back: it ends as `cancelled` where it has not ended yet. */
  cancel(id: number): void {
    const { state } = this;
    const tag = `${OUTSIDE}${id}`;
    const found = [...state.transfers, ...state.queue].find((t) => t.tag === tag);
    if (!found) return;
    state.transfers = state.transfers.filter((t) => t !== found);
    state.queue = state.queue.filter((t) => t !== found);
    this.tap?.ended(found, 'cancelled', this.now());
    addResult(state, id, 'cancelled', found.data, found.kind === 'in' ? found.data.length : found.sent);
    this.startQueued();
    this.onOutside?.();
  }
  takeResult(id: number): OutsideResult | null {
    const at = this.state.outside.findIndex((r) => r.id === id);
    return at < 0 ? null : this.state.outside.splice(at, 1)[0]!;
  }
  private outsideEnd(id: number, status: TransferStatus): void {
    addResult(this.state, id, status, new Uint8Array(0), 0);
    this.onOutside?.();
  }

  // Questions that decide outcomes

  get sessions(): readonly UsbSession[] {
    return this.state.sessions;
  }
  get logEntries(): readonly UsbLogEntry[] {
    return this.state.log;
  }
  get operations(): readonly DfuOperation[] {
    return this.state.operations;
  }
  /**
   * The device on the bus now has its configuration set by answers of system-memory code, offers FE/01/02, and has said dfuIDLE. Holds until it leaves the
   * bus or is enumerated again.
   */
  get dfuReady(): boolean {
    return this.state.connected && this.state.dfu?.readyAt != null && this.session()?.servedBy === 'system';
  }
  /**
   * Since when the host has been waiting for code to answer on endpoint 0: from the SETUP of the first request without an answer, or from the last packet of
   * one that broke off. Retries and bus resets in between do not move it; an answer (data, status or STALL) and a detach clear it. The
   * handshake that the controller gives to SETUP by itself is no answer. Stays set after the host has given up.
   */
  get unansweredSince(): Ps | null {
    return this.state.unansweredSince;
  }
  /** The host sees a pull-up now. */
  get attachedSince(): Ps | null {
    return this.session()?.at ?? null;
  }
  /** Last transaction that the device has answered with ACK, STALL or data. */
  get lastActivity(): Ps | null {
    return this.state.lastActivity;
  }
  /** When a device that was ready for DFU left the bus or stopped answering, without a leave; null while it is there. */
  get dfuLostSince(): Ps | null {
    const { dfu, lostAt } = this.state;
    if (lostAt !== null) return lostAt;
    return dfu?.readyAt != null && !dfu.left ? this.state.unansweredSince : null;
  }
  /** A leave was sent to the device that is, or last was, on the bus. */
  get dfuLeft(): boolean {
    return this.state.dfu?.left ?? false;
  }
  /** The host has given up on the device. */
  get enumerationFailed(): boolean {
    return this.state.enumeration.phase === 'failed';
  }
  /** Nothing is queued or running for the DFU client. */
  get dfuIdle(): boolean {
    return !this.state.operations.some((o) => o.status === 'queued' || o.status === 'running');
  }

  // Host services

  session(): UsbSession | null {
    const last = this.state.sessions.at(-1);
    return last && last.endedAt === null ? last : null;
  }
  log(kind: string, text: string, status?: TransferStatus): void {
    if (this.state.log.length >= MAX_LOG) this.state.logDropped++;
    else this.state.log.push({ at: this.now(), kind, text, ...(status === undefined ? {} : { status }) });
  }
  wait(tag: string, delay: Ps): void {
    this.cancelWait(tag);
    this.state.waits.push({ tag, due: this.now() + delay });
    this.arm();
  }
  cancelWait(tag: string): void {
    this.state.waits = this.state.waits.filter((w) => w.tag !== tag);
  }
  control(tag: string, setup: Uint8Array, data: Uint8Array = new Uint8Array(0), timeout: Ps = CONTROL_TIMEOUT): Transfer {
    const t = newTransfer(tag, 'control', this.state.address, 0, this.state.packet0, this.now());
    t.setup = setup;
    t.length = setup[6]! | (setup[7]! << 8);
    if ((setup[0]! & 0x80) === 0) t.data = data.slice(0, t.length);
    t.timeout = timeout;
    this.state.queue.push(t);
    this.startQueued();
    return t;
  }
  pipe(tag: string, kind: 'in' | 'out', endpoint: number, maxPacket: number, data: Uint8Array | number): Transfer {
    const t = this.newPipe(tag, kind, endpoint, maxPacket, data);
    this.state.transfers.push(t);
    this.tap?.started(t, this.now());
    this.arm();
    return t;
  }
  private newPipe(tag: string, kind: 'in' | 'out', endpoint: number, maxPacket: number, data: Uint8Array | number): Transfer {
    const t = newTransfer(tag, kind, this.state.address, endpoint, maxPacket, this.now() + HOST_LATENCY);
    if (typeof data === 'number') t.length = data;
    else {
      t.data = data;
      t.length = data.length;
    }
    return t;
  }
  /** Those at the head of their pipe's queue go on the wire. */
  private startQueued(): void {
    const { state } = this;
    for (let i = 0; i < state.queue.length;) {
      const t = state.queue[i]!;
      if (state.transfers.some((x) => x.kind === t.kind && x.endpoint === t.endpoint)) {
        i++;
        continue;
      }
      state.queue.splice(i, 1);
      t.started = t.due = this.now() + HOST_LATENCY + bits(lead(t));
      if (t.iso) t.due = (Math.floor(t.due / FRAME) + 1) * FRAME + bits(lead(t));
      if (t.kind === 'control') {
        t.deadline = t.started + t.timeout;
        state.unansweredSince ??= t.started;
      }
      state.transfers.push(t);
      this.tap?.started(t, this.now());
    }
    this.arm();
  }
  resetPort(): void {
    const { state } = this;
    this.cancelTransfers();
    this.endSuspension();
    this.log('reset', 'bus reset');
    state.resetting = true;
    state.frames = false;
    state.address = 0;
    state.toggles = {};
    state.alternates = {};
    this.system.scheduler.disarm(this.sofSlot);
    this.cancelWait('bus.idle');
    this.port.busReset(true);
    this.wait('bus.reset-end', RESET_TIME);
  }
  bindDrivers(): void {
    if (this.state.claimed) return this.onOutside?.();
    const info = this.state.device!;
    bindClassDrivers(this, info);
    tellTools(this, info);
    if (!canOpen(this.options.driver)) return;
    bindDfu(this, info);
  }

  // The bus engine

  served(goesOn: boolean): void {
    const { state } = this;
    state.unansweredSince = goesOn ? this.now() : null;
    const session = this.session();
    if (session && session.enumerated === null) session.servedBy = this.options.zone?.() ?? session.servedBy;
  }

  done(t: Transfer, status: TransferStatus): void {
    const { state } = this;
    state.transfers = state.transfers.filter((x) => x !== t);
    this.tap?.ended(t, status, this.now());
    if (t.kind === 'control' && t.tag !== 'dfu.alive') this.logControl(t, status);
    const result = { status, data: t.setup && (t.setup[0]! & 0x80) === 0 ? new Uint8Array(0) : t.data };
    const dot = t.tag.indexOf('.');
    switch (t.tag.slice(0, dot)) {
      case 'enum':
        onDone(this, t.tag.slice(dot + 1), result);
        break;
      case 'dfu':
        onDfuDone(this, t, result);
        break;
      case 'outside':
        outsideDone(state, t, status, result.data);
        this.onOutside?.();
        break;
      default:
        onClassDone(this, t, result);
    }
    if (state.connected && !state.resetting) this.startQueued();
  }

  private logControl(t: Transfer, status: TransferStatus): void {
    const driver = t.tag.slice(0, t.tag.indexOf('.'));
    const input = (t.setup![0]! & 0x80) !== 0;
    const answer =
      status === 'ok'
        ? input
          ? `${t.data.length} bytes`
          : 'ok'
        : status === 'stall'
          ? 'STALL'
          : status === 'error'
            ? 'no handshake'
            : status;
    this.log(
      status === 'ok' || status === 'stall' ? 'request' : 'no-answer',
      `${describeRequest(t.setup!, driver)}: ${answer}${t.naks ? `, ${t.naks} NAKs` : ''}`,
      status,
    );
  }
  private cancelTransfers(): void {
    const { state } = this;
    const gone = [...state.transfers, ...state.queue];
    state.transfers = [];
    state.queue = [];
    for (const t of gone) {
      this.tap?.ended(t, 'gone', this.now());
      if (t.tag.startsWith(OUTSIDE)) outsideDone(state, t, 'cancelled', t.kind === 'out' ? new Uint8Array(0) : t.data);
    }
    if (gone.length > 0) this.onOutside?.();
  }

  // Line, port and timers

  private visible(): boolean {
    return this.state.pullup && this.state.cable;
  }
  private lineChanged(reason: 'detach' | 'unplug' | 'reset'): void {
    const { state } = this;
    if (this.visible()) {
      this.cancelWait('line.drop');
      if (!state.connected) this.connect();
    } else if (state.connected) {
      state.dropReason = reason;
      this.wait('line.drop', DISCONNECT);
    }
    // Without a host the pull-up alone makes an idle bus.
    if (!state.connected && state.pullup) this.wait('bus.idle', IDLE_SUSPEND);
    this.arm();
    this.options.changed?.();
  }

  private connect(): void {
    const { state } = this;
    const at = this.now();
    state.connected = true;
    state.lostAt = null;
    state.dfu = null;
    state.sessions.push({
      at,
      servedBy: null,
      attached: null,
      enumerated: null,
      vid: null,
      pid: null,
      bcdDevice: null,
      product: null,
      altSettings: [],
      endedAt: null,
      endedBy: null,
    });
    this.log('attach', 'pull-up on D+');
    this.wait('bus.idle', IDLE_SUSPEND);
    attach(this);
  }

  private disconnect(): void {
    const { state } = this;
    const session = this.session();
    if (session) {
      session.endedAt = this.now();
      session.endedBy = state.dropReason;
    }
    this.log('detach', state.dropReason);
    if (state.dfu?.readyAt != null && !state.dfu.left) state.lostAt = this.now();
    this.cancelTransfers();
    dfuGone(this);
    const wasReset = state.resetting;
    this.endSuspension();
    state.waits = [];
    Object.assign(state, {
      connected: false,
      resetting: false,
      frames: false,
      address: 0,
      packet0: 64,
      device: null,
      alternates: {},
      cdc: null,
      msc: null,
      hidEndpoint: -1,
      unansweredSince: null,
    });
    if (state.dfu) state.dfu.readyAt = null;
    state.enumeration.phase = 'idle';
    this.system.scheduler.disarm(this.sofSlot);
    if (wasReset) this.port.busReset(false);
    if (state.pullup) this.wait('bus.idle', IDLE_SUSPEND);
    this.onOutside?.();
  }

  private handleWait(tag: string): void {
    const { state } = this;
    const dot = tag.indexOf('.');
    const name = tag.slice(dot + 1);
    switch (tag.slice(0, dot)) {
      case 'line':
        return this.disconnect();
      case 'port':
        return onWait(this, name);
      case 'dfu':
        return onDfuWait(this, name);
    }
    if (name === 'idle') {
      if (state.pullup && !state.frames && !state.resetting) this.port.suspend(true);
      return;
    }
    if (name === 'resume') {
      this.log('resume', 'by the host');
      return this.resume();
    }
    if (name === 'resumed') return this.startFrames();
    if (name === 'pull') return this.unplug();
    // bus.reset-end
    state.resetting = false;
    this.port.busReset(false);
    this.startFrames();
    this.wait('port.ready', RECOVERY_TIME);
  }

  private sendSof(): void {
    if (!this.state.frames) return;
    const frame = Math.floor(this.now() / FRAME);
    this.port.startOfFrame(frame & 0x7ff);
    this.system.scheduler.arm(this.sofSlot, (frame + 1) * FRAME);
  }

  /** Serves everything that is due, earliest first; waits before transfers, older before younger. */
  private run(): void {
    for (;;) {
      const now = this.now();
      const { waits, transfers } = this.state;
      const wait = dueFirst(waits, now);
      const next = transfers[dueFirst(transfers, now)];
      // the code that runs may be some cycles behind: a packet that was whole before the cable was pulled is whole
      if (wait >= 0 && !(waits[wait]!.tag === 'bus.pull' && next && next.due < waits[wait]!.due)) {
        const [w] = waits.splice(wait, 1);
        this.handleWait(w!.tag);
        continue;
      }
      if (!next) break;
      stepTransfer(this, next);
    }
    this.arm();
    this.options.changed?.();
  }
  private arm(): void {
    let due = Infinity;
    const { waits, transfers } = this.state;
    for (let i = 0; i < waits.length; i++) due = Math.min(due, waits[i]!.due);
    for (let i = 0; i < transfers.length; i++) due = Math.min(due, transfers[i]!.due);
    if (due === Infinity) this.system.scheduler.disarm(this.hostSlot);
    else this.system.scheduler.arm(this.hostSlot, Math.max(due, this.now()));
  }
}

/** Index of what was due first; -1 where nothing is due. Of two the older. */
function dueFirst(list: readonly { readonly due: Ps }[], now: Ps): number {
  let found = -1;
  for (let i = 0; i < list.length; i++) if (list[i]!.due <= now && (found < 0 || list[i]!.due < list[found]!.due)) found = i;
  return found;
}
