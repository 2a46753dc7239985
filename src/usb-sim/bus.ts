/**
 * A full-speed bus, transaction by transaction. Times are exact integers in picoseconds from bit counts (USB 2.0 chapters 7 and 8; bit stuffing
 * is left out: up to 1/6 longer, `assumed` not to matter). The device acts at the end of the packet that it answers.
 *
 * NAK pacing (`assumed`; real controllers differ): a NAKed transaction comes again after an eighth of the time that the transfer has
 * been NAKed, at least 20 µs and at most 1 ms. So a device that answers within microseconds is seen at once, and one that NAKs for the whole 5 s
 * of a control transfer costs a thousand events a second, not a hundred thousand. A polled pipe (CDC, HID) comes once per interval.
 */
import type { UsbDevicePort, UsbLoss } from '../emu/ports.ts';
import { MS, US, type Ps } from '../emu/time.ts';
import { joinBytes } from './state.ts';
import type { IsoPacket, IsoPackets, Transfer, TransferStatus, UsbSimState } from './types.ts';

/** `n` bit times at 12 Mbit/s. */
export const bits = (n: number): Ps => Math.floor((n * 250_000) / 3);

/** Whole bit times in a stretch that `bits` gave, or another. */
const bitsIn = (ps: Ps): number => Math.floor((ps * 3 + 2) / 250_000);

/** SYNC 8, PID 8, address and CRC5 16, EOP 3. */
const TOKEN = 35;
const HANDSHAKE = 19;
/** SYNC, PID, CRC16 and EOP around the payload. */
const dataPacket = (bytes: number): number => 35 + 8 * bytes;
/** A device answers after 2 to 6.5 bit times, cable included at most 7.5; the host gives up after 16 to 18 (USB 2.0 §7.1.19). */
const TURNAROUND = 7;
const NO_ANSWER = 18;
const HOST_GAP = 2;
const SOF_BITS = TOKEN;

const NAK_MIN = 20 * US;
const NAK_MAX = 1 * MS;
/** Transactions without a handshake before a host controller halts the transfer (EHCI, xHCI: CErr = 3). */
const MAX_ERRORS = 3;

/** Distance of the retries: a microframe of an EHCI or xHCI host, `assumed`. */
const ERROR_RETRY = 125 * US;

export const FRAME = MS;

export interface BusHost {
  readonly state: UsbSimState;
  readonly port: UsbDevicePort;
  now(): Ps;
  /** The firmware (not the block by itself) has answered on endpoint 0. */
  served(transferGoesOn: boolean): void;
  done(transfer: Transfer, status: TransferStatus): void;
  /** The cable is pulled so many picoseconds from now. */
  unplugIn(delay: Ps): void;
}

/** Bytes of the next packet of an OUT. */
const outBytes = (t: Transfer): number => (t.iso ? t.iso.lengths[t.iso.done.length]! : Math.min(t.maxPacket, t.length - t.sent));

/** Bits from the start of the transaction to the moment when the device acts. */
export function lead(t: Transfer): number {
  switch (t.step) {
    case 'setup':
      return TOKEN + HOST_GAP + dataPacket(8);
    case 'out':
      return TOKEN + HOST_GAP + dataPacket(outBytes(t));
    case 'status-out':
      return TOKEN + HOST_GAP + dataPacket(0);
    default:
      return TOKEN;
  }
}
/** Bits from there to the end, at most. */
const tailMax = (t: Transfer): number =>
  TURNAROUND + HANDSHAKE + HOST_GAP + (t.step === 'in' || t.step === 'status-in' ? dataPacket(t.maxPacket) + TURNAROUND : 0);

const toggleKey = (t: Transfer): string => t.kind + t.endpoint;

export function newTransfer(tag: string, kind: Transfer['kind'], address: number, endpoint: number, maxPacket: number, now: Ps): Transfer {
  return {
    tag,
    kind,
    address,
    endpoint,
    maxPacket,
    setup: null,
    data: new Uint8Array(0),
    length: 0,
    sent: 0,
    zeroPacket: false,
    step: kind === 'control' ? 'setup' : kind,
    toggle: 0,
    held: null,
    heldToggle: 0,
    errors: 0,
    naks: 0,
    nakSince: -1,
    due: now,
    started: now,
    timeout: 0,
    deadline: Infinity,
    every: 0,
    firstPacketOnly: false,
    ackLost: false,
  };
}

