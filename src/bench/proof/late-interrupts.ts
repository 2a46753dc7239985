/** Interrupts that the application leaves on and that came late here: with them at the entry already, the run shows whether DFU hangs on when they come. */
import { exceptionName, FIRST_IRQ, linesSet, PENDSTSET, PPB } from '../../checks/core-registers.ts';
import { isLive } from '../../checks/nvic-enabled.ts';
import type { TargetState } from '../../checks/check.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS } from '../../emu/time.ts';
import type { Note } from '../documents/note-facts.ts';
import type { Outcome } from '../documents/result.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Session } from '../session/session.ts';
import { targetState } from '../session/subject.ts';
import { runTo } from '../slice/window.ts';
import { goOn } from './attempt.ts';

const SYSTICK = 15;
/** SYST_CSR: it counts, and raises its exception. */
const TICKS = 3;

/** An exception with which at the entry the run ends elsewhere. */
export interface LateInterrupt {
  /** `SysTick`, `interrupt 54 (TIM6/DAC1)`. */
  readonly name: string;
  readonly outcome: Outcome;
}

/** The session is left anywhere. */
export function lateInterrupts(s: Session, entry: Checkpoint, finished: Checkpoint): readonly LateInterrupt[] {
  const { chip } = s.machine;
  s.restore(finished);
  const came = [...raised(stateOf(s)), s.machine.bootCore.arm.ipsr];
  s.restore(entry);
  const state = stateOf(s);
  const before = new Set(raised(state));
  const mayCome = (line: number): boolean => came.includes(line + FIRST_IRQ) || isLive(state, line, []);
  const enabled = (linesSet(state, PPB.NVIC_ISER) ?? []).filter(mayCome).map((line) => line + FIRST_IRQ);
  // many ROMs switch it off at once
  const ticks = ((state.read(PPB.SYST_CSR, 4) ?? 0) & TICKS) === TICKS && came.includes(SYSTICK) ? [SYSTICK] : [];
  return [...ticks, ...enabled].flatMap((number) => {
    if (before.has(number)) return [];
    const { reached, outcome } = withPending(s, entry, number);
    return reached ? [] : [{ name: exceptionName(chip, number), outcome }];
  });
}
const stateOf = ({ machine }: Session): TargetState => targetState(machine, {});

/** Exceptions that are pending or active. */
function raised(state: TargetState): number[] {
  const lines = [PPB.NVIC_ISPR, PPB.NVIC_IABR].flatMap((bank) => linesSet(state, bank) ?? []);
  const tick = ((state.read(PPB.ICSR, 4) ?? 0) & PENDSTSET) !== 0 ? [SYSTICK] : [];
  return [...tick, ...lines.map((line) => line + FIRST_IRQ)];
}
/** A ROM that masks interrupts, or switches them off, has done so by then, and none has attached. */
const BEHIND_ENTRY = MS / 20;
function withPending(s: Session, entry: Checkpoint, number: number): ReturnType<typeof goOn> {
  s.restore(entry);
  runTo(s, s.machine.now + BEHIND_ENTRY);
  const { bootCore } = s.machine;
  const line = number - FIRST_IRQ;
  if (line < 0) bootCore.write(PPB.ICSR, 4, PENDSTSET, true);
  else bootCore.write(PPB.NVIC_ISPR + 4 * (line >>> 5), 4, (1 << (line & 31)) >>> 0, true);
  return goOn(s);
}

/** An interrupt that came late is harmless in this run alone. */
export const withoutLate = (diagnosis: Diagnosis, rests: readonly Note[]): Diagnosis =>
  rests.some(({ about }) => about?.is === 'late-interrupt')
    ? { ...diagnosis, harmless: diagnosis.harmless.filter((id) => id !== 'nvic-enabled') }
    : diagnosis;
