/** Interrupts that the application leaves on and that come late here, or not at all: with each raised soon behind the entry, the run shows whether DFU hangs on when it comes. */
import { exceptionName, linesSet, PPB } from '../../checks/core-registers.ts';
import { canCome } from '../../checks/nvic-enabled.ts';
import { isActive, isPending, setPending } from '../../emu/core/arm/nvic.ts';
import { EXC } from '../../emu/core/arm/scs-state.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS } from '../../emu/time.ts';
import type { Note } from '../documents/note-facts.ts';
import type { CheckId, Outcome } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { targetState } from '../session/subject.ts';
import { sysTickInterrupts } from '../session/surrounding-events.ts';
import { runTo } from '../slice/window.ts';
import { goOn } from './attempt.ts';

/** An exception with which, raised soon behind the entry, the run ends elsewhere. */
export interface LateInterrupt {
  readonly exception: number;
  /** `SysTick`, `interrupt 54 (TIM6/DAC1)`. */
  readonly name: string;
  readonly outcome: Outcome;
  /** It came all the same, later: at the end of the run its handler has not returned. */
  readonly stays: boolean;
}

/** The session is left anywhere. */
export function lateInterrupts(s: Session, entry: Checkpoint, finished: Checkpoint): readonly LateInterrupt[] {
  const { chip, bootCore: core } = s.machine;
  const isRaised = (exception: number): boolean => isPending(core, exception) || isActive(core, exception);
  s.restore(entry);
  const state = targetState(s.machine, {});
  const lines = linesSet(state, PPB.NVIC_ISER) ?? [];
  const live = new Set(lines.filter((line) => canCome(state, line, [])).map((line) => EXC.IRQ0 + line));
  const enabled = [...(sysTickInterrupts(core) ? [EXC.SYSTICK] : []), ...lines.map((line) => EXC.IRQ0 + line)];
  const open = enabled.filter((exception) => !isRaised(exception));
  s.restore(finished);
  // SysTick counts where it came: many ROMs switch it off at once
  const mayCome = open
    .filter((exception) => live.has(exception) || isRaised(exception))
    .map((exception) => ({ exception, stays: isActive(core, exception) }));
  return mayCome.flatMap(({ exception, stays }) => {
    const { reached, outcome } = withPending(s, entry, finished, exception);
    return reached ? [] : [{ exception, name: exceptionName(chip, exception), outcome, stays }];
  });
}
/** A ROM that masks interrupts, or switches them off, has done so by then, and none has attached. */
const BEHIND_ENTRY = MS / 20;
/** Until the ROM sets its own vector table, the interrupt goes where it went before: where that does no harm, it comes behind that as well. */
function withPending(s: Session, entry: Checkpoint, finished: Checkpoint, exception: number): ReturnType<typeof goOn> {
  const { machine } = s;
  s.restore(finished);
  const last = vectorOf(machine, exception);
  s.restore(entry);
  runTo(s, machine.now + BEHIND_ENTRY);
  const early = s.save();
  setPending(machine.bootCore, exception);
  const run = goOn(s);
  s.restore(early);
  const isOwn = (): boolean => vectorOf(machine, exception) === last;
  if (!run.reached || isOwn()) return run;
  while (!isOwn() && machine.now < finished.system.now && runTo(s, machine.now + BEHIND_ENTRY));
  setPending(machine.bootCore, exception);
  return goOn(s);
}
/** Without VTOR the table stands at 0. */
const vectorOf = ({ bootCore }: Session['machine'], exception: number): number | null =>
  bootCore.peek((bootCore.peek(SCB_VTOR, 4) ?? 0) + 4 * exception, 4);
const SCB_VTOR = 0xe000ed08;

/** The check that finds an interrupt of the application left on. */
export const checkOf = ({ exception }: LateInterrupt): CheckId => (exception === EXC.SYSTICK ? 'systick' : 'nvic-enabled');

/** An interrupt that came late is harmless in this run alone. */
export const withoutLate = <D extends { readonly harmless: readonly CheckId[] }>(diagnosis: D, rests: readonly Note[]): D =>
  rests.some(({ about }) => about?.is === 'late-interrupt')
    ? { ...diagnosis, harmless: diagnosis.harmless.filter((id) => id !== 'nvic-enabled') }
    : diagnosis;
