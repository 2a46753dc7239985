/**
 * Enumeration as Linux, Windows and macOS do it: a list of steps per host, each one request. Sources: facts/usb-dfu.md section 1 (Linux hub.c 6.1
 * and measured; Windows from published descriptions). macOS: a device's log (hathach/tinyusb issue 450): one reset, the address first, the device descriptor in
 * two reads, each string by its length and then whole, in English (reported); that the address comes first: travisgoodspeed/goodfet issue 38 as well (reported,
 * about 20 attempts some seconds apart; here 3). What comes behind the first string: `assumed`.
 */
import { MS } from '../emu/time.ts';
import {
  DESCRIPTOR,
  firstPacketSize,
  getDescriptor,
  parseConfiguration,
  parseDevice,
  parseString,
  setupPacket,
  type DeviceInfo,
} from './descriptors.ts';
import type { Host } from './host-api.ts';
import { hasDriver } from './host-tools.ts';
import type { EnumerationState, HostKind, TransferResult } from './types.ts';

/** The port must be stable this long. Linux polls every 25 ms; all three: at least 100 ms (USB 2.0 §7.1.7.3). */
const DEBOUNCE = 100 * MS;
/** After SET_ADDRESS. */
const ADDRESS_PAUSE = 10 * MS;
/** From the end of a transfer to the reset of the port: completion interrupt, scheduling, command to the port. ASSUMED; it is never zero. */
const RESET_GAP = 0.1 * MS;
const ADDRESS = 1;

interface HostRules {
  /** Port attempts before the host gives up. */
  readonly attempts: number;
  /** Tries of one request that must succeed. */
  readonly tries: number;
  steps(attempt: number): string[];
}
const LINUX_REST = [
  'device-18',
  'bos',
  'config-9',
  'config-full',
  'string-0',
  'product',
  'manufacturer',
  'serial',
  'set-configuration',
  'interface-name',
];
const RULES: Readonly<Record<HostKind, HostRules>> = {
  linux: {
    attempts: 4,
    tries: 3,
    // The last two attempts use the old scheme: address first, then eight bytes.
    steps: (attempt) => (attempt < 2 ? ['device-64', 'reset', 'set-address', ...LINUX_REST] : ['set-address', 'device-8', ...LINUX_REST]),
  },
  windows: {
    attempts: 3,
    tries: 1,
    steps: () => [
      'device-64',
      'reset',
      'set-address',
      'device-18',
      'config-9',
      'config-255',
      'bos',
      'ms-os',
      'string-0',
      'serial',
      'product',
      'qualifier',
      'set-configuration',
    ],
  },
  macos: {
    attempts: 3,
    tries: 3,
    steps: () => [
      'set-address',
      'device-8',
      'device-18',
      'product-length',
      'product',
      'manufacturer-length',
      'manufacturer',
      'serial-length',
      'serial',
      'config-9',
      'config-full',
      'set-configuration',
      'interface-name-length',
      'interface-name',
    ],
  },
};
/** Steps whose failure costs nothing. */
const STRINGS = ['product', 'manufacturer', 'serial', 'interface-name'];
const OPTIONAL = new Set(['bos', 'ms-os', 'qualifier', 'string-0', ...STRINGS, ...STRINGS.map((s) => `${s}-length`)]);
const ENGLISH = 0x0409;

const firstAttempt = (host: Host): EnumerationState => ({
  attempt: 0,
  steps: RULES[host.options.host].steps(0),
  index: 0,
  tries: 0,
  phase: 'running',
});

export function attach(host: Host): void {
  host.state.enumeration = firstAttempt(host);
  host.wait('port.debounced', DEBOUNCE);
}

/** A bus reset and the same steps again, for a client outside that wants the device as freshly plugged. */
export function enumerateAgain(host: Host): void {
  host.state.enumeration = firstAttempt(host);
  for (const tag of ['port.debounced', 'port.ready', 'port.next', 'port.reset', 'bus.reset-end']) host.cancelWait(tag);
  host.resetPort();
}

export function onWait(host: Host, name: string): void {
  const e = host.state.enumeration;
  switch (name) {
    case 'debounced': {
      const session = host.session();
      if (session) session.attached = host.now();
      host.resetPort();
      return;
    }
    case 'ready':
      if (e.phase !== 'running') return;
      if (e.steps[e.index] === 'reset') e.index++;
      runStep(host);
      return;
    case 'next':
      runStep(host);
      return;
    case 'reset':
      host.resetPort();
      return;
  }
}

