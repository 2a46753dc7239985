/**
 * The ROM's USART as Web Serial shows it (https://wicg.github.io/serial/): programs written for `navigator.serial` run on it unchanged. Where the specification leaves
 * errors open, names and texts are Chrome's. Emulated time goes on while a byte is sent, and while somebody reads.
 */
import type { HeldMachine } from '../bench/session/held-machine.ts';
import { UartLink } from '../bench/session/uart-link.ts';
import { MS, type Ps } from '../emu/time.ts';
import { bufferSource, demandFilters } from '../usb-sim/web-usb.ts';

/** A read lets the machine stand still after this emulated time without a byte: longer than any erase takes. */
const QUIET: Ps = 60_000 * MS;
/** A line that is silent this long ends a chunk: the latency of an adapter, `assumed`. */
const SILENCE: Ps = 1 * MS;
/** Of the specification. */
const BUFFER = 255;

/** How a port is opened (Web Serial, SerialOptions). */
export interface WebSerialOptions {
  /** 1200 to 115200, as AN3155 allows. */
  readonly baudRate: number;
  /** 8, the default. */
  readonly dataBits?: number;
  /** 1, the default. */
  readonly stopBits?: number;
  /** The ROM speaks 8E1, so it has to be `even`. */
  readonly parity?: 'none' | 'even' | 'odd';
  /** Most bytes of a chunk; default 255. */
  readonly bufferSize?: number;
  /** `none`, the default. */
  readonly flowControl?: 'none' | 'hardware';
}
/** Lines that a page drives (Web Serial, SerialOutputSignals); nothing of the chip is connected to them. */
export interface WebSerialSignals {
  /** DTR. */
  readonly dataTerminalReady?: boolean;
  /** RTS. */
  readonly requestToSend?: boolean;
  /** Break. */
  readonly break?: boolean;
}

const invalid = (text: string): DOMException => new DOMException(text, 'InvalidStateError');
const network = (text: string): DOMException => new DOMException(text, 'NetworkError');

const FORMAT = { dataBits: 8, stopBits: 1, parity: 'none', flowControl: 'none' } as const;

function checkOptions(options: WebSerialOptions): void {
  const { baudRate, dataBits, stopBits, parity, flowControl, bufferSize } = { ...FORMAT, bufferSize: BUFFER, ...options };
  if (![baudRate, bufferSize].every((n) => Number.isInteger(n) && n > 0))
    throw new TypeError('Requested baud rate and buffer size must be greater than 0.');
  if (baudRate < 1200 || baudRate > 115_200)
    throw network(`Failed to open serial port: AN3155 allows 1200 to 115200 baud, not ${baudRate}.`);
  if (dataBits !== 8 || stopBits !== 1 || parity !== 'even' || flowControl !== 'none')
    throw network("Failed to open serial port: the ROM speaks 8E1 (AN3155), so open it with { parity: 'even' } and without flow control.");
}

const SIGNALS = ['dataTerminalReady', 'requestToSend', 'break'] as const satisfies readonly (keyof WebSerialSignals)[];

interface Chunk {
  readonly bytes: number[];
  last: Ps;
}

/** Lines of modems (Web Serial, SerialInputSignals). Nothing is connected to them. */
export interface WebSerialInputSignals {
  /** DCD. */
  readonly dataCarrierDetect: false;
  /** CTS. */
  readonly clearToSend: false;
  /** RI. */
  readonly ringIndicator: false;
  /** DSR. */
  readonly dataSetReady: false;
}
/** The port as a page gets it (Web Serial, SerialPort). */
export class WebSerialPort extends EventTarget {
  /** Events of a port that comes or goes; this one stays. */
  onconnect: ((event: Event) => void) | null = null;
  /** See `onconnect`. */
  ondisconnect: ((event: Event) => void) | null = null;
  /** @internal */
  quiet = QUIET;
  private readonly held: HeldMachine;
  private readonly port: string;
  /** Of this baud rate; it stays when the port is closed. */
  private link: { readonly uart: UartLink; readonly baud: number } | null = null;
  private opened = false;
  private bufferSize = BUFFER;
  /** Emulated time of the last byte in either direction, or of the opening. */
  private active: Ps = 0;
  /** Reads that wait for a write. */
  private readonly wake = new Set<() => void>();
  private chunks: Chunk[] = [];
  private input: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;
  private output: WritableStream<ArrayBuffer | ArrayBufferView> | null = null;

  /** @internal */
  constructor(held: HeldMachine, port: string) {
    super();
    this.held = held;
    this.port = port;
  }

