/**
 * Who else is on the buses of the board while a step runs: a master on I2C or SPI, another node on CAN. It talks to a block over wires (board-wires.ts) at its own bit
 * rate, and lowers the pins at which a ROM watches that interface where levels count there. What came back is a line on the console channel of the port.
 */
import type { System } from '../../emu/system.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import { CAN_WORDS, OUTSIDE_ANSWER, outsideAsk, type OutsideKind } from '../../peripherals/pins/board-wires.ts';
import { canBits } from './can-frame.ts';
import type { PlannedAction } from '../documents/scenario-types.ts';

/** One thing that the host does: bit times that pass, what it asks then, and bit times behind the answer. */
interface Move {
  readonly kind: OutsideKind;
  readonly byte: number;
  readonly before: number;
  readonly after: number;
}
export interface OutsideJob {
  readonly action: BusAction;
  readonly moves: readonly Move[];
  move: number;
  phase: 'before' | 'asked' | 'after';
  /** CAN: bit of the frame, and when the first try began. */
  bit: number;
  readonly since: Ps;
  /** What came back. */
  got: number[];
}
export interface OutsideState {
  sequence: number;
  job: OutsideJob | null;
}
export type BusAction = Extract<PlannedAction, { kind: 'i2c' | 'spi' | 'can' }>;

/** What the hosts need of the run. */
export interface Surroundings {
  readonly system: System;
  now(): Ps;
  console(channel: string, text: string): void;
  /** What came from the chip. */
  heard(port: string, from: number, bytes: readonly number[]): void;
  /** A pin that nobody holds. */
  drive(pin: string, level: number): void;
  held(pin: string): boolean;
  /** Pins of the port where the ROM has it, by function. */
  pins(port: string): Readonly<Record<string, string>>;
  state(): OutsideState;
  /** The chip has been called by a master: its address was acknowledged, or it took the byte by which ROMs know a host on SPI. */
  selected(port: string): void;
  finished(): void;
}

/** AN4286. */
const SYNCHRONISATION = 0x5a;
/** Between two bytes on SPI, in bits: a ROM looks at its interfaces in turn. */
const SPI_PAUSE = 20;
/** Standard mode. */
const I2C_BIT = 10 * US;
const SPI_BIT = US;
/** A master that sees SCL low for so long gives up (assumed: masters differ). */
const PATIENCE = 1000 * MS;
/** A node tries again for so long to be acknowledged. */
const TRIES_FOR = 25 * MS;
const hex = (bytes: readonly number[]): string => bytes.map((b) => b.toString(16).toUpperCase().padStart(2, '0')).join(' ');
const id = (n: number): string => `0x${n.toString(16).toUpperCase()}`;

export class OutsideHosts {
  private readonly around: Surroundings;
  private readonly slot: number;

  constructor(around: Surroundings) {
    this.around = around;
    this.slot = around.system.addTimer('scenario.bus', () => this.due());
  }
  begin(action: BusAction): void {
    const job: OutsideJob = { action, moves: movesOf(action), move: 0, phase: 'before', bit: 0, since: this.around.now(), got: [] };
    this.around.state().job = job;
    if (action.kind === 'can') this.around.system.setWire(`${this.wire}.host.bit`, bitOf(action));
    this.arm(action.kind === 'can' ? 0 : job.moves[0]!.before);
  }
  /** What a wire tells: the answer that SCL was held up for, a frame of the chip. */
  onWire(name: string, value: number): void {
    if (value === 0) return;
    if (name.endsWith('.sent')) return this.heard(name.slice(0, -'.sent'.length));
    const { job } = this.around.state();
    if (job?.phase !== 'asked' || name !== `${this.wire}.host.answer`) return;
    this.arm(job.moves[job.move]!.after);
  }

  private get job(): OutsideJob {
    return this.around.state().job!;
  }
  private get wire(): string {
    return this.job.action.port.toLowerCase();
  }
  private arm(bits: number): void {
    this.around.system.scheduler.arm(this.slot, this.around.now() + Math.round(bits * bitOf(this.job.action)));
  }
  private due(): void {
    const { job } = this.around.state();
    if (job === null) return;
    if (job.action.kind === 'can') this.canBit(job, job.action);
    else if (job.phase === 'before') this.ask(job);
    else this.answered(job);
  }

