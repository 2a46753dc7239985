/**
 * The commands of an ST-LINK/V2 (firmware V2J37), as far as debuggers use them over SWD, and the server protocol that carries them over TCP. Facts: OpenOCD
 * 0.12 and pystlink speak them; ST publishes none. A command is 16 bytes, its answer as long as the client says.
 */
import type { DebugPort, Access } from './debug-port.ts';

const VERSION = { stlink: 2, jtag: 37, swim: 7, vid: 0x0483, pid: 0x3748 } as const;
const SERIAL = 'BOOTBENCH0000000000000000';
/** First two status bytes: fine; an access port answered FAULT; a command is not known or its arguments make no sense. */
const [OK, AP_FAULT, BAD] = [0x80, 0x11, 0x1d];
/** Registers of the debug port itself. */
const DP = 0xffff;
/** Longest memory access. */
const LONGEST = 0x4000;

const u16 = (b: Uint8Array, at: number): number => b[at]! | (b[at + 1]! << 8);
const u32 = (b: Uint8Array, at: number): number => (u16(b, at) | (u16(b, at + 2) << 16)) >>> 0;
function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((v, i) => view.setUint32(4 * i, v >>> 0, true));
  return bytes;
}

export class StLink {
  private readonly port: DebugPort;
  private status = OK;
  private mode: 1 | 2 = 1;

  constructor(port: DebugPort) {
    this.port = port;
  }

  /** Carries out a command; `data` is what the client sends with it. Returns what the probe sends back. */
  command(cmd: Uint8Array, data: Uint8Array): Uint8Array {
    switch (cmd[0]) {
      case 0xf1: {
        const { stlink, jtag, swim, vid, pid } = VERSION;
        const version = (stlink << 12) | (jtag << 6) | swim;
        return Uint8Array.of(version >> 8, version & 0xff, vid & 0xff, vid >> 8, pid & 0xff, pid >> 8);
      }
      case 0xf5:
        return Uint8Array.of(this.mode, 0);
      case 0xf7:
        // 2 × 1.2 V × second / first = 3.3 V
        return words(1600, 2200);
      case 0xf2:
        return this.debug(cmd, data);
      default:
        return new Uint8Array(0);
    }
  }

  // eslint-disable-next-line complexity -- one case for each command
  private debug(cmd: Uint8Array, data: Uint8Array): Uint8Array {
    const { port } = this;
    port.spend();
    switch (cmd[1]) {
      case 0x20:
      case 0x30:
        this.mode = 2;
        return this.answer(OK);
      case 0x21:
        this.mode = 1;
        return new Uint8Array(0);
      case 0x31:
        return words(OK, port.dpidr, 0);
      case 0x3b:
      case 0x3e: {
        const last = this.status;
        this.status = OK;
        return words(last, 0, 0);
      }
      case 0x3c:
        if (cmd[2] === 2) {
          port.setReset(true);
          port.setReset(false);
        } else port.setReset(cmd[2] === 0);
        return this.answer(OK);
      case 0x43:
      case 0x44:
      case 0x4b:
      case 0x4c:
        return this.answer(OK);
      case 0x45:
        return this.value(this.readRegister(u16(cmd, 2), u16(cmd, 4)));
      case 0x46:
        return this.answer(statusOf(this.writeRegister(u16(cmd, 2), u16(cmd, 4), u32(cmd, 6))));
      case 0x35:
        return this.answer(statusOf(port.write(0, u32(cmd, 2), 4, u32(cmd, 6))));
      case 0x36:
        return this.value(port.read(0, u32(cmd, 2), 4));
      default:
        return this.memory(cmd, data) ?? this.answer(BAD);
    }
  }
  private memory(cmd: Uint8Array, data: Uint8Array): Uint8Array | null {
    const row = MEMORY[cmd[1]!];
    if (!row) return null;
    const [address, length, ap] = [u32(cmd, 2), u16(cmd, 6), cmd[8]!];
    if (row.writes) {
      this.status = this.port.writeBlock(ap, address, data, row.size, row.increments) ? OK : AP_FAULT;
      return new Uint8Array(0);
    }
    const bytes = length > LONGEST ? null : this.port.readBlock(ap, address, length, row.size, row.increments);
    this.status = bytes ? OK : AP_FAULT;
    // a single byte comes with another one behind it
    const sent = new Uint8Array(row.size === 1 && length === 1 ? 2 : Math.min(length, LONGEST));
    if (bytes) sent.set(bytes);
    return sent;
  }
  private readRegister(port: number, address: number): Access {
    return port === DP ? this.port.readDp(address) : this.port.readAp(port, address);
  }
  private writeRegister(port: number, address: number, value: number): Access {
    return port === DP ? this.port.writeDp(address, value) : this.port.writeAp(port, address, value);
  }
  private answer(status: number): Uint8Array {
    return Uint8Array.of(status, 0);
  }
  private value(access: Access): Uint8Array {
    return words(statusOf(access), access.ok ? access.value : 0);
  }
}
const statusOf = (access: Access): number => (access.ok ? OK : AP_FAULT);