function runStep(host: Host): void {
  const { state } = host;
  const e = state.enumeration;
  const name = e.steps[e.index];
  const info = state.device;
  if (name === undefined) return finish(host);
  if (name === 'reset') return host.wait('port.reset', RESET_GAP);
  if (name === 'set-configuration' && !hasDriver(host, info!)) return withoutDriver(host, info!);
  const setup = requestFor(name, info) ?? stringRequest(name, info, e.stringLength ?? 255);
  if (setup === null) return skip(host);
  const sent = host.control(`enum.${name}`, setup);
  if (name === 'device-64') sent.firstPacketOnly = host.options.host === 'windows';
}

/** What a step asks for; null for one of strings, or where there is nothing to ask this device for. */
// eslint-disable-next-line complexity -- one case for each step that asks for something other than a string
function requestFor(name: string, info: DeviceInfo | null): Uint8Array | null {
  const { DEVICE, BOS, CONFIGURATION, STRING, QUALIFIER } = DESCRIPTOR;
  const version = info?.bcdUsb ?? 0;
  switch (name) {
    case 'device-64':
      return getDescriptor(DEVICE, 0, 0, 64);
    case 'device-8':
      return getDescriptor(DEVICE, 0, 0, 8);
    case 'set-address':
      return setupPacket(0, 5, ADDRESS, 0, 0);
    case 'device-18':
      return getDescriptor(DEVICE, 0, 0, 18);
    case 'bos':
      return version >= 0x0201 ? getDescriptor(BOS, 0, 0, 5) : null;
    case 'config-9':
      return getDescriptor(CONFIGURATION, 0, 0, 9);
    case 'config-full':
      return getDescriptor(CONFIGURATION, 0, 0, info!.totalLength);
    case 'config-255':
      return getDescriptor(CONFIGURATION, 0, 0, Math.max(255, info!.totalLength));
    case 'ms-os':
      return getDescriptor(STRING, 0xee, 0, 18);
    case 'qualifier':
      return version >= 0x0200 ? getDescriptor(QUALIFIER, 0, 0, 10) : null;
    case 'set-configuration':
      return setupPacket(0, 9, info!.configurationValue, 0, 0);
    default:
      return null;
  }
}

/** Index of the string that a step is about. */
const STRING_INDEX: Readonly<Record<string, (info: DeviceInfo) => number | undefined>> = {
  product: (info) => info.iProduct,
  manufacturer: (info) => info.iManufacturer,
  serial: (info) => info.iSerial,
  'interface-name': (info) => info.interfaces[0]?.iInterface,
};

/** The list of languages is asked for where there is a string at all. `known`: the length that the string's first bytes told. */
function stringRequest(name: string, info: DeviceInfo | null, known: number): Uint8Array | null {
  if (name === 'string-0')
    return info && (info.iProduct || info.iManufacturer || info.iSerial) ? getDescriptor(DESCRIPTOR.STRING, 0, 0, 255) : null;
  const index = info && STRING_INDEX[name.replace(/-length$/, '')]?.(info);
  // a length of 0: the host asked for it and got none
  const length = name.endsWith('-length') ? 2 : known;
  return index && length > 0 ? getDescriptor(DESCRIPTOR.STRING, index, info.langId, length) : null;
}

/** Windows sets a configuration when a function driver is loaded, not before. */
function withoutDriver(host: Host, info: DeviceInfo): void {
  host.state.enumeration.phase = 'no-driver';
  host.log(
    'driver',
    `Windows has no driver for ${hex4(info.vid)}:${hex4(info.pid)}: Device Manager lists ${info.product === null ? 'an unknown device' : `"${info.product}"`} under "Other devices" (code 28), no configuration is set, and no program can open it`,
  );
}

function skip(host: Host): void {
  host.state.enumeration.index++;
  runStep(host);
}

