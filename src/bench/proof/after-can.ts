/** The ROM's commands on CAN (AN3154), as a host's tool uses them. */
import { MS, type Ps } from '../../emu/time.ts';
import type { AfterResult } from '../documents/result.ts';
import type { Asking } from '../input/goal.ts';
import type { Session } from '../session/session.ts';
import { addressBytes, answerOf, COMMAND, ERASED, inTurn, PortTool, SOON, WRITTEN, type Answer } from './after-port.ts';
import { failed, ok } from './after-tool.ts';
import { CanLink } from './command-links.ts';

/** Of frames with data for Write Memory. */
const DATA = 0x04;
const FRAME = 8;
/** 32 frames at 125 kbit/s. */
const READ: Ps = 100 * MS;

export class CanTool extends PortTool {
  private readonly link: CanLink;

  constructor(s: Session, asking: Asking) {
    super(s, asking.port);
    this.link = new CanLink(s, asking);
  }
  end(): void {
    this.link.end();
  }
  about(): AfterResult<string> {
    if (this.say(COMMAND.get) !== 'ack') return failed(this.isGone() ? this.gone() : 'it does not answer Get');
    const [[count = 0] = []] = this.link.hear(COMMAND.get, 1, SOON);
    const list = this.link.hear(COMMAND.get, count + 2, SOON);
    if (list.length < count + 2) return failed('its answer to Get ends early');
    const [id] = this.say(COMMAND.getId) === 'ack' ? this.link.hear(COMMAND.getId, 1, SOON) : [];
    return ok(`${count} commands${id === undefined ? '' : `, product ID 0x${((id[0]! << 8) | (id[1] ?? 0)).toString(16)}`}`);
  }

  protected readBlock(address: number, count: number): { readonly answer: Answer; readonly got: readonly number[] } {
    const answer = this.say(COMMAND.readMemory, [...addressBytes(address), count - 1]);
    const frames = Math.floor(count / FRAME) + (count % FRAME);
    return { answer, got: answer === 'ack' ? this.link.hear(COMMAND.readMemory, frames + 1, READ).flat() : [] };
  }
  protected writeBlock(address: number, bytes: readonly number[]): Answer {
    const frames = Array.from({ length: Math.ceil(bytes.length / FRAME) }, (_, i) => bytes.slice(i * FRAME, (i + 1) * FRAME));
    return inTurn(
      this.say(COMMAND.writeMemory, [...addressBytes(address), bytes.length - 1]),
      ...frames.map((frame) => () => this.say(DATA, frame, SOON, COMMAND.writeMemory)),
      () => answerOf(this.link.hear(COMMAND.writeMemory, 1, WRITTEN)[0]?.[0]),
    );
  }
  protected erasePage(page: number): Answer {
    return inTurn(
      this.say(COMMAND.erase, [0]),
      () => answerOf(this.link.hear(COMMAND.erase, 1, SOON)[0]?.[0]),
      () => this.say(COMMAND.erase, [page], ERASED),
    );
  }
  protected go(address: number): Answer {
    return this.say(COMMAND.go, addressBytes(address));
  }

  /** @param from identifier of the answer */
  private say(id: number, bytes: readonly number[] = [], patience = SOON, from = id): Answer {
    this.link.say(id, bytes);
    return answerOf(this.link.hear(from, 1, patience)[0]?.[0]);
  }
}
