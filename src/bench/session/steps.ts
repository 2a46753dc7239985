/** The scenario's steps: what happens to the board from outside, and when. State is plain data, saved with the machine. */
import type { Core } from '../../emu/core/core.ts';
import type { Attachment } from '../../emu/machine-base.ts';
import type { System } from '../../emu/system.ts';
import type { Ps } from '../../emu/time.ts';
import { findSymbol, imageAt } from '../../image/image.ts';
import { imageCore } from '../input/image-core.ts';
import type { PlannedAction, PlannedStep } from '../documents/scenario-types.ts';
import { pinsOfPort, rxPinOf } from '../../rom/profile.ts';
import type { LiveRun } from './live-run.ts';
import { OutsideHosts, type OutsideState } from './outside-hosts.ts';
import { startOf } from './restart.ts';
import { FRAME, heardFrom, levelAt } from './line-reader.ts';
import { otherBaud, senderOf, tellOtherBaud, type Sender } from './uart-rate.ts';
import { PIN_FLOATING } from '../../peripherals/pins/gpio-common.ts';

interface UartQueue {
  readonly port: string;
  readonly bytes: number[];
  bit: number;
  byte: number | null;
  readonly sender: Sender;
  /** A port of another rate takes something else from the line: the scenario names the sender's, or the firmware tells it. Else the sender is taken for one that fits. */
  readonly named: boolean;
  /** What such a port reads from the line now; null in it where it finds no start bit. */
  reads: { readonly value: number | null } | null;
  /** The byte on the line arrives as it is. */
  whole: boolean;
  /** Time of ten bits. */
  readonly character: Ps;
}
interface StepsState {
  /** Times of `at` count from here. */
  since: Ps;
  /** Next step. */
  index: number;
  /** When the previous step ended. */
  previousEnd: Ps;
  /** The step that runs ends at this time (nrst, power off); Infinity = by another condition. */
  endsAt: Ps | null;
  /** Times at which steps were carried out. */
  ranAt: Ps[];
  /** A `call` that has not returned: where the core was. */
  call: { core: number; pc: number; sp: number; saved: number[] } | null;
  /** Sequence of bytes sent to UARTs, so that each is a change of the wire. */
  uartSequence: number;
  uartQueue: UartQueue | null;
  /** Masters and nodes on the other buses. */
  outside: OutsideState;
  /** Steps behind those of the scenario: somebody who holds the machine has asked for them. */
  more: readonly PlannedStep[];
}

/** Time to wait before a call is tried again while a handler runs. */
const RETRY = 10_000_000;

export class Steps implements Attachment {
  state: StepsState = {
    since: 0,
    index: 0,
    previousEnd: 0,
    endsAt: null,
    ranAt: [],
    call: null,
    uartSequence: 0,
    uartQueue: null,
    outside: { sequence: 0, job: null },
    more: [],
  };
  private readonly session: LiveRun;
  private readonly slot: number;
  private readonly uartSlot: number;
  private readonly readSlot: number;
  private readonly hosts: OutsideHosts;

