/** What clients outside see of a device and send to it: WebUSB's objects and requests, USB/IP's bytes. One device has all that descriptors can say. */
import { isInterruptTransfer } from '../../src/usb-sim/outside.ts';
import { PcapngWriter } from '../../src/usb-sim/pcapng.ts';
import { UsbIpConnection, usbIpExport } from '../../src/usb-sim/usbip-connection.ts';
import { WebUsb, type WebUsbDevice, type WebUsbFilter } from '../../src/usb-sim/web-usb.ts';
import { numbers } from '../machines/random-writes.ts';
import { CDC_DEVICE, DFU_DEVICE, HID_MSC_DEVICE, ISO_DEVICE, MS, type Device } from './firmware.ts';
import { held, type Held } from './held.ts';

const text = (s: string): number[] => [2 + 2 * s.length, 3, ...[...s].flatMap((ch) => [ch.charCodeAt(0), 0])];
/** Three interfaces with classes, alternates and names, endpoints of each kind at the edges of their numbers. */
export const RICH_DEVICE: Device = {
  device: [18, 1, 0x23, 1, 0xef, 2, 1, 64, 0x34, 0x12, 0x78, 0x56, 0x94, 0x37, 1, 2, 3, 1],
  // prettier-ignore
  configuration: [
    9, 2, 92, 0, 3, 1, 4, 0xa0, 25,
    9, 4, 0, 0, 1, 0xff, 0x11, 0x22, 5, 7, 5, 0x01, 3, 16, 0, 5,
    9, 4, 0, 1, 2, 0xff, 0x11, 0x23, 6, 7, 5, 0x81, 2, 64, 0, 0, 7, 5, 0x02, 1, 32, 0, 2,
    9, 4, 1, 0, 0, 3, 1, 2, 0,
    9, 4, 5, 0, 2, 0x0a, 0x33, 0x44, 9, 7, 5, 0x83, 0x0d, 32, 0, 1, 7, 5, 0x04, 0, 8, 0, 0,
  ],
  strings: [[4, 3, 9, 4], text('Maker'), text('Thing'), text('S-1'), text('main'), text('first'), text('second')],
};
export const DEVICES: readonly (readonly [name: string, device: Device])[] = [
  ['dfu', DFU_DEVICE],
  ['cdc', CDC_DEVICE],
  ['hid-msc', HID_MSC_DEVICE],
  ['iso', ISO_DEVICE],
  ['rich', RICH_DEVICE],
];
const isPublic = (name: string): boolean => !['owner', 'session', 'current', 'configurations'].includes(name);
const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    (result) =>
      JSON.stringify(result, (_, v: unknown) => (v instanceof DataView ? [...new Uint8Array(v.buffer, v.byteOffset, v.byteLength)] : v)) ??
      'done',
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );
/** How large a capture of the port's transfers is. */
function capture(h: Held): () => string {
  const writer = new PcapngWriter((t) => isInterruptTransfer(h.b.usb.state, t));
  h.b.usb.tap = writer;
  return () => `${writer.bytes().length} bytes`;
}

/** What a page sees of the device. */
export async function* shown(device: Device): AsyncGenerator<string> {
  const h = held(device);
  const d = await new WebUsb(h.bus).requestDevice({ filters: [] });
  for (const [name, value] of Object.entries(d)) if (isPublic(name)) yield `${name}: ${JSON.stringify(value)}`;
  for (const c of d.configurations) {
    yield `configuration ${c.configurationValue} ${c.configurationName}`;
    for (const i of c.interfaces) for (const a of i.alternates) yield `interface ${i.interfaceNumber}: ${JSON.stringify(a)}`;
  }
}

const OF_RICH: WebUsbFilter = { vendorId: 0x1234, productId: 0x5678, serialNumber: 'S-1' };
const FILTERS: readonly (readonly WebUsbFilter[])[] = [
  [OF_RICH],
  [{ ...OF_RICH, vendorId: 0x1235 }],
  [{ ...OF_RICH, productId: 0 }],
  [{ ...OF_RICH, serialNumber: 'S-2' }],
  [{ vendorId: 1 }, { productId: 0x5678 }],
  [{ classCode: 0xef }],
  [{ classCode: 0xef, subclassCode: 2, protocolCode: 1 }],
  [{ classCode: 0xef, subclassCode: 3 }],
  [{ classCode: 0xef, subclassCode: 2, protocolCode: 2 }],
  [{ classCode: 0xff, subclassCode: 0x11, protocolCode: 0x23 }],
  [{ classCode: 0xff, subclassCode: 0x11, protocolCode: 0x24 }],
  [{ classCode: 0xff, subclassCode: 0x12 }],
  [{ classCode: 3 }],
  [{ classCode: 4 }],
];
/** Which filters choose it. */
export async function* chosen(): AsyncGenerator<string> {
  for (const filters of FILTERS) {
    const usb = new WebUsb(held(RICH_DEVICE).bus);
    yield `${JSON.stringify(filters)}: ${await outcome(usb.requestDevice({ filters }).then((d) => d.productName))}`;
  }
}

