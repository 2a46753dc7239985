/**
 * Random DFU sequences on a real device, request by request beside the reference model, inside a flash range that the user names. The device is never sent
 * away, mass-erased or locked, nothing outside the range is written, and only the range is read back. fast-check makes the sequences and shortens a failing one.
 */
import type * as FastCheck from 'fast-check';
import { describeCommand, describeCommands, patternBytes, requestCommand, type DfuCommand } from '../bench/dfu/dfu-command.ts';
import { STATE } from '../usb-sim/conform/model.ts';
import type { DfuLink, LinkAnswer } from '../usb-sim/conform/link.ts';
import { ReferenceDfu, type ReferenceOptions } from '../usb-sim/conform/reference.ts';
import { setupPacket } from '../usb-sim/descriptors.ts';
import { DFU, DFUSE_CODE, dfuseCommand, dfuStateName } from '../usb-sim/dfu-protocol.ts';

export interface DfuTestSettings {
  readonly cases: number;
  readonly seed: number;
  readonly onCase?: (done: number) => void;
}
export interface DfuTestResult {
  readonly cases: number;
  readonly seed: number;
  /** Null: nothing went wrong. */
  readonly failure: { readonly what: string; readonly script: string } | null;
}
interface Range {
  readonly address: number;
  readonly length: number;
}

const UNKNOWN_REQUEST = 0x5a;
const MOST_POLLS = 200;
/** Programming units of all families divide this. */
const ALIGN = 32;
const NONE = new Uint8Array(0);

/** @param fc the module fast-check. The link names the range that may be written. */
export async function dfuTest(fc: typeof FastCheck, link: DfuLink, settings: DfuTestSettings): Promise<DfuTestResult> {
  const range = link.writable!;
  const options: ReferenceOptions = {
    layout: link.facts.layout,
    transferSize: link.facts.functional.transferSize,
    clearStatus: await clearStatusOf(link),
    st: true,
  };
  let done = 0;
  const property = fc.asyncProperty(safeCommands(fc, range, options.transferSize), async (commands) => {
    const problem = await new Case(link, range, options).run(commands);
    settings.onCase?.(++done);
    if (problem !== null) throw new Error(problem);
  });
  const found = await fc.check(property, { numRuns: settings.cases, seed: settings.seed, endOnFailure: false });
  const [commands] = found.counterexample ?? [];
  const failure = commands === undefined ? null : { what: messageOf(found.errorInstance), script: describeCommands(commands) };
  return { cases: found.numRuns, seed: found.seed, failure };
}
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What CLRSTATUS does outside dfuERROR: devices differ, and DFU 1.1 allows it. */
async function clearStatusOf(link: DfuLink): Promise<ReferenceOptions['clearStatus']> {
  await link.fresh();
  const number = link.facts.interfaceNumber;
  const clear = await link.control(setupPacket(0x21, DFU.CLRSTATUS, 0, number, 0));
  const state = (await link.control(setupPacket(0xa1, DFU.GETSTATE, 0, number, 1))).data[0];
  await link.fresh();
  return clear.status === 'ok' ? 'makes-error' : state === STATE.ERROR ? 'stall-error' : 'stall-keeps';
}

