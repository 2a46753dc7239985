/**
 * A timer whose update flag stands before any period is over: UG, which loads PSC and ARR, sets UIF too. A loop that asks for it, or the handler of its interrupt, takes the
 * period for over at once. What comes without is seen with URS set at each such write, as if the flag had been cleared behind it.
 */
import type { Writer } from '../../checks/check.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import type { Machine } from '../../emu/machine.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { repairTarget } from '../proof/repairs.ts';
import type { Session } from '../session/session.ts';
import { runTo, writerAt } from '../slice/window.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import { place } from '../slice/words.ts';

/** Effort: writes of UG that are followed. */
const MOST_FLAGS = 16;

interface Timer {
  readonly name: string;
  readonly cr1: number;
  readonly sr: number;
  readonly egr: number;
}
export interface EarlyFlag {
  readonly timer: Timer;
  /** Of UG. */
  readonly writer: Writer;
  /** `window.c:19 (over) asks for it` */
  readonly acts: string;
}
interface Flag extends Omit<EarlyFlag, 'acts'> {
  /** Who asked for it, or ended it as a handler. */
  acted: { readonly pc: number; readonly exception: number } | null;
}
const [UIF, UG, UDIS_OR_URS] = [1, 1, 6];

/** The first of each timer that somebody acted on. Leaves the session anywhere. */
export function earlyFlags(s: Session, powerOn: Checkpoint, finished: Checkpoint): readonly EarlyFlag[] {
  s.restore(finished);
  const timers = timersWithUg(s);
  if (timers.length === 0) return [];
  const all = flagsOf(s, powerOn, finished.system.now, timers);
  return timers.flatMap((timer): EarlyFlag[] => {
    const found = all.find((flag) => flag.timer === timer && flag.acted !== null);
    return found?.acted == null ? [] : [{ timer, writer: found.writer, acts: actsText(s, found.acted) }];
  });
}
const actsText = (s: Session, { pc, exception }: NonNullable<Flag['acted']>): string =>
  exception === 0
    ? `${place(s, pc)} asks for it`
    : `the handler of ${exceptionName(s.machine.chip, exception)} acts on it (${place(s, pc)})`;
function timersWithUg({ machine }: Session): readonly Timer[] {
  return machine.system.blocks.flatMap(({ layout, row: { name, base } }): Timer[] => {
    // EGR reads 0: nobody is seen to have changed it
    const isUsed = ['PSC', 'ARR'].some((register) => machine.history.lastWriter(`${name}.${register}`) !== null);
    if (!isUsed || !layout.hasField('EGR.UG') || !layout.hasField('CR1.URS')) return [];
    const at = (register: string): number => base + layout.reg(register).offset;
    return [{ name, cr1: at('CR1'), sr: at('SR'), egr: at('EGR') }];
  });
}
const pagesOf = (timers: readonly Timer[]): ReadonlySet<number> => new Set(timers.map(({ egr }) => egr >>> PAGE_BITS));
const setsFlag = (core: Core, { cr1 }: Timer): boolean => ((core.peek(cr1, 4) ?? 0) & UDIS_OR_URS) === 0;

function flagsOf(s: Session, powerOn: Checkpoint, end: Ps, timers: readonly Timer[]): readonly Flag[] {
  const { machine } = s;
  const open = new Map<Timer, Flag>();
  const all: Flag[] = [];
  const act = (core: Core, flag: Flag): void => void (flag.acted ??= { pc: core.pc, exception: core.arm.ipsr });
  s.keepCheckpoints = false;
  s.restore(powerOn);
  const repairs = machine.setRepairs({
    pages: pagesOf(timers),
    read: (core, address) => {
      const flag = flagAt(open, address);
      if (flag !== undefined) act(core, flag);
      return null;
    },
    write: (core, address, _size, value) => {
      const of = timers.find(({ egr }) => egr === address);
      const wasSet = of !== undefined && ((core.peek(of.sr, 4) ?? 0) & UIF) !== 0;
      if (of !== undefined && (value & UG) !== 0 && !wasSet && setsFlag(core, of) && all.length < MOST_FLAGS) {
        const flag: Flag = { timer: of, writer: writerAt(core, machine.history.seq + 1), acted: null };
        open.set(of, flag);
        all.push(flag);
      }
      const cleared = (value & UIF) === 0 ? flagAt(open, address) : undefined;
      if (cleared === undefined) return value;
      if (core.arm.ipsr !== 0) act(core, cleared);
      open.delete(cleared.timer);
      return value;
    },
  });
  try {
    runTo(s, end);
  } finally {
    machine.setRepairs(repairs);
  }
  return all;
}
const flagAt = (open: ReadonlyMap<Timer, Flag>, address: number): Flag | undefined =>
  [...open.values()].find(({ timer }) => timer.sr === (address & ~3) >>> 0);

/** UG loads these timers, and sets no flag. */
export function onlyCounted(machine: Machine, flags: readonly EarlyFlag[]): Interceptor {
  const target = repairTarget(machine);
  return {
    pages: pagesOf(flags.map(({ timer }) => timer)),
    write: (_core, address, _size, value) => {
      const of = (value & UG) === 0 ? undefined : flags.find(({ timer }) => timer.egr === address);
      if (of !== undefined) target.setField(`${of.timer.name}.CR1.URS`, 1);
      return value;
    },
  };
}
