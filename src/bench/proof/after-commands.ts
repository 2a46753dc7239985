/** The ROM's commands on a USART or on I2C: AN3155 and AN4221, as a host's tool uses them. */
import { MS, PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import { hex32, type AfterResult } from '../documents/result.ts';
import type { Asking } from '../input/goal.ts';
import type { Session } from '../session/session.ts';
import { addressBytes, answerOf, inTurn, PortTool, type Answer } from './after-port.ts';
import { failed, ok, type Read } from './after-tool.ts';
import { linkOf, type Link } from './command-links.ts';

const GET = 0x00;
const GET_ID = 0x02;
const READ_MEMORY = 0x11;
const GO = 0x21;
const WRITE_MEMORY = 0x31;
const ERASE = 0x43;
const EXTENDED_ERASE = 0x44;

/** AN3155: bytes of one Read Memory or Write Memory. */
const BLOCK = 256;
const SOON: Ps = 100 * MS;
/** 256 bytes in words or half-words. */
const WRITTEN: Ps = 200 * MS;
/** A sector of 128 KB takes 4 s at most (datasheets). */
const ERASED: Ps = 8 * PS_PER_SECOND;

export class CommandTool extends PortTool {
  readonly bytes = 2 * BLOCK;
  private readonly link: Link;
  /** Null until it was asked. */
  private commands: readonly number[] | null = null;
  /** On I2C the goal's own question was Get: its ACK has been read, and the rest of the answer waits. */
  private isAsked: boolean;

  constructor(s: Session, asking: Asking) {
    super(s, asking.port);
    this.link = linkOf(s, asking);
    this.isAsked = asking.baud === null;
  }
  end(): void {
    this.link.end();
  }
  about(): AfterResult<string> {
    const commands = this.get();
    if (commands === null) return failed(this.isGone() ? this.gone() : 'it does not answer Get');
    const id = this.command(GET_ID) === 'ack' ? this.idOf() : null;
    return ok(`${commands.length} commands${id === null ? '' : `, product ID 0x${id.toString(16)}`}`);
  }

  read(address: number, length: number): Read {
    const all: number[] = [];
    for (let done = 0; done < length; done += BLOCK) {
      const count = Math.min(BLOCK, length - done);
      const answer = inTurn(
        this.command(READ_MEMORY),
        () => this.say(withSum(addressBytes(address + done))),
        () => this.say([count - 1, (count - 1) ^ 0xff]),
      );
      const got = answer === 'ack' ? this.link.hear(count, SOON) : [];
      if (got.length < count)
        return { wrong: this.refusal(answer === 'ack' ? 'nothing' : answer, `Read Memory at ${hex32(address + done)}`) };
      all.push(...got);
    }
    return { data: Uint8Array.from(all) };
  }
  erase(address: number): AfterResult<string> {
    const page = this.pageAt(address);
    if (page === null) return { result: 'not-tried', because: 'the number of its page is not known' };
    const extended = this.get()?.includes(EXTENDED_ERASE) ?? true;
    const number = [page >>> 8, page & 0xff];
    const last = (bytes: readonly number[]) => (): Answer => this.say(withSum(bytes), ERASED);
    const steps = !extended
      ? [last([0, page])]
      : this.link.inParts
        ? [() => this.say(withSum([0, 0])), last(number)]
        : [last([0, 0, ...number])];
    return this.told(inTurn(this.command(extended ? EXTENDED_ERASE : ERASE), ...steps), `Erase of page ${page}`);
  }
  write(address: number, data: Uint8Array): AfterResult<string> {
    for (let done = 0; done < data.length; done += BLOCK) {
      const part = [...data.subarray(done, done + BLOCK)];
      const answer = inTurn(
        this.command(WRITE_MEMORY),
        () => this.say(withSum(addressBytes(address + done))),
        () => this.say(withSum([part.length - 1, ...part]), WRITTEN),
      );
      if (answer !== 'ack') return this.refusal(answer, `Write Memory at ${hex32(address + done)}`);
    }
    return ok();
  }
  leave(address: number): AfterResult<string> {
    this.s.goTo = address;
    return this.told(
      inTurn(this.command(GO), () => this.say(withSum(addressBytes(address)))),
      `Go to ${hex32(address)}`,
    );
  }

  private get(): readonly number[] | null {
    if (this.commands !== null) return this.commands;
    const { isAsked } = this;
    this.isAsked = false;
    if (!isAsked && this.command(GET) !== 'ack') return null;
    const [count = 0] = this.link.hear(1, SOON);
    // the version comes first, ACK last
    const list = this.link.hear(count + 2, SOON);
    return list.length < count + 2 ? null : (this.commands = list.slice(1, -1));
  }
  private idOf(): number | null {
    const [, high, low] = this.link.hear(4, SOON);
    return high === undefined || low === undefined ? null : (high << 8) | low;
  }
  private command(code: number): Answer {
    return this.say([code, code ^ 0xff]);
  }
  private say(bytes: readonly number[], patience = SOON): Answer {
    this.link.say(bytes);
    return answerOf(this.link.hear(1, patience)[0]);
  }
}

const withSum = (bytes: readonly number[]): readonly number[] => [...bytes, bytes.reduce((sum, b) => sum ^ b, 0)];