  // ---- I2C and SPI
  private ask(job: OutsideJob): void {
    const move = job.moves[job.move]!;
    const { system } = this.around;
    job.phase = 'asked';
    system.setWire(`${this.wire}.host.answer`, this.silenced ? OUTSIDE_ANSWER.refused : 0);
    if (!this.silenced) system.setWire(`${this.wire}.host.asks`, outsideAsk(move.kind, move.byte, ++this.around.state().sequence));
    if (system.wire(`${this.wire}.host.answer`) === 0) system.scheduler.arm(this.slot, this.around.now() + PATIENCE);
    else this.arm(move.after);
  }
  /** Its lines are held by somebody else. */
  private get silenced(): boolean {
    const pins = this.around.pins(this.job.action.port);
    // a line of I2C is low as soon as one of those on it pulls it down
    const isLow = ['scl', 'sda'].some((role) => pins[role] !== undefined && this.around.system.wire(`pin.${pins[role]}`) === 0);
    return isLow || ['scl', 'sda', 'nss', 'rx'].some((role) => pins[role] !== undefined && this.around.held(pins[role]));
  }
  private answered(job: OutsideJob): void {
    const { kind, byte } = job.moves[job.move]!;
    const answer = this.around.system.wire(`${this.wire}.host.answer`);
    if (kind === 'read' && job.action.kind === 'spi') job.got.push(answer & OUTSIDE_ANSWER.data ? answer & 0xff : 0xff);
    else if (answer === 0) return this.close(job, 'SCL held low');
    else if (answer & OUTSIDE_ANSWER.data) job.got.push(answer & 0xff);
    else if (answer === OUTSIDE_ANSWER.refused && job.action.kind === 'i2c') return this.close(job, 'not acknowledged');
    if (
      kind === 'address' ||
      (job.action.kind === 'spi' && kind === 'write' && byte === SYNCHRONISATION && answer === OUTSIDE_ANSWER.acknowledged)
    )
      this.around.selected(job.action.port);
    job.move++;
    job.phase = 'before';
    if (job.move < job.moves.length) this.arm(job.moves[job.move]!.before);
    else this.close(job, null);
  }
  private close(job: OutsideJob, wrong: string | null): void {
    const { action } = job;
    if (wrong !== null && action.kind === 'i2c' && job.move > 0) this.stopAnyway();
    this.around.console(action.port.toLowerCase(), `${lineOf(job, wrong)}\n`);
    if (action.kind === 'i2c' && job.got.length > 0) this.around.heard(action.port.toLowerCase(), action.address, job.got);
    this.around.state().job = null;
    this.around.finished();
  }
  private stopAnyway(): void {
    this.around.system.setWire(`${this.wire}.host.asks`, outsideAsk('stop', 0, ++this.around.state().sequence));
  }

  // ---- CAN
  /** The level of one bit at RX; behind the last one the block is asked whether it has the frame. */
  private canBit(job: OutsideJob, action: Extract<BusAction, { kind: 'can' }>): void {
    const bits = canBits(action);
    const { rx, tx } = this.around.pins(action.port);
    // a bus that somebody holds dominant is free for nobody
    if (job.bit === 0 && [rx, tx].some((pin) => pin !== undefined && this.around.system.wire(`pin.${pin}`) === 0))
      return this.close(job, 'the bus stays dominant');
    if (job.bit < bits.length) {
      const level = bits[job.bit]!;
      if (rx !== undefined) this.around.drive(rx, level);
      const from = job.bit;
      while (job.bit < bits.length && bits[job.bit] === level) job.bit++;
      return this.arm(job.bit - from);
    }
    if (rx !== undefined) this.around.drive(rx, 1);
    if (this.acknowledged(action)) return this.close(job, null);
    if (this.around.now() - job.since > TRIES_FOR) return this.close(job, 'not acknowledged');
    job.bit = 0;
    // Error frame and pause.
    this.arm(17);
  }
  private acknowledged(action: Extract<BusAction, { kind: 'can' }>): boolean {
    if (this.silenced) return false;
    const { system } = this.around;
    const word = (from: number): number => [...action.bytes.slice(from, from + 4)].reduce((v, b, i) => v + b * 2 ** (8 * i), 0);
    const identifier = action.extended ? action.id * 8 + 4 : action.id * 2 ** 21;
    [identifier, action.bytes.length, word(0), word(4)].forEach((value, i) => system.setWire(`${this.wire}.host.${CAN_WORDS[i]}`, value));
    system.setWire(`${this.wire}.host.answer`, 0);
    system.setWire(`${this.wire}.host.asks`, ++this.around.state().sequence);
    return system.wire(`${this.wire}.host.answer`) === OUTSIDE_ANSWER.acknowledged;
  }
  /** The chip has sent a frame, which this node acknowledged. */
  private heard(port: string): void {
    const { system } = this.around;
    const [identifier, length, low, high] = CAN_WORDS.map((name) => system.wire(`${port}.sent.${name}`)) as [
      number,
      number,
      number,
      number,
    ];
    const bytes = Array.from({ length: Math.min(8, length) }, (_, i) => ((i < 4 ? low : high) >>> (8 * (i & 3))) & 0xff);
    const from = identifier & 4 ? Math.floor(identifier / 8) : identifier >>> 21;
    this.around.console(port, `${id(from)} -> ${hex(bytes)}\n`);
    this.around.heard(port, from, bytes);
  }
}

const bitOf = (action: BusAction): Ps => (action.kind === 'i2c' ? I2C_BIT : action.kind === 'spi' ? SPI_BIT : action.bit);

function movesOf(action: BusAction): Move[] {
  const move = (kind: OutsideKind, byte: number, before: number, after: number): Move => ({ kind, byte, before, after });
  if (action.kind === 'can') return [];
  if (action.kind === 'spi') return [...action.bytes].flatMap((byte) => [move('read', 0, SPI_PAUSE, 8), move('write', byte, 0, 0)]);
  const written = [...action.bytes].map((byte) => move('write', byte, 9, 0));
  const address = (reads: 0 | 1): Move => move('address', (action.address << 1) | reads, 10, 0);
  const read = Array.from({ length: action.read }, () => move('read', 0, 0, 9));
  return [
    ...(written.length > 0 || read.length === 0 ? [address(0), ...written] : []),
    ...(read.length > 0 ? [address(1), ...read, move('refuse', 0, 0, 0)] : []),
    move('stop', 0, 1, 0),
  ];
}

function lineOf(job: OutsideJob, wrong: string | null): string {
  const { action } = job;
  if (action.kind === 'spi') return `${hex([...action.bytes])} -> ${hex(job.got)}`;
  const sent = action.bytes.length > 0 ? ` <- ${hex([...action.bytes])}` : '';
  const got = job.got.length > 0 ? ` -> ${hex(job.got)}` : '';
  return `${id(action.kind === 'can' ? action.id : action.address)}${sent}${got}${wrong === null ? '' : `: ${wrong}`}`;
}