  constructor(session: LiveRun) {
    this.session = session;
    this.slot = session.machine.system.addTimer('scenario', () => this.due());
    this.uartSlot = session.machine.system.addTimer('scenario.uart', () => this.sendUart());
    this.readSlot = session.machine.system.addTimer('scenario.uart-read', () => this.readUart());
    const { machine } = session;
    this.hosts = new OutsideHosts({
      system: machine.system,
      now: () => machine.now,
      console: (channel, text) => machine.console(channel, text),
      heard: (port, from, bytes) => machine.observer.heard?.(port, from, bytes),
      drive: (pin, level) => this.drive(pin, level),
      held: (pin) => machine.state.heldWires.includes(`pin.${pin}`),
      pins: (port) => pinsOfPort(session.profile, port),
      state: () => this.state.outside,
      selected: (port) => session.selected(port),
      finished: () => this.finished(),
    });
  }
  save(): unknown {
    return structuredClone(this.state);
  }
  restore(state: unknown): void {
    this.state = structuredClone(state as StepsState);
    this.setBreakpoints();
  }
  private get list(): readonly PlannedStep[] {
    const { steps } = this.session.input.scenario;
    return this.state.more.length === 0 ? steps : [...steps, ...this.state.more];
  }
  /** One step more, carried out at once, or so much later, if no other is under way. */
  append(action: PlannedAction, after: Ps = 0): void {
    const idle = !this.remaining;
    this.state.more = [...this.state.more, { when: { kind: 'after', ps: after }, action }];
    if (!idle) return;
    this.state.previousEnd = this.session.machine.now;
    this.schedule();
  }
  /** Somebody is on a bus whose answers come by wire. */
  get listens(): boolean {
    return this.state.outside.sequence > 0;
  }
  onWire(name: string, value: number): void {
    this.hosts.onWire(name, value);
  }
  /** Steps that have not ended. */
  get remaining(): boolean {
    const { call, uartQueue, outside } = this.state;
    return this.state.index < this.list.length || call !== null || uartQueue !== null || outside.job !== null;
  }
  /** What has been done so far, and when. */
  get carriedOut(): readonly { readonly at: Ps; readonly action: PlannedAction }[] {
    return this.state.ranAt.flatMap((at, i) => (this.list[i] === undefined ? [] : [{ at, action: this.list[i].action }]));
  }
  /** Index of the first step that has not been carried out; null if all have. */
  get firstMissed(): number | null {
    return this.state.ranAt.length < this.list.length ? this.state.ranAt.length : null;
  }
  /** When the next step is due by the clock; null if none is, or if it waits for a symbol or for its predecessor's end. */
  get dueAt(): Ps | null {
    const step = this.list[this.state.index];
    if (!step || this.state.endsAt !== null || this.state.call !== null) return null;
    if (step.when.kind === 'atSymbol') return null;
    return step.when.kind === 'at' ? this.state.since + step.when.ps : this.state.previousEnd + step.when.ps;
  }
  ranAfter(time: Ps): boolean {
    return this.state.ranAt.some((t) => t > time);
  }
  start(): void {
    this.schedule();
  }
  /** All steps once more, from now on. */
  restart(): void {
    const { now } = this.session.machine;
    this.state = { ...this.state, since: now, index: 0, previousEnd: now, endsAt: null, call: null };
    this.schedule();
  }

  /** A reset, or an entry into the ROM: a function that was called will not return. */
  abandonCall(): void {
    if (this.state.call === null) return;
    this.state.call = null;
    this.finished();
  }

  private schedule(): void {
    const step = this.list[this.state.index];
    const scheduler = this.session.machine.system.scheduler;
    if (!step) {
      scheduler.disarm(this.slot);
      this.setBreakpoints();
      return;
    }
    if (step.when.kind === 'at') scheduler.arm(this.slot, Math.max(this.state.since + step.when.ps, this.session.machine.now));
    else if (step.when.kind === 'after') scheduler.arm(this.slot, this.state.previousEnd + step.when.ps);
    this.setBreakpoints();
  }
  /** Where somebody else wants a core to stop: a debugger, a program that holds the machine. Steps begin and end while it runs. */
  otherStops: (core: number) => Iterable<number> = () => [];
  setBreakpoints(): void {
    for (const core of this.session.machine.cores) {
      const wanted = new Set([...this.stops(core.index), ...this.otherStops(core.index)]);
      if (!core.stopsExactlyAt(wanted)) core.setBreakpoints(wanted);
    }
  }
  /** Where a core has to stop for the steps. */
  private stops(core: number): number[] {
    const stops: number[] = [];
    const step = this.list[this.state.index];
    if (step?.when.kind === 'atSymbol' && this.state.endsAt === null && this.coreOf(step.when.symbol).index === core)
      stops.push(this.address(step.when.symbol));
    if (this.state.call?.core === core) stops.push(this.state.call.pc);
    const start = core === 0 && this.session.state.watchesStart ? startOf(this.session) : null;
    if (start !== null) stops.push(start);
    return stops;
  }
  /** The core whose image has the symbol, which may be the second one's; else the boot core. */
  private coreOf(symbol: string): Core {
    const { machine, input } = this.session;
    if (machine.cores.length === 1) return machine.bootCore;
    const at = this.address(symbol);
    const image = imageAt(input.images, at);
    return image && imageCore(input.chip, image) === 1 ? machine.cores[1]! : machine.cores[0]!;
  }
  private address(symbol: string): number {
    const s = findSymbol(this.session.input.images, symbol);
    if (!s) throw new Error(`no symbol ${symbol}`);
    return (s.address & ~1) >>> 0;
  }

