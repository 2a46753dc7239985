/**
 * A reference device: DFU 1.1 with ST's DfuSe as a small state machine over plain memory. Model-based tests compare a device with it request by
 * request; the tests of the kit run on it with one thing broken. Time does not pass in it: work is done between two GETSTATUS.
 */
import { sectorOf, type DfuSegment } from '../descriptors.ts';
import { DFU, DFUSE_CODE, dfuseAddress } from '../dfu-protocol.ts';
import type { LinkAnswer } from './link.ts';
import { STATE } from './model.ts';

/** Where devices differ; the defaults are the text of DFU 1.1. */
export interface ReferenceOptions {
  /** Memory of alternate setting 0, from its first segment to its last without a gap. */
  readonly layout: readonly DfuSegment[];
  /** wTransferSize, bytes. */
  readonly transferSize: number;
  /** CLRSTATUS outside dfuERROR. */
  readonly clearStatus: 'stall-error' | 'stall-keeps' | 'makes-error';
  /** A DNLOAD of length 0 in dfuIDLE is a leave; ABORT is taken in the SYNC states (ST). */
  readonly st: boolean;
  /** RDP is active: reads, writes and erases are errVENDOR (AN2662). */
  readonly protected?: boolean;
  /** Byte that erased flash reads; default 0xFF. */
  readonly erased?: number;
}
const ERASED = 0xff;

const STATUS = { OK: 0, TARGET: 1, VENDOR: 11, UNKNOWN: 14, STALLEDPKT: 15 } as const;
const ACK: LinkAnswer = { status: 'ok', data: new Uint8Array(0) };
const STALL: LinkAnswer = { status: 'stall', data: new Uint8Array(0) };
const answer = (...data: number[]): LinkAnswer => ({ status: 'ok', data: Uint8Array.from(data) });
const COMMANDS = Object.values(DFUSE_CODE);

/** A DFU device as DFU 1.1 and AN3156 have it, without a chip: what the emulated one is compared with. */
export class ReferenceDfu {
  /** What it is made by. */
  readonly options: ReferenceOptions;
  /** What it holds, from `base` on. */
  readonly memory: Uint8Array;
  /** Lowest address of the layout. */
  readonly base: number;
  /** bState (DFU 1.1 §6.1.2). */
  state: number = STATE.IDLE;
  /** bStatus (DFU 1.1 §6.1.2). */
  status: number = STATUS.OK;
  /** DfuSe's address pointer. */
  pointer: number;
  /** A DNLOAD of length 0 was followed by GETSTATUS: the device goes. */
  left = false;
  private pending: { block: number; data: Uint8Array } | null = null;
  private busy = false;

  /** @param memory what it holds, from the lowest address of the layout on; erased where none is given */
  constructor(options: ReferenceOptions, memory?: Uint8Array) {
    if (!Array.isArray((options as Partial<ReferenceOptions> | null | undefined)?.layout))
      throw new TypeError('a ReferenceDfu is made of { layout, … }: give the segments of its memory');
    this.options = options;
    this.base = this.pointer = options.layout[0]?.start ?? 0;
    this.memory = memory ?? new Uint8Array(ReferenceDfu.bytesOf(options)).fill(options.erased ?? ERASED);
  }
  /** Bytes from the lowest to the highest address of a layout. */
  static bytesOf({ layout }: ReferenceOptions): number {
    return (layout.at(-1)?.end ?? 0) - (layout[0]?.start ?? 0);
  }

  /** A DFU class request: bRequest, wValue, wLength and the data of an OUT stage. */
  request(request: number, value: number, length: number, data: Uint8Array): LinkAnswer {
    switch (request) {
      case DFU.DNLOAD:
        return this.download(value, data);
      case DFU.UPLOAD:
        return this.upload(value, length);
      case DFU.GETSTATUS:
        return this.getStatus(length);
      case DFU.GETSTATE:
        return answer(...[this.state].slice(0, length));
      case DFU.CLRSTATUS:
        return this.clear();
      case DFU.ABORT:
        return this.abort();
      default:
        return this.refuse(STATUS.STALLEDPKT);
    }
  }
  /** Bus reset. */
  reset(): void {
    this.state = STATE.IDLE;
    this.status = STATUS.OK;
    this.pointer = this.base;
    this.pending = null;
    this.busy = false;
  }

