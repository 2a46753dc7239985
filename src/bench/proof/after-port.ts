/** What the tools on interfaces other than USB have in common: steps that the ROM acknowledges, pages by their numbers. */
import { parseDfuseLayout } from '../../usb-sim/descriptors.ts';
import type { AfterResult } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { failed, goneInWords, ok, refused, type Read, type Tool } from './after-tool.ts';

const ACK = 0x79;
const NACK = 0x1f;
const FLASH = 0x08000000;

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
  abstract readonly bytes: number;
  protected readonly s: Session;
  private readonly port: string;
  private readonly resets: number;
  private silent = false;

  constructor(s: Session, port: string) {
    this.s = s;
    this.port = port;
    this.resets = s.machine.history.resets.length;
  }
  abstract about(): AfterResult<string>;
  abstract read(address: number, length: number): Read;
  abstract erase(address: number): AfterResult<string>;
  abstract write(address: number, data: Uint8Array): AfterResult<string>;
  abstract leave(address: number): AfterResult<string>;

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
  protected pageAt(address: number): number | null {
    if (address === FLASH) return 0;
    const layout = parseDfuseLayout(this.s.profile?.dfu?.alts.value[0] ?? '');
    const starts = layout.flatMap((x) => Array.from({ length: (x.end - x.start) / x.sectorSize }, (_, i) => x.start + i * x.sectorSize));
    const page = starts.findLastIndex((start) => start <= address);
    return page < 0 ? null : page;
  }
  protected told(answer: Answer, what: string): AfterResult<string> {
    return answer === 'ack' ? ok() : this.refusal(answer, what);
  }
  protected refusal(answer: Answer, what: string): AfterResult<string> {
    if (answer === 'nack') return refused(`${what} is answered with NACK`);
    this.silent = answer === 'nothing';
    return failed(this.isGone() ? `${what}: ${this.gone()}` : `${what} is answered with another byte than ACK`);
  }
}
