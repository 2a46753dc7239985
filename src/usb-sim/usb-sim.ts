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
import { bits, FRAME, lead, newTransfer, stepTransfer, type BusHost } from './bus.ts';
import { bindClassDrivers, onClassDone, pumpCdc } from './class-drivers.ts';
import { describeRequest } from './descriptors.ts';
import { bindDfu, dfuGone, onDfuDone, onDfuWait } from './dfu-client.ts';
import { attach, onDone, onWait } from './enumeration.ts';
import type { Host, HostOptions } from './host-api.ts';
import { freshState, joinBytes } from './state.ts';
import type { DfuOperation, ForeignResult, Transfer, TransferStatus, UsbLogEntry, UsbSession, UsbSimState } from './types.ts';

/** Time limit of control transfers: Linux, Windows and dfu-util alike. */
const CONTROL_TIMEOUT = 5_000 * MS;
/** Root port reset, then recovery: Linux 60 ms and 10 + 40 ms; the others `assumed` alike (USB 2.0 asks for at least 50 and 10). */
const RESET_TIME = 60 * MS;
const RECOVERY_TIME = 50 * MS;
/** SE0 this long is a disconnect. */
const DISCONNECT = 2_500_000;
/** An idle bus this long is a suspend. */
const IDLE_SUSPEND = 3 * MS;
/** From the end of a transfer to the first token of the next: host controller interrupt and driver, `assumed`. */
const HOST_LATENCY = 100_000_000;
const MAX_LOG = 2000;
const MAX_FOREIGN = 64;

export type DfuRequest =
  | { readonly kind: 'download'; readonly address: number; readonly data: Uint8Array }
  | { readonly kind: 'upload'; readonly address: number; readonly length: number }
  | { readonly kind: 'erase'; readonly address: number | null; readonly length?: number }
  | { readonly kind: 'leave'; readonly address: number };

