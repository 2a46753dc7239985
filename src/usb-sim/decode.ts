/** The bytes of a control transfer by the fields of the specifications: USB 2.0 §9.3 and §9.6, DFU 1.1 §4 and §6, AN3156. Device data is hostile: nothing here throws. */
import {
  DESCRIPTOR,
  descriptorsOf,
  firstPacketSize,
  parseConfiguration,
  parseDevice,
  parseString,
  type DeviceInfo,
  type DfuFunctional,
  type InterfaceInfo,
} from './descriptors.ts';
import { DFU, DFUSE_CODE, dfuseAddress, dfuStateName, dfuStatus, dfuTold, hex8, pollText } from './dfu-protocol.ts';

/** A field by its name. */
export type Field = readonly [name: string, words: string];

const GET_DESCRIPTOR = 6;
const KIND = ['standard', 'class', 'vendor', 'reserved'] as const;
const RECIPIENT = ['device', 'interface', 'endpoint', 'other'] as const;
const u16 = (d: Uint8Array, at: number): number => (d[at] ?? 0) | ((d[at + 1] ?? 0) << 8);
const hex = (n: number, digits: number): string => `0x${n.toString(16).padStart(digits, '0')}`;
const bcd = (n: number): string => `${(n >>> 8).toString(16)}.${(n & 0xff).toString(16).padStart(2, '0')}`;
const codes = (...bytes: readonly number[]): string => bytes.map((b) => b.toString(16).padStart(2, '0')).join('/');

/** The five fields of a SETUP packet. */
export function setupFields(setup: Uint8Array): Field[] {
  const type = setup[0] ?? 0;
  const way = (type & 0x80) !== 0 ? 'to the host' : 'to the device';
  const words = [
    `bmRequestType ${hex(type, 2)} (${way}, ${KIND[(type >>> 5) & 3]}, ${RECIPIENT[type & 31] ?? 'reserved'})`,
    `bRequest ${setup[1] ?? 0}`,
    `wValue ${hex(u16(setup, 2), 4)}`,
    `wIndex ${hex(u16(setup, 4), 4)}`,
    `wLength ${u16(setup, 6)}`,
  ];
  return [['SETUP', words.join(', ')]];
}

/** What the data stage says; empty where nobody has said what it means. `driver`: who asked, as for `describeRequest`. */
export function dataFields(setup: Uint8Array, driver: string, data: Uint8Array): Field[] {
  if (data.length === 0) return [];
  if ((setup[0]! & 0x60) === 0) return setup[1] === GET_DESCRIPTOR ? descriptorFields(setup, data) : [];
  return driver === 'dfu' ? dfuFields(setup, data) : [];
}

function descriptorFields(setup: Uint8Array, data: Uint8Array): Field[] {
  switch (setup[3]) {
    case DESCRIPTOR.DEVICE:
      return deviceFields(data);
    case DESCRIPTOR.CONFIGURATION:
      return configurationFields(data);
    case DESCRIPTOR.STRING:
      return stringFields(data, setup[2]!);
    default:
      return [];
  }
}
function deviceFields(data: Uint8Array): Field[] {
  const d = parseDevice(data);
  const first = firstPacketSize(data);
  if (d === null) return first === 0 ? [] : [['device descriptor', `its beginning: bMaxPacketSize0 ${first}`]];
  const words = [
    `${d.vid.toString(16).padStart(4, '0')}:${d.pid.toString(16).padStart(4, '0')}`,
    `bcdDevice ${bcd(d.bcdDevice)}`,
    `USB ${bcd(d.bcdUsb)}`,
    `class ${codes(d.classCode, d.subclass, d.protocol)}`,
    `bMaxPacketSize0 ${d.maxPacket0}`,
    `strings ${d.iManufacturer}, ${d.iProduct}, ${d.iSerial}`,
    `configurations ${d.configurations}`,
  ];
  return [['device descriptor', words.join(', ')]];
}
function configurationFields(data: Uint8Array): Field[] {
  const found: Pick<DeviceInfo, 'configurationValue' | 'interfaces' | 'dfu'> = { configurationValue: 0, interfaces: [], dfu: null };
  const isWhole = parseConfiguration(found, data);
  if (data.length < 9 || data[1] !== DESCRIPTOR.CONFIGURATION) return [];
  const head = [`bConfigurationValue ${found.configurationValue}`, `wTotalLength ${u16(data, 2)}`, `interfaces ${data[4]}`];
  if (!isWhole) head.push('cut short');
  const kinds = new Set([...descriptorsOf(data)].map((d) => d[1]));
  return [
    ['configuration descriptor', head.join(', ')],
    ...found.interfaces.map(interfaceField),
    ...(found.dfu === null || !kinds.has(DESCRIPTOR.DFU) ? [] : [dfuFunctionalField(found.dfu)]),
  ];
}
function interfaceField({ number, alternate, classCode, subclass, protocol, iInterface, endpoints }: InterfaceInfo): Field {
  const ends = endpoints.map((e) => `endpoint ${hex(e.address, 2)} of ${e.maxPacket} bytes`);
  const words = [`class ${codes(classCode, subclass, protocol)}`, `string ${iInterface}`, ...ends];
  return [`interface ${number}${alternate === 0 ? '' : `, alternate ${alternate}`}`, words.join(', ')];
}
const dfuFunctionalField = ({ attributes, detachTimeoutMs, transferSize, version }: DfuFunctional): Field => [
  'DFU descriptor',
  `bmAttributes ${hex(attributes, 2)}, wDetachTimeOut ${detachTimeoutMs} ms, wTransferSize ${transferSize}, bcdDFUVersion ${bcd(version)}`,
];
function stringFields(data: Uint8Array, index: number): Field[] {
  const text = parseString(data);
  if (text === null) return [];
  if (index > 0) return [[`string ${index}`, `“${text}”`]];
  const languages = Array.from(text, (c) => hex(c.charCodeAt(0), 4));
  return [['languages', languages.length === 0 ? 'none' : languages.join(', ')]];
}

const COMMANDS: Readonly<Record<number, string>> = {
  [DFUSE_CODE.GET]: 'Get Commands',
  [DFUSE_CODE.SET_ADDRESS]: 'Set Address Pointer',
  [DFUSE_CODE.ERASE]: 'Erase',
  [DFUSE_CODE.READ_UNPROTECT]: 'Read Unprotect',
};
function dfuFields(setup: Uint8Array, data: Uint8Array): Field[] {
  const block = u16(setup, 2);
  switch (setup[1]) {
    case DFU.GETSTATUS: {
      if (data.length < 5) return [];
      const status = dfuStatus(data);
      return [['DFU status', `${dfuTold(status)}, to be asked again after ${pollText(status.pollMs)}`]];
    }
    case DFU.GETSTATE:
      return [['DFU state', dfuStateName(data[0]!)]];
    case DFU.DNLOAD: {
      const command = block === 0 ? COMMANDS[data[0]!] : undefined;
      return command === undefined ? [] : [['DfuSe command', `${command}${data.length < 5 ? '' : ` ${hex8(dfuseAddress(data))}`}`]];
    }
    case DFU.UPLOAD:
      return block === 0 ? [['DfuSe commands', Array.from(data, (code) => COMMANDS[code] ?? hex(code, 2)).join(', ')]] : [];
    default:
      return [];
  }
}
