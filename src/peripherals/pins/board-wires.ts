/**
 * How a serial block asks a device of the board: it drives `<block>.asks` to what it asks and back to 0. A device that listens has set `<block>.answer` and
 * `<block>.answered` meanwhile; without one nothing has answered.
 */
import type { Env } from '../../emu/component.ts';
import type { Ps } from '../../emu/time.ts';
import type { Wire } from '../../emu/wires.ts';
import { ofBlock } from '../wires.ts';

export class BoardWires {
  private readonly asks: Wire;
  private readonly answer: Wire;
  private readonly answered: Wire;
  private readonly sent: Wire;

  constructor(block: string) {
    this.asks = ofBlock(block, 'asks');
    this.answer = ofBlock(block, 'answer');
    this.answered = ofBlock(block, 'answered');
    this.sent = ofBlock(block, 'sent');
  }
  /** The device's answer; null where there is none. `ask` is not 0. */
  ask(env: Env, ask: number, sent = 0): number | null {
    env.setWire(this.sent, sent);
    env.setWire(this.asks, ask);
    env.setWire(this.asks, 0);
    if (env.wire(this.answered) === 0) return null;
    env.setWire(this.answered, 0);
    return env.wire(this.answer);
  }
}

/**
 * How a master outside asks a block that is a slave: it sets `<block>.host.asks`, a sequence number above a kind in bits 10:8 and a byte below. The block sets
 * `<block>.host.answer`, at once or, while it stretches SCL, later.
 */
export class OutsideMaster {
  readonly asks: Wire;
  private readonly answerWire: Wire;

  constructor(block: string) {
    this.asks = ofBlock(block, 'host.asks');
    this.answerWire = ofBlock(block, 'host.answer');
  }
  answer(env: Env, value: number): void {
    env.setWire(this.answerWire, value);
  }
}
/** What a master outside asks for; `read` at the start of its byte, the others at their end. */
export const OUTSIDE_ASK = { address: 1, write: 2, read: 3, stop: 4, refuse: 5 } as const;
export type OutsideKind = keyof typeof OUTSIDE_ASK;
export const kindOfAsk = (value: number): OutsideKind | undefined =>
  (Object.keys(OUTSIDE_ASK) as OutsideKind[]).find((k) => OUTSIDE_ASK[k] === ((value >>> 8) & 7));
export const outsideAsk = (kind: OutsideKind, byte: number, sequence: number): number =>
  sequence * 0x800 + ((OUTSIDE_ASK[kind] << 8) | byte);
/** Answers: 0 is none yet; a byte that is read has bit 8 set. */
export const OUTSIDE_ANSWER = { refused: 1, acknowledged: 2, data: 0x100 } as const;

/**
 * How another CAN node talks to a block and hears it. It sets the frame as the mailbox registers hold it and then `<block>.host.asks` to another number; the answer is
 * the acknowledge. Once `<block>.host.bit` is set the node acknowledges frames that are sent at its bit rate; `<block>.sent` counts these.
 */
export class OutsideNode {
  readonly asks: Wire;
  private readonly answered: Wire;
  private readonly bitTime: Wire;
  private readonly hostFrame: readonly Wire[];
  private readonly sentFrame: readonly Wire[];
  private readonly sent: Wire;

  constructor(block: string) {
    this.asks = ofBlock(block, 'host.asks');
    this.answered = ofBlock(block, 'host.answer');
    this.bitTime = ofBlock(block, 'host.bit');
    this.hostFrame = CAN_WORDS.map((name) => ofBlock(block, `host.${name}`));
    this.sentFrame = CAN_WORDS.map((name) => ofBlock(block, `sent.${name}`));
    this.sent = ofBlock(block, 'sent');
  }
  /** Identifier, length and data of what it sends. */
  frame(env: Env): CanFrame {
    const [id, length, low, high] = this.hostFrame.map((word) => env.wire(word)) as [number, number, number, number];
    return [id, length, low, high];
  }
  answer(env: Env, value: number): void {
    env.setWire(this.answered, value);
  }
  /** Its bit time in picoseconds; 0 = nobody is there. */
  bit(env: Env): Ps {
    return env.wire(this.bitTime);
  }
  send(env: Env, frame: CanFrame): void {
    this.sentFrame.forEach((word, i) => env.setWire(word, frame[i]!));
    env.setWire(this.sent, env.wire(this.sent) + 1);
  }
}
/** As TIxR, TDTxR, TDLxR and TDHxR hold it. */
export type CanFrame = readonly [id: number, length: number, low: number, high: number];
export const CAN_WORDS = ['id', 'length', 'low', 'high'] as const;

/** What I2C asks: the kind in bits 10:8, the byte on the bus below. An address or a byte written is answered by 1 for an ACK, a read by the byte. */
export const I2C_ASK = { address: 1, write: 2, read: 3, stop: 4 } as const;
export const i2cAsk = (kind: keyof typeof I2C_ASK, byte = 0): number => (I2C_ASK[kind] << 8) | byte;
/**
 * Whether a device of the board acknowledges this address.
 *
 * @param byte as on the bus: the direction in bit 0
 */
export function i2cAddressed(board: BoardWires, env: Env, byte: number): boolean {
  if (board.ask(env, i2cAsk('address', byte)) === 1) return true;
  const address = (byte >>> 1) & 0x7f;
  env.note('guest', `no device on the emulated bus acknowledges address 0x${address.toString(16).padStart(2, '0')}`, {
    is: 'no-acknowledge',
    address,
  });
  return false;
}