  /** After each stretch of running: breakpoints of `atSymbol` and of returning calls. */
  poll(): void {
    for (const core of this.session.machine.cores) if (core.takeBreak()) this.stoppedAt(core);
  }
  private stoppedAt(core: Core): void {
    if (core.index === 0 && this.session.state.watchesStart && core.pc === startOf(this.session)) this.session.startedAgain();
    const call = this.state.call;
    if (call && call.core === core.index && core.pc === call.pc && core.arm.sp === call.sp) {
      core.arm.restoreCall(call.saved);
      this.state.call = null;
      this.finished();
      return;
    }
    const step = this.list[this.state.index];
    if (step?.when.kind === 'atSymbol' && core.pc === this.address(step.when.symbol)) this.carryOut(step.action);
  }

  private due(): void {
    if (this.state.endsAt !== null) {
      const step = this.list[this.state.index]!;
      this.state.endsAt = null;
      this.ended(step.action);
      return;
    }
    const step = this.list[this.state.index];
    if (step) this.carryOut(step.action);
  }

  private finished(): void {
    const { machine } = this.session;
    this.state.previousEnd = machine.now;
    this.session.state.anchor = machine.now;
    this.state.index++;
    this.schedule();
    this.session.requestCheck();
  }
  /** The step goes on until `end`. */
  private lasts(end: Ps): void {
    this.state.endsAt = end;
    this.session.machine.system.scheduler.arm(this.slot, end);
  }

  private carryOut(action: PlannedAction): void {
    const { machine } = this.session;
    if (action.kind === 'call' && this.coreOf(action.symbol).arm.ipsr !== 0) {
      machine.system.scheduler.arm(this.slot, machine.now + RETRY);
      return;
    }
    this.state.ranAt.push(machine.now);
    this.session.state.anchor = machine.now;
    machine.event('scenario', describeAction(action));
    const end = this.begin(action);
    if (end === 'at once') this.finished();
    else if (end !== 'later') this.lasts(end);
  }
  /** Begins a step. When it ends: at once, at a time, or later by what was begun. */
  // eslint-disable-next-line complexity -- one case for each kind of step
  private begin(action: PlannedAction): Ps | 'at once' | 'later' {
    const { machine } = this.session;
    switch (action.kind) {
      case 'pin':
        if (action.name === 'BOOT0') this.driveBoot0(action.level === 1 ? 1 : 0);
        else this.drive(action.name, action.level === 'z' ? PIN_FLOATING : action.level);
        return 'at once';
      case 'adc':
        this.driveAdc(action.inputs);
        return 'at once';
      case 'nrst':
        machine.holdReset(true);
        return machine.now + action.forPs;
      case 'power':
        machine.powerOff();
        return machine.now + action.offPs;
      case 'uart':
        this.state.uartQueue = uartQueue(this.session, action);
        this.sendUart();
        return 'later';
      case 'i2c':
      case 'spi':
      case 'can':
        this.hosts.begin(action);
        return 'later';
      case 'poke':
        this.poke(action);
        return 'at once';
      case 'call':
        this.call(action);
        return 'later';
      case 'optionBytes':
        for (const [name, value] of Object.entries(action.values)) machine.system.setParameter(`option.${name}`, value);
        machine.askReset('option-bytes', machine.bootCore, true);
        return 'at once';
      case 'debugger':
        machine.state.debugger = action.attach;
        return 'at once';
      default:
        this.askHost(action);
        return 'at once';
    }
  }
  private poke(action: Extract<PlannedAction, { kind: 'poke' }>): void {
    const { machine, input } = this.session;
    const symbol = action.symbol === null ? null : findSymbol(input.images, action.symbol);
    const address = action.address ?? symbol!.address;
    const size = action.size ?? (symbol && (symbol.size === 1 || symbol.size === 2) ? symbol.size : 4);
    machine.as('scenario', () => machine.poke(address, size, action.value));
  }
  /** The function runs next; it returns to where the core stands now. */
  private call(action: Extract<PlannedAction, { kind: 'call' }>): void {
    const core = this.coreOf(action.symbol);
    const saved = core.arm.saveCall();
    this.state.call = { core: core.index, pc: core.pc, sp: core.arm.sp, saved };
    action.args.slice(0, 4).forEach((value, i) => core.arm.setR(i, value));
    core.beginCall(this.address(action.symbol));
    this.setBreakpoints();
  }
  private askHost(action: Extract<PlannedAction, { kind: 'cable' | 'cdc' | 'cdc-baud' | `dfu-${string}` | `usb-${string}` }>): void {
    const { usb, input } = this.session;
    switch (action.kind) {
      case 'cable':
        return action.position === 'in' ? usb.plug() : usb.unplug();
      case 'cdc':
        return usb.send(action.bytes);
      case 'cdc-baud':
        return usb.openAndClose(action.baud);
      case 'dfu-download': {
        const bytes = action.bytes ?? input.files.get(action.file ?? '');
        if (bytes) usb.dfu({ kind: 'download', address: action.address, data: bytes });
        return;
      }
      case 'dfu-upload':
        usb.dfu({ kind: 'upload', address: action.address, length: action.length });
        return;
      case 'dfu-erase':
        usb.dfu({ kind: 'erase', address: action.address === 'mass' ? null : action.address });
        return;
      case 'dfu-request':
        usb.dfu({ ...action, kind: 'request' });
        return;
      case 'dfu-leave':
        usb.dfu({ kind: 'leave', address: action.address });
        return;
      default:
        return this.disturbBus(action);
    }
  }
  private disturbBus(action: Extract<PlannedAction, { kind: `usb-${string}` }>): void {
    const { usb } = this.session;
    switch (action.kind) {
      case 'usb-error':
        return usb.disturb(action.error, action.after);
      case 'usb-unplug':
        return usb.unplugAt(action.bit, action.after);
      case 'usb-suspend':
        return usb.suspend(action.ps);
      case 'usb-reset':
        return usb.resetDevice();
    }
  }
  private ended(action: PlannedAction): void {
    const { machine } = this.session;
    if (action.kind === 'nrst') machine.holdReset(false);
    if (action.kind === 'power') machine.powerOn(true);
    this.finished();
  }