/** No leave (DNLOAD of length 0), no mass erase, no read-unprotect, no block of data but behind its own address. */
export function safeCommands(fc: typeof FastCheck, range: Range, transferSize: number): FastCheck.Arbitrary<DfuCommand[]> {
  const request = requestCommand;
  const at = fc.integer({ min: 0, max: Math.floor(range.length / ALIGN) - 1 }).map((n) => range.address + ALIGN * n);
  const length = fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constantFrom(transferSize, transferSize - 1, transferSize + 1));
  const within = fc.tuple(at, length, fc.nat({ max: 255 })).map(([address, n, seed]) => ({
    address,
    length: Math.min(n, range.address + range.length - address),
    seed,
  }));
  return fc.array(
    fc.oneof(
      fc.constantFrom(
        request(DFU.GETSTATUS, 0, null, 6),
        request(DFU.GETSTATE, 0, null, 1),
        request(DFU.ABORT, 0, []),
        request(DFU.CLRSTATUS, 0, []),
        request(UNKNOWN_REQUEST, 0, []),
      ),
      at.map((a) => request(DFU.DNLOAD, 0, [...dfuseCommand(DFUSE_CODE.SET_ADDRESS, a)])),
      at.map((a) => request(DFU.DNLOAD, 0, [...dfuseCommand(DFUSE_CODE.ERASE, a)])),
      fc.constant(request(DFU.DNLOAD, 2, new Array<number>(transferSize + 1).fill(0))),
      fc.constantFrom(request(DFU.UPLOAD, 0, null, 4), request(DFU.UPLOAD, 0, null, 2), request(DFU.UPLOAD, 1, null, 64)),
      fc.constant<DfuCommand>({ do: 'settle' }),
      within.map((w): DfuCommand => ({ do: 'download', ...w })),
      within.map((w): DfuCommand => ({ do: 'upload', address: w.address, length: w.length })),
    ),
    { minLength: 1, maxLength: 12 },
  );
}

/** One sequence. A text is what is wrong. */
class Case {
  private readonly link: DfuLink;
  private readonly range: Range;
  private readonly model: ReferenceDfu;

  constructor(link: DfuLink, range: Range, options: ReferenceOptions) {
    this.link = link;
    this.range = range;
    this.model = new ReferenceDfu(options);
  }

  async run(commands: readonly DfuCommand[]): Promise<string | null> {
    const { link, range, model } = this;
    if (!(await link.fresh())) return 'the device does not come back to dfuIDLE';
    const content = await this.read(range);
    if (content === null) return 'the range cannot be read';
    model.memory.set(content, range.address - model.base);
    await link.fresh();
    for (const c of commands) {
      const problem = await this.carryOut(c);
      if (problem !== null) return `${describeCommand(c)}: ${problem}`;
    }
    // work that was asked for is done by the next GETSTATUS, on both sides
    const problem = await this.idle();
    if (problem !== null) return `at the end: ${problem}`;
    if (!(await link.fresh())) return 'the device does not come back to dfuIDLE';
    const now = await this.read(range);
    if (now === null) return 'the range cannot be read any more';
    const at = now.findIndex((b, i) => model.memory[range.address - model.base + i] !== b);
    return at < 0 ? null : `flash at 0x${(range.address + at).toString(16)} holds 0x${now[at]!.toString(16)}, which was not sent there`;
  }
  /** The range by plain uploads, beside the model. */
  private async read({ address, length }: Range): Promise<Uint8Array | null> {
    const size = this.link.facts.functional.transferSize;
    const pointer = dfuseCommand(DFUSE_CODE.SET_ADDRESS, address);
    if ((await this.send(DFU.DNLOAD, 0, pointer, pointer.length)).status !== 'ok') return null;
    await this.send(DFU.GETSTATUS, 0, NONE, 6);
    await this.send(DFU.GETSTATUS, 0, NONE, 6);
    await this.send(DFU.ABORT, 0, NONE, 0);
    const bytes = new Uint8Array(length);
    for (let at = 0, block = 2; at < length; at += size, block++) {
      const got = await this.send(DFU.UPLOAD, block, NONE, Math.min(size, length - at));
      if (got.status !== 'ok' || got.data.length !== Math.min(size, length - at)) return null;
      bytes.set(got.data, at);
    }
    await this.send(DFU.ABORT, 0, NONE, 0);
    return bytes;
  }
  private send(request: number, value: number, data: Uint8Array, length: number): Promise<LinkAnswer> {
    const input = request === DFU.UPLOAD || request === DFU.GETSTATUS || request === DFU.GETSTATE;
    return this.link.control(setupPacket(input ? 0xa1 : 0x21, request, value, this.link.facts.interfaceNumber, length), data);
  }

