/** What a property test does to a device in DFU mode, as plain data, with its words for people and its steps for a scenario. */
import { isDfuse, type DfuFacts } from '../../usb-sim/conform/link.ts';
import { requestName } from '../../usb-sim/conform/recorder.ts';
import { standardSetup } from '../../usb-sim/conform/standard.ts';
import { describeRequest } from '../../usb-sim/descriptors.ts';
import { DFU, DFUSE_CODE, dfuseAddress, hex8, isWholeAnswer } from '../../usb-sim/dfu-protocol.ts';
import type { BusError, Step, UsbStep } from '../documents/scenario-types.ts';

/** One command of a case: a request, or a disturbance. */
export type DfuCommand =
  | {
      /** One class request: bRequest, wValue, and data to send or a length to read. Nothing is waited for. */
      readonly do: 'request';
      /** bRequest (DFU 1.1 §3). */
      readonly request: number;
      /** wValue: the block. */
      readonly value: number;
      /** Bytes to send; null = a read. */
      readonly data: readonly number[] | null;
      /** Bytes. */
      readonly length: number;
    }
  | {
      /** A request that is no class request of the DFU interface, and reads or has no data: descriptors, status, settings (USB 2.0 §9.4). */
      readonly do: 'standard';
      /** bmRequestType. */
      readonly type: number;
      /** bRequest. */
      readonly request: number;
      /** wValue. */
      readonly value: number;
      /** wIndex. */
      readonly index: number;
      /** wLength, bytes. */
      readonly length: number;
    }
  | {
      /** GETSTATUS, with its waits, until the device is not busy. */
      readonly do: 'settle';
    }
  | {
      /** Erase of the sectors, then blocks at their addresses, as dfu-util does it; the data is `patternBytes`. */
      readonly do: 'download';
      /** Of the first byte. */
      readonly address: number;
      /** Bytes. */
      readonly length: number;
      /** Of `patternBytes`. */
      readonly seed: number;
    }
  | {
      /** Set address, ABORT, blocks 2, 3, … */
      readonly do: 'upload';
      /** Of the first byte. */
      readonly address: number;
      /** Bytes. */
      readonly length: number;
    }
  | {
      /** A block is read or written, and broken off after its first packet. */
      readonly do: 'breakOff';
      /** wValue. */
      readonly block: number;
      /** Bytes. */
      readonly length: number;
      /** Bytes to send; null or left out = a read. */
      readonly data?: readonly number[] | null;
    }
  | {
      /** Virtual time passes. */
      readonly do: 'wait';
      /** Microseconds of virtual time. */
      readonly us: number;
    }
  | {
      /** The host resets the bus. */
      readonly do: 'busReset';
    }
  | {
      /** A token, a packet or the handshake of a data stage is lost, once, so many transactions from now. */
      readonly do: 'busError';
      /** What is lost. */
      readonly kind: Exclude<BusError, 'babble'>;
      /** Transactions until then. */
      readonly after: number;
    }
  | {
      /** A block is read or written, and a packet of its data stage is longer than wMaxPacketSize. */
      readonly do: 'babble';
      /** wValue. */
      readonly block: number;
      /** Bytes to send; null = a read. */
      readonly data: readonly number[] | null;
      /** Bytes. */
      readonly length: number;
    }
  | {
      /** The cable is pulled in the middle of a transaction of the commands that follow, and is in again a while later. */
      readonly do: 'pull';
      /** Bit times from the start of its token. */
      readonly bit: number;
      /** Transactions until then. */
      readonly after: number;
      /** Milliseconds of virtual time. */
      readonly ms: number;
    }
  | {
      /** The cable is out for a while. */
      readonly do: 'unplug';
      /** Milliseconds of virtual time. */
      readonly ms: number;
    }
  | {
      /** The host keeps the bus idle for a while, and resumes. */
      readonly do: 'suspend';
      /** Milliseconds of virtual time. */
      readonly ms: number;
    }
  | {
      /** NRST is held low. */
      readonly do: 'nrst';
      /** Milliseconds of virtual time. */
      readonly ms: number;
    }
  | {
      /** Power goes `afterUs` after a request was sent, in the middle of what it started. */
      readonly do: 'powerCut';
      /** Bytes to send; null = a read. */
      readonly data: readonly number[];
      /** wValue: the block. */
      readonly value: number;
      /** Microseconds behind the request. */
      readonly afterUs: number;
      /** Milliseconds of virtual time. */
      readonly ms: number;
    };

/** A single request as a command. */
export const requestCommand = (request: number, value: number, data: readonly number[] | null, length = 0): DfuCommand => ({
  do: 'request',
  request,
  value,
  data,
  length,
});

/** Data of a download: no two neighbouring blocks alike. */
export const patternBytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 73 + seed * 29 + (i >> 8) * 11 + 1) & 0xff);