export function onDone(host: Host, name: string, result: TransferResult): void {
  const { state } = host;
  const e = state.enumeration;
  if (e.phase === 'idle' || result.status === 'cancelled') return;
  const problem = result.status === 'ok' ? take(host, name, result.data) : result.status;
  if (problem !== null && !OPTIONAL.has(name)) return retry(host, name, problem);
  if (name.endsWith('-length')) e.stringLength = problem === null ? result.data[0]! : 0;
  e.tries = 0;
  e.index++;
  if (name === 'set-address') {
    state.address = ADDRESS;
    host.wait('port.next', ADDRESS_PAUSE);
  } else runStep(host);
}

/** Same request again, then the whole port again, then no more. */
function retry(host: Host, name: string, problem: string): void {
  const e = host.state.enumeration;
  const rules = RULES[host.options.host];
  const tries = name === 'set-address' ? 2 : rules.tries;
  if (++e.tries < tries) {
    if (name === 'set-address') host.wait('port.next', 200 * MS);
    else runStep(host);
    return;
  }
  e.tries = 0;
  e.attempt++;
  if (e.attempt >= rules.attempts) {
    e.phase = 'failed';
    host.log('enumeration-failed', `${name}: ${problem}; the host gives up after ${e.attempt} attempts`);
    return;
  }
  host.log('enumeration-retry', `${name}: ${problem}; attempt ${e.attempt + 1}`);
  host.state.device = null;
  e.steps = rules.steps(e.attempt);
  e.index = 0;
  host.resetPort();
}

/** Takes in what a step has brought. A text says why the host cannot go on with it. */
function take(host: Host, name: string, data: Uint8Array): string | null {
  const { state } = host;
  const info = state.device;
  switch (name) {
    case 'device-64':
    case 'device-8': {
      const size = firstPacketSize(data);
      if (!size) return `bad device descriptor (${data.length} bytes)`;
      state.packet0 = size;
      return null;
    }
    case 'device-18':
      return takeDevice(host, data);
    case 'config-9':
      if (data.length < 9 || data[1] !== DESCRIPTOR.CONFIGURATION) return `bad configuration descriptor (${data.length} bytes)`;
      info!.totalLength = data[2]! | (data[3]! << 8);
      return info!.totalLength < 9 ? 'wTotalLength is less than 9' : null;
    case 'config-full':
    case 'config-255':
      return parseConfiguration(info!, data.subarray(0, info!.totalLength)) ? null : `bad configuration descriptor (${data.length} bytes)`;
    case 'set-configuration':
      takeConfigured(host);
      return null;
    default:
      return takeString(host, name, data);
  }
}

function takeDevice(host: Host, data: Uint8Array): string | null {
  const parsed = parseDevice(data);
  if (!parsed) return `bad device descriptor (${data.length} bytes)`;
  host.state.device = parsed;
  if (host.options.host === 'macos') parsed.langId = ENGLISH;
  const session = host.session();
  if (session) Object.assign(session, { vid: parsed.vid, pid: parsed.pid, bcdDevice: parsed.bcdDevice });
  return null;
}

function takeString(host: Host, name: string, data: Uint8Array): string | null {
  const info = host.state.device;
  if (name.endsWith('-length')) return data.length < 2 || data[1] !== DESCRIPTOR.STRING ? 'no string descriptor' : null;
  if (!info) return null;
  if (name === 'string-0' && data.length >= 4) info.langId = data[2]! | (data[3]! << 8);
  if (name === 'product' || name === 'manufacturer' || name === 'serial') info[name] = parseString(data);
  const session = host.session();
  if (session && name === 'product') session.product = info.product;
  if (name === 'interface-name') nameInterface(info, 0, parseString(data));
  return null;
}

function takeConfigured(host: Host): void {
  const { state } = host;
  const info = state.device!;
  const session = host.session();
  if (session) {
    session.enumerated = host.now();
    session.altSettings = [];
  }
  host.log(
    'enumerated',
    `${hex4(info.vid)}:${hex4(info.pid)}${info.product === null ? '' : ` "${info.product}"`}, served by ${session?.servedBy ?? 'unknown'} code`,
  );
}

function nameInterface(info: DeviceInfo | null, index: number, name: string | null): void {
  const target = info?.interfaces[index];
  if (target) target.name = name;
}

function finish(host: Host): void {
  const e = host.state.enumeration;
  e.phase = 'configured';
  const session = host.session();
  const first = host.state.device?.interfaces[0];
  if (session && first?.name) session.altSettings = [first.name];
  host.bindDrivers();
}

const hex4 = (n: number): string => n.toString(16).padStart(4, '0');
