/** What the tools on interfaces other than USB have in common: steps that the ROM acknowledges, pages by their numbers. */
import { MS, PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import { parseDfuseLayout } from '../../usb-sim/descriptors.ts';
import { hex32, type AfterResult } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { failed, goneInWords, ok, refused, type Read, type Tool } from './after-tool.ts';

const ACK = 0x79;
const NACK = 0x1f;
const FLASH = 0x08000000;

/** Codes of the commands, the same on all interfaces. */
export const COMMAND = {
  get: 0x00,
  getId: 0x02,
  readMemory: 0x11,
  go: 0x21,
  writeMemory: 0x31,
  erase: 0x43,
  extendedErase: 0x44,
} as const;
/** Bytes of one Read Memory or Write Memory. */
const BLOCK = 256;
export const SOON: Ps = 100 * MS;
/** 256 bytes in words or half-words. */
export const WRITTEN: Ps = 200 * MS;
/** A sector of 128 KB takes 4 s at most (datasheets). */
export const ERASED: Ps = 8 * PS_PER_SECOND;

/** What a step was answered with. */
export type Answer = 'ack' | 'nack' | 'nothing' | 'other';
export const answerOf = (byte: number | undefined): Answer =>
  byte === undefined ? 'nothing' : byte === ACK ? 'ack' : byte === NACK ? 'nack' : 'other';
/** Up to the first that is not acknowledged. */
export function inTurn(first: Answer, ...rest: readonly (() => Answer)[]): Answer {
  let answer = first;
  for (const next of rest) {
    if (answer !== 'ack') return answer;
    answer = next();
  }
  return answer;
}
export const addressBytes = (a: number): readonly number[] => [24, 16, 8, 0].map((shift) => (a >>> shift) & 0xff);

export abstract class PortTool implements Tool {
  readonly memory = FLASH;
  readonly bytes = 2 * BLOCK;
  private readonly s: Session;
  private readonly port: string;
  private readonly resets: number;
  private silent = false;

  constructor(s: Session, port: string) {
    this.s = s;
    this.port = port;
    this.resets = s.machine.history.resets.length;
  }
  abstract about(): AfterResult<string>;
  /** Bytes of one block, fewer if they do not come. */
  protected abstract readBlock(address: number, count: number): { readonly answer: Answer; readonly got: readonly number[] };
  protected abstract writeBlock(address: number, bytes: readonly number[]): Answer;
  protected abstract erasePage(page: number): Answer;
  protected abstract go(address: number): Answer;

  read(address: number, length: number): Read {
    const all: number[] = [];
    for (let done = 0; done < length; done += BLOCK) {
      const count = Math.min(BLOCK, length - done);
      const { answer, got } = this.readBlock(address + done, count);
      if (got.length < count)
        return { wrong: this.refusal(answer === 'ack' ? 'nothing' : answer, `Read Memory at ${hex32(address + done)}`) };
      all.push(...got.slice(0, count));
    }
    return { data: Uint8Array.from(all) };
  }
  write(address: number, data: Uint8Array): AfterResult<string> {
    for (let done = 0; done < data.length; done += BLOCK) {
      const answer = this.writeBlock(address + done, [...data.subarray(done, done + BLOCK)]);
      if (answer !== 'ack') return this.refusal(answer, `Write Memory at ${hex32(address + done)}`);
    }
    return ok();
  }
  erase(address: number): AfterResult<string> {
    const page = this.pageAt(address);
    if (page === null) return { result: 'not-tried', because: 'the number of its page is not known' };
    return this.told(this.erasePage(page), `Erase of page ${page}`);
  }
  leave(address: number): AfterResult<string> {
    this.s.goTo = address;
    return this.told(this.go(address), `Go to ${hex32(address)}`);
  }

  isGone(): boolean {
    const { machine } = this.s;
    return this.silent || machine.history.resets.length > this.resets || !machine.state.inSystem;
  }
  gone(): string {
    const at = this.s.state.goal.at ?? 0;
    return goneInWords(this.s, this.resets, { at, what: `its first answer on ${this.port}` }, this.silent ? this.s.machine.now : null);
  }
  application(): number | null {
    const addresses = this.s.input.images.flatMap((i) => i.chunks.map((c) => c.address));
    return addresses.find((a) => this.s.machine.system.regionAt(a)?.memory?.row.kind === 'flash') ?? null;
  }
  /** Erase counts pages: the first one's number is known, others as the part's ROM describes its flash to a USB host. */
  private pageAt(address: number): number | null {
    if (address === FLASH) return 0;
    const layout = parseDfuseLayout(this.s.profile?.dfu?.alts.value[0] ?? '');
    const starts = layout.flatMap((x) => Array.from({ length: (x.end - x.start) / x.sectorSize }, (_, i) => x.start + i * x.sectorSize));
    const page = starts.findLastIndex((start) => start <= address);
    return page < 0 ? null : page;
  }
  private told(answer: Answer, what: string): AfterResult<string> {
    return answer === 'ack' ? ok() : this.refusal(answer, what);
  }
  private refusal(answer: Answer, what: string): AfterResult<string> {
    if (answer === 'nack') return refused(`${what} is answered with NACK`);
    this.silent = answer === 'nothing';
    return failed(this.isGone() ? `${what}: ${this.gone()}` : `${what} is answered with another byte than ACK`);
  }
}