  private carryOut(c: DfuCommand): Promise<string | null> {
    switch (c.do) {
      case 'request':
        return this.request(c.request, c.value, c.data === null ? c.length : Uint8Array.from(c.data));
      case 'settle':
        return this.settle();
      case 'download':
        return this.download(c.address, patternBytes(c.length, c.seed));
      case 'upload':
        return this.upload(c.address, c.length);
      default:
        return Promise.resolve(null);
    }
  }
  private async request(request: number, value: number, payload: Uint8Array | number): Promise<string | null> {
    const data = typeof payload === 'number' ? NONE : payload;
    const length = typeof payload === 'number' ? payload : payload.length;
    const before = this.model.state;
    const got = await this.send(request, value, data, length);
    const want = this.model.request(request, value, length, data);
    if (got.status !== 'ok' && got.status !== 'stall') return `no answer (${got.status})`;
    if (got.status !== want.status) return `${got.status} in ${dfuStateName(before)}; the model says ${want.status}`;
    if (got.status === 'stall') return null;
    if (request === DFU.GETSTATUS) {
      const [state, wanted] = [got.data[4] ?? -1, want.data[4] ?? -1];
      if (state === wanted && got.data[0] === want.data[0]) return this.pause(got.data);
      return `${dfuStateName(state)}, status ${got.data[0]}; the model says ${dfuStateName(wanted)}, status ${want.data[0]}`;
    }
    const at = want.data.findIndex((b, i) => got.data[i] !== b);
    return at < 0 && got.data.length === want.data.length
      ? null
      : `${got.data.length} bytes came, which differ from the model's at byte ${at}`;
  }
  /** bwPollTimeout. */
  private async pause(status: Uint8Array): Promise<null> {
    const ms = status[1]! | (status[2]! << 8) | (status[3]! << 16);
    if (ms > 0) await this.link.wait(ms);
    return null;
  }
  private async settle(): Promise<string | null> {
    for (let i = 0; i < MOST_POLLS; i++) {
      const problem = await this.request(DFU.GETSTATUS, 0, 6);
      if (problem !== null) return problem;
      if (this.model.state !== STATE.DNBUSY && this.model.state !== STATE.DNLOAD_SYNC) return null;
    }
    return `still ${dfuStateName(this.model.state)} after ${MOST_POLLS} polls`;
  }
  private async idle(): Promise<string | null> {
    if (this.model.state === STATE.DNLOAD_SYNC || this.model.state === STATE.DNBUSY) {
      const problem = await this.settle();
      if (problem !== null) return problem;
    }
    if (this.model.state === STATE.IDLE) return null;
    return this.request(this.model.state === STATE.ERROR ? DFU.CLRSTATUS : DFU.ABORT, 0, NONE);
  }
  private async command(code: number, address: number): Promise<string | null> {
    return (await this.request(DFU.DNLOAD, 0, dfuseCommand(code, address))) ?? (await this.settle());
  }
  /** Erases the sectors first: what words that were not erased become is the flash's own business. */
  private async download(address: number, data: Uint8Array): Promise<string | null> {
    let problem = await this.idle();
    for (let at = address; problem === null && at < address + data.length; at = this.model.sectorOf(at)[1])
      problem = await this.command(DFUSE_CODE.ERASE, at);
    const size = this.model.options.transferSize;
    for (let at = 0; problem === null && at < data.length; at += size) {
      if (this.model.state === STATE.ERROR) return null;
      problem =
        (await this.command(DFUSE_CODE.SET_ADDRESS, address + at)) ??
        (await this.request(DFU.DNLOAD, 2, data.subarray(at, at + size))) ??
        (await this.settle());
    }
    return problem;
  }
  private async upload(address: number, length: number): Promise<string | null> {
    let problem = (await this.idle()) ?? (await this.command(DFUSE_CODE.SET_ADDRESS, address)) ?? (await this.idle());
    const size = this.model.options.transferSize;
    for (let at = 0, block = 2; problem === null && at < length; at += size, block++)
      problem = await this.request(DFU.UPLOAD, block, Math.min(size, length - at));
    return problem;
  }
}