const WHOLE: Readonly<Record<string, unknown>> = { requestType: 'class', recipient: 'interface', request: 1, value: 2, index: 0 };
/** What calls say of arguments that are none. */
export async function* refused(): AsyncGenerator<string> {
  const usb = new WebUsb(held(RICH_DEVICE).bus);
  for (const given of [undefined, null, 5, {}, { filters: undefined }])
    yield `requestDevice ${JSON.stringify(given)}: ${await outcome(usb.requestDevice(given as never).then((d) => d.productName))}`;
  const d = await usb.requestDevice({ filters: [] });
  await d.open();
  await d.claimInterface(0);
  const setups: unknown[] = [undefined, null, 'class', {}, WHOLE, { ...WHOLE, recipient: 'nobody' }, { ...WHOLE, requestType: 'toString' }];
  for (const name of Object.keys(WHOLE)) setups.push({ ...WHOLE, [name]: undefined });
  for (const setup of setups) {
    yield `in ${JSON.stringify(setup)}: ${await outcome(d.controlTransferIn(setup as never, 4))}`;
    yield `out ${JSON.stringify(setup)}: ${await outcome(d.controlTransferOut(setup as never))}`;
  }
}

const SETUP = { requestType: 'vendor', recipient: 'device', request: 1, value: 2, index: 3 } as const;
type Call = readonly [name: string, call: (d: WebUsbDevice) => Promise<unknown>];
const CALLS: readonly Call[] = [
  ['in 16', (d) => d.controlTransferIn(SETUP, 16)],
  ['out 16', (d) => d.controlTransferOut(SETUP, new Uint8Array(16))],
  ['largest', (d) => d.controlTransferIn({ ...SETUP, request: 0xff, value: 0xffff, index: 0xffff }, 0xffff)],
  ['too large', (d) => d.controlTransferIn({ ...SETUP, request: 0x101, value: 0x10001, index: 0x10002 }, 0x10003)],
  ['interface 1', (d) => d.controlTransferIn({ ...SETUP, recipient: 'interface', index: 0x101 }, 4)],
  ['interface 0', (d) => d.controlTransferIn({ ...SETUP, recipient: 'interface', index: 0x100 }, 4)],
  ['endpoint', (d) => d.controlTransferIn({ ...SETUP, recipient: 'endpoint', requestType: 'class' }, 4)],
  ['other', (d) => d.controlTransferOut({ ...SETUP, recipient: 'other', requestType: 'standard' })],
  ['claim 1', (d) => d.claimInterface(1)],
  ['claim 5', (d) => d.claimInterface(5)],
  ['release 0', (d) => d.releaseInterface(0)],
  ['alternate 1 of 0', (d) => d.selectAlternateInterface(0, 1)],
  ['alternate 0 of 0', (d) => d.selectAlternateInterface(0, 0)],
  ['to 1', (d) => d.transferOut(1, new Uint8Array(16))],
  ['to 2', (d) => d.transferOut(2, new Uint8Array(3))],
  ['isochronous to 2', (d) => d.isochronousTransferOut(2, new Uint8Array(33), [32, 1])],
  ['isochronous from 3', (d) => d.isochronousTransferIn(3, [32, 0, 5])],
  ['clear 1', (d) => d.clearHalt('out', 1)],
  ['clear in 1', (d) => d.clearHalt('in', 1)],
  ['configuration 0', (d) => d.selectConfiguration(0)],
  ['configuration 1', (d) => d.selectConfiguration(1)],
  ['reset', (d) => d.reset()],
  ['close', (d) => d.close()],
  ['open', (d) => d.open()],
  ['forget', (d) => d.forget()],
];
const stateOf = (d: WebUsbDevice): string =>
  `${d.opened} ${d.configuration?.configurationValue} ${(d.configuration?.interfaces ?? []).map((i) => `${Number(i.claimed)}${i.alternate.alternateSetting}`).join(' ')}`;

