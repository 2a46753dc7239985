/** The reference device behind a link, with descriptors and standard requests, and one thing that a test breaks. */
import type { DfuFacts, DfuLink, LinkAnswer } from '../../src/usb-sim/conform/link.ts';
import { ReferenceDfu, type ReferenceOptions } from '../../src/usb-sim/conform/reference.ts';
import { parseDfuseLayout } from '../../src/usb-sim/descriptors.ts';

const NAME = '@Internal Flash  /0x08000000/8*1Kg';
const OPTIONS: ReferenceOptions = {
  layout: parseDfuseLayout(NAME),
  transferSize: 256,
  clearStatus: 'stall-error',
  st: false,
};
// prettier-ignore
const CONFIGURATION = Uint8Array.of(
  9, 2, 27, 0, 1, 1, 0, 0xc0, 50,
  9, 4, 0, 0, 0, 0xfe, 1, 2, 0,
  9, 0x21, 0x0b, 255, 0, 0, 1, 0x1a, 1,
);
const DEVICE = Uint8Array.of(18, 1, 0, 2, 0, 0, 0, 64, 0x83, 0x04, 0x11, 0xdf, 0, 2, 0, 0, 0, 1);
const FACTS: DfuFacts = {
  vid: 0x0483,
  pid: 0xdf11,
  bcdDevice: 0x0200,
  product: 'reference',
  packet0: 64,
  langId: 0x0409,
  configuration: CONFIGURATION,
  interfaceNumber: 0,
  alternates: [NAME],
  functional: { attributes: 0x0b, detachTimeoutMs: 255, transferSize: 256, version: 0x011a },
  layout: parseDfuseLayout(NAME),
};
const STALL: LinkAnswer = { status: 'stall', data: new Uint8Array(0) };

/** Looks at a request before the device does: an answer replaces the device's own; `after` may spoil what it answered. */
export interface Fault {
  readonly before?: (device: ReferenceDfu, setup: Uint8Array, data: Uint8Array) => LinkAnswer | null;
  readonly after?: (device: ReferenceDfu, setup: Uint8Array, answer: LinkAnswer) => LinkAnswer;
  readonly facts?: Partial<DfuFacts>;
  /** What may be written; a device of which that is said is a board that must not be lost. */
  readonly board?: { readonly address: number; readonly length: number };
}

export class ReferenceLink implements DfuLink {
  readonly facts: DfuFacts;
  readonly writable: { readonly address: number; readonly length: number };
  readonly expendable: boolean;
  device: ReferenceDfu;
  private readonly fault: Fault;
  private readonly options: ReferenceOptions;
  private alternate = 0;
  private brokenOff = false;

  constructor(fault: Fault = {}, options: Partial<ReferenceOptions> = {}) {
    this.fault = fault;
    this.writable = fault.board ?? { address: 0x08001000, length: 4096 };
    this.expendable = fault.board === undefined;
    this.facts = { ...FACTS, ...fault.facts };
    this.options = { ...OPTIONS, ...options };
    this.device = new ReferenceDfu(this.options);
  }
  async control(setup: Uint8Array, data: Uint8Array = new Uint8Array(0)): Promise<LinkAnswer> {
    const replaced = this.fault.before?.(this.device, setup, data) ?? null;
    const answer = replaced ?? (setup[0]! & 0x60 ? this.classRequest(setup, data) : this.standard(setup));
    return this.fault.after ? this.fault.after(this.device, setup, answer) : answer;
  }
  async abandon(): Promise<void> {
    this.brokenOff = true;
  }
  async reset(): Promise<'dfu'> {
    this.device.reset();
    return 'dfu';
  }
  async wait(): Promise<void> {}
  async fresh(): Promise<boolean> {
    this.device = new ReferenceDfu(this.options);
    this.alternate = 0;
    return true;
  }
  private classRequest(setup: Uint8Array, data: Uint8Array): LinkAnswer {
    if ((setup[0]! & 0x60) !== 0x20 || setup[4] !== 0) return STALL;
    return this.device.request(setup[1]!, setup[2]! | (setup[3]! << 8), setup[6]! | (setup[7]! << 8), data);
  }
  private configuration = 1;
  private standard(setup: Uint8Array): LinkAnswer {
    const length = setup[6]! | (setup[7]! << 8);
    const give = (bytes: Uint8Array): LinkAnswer => ({ status: 'ok', data: bytes.slice(0, length) });
    const [type, request, index, kind] = setup as unknown as number[];
    if (request === 6 && type === 0x80) {
      const found = kind === 1 ? DEVICE : kind === 2 && index === 0 ? CONFIGURATION : null;
      return found ? give(found) : STALL;
    }
    if (request === 6 && type === 0x81 && kind === 0x21) return give(CONFIGURATION.subarray(18));
    if (request === 0) return (type! & 0x1f) === 2 && (setup[4]! & 0xf) !== 0 ? STALL : give(Uint8Array.of(0, 0));
    if (request === 8) return give(Uint8Array.of(this.configuration));
    if (request === 9 && index! < 2) {
      this.configuration = index!;
      return give(new Uint8Array(0));
    }
    if (request === 10) return give(Uint8Array.of(this.alternate));
    if (request === 11 && index === 0) return give(new Uint8Array(0));
    return STALL;
  }
}
