/**
 * A GDB remote server for one core of the emulated machine. Transport and waiting are the caller's: `receive` takes bytes of the client, `send` gives bytes
 * to it, and whoever owns the machine calls `stopped` when it has run. All-stop; one thread, which is the core.
 */
import type { Core } from '../emu/core/core.ts';
import type { DebugTarget, Stop, WatchKind } from './debug-target.ts';
import { monitor } from './monitor.ts';
import { bytesOf, frame, FrameReader, fromHex, hexNumber, hexText, LONGEST_PACKET, toHex } from './packets.ts';
import { gdbRegisters, memoryMapXml, targetXml, type GdbRegister } from './target-description.ts';
import type { TimeTravel } from './time-travel.ts';

/** What a server shares with the others of its machine. */
export interface GdbMachine {
  readonly target: DebugTarget;
  readonly past: TimeTravel;
  /** Something wants to run: the owner calls `advance` soon. */
  readonly wake: () => void;
  /** Cores that no client holds follow the others: halts or releases all that belong to nobody. */
  readonly follow: () => void;
}

const SIGINT = 2;
const SIGTRAP = 5;
const SIGSEGV = 11;
const E_SYNTAX = 'E01';
const E_MEMORY = 'E14';
const E_REGISTER = 'E02';
const E_FLASH = 'E03';

export class GdbServer {
  private readonly machine: GdbMachine;
  private readonly core: Core;
  private readonly send: (bytes: Uint8Array) => void;
  private readonly reader = new FrameReader();
  private readonly registers: readonly GdbRegister[];
  private acknowledges = true;
  private last: Uint8Array | null = null;
  /** A stop reply is owed. */
  private waiting = false;
  private lastStop: Stop = { kind: 'interrupt' };
  /** Bytes for flash, until vFlashDone. */
  private flash: { address: number; bytes: Uint8Array }[] = [];
  /** The client wants to go. */
  closed = false;
  /** `target extended-remote`: the client stays behind `kill`, and `run` begins anew. */
  private extended = false;

  constructor(machine: GdbMachine, core: Core, send: (bytes: Uint8Array) => void) {
    this.machine = machine;
    this.core = core;
    this.send = send;
    this.registers = gdbRegisters(core, (name) => machine.target.readRegister(core, name) !== null);
    machine.target.setHalted(core, true);
    machine.follow();
  }

  // ---- transport -------------------------------------------------------------------------------------------------------------------
  receive(bytes: Uint8Array): void {
    for (const f of this.reader.read(bytes)) {
      switch (f.kind) {
        case 'packet':
          if (this.acknowledges) this.send(PLUS);
          this.packet(f.text);
          break;
        case 'interrupt':
          this.interrupt();
          break;
        case 'nack':
          if (this.acknowledges && this.last) this.send(this.last);
          break;
        case 'bad-checksum':
          if (this.acknowledges) this.send(MINUS);
          break;
        case 'too-long':
          if (this.acknowledges) this.send(PLUS);
          this.reply(E_SYNTAX);
          break;
        case 'ack':
      }
      if (this.closed) return;
    }
  }
  private reply(text: string): void {
    this.last = frame(text);
    this.send(this.last);
  }
  private packet(text: string): void {
    const answer = this.answer(text);
    if (answer !== null) this.reply(answer);
  }
  /** Console text, which a client takes only while it waits for a stop or for a monitor command. */
  output(text: string): void {
    for (let i = 0; this.waiting && i < text.length; i += 512) this.reply(`O${hexText(text.slice(i, i + 512))}`);
  }

