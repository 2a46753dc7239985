/** The ROM's commands on a USART or on I2C: AN3155 and AN4221, as a host's tool uses them. */
import type { AfterResult } from '../documents/result.ts';
import type { Asking } from '../input/goal.ts';
import type { Session } from '../session/session.ts';
import { addressBytes, answerOf, COMMAND, ERASED, inTurn, PortTool, SOON, WRITTEN, type Answer } from './after-port.ts';
import { failed, ok } from './after-tool.ts';
import { linkOf, type Link } from './command-links.ts';

export class CommandTool extends PortTool {
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
    const id = this.command(COMMAND.getId) === 'ack' ? this.idOf() : null;
    return ok(`${commands.length} commands${id === null ? '' : `, product ID 0x${id.toString(16)}`}`);
  }

  protected readBlock(address: number, count: number): { readonly answer: Answer; readonly got: readonly number[] } {
    const answer = inTurn(
      this.command(COMMAND.readMemory),
      () => this.say(withSum(addressBytes(address))),
      () => this.say([count - 1, (count - 1) ^ 0xff]),
    );
    return { answer, got: answer === 'ack' ? this.link.hear(count, SOON) : [] };
  }
  protected writeBlock(address: number, bytes: readonly number[]): Answer {
    return inTurn(
      this.command(COMMAND.writeMemory),
      () => this.say(withSum(addressBytes(address))),
      () => this.say(withSum([bytes.length - 1, ...bytes]), WRITTEN),
    );
  }
  protected erasePage(page: number): Answer {
    const extended = this.get()?.includes(COMMAND.extendedErase) ?? true;
    const number = [page >>> 8, page & 0xff];
    const last = (bytes: readonly number[]) => (): Answer => this.say(withSum(bytes), ERASED);
    const steps = !extended
      ? [last([0, page])]
      : this.link.inParts
        ? [() => this.say(withSum([0, 0])), last(number)]
        : [last([0, 0, ...number])];
    return inTurn(this.command(extended ? COMMAND.extendedErase : COMMAND.erase), ...steps);
  }
  protected go(address: number): Answer {
    return inTurn(this.command(COMMAND.go), () => this.say(withSum(addressBytes(address))));
  }

  private get(): readonly number[] | null {
    if (this.commands !== null) return this.commands;
    const { isAsked } = this;
    this.isAsked = false;
    if (!isAsked && this.command(COMMAND.get) !== 'ack') return null;
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
