/**
 * An interrupt handler on linear values (linear.ts), for interrupted code that may be anywhere: all registers are unknown at entry. The proof succeeds if each has its initial
 * value at the end; anything else gives up.
 */
import type { Profile } from '../core/builder.ts';
import { FRAME } from '../core/arm/exceptions.ts';
import { giveUp, LinearRun, Unknown, type Cell, type Surroundings } from './linear.ts';
import { S } from '../core/state.ts';

/** Registers of a frame in order; the return address and xPSR follow. */
export const STACKED = FRAME.slice(0, -1);
export const RETURN_ADDRESS = 4 * STACKED.length;
export const XPSR = RETURN_ADDRESS + 4;
/** R0…R12 and LR. */
const GENERAL = [...Array.from({ length: 13 }, (_, i) => S.R + 4 * i), S.LR];
const FLAGS = [S.NF, S.ZF, S.CF, S.VF, S.QF, S.GE];

/** How a core enters the handler from its present state. */
export interface HandlerEntry {
  /** Address of its vector. */
  readonly vector: number;
  /** Address and number of words of the frame. */
  readonly frame: number;
  readonly frameWords: number;
  /** SP in the handler. */
  readonly sp: number;
  readonly excReturn: number;
}

export class LinearHandler extends LinearRun {
  /** The handler has returned. */
  through = false;
  private readonly how: HandlerEntry;
  private readonly before: ReadonlyMap<number, Unknown>;
  private readonly returnAddress = new Unknown();
  private readonly xpsr = new Unknown();

  constructor(profile: Profile, around: Surroundings, how: HandlerEntry, cells: Iterable<Cell> = []) {
    super(profile, around, 0, cells);
    this.how = how;
    this.before = new Map([...GENERAL, ...FLAGS].map((offset) => [offset, new Unknown()]));
  }

  /** Enters the handler; `run` continues from there. Throws GIVE_UP. */
  enter(): void {
    const { frame, frameWords, sp, excReturn, vector } = this.how;
    for (const [offset, value] of this.before) this.setState(offset, value);
    STACKED.forEach((offset, i) => this.store(frame + 4 * i, 4, this.before.get(offset)!));
    this.store(frame + RETURN_ADDRESS, 4, this.returnAddress);
    this.store(frame + XPSR, 4, this.xpsr);
    // the floating-point part is reserved or stored
    for (let at = XPSR + 4; at < 4 * frameWords; at += 4) this.store(frame + at, 4, new Unknown());
    this.setState(S.SP, sp);
    this.setState(S.LR, excReturn);
    const handler = this.truth(this.load(vector, 4));
    if ((handler & 1) === 0) giveUp();
    this.next = (handler & ~1) >>> 0;
  }
  protected override exceptionReturn(value: number): void {
    const { frame, sp, excReturn } = this.how;
    if (value !== excReturn >>> 0 || this.truth(this.reg(13)) >>> 0 !== sp >>> 0 || this.inItBlock) giveUp();
    STACKED.forEach((offset, i) => this.setState(offset, this.load(frame + 4 * i, 4)));
    const whole = [...GENERAL].every((offset) => this.state(offset) === this.before.get(offset));
    const returns = this.load(frame + RETURN_ADDRESS, 4) === this.returnAddress && this.load(frame + XPSR, 4) === this.xpsr;
    if (!whole || !returns) giveUp();
    this.through = true;
  }
}
