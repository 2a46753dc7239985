/**
 * Rounds of events that change nothing but counts: a converter that goes on and a DMA that stores the same results where they stand already. While the cores wait for something else,
 * such rounds are passed over at once, up to the last one in front of an event that does more.
 */
import { NOT_MINE, type QuietRequests, type QuietSource } from './quiet-requests.ts';
import type { Block, System } from './system.ts';
import type { Ps } from './time.ts';
import type { Wire } from './wires.ts';

/** Effort: rounds below which looking costs more. */
const LEAST = 4;
/** Effort: stores that are compared at once. */
const MOST_REQUESTS = 1 << 14;

interface Server {
  readonly block: Block;
  readonly request: Wire;
  readonly requests: number;
}
/** Rounds that can be passed over. */
export interface Quiet {
  readonly source: Block;
  readonly server: Server;
  readonly requests: number;
  readonly rounds: number;
  /** Blocks that take part, and the wires between them. */
  readonly blocks: readonly Block[];
  readonly wires: readonly Wire[];
  /** When the event comes that is the next behind them. */
  readonly to: Ps;
  /** Bus addresses that they store to. */
  readonly low: number;
  readonly high: number;
}
/** A register there belongs to a block that takes part. */
export function isPart(system: System, { blocks }: Quiet, address: number): boolean {
  const block = system.regionAt(address)?.block;
  return block != null && blocks.includes(block);
}
/** Whoever changes what lies there changes the rounds. */
export const isTouched = (system: System, quiet: Quiet, address: number): boolean =>
  (address > quiet.low - 4 && address < quiet.high) || isPart(system, quiet, address);

export class QuietRounds {
  private readonly system: System;
  constructor(system: System) {
    this.system = system;
  }

  /** Rounds that begin with the next event, where they end by `limit`; null: too few. */
  ahead(limit: Ps): Quiet | null {
    const { scheduler } = this.system;
    if (scheduler.next === Infinity) return null;
    const first = scheduler.first();
    const source = this.system.ownerOf(first);
    const quiet = source?.component.quietSource(source.state, source.env) ?? null;
    if (source === null || quiet === null || first !== source.timerBase + source.component.timers.indexOf(quiet.timer)) return null;
    const total = quiet.counts.reduce((sum, n) => sum + n, 0);
    const end = Math.min(limit, scheduler.nextBeside(first));
    const least = Math.min(...quiet.counts);
    const { env } = source;
    // the last of them comes as an event
    const wanted = Math.floor((countUpTo(env.clockTimeOf, quiet, total, end) - quiet.end) / total);
    if (wanted < LEAST) return null;
    let [low, high] = [Infinity, 0];
    const server = this.serverOf(quiet.request, {
      address: source.row.base + quiet.offset,
      values: quiet.values,
      apart: env.clockTimeOf(quiet.clock, quiet.end + least) - env.clockTimeOf(quiet.clock, quiet.end),
      most: Math.min(MOST_REQUESTS, wanted * quiet.values.length),
      stands: (address, size, value) => {
        low = Math.min(low, address);
        high = Math.max(high, address + size);
        return this.system.ramHolds(address, size, value);
      },
    });
    if (server === null) return null;
    const rounds = Math.floor(server.requests / quiet.values.length);
    if (rounds < LEAST) return null;
    const blocks = [source, server.block, ...this.between(quiet.request)];
    const wires = [quiet.request, server.request];
    const to = env.clockTimeOf(quiet.clock, quiet.end + rounds * total);
    return { source, server, rounds, requests: rounds * quiet.values.length, blocks, wires, to, low, high };
  }
  /** They have gone by: the event behind them is the next. */
  pass({ source, server, rounds, requests }: Quiet): void {
    source.component.passQuiet(source.state, source.env, rounds);
    server.block.component.serveQuiet(server.block.state, server.block.env, server.request, requests);
  }

  /** Who serves a request, where one block alone does; null: several, or one that does more. */
  private serverOf(request: Wire, asked: Omit<QuietRequests, 'request'>): Server | null {
    let found: Server | null = null;
    for (const block of this.system.followersOf(request)) {
      const { component, state, env } = block;
      const led = component.leads(state, env, request);
      const requests = led === null ? component.quietRequests(state, env, { ...asked, request }) : 0;
      if (requests === NOT_MINE || led?.length === 0) continue;
      const server = led === null ? { block, request, requests } : led.length === 1 ? this.serverOf(led[0]!, asked) : null;
      if (found !== null || server === null) return null;
      found = server;
    }
    return found;
  }
  /** Blocks that only lead the request on. */
  private between(request: Wire): readonly Block[] {
    return this.system.followersOf(request).filter(({ component, state, env }) => component.leads(state, env, request) !== null);
  }
}

/** The count of the last round's end at or before a time. */
function countUpTo(timeOf: (clock: string, count: number) => Ps, { clock, end }: QuietSource, total: number, limit: Ps): number {
  const first = timeOf(clock, end);
  if (!(first < limit)) return end;
  const second = timeOf(clock, end + total);
  let rounds = Math.floor((Math.min(limit, Number.MAX_SAFE_INTEGER) - first) / (second - first));
  while (rounds > 0 && timeOf(clock, end + rounds * total) >= limit) rounds--;
  return end + rounds * total;
}
