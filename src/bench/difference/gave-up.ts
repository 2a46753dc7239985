/**
 * Bounded waits that ended by their bound: a loop polls a status bit, the bit does not come in time, and the program goes another way. The run is repeated with an eye on every
 * poll; then with the bit as the loop wants it. Where that reaches the goal, the wait is a cause.
 */
import { atMost, MOST } from '../documents/bounds.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import { PAGE_BITS, PAGE_SIZE } from '../../emu/arena.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import type { Block } from '../../emu/system.ts';
import type { Session } from '../session/session.ts';
import { domainReason } from '../slice/core-domain.ts';
import { runTo, stepOnce } from '../slice/window.ts';

/** A wait for one bit. */
export interface GivenUp {
  /** Who reads it, and who called that. */
  readonly pc: number;
  readonly lr: number;
  readonly core: number;
  /** `RCC.CR.HSERDY` */
  readonly what: string;
  readonly address: number;
  readonly mask: number;
  /** What the loop waited for: 0 or 1. */
  readonly wanted: 0 | 1;
  /** When the last of these loops began, and its last read. */
  readonly from: Ps;
  readonly to: Ps;
  /** How long after that the bit came; null where it did not for a while. */
  readonly late: Ps | null;
  /** The loop has no bound: the program is still in it where the run ends. */
  readonly stays: boolean;
  /** Why it did not come by itself, where that is known: sentences without the last full stop. */
  readonly why?: string | null;
}

/** So many reads of the same value in a row are a loop, if no more time lies between two of them. */
const FEWEST_READS = 8;
const LONGEST_GAP = 5 * MS;
/** Behind the end of the run, in which a loop that still waits shows. */
const STILL = 20 * MS;
/** How long a bit that comes late is waited for, and how often it is looked at. */
export const LATE = 50 * MS;
const LOOK = 50 * US;

/** Written while something is waited for. */
const WATCHDOG = /wdg/;
/** Inputs: what nobody pressed or sent is no wait of the chip. */
const INPUTS = /^(gpio|exti|usart|uart|lpuart|spi|i2c|can|fdcan|tim|lptim|adc|touch)/;

interface Poll {
  readonly pc: number;
  readonly lr: number;
  readonly address: number;
  readonly size: number;
  /** How often something else had been done, or its handler entered: a loop that does more than look is none that waits. */
  readonly round: number;
  value: number;
  /** When it first read that. */
  since: Ps;
  reads: number;
  from: Ps;
  to: Ps;
}

/**
 * The waits that the run gave up, in the order of their ends, and those that it hangs in.
 *
 * @param hangsOn what the endless loop reads in which the run ends
 */
export function givenUp(s: Session, powerOn: Checkpoint, end: Ps, hangsOn: readonly number[]): readonly GivenUp[] {
  const { machine } = s;
  const polls = new Map<string, Poll>();
  let found: readonly GivenUp[] = [];
  s.keepCheckpoints = false;
  s.restore(powerOn);
  const { observer } = machine;
  const watch = new Polls(polls);
  machine.observer = {
    ...observer,
    exception: (core, exception, ...rest) => {
      if (core === machine.bootCore) watch.pass(exception);
      observer.exception?.(core, exception, ...rest);
    },
  };
  const before = machine.setRepairs(watching(s, watch));
  try {
    runTo(s, end);
    const stays = (poll: Poll): boolean => hangsOn.includes(poll.address) && watch.isOfLast(poll);
    const left = [...polls.values()]
      .filter((poll) => poll.reads >= FEWEST_READS || stays(poll))
      .map((poll) => ({ poll, reads: poll.reads, to: poll.to }));
    if (left.length > 0) runTo(s, end + STILL);
    // reads of a loop that is left out are not seen
    const standsIn = machine.knownLoopOf(machine.bootCore)?.reads.map(({ address }) => address) ?? [];
    const isOver = ({ poll, to }: (typeof left)[number]): boolean => poll.to === to && !standsIn.includes(poll.address);
    found = left
      .filter((of) => isOver(of) || stays(of.poll))
      .toSorted((a, b) => a.to - b.to)
      .flatMap(({ poll, to }) => asWait(s, { ...poll, to }, stays(poll)));
  } finally {
    machine.setRepairs(before);
    machine.observer = observer;
  }
  return atMost(s.input, MOST.waits, 'waits that were given up', found).flatMap((wait) => {
    const late = lateness(s, powerOn, wait);
    // the session stands at the end of what was waited for
    return late === 0 ? [] : [{ ...wait, late, why: late === null ? domainReason(s, wait.what, wait.wanted) : null }];
  });
}
/** Accesses to blocks by user code of the boot core. */
function watching({ machine }: Session, polls: Polls): Interceptor {
  const pages = new Set<number>();
  for (const { row } of machine.system.blocks)
    if (!INPUTS.test(row.model ?? '')) for (let at = row.base; at < row.base + row.size; at += PAGE_SIZE) pages.add(at >>> PAGE_BITS);
  const isOurs = (core: Core): boolean => core === machine.bootCore && core.zone === 'user';
  const asked = (address: number): Block | null => machine.system.regionAt(address)?.block ?? null;
  return {
    pages,
    read: (core, address, size) => {
      if (isOurs(core) && !INPUTS.test(asked(address)?.row.model ?? 'gpio')) polls.read(core, address, size);
      return null;
    },
    write: (core, address, _, value) => {
      if (isOurs(core) && !WATCHDOG.test(asked(address)?.row.model ?? '')) polls.pass(core.arm.ipsr);
      return value;
    },
    everyDeviceWrite: true,
  };
}
class Polls {
  private readonly polls: Map<string, Poll>;
  /** By exception number: what was read last, and how often something else came in between. */
  private readonly last: (string | undefined)[] = [];
  private readonly rounds: number[] = [];

