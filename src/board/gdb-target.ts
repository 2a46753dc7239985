/**
 * A board behind any GDB server: registers by name, memory that is read back, hardware breakpoints, run and stop. Servers differ (`docs/boards.md`): numbers
 * and widths of registers come from target.xml, an empty or failing answer is "not known" and never a value.
 */
import { hex } from '../checks/check.ts';
import { fromHex, hexText, toHex } from '../debug/packets.ts';
import { dialectNamed, recognise, type Dialect, type Saying, type ServerName } from './dialects.ts';
import { BoardError, RspClient, SilentBoard, TIMEOUT, type Transport } from './rsp-client.ts';

interface RegisterRow {
  readonly name: string;
  readonly number: number;
  readonly bits: number;
  /** Place in the answer to `g`, in hexadecimal digits. */
  readonly at: number;
}

/** OpenOCD 0.12 breaks the checksum of an answer of 1020 bytes; nothing is asked for in such pieces. */
const PIECE = 256;
/** Of a target description with all its parts; the longest that servers have, with all registers of an A-profile core, has 60 KB. */
const LONGEST_DOCUMENT = 256 << 10;
/** Milliseconds within which all of it has to come. */
const DOCUMENT_TIME = 8000;
/** Its parts lie one below the other. */
const DEEPEST_DOCUMENT = 8;
/** Stops that a server tells of before its first answer. */
const MOST_STOPS = 16;
/** Milliseconds for the answer to each Ctrl-C; a server that answers none of them is not waited for longer. */
const INTERRUPTS = [TIMEOUT.interrupt / 2, TIMEOUT.interrupt / 4, TIMEOUT.interrupt / 4];
/** For what else a server may have to say to more than one. */
const MORE_STOPS_MS = 200;
/** Debug registers of the core (ARM DDI 0403 C1.6, DDI 0553 D1.2). */
const DHCSR = 0xe000edf0;
const DCRSR = 0xe000edf4;
const DCRDR = 0xe000edf8;
const C_DEBUGEN = 1 << 0;
const S_REGRDY = 1 << 16;
const S_HALT = 1 << 17;
/** Selectors of DCRSR for what a server may not list; the masks and CONTROL come in one word. */
const SELECTORS: Readonly<Record<string, { readonly selector: number; readonly shift: number; readonly bits: number }>> = {
  msp: { selector: 0x11, shift: 0, bits: 32 },
  psp: { selector: 0x12, shift: 0, bits: 32 },
  primask: { selector: 0x14, shift: 0, bits: 8 },
  basepri: { selector: 0x14, shift: 8, bits: 8 },
  faultmask: { selector: 0x14, shift: 16, bits: 8 },
  control: { selector: 0x14, shift: 24, bits: 8 },
};
export type WatchKind = 'write' | 'read';

/** What a document of the server may still take, with all that it includes. */
interface Allowance {
  readonly until: number;
  bytes: number;
}
const allowance = (): Allowance => ({ until: performance.now() + DOCUMENT_TIME, bytes: LONGEST_DOCUMENT });

export class GdbTarget {
  private readonly client: RspClient;
  private registers: readonly RegisterRow[] = [];
  /** Of all registers, while the target stands. */
  private all: string | null = null;
  private server: Dialect = dialectNamed('unknown');
  /** Longest piece of memory that is written at once. */
  private piece = 512;
  private supported = '';
  /** A server of bootbench's own runs a dump in place of a stand-in. */
  runsDump = false;
  /** The core runs by `c`, and the server will tell when it stops. */
  private stopOwed = false;
  /** The core runs by a word of the server's own, and nothing will be told. */
  private resumed = false;
  /** The core runs, and the server does not answer Ctrl-C: nothing else is to be heard of it. */
  private deaf = false;
  /** Comparators that are set, as `z` takes them away. */
  private readonly comparators = new Set<string>();