const hex = (data: readonly number[]): string => data.map((b) => b.toString(16).padStart(2, '0')).join('');
/** One request that was made for a command: `DNLOAD block 0: Erase 0x08004000`. */
export const describeAsked = (setup: Uint8Array, data: Uint8Array): string =>
  (setup[0]! & 0x60) === 0x20
    ? requestText({
        do: 'request',
        request: setup[1]!,
        value: setup[2]! | (setup[3]! << 8),
        length: setup[6]! | (setup[7]! << 8),
        data: setup[0]! & 0x80 ? null : [...data],
      })
    : describeRequest(setup, 'vendor');
/** A run of equal bytes is told once: 1025 × 00. */
function bytesText(data: readonly number[]): string {
  if (data.length > 4 && data.every((b) => b === data[0])) return `${data.length} × ${hex([data[0]!])}`;
  return data.length > LONGEST_TEXT ? `${hex(data.slice(0, LONGEST_TEXT))}… ${data.length} bytes` : hex(data);
}
const LONGEST_TEXT = 80;

/** A request as a person would say it. */
function requestText({ request, value, data, length }: Extract<DfuCommand, { do: 'request' }>): string {
  const name = requestName(request);
  if (request === DFU.UPLOAD && data === null) return `UPLOAD block ${value}, ${length} bytes`;
  if (request === DFU.DNLOAD && data !== null) return `DNLOAD block ${value}${blockText(value, data)}`;
  if (isWholeAnswer(request, length) && value === 0) return name;
  const more = data === null ? `, read ${length} bytes` : data.length > 0 ? ` [${bytesText(data)}]` : '';
  return `${name}${value === 0 ? '' : ` value ${value}`}${more}`;
}
function blockText(block: number, data: readonly number[]): string {
  const command = block === 0 && data.length === 5 ? data[0] : null;
  if (command === DFUSE_CODE.SET_ADDRESS) return `: Set Address Pointer ${hex8(dfuseAddress(data))}`;
  if (command === DFUSE_CODE.ERASE) return `: Erase ${hex8(dfuseAddress(data))}`;
  return data.length === 0 ? ', no bytes' : `: ${bytesText(data)}`;
}
/** A class request goes to an interface that is not the device's own; others have the words of the log. */
function standardText(c: Extract<DfuCommand, { do: 'standard' }>): string {
  if ((c.type & 0x60) === 0x20) return `${requestName(c.request)} of interface ${c.index}`;
  return describeRequest(standardSetup(c), 'vendor');
}
const blockTransfer = ({ block, length, data = null }: Extract<DfuCommand, { do: 'babble' | 'breakOff' }>): string =>
  data === null ? `UPLOAD block ${block}, ${length} bytes` : `DNLOAD block ${block}: ${bytesText(data)}`;
/** One line for a person. */
// eslint-disable-next-line complexity -- one case for each kind of command
export function describeCommand(c: DfuCommand): string {
  switch (c.do) {
    case 'request':
      return requestText(c);
    case 'standard':
      return standardText(c);
    case 'settle':
      return 'GETSTATUS until it is not busy';
    case 'download':
      return `download ${c.length} bytes to ${hex8(c.address)} (pattern ${c.seed})`;
    case 'upload':
      return `upload ${c.length} bytes from ${hex8(c.address)}`;
    case 'breakOff':
      return `${blockTransfer(c)}, broken off after the first packet`;
    case 'wait':
      return `wait ${c.us} us`;
    case 'busReset':
      return 'bus reset';
    case 'busError':
      return c.kind === 'timeout'
        ? `the host falls silent ${c.after} transactions later`
        : `a ${c.kind} is lost ${c.after} transactions later`;
    case 'babble':
      return `${blockTransfer(c)}, with a packet that babbles`;
    case 'pull':
      return `the cable is pulled at bit ${c.bit}, ${c.after} transactions later, for ${c.ms} ms`;
    case 'unplug':
      return `unplug for ${c.ms} ms`;
    case 'suspend':
      return `the bus is idle for ${c.ms} ms`;
    case 'nrst':
      return `NRST low for ${c.ms} ms`;
    case 'powerCut':
      return `${requestText({ do: 'request', request: DFU.DNLOAD, value: c.value, data: c.data, length: 0 })}, and GETSTATUS; power off ${c.afterUs} us later, for ${c.ms} ms`;
  }
}
/**
 * A script for people: numbered lines.
 * @param answers what the device answered to each command; left out where it is not known
 */
export const describeCommands = (commands: readonly DfuCommand[], answers: readonly string[] = []): string =>
  commands.map((c, i) => `${i + 1}. ${describeCommand(c)}${answers[i] ? ` → ${answers[i]}` : ''}`).join('\n');