  constructor(polls: Map<string, Poll>) {
    this.polls = polls;
  }

  read(core: Core, address: number, size: number): void {
    const { pc } = core;
    const { ipsr, lr } = core.arm;
    const key = `${pc} ${address}`;
    if (this.last[ipsr] !== key) this.pass(ipsr);
    this.last[ipsr] = key;
    const round = this.rounds[ipsr] ?? 0;
    const value = core.peek(address, size as 1 | 2 | 4) ?? 0;
    const now = core.now();
    const known = this.polls.get(key);
    if (known?.value === value && known.round === round && now - known.to <= LONGEST_GAP) {
      known.reads++;
      known.to = now;
    } else
      this.polls.set(key, {
        pc,
        lr,
        address,
        size,
        round,
        value,
        since: known?.value === value ? known.since : now,
        reads: 1,
        from: now,
        to: now,
      });
  }
  /** It belongs to the loop that read its address last: the reads on the way there are over. */
  isOfLast({ address, to }: Poll): boolean {
    const last = [...this.polls.values()].filter((p) => p.address === address).reduce((a, b) => (b.to > a.to ? b : a));
    return to >= last.since;
  }
  /** Something else was done in this exception, or it was entered anew. */
  pass(ipsr: number): void {
    this.rounds[ipsr] = (this.rounds[ipsr] ?? 0) + 1;
  }
}
/** Of a loop that tests one bit. */
function asWait({ machine }: Session, { pc, lr, address, size, value, from, to }: Poll, stays: boolean): GivenUp[] {
  const core = machine.bootCore;
  const shift = 8 * (address & 3);
  const mask = core.testedMask(pc) ?? 0;
  const block = machine.system.regionAt(address)?.block;
  const register = block?.layout.at((address & ~3) - block.row.base);
  if (mask === 0 || (mask & (mask - 1)) !== 0 || !block || !register || mask > 2 ** (8 * size) - 1) return [];
  const bit = (mask << shift) >>> 0;
  const field = register.fields.find((f) => f.width === 1 && (1 << f.bit) >>> 0 === bit);
  if (field === undefined) return [];
  const what = `${block.row.name}.${register.name}.${field.name}`;
  return [{ pc, lr, core: core.index, what, address, mask, wanted: (value & mask) === 0 ? 1 : 0, from, to, late: null, stays }];
}

/** Each of these loops waits until its bit is there; a bit that does not come by itself reads as its loop wants it. */
export function asWanted(waits: readonly GivenUp[]): Interceptor {
  return {
    pages: new Set(waits.map(({ address }) => address >>> PAGE_BITS)),
    read: (core, address, size) => {
      const wait = waits.find((w) => w.address === address && (w.late === null || w.pc === core.pc));
      if (wait === undefined || core.zone !== 'user') return null;
      if (wait.late !== null) {
        core.spend(core.cyclesUntil(wait.to + wait.late + LOOK));
        return null;
      }
      const value = core.peek(address, size as 1 | 2 | 4) ?? 0;
      return (wait.wanted === 1 ? value | wait.mask : value & ~wait.mask) >>> 0;
    },
  };
}

/** How long after the loop was left the bit comes by itself; 0 where the last look found it. */
function lateness(s: Session, powerOn: Checkpoint, wait: GivenUp): Ps | null {
  const { address, mask, wanted, to } = wait;
  const core = s.machine.bootCore;
  s.restore(powerOn);
  const isThere = (): boolean => {
    const word = core.peek(address, mask > 0xffff ? 4 : mask > 0xff ? 2 : 1);
    return word !== null && ((word & mask) !== 0) === (wanted === 1);
  };
  passLastLook(s, wait);
  if (isThere()) return 0;
  for (let after = LOOK; after <= LATE; after += LOOK) {
    runTo(s, to + after);
    if (isThere()) return after;
  }
  return null;
}
/** Runs to behind the read: its bus answers a while after the core asks, and what it answers then counts. */
function passLastLook(s: Session, { pc, address, to }: GivenUp): void {
  const { machine } = s;
  const core = machine.bootCore;
  runTo(s, Math.max(0, to - LOOK));
  let seen = false;
  const read = (by: Core, at: number): null => {
    seen ||= by === core && by.pc === pc && at === address && by.now() >= to;
    return null;
  };
  const before = machine.setRepairs({ pages: new Set([address >>> PAGE_BITS]), read });
  try {
    while (!seen && core.now() <= to + LOOK && !machine.state.lockup) stepOnce(s, core, to + LOOK);
  } finally {
    machine.setRepairs(before);
  }
}
