/**
 * A board behind any GDB server: registers by name, memory that is read back, hardware breakpoints, run and stop. Servers differ (`docs/boards.md`): numbers
 * and widths of registers come from target.xml, an empty or failing answer is "not known" and never a value.
 */
import { fromHex } from '../debug/packets.ts';
import { BoardError, RspClient, TIMEOUT, type Transport } from './rsp-client.ts';

interface RegisterRow {
  readonly name: string;
  readonly number: number;
  readonly bits: number;
  /** Place in the answer to `g`, in hexadecimal digits. */
  readonly at: number;
}

/** OpenOCD 0.12 breaks the checksum of an answer of 1020 bytes; nothing is asked for in such pieces. */
const PIECE = 256;

export class GdbTarget {
  private readonly client: RspClient;
  private registers: readonly RegisterRow[] = [];
  /** Of all registers, while the target stands. */
  private all: string | null = null;

  private constructor(client: RspClient) {
    this.client = client;
  }
  static async attach(transport: Transport, onConsole: (text: string) => void = () => undefined): Promise<GdbTarget> {
    const client = new RspClient(transport);
    client.onConsole = onConsole;
    const target = new GdbTarget(client);
    await client.ask('qSupported:xmlRegisters=arm;hwbreak+;swbreak+');
    // QEMU and others answer `p` only once the description was read
    target.registers = registersIn(await target.document('target.xml'));
    if (!target.registers.some((r) => r.name === 'pc'))
      throw new BoardError('the GDB server describes no Arm core: there is no register pc');
    await client.ask('?');
    return target;
  }
  private async document(name: string): Promise<string> {
    let text = '';
    for (;;) {
      const part = await this.client.ask(`qXfer:features:read:${name}:${text.length.toString(16)},3c0`);
      if (!/^[ml]/.test(part)) return '';
      text += part.slice(1);
      if (part[0] === 'l') break;
    }
    // a description may be spread over several documents
    const parts = [...text.matchAll(/<xi:include\s+href="([^"]+)"\s*\/>/g)];
    for (const [include, href] of parts) text = text.replace(include, bodyOf(await this.document(href!)));
    return text;
  }

  /** Null if the server does not show the register. */
  async readRegister(name: string): Promise<number | null> {
    const row = this.registers.find((r) => r.name === name);
    if (!row) return null;
    const one = wordOf(await this.client.ask(`p${row.number.toString(16)}`), row.bits);
    if (one !== null) return one;
    this.all ??= await this.client.ask('g');
    return wordOf(this.all.slice(row.at, row.at + row.bits / 4), row.bits);
  }
  /** As far as the server reads from the first byte on; null if it reads nothing there. */
  async readMemory(address: number, length: number): Promise<Uint8Array | null> {
    const bytes = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const size = Math.min(PIECE, length - at);
      const got = fromHex(await this.client.ask(`m${((address + at) >>> 0).toString(16)},${size.toString(16)}`));
      if (!got || got.length === 0) break;
      bytes.set(got.subarray(0, size), at);
      at += Math.min(got.length, size);
      if (got.length < size) break;
    }
    return at === 0 ? null : bytes.subarray(0, at);
  }
  /** A hardware breakpoint: many servers accept a software one in flash and do nothing. */
  async setBreakpoint(address: number, on: boolean): Promise<void> {
    const reply = await this.client.ask(`${on ? 'Z' : 'z'}1,${address.toString(16)},2`);
    if (reply !== 'OK' && on)
      throw new BoardError(
        `the GDB server set no hardware breakpoint at 0x${address.toString(16).padStart(8, '0')} (${reply === '' ? 'it knows none' : reply})`,
      );
  }
  /** Text of the answer; servers tell failures by an error, by text, or not at all. */
  async monitor(line: string): Promise<string> {
    const hex = [...new TextEncoder().encode(line)].map((b) => b.toString(16).padStart(2, '0')).join('');
    this.all = null;
    return this.client.ask(`qRcmd,${hex}`, TIMEOUT.monitor);
  }
  /** Runs until it stops by itself; null if it still runs after `timeout` ms, and is stopped then. */
  async runUntilStop(timeout: number): Promise<string | null> {
    this.all = null;
    this.client.sendPacket('c');
    const stop = await this.client.next(timeout);
    if (stop !== null) return stop;
    this.client.interrupt();
    if ((await this.client.next(TIMEOUT.reset)) === null)
      throw new BoardError('the target does not stop: the GDB server did not answer Ctrl-C');
    return null;
  }
  /** Leaves the target to itself. Servers let it run or stay halted as they are set up. */
  async detach(): Promise<void> {
    try {
      await this.client.ask('D');
    } catch (error) {
      if (!(error instanceof BoardError)) throw error;
    }
    this.client.close();
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
const bodyOf = (document: string): string => document.replace(/<\?xml.*?\?>|<!DOCTYPE[^>]*>/gs, '');

/** Registers in the order of `g`: by number, each behind the one before. */
export function registersIn(xml: string): RegisterRow[] {
  const rows: { name: string; number: number; bits: number }[] = [];
  let next = 0;
  for (const [, attributes = ''] of xml.matchAll(/<reg\b([^>]*?)\/?>/g)) {
    const value = (key: string): string | undefined => new RegExp(`\\b${key}="([^"]*)"`).exec(attributes)?.[1];
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