  // ---- running ---------------------------------------------------------------------------------------------------------------------
  private interrupt(): void {
    if (!this.waiting) return;
    this.abandonSearch();
    this.machine.target.setHalted(this.core, true);
    this.machine.follow();
    this.stopped({ kind: 'interrupt' });
  }
  /** A search backwards ends where it began. */
  private abandonSearch(): void {
    const { past } = this.machine;
    if (past.searcher === this.core) past.abandonBack();
  }
  /** The core has stopped; the owner of the machine says so. */
  stopped(stop: Stop): void {
    this.lastStop = stop;
    this.machine.follow();
    if (!this.waiting) return;
    // GDB itself knows no more than that it was a trap
    if (stop.kind === 'catch') this.output(`caught: ${stop.what}\n`);
    this.tellBegin();
    this.waiting = false;
    this.reply(this.stopReply());
  }
  private stopReply(): string {
    const s = this.lastStop;
    const thread = 'thread:1;';
    switch (s.kind) {
      case 'interrupt':
        return `T${hex2(SIGINT)}${thread}`;
      case 'lockup':
        return `T${hex2(SIGSEGV)}${thread}`;
      case 'watch':
        return `T${hex2(SIGTRAP)}${thread}${WATCH_NAMES[s.access]}:${s.address.toString(16)};`;
      case 'begin':
        return `T${hex2(SIGTRAP)}${thread}replaylog:begin;`;
      case 'breakpoint':
        return `T${hex2(SIGTRAP)}${thread}hwbreak:;`;
      default:
        return `T${hex2(SIGTRAP)}${thread}`;
    }
  }
  private resume(): null {
    this.waiting = true;
    this.machine.target.setHalted(this.core, false);
    this.machine.follow();
    this.machine.wake();
    return null;
  }
  private stepped(stop: Stop): string {
    this.lastStop = stop;
    this.waiting = true;
    this.tellBegin();
    this.waiting = false;
    return this.stopReply();
  }
  /** Where the way back ends earlier than the session, GDB's own words say no more than that it ends. */
  private tellBegin(): void {
    const { lost } = this.machine.past;
    if (this.lastStop.kind === 'begin' && lost !== null) this.output(lost);
  }
  /** `s`, `c` and the like may name the place to go on from. */
  private goTo(text: string): void {
    const at = hexNumber(text);
    if (at !== null) this.machine.target.writeRegister(this.core, 'pc', at);
  }

  // ---- packets -----------------------------------------------------------------------------------------------------------------------
  /** The answer; null = none now. The empty answer says that a packet is not known. */
  // eslint-disable-next-line complexity -- one case for each packet of the protocol
  private answer(text: string): string | null {
    const rest = text.slice(1);
    const { target, past } = this.machine;
    if (this.waiting && text !== 'k') {
      // a client that sends while the core runs wants it to stop
      this.interrupt();
      return null;
    }
    switch (text[0]) {
      case '?':
        return this.stopReply();
      case 'g':
        return this.registers.map((r) => this.registerHex(r)).join('');
      case 'G':
        return this.writeAll(rest);
      case 'p':
        return this.readOne(rest);
      case 'P':
        return this.writeOne(rest);
      case 'm':
        return this.readMemory(rest);
      case 'M':
      case 'X':
        return this.writeMemory(rest, text[0] === 'X');
      case 'Z':
      case 'z':
        return this.stopPoint(rest, text[0] === 'Z');
      case 's':
        this.goTo(rest);
        return this.stepped(target.step(this.core));
      case 'c':
        this.goTo(rest);
        return this.resume();
      case 'b':
        if (rest === 's') return this.stepped(past.stepBack(this.core));
        if (rest !== 'c') return '';
        past.beginBack(this.core);
        this.waiting = true;
        this.machine.wake();
        return null;
      case 'H':
        return isOurThread(rest.slice(1)) ? 'OK' : E_REGISTER;
      case 'T':
        return isOurThread(rest) ? 'OK' : E_REGISTER;
      case 'D':
        this.reply('OK');
        this.leave();
        return null;
      case '!':
        this.extended = true;
        return 'OK';
      case 'k':
        this.kill();
        return null;
      case 'R':
        this.reset(true);
        return null;
      case 'v':
        return this.vPacket(rest);
      case 'q':
      case 'Q':
        return this.query(text);
      default:
        return '';
    }
  }
  /** The client goes: its stops go with it, the core runs on. */
  leave(): void {
    const { target } = this.machine;
    if (this.closed) return;
    this.closed = true;
    this.waiting = false;
    this.abandonSearch();
    target.clearStops(this.core);
  }
  /** Nothing can be killed here: the core stands, without the client's stops. */
  private kill(): void {
    const { target } = this.machine;
    if (!this.extended) return this.leave();
    this.abandonSearch();
    this.waiting = false;
    target.clearStops(this.core);
    target.setHalted(this.core, true);
    this.machine.follow();
  }
  /** All cores, as OpenOCD does it: they stand in front of their first instruction, or run. */
  private reset(halt: boolean): void {
    const { target } = this.machine;
    target.reset(target.machine.cores.map(() => halt));
    this.lastStop = { kind: 'interrupt' };
    this.machine.follow();
    if (!halt) this.machine.wake();
  }