/** Random calls of a page, one behind the other; how much each sends is the size of the capture. */
export async function* pages(programs: number): AsyncGenerator<string> {
  for (let seed = 1; seed <= programs; seed++) {
    const random = numbers(Math.imul(seed, 0x9e3779b1));
    const h = held(RICH_DEVICE);
    const sent = capture(h);
    const usb = new WebUsb(h.bus);
    const d = await usb.requestDevice({ filters: [] });
    await d.open();
    if (random(4) > 0) await d.claimInterface(0);
    for (let i = 0; i < 8; i++) {
      const [name, call] = CALLS[random(CALLS.length)]!;
      const answer = await outcome(call(d));
      yield `${seed} ${name}: ${answer.slice(0, 90)}; ${stateOf(d)}`;
    }
    usb.dispose();
    yield `${seed} sent ${sent()}, ${h.b.firmware.state.requests.join(' ')}, known ${(await usb.getDevices()).length}`;
  }
}

const word = (n: number): number[] => [(n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff];
const NO_SETUP = new Array<number>(8).fill(0);
const urb = (command: number, sequence: number, rest: readonly number[], tail: readonly number[] = NO_SETUP): number[] => [
  ...[command, sequence, 0x00010001, ...rest].flatMap(word),
  ...tail,
];
/** A server that does not answer has no more turns than these. */
const TURNS = 3000;
/** Messages of a client of USB/IP behind the import, and what the server answers. */
class Raw {
  readonly h: Held;
  readonly log: string[] = [];
  readonly replies: number[][] = [];
  private readonly connection: UsbIpConnection;
  private closed = false;

  constructor(device: Device) {
    this.h = held(device);
    this.connection = new UsbIpConnection(
      usbIpExport(this.h.bus, '1-1', (line) => this.log.push(line)),
      {
        send: (b) => void this.replies.push([...b]),
        close: () => (this.closed = true),
      },
    );
  }
  /** Sends, and waits until so many more answers have come. */
  async ask(message: readonly number[], answers = 1): Promise<void> {
    const due = this.replies.length + answers;
    this.connection.receive(Uint8Array.from(message));
    for (let i = 0; this.replies.length < due && !this.closed && i < TURNS; i++) await new Promise((next) => setTimeout(next, 0));
  }
  async import(): Promise<void> {
    await this.ask([1, 0x11, 0x80, 3, 0, 0, 0, 0, 0x31, 0x2d, 0x31, ...new Array<number>(29).fill(0)]);
  }
  /** In the order of the messages that they answer. */
  answers(): readonly string[] {
    const number = (reply: readonly number[]): number => reply.slice(4, 8).reduce((all, byte) => all * 256 + byte, 0);
    return [...this.replies]
      .sort((a, b) => number(a) - number(b))
      .map((reply) => reply.map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  }
  end(): void {
    this.connection.end();
  }
}
const control = (sequence: number, setup: readonly number[], length: number, data: readonly number[] = []): number[] =>
  urb(1, sequence, [setup[0]! >= 0x80 ? 1 : 0, 0, 0, length, 0, 0xffffffff, 0], [...setup, ...data]);
const toPipe = (sequence: number, endpoint: number, data: readonly number[], flags = 0): number[] =>
  urb(1, sequence, [0, endpoint, flags, data.length, 0, 0xffffffff, 0], [...NO_SETUP, ...data]);
const fromPipe = (sequence: number, endpoint: number, length: number): number[] =>
  urb(1, sequence, [1, endpoint, 0, length, 0, 0xffffffff, 0]);
const toIso = (sequence: number, endpoint: number, data: readonly number[], packets: readonly (readonly [number, number])[]): number[] =>
  urb(
    1,
    sequence,
    [0, endpoint, 0, data.length, 0, packets.length, 1],
    [...NO_SETUP, ...data, ...packets.flatMap(([at, n]) => [at, n, 0, 0].flatMap(word))],
  );
const unlink = (sequence: number, target: number): number[] => urb(2, sequence, [0, 0, target], new Array<number>(24).fill(0));
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => (i + 1) & 0xff);

/** What is sent, and how many answers it brings (1 unless said otherwise). */
type Message = readonly [name: string, bytes: number[], answers?: number];
const GET = [0x80, 6, 0, 1, 0, 0];
const MESSAGES: Readonly<Record<string, readonly Message[]>> = {
  dfu: [
    ['a descriptor', control(0x01020304, [...GET, 18, 0], 18)],
    ['of it what fits the buffer', control(2, [...GET, 18, 0], 5)],
    ['with a longer buffer', control(3, [...GET, 9, 0], 300)],
    ['of 258 bytes', control(4, [0x80, 6, 0, 2, 0, 0, 2, 1], 258)],
    ['nothing of it', control(5, [...GET, 0, 0], 0)],
    ["a direction that is not the packet's", urb(1, 6, [0, 0, 0, 8, 0, 0xffffffff, 0], [...GET, 8, 0, ...count(8)])],
    ['a write', control(7, [0x21, 1, 2, 0, 0, 0, 16, 0], 16, count(16))],
    ['a status', control(8, [0xa1, 3, 0, 0, 0, 0, 6, 0], 6)],
    ['refused', control(9, [0x80, 6, 0, 9, 0, 0, 8, 0], 8)],
    ['an endpoint that is not there', fromPipe(10, 5, 8)],
    ['a port reset', control(11, [...GET, 64, 0], 64)],
    ['an address', control(12, [0, 5, 7, 0, 0, 0, 0, 0], 0)],
    ['nobody is out', unlink(13, 12)],
    ['endpoint 15', toPipe(14, 15, [1])],
    ['endpoint 16', toPipe(15, 16, [1])],
  ],
  cdc: [
    ['to a pipe', toPipe(1, 1, count(5))],
    ['from it', fromPipe(2, 1, 64)],
    ['a full packet', toPipe(3, 1, count(64))],
    ['read with less', fromPipe(4, 1, 64)],
    ['a full packet and an empty one, which it does not take', toPipe(5, 1, count(64), 0x40), 0],
  ],
  'cdc, two at once': [
    ['a read', fromPipe(2, 1, 64), 0],
    ['another', fromPipe(3, 1, 64), 0],
    ['taken back', unlink(4, 2)],
    ['again', unlink(5, 2)],
    ['bytes', toPipe(6, 1, count(3)), 2],
    ['one more', fromPipe(7, 1, 64), 0],
    ['with its number', fromPipe(7, 1, 64)],
  ],
  'cdc, another': [['another device', urb(1, 8, [0, 1, 0, 0, 0, 0, 0]).with(11, 2)]],
  iso: [
    [
      'three packets',
      toIso(1, 1, count(40), [
        [0, 8],
        [8, 0],
        [8, 32],
      ]),
    ],
    [
      'in another order, with gaps',
      toIso(2, 1, count(40), [
        [20, 4],
        [0, 4],
        [36, 4],
      ]),
    ],
    ['outside of the buffer', toIso(3, 1, count(8), [[4, 5]])],
    ['to its end', toIso(4, 1, count(8), [[4, 4]])],
    ['too large', toIso(5, 1, count(40), [[0, 33]])],
    ['to a pipe that reads', toIso(6, 2, count(4), [[0, 4]])],
    ['no packets to such a pipe', toPipe(7, 1, [1])],
  ],
  'cdc, too long': [['above a megabyte', fromPipe(1, 1, 0x7fffffff)]],
  'cdc, below nothing': [['a length', fromPipe(1, 1, -1)]],
  'dfu, unknown': [['command 5', urb(5, 1, [0, 0, 0, 0, 0, 0, 0])]],
};
export async function* usbIp(): AsyncGenerator<string> {
  for (const [name, messages] of Object.entries(MESSAGES)) {
    const raw = new Raw(DEVICES.find(([device]) => device === name.split(',')[0])![1]);
    await raw.import();
    for (const [, bytes, answers] of messages) await raw.ask(bytes, answers);
    yield `${name}: ${messages.map(([what]) => what).join(', ')}`;
    yield* raw.answers();
    raw.h.b.until(raw.h.bus.now + 20 * MS);
    const { requests, isoIn } = raw.h.b.firmware.state;
    yield `${raw.log.join('; ')}; ${requests.slice(-8).join(' ')} ${JSON.stringify(isoIn)}`;
    raw.end();
  }
}
/** The list of devices. */
export async function* listed(): AsyncGenerator<string> {
  for (const [name, device] of DEVICES) {
    const raw = new Raw(device);
    await raw.ask([1, 0x11, 0x80, 5, 0, 0, 0, 0]);
    yield `${name}: ${raw.answers().join()}`;
  }
}
