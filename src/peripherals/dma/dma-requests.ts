/**
 * Request lines of DMA controllers. A line at 1 asks for a transfer as long as it stays there (data that waits in a register). A line with a number above 1 asks for
 * one transfer each time the number changes (an event of a timer), 0 takes the request back. A served event is forgotten.
 */
import type { RegisterContext } from '../../emu/registers.ts';

/** Requests by events that have not been served, in the state of a controller. */
export type PendingRequests = Record<string, number>;

export const isRequested = (c: RegisterContext<object>, pending: PendingRequests, wire: string): boolean =>
  c.env.wire(wire) === 1 || pending[wire] === 1;

/** A request line has changed. */
export function noteRequest(pending: PendingRequests, wire: string, value: number): void {
  if (value > 1) pending[wire] = 1;
  else delete pending[wire];
}
export function served(pending: PendingRequests, wire: string): void {
  delete pending[wire];
}