  private vPacket(text: string): string | null {
    const [name = '', ...rest] = text.split(/[;:]/);
    switch (name) {
      case 'Cont?':
        return 'vCont;c;C;s;S';
      case 'Cont': {
        const action = actionFor(text.slice('Cont;'.length));
        if (action === undefined) return E_SYNTAX;
        return action === 's' || action === 'S' ? this.stepped(this.machine.target.step(this.core)) : this.resume();
      }
      case 'Kill':
        this.reply('OK');
        this.kill();
        return null;
      case 'Run':
        this.reset(true);
        return this.stopReply();
      case 'FlashErase':
        return this.flashErase(rest.join(':'));
      case 'FlashWrite':
        return this.flashWrite(text.slice('FlashWrite:'.length));
      case 'FlashDone':
        return this.flashDone();
      default:
        return '';
    }
  }

  // ---- registers ---------------------------------------------------------------------------------------------------------------------
  private registerHex(r: GdbRegister): string {
    const { target } = this.machine;
    return r.parts.map((part) => wordHex(target.readRegister(this.core, part) ?? 0)).join('');
  }
  private readOne(text: string): string {
    const r = this.registers[hexNumber(text) ?? -1];
    return r ? this.registerHex(r) : E_REGISTER;
  }
  private writeOne(text: string): string {
    const at = text.indexOf('=');
    const r = this.registers[hexNumber(text.slice(0, at)) ?? -1];
    return r && at > 0 && this.setRegister(r, text.slice(at + 1)) ? 'OK' : E_REGISTER;
  }
  private writeAll(text: string): string {
    if (text === '') return E_REGISTER;
    let at = 0;
    for (const r of this.registers) {
      const digits = text.slice(at, at + r.bits / 4);
      at += r.bits / 4;
      // GDB may send fewer, and x for what it does not know
      if (digits === '' || digits.includes('x') || digits === this.registerHex(r)) continue;
      if (!this.setRegister(r, digits)) return E_REGISTER;
    }
    return 'OK';
  }
  private setRegister(r: GdbRegister, digits: string): boolean {
    const bytes = fromHex(digits);
    if (bytes?.length !== r.bits / 8) return false;
    const view = new DataView(bytes.buffer);
    r.parts.forEach((part, i) => this.machine.target.writeRegister(this.core, part, view.getUint32(4 * i, true)));
    return true;
  }

  // ---- memory ------------------------------------------------------------------------------------------------------------------------
  private readMemory(text: string): string {
    const range = rangeOf(text);
    if (range === null || range.length > LONGEST_PACKET / 2) return E_SYNTAX;
    const bytes = this.machine.target.readMemory(this.core, range.address, range.length);
    return bytes.length === 0 && range.length > 0 ? E_MEMORY : toHex(bytes);
  }
  private writeMemory(text: string, binary: boolean): string {
    const at = text.indexOf(':');
    const range = rangeOf(text.slice(0, at));
    const bytes = binary ? bytesOf(text.slice(at + 1)) : fromHex(text.slice(at + 1));
    if (at < 0 || range === null || bytes?.length !== range.length) return E_SYNTAX;
    return this.machine.target.writeMemory(this.core, range.address, bytes) === bytes.length ? 'OK' : E_MEMORY;
  }
  private stopPoint(text: string, on: boolean): string {
    const [type, address, length] = text.split(/[,;]/);
    const at = hexNumber(address);
    const size = hexNumber(length);
    if (at === null || size === null) return E_SYNTAX;
    const { target } = this.machine;
    if (type === '0' || type === '1') {
      target.setBreakpoint(this.core, at, on);
      return 'OK';
    }
    const kind = WATCH_KINDS[type ?? ''];
    if (kind === undefined) return '';
    if (size === 0 || size > MAX_WATCH) return E_SYNTAX;
    target.setWatchpoint(this.core, { address: at, length: size, kind }, on);
    return 'OK';
  }
  private flashErase(text: string): string {
    const range = rangeOf(text);
    if (range === null || range.length > MAX_FLASH || !this.machine.target.isFlash(range.address, range.length)) return E_FLASH;
    this.flash.push({ address: range.address, bytes: new Uint8Array(range.length).fill(0xff) });
    return 'OK';
  }
  private flashWrite(text: string): string {
    const at = text.indexOf(':');
    const address = hexNumber(text.slice(0, at));
    const bytes = bytesOf(text.slice(at + 1));
    if (at < 0 || address === null || !this.machine.target.isFlash(address, bytes.length)) return 'E.memtype';
    this.flash.push({ address, bytes });
    return 'OK';
  }
  private flashDone(): string {
    for (const { address, bytes } of this.flash.splice(0)) this.machine.target.program(address, bytes);
    return 'OK';
  }

