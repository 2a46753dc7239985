/** Plain data that the simulated bus and host keep. Nothing here has behaviour, so a save is a deep copy. */
import type { Ps } from '../emu/time.ts';
import type { DeviceInfo } from './descriptors.ts';

export type HostKind = 'linux' | 'windows' | 'macos';
export type ServedBy = 'user' | 'system';
/** `error`: no handshake, or a wrong packet; `babble`: more data than asked for. */
export type TransferStatus = 'ok' | 'stall' | 'timeout' | 'error' | 'babble' | 'cancelled';
/** As the bus sees it: a transfer that nobody took back ends because the device has left, or is reset. */
export type TappedStatus = TransferStatus | 'gone';

export type Step = 'setup' | 'in' | 'out' | 'status-in' | 'status-out' | 'ack' | 'ack-status';

/** One transfer on its way; `step` is the next thing that happens on the wire, at `due`. */
export interface Transfer {
  /** Who asked, and for what: `enum.device-64`. The part before the dot picks the handler. */
  tag: string;
  kind: 'control' | 'in' | 'out';
  address: number;
  endpoint: number;
  maxPacket: number;
  setup: Uint8Array | null;
  /** OUT data, or what came in so far. */
  data: Uint8Array;
  /** Bytes wanted (IN) or to send (OUT). */
  length: number;
  sent: number;
  /** OUT: a full last packet is followed by an empty one. */
  zeroPacket: boolean;
  step: Step;
  /** Data toggle of the control transfer; bulk and interrupt pipes keep theirs in `toggles`. */
  toggle: 0 | 1;
  held: Uint8Array | null;
  heldToggle: 0 | 1;
  /** Transactions in a row without a handshake. */
  errors: number;
  naks: number;
  nakSince: Ps;
  due: Ps;
  started: Ps;
  timeout: Ps;
  /** Absolute; Infinity for a pipe that is polled for ever. */
  deadline: Ps;
  /** Poll distance of a periodic pipe; 0 = back-off. */
  every: Ps;
  /** Stop after the first data packet, without a status stage (Windows' first read). */
  firstPacketOnly: boolean;
  /** The ACK to the packet that is held does not reach the device. */
  ackLost: boolean;
  /** Isochronous: a packet a frame interval, without handshakes and repetitions. Left out: not. */
  iso?: IsoPackets;
}

/** How a packet of an isochronous transfer ended. */
export interface IsoPacket {
  /** Bytes moved. */
  actual: number;
  status: 'ok' | 'babble';
}
export interface IsoPackets {
  /** Bytes of each packet: to send, or most to read. */
  readonly lengths: readonly number[];
  /** Packets that are over. */
  readonly done: IsoPacket[];
  /** Frames from one packet to the next. */
  readonly interval: number;
}

/**
 * What can go wrong with a transaction: `packet`: the data is damaged on its way; `handshake`: the ACK of a data stage is; `token`: the token is; `timeout`: the host
 * falls silent behind the token, or behind the device's data; `babble`: more bytes than a packet may have, in a data stage or on a pipe.
 */
export type BusFaultKind = 'packet' | 'handshake' | 'token' | 'timeout' | 'babble';

export interface TransferResult {
  readonly status: TransferStatus;
  readonly data: Uint8Array;
}

export interface Wait {
  tag: string;
  due: Ps;
}

export interface UsbSession {
  /** The pull-up that the host sees. */
  at: Ps;
  /** Zone of the code that answered on EP0; fixed when the configuration is set. */
  servedBy: ServedBy | null;
  /** The host took the attach as stable (end of debounce); null while it has not. */
  attached: Ps | null;
  /** SET_CONFIGURATION acknowledged. */
  enumerated: Ps | null;
  vid: number | null;
  pid: number | null;
  bcdDevice: number | null;
  product: string | null;
  /** Names of the alternate settings of the DFU interface, else of the first interface. */
  altSettings: string[];
  endedAt: Ps | null;
  endedBy: 'detach' | 'unplug' | 'reset' | 'end' | null;
}

export interface UsbLogEntry {
  at: Ps;
  kind: string;
  text: string;
  /** How the transfer of a request ended; left out for all else. */
  status?: TransferStatus;
}

/** Progress of enumeration. */
export interface EnumerationState {
  /** bLength of the string that is read next, for a host that asks for it first. */
  stringLength?: number;
  attempt: number;
  steps: string[];
  index: number;
  tries: number;
  /** 'idle' no device · 'running' · 'configured' · 'failed' the host gave up · 'no-driver' Windows leaves it without a configuration. */
  phase: 'idle' | 'running' | 'configured' | 'failed' | 'no-driver';
}

export interface CdcState {
  controlInterface: number;
  inEndpoint: number;
  inPacket: number;
  outEndpoint: number;
  outPacket: number;
  notifyEndpoint: number;
  notifyPacket: number;
  notifyEvery: Ps;
  ready: boolean;
}