export class UsbSim implements Host, BusHost {
  state: UsbSimState;
  readonly options: HostOptions;
  private readonly system: System;
  private readonly portFactory: () => UsbDevicePort;
  private portCache: UsbDevicePort | null = null;
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
    return (this.portCache ??= this.portFactory());
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
    this.system.setWire('usb.vbus', this.state.cable ? 1 : 0);
    this.onWire('usb.pullup', this.system.wire('usb.pullup'));
  }
  /** Every change of a wire of the chip; others than `usb.pullup` are ignored. */
  onWire(name: string, value: number): void {
    if (name !== 'usb.pullup' || this.state.pullup === (value !== 0)) return;
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
  /** Bytes for the CDC-ACM device; kept until there is one. */
  send(bytes: Uint8Array): void {
    this.state.cdcQueue = joinBytes(this.state.cdcQueue, bytes);
    pumpCdc(this);
    this.arm();
  }
  /** Queues a DFU operation; it starts when the device is ready. Returns its id; the record is in `operations`. */
  dfu(request: DfuRequest): number {
    const id = this.state.nextId++;
    this.state.operations.push({
      id,
      kind: request.kind,
      address: request.address,
      length: 'length' in request ? (request.length ?? 0) : 0,
      data: request.kind === 'download' ? request.data.slice() : new Uint8Array(0),
      status: 'queued',
      error: null,
      bStatus: 0,
      bState: -1,
      startedAt: null,
      endedAt: null,
      plan: [],
      at: 0,
      phase: '',
      polls: 0,
      stalls: 0,
    });
    if (this.state.dfu?.readyAt != null) this.wait('dfu.next', 0);
    return id;
  }
  /** A control transfer of somebody outside (WebUSB, USB/IP) to the configured or addressed device; the result comes through `takeResult`. */
  submitControl(setup: Uint8Array, data?: Uint8Array, timeout: Ps = CONTROL_TIMEOUT): number {
    const id = this.state.nextId++;
    if (!this.state.connected) this.foreignDone(id, 'cancelled', new Uint8Array(0));
    else this.control(`foreign.${id}`, setup, data, timeout);
    this.arm();
    return id;
  }
  takeResult(id: number): ForeignResult | null {
    const at = this.state.foreign.findIndex((r) => r.id === id);
    return at < 0 ? null : this.state.foreign.splice(at, 1)[0]!;
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
  log(kind: string, text: string): void {
    if (this.state.log.length >= MAX_LOG) this.state.logDropped++;
    else this.state.log.push({ at: this.now(), kind, text });
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
    this.startControl();
    return t;
  }
  pipe(tag: string, kind: 'in' | 'out', endpoint: number, maxPacket: number, data: Uint8Array | number): Transfer {
    const t = newTransfer(tag, kind, this.state.address, endpoint, maxPacket, this.now() + HOST_LATENCY);
    if (typeof data === 'number') t.length = data;
    else {
      t.data = data;
      t.length = data.length;
    }
    this.state.transfers.push(t);
    this.arm();
    return t;
  }
  private startControl(): void {
    const { state } = this;
    if (state.transfers.some((t) => t.kind === 'control')) return;
    const t = state.queue.shift();
    if (!t) return;
    t.started = t.due = this.now() + HOST_LATENCY + bits(lead(t));
    t.deadline = t.started + t.timeout;
    state.unansweredSince ??= t.started;
    state.transfers.push(t);
    this.arm();
  }
  resetPort(): void {
    const { state } = this;
    this.cancelTransfers();
    this.log('reset', 'bus reset');
    state.resetting = true;
    state.frames = false;
    state.address = 0;
    state.configured = false;
    state.toggles = {};
    this.system.scheduler.disarm(this.sofSlot);
    this.cancelWait('bus.idle');
    this.port.busReset(true);
    this.wait('bus.reset-end', RESET_TIME);
  }
  bindDrivers(): void {
    const info = this.state.device!;
    bindClassDrivers(this, info);
    if (this.options.driver === 'dfu') bindDfu(this, info);
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
      case 'foreign':
        this.foreignDone(Number(t.tag.slice(dot + 1)), status, result.data);
        break;
      default:
        onClassDone(this, t, result);
    }
    if (state.connected && !state.resetting) this.startControl();
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
    );
  }
  private foreignDone(id: number, status: TransferStatus, data: Uint8Array): void {
    this.state.foreign.push({ id, status, data });
    if (this.state.foreign.length > MAX_FOREIGN) this.state.foreign.shift();
  }
  private cancelTransfers(): void {
    const { state } = this;
    const gone = [...state.transfers, ...state.queue];
    state.transfers = [];
    state.queue = [];
    for (const t of gone) if (t.tag.startsWith('foreign.')) this.foreignDone(Number(t.tag.slice(8)), 'cancelled', t.data);
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
    state.waits = [];
    Object.assign(state, {
      connected: false,
      resetting: false,
      frames: false,
      address: 0,
      packet0: 64,
      device: null,
      configured: false,
      cdc: null,
      hidEndpoint: -1,
      unansweredSince: null,
    });
    if (state.dfu) state.dfu.readyAt = null;
    state.enumeration.phase = 'idle';
    this.system.scheduler.disarm(this.sofSlot);
    if (wasReset) this.port.busReset(false);
    if (state.pullup) this.wait('bus.idle', IDLE_SUSPEND);
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
    // bus.reset-end
    state.resetting = false;
    state.frames = true;
    this.port.busReset(false);
    this.system.scheduler.arm(this.sofSlot, (Math.floor(this.now() / FRAME) + 1) * FRAME);
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
      let wait = -1;
      for (let i = 0; i < waits.length; i++) if (waits[i]!.due <= now && (wait < 0 || waits[i]!.due < waits[wait]!.due)) wait = i;
      if (wait >= 0) {
        const [w] = waits.splice(wait, 1);
        this.handleWait(w!.tag);
        continue;
      }
      let next: Transfer | null = null;
      for (let i = 0; i < transfers.length; i++) {
        const t = transfers[i]!;
        if (t.due <= now && (next === null || t.due < next.due)) next = t;
      }
      if (next === null) break;
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