  /** Millivolts at channels; see peripherals/adc-common.ts. */
  driveAdc(inputs: Readonly<Record<string, number>>): void {
    for (const [channel, millivolts] of Object.entries(inputs)) this.session.machine.system.setWire(`analog.${channel}`, millivolts + 1);
  }
  private driveBoot0(level: 0 | 1): void {
    const { system } = this.session.machine;
    system.setParameter('boot0.level', level);
    const pin = this.session.profile?.boot0Pin;
    if (pin) system.setWire(`pin.${pin}`, level);
  }
  private drive(pin: string, level: number): void {
    const { machine } = this.session;
    const wire = `pin.${pin}`;
    if (!machine.state.heldWires.includes(wire)) machine.system.setWire(wire, level);
  }

  /**
   * 8N1. The bits go to the pin at which the ROM has that port; the port's RX wire tells the start bit, and the byte when its stop bit has passed: RXNE
   * rises behind the last edge on the line (RM USART, character reception, documented), so that firmware which jumps on a byte leaves nothing of it for the ROM.
   */
  private sendUart(): void {
    const q = this.state.uartQueue;
    if (!q) return;
    const { system } = this.session.machine;
    const pin = rxPinOf(this.session.profile, q.port);
    if (q.bit === 0 && !this.nextByte(q)) return;
    if (!q.whole) this.listenUart(q);
    if (pin !== undefined) this.drive(pin, levelAt([q.byte ?? 0], q.bit));
    const passed = Math.floor((q.bit * q.character) / 10);
    q.bit = q.bit === STOP_BIT ? 0 : q.bit + 1;
    const next = Math.floor(((q.bit === 0 ? 10 : q.bit) * q.character) / 10);
    system.scheduler.arm(this.uartSlot, this.session.machine.now + next - passed);
  }
  /** False: there is none. */
  private nextByte(q: UartQueue): boolean {
    const { machine } = this.session;
    if (q.byte !== null) {
      if (q.whole) this.tellUart(q, BYTE | q.byte);
      this.tellRate(q);
    }
    q.byte = q.bytes.shift() ?? null;
    if (q.byte === null) {
      // a slower port still looks at the line
      if (q.reads === null) this.endUart();
      return false;
    }
    q.whole = q.reads === null && (!q.named || otherBaud(machine, q.port, q.sender.baud) === null);
    if (q.whole) this.tellUart(q, START_BIT);
    return true;
  }
  private tellUart({ port }: UartQueue, value: number): void {
    tellRx(this.session.machine.system, port.toLowerCase(), value, ++this.state.uartSequence);
  }
  private tellRate({ port, sender }: UartQueue): void {
    tellOtherBaud(this.session.machine, port, sender, hseOf(this.session));
  }
  private endUart(): void {
    this.state.uartQueue = null;
    this.finished();
  }
  /** A port of another rate takes each falling edge that it is free for as a start bit. */
  private listenUart(q: UartQueue): void {
    const { machine } = this.session;
    const line = [q.byte ?? 0, ...q.bytes];
    const fell = levelAt(line, q.bit) === 0 && (q.bit === 0 || levelAt(line, q.bit - 1) === 1);
    if (!fell || q.reads !== null) return;
    const own = otherBaud(machine, q.port, q.sender.baud);
    if (own === null) return;
    const { byte, framing, bits } = heardFrom(line, q.bit, q.sender.baud / own);
    q.reads = { value: byte === null ? null : BYTE | byte | (framing ? FRAMING : 0) };
    if (byte !== null) this.tellUart(q, START_BIT);
    machine.system.scheduler.arm(this.readSlot, machine.now + Math.round((bits * SECOND) / own));
  }
  private readUart(): void {
    const q = this.state.uartQueue;
    if (!q?.reads) return;
    const { value } = q.reads;
    q.reads = null;
    if (value !== null) this.tellUart(q, value);
    if (q.byte === null) this.endUart();
  }
}
const SECOND = 1_000_000_000_000;
function uartQueue(s: LiveRun, { port, bytes, baud, fits }: Extract<PlannedAction, { kind: 'uart' }>): UartQueue {
  const sender = baud === undefined ? senderOf(s.machine, port, s.input.images, hseOf(s)) : { baud, counts: null };
  const named = fits !== true && (baud !== undefined || sender.counts !== null);
  const character = Math.round((FRAME * SECOND) / sender.baud);
  return { port, bytes: [...bytes], bit: 0, byte: null, sender, named, reads: null, whole: false, character };
}
const hseOf = ({ input }: LiveRun): number | null => input.scenario.board.hse?.hz ?? null;
const STOP_BIT = FRAME - 1;
/** What a port's RX wire tells: see peripherals/serial/usart-v4.ts. */
export const START_BIT = 0;
export const BYTE = 0x100;
const FRAMING = 1 << 30;
/** `sequence` makes equal bytes changes of the wire. */
export const tellRx = (system: System, port: string, value: number, sequence: number): void =>
  system.setWire(`${port}.rx`, value | (sequence << 9));