  private refuse(status: number): LinkAnswer {
    this.state = STATE.ERROR;
    this.status = status;
    this.pending = null;
    return STALL;
  }
  /** A DNLOAD of data that would not be refused. */
  takes(block: number, data: Uint8Array): boolean {
    const open = this.state === STATE.IDLE || this.state === STATE.DNLOAD_IDLE;
    return open && data.length <= this.options.transferSize && block !== 1;
  }
  private download(block: number, data: Uint8Array): LinkAnswer {
    if (this.state !== STATE.IDLE && this.state !== STATE.DNLOAD_IDLE) return this.illegal();
    if (data.length === 0) {
      if (this.state === STATE.IDLE && !this.options.st) return this.illegal();
      this.state = STATE.MANIFEST_SYNC;
      return ACK;
    }
    if (!this.takes(block, data)) return this.illegal();
    this.pending = { block, data: data.slice() };
    this.state = STATE.DNLOAD_SYNC;
    return ACK;
  }
  /** A request that the state does not allow; in dfuERROR, too, the status becomes errSTALLEDPKT (DFU 1.1 §A.2.11). */
  private illegal(): LinkAnswer {
    return this.refuse(STATUS.STALLEDPKT);
  }
  private upload(block: number, length: number): LinkAnswer {
    const { transferSize } = this.options;
    if ((this.state !== STATE.IDLE && this.state !== STATE.UPLOAD_IDLE) || block === 1 || length > transferSize) return this.illegal();
    if (block === 0) {
      this.state = length > 3 ? STATE.IDLE : STATE.UPLOAD_IDLE;
      return answer(...COMMANDS.slice(0, length));
    }
    if (this.options.protected) return this.refuse(STATUS.VENDOR);
    const at = this.pointer + (block - 2) * transferSize - this.base;
    if (at < 0 || at >= this.memory.length) return this.refuse(STATUS.TARGET);
    const data = this.memory.slice(at, at + length);
    this.state = data.length < length ? STATE.IDLE : STATE.UPLOAD_IDLE;
    return { status: 'ok', data };
  }
  private getStatus(length: number): LinkAnswer {
    if (this.state === STATE.DNLOAD_SYNC) this.sync();
    else if (this.state === STATE.MANIFEST_SYNC) {
      this.state = STATE.MANIFEST;
      this.left = true;
    }
    const reply = answer(...[this.status, 0, 0, 0, this.state, 0].slice(0, length));
    if (this.busy) this.work();
    return reply;
  }
  private sync(): void {
    if (this.pending === null) {
      this.state = STATE.DNLOAD_IDLE;
      return;
    }
    if (this.pending.block < 2 && !this.isCommand(this.pending.data)) {
      this.pending = null;
      this.refuse(STATUS.STALLEDPKT);
      return;
    }
    this.state = STATE.DNBUSY;
    this.busy = true;
  }
  private isCommand(data: Uint8Array): boolean {
    const [code] = data;
    if (code === DFUSE_CODE.SET_ADDRESS) return data.length === 5;
    if (code === DFUSE_CODE.ERASE) return data.length === 5 || data.length === 1;
    return code === 0x92 && data.length === 1;
  }
  private work(): void {
    const { block, data } = this.pending!;
    this.pending = null;
    this.busy = false;
    this.status = block >= 2 ? this.write(block, data) : this.command(data);
    this.state = this.status === STATUS.OK ? STATE.DNLOAD_SYNC : STATE.ERROR;
  }
  private inside(address: number): boolean {
    return address >= this.base && address < this.base + this.memory.length;
  }
  private write(block: number, data: Uint8Array): number {
    if (this.options.protected) return STATUS.VENDOR;
    const address = this.pointer + (block - 2) * this.options.transferSize;
    if (!this.inside(address) || !this.inside(address + data.length - 1)) return STATUS.TARGET;
    this.memory.set(data, address - this.base);
    return STATUS.OK;
  }
  private command(data: Uint8Array): number {
    const address = dfuseAddress(data);
    if (data[0] === DFUSE_CODE.SET_ADDRESS) {
      if (!this.inside(address)) return STATUS.TARGET;
      this.pointer = address;
      return STATUS.OK;
    }
    if (this.options.protected) return STATUS.VENDOR;
    if (data.length === 1) {
      this.memory.fill(this.options.erased ?? ERASED);
      return STATUS.OK;
    }
    if (!this.inside(address)) return STATUS.TARGET;
    const [from, to] = this.sectorOf(address);
    this.memory.fill(this.options.erased ?? ERASED, from - this.base, to - this.base);
    return STATUS.OK;
  }
  /** First address of the sector that an address lies in, and the first one behind it. */
  sectorOf(address: number): [number, number] {
    return sectorOf(this.options.layout, address);
  }
  private clear(): LinkAnswer {
    if (this.state === STATE.ERROR) {
      this.state = STATE.IDLE;
      this.status = STATUS.OK;
      return ACK;
    }
    if (this.options.clearStatus === 'stall-keeps') return STALL;
    if (this.options.clearStatus === 'stall-error') return this.illegal();
    this.refuse(STATUS.UNKNOWN);
    return ACK;
  }
  private abort(): LinkAnswer {
    const sync = this.state === STATE.DNLOAD_SYNC || this.state === STATE.MANIFEST_SYNC;
    if (this.state === STATE.ERROR) return STALL;
    if (sync && !this.options.st) return this.illegal();
    this.state = STATE.IDLE;
    this.pending = null;
    return ACK;
  }
}