/** Next moment at which the device could act on `t`, not before `earliest`, with the frame's SOF and its end kept free. */
function slot(host: BusHost, t: Transfer, earliest: Ps): Ps {
  const free = Math.max(earliest, host.state.busFree + bits(lead(t)));
  const frameEnd = (Math.floor(free / FRAME) + 1) * FRAME;
  const start = free - bits(lead(t));
  const frameStart = Math.floor(free / FRAME) * FRAME;
  if (start < frameStart + bits(SOF_BITS)) return frameStart + bits(SOF_BITS + HOST_GAP + lead(t));
  return free + bits(tailMax(t)) > frameEnd ? frameEnd + bits(SOF_BITS + HOST_GAP + lead(t)) : free;
}

const isAck = (t: Transfer): boolean => t.step === 'ack' || t.step === 'ack-status';

type Fault = NonNullable<UsbSimState['fault']>;
const NONE = new Uint8Array(0);
const isIn = (t: Transfer): boolean => t.step === 'in' || t.step === 'status-in';
/** Data of the next SETUP or OUT. */
function payload(t: Transfer): Uint8Array {
  if (t.step === 'setup') return t.setup!;
  return t.step === 'out' ? t.data.subarray(t.sent, t.sent + outBytes(t)) : NONE;
}

/** Makes the next transaction (or its acknowledgement) of `t`, whose time has come. */
export function stepTransfer(host: BusHost, t: Transfer): void {
  const now = host.now();
  // nothing comes through; the host sees the disconnect in a moment, unless the cable is back by then
  if (!host.state.cable) t.due = now + ERROR_RETRY;
  else if (isAck(t)) acknowledged(host, t);
  else if (now >= t.deadline) host.done(t, 'timeout');
  else {
    const when = slot(host, t, now);
    const fault = when > now ? null : takeFault(host.state, t);
    if (when > now) t.due = when;
    else if (fault?.kind === 'unplug') pull(host, t, fault.bit);
    else if (t.iso) stepIso(host, t, t.iso, fault);
    else if (isIn(t)) stepIn(host, t, fault);
    else stepOut(host, t, fault);
  }
}

/** The transaction is made a moment later, and the cable is pulled at a bit of it. */
function pull(host: BusHost, t: Transfer, bit: number): void {
  const now = host.now();
  t.due = slot(host, t, now + bits(lead(t)));
  host.unplugIn(t.due - bits(lead(t)) - now + bits(bit));
}

/** SETUP or OUT. A packet that arrives damaged is ignored, and the one who waits for an answer gets none (USB 2.0 §8.7). */
function stepOut(host: BusHost, t: Transfer, fault: Fault | null): void {
  const { port } = host;
  const data = payload(t);
  const kind = fault?.kind;
  if (kind === 'packet' || kind === 'token' || kind === 'timeout') {
    port.lost(damaged(t, fault!));
    return answered(host, t, 'none');
  }
  if (t.step === 'setup') return answered(host, t, port.setup(t.address, t.endpoint, data));
  const toggle = t.step === 'out' ? toggleOf(host, t) : 1;
  const answer = port.out(t.address, t.endpoint, toggle, kind === 'babble' ? tooLong(t, data) : data);
  answered(host, t, kind === 'handshake' ? 'none' : answer);
}
/** Bytes of a packet that babbles beyond wMaxPacketSize: a word, so that it is too long for any buffer that was meant for a packet. */
const BABBLE = 4;
/** No controller here knows bMaxPacketSize0, and its buffer may be longer: of a control transfer at full speed a packet is 64 bytes at most (USB 2.0 §5.5.3). */
const LONGEST_CONTROL_PACKET = 64;
function tooLong(t: Transfer, data: Uint8Array): Uint8Array {
  const most = t.kind === 'control' ? Math.max(t.maxPacket, LONGEST_CONTROL_PACKET) : t.maxPacket;
  const long = new Uint8Array(most + BABBLE);
  long.set(data);
  return long;
}