// eslint-disable-next-line complexity -- one case for each kind of step that has more to tell than its name
function describeAction(a: PlannedAction): string {
  switch (a.kind) {
    case 'pin':
      return `pin ${a.name} = ${a.level}`;
    case 'nrst':
      return 'NRST held low';
    case 'power':
      return 'power off';
    case 'cable':
      return `cable ${a.position}`;
    case 'uart':
    case 'spi':
      return `${a.bytes.length} bytes to ${a.port}`;
    case 'i2c':
      return `address 0x${a.address.toString(16)} on ${a.port}`;
    case 'can':
      return `frame 0x${a.id.toString(16)} on ${a.port}`;
    case 'cdc':
      return `${a.bytes.length} bytes to CDC`;
    case 'cdc-baud':
      return `CDC opened at ${a.baud} baud and closed`;
    case 'poke':
      return `poke ${a.symbol ?? `0x${(a.address ?? 0).toString(16)}`}`;
    case 'call':
      return `call ${a.symbol}`;
    case 'optionBytes':
      return `option bytes ${Object.keys(a.values).join(', ')}`;
    case 'adc':
      return `adc ${Object.entries(a.inputs)
        .map(([channel, mv]) => `${channel} = ${(mv / 1000).toFixed(3)} V`)
        .join(', ')}`;
    case 'debugger':
      return a.attach ? 'debugger attached' : 'debugger detached';
    case 'usb-error':
      return `USB ${a.error} goes wrong, ${a.after} transactions on`;
    case 'usb-unplug':
      return `cable out at bit ${a.bit}, ${a.after} transactions on`;
    default:
      return a.kind.replace('-', ' ');
  }
}