  // ---- queries -----------------------------------------------------------------------------------------------------------------------
  private query(text: string): string | null {
    if (text.startsWith('qSupported')) return SUPPORTED;
    if (text === 'QStartNoAckMode') {
      this.reply('OK');
      this.acknowledges = false;
      return null;
    }
    if (text.startsWith('qXfer:')) return this.transfer(text.slice('qXfer:'.length));
    if (text.startsWith('qRcmd,')) return this.monitorLine(text.slice('qRcmd,'.length));
    if (text.startsWith('qCRC:')) return this.crc(text.slice('qCRC:'.length));
    switch (text) {
      case 'qAttached':
        return '1';
      case 'qC':
        return 'QC1';
      case 'qfThreadInfo':
        return 'm1';
      case 'qsThreadInfo':
        return 'l';
      case 'qSymbol::':
        return 'OK';
      case 'qOffsets':
        return 'Text=0;Data=0;Bss=0';
      default:
        return text.startsWith('qThreadExtraInfo') ? hexText(this.core.row.name) : '';
    }
  }
  private transfer(text: string): string {
    const [object, action, annex, place] = text.split(':');
    if (action !== 'read') return '';
    const [offset, length] = [hexNumber(place?.split(',')[0]), hexNumber(place?.split(',')[1])];
    if (offset === null || length === null) return E_SYNTAX;
    let document: string;
    if (object === 'features' && annex === 'target.xml') document = targetXml(this.registers);
    else if (object === 'memory-map' && annex === '') document = memoryMapXml(this.machine.target.machine.chip, this.core.row.name);
    else return object === 'features' ? 'E00' : '';
    const part = document.slice(offset, offset + length);
    return `${offset + part.length < document.length ? 'm' : 'l'}${part}`;
  }
  private monitorLine(hex: string): string {
    const bytes = fromHex(hex);
    if (bytes === null) return E_SYNTAX;
    const { target } = this.machine;
    const text = monitor(new TextDecoder().decode(bytes), {
      target,
      reset: (halt) => this.reset(halt),
      halt: () => {
        target.setHalted(this.core, true);
        this.machine.follow();
      },
      resume: () => {
        target.setHalted(this.core, false);
        this.machine.follow();
        this.machine.wake();
      },
    });
    for (let i = 0; i < text.length; i += 1024) this.reply(`O${hexText(text.slice(i, i + 1024))}`);
    return 'OK';
  }
  /** `compare-sections`: CRC-32 as GDB computes it (polynomial 0x04C11DB7, not reflected, initial value all ones). */
  private crc(text: string): string {
    const range = rangeOf(text);
    if (range === null || range.length > MAX_FLASH) return E_SYNTAX;
    const bytes = this.machine.target.readMemory(this.core, range.address, range.length);
    if (bytes.length < range.length) return E_MEMORY;
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte << 24;
      for (let i = 0; i < 8; i++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
    }
    return `C${(crc >>> 0).toString(16).padStart(8, '0')}`;
  }
}

const PLUS = new Uint8Array([0x2b]);
const MINUS = new Uint8Array([0x2d]);
const MAX_WATCH = 0x10000;
const MAX_FLASH = 0x1000000;
const SUPPORTED = [
  `PacketSize=${(LONGEST_PACKET / 4).toString(16)}`,
  'QStartNoAckMode+',
  'qXfer:features:read+',
  'qXfer:memory-map:read+',
  'vContSupported+',
  'hwbreak+',
  'ReverseStep+',
  'ReverseContinue+',
].join(';');
/** The only thread is the core; `-1` are all, `0` any. */
const isOurThread = (id: string): boolean => id === '-1' || [0, 1].includes(hexNumber(id) ?? NaN);
/** What vCont's list of actions asks of the core: the first one for its thread, or for all. */
function actionFor(list: string): string | undefined {
  const actions = list.split(';').map((one) => /^([csCS])[0-9a-f]*(?::(.*))?$/i.exec(one));
  return actions.find((a) => a !== null && (a[2] === undefined || isOurThread(a[2])))?.[1];
}
const WATCH_KINDS: Readonly<Record<string, WatchKind>> = { '2': 'write', '3': 'read', '4': 'access' };
const WATCH_NAMES: Readonly<Record<WatchKind, string>> = { write: 'watch', read: 'rwatch', access: 'awatch' };
const hex2 = (n: number): string => n.toString(16).padStart(2, '0');
/** A word as the client wants it: bytes in the target's order. */
const wordHex = (value: number): string =>
  hex2(value & 0xff) + hex2((value >>> 8) & 0xff) + hex2((value >>> 16) & 0xff) + hex2(value >>> 24);
function rangeOf(text: string): { address: number; length: number } | null {
  const [address, length] = text.split(',');
  const [a, n] = [hexNumber(address), hexNumber(length)];
  return a === null || n === null ? null : { address: a, length: n };
}