  /** The adapter is plugged in. */
  get connected(): boolean {
    return true;
  }
  /** What the chip sends; null while the port is closed. A cancelled stream is followed by a new one. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (!this.opened) return null;
    return (this.input ??= this.newInput());
  }
  /** What the chip gets; null while the port is closed. */
  get writable(): WritableStream<ArrayBuffer | ArrayBufferView> | null {
    if (!this.opened) return null;
    return (this.output ??= this.newOutput());
  }
  /** Nothing is known of the adapter. */
  getInfo(): Record<string, never> {
    return {};
  }
  /** NetworkError where the format is not the ROM's. */
  async open(options: WebSerialOptions): Promise<void> {
    if (this.opened) throw invalid('The port is already open.');
    checkOptions(options);
    this.bufferSize = options.bufferSize ?? BUFFER;
    this.chunks = [];
    if (this.link?.baud !== options.baudRate) this.connect(options.baudRate);
    this.active = this.held.bus.now;
    this.opened = true;
  }
  /** TypeError while a stream is locked. */
  async close(): Promise<void> {
    if (!this.opened) throw invalid('The port is already closed.');
    await Promise.all([this.input?.cancel(), this.output?.abort()]);
    this.opened = false;
  }
  /** As close. */
  async forget(): Promise<void> {
    if (this.opened) await this.close();
  }
  /** Nothing is connected to these lines. */
  async setSignals(signals: WebSerialSignals = {}): Promise<void> {
    if (!this.opened) throw invalid('The port is not open.');
    // a browser takes null for a dictionary without members
    if (SIGNALS.every((name) => (signals as WebSerialSignals | null)?.[name] === undefined))
      throw new TypeError('Signals dictionary must contain at least one member.');
  }
  /** Nothing is connected to these lines. */
  async getSignals(): Promise<WebSerialInputSignals> {
    if (!this.opened) throw invalid('The port is not open.');
    return { dataCarrierDetect: false, clearToSend: false, ringIndicator: false, dataSetReady: false };
  }

  private connect(baud: number): void {
    const uart = new UartLink(this.held, this.port, baud);
    uart.onByte = (byte) => {
      if (this.opened && this.link?.uart === uart) this.received(byte);
    };
    this.link = { uart, baud };
  }
  private received(byte: number): void {
    const { now } = this.held.bus;
    const last = this.chunks.at(-1);
    this.active = now;
    if (last !== undefined && now - last.last < SILENCE && last.bytes.length < this.bufferSize) {
      last.bytes.push(byte);
      last.last = now;
    } else this.chunks.push({ bytes: [byte], last: now });
  }
  /** A chunk is over: the line is silent, or the buffer is full. */
  private ready(): boolean {
    const first = this.chunks[0];
    if (first === undefined) return false;
    return this.chunks.length > 1 || first.bytes.length >= this.bufferSize || this.held.bus.now - first.last >= SILENCE;
  }
  private newInput(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const stop = new AbortController();
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> => {
      const { bus } = this.held;
      // somebody may write later, and the machine stands still until then
      while (!stop.signal.aborted && !(await bus.wait(() => this.ready(), { limit: this.active + this.quiet, signal: stop.signal })))
        await this.written(stop.signal);
      const chunk = stop.signal.aborted ? undefined : this.chunks.shift();
      if (chunk) controller.enqueue(Uint8Array.from(chunk.bytes));
    };
    const cancel = (): void => {
      stop.abort();
      this.input = null;
    };
    return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
  }
  private newOutput(): WritableStream<ArrayBuffer | ArrayBufferView> {
    const over = (): void => {
      this.output = null;
    };
    return new WritableStream({ write: (chunk) => this.send(chunk), close: over, abort: over });
  }

  /** Somebody has sent something, or stops reading. */
  private written(signal: AbortSignal): Promise<void> {
    return new Promise((next) => {
      const done = (): void => {
        this.wake.delete(done);
        signal.removeEventListener('abort', done);
        next();
      };
      this.wake.add(done);
      signal.addEventListener('abort', done);
    });
  }
  private async send(chunk: ArrayBuffer | ArrayBufferView): Promise<void> {
    let bytes: Uint8Array;
    try {
      bytes = bufferSource(chunk);
    } catch (error) {
      // the stream ends with it: the next one is new
      this.output = null;
      throw error;
    }
    for (const byte of bytes) this.link?.uart.send(byte);
    this.active = this.held.bus.now;
    for (const wake of [...this.wake]) wake();
  }
}

/** What `navigator.serial` is in a browser, with one port behind it. */
export class WebSerial extends EventTarget {
  /** Never called: the port stays. */
  onconnect: ((event: Event) => void) | null = null;
  /** Never called: the port stays. */
  ondisconnect: ((event: Event) => void) | null = null;
  private readonly port: WebSerialPort;

  /** @internal */
  constructor(held: HeldMachine, port: string) {
    super();
    this.port = new WebSerialPort(held, port);
  }
  /** The port. */
  async getPorts(): Promise<WebSerialPort[]> {
    return [this.port];
  }
  /** The port, as if a user had chosen it, whatever the filters. */
  async requestPort(options?: object): Promise<WebSerialPort> {
    const example = 'for example { filters: [{ usbVendorId: 0x0483 }] }';
    if (typeof (options ?? {}) !== 'object') throw new TypeError(`requestPort: no object is given: ${example}`);
    const filters: unknown = (options as { readonly filters?: unknown } | null | undefined)?.filters;
    if (filters !== undefined) demandFilters(filters, 'requestPort', example);
    return this.port;
  }
}