/** Mass storage: the command that is under way, and its part. */
export interface MscState {
  interfaceNumber: number;
  inEndpoint: number;
  inPacket: number;
  outEndpoint: number;
  outPacket: number;
  command: 'inquiry' | 'ready' | 'sense' | 'capacity' | 'read';
  /** `ready`: block 0 has been read. */
  phase: 'idle' | 'cbw' | 'data' | 'clear-halt' | 'csw' | 'ready';
  /** dCBWTag of the last command. */
  tag: number;
  tries: number;
  blockSize: number;
  /** What the command brought. */
  data: Uint8Array;
}

export interface DfuAlt {
  alternate: number;
  iInterface: number;
  name: string;
}

export interface DfuState {
  interfaceNumber: number;
  alts: DfuAlt[];
  transferSize: number;
  version: number;
  /** Requests of the probe that are still to be made: `name:index`. */
  probe: string[];
  /** CLRSTATUS and ABORT made while probing. */
  recoveries: number;
  /** What the last GETSTATUS said. */
  bStatus: number;
  bState: number;
  pollTimeoutMs: number;
  /** GETSTATUS said dfuIDLE in a configuration that is set. */
  readyAt: Ps | null;
  /** A leave was sent: that the device goes away is wanted. */
  left: boolean;
  /** A scenario makes single requests: the host asks for no status by itself. */
  raw: boolean;
}

/** A step of an operation, as dfu-util makes it. */
export type DfuAction =
  | { do: 'idle' }
  | { do: 'command'; payload: Uint8Array; name: string }
  | { do: 'write'; block: number; data: Uint8Array }
  | { do: 'abort' }
  | { do: 'read'; block: number; length: number }
  | { do: 'manifest' }
  /** One request as it is; its answer is the result. */
  | { do: 'raw'; request: number; block: number; payload: Uint8Array | number; type?: number | null; index?: number | null };

export interface DfuOperation {
  id: number;
  kind: 'download' | 'upload' | 'erase' | 'leave' | 'request';
  /** null: mass erase. */
  address: number | null;
  length: number;
  /** What an upload has read, or what a download writes. */
  data: Uint8Array;
  status: 'queued' | 'running' | 'ok' | 'failed';
  error: string | null;
  bStatus: number;
  bState: number;
  startedAt: Ps | null;
  endedAt: Ps | null;
  plan: DfuAction[];
  at: number;
  /** Inside an action: the request that is out. */
  phase: string;
  polls: number;
  stalls: number;
}

/** A transfer of a client outside (WebUSB, USB/IP) that has ended. */
export interface OutsideResult {
  id: number;
  status: TransferStatus;
  /** What came in; empty for OUT. */
  data: Uint8Array;
  /** Bytes moved in either direction. */
  actual: number;
  /** Of an isochronous transfer. */
  packets?: readonly IsoPacket[];
}

/** What the quirks remember; part of the state of the bus. */
export interface QuirkState {
  /** The control request under way. */
  setup: Uint8Array;
  /** No IN packet of it has been acknowledged yet. */
  first: boolean;
  /** The device does not hear of it: NAK or STALL is all that the host gets. */
  instead: 'nak' | 'stall' | null;
  /** A page was erased, and the state stays dfuDNBUSY. */
  stuck: boolean;
  /** bwPollTimeout that announced the erase. */
  poll: Uint8Array;
}

export interface UsbSimState {
  cable: boolean;
  /** Level of the wire `usb.pullup`. */
  pullup: boolean;
  /** The host sees a device on the port. */
  connected: boolean;
  /** SE0 is driven by the host. */
  resetting: boolean;
  /** SOFs are sent. */
  frames: boolean;
  busFree: Ps;
  /** What will go wrong, so many transactions from now. */
  fault: { kind: BusFaultKind; after: number } | { kind: 'unplug'; after: number; bit: number } | null;
  /** bMaxPacketSize0. */
  packet0: number;
  address: number;
  /** Time of the last chip reset, -1 = none. */
  chipResetAt: Ps;
  dropReason: 'detach' | 'unplug' | 'reset';
  /** Transfers on the wire, one a pipe; then those that wait for their pipe. */
  transfers: Transfer[];
  queue: Transfer[];
  waits: Wait[];
  /** `in1`, `out2` → toggle. */
  toggles: Record<string, number>;
  enumeration: EnumerationState;
  device: DeviceInfo | null;
  cdc: CdcState | null;
  /** Bytes for the CDC device that have not gone out yet. */
  cdcQueue: Uint8Array;
  /** Speed at which a program is to open and close the port; null: none. */
  cdcBaud: number | null;
  hidEndpoint: number;
  hidReports: number;
  mscMaxLun: number;
  msc: MscState | null;
  dfu: DfuState | null;
  operations: DfuOperation[];
  nextId: number;
  /** A client outside has the device: the host's own drivers keep off. */
  claimed: boolean;
  /** Interface number → alternate setting that a client outside has chosen. */
  alternates: Record<string, number>;
  /** Ended transfers of a client outside that it has not fetched. */
  outside: OutsideResult[];
  sessions: UsbSession[];
  log: UsbLogEntry[];
  logDropped: number;
  naks: number;
  unansweredSince: Ps | null;
  lastActivity: Ps | null;
  /** When a ready DFU device left the bus without having been told to. */
  lostAt: Ps | null;
  /** Of a device with quirks. */
  quirks?: QuirkState;
}