/** A scenario that does what a case does. When a cable is pulled is known to the bus alone: it is put in again behind each command that follows. */
export function caseSteps(commands: readonly DfuCommand[], facts: DfuFacts): Step[] {
  let back: string | null = null;
  return commands.flatMap((c) => {
    if (c.do === 'pull') back = `${c.ms}ms`;
    return c.do === 'pull' || back === null ? stepsOf(c, facts) : [...stepsOf(c, facts), { after: back, do: { cable: 'in' } }];
  });
}

const blockRequest = ({
  block,
  length,
  data = null,
}: Extract<DfuCommand, { do: 'babble' | 'breakOff' }>): Extract<DfuStep, { request: unknown }>['request'] => ({
  request: data === null ? DFU.UPLOAD : DFU.DNLOAD,
  value: block,
  ...(data === null ? { length } : { hex: hex(data) }),
});
type DfuStep = Extract<Step['do'], { dfu: unknown }>['dfu'];
const GETSTATE = { request: { request: 5, value: 0, length: 1 } } as const;
const GETSTATUS = { request: { request: 3, value: 0, length: 6 } } as const;

/** Without DfuSe a transfer is blocks from 0 on. */
function stepsOf(c: DfuCommand, facts: DfuFacts): Step[] {
  if (isDfuse(facts) || (c.do !== 'download' && c.do !== 'upload')) return commandSteps(c);
  const size = facts.functional.transferSize;
  const data = c.do === 'download' ? patternBytes(c.length, c.seed) : null;
  return Array.from({ length: Math.ceil(c.length / size) }, (_, block): Step[] => {
    const length = Math.min(size, c.length - block * size);
    const part = data === null ? null : [...data.subarray(block * size, block * size + length)];
    const request: DfuCommand = { do: 'request', request: part === null ? DFU.UPLOAD : DFU.DNLOAD, value: block, data: part, length };
    return [...commandSteps(request), ...(part === null ? [] : commandSteps({ do: 'settle' }))];
  }).flat();
}

/** Steps of a scenario that do the same; `after` the one before. What is broken off becomes a whole transfer, which has time to end there. */
// eslint-disable-next-line complexity -- one case for each kind of command
function commandSteps(c: DfuCommand): Step[] {
  const dfu = (action: DfuStep, after = '5ms'): Step => ({ after, do: { dfu: action } });
  const usb = (action: UsbStep): Step => ({ after: '5ms', do: { usb: action } });
  switch (c.do) {
    case 'request':
      return [dfu({ request: { request: c.request, value: c.value, ...(c.data === null ? { length: c.length } : { hex: hex(c.data) }) } })];
    case 'standard':
      return [
        dfu({
          request: { type: c.type, request: c.request, value: c.value, index: c.index, ...(c.type & 0x80 ? { length: c.length } : {}) },
        }),
      ];
    case 'settle':
      return [dfu(GETSTATUS), dfu(GETSTATUS, '100ms')];
    case 'download':
      return [dfu({ download: { address: c.address, hex: hex([...patternBytes(c.length, c.seed)]) } })];
    case 'upload':
      return [dfu({ upload: { address: c.address, length: c.length } })];
    case 'breakOff':
      return [dfu({ request: blockRequest(c) })];
    case 'unplug':
      return [
        { after: '5ms', do: { cable: 'out' } },
        { after: `${c.ms}ms`, do: { cable: 'in' } },
        { after: '1s', do: { dfu: GETSTATUS } },
      ];
    case 'nrst':
      return [
        { after: '5ms', do: { nrst: { for: `${c.ms}ms` } } },
        { after: '2s', do: { dfu: GETSTATUS } },
      ];
    case 'powerCut':
      return [
        dfu({ request: { request: 1, value: c.value, hex: hex(c.data) } }),
        dfu(GETSTATUS, '0ms'),
        { after: `${c.afterUs}us`, do: { power: { off: `${c.ms}ms` } } },
        { after: '2s', do: { dfu: GETSTATUS } },
      ];
    case 'wait':
      return [dfu(GETSTATE, `${c.us}us`)];
    case 'busReset':
      return [usb({ reset: true }), dfu(GETSTATUS, '1s')];
    case 'suspend':
      // K and recovery take 30 ms behind it: what comes next would be asked for meanwhile
      return [usb({ suspend: `${c.ms}ms` }), dfu(GETSTATE, `${c.ms + 40}ms`)];
    case 'busError':
      return [usb({ error: { kind: c.kind, after: c.after } })];
    case 'babble':
      return [usb({ error: { kind: 'babble' } }), dfu({ request: blockRequest(c) }, '0ms')];
    case 'pull':
      return [usb({ unplug: { bit: c.bit, after: c.after } })];
  }
}
