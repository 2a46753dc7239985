/** Peers of the servers: a debugger, an ST-LINK driver, a USB/IP client, a browser, a campaign's queue that send what they should not. */
import { connect, type AddressInfo } from 'node:net';
import { UsageError } from '../../src/bench/documents/usage-error.ts';
import { packTarget, unpackTarget } from '../../src/campaign/content.ts';
import { queuedWork } from '../../src/campaign/foreign.ts';
import { decodeResult, encodeResult } from '../../src/campaign/queue-result.ts';
import { pageServer } from '../../src/cli/serve.ts';
import { ImageError } from '../../src/image/errors.ts';
import { jobInput, romProfileIfAny, type RunJob } from '../../src/bench/input/job.ts';
import { unasked } from '../../src/bench/input/run-input.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { Session } from '../../src/bench/session/session.ts';
import { findChip } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { DebugTarget } from '../../src/debug/debug-target.ts';
import { GdbHub } from '../../src/debug/gdb-hub.ts';
import { frame } from '../../src/debug/packets.ts';
import { DebugPort } from '../../src/debug/probe/debug-port.ts';
import { StLink, StLinkConnection } from '../../src/debug/probe/st-link.ts';
import { UsbIpConnection, usbIpExport } from '../../src/usb-sim/usbip-connection.ts';
import { changeBytes, changeJson, changeLength, changeText, number, type Draw } from './change.ts';

const CHIP = 'STM32F072RB';
/** The stand-in ROM, started by BOOT0: its DFU device. */
function job(): RunJob {
  const rom = romImage(romProfileIfAny(findChip(CHIP)!)!.image);
  return {
    version: 'fuzz',
    chip: CHIP,
    images: [],
    scenario: { schema: 'bootbench/scenario@1', board: { boot0: 1 } },
    overrides: { images: [] },
    limits: { maxInstructions: null, wallMs: null, maxMemory: null },
    rom: { kind: 'stand-in', bytes: rom, version: null, options: {} },
    symptoms: [],
    engine: 'bootbench',
    semihosting: false,
    bootAt: null,
    files: new Map(),
  };
}
const nothing = (): void => undefined;
/** A machine serves so many cases before a new one is made: what one peer leaves behind, the next one finds. */
const CASES = 50;
function kept<T>(make: () => T): () => T {
  let [made, left]: [T | null, number] = [null, 0];
  return () => {
    if (made === null || left-- === 0) [made, left] = [make(), CASES];
    return made;
  };
}

const PACKETS = [
  '?', 'g', 'p0', 'pf', 'P0=00000000', 'm8000000,10', 'm0,ffffffff', 'M20000000,4:00000000', 'X20000000,2:ab', 's', 'c', 'vCont;s:1', 'vCont;c:99', 'Z1,8000000,2', 'z1,8000000,2',
  'Z2,20000000,4', 'Z9,0,0', 'qSupported:swbreak+', 'qXfer:features:read:target.xml:0,ffff', 'qXfer:memory-map:read::0,10', 'qRcmd,68656c70', 'qCRC:8000000,100', 'vFlashErase:8000000,800',
  'vFlashWrite:8000000:ab', 'vFlashDone', 'bs', 'bc', 'Hg0', 'Hc-1', 'T1', 'k', 'R00', '!', 'D', 'QStartNoAckMode', 'G00', 'qSearch:memory:0;ffffffff;00',
]; // prettier-ignore
const hub = kept(() => new GdbHub(new Session(unasked(jobInput(job())))));
function rsp(d: Draw): void {
  const machine = hub();
  const server = machine.connect(machine.cores[0]!, nothing)!;
  for (let n = 1 + d.below(8); n > 0 && !server.closed; n--) {
    const text = d.chance(0.6) ? changeText(d.one(PACKETS), d) : d.one(PACKETS);
    const bytes = frame(text);
    server.receive(d.chance(0.1) ? changeBytes(bytes, d) : bytes);
    for (let turn = 0; turn < 2 && machine.advance(); turn++);
    server.receive(Uint8Array.of(3));
  }
  machine.disconnect(server);
}

const word = (n: number): number[] => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];
const probe = kept(() => {
  const port = new DebugPort(new DebugTarget(new Session(unasked(jobInput(job())))));
  return { port, link: new StLink(port) };
});
/** A request of the protocol over TCP with any command of the probe and any argument. */
function stlink(d: Draw): void {
  const { port, link } = probe();
  const connection = new StLinkConnection(link, nothing);
  for (let n = 1 + d.below(8); n > 0 && !connection.broken; n--) {
    const command = [
      d.chance(0.8) ? 0xf2 : d.below(256),
      d.below(0x60),
      ...word(d.chance(0.5) ? 0xe000edf0 : number(d)),
      ...word(number(d)),
      0,
      0,
      0,
      0,
      0,
      0,
    ];
    const size = d.chance(0.7) ? d.below(64) : number(d);
    const out = d.chance(0.5);
    const request = [5, 0, 0, 0, ...word(1), ...command, out ? 0 : 1, 0, 0, 0, ...word(size)];
    const data = out && size < 64 ? new Array<number>(size).fill(d.below(256)) : [];
    connection.receive(changeOneIn(Uint8Array.from([...request, ...data]), 8, d));
    port.advance();
  }
}
const changeOneIn = (bytes: Uint8Array, cases: number, d: Draw): Uint8Array => (d.chance(1 / cases) ? changeBytes(bytes, d) : bytes);

