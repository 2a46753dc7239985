/**
 * Request lines of DMA controllers. A line at 1 asks for a transfer as long as it stays there (data that waits in a register). A line with a number above 1 asks for
 * one transfer each time the number changes (an event of a timer), 0 takes the request back. A served event is forgotten.
 */
import type { RegisterContext } from '../../emu/registers.ts';
import { wire, type Wire } from '../../emu/wires.ts';

/** Requests by events that have not been served, by line: part of a controller's state. */
export type PendingRequests = Uint8Array;
type Ctx = RegisterContext<{ pending: PendingRequests }>;

/** All lines that can reach one controller, each with its number. */
export class RequestLines {
  readonly wires: readonly Wire[];
  private readonly numbers = new Map<Wire, number>();

  constructor(names: Iterable<string>) {
    this.wires = [...new Set(names)].map(wire);
    this.wires.forEach((line, number) => this.numbers.set(line, number));
  }
  /** Number of a line by its name. */
  of(name: string): number {
    return this.numbers.get(wire(name))!;
  }
  /** The same by its wire; undefined where it does not reach this controller. */
  find(line: Wire): number | undefined {
    return this.numbers.get(line);
  }
  none(): PendingRequests {
    return new Uint8Array(this.wires.length);
  }
  isRequested(c: Ctx, line: number): boolean {
    return c.s.pending[line] === 1 || c.env.wire(this.wires[line]!) === 1;
  }
  /** A request line has changed. */
  note(c: Ctx, changed: Wire, value: number): void {
    c.s.pending[this.numbers.get(changed)!] = value > 1 ? 1 : 0;
  }
  served(c: Ctx, line: number): void {
    c.s.pending[line] = 0;
  }
}