function stepIn(host: BusHost, t: Transfer, fault: Fault | null): void {
  const { port } = host;
  if (fault?.kind === 'token') {
    port.lost(lossOf(t, 'crc', 'token'));
    return answered(host, t, 'none');
  }
  const answer = port.in(t.address, t.endpoint);
  if (typeof answer === 'string') {
    // there is no data that could suffer: the fault waits for some
    host.state.fault ??= fault;
    return answered(host, t, answer);
  }
  if (fault?.kind === 'packet' || fault?.kind === 'timeout') {
    port.lost(lossOf(t, 'timeout', 'handshake'));
    return answered(host, t, 'none');
  }
  if (fault?.kind === 'babble') {
    port.lost(lossOf(t, 'timeout', 'handshake'));
    host.state.busFree = host.now() + bits(TURNAROUND + dataPacket(t.maxPacket + BABBLE) + HOST_GAP);
    return host.done(t, 'babble');
  }
  t.ackLost = fault?.kind === 'handshake';
  t.held = answer.data;
  t.heldToggle = answer.toggle;
  t.step = t.step === 'in' ? 'ack' : 'ack-status';
  t.due = host.now() + bits(TURNAROUND + dataPacket(answer.data.length) + TURNAROUND + HANDSHAKE);
  host.state.busFree = t.due + bits(HOST_GAP);
}

/**
 * A packet of an isochronous transfer (USB 2.0 §8.5.5): no handshake, no repetition. What is damaged, or does not come, is a packet of no bytes in its frame.
 */
function stepIso(host: BusHost, t: Transfer, iso: IsoPackets, fault: Fault | null): void {
  const now = host.now();
  iso.done.push(t.step === 'out' ? isoOut(host, t, fault) : isoIn(host, t, fault));
  host.state.lastActivity = now;
  if (iso.done.length === iso.lengths.length) return host.done(t, 'ok');
  t.due = (Math.floor(now / FRAME) + iso.interval) * FRAME + bits(SOF_BITS + HOST_GAP + lead(t));
}
function isoOut(host: BusHost, t: Transfer, fault: Fault | null): IsoPacket {
  const data = payload(t);
  if (fault === null) host.port.out(t.address, t.endpoint, 0, data);
  else host.port.lost(damaged(t, fault));
  t.sent += data.length;
  host.state.busFree = host.now() + bits(HOST_GAP);
  return { actual: data.length, status: 'ok' };
}
function isoIn(host: BusHost, t: Transfer, fault: Fault | null): IsoPacket {
  const most = outBytes(t);
  if (fault?.kind === 'token') host.port.lost(lossOf(t, 'crc', 'token'));
  const answer = fault?.kind === 'token' ? 'none' : host.port.in(t.address, t.endpoint);
  const came = typeof answer === 'string' || fault !== null ? NONE : answer.data;
  host.state.busFree = host.now() + bits(TURNAROUND + dataPacket(came.length) + HOST_GAP);
  if (came.length > most) return { actual: 0, status: 'babble' };
  t.data = joinBytes(t.data, came);
  return { actual: came.length, status: 'ok' };
}
/** What the device sees of a SETUP or OUT that was damaged, or of a host that fell silent behind its token. */
function damaged(t: Transfer, { kind }: Fault): UsbLoss {
  if (kind === 'token') return lossOf(t, 'crc', 'token');
  return kind === 'timeout' ? lossOf(t, 'timeout', 'data') : { ...lossOf(t, 'crc', 'data'), data: payload(t) };
}

const lossOf = (t: Transfer, how: UsbLoss['how'], packet: UsbLoss['packet']): UsbLoss => ({
  how,
  packet,
  address: t.address,
  endpoint: t.endpoint,
  setup: t.step === 'setup',
  data: NONE,
});

/** The cable is pulled now: what is on the wire ends in its middle, or is waited for in vain. */
export function cutShort(host: BusHost): void {
  const now = host.now();
  let on: Transfer | null = null;
  let from = now;
  for (const t of host.state.transfers) {
    if (isAck(t)) return host.port.lost(lossOf(t, 'timeout', 'handshake'));
    if (t.due === Infinity) continue;
    const start = slot(host, t, t.due) - bits(lead(t));
    if (start < from) [on, from] = [t, start];
  }
  if (on === null) return;
  const passed = bitsIn(now - from);
  const inData = passed - TOKEN - HOST_GAP;
  if (passed < TOKEN) host.port.lost(lossOf(on, 'cut', 'token'));
  else if (isIn(on)) return;
  else if (inData < 0) host.port.lost(lossOf(on, 'timeout', 'data'));
  // SYNC and PID stand before the bytes
  else host.port.lost({ ...lossOf(on, 'cut', 'data'), data: payload(on).subarray(0, Math.max(0, (inData - 16) >> 3)) });
}

/**
 * A fault whose time has come strikes the first transaction that it can. The ACK to the last OUT packet of a control write is spared: many a driver has closed its endpoint by
 * then, NAKs the repetition, and the transfer runs into its time limit.
 */