const shared = kept(() => {
  const held = new HeldMachine(jobInput(job()));
  held.start();
  if (!held.usb.outsideReady) throw new Error('the ROM has brought up no device');
  held.usb.claim();
  return usbIpExport(held.bus, '1-1', nothing);
});
const big = (n: number): number[] => word(n).reverse();
const IMPORT = [1, 0x11, 0x80, 3, 0, 0, 0, 0, 0x31, 0x2d, 0x31, ...new Array<number>(29).fill(0)];
/** SUBMIT or UNLINK with any field out of place, now and then (Linux, Documentation/usb/usbip_protocol.rst). */
function urb(d: Draw, sequence: number): number[] {
  const odd = (n: number): number => (d.chance(0.1) ? number(d) : n);
  const input = d.chance(0.5);
  const length = d.below(64);
  const setup = [input ? 0xa1 : 0x21, d.below(8), ...word(d.below(0x10000)).slice(0, 2), 0, 0, length, 0];
  const head = [
    odd(d.chance(0.9) ? 1 : 2),
    sequence,
    0x10001,
    odd(input ? 1 : 0),
    odd(0),
    odd(0),
    odd(length),
    odd(0),
    odd(0xffffffff),
    odd(0),
  ];
  return [...head.flatMap(big), ...setup, ...(input ? [] : new Array<number>(length).fill(d.below(256)))];
}
async function usbip(d: Draw): Promise<void> {
  const connection = new UsbIpConnection(shared(), { send: nothing, close: nothing });
  connection.receive(changeOneIn(Uint8Array.from(IMPORT), 6, d));
  for (let n = 1 + d.below(6); n > 0; n--) {
    connection.receive(changeOneIn(Uint8Array.from(urb(d, n)), 6, d));
    await new Promise((next) => setImmediate(next));
  }
  connection.end();
}

/** Entries of a campaign's queue and their targets, of which anything may be other. */
const WORK = {
  campaign: '0'.repeat(32),
  work: {
    id: '1'.repeat(32),
    engine: 'fuzz',
    target: 'a'.repeat(64),
    parts: [
      {
        seed: 1,
        delays: { 'hse.start.ps': 5 },
        cases: [{ no: 0, id: '2'.repeat(32), leave: [0x08000000], fault: { kind: 'nmi', unit: 'cycles', before: 2 } }],
      },
    ],
    expected: ['dfu'],
    wall: 1000,
  },
};
const packed = packTarget(job());
const MANIFEST = JSON.parse(new TextDecoder().decode(packed.blobs.get(packed.hash))) as unknown;
async function refusedOrTaken(take: () => Promise<unknown>): Promise<void> {
  try {
    await take();
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ImageError)) throw error;
  }
}
async function queue(d: Draw): Promise<void> {
  let entry: unknown = WORK;
  for (let n = d.below(3); n >= 0; n--) entry = changeJson(entry, d);
  await refusedOrTaken(() => queuedWork(entry, 'fuzz'));
  let manifest = MANIFEST;
  for (let n = d.below(3); n >= 0; n--) manifest = changeJson(manifest, d);
  const text = JSON.stringify(manifest) ?? '';
  const bytes = new TextEncoder().encode(d.chance(0.2) ? changeText(text, d) : text);
  const get = (hash: string): Uint8Array => (hash === packed.hash ? bytes : (packed.blobs.get(hash) ?? new Uint8Array(8)));
  await refusedOrTaken(async () => jobInput(await unpackTarget(packed.hash, { has: () => true, get, put: nothing })));
  decodeResult(changeLength(changeBytes(encodeResult({ work: WORK.work.id, results: [] }), d), d));
}

const REQUEST = ['GET /dump.json HTTP/1.1', 'Host: 127.0.0.1', 'Accept-Encoding: gzip', 'Content-Length: 0', 'Origin: http://127.0.0.1'];
/** What a connection of the playground's server is sent; it answers or closes, and goes on. */
const web = (() => {
  let port: Promise<number> | null = null;
  return () =>
    (port ??= new Promise((settle) => {
      const server = pageServer('/nowhere', { romId: 'fuzz', pieces: [] }, '127.0.0.1');
      server.listen(0, '127.0.0.1', () => settle((server.address() as AddressInfo).port));
      server.unref();
    }));
})();
const WAITS_MS = 3_000;
/** What comes back until the server has nothing more to say. */
function answered(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((settle, fail) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    socket.setTimeout(WAITS_MS, () => {
      socket.destroy();
      fail(new Error(`no end of the answer within ${WAITS_MS} ms: ${JSON.stringify(text)}`));
    });
    socket.on('data', (data) => (text += data.toString('latin1')));
    socket.on('error', nothing);
    socket.on('close', () => settle(text));
  });
}
async function http(d: Draw): Promise<void> {
  const port = await web();
  const lines = REQUEST.flatMap((line) => (d.chance(0.1) ? [] : [d.chance(0.3) ? changeText(line, d) : line]));
  if (d.chance(0.2)) lines.splice(d.below(lines.length + 1), 0, changeText(d.one(REQUEST), d));
  const text = `${lines.join(d.chance(0.9) ? '\r\n' : '\n')}\r\n\r\n`;
  const bytes = new TextEncoder().encode(text);
  await answered(port, d.chance(0.2) ? changeLength(changeBytes(bytes, d), d) : bytes);
  const good = await answered(port, new TextEncoder().encode('GET /dump.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'));
  if (!good.includes('"romId":"fuzz"')) throw new Error(`the next request is not answered: ${JSON.stringify(good)}`);
}

export const PEERS = { rsp, stlink, usbip, queue, http };
