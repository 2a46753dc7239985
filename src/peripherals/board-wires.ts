/**
 * How a serial block asks a device of the board: it drives `<block>.asks` to what it asks and back to 0. A device that listens has set `<block>.answer` and
 * `<block>.answered` meanwhile; without one nothing has answered.
 */
import type { Env } from '../emu/component.ts';

export class BoardWires {
  private readonly asks: string;
  private readonly answer: string;
  private readonly answered: string;
  private readonly sent: string;

  constructor(block: string) {
    const wire = block.toLowerCase();
    this.asks = `${wire}.asks`;
    this.answer = `${wire}.answer`;
    this.answered = `${wire}.answered`;
    this.sent = `${wire}.sent`;
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

/** What I2C asks: the kind in bits 10:8, the byte on the bus below. An address or a byte written is answered by 1 for an ACK, a read by the byte. */
export const I2C_ASK = { address: 1, write: 2, read: 3, stop: 4 } as const;
export const i2cAsk = (kind: keyof typeof I2C_ASK, byte = 0): number => (I2C_ASK[kind] << 8) | byte;
