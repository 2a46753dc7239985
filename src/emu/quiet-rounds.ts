/**
 * Rounds of events that change nothing but counts: a converter that goes on and a DMA that stores the same results where they stand already. While the cores wait for something else,
 * such rounds are passed over at once, up to the last one in front of an event that does more.
 */
import type { Env } from './component.ts';
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
  /** On the way to it, itself the last: blocks, and the wires in front of them. */
  readonly blocks: readonly Block[];
  readonly wires: readonly Wire[];
}
/** Rounds that can be passed over. */
export interface Quiet {
  readonly source: Block;
  readonly server: Server;
  readonly rounds: number;
  /** Requests, and counts of the source's clock, of all of them. */
  readonly requests: number;
  readonly counts: number;
  /** When the event comes that is the next behind them. */
  readonly to: Ps;
  /** Bus addresses that they store to. */
  readonly low: number;
  readonly high: number;
}
/** Blocks that take part. */
export const partsOf = ({ source, server }: Quiet): ReadonlySet<Block> => new Set([source, ...server.blocks]);
/** A register there belongs to a block that takes part. */
export function isPart(system: System, { source, server }: Quiet, address: number): boolean {
  const block = system.regionAt(address)?.block;
  return block != null && (block === source || server.blocks.includes(block));
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
    const wanted = roundsUntil(env, quiet, total, end);
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
    const counts = rounds * total;
    const to = env.clockTimeOf(quiet.clock, quiet.end + counts);
    return { source, server, rounds, requests: rounds * quiet.values.length, counts, to, low, high };
  }
  /** They have gone by: the event behind them is the next. */
  pass({ source, server, requests, counts }: Quiet): void {
    source.component.passQuiet(source.state, source.env, counts);
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
      const own = { block, request, requests, blocks: [], wires: [] };
      const server: Server | null = led === null ? own : led.length === 1 ? this.serverOf(led[0]!, asked) : null;
      if (found !== null || server === null) return null;
      found = { ...server, blocks: [block, ...server.blocks], wires: [request, ...server.wires] };
    }
    return found;
  }
}

/** So many whole rounds behind the first request end before a time. */
function roundsUntil({ clockTimeOf }: Pick<Env, 'clockTimeOf'>, { clock, end }: QuietSource, total: number, limit: Ps): number {
  const first = clockTimeOf(clock, end);
  if (!(first < limit)) return 0;
  const second = clockTimeOf(clock, end + total);
  let rounds = Math.floor((Math.min(limit, Number.MAX_SAFE_INTEGER) - first) / (second - first));
  while (rounds > 0 && clockTimeOf(clock, end + rounds * total) >= limit) rounds--;
  return rounds;
}
