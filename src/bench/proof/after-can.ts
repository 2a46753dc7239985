/** The ROM's commands on CAN (AN3154), as a host's tool uses them. */
import { MS, PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import { hex32, type AfterResult } from '../documents/result.ts';
import type { Asking } from '../input/goal.ts';
import type { Session } from '../session/session.ts';
import { addressBytes, answerOf, inTurn, PortTool, type Answer } from './after-port.ts';
import { failed, ok, type Read } from './after-tool.ts';
import { CanLink } from './command-links.ts';

const GET = 0x00;
const GET_ID = 0x02;
/** Of frames with data for Write Memory. */
const DATA = 0x04;
const READ_MEMORY = 0x11;
const GO = 0x21;
const WRITE_MEMORY = 0x31;
const ERASE = 0x43;

const BLOCK = 256;
const FRAME = 8;
const SOON: Ps = 100 * MS;
/** 256 bytes in words. */
const WRITTEN: Ps = 200 * MS;
/** A sector of 128 KB takes 4 s at most (datasheets). */
const ERASED: Ps = 8 * PS_PER_SECOND;
/** 32 frames at 125 kbit/s. */
const READ: Ps = 100 * MS;

export class CanTool extends PortTool {
  readonly bytes = 2 * BLOCK;
  private readonly link: CanLink;

  constructor(s: Session, asking: Asking) {
    super(s, asking.port);
    this.link = new CanLink(s, asking);
  }
  end(): void {
    this.link.end();
  }
  about(): AfterResult<string> {
    if (this.say(GET) !== 'ack') return failed(this.isGone() ? this.gone() : 'it does not answer Get');
    const [[count = 0] = []] = this.link.hear(GET, 1, SOON);
    const list = this.link.hear(GET, count + 2, SOON);
    if (list.length < count + 2) return failed('its answer to Get ends early');
    const [id] = this.say(GET_ID) === 'ack' ? this.link.hear(GET_ID, 1, SOON) : [];
    return ok(`${count} commands${id === undefined ? '' : `, product ID 0x${((id[0]! << 8) | (id[1] ?? 0)).toString(16)}`}`);
  }

  read(address: number, length: number): Read {
    const all: number[] = [];
    for (let done = 0; done < length; done += BLOCK) {
      const count = Math.min(BLOCK, length - done);
      const answer = this.say(READ_MEMORY, [...addressBytes(address + done), count - 1]);
      const frames = Math.floor(count / FRAME) + (count % FRAME);
      const got = answer === 'ack' ? this.link.hear(READ_MEMORY, frames + 1, READ).flat() : [];
      if (got.length < count)
        return { wrong: this.refusal(answer === 'ack' ? 'nothing' : answer, `Read Memory at ${hex32(address + done)}`) };
      all.push(...got.slice(0, count));
    }
    return { data: Uint8Array.from(all) };
  }
  erase(address: number): AfterResult<string> {
    const page = this.pageAt(address);
    if (page === null) return { result: 'not-tried', because: 'the number of its page is not known' };
    const answer = inTurn(
      this.say(ERASE, [0]),
      () => answerOf(this.link.hear(ERASE, 1, SOON)[0]?.[0]),
      () => this.say(ERASE, [page], ERASED),
    );
    return this.told(answer, `Erase of page ${page}`);
  }
  write(address: number, data: Uint8Array): AfterResult<string> {
    for (let done = 0; done < data.length; done += BLOCK) {
      const part = [...data.subarray(done, done + BLOCK)];
      const frames = Array.from({ length: Math.ceil(part.length / FRAME) }, (_, i) => part.slice(i * FRAME, (i + 1) * FRAME));
      const answer = inTurn(
        this.say(WRITE_MEMORY, [...addressBytes(address + done), part.length - 1]),
        ...frames.map((bytes) => () => this.say(DATA, bytes, SOON, WRITE_MEMORY)),
        () => answerOf(this.link.hear(WRITE_MEMORY, 1, WRITTEN)[0]?.[0]),
      );
      if (answer !== 'ack') return this.refusal(answer, `Write Memory at ${hex32(address + done)}`);
    }
    return ok();
  }
  leave(address: number): AfterResult<string> {
    this.s.goTo = address;
    return this.told(this.say(GO, addressBytes(address)), `Go to ${hex32(address)}`);
  }

  /** @param from identifier of the answer */
  private say(id: number, bytes: readonly number[] = [], patience = SOON, from = id): Answer {
    this.link.say(id, bytes);
    return answerOf(this.link.hear(from, 1, patience)[0]?.[0]);
  }
}