  private constructor(client: RspClient) {
    this.client = client;
  }
  /** @param named the server, where the user says which; else it is recognised */
  static async attach(
    transport: Transport,
    onConsole: (text: string) => void = () => undefined,
    named: ServerName | null = null,
  ): Promise<GdbTarget> {
    const client = new RspClient(transport);
    client.onConsole = onConsole;
    const target = new GdbTarget(client);
    target.supported = await client.ask('qSupported:xmlRegisters=arm;hwbreak+;swbreak+');
    // QEMU stops a running machine when a client comes, and tells of the stop before it answers
    const until = performance.now() + TIMEOUT.register;
    for (let stops = 0; /^[ST][0-9a-f]{2}/.test(target.supported); stops++) {
      if (stops === MOST_STOPS) throw new BoardError('the GDB server tells of stops without an end');
      target.supported = (await client.next(Math.max(1, until - performance.now()))) ?? '';
    }
    const size = /PacketSize=([0-9a-f]+)/i.exec(target.supported)?.[1];
    if (size !== undefined) target.piece = Math.max(16, Math.min(512, (parseInt(size, 16) - 64) >>> 1));
    let stop = await client.ask('?');
    // a probe that has not looked for targets yet shows none (Black Magic Probe)
    if (/^[WXE]/.test(stop) || stop === '') stop = await target.scan(stop);
    // QEMU and others answer `p` only once the description was read
    target.registers = registersIn(await target.document('target.xml', allowance()));
    if (!target.registers.some((r) => r.name === 'pc'))
      throw new SilentBoard('the other side describes no Arm core: there is no register pc');
    target.server = named === null ? await target.recognise() : dialectNamed(named);
    await target.sayAll(target.server.prepare);
    return target;
  }
  get dialect(): Dialect {
    return this.server;
  }
  private async scan(stop: string): Promise<string> {
    const found = await this.told('swd_scan');
    if (found === '') await this.told('swdp_scan');
    const attached = await this.client.ask('vAttach;1', TIMEOUT.reset);
    return attached === '' ? stop : attached;
  }
  private async recognise(): Promise<Dialect> {
    const sstepbits = await this.client.ask('qQemu.sstepbits');
    let version = /^ENABLE=/.test(sstepbits) ? '' : await this.told('version');
    this.runsDump = /^bootbench: .*\bdump\b/.test(version);
    // the help of some is long; it is asked for where the version does not tell
    const registers = new Set(this.registers.map((r) => r.name));
    const byVersion = recognise({ supported: this.supported, sstepbits, version, registers });
    if (byVersion.name !== 'unknown') return byVersion;
    version += await this.told('help');
    return recognise({ supported: this.supported, sstepbits, version, registers });
  }
  private async sayAll(sayings: readonly Saying[]): Promise<void> {
    for (const saying of sayings) {
      this.all = null;
      if ('monitor' in saying) await this.told(saying.monitor);
      else if (saying.answer) await this.client.ask(saying.packet, TIMEOUT.reset);
      else this.client.sendPacket(saying.packet);
    }
  }
  /** Everything that a server says to a monitor line: its console and its answer; nothing if it does not know the line. */
  private async told(line: string): Promise<string> {
    const before = this.client.onConsole;
    let text = '';
    this.client.onConsole = (part) => (text += part);
    try {
      const answer = await this.monitor(line);
      return text + (/^(OK|E[0-9A-F]{2}|)$/.test(answer) ? '' : new TextDecoder().decode(fromHex(answer) ?? new Uint8Array(0)));
    } finally {
      this.client.onConsole = before;
    }
  }
  /** A document of the server in pieces; empty if it has none of that name. */
  private async transfer(object: string, annex: string, left: Allowance): Promise<string> {
    const what = `the GDB server's ${annex === '' ? object : annex.slice(0, 40)}`;
    let text = '';
    for (;;) {
      const ms = left.until - performance.now();
      if (ms <= 0) throw new BoardError(`${what} did not come within ${DOCUMENT_TIME / 1000} s`);
      const asked = `qXfer:${object}:read:${annex}:${text.length.toString(16)},3c0`;
      const part = await this.client.ask(asked, TIMEOUT.register, Math.max(TIMEOUT.register, ms));
      if (!/^[ml]/.test(part)) return '';
      text += part.slice(1);
      left.bytes -= part.length - 1;
      if (left.bytes < 0) throw new BoardError(`${what} has more than ${LONGEST_DOCUMENT >> 10} KB`);
      if (part[0] === 'l') return text;
      if (part.length === 1) throw new BoardError(`${what} has no end`);
    }
  }
  private async document(name: string, left: Allowance, depth = 0): Promise<string> {
    if (depth > DEEPEST_DOCUMENT) throw new BoardError("the GDB server's target description includes itself");
    const text = await this.transfer('features', name, left);
    // a description may be spread over several documents
    let [whole, end] = ['', 0];
    for (const { 0: include, 1: href, index } of text.matchAll(/<xi:include\s+href="([^"]+)"\s*\/>/g)) {
      whole += text.slice(end, index) + (await this.document(href!, left, depth + 1));
      end = index + include.length;
    }
    return whole + text.slice(end);
  }

  /** Null if neither the server nor the core's debug registers show it. */
  async readRegister(name: string): Promise<number | null> {
    const row = this.registers.find((r) => r.name === name);
    if (!row) return this.readThroughDebugRegisters(name);
    const one = wordOf(await this.client.ask(`p${row.number.toString(16)}`), row.bits);
    if (one !== null) return one;
    this.all ??= await this.client.ask('g');
    return wordOf(this.all.slice(row.at, row.at + Math.ceil(row.bits / 8) * 2), row.bits);
  }
  /** Registers by name in one answer, as far as the server shows them. */
  async readAll(names: readonly string[]): Promise<Map<string, number>> {
    this.all ??= await this.client.ask('g');
    const values = new Map<string, number>();
    for (const { name, at, bits } of this.registers) {
      if (!names.includes(name)) continue;
      const value = wordOf(this.all.slice(at, at + Math.ceil(bits / 8) * 2), bits);
      if (value !== null) values.set(name, value);
    }
    return values;
  }
  /** Servers that list few registers (probe-rs) still reach DCRSR, as any memory; a core that is none has no DHCSR (QEMU). */
  private async readThroughDebugRegisters(name: string): Promise<number | null> {
    const row = SELECTORS[name];
    const status = row && (await this.word(DHCSR));
    if (!row || !status || (status & S_HALT) === 0) return null;
    if (!(await this.writeMemory(DCRSR, littleEndian(row.selector, 4)))) return null;
    if ((((await this.word(DHCSR)) ?? 0) & S_REGRDY) === 0) return null;
    const value = await this.word(DCRDR);
    return value === null ? null : row.bits === 32 ? value : (value >>> row.shift) & 0xff;
  }
  /** False if the server does not take it. */
  async writeRegister(name: string, value: number): Promise<boolean> {
    const row = this.registers.find((r) => r.name === name);
    if (!row) return false;
    this.all = null;
    const digits = toHex(littleEndian(value, 4))
      .padEnd(Math.ceil(row.bits / 8) * 2, '0')
      .slice(0, Math.ceil(row.bits / 8) * 2);
    const reply = await this.client.ask(`P${row.number.toString(16)}=${digits}`);
    if (reply === 'OK') return true;
    // pyOCD has no P: all registers go back, this one changed
    const all = await this.client.ask('g');
    if (all.length < row.at + digits.length) return false;
    return (await this.client.ask(`G${all.slice(0, row.at)}${digits}${all.slice(row.at + digits.length)}`)) === 'OK';
  }
  async word(address: number): Promise<number | null> {
    const bytes = await this.readMemory(address, 4);
    return bytes?.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : null;
  }
  /** False if the server took not all of it. */
  async writeMemory(address: number, bytes: Uint8Array): Promise<boolean> {
    for (let at = 0; at < bytes.length; at += this.piece) {
      const part = bytes.subarray(at, at + this.piece);
      const reply = await this.client.ask(`M${((address + at) >>> 0).toString(16)},${part.length.toString(16)}:${toHex(part)}`);
      if (reply !== 'OK') return false;
    }
    return true;
  }
  /**
   * The server says that the core stands; this asks the core. A board that was reset under the server's hands runs while the server answers from its
   * cache. Cores without DHCSR (QEMU), and servers that do not let it be read, are believed.
   */
  async assertHalted(): Promise<void> {
    const status = await this.word(DHCSR);
    if (status === null || (status & C_DEBUGEN) === 0 || (status & S_HALT) !== 0) return;
    throw new BoardError('the core runs, although the GDB server says that it stands: the board was reset, or something else let it run');
  }
  /** As far as the server reads from the first byte on; null if it reads nothing there. */
  async readMemory(address: number, length: number): Promise<Uint8Array | null> {
    const bytes = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const size = Math.min(PIECE, length - at);
      const got = fromHex(await this.client.ask(`m${((address + at) >>> 0).toString(16)},${size.toString(16)}`));
      if (!got || got.length === 0) break;
      if (got.every((b) => b === 0) && !(await this.reallyZero((address + at) >>> 0))) break;
      bytes.set(got.subarray(0, size), at);
      at += Math.min(got.length, size);
      if (got.length < size) break;
    }
    return at === 0 ? null : bytes.subarray(0, at);
  }
  /** OpenOCD answers zeros where the bus faults or the board is gone; its own `read_memory` tells the two apart. */
  private async reallyZero(address: number): Promise<boolean> {
    return this.server.name !== 'openocd' || /^\s*(0x)?0+\s*$/.test(await this.told(`read_memory 0x${address.toString(16)} 8 1`));
  }
  /** A hardware breakpoint: many servers accept a software one in flash and do nothing. */
  async setBreakpoint(address: number, on: boolean): Promise<void> {
    const reply = await this.comparator(`1,${address.toString(16)},2`, on);
    if (reply !== 'OK' && on)
      throw new BoardError(`the GDB server set no hardware breakpoint at ${hex(address)} (${reply === '' ? 'it knows none' : reply})`);
  }
  /** False if there is no comparator left, or the server knows no watchpoints. */
  async setWatchpoint(address: number, length: 1 | 2 | 4, kind: WatchKind, on: boolean): Promise<boolean> {
    const type = kind === 'write' ? 2 : 3;
    return (await this.comparator(`${type},${(address >>> 0).toString(16)},${length}`, on)) === 'OK';
  }
  private async comparator(what: string, on: boolean): Promise<string> {
    if (on) this.comparators.add(what);
    const reply = await this.client.ask(`${on ? 'Z' : 'z'}${what}`);
    if (on ? reply !== 'OK' : true) this.comparators.delete(what);
    return reply;
  }
  /** One instruction. Throws BoardError where the server does not answer. */
  async step(): Promise<void> {
    this.all = null;
    const stop = await this.client.ask('s', TIMEOUT.reset);
    if (!/^[TS]/.test(stop)) throw new BoardError(`the GDB server did not step (${stop === '' ? 'it knows no s' : stop})`);
  }
  /** One instruction back, where the server can (`bootbench gdb`). */
  async stepBack(): Promise<void> {
    this.all = null;
    const stop = await this.client.ask('bs', TIMEOUT.reset);
    if (!/^[TS]/.test(stop)) throw new BoardError('the GDB server does not step back');
  }
  /** System reset; the core stands in front of its first instruction then, which is looked at. */
  async resetHalt(): Promise<void> {
    await this.halt();
    this.resumed = false;
    let pc: number | null = null;
    for (const way of this.server.resetHalt) {
      await this.sayAll(way);
      pc = await this.readRegister('pc');
      const vector = await this.word(((await this.word(0xe000ed08)) ?? 0) + 4);
      // what cannot be read cannot be compared
      if (pc === null || vector === null || vector === 0 || pc === (vector & ~1) >>> 0) return;
    }
    throw new BoardError(
      `${this.server.label} did not reset the board into a halt: the core is at ${hex(pc ?? 0)}, ` +
        'not at its reset vector; if the server was recognised wrongly, name it with --server',
    );
  }
  /** Flash as the server's memory map describes it; empty if it describes none. */
  async flashRegions(): Promise<FlashRegion[]> {
    if (!/qXfer:memory-map:read\+/.test(this.supported)) return [];
    return flashIn(await this.transfer('memory-map', '', allowance()));
  }
  /** Erases the blocks that these ranges touch and programs them, as GDB's `load` does. */
  async program(
    regions: readonly FlashRegion[],
    ranges: readonly { readonly address: number; readonly bytes: Uint8Array }[],
  ): Promise<void> {
    const must = async (packet: string): Promise<void> => {
      const reply = await this.client.ask(packet, TIMEOUT.flash);
      if (reply === 'OK') return;
      throw new BoardError(`the GDB server did not program the flash (${packet.slice(0, 24)}: ${reply || 'it knows no such packet'})`);
    };
    for (const [from, to] of blocksOf(regions, ranges)) await must(`vFlashErase:${from.toString(16)},${(to - from).toString(16)}`);
    for (const { address, bytes } of ranges)
      for (let at = 0; at < bytes.length; at += this.piece)
        await must(`vFlashWrite:${(address + at).toString(16)}:${String.fromCharCode(...bytes.subarray(at, at + this.piece))}`);
    await must('vFlashDone');
    this.all = null;
  }
  /** Text of the answer; servers tell failures by an error, by text, or not at all. */
  async monitor(line: string): Promise<string> {
    this.all = null;
    return this.client.ask(`qRcmd,${hexText(line)}`, TIMEOUT.monitor);
  }
  /** Runs until it stops by itself; null if it still runs after `timeout` ms, and is stopped then. */
  async runUntilStop(timeout: number): Promise<string | null> {
    this.all = null;
    this.client.sendPacket('c');
    this.stopOwed = true;
    const stop = await this.client.next(timeout);
    if (stop === null) await this.interrupt();
    this.stopOwed = false;
    return stop;
  }
  /** Ctrl-C. OpenOCD 0.12 may lose one: it puts it aside while it waits for the `+` to an empty console packet, and looks at it when something else comes. */
  private async interrupt(): Promise<void> {
    for (const [again, ms] of INTERRUPTS.entries()) {
      this.client.interrupt();
      if ((await this.client.next(this.client.oneTry(ms))) === null) continue;
      // each of them may be answered
      for (let more = 0; more < again && (await this.client.next(MORE_STOPS_MS)) !== null; more++);
      return;
    }
    this.stopOwed = false;
    this.deaf = true;
    throw new SilentBoard('the target does not stop: the GDB server did not answer Ctrl-C');
  }
  /** Lets the core run, and does not wait for a stop. */
  async letRun(): Promise<void> {
    this.all = null;
    this.resumed = this.server.resume.length > 0;
    if (this.resumed) return this.sayAll(this.server.resume);
    this.client.sendPacket('c');
    this.stopOwed = true;
  }
  /** Halts a core that `letRun` let run. */
  async stop(): Promise<void> {
    await this.halt();
    if (!this.resumed) return;
    this.resumed = false;
    await this.told('halt');
  }
  /** Ends what `letRun` began, where the server owes a stop for it. */
  async halt(): Promise<void> {
    if (!this.stopOwed) return;
    this.stopOwed = false;
    await this.interrupt();
  }
  /** Console text and answer of a monitor line. */
  monitorText(line: string): Promise<string> {
    return this.told(line);
  }
  /**
   * Ends what is under way on it with `error`; the target that is returned has had its comparators taken away, and is to be detached.
   * @param until by `performance.now()`: nothing of it takes longer
   */
  async takenOver(error: Error, until: number): Promise<GdbTarget> {
    const { server, stopOwed, resumed } = this;
    const heir = new GdbTarget(await this.client.successor(error, until));
    Object.assign(heir, { server, stopOwed, resumed });
    try {
      await heir.halt();
      for (const what of this.comparators) await heir.comparator(what, false);
    } catch (failed) {
      if (!(failed instanceof BoardError)) throw failed;
    }
    return heir;
  }
  /**
   * Leaves the target to itself: running, or as the server leaves a halted one. False: it does not answer, so what it does now is not known.
   * @param until by `performance.now()`: no answer is waited for longer
   */
  async detach(running: boolean, until = Infinity): Promise<boolean> {
    this.client.waitUntil(until);
    let done = !this.deaf;
    try {
      if (done) await this.halt();
      if (done && running) await this.sayAll(this.server.resume);
      if (done) await this.client.ask('D');
    } catch (error) {
      if (!(error instanceof BoardError)) throw error;
      done = false;
    }
    this.client.close();
    return done;
  }
}