function takeFault(state: UsbSimState, t: Transfer): Fault | null {
  const { fault } = state;
  if (fault === null || fault.after-- > 0) return null;
  if (t.iso && (fault.kind === 'handshake' || fault.kind === 'babble')) return null;
  if (fault.kind === 'handshake' && t.step !== 'in' && (t.step !== 'out' || t.kind === 'control')) return null;
  if (fault.kind === 'babble' && t.step !== 'in' && t.step !== 'out') return null;
  state.fault = null;
  return fault;
}

function toggleOf(host: BusHost, t: Transfer): 0 | 1 {
  return t.kind === 'control' ? t.toggle : ((host.state.toggles[toggleKey(t)] ?? 0) as 0 | 1);
}
function flip(host: BusHost, t: Transfer): void {
  if (t.kind === 'control') t.toggle ^= 1;
  else host.state.toggles[toggleKey(t)] = toggleOf(host, t) ^ 1;
}

function progress(host: BusHost, t: Transfer): void {
  t.errors = 0;
  t.nakSince = -1;
  host.state.lastActivity = host.now();
}

/** NAK: asked again at the pace of the endpoint, or the later the longer it says so. */
function askLater(host: BusHost, t: Transfer): void {
  const now = host.now();
  t.errors = 0;
  t.naks++;
  host.state.naks++;
  if (t.nakSince < 0) t.nakSince = now;
  const wait = t.every > 0 ? t.every : Math.min(NAK_MAX, Math.max(NAK_MIN, Math.floor((now - t.nakSince) / 8)));
  t.due = Math.min(now + wait, t.deadline);
}

/** A handshake, or none, in answer to SETUP, OUT or IN. */
function answered(host: BusHost, t: Transfer, answer: 'ack' | 'nak' | 'stall' | 'none'): void {
  const now = host.now();
  if (answer === 'none') {
    host.state.busFree = now + bits(NO_ANSWER + HOST_GAP);
    if (++t.errors >= MAX_ERRORS) return host.done(t, 'error');
    t.due = now + ERROR_RETRY;
    return;
  }
  host.state.busFree = now + bits(TURNAROUND + HANDSHAKE + HOST_GAP);
  if (answer === 'nak') return askLater(host, t);
  progress(host, t);
  if (answer === 'stall') {
    if (t.kind === 'control') host.served(false);
    return host.done(t, 'stall');
  }
  t.due = now;
  switch (t.step) {
    case 'setup':
      // The block takes a SETUP by itself: no code has answered yet.
      t.toggle = 1;
      t.step = t.length === 0 ? 'status-in' : t.setup![0]! & 0x80 ? 'in' : 'out';
      return;
    case 'out': {
      flip(host, t);
      const packet = Math.min(t.maxPacket, t.length - t.sent);
      t.sent += packet;
      if (t.kind === 'control') host.served(true);
      if (t.sent < t.length || (t.zeroPacket && packet === t.maxPacket)) return;
      if (t.kind !== 'control') return host.done(t, 'ok');
      t.step = 'status-in';
      return;
    }
    default:
      host.served(false);
      host.done(t, 'ok');
  }
}

/** The host has acknowledged IN data. */
function acknowledged(host: BusHost, t: Transfer): void {
  const now = host.now();
  // The device sends the packet once more, with the same toggle.
  if (t.ackLost) host.port.lost(lossOf(t, 'timeout', 'handshake'));
  else host.port.inAcknowledged(t.address, t.endpoint);
  t.ackLost = false;
  progress(host, t);
  const data = t.held ?? new Uint8Array(0);
  t.held = null;
  t.due = now;
  const status = t.step === 'ack-status';
  t.step = status ? 'status-in' : 'in';
  if (data.length > t.maxPacket) return host.done(t, 'babble');
  // The repeat of a packet whose handshake was lost: acknowledged and dropped.
  if (t.heldToggle !== (status ? 1 : toggleOf(host, t))) return;
  if (status) {
    host.served(false);
    return host.done(t, data.length === 0 ? 'ok' : 'error');
  }
  flip(host, t);
  if (t.data.length + data.length > t.length) return host.done(t, 'babble');
  takeData(host, t, data);
}

function takeData(host: BusHost, t: Transfer, data: Uint8Array): void {
  t.data = joinBytes(t.data, data);
  const last = data.length < t.maxPacket || t.data.length >= t.length;
  if (t.kind !== 'control') {
    if (last) host.done(t, 'ok');
    return;
  }
  host.served(!t.firstPacketOnly);
  if (t.firstPacketOnly) return host.done(t, 'ok');
  if (last) t.step = 'status-out';
}
