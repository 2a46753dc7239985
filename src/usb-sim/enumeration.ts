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
import { hasDriver } from './windows-driver.ts';
import type { EnumerationState, HostKind, Transfer, TransferResult } from './types.ts';

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
  const send = (setup: Uint8Array): Transfer => host.control(`enum.${name}`, setup);
  const string = (index: number | undefined): void => {
    // a length of 0: the host asked for it and got none
    const length = name!.endsWith('-length') ? 2 : (e.stringLength ?? 255);
    if (index && length > 0) send(getDescriptor(DESCRIPTOR.STRING, index, info?.langId ?? 0, length));
    else skip(host);
  };
  switch (name) {
    case undefined:
      return finish(host);
    case 'reset':
      return host.wait('port.reset', RESET_GAP);
    case 'device-64':
      send(getDescriptor(DESCRIPTOR.DEVICE, 0, 0, 64)).firstPacketOnly = host.options.host === 'windows';
      return;
    case 'device-8':
      send(getDescriptor(DESCRIPTOR.DEVICE, 0, 0, 8));
      return;
    case 'set-address':
      send(setupPacket(0, 5, ADDRESS, 0, 0));
      return;
    case 'device-18':
      send(getDescriptor(DESCRIPTOR.DEVICE, 0, 0, 18));
      return;
    case 'bos':
      return info && info.bcdUsb >= 0x0201 ? void send(getDescriptor(DESCRIPTOR.BOS, 0, 0, 5)) : skip(host);
    case 'config-9':
      send(getDescriptor(DESCRIPTOR.CONFIGURATION, 0, 0, 9));
      return;
    case 'config-full':
      send(getDescriptor(DESCRIPTOR.CONFIGURATION, 0, 0, info!.totalLength));
      return;
    case 'config-255':
      send(getDescriptor(DESCRIPTOR.CONFIGURATION, 0, 0, Math.max(255, info!.totalLength)));
      return;
    case 'ms-os':
      send(getDescriptor(DESCRIPTOR.STRING, 0xee, 0, 18));
      return;
    case 'qualifier':
      return info && info.bcdUsb >= 0x0200 ? void send(getDescriptor(DESCRIPTOR.QUALIFIER, 0, 0, 10)) : skip(host);
    case 'string-0':
      return info && (info.iProduct || info.iManufacturer || info.iSerial)
        ? void send(getDescriptor(DESCRIPTOR.STRING, 0, 0, 255))
        : skip(host);
    case 'product':
    case 'product-length':
      return string(info?.iProduct);
    case 'manufacturer':
    case 'manufacturer-length':
      return string(info?.iManufacturer);
    case 'serial':
    case 'serial-length':
      return string(info?.iSerial);
    case 'interface-name':
    case 'interface-name-length':
      return string(info?.interfaces[0]?.iInterface);
    case 'set-configuration':
      if (!hasDriver(host, info!)) return withoutDriver(host, info!);
      send(setupPacket(0, 9, info!.configurationValue, 0, 0));
      return;
  }
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
  host.state.configured = false;
  e.steps = rules.steps(e.attempt);
  e.index = 0;
  host.resetPort();
}

/** Takes in what a step has brought. A text says why the host cannot go on with it. */
function take(host: Host, name: string, data: Uint8Array): string | null {
  const { state } = host;
  const info = state.device;
  const session = host.session();
  switch (name) {
    case 'device-64':
    case 'device-8': {
      const size = firstPacketSize(data);
      if (!size) return `bad device descriptor (${data.length} bytes)`;
      state.packet0 = size;
      return null;
    }
    case 'device-18': {
      const parsed = parseDevice(data);
      if (!parsed) return `bad device descriptor (${data.length} bytes)`;
      state.device = parsed;
      if (host.options.host === 'macos') parsed.langId = ENGLISH;
      if (session) Object.assign(session, { vid: parsed.vid, pid: parsed.pid, bcdDevice: parsed.bcdDevice });
      return null;
    }
    case 'config-9':
      if (data.length < 9 || data[1] !== DESCRIPTOR.CONFIGURATION) return `bad configuration descriptor (${data.length} bytes)`;
      info!.totalLength = data[2]! | (data[3]! << 8);
      return info!.totalLength < 9 ? 'wTotalLength is less than 9' : null;
    case 'config-full':
    case 'config-255':
      return parseConfiguration(info!, data.subarray(0, info!.totalLength)) ? null : `bad configuration descriptor (${data.length} bytes)`;
    case 'string-0':
      if (info && data.length >= 4) info.langId = data[2]! | (data[3]! << 8);
      return null;
    case 'product-length':
    case 'manufacturer-length':
    case 'serial-length':
    case 'interface-name-length':
      return data.length < 2 || data[1] !== DESCRIPTOR.STRING ? 'no string descriptor' : null;
    case 'product':
    case 'manufacturer':
    case 'serial':
      if (info) info[name] = parseString(data);
      if (session && name === 'product') session.product = info?.product ?? null;
      return null;
    case 'interface-name':
      nameInterface(info, 0, parseString(data));
      return null;
    case 'set-configuration':
      state.configured = true;
      if (session) {
        session.enumerated = host.now();
        session.altSettings = [];
      }
      host.log(
        'enumerated',
        `${hex4(info!.vid)}:${hex4(info!.pid)}${info!.product === null ? '' : ` "${info!.product}"`}, served by ${session?.servedBy ?? 'unknown'} code`,
      );
      return null;
  }
  return null;
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