const MEMORY: Readonly<Record<number, { readonly size: 1 | 2 | 4; readonly writes: boolean; readonly increments: boolean }>> = {
  0x07: { size: 4, writes: false, increments: true },
  0x08: { size: 4, writes: true, increments: true },
  0x47: { size: 2, writes: false, increments: true },
  0x48: { size: 2, writes: true, increments: true },
  0x0c: { size: 1, writes: false, increments: true },
  0x0d: { size: 1, writes: true, increments: true },
  0x54: { size: 4, writes: false, increments: false },
  0x50: { size: 4, writes: true, increments: false },
};

// ---- the server protocol -------------------------------------------------------------------------------------------------------------
const [S_OK, S_BAD_PARAMETER, S_UNKNOWN] = [1, 0x1002, 0x1053];
const HANDLE = 1;
/** Bytes of a request by its first byte; the one that carries a command may have data behind it. */
const REQUEST: Readonly<Record<number, number>> = { 0: 2, 1: 1, 2: 8, 3: 8, 4: 8, 5: 32, 6: 4, 7: 8 };
const SEND_COMMAND = 5;
/** Nothing that a client sends is longer. */
const LONGEST_REQUEST = 32 + LONGEST;

/** One client of the server. Bytes in, bytes out. */
export class StLinkConnection {
  private readonly probe: StLink;
  private readonly send: (bytes: Uint8Array) => void;
  private waiting = new Uint8Array(0);
  /** The client talks something else. */
  broken = false;

  constructor(probe: StLink, send: (bytes: Uint8Array) => void) {
    this.probe = probe;
    this.send = send;
  }
  receive(bytes: Uint8Array): void {
    const all = new Uint8Array(this.waiting.length + bytes.length);
    all.set(this.waiting);
    all.set(bytes, this.waiting.length);
    let at = 0;
    while (at < all.length && !this.broken) {
      const size = this.sizeOf(all.subarray(at));
      if (size === null) {
        this.broken = true;
        this.send(words(S_UNKNOWN));
        return;
      }
      if (size === 0 || at + size > all.length) break;
      this.send(this.answer(all.subarray(at, at + size)));
      at += size;
    }
    this.waiting = all.slice(at);
  }
  /** Of the request that begins here; 0 = cannot be told yet, null = it is none. */
  private sizeOf(bytes: Uint8Array): number | null {
    const size = REQUEST[bytes[0]!];
    if (size === undefined) return null;
    if (bytes[0] !== SEND_COMMAND) return size;
    if (bytes.length < size) return 0;
    const data = bytes[24] === 0 ? u32(bytes, 28) : 0;
    return size + data > LONGEST_REQUEST ? null : size + data;
  }
  private answer(request: Uint8Array): Uint8Array {
    switch (request[0]) {
      case 0:
        return words(S_OK);
      case 1:
        return words(1);
      case 2: {
        const info = new Uint8Array(45);
        info.set(words(S_OK, HANDLE));
        info.set(new TextEncoder().encode(SERIAL), 8);
        info.set([VERSION.vid & 0xff, VERSION.vid >> 8, VERSION.pid & 0xff, VERSION.pid >> 8, 0], 40);
        return info;
      }
      case 3:
        return words(S_OK, HANDLE);
      case 6:
        return words(2, 1, 0, 0);
      case SEND_COMMAND:
        return this.carry(request);
      default:
        return words(S_OK);
    }
  }
  private carry(request: Uint8Array): Uint8Array {
    const reads = request[24] !== 0;
    const wanted = u32(request, 28);
    if (u32(request, 4) !== HANDLE || (reads && wanted > LONGEST_REQUEST)) return words(S_BAD_PARAMETER);
    const got = this.probe.command(request.subarray(8, 24), request.subarray(32));
    const reply = new Uint8Array(4 + (reads ? wanted : 0));
    reply.set(words(S_OK));
    if (reads) reply.set(got.subarray(0, wanted), 4);
    return reply;
  }
}