function wordOf(hex: string, bits: number): number | null {
  const bytes = hex === '' || /^E/.test(hex) ? null : fromHex(hex);
  if (!bytes || bytes.length === 0) return null;
  // a register of one to eight bits may come as one byte, or as a word all the same
  let value = 0;
  for (let i = Math.min(bytes.length, 4) - 1; i >= 0; i--) value = (value << 8) | bytes[i]!;
  return bits < 32 && bytes.length <= 4 ? (value & (2 ** bits - 1)) >>> 0 : value >>> 0;
}
/** Flash of a memory map; a block is what is erased at once. */
export interface FlashRegion {
  readonly start: number;
  readonly length: number;
  readonly block: number;
}
export function flashIn(map: string): FlashRegion[] {
  // no tag is looked for behind another one's beginning: what a server sends is read once
  return map.split(/<memory(?=\s)/).flatMap((memory, i) => {
    const attributes = i === 0 ? undefined : /^([^<>]*)>/.exec(memory)?.[1];
    if (attributes === undefined) return [];
    const value = (key: string): string => attributeOf(attributes, key) ?? '';
    if (value('type') !== 'flash') return [];
    const block = Number(/name="blocksize"\s*>\s*([^<\s]+)/.exec(memory)?.[1] ?? 1);
    return [{ start: Number(value('start')), length: Number(value('length')), block }];
  });
}
const attributeOf = (attributes: string, key: string): string | undefined => new RegExp(`\\b${key}="([^"]*)"`).exec(attributes)?.[1];
/** Whole blocks that the ranges touch, joined, by address. */
export function blocksOf(
  regions: readonly FlashRegion[],
  ranges: readonly { readonly address: number; readonly bytes: Uint8Array }[],
): [from: number, to: number][] {
  const blocks: [number, number][] = [];
  for (const { start, length, block } of regions)
    for (const { address, bytes } of ranges) {
      const [from, to] = [Math.max(address, start), Math.min(address + bytes.length, start + length)];
      if (from < to) blocks.push([start + Math.floor((from - start) / block) * block, start + Math.ceil((to - start) / block) * block]);
    }
  blocks.sort((a, b) => a[0] - b[0]);
  return blocks.reduce<[number, number][]>((joined, [from, to]) => {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
    return joined;
  }, []);
}
/** As memory holds it. */
export const littleEndian = (value: number, size: 1 | 2 | 4): Uint8Array => Uint8Array.from({ length: size }, (_, i) => value >>> (8 * i));

/** Registers in the order of `g`: by number, each behind the one before. */
export function registersIn(xml: string): RegisterRow[] {
  const rows: { name: string; number: number; bits: number }[] = [];
  let next = 0;
  for (const [, attributes = ''] of xml.matchAll(/<reg\b([^<>]*)>/g)) {
    const value = (key: string): string | undefined => attributeOf(attributes, key);
    const number = value('regnum') === undefined ? next : Number(value('regnum'));
    next = number + 1;
    rows.push({ name: (value('name') ?? '').toLowerCase(), number, bits: Number(value('bitsize') ?? 32) });
  }
  rows.sort((a, b) => a.number - b.number);
  let at = 0;
  return rows.map((r) => {
    const row = { ...r, at };
    at += 2 * Math.ceil(r.bits / 8);
    return row;
  });
}
