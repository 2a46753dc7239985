/** A run that goes on in interrupts alone: the program behind them does not get one instruction in. Seen, and not proved to last for ever. */
import { exceptionName } from '../../checks/core-registers.ts';
import { SCR, SCS } from '../../emu/core/arm/scs-state.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { MachineObserver } from '../../emu/machine-observer.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { callChainOf } from '../session/call-chain.ts';
import { hearing } from '../session/hearing.ts';
import type { Session } from '../session/session.ts';
import { runTo } from './window.ts';
import { chainText } from '../documents/note-facts.ts';
import { framesOf, place } from './words.ts';

/** How long it is watched, and how often an interrupt has to come in that time. */
const WATCH = 5 * MS;
const OFTEN = 10;

/** What keeps thread code from running behind `end`, in words; null where it runs, or sleeps between interrupts on purpose. Leaves the session anywhere. */
export function starvedBy(s: Session, end: Checkpoint): string | null {
  const storm = stormBehind(s, end);
  if (storm === null) return null;
  const stopped = interrupted(s);
  const flag = standingFlag(s, end);
  return `${storm.name} is taken again and again, so the program does not run: when its handler ${place(s, storm.handler)} returns, the interrupt is pending again (${storm.times} times in ${WATCH / MS} ms)${flag === null ? '' : `: ${flag}`}${stopped}`;
}
/** Of an interrupt whose handler returns and is taken again: the flag that it does not clear. Leaves the session anywhere. */
export function stormLines(s: Session, end: Checkpoint): string[] {
  s.keepCheckpoints = false;
  const flag = standingFlag(s, end);
  return flag === null ? [] : [flag];
}
/** An interrupt that leaves thread code no instruction. */
export interface Storm {
  /** `interrupt 7 (EXTI)` */
  readonly name: string;
  readonly handler: number;
  readonly times: number;
}
/** Of those that are taken often behind `end`, the one that takes most of the time. Leaves the session anywhere. */
export function stormBehind(s: Session, end: Checkpoint): Storm | null {
  const { machine } = s;
  const core = machine.bootCore;
  s.keepCheckpoints = false;
  s.restore(end);
  if (core.arm.ipsr === 0 || core.halted || (core.get(SCS.SCR) & SCR.SLEEPONEXIT) !== 0) return null;
  const { taken, threadRan } = handlersFrom(s);
  const often = [...taken].filter(([, { times }]) => times >= OFTEN).toSorted(([, a], [, b]) => b.time - a.time || b.times - a.times);
  if (threadRan || often[0] === undefined) return null;
  const [exception, { times, pc }] = often[0];
  return { name: exceptionName(machine.chip, exception), handler: pc, times };
}
/** Registers of EXTI's pending flags, which a 1 clears: one of all edges, or one of each (RM0090 12.3.6, RM0444 EXTI_RPR1, EXTI_FPR1). */
const PENDING = /^(C1)?[RF]?PR\d?$/;
/** The flag that asks for it, in words: once that is cleared, and nothing else, the program goes on. */
function standingFlag(s: Session, end: Checkpoint): string | null {
  const { system } = s.machine;
  for (const { row, layout, state } of system.blocks.filter((b) => b.row.model?.startsWith('exti')))
    for (const { name, index, offset } of layout.registers.filter((r) => PENDING.test(r.name))) {
      s.restore(end);
      const flags = state.regs[index]!;
      if (flags === 0) continue;
      system.write(row.base + offset, 4, flags);
      if (!handlersFrom(s).threadRan) continue;
      const lines = Array.from({ length: 32 }, (_, i) => i).filter((i) => (flags >>> i) & 1);
      return `${row.name}.${name} keeps its flag of line ${lines.join(', ')}, which a write of 1 to that bit clears`;
    }
  return null;
}
/** Where the code is that was interrupted and does not go on. */
function interrupted(s: Session): string {
  const { frames } = callChainOf(s.machine.bootCore, s.input.images);
  const program = frames.slice(frames.findLastIndex((f) => f.exception !== null) + 1);
  if (program.length === 0 || program.length === frames.length) return '';
  return `; the program is stopped at ${chainText(framesOf(program)) || place(s, program[0]!.pc)}`;
}

interface Taken {
  readonly times: number;
  readonly pc: number;
  readonly time: Ps;
}
interface Handlers {
  /** By exception: how often it was taken, where its handler begins, and how long that ran, without others in it. */
  readonly taken: ReadonlyMap<number, Taken>;
  /** An instruction outside of handlers was executed. */
  readonly threadRan: boolean;
}
function handlersFrom(s: Session): Handlers {
  const { machine } = s;
  const core = machine.bootCore;
  const taken = new Map<number, Taken>();
  let [runs, since] = [core.arm.ipsr, core.now()];
  const pass = (to: number): void => {
    const before = taken.get(runs);
    if (before !== undefined) taken.set(runs, { ...before, time: before.time + core.now() - since });
    [runs, since] = [to, core.now()];
  };
  // instructions retired when thread code could go on; null: a handler runs
  let thread: number | null = null;
  let threadRan = false;
  const hear: MachineObserver = {
    exception: (on, exception, handler) => {
      if (on !== core) return;
      threadRan ||= thread !== null && core.retired() > thread;
      thread = null;
      const before = taken.get(exception);
      taken.set(exception, { times: (before?.times ?? 0) + 1, pc: handler & ~1, time: before?.time ?? 0 });
      pass(exception);
    },
    exceptionReturn: (on) => {
      if (on === core) pass(core.arm.ipsr);
      if (on === core && core.arm.ipsr === 0) thread = core.retired();
    },
  };
  hearing(machine, hear, () => runTo(s, machine.now + WATCH));
  return { taken, threadRan: threadRan || core.arm.ipsr === 0 };
}
