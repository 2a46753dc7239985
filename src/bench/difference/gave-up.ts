/**
 * Bounded waits that ended by their bound: a loop polls a status bit, the bit does not come in time, and the program goes another way. The run is repeated with an eye on every
 * poll; then with the bit as the loop wants it. Where that reaches the goal, the wait is a cause.
 */
import { atMost, MOST } from '../documents/bounds.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import { sysTickPeriod } from '../../emu/core/arm/systick.ts';
import { PAGE_BITS, PAGE_SIZE } from '../../emu/arena.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import type { Block } from '../../emu/system.ts';
import type { Session } from '../session/session.ts';
import { domainReason } from '../slice/core-domain.ts';
import { valuesThatEnd } from '../slice/past-wait.ts';
import { switchReason, type SwitchReason } from '../slice/switch-reason.ts';
import { runTo, stepOnce } from '../slice/window.ts';

/** A wait for one field. */
export interface GivenUp {
  /** Who reads it, and who called that. */
  readonly pc: number;
  readonly lr: number;
  readonly core: number;
  /** `RCC.CR.HSERDY` */
  readonly what: string;
  readonly address: number;
  readonly mask: number;
  /** What the loop waited for, of a field that has several values the lowest that ends it. */
  readonly wanted: number;
  /** What the field holds, where the loop waits for any other value. */
  readonly leaves?: number;
  /** When the last of these loops began, and its last read. */
  readonly from: Ps;
  readonly to: Ps;
  /** How long after that the bit came; null where it did not for a while. */
  readonly late: Ps | null;
  /** The loop has no bound: the program is still in it where the run ends. */
  readonly stays: boolean;
  /** Why it did not come by itself, where that is known: sentences without the last full stop. */
  readonly why?: string | null;
  /** It is the source of SYSCLK. */
  readonly switching?: SwitchReason | null;
}
/** Of a field with several values, which one ends it is not asked yet. */
type Wait = Omit<GivenUp, 'wanted'> & { readonly wanted: number | null };
/** `= 1` */
export const wantedText = ({ wanted, leaves }: Pick<GivenUp, 'wanted' | 'leaves'>): string =>
  leaves === undefined ? `= ${wanted}` : `other than ${leaves}`;

/** So many reads of the same value in a row are a loop, if no more time lies between two of them. */
const FEWEST_READS = 8;
const LONGEST_GAP = 5 * MS;
const LONGEST_TICKS = 200 * MS;
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
  let found: readonly Wait[] = [];
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
  return atMost(s.input, MOST.waits, 'waits that were given up', found).flatMap((of) => {
    const wait = withWanted(s, powerOn, of);
    const late = wait === null ? 0 : lateness(s, powerOn, wait);
    if (wait === null || late === 0) return [];
    // the session stands at the end of what was waited for
    const why = late === null ? domainReason(s, wait.what, wait.wanted) : null;
    return [{ ...wait, late, why, switching: late === null ? switchReason(s, wait) : null }];
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
    if (known?.value === value && known.round === round && now - known.to <= longestGap(core)) {
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
/** A loop that is left out is seen again behind a tick, which on a slow clock is rare. */
function longestGap(core: Core): Ps {
  const twoTicks = 2 * sysTickPeriod(core);
  return twoTicks < LONGEST_TICKS ? Math.max(LONGEST_GAP, twoTicks) : LONGEST_GAP;
}
/** Of a loop that tests one field. */
function asWait({ machine }: Session, { pc, lr, address, size, value, from, to }: Poll, stays: boolean): Wait[] {
  const core = machine.bootCore;
  const shift = 8 * (address & 3);
  const tested = core.testedMask(pc) ?? 0;
  const block = machine.system.regionAt(address)?.block;
  const register = block?.layout.at((address & ~3) - block.row.base);
  if (tested === 0 || !block || !register || tested > 2 ** (8 * size) - 1) return [];
  const bits = (tested << shift) >>> 0;
  const field = register.fields.find((f) => f.width <= WIDEST && (maskOf(f) | bits) >>> 0 === maskOf(f));
  if (field === undefined) return [];
  const mask = maskOf(field) >>> shift;
  const wanted = field.width > 1 ? null : (value & mask) === 0 ? 1 : 0;
  const what = `${block.row.name}.${register.name}.${field.name}`;
  return [{ pc, lr, core: core.index, what, address, mask, wanted, from, to, late: null, stays }];
}
/** Bits of a field whose values are all tried. */
const WIDEST = 3;
const maskOf = ({ bit, width }: { readonly bit: number; readonly width: number }): number => ((2 ** width - 1) * 2 ** bit) >>> 0;
const lowestOf = (mask: number): number => 31 - Math.clz32(mask & -mask);
/** With the value that ends it, as was tried where the loop goes round; null if none does. */
function withWanted(s: Session, powerOn: Checkpoint, wait: Wait): GivenUp | null {
  const { address, mask, wanted, from } = wait;
  if (wanted !== null) return { ...wait, wanted };
  s.restore(powerOn);
  runTo(s, from);
  const [shift, low] = [8 * (address & 3), lowestOf(mask)];
  const ending = valuesThatEnd(s, (address & ~3) >>> 0, (mask << shift) >>> 0);
  const [first] = ending;
  if (first === undefined) return null;
  const count = (mask >>> low) + 1;
  const present = ((s.machine.bootCore.peek((address & ~3) >>> 0, 4) ?? 0) >>> (shift + low)) & (count - 1);
  return { ...wait, wanted: first, ...(ending.length === count - 1 && !ending.includes(present) && { leaves: present }) };
}

/** Each of these loops waits until its field is there; one that does not come by itself reads as its loop wants it. */
export function asWanted(waits: readonly GivenUp[]): Interceptor {
  // other loops wait for other values of a field, and the same loop may have got one before
  const first = Math.min(...waits.map(({ from }) => from));
  const isIts = (w: GivenUp, core: Core): boolean => w.pc === core.pc && (w.late !== null || core.now() >= first);
  return {
    pages: new Set(waits.map(({ address }) => address >>> PAGE_BITS)),
    read: (core, address, size) => {
      const wait = waits.find((w) => w.address === address && ((w.late === null && isBit(w)) || isIts(w, core)));
      if (wait === undefined || core.zone !== 'user') return null;
      if (wait.late !== null) {
        core.spend(core.cyclesUntil(wait.to + wait.late + LOOK));
        return null;
      }
      const value = core.peek(address, size as 1 | 2 | 4) ?? 0;
      return ((value & ~wait.mask) | (wait.wanted << lowestOf(wait.mask))) >>> 0;
    },
  };
}
export const isBit = ({ mask }: Pick<GivenUp, 'mask'>): boolean => (mask & (mask - 1)) === 0;

/** How long after the loop was left the bit comes by itself; 0 where the last look found it. */
function lateness(s: Session, powerOn: Checkpoint, wait: GivenUp): Ps | null {
  const { address, mask, wanted, leaves, to } = wait;
  const core = s.machine.bootCore;
  s.restore(powerOn);
  const isThere = (): boolean => {
    const word = core.peek(address, mask > 0xffff ? 4 : mask > 0xff ? 2 : 1);
    if (word === null) return false;
    const held = (word & mask) >>> lowestOf(mask);
    return leaves === undefined ? held === wanted : held !== leaves;
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
