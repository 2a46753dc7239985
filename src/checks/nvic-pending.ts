/** Interrupts and system exceptions that wait to be taken when the ROM is entered. */
import { broken, pass, unknown, type Check, type Judgement, type Repair, type Subject, type Writer } from './check.ts';
import { exceptionName, FIRST_IRQ, isInterrupt, lineName, linesSet, listed, PENDSTSET, PENDSVSET, PPB } from './core-registers.ts';
import { part } from './fix-in-c.ts';
import { heldAtEntry, nothingToIt } from './mask-registers.ts';
import { DEINIT } from './sources.ts';
import { latest } from './writers.ts';

const PENDSV = 14;
const SYSTICK = 15;

/** The exception of the entry had waited for the instruction that lifted PRIMASK or BASEPRI: it was pending before the jump. */
function hadWaited({ entry, state, history }: Subject): { readonly exception: number; readonly unmasked: Writer } | null {
  const exception = (state.core('xpsr') ?? 0) & 0x1ff;
  if (entry?.how !== 'exception' || !isInterrupt(exception) || entry.fromPc === null) return null;
  const unmasked = latest([history?.lastWriter('CPU.PRIMASK'), history?.lastWriter('CPU.BASEPRI')]);
  const behind = unmasked ? entry.fromPc - unmasked.pc : 0;
  return unmasked && (behind === 2 || behind === 4) ? { exception, unmasked } : null;
}
interface Waiting {
  readonly lines: readonly number[];
  readonly sysTick: boolean;
  readonly pendSv: boolean;
}
const membersOf = ({ lines, sysTick, pendSv }: Waiting): string[] => [
  ...lines.map(String),
  ...(sysTick ? ['SysTick'] : []),
  ...(pendSv ? ['PendSV'] : []),
];
const waitingOf = (members: readonly string[]): Waiting => ({
  lines: members.filter((m) => m !== 'SysTick' && m !== 'PendSV').map(Number),
  sysTick: members.includes('SysTick'),
  pendSv: members.includes('PendSV'),
});
/** What is pending at the entry, the exception that made it included if it had waited; null if the target cannot tell. */
function waiting(subject: Subject): Waiting | null {
  const lines = linesSet(subject.state, PPB.NVIC_ISPR);
  const icsr = subject.state.read(PPB.ICSR, 4);
  if (lines === null || icsr === null) return null;
  const taken = hadWaited(subject)?.exception ?? 0;
  return {
    lines: taken >= FIRST_IRQ && !lines.includes(taken - FIRST_IRQ) ? [taken - FIRST_IRQ, ...lines] : lines,
    sysTick: (icsr & PENDSTSET) !== 0 || taken === SYSTICK,
    pendSv: (icsr & PENDSVSET) !== 0 || taken === PENDSV,
  };
}

/** SysTick and PendSV have no enable bit in the NVIC: they are taken as soon as no mask holds them. */
function isTaken({ state }: Subject, { lines, sysTick, pendSv }: Waiting): boolean {
  const enabled = linesSet(state, PPB.NVIC_ISER) ?? [];
  return sysTick || pendSv || lines.some((n) => enabled.includes(n));
}
function judgeWaiting(subject: Subject, which: Waiting): Judgement {
  const { state, history, rom } = subject;
  const { lines, sysTick, pendSv } = which;
  const waited = hadWaited(subject);
  const taken = isTaken(subject, which);
  const names = [...lines.map((n) => lineName(state.chip, n)), ...(sysTick ? ['SysTick'] : []), ...(pendSv ? ['PendSV'] : [])];
  const observed = `pending: ${listed(names)}`;
  const nothing = waited || (taken && !heldAtEntry(state)) ? null : nothingToIt(rom, observed, 'Go unmasks what is enabled');
  if (nothing !== null) return nothing;
  const first = lines[0];
  return broken('fail', {
    observed,
    expected: 'nothing pending',
    source: DEINIT,
    confidence: 'documented',
    because: waited
      ? `${exceptionName(state.chip, waited.exception)} was pending and was taken as soon as interrupts were unmasked; its vector came from system memory`
      : taken
        ? 'a pending exception is taken in the ROM as soon as interrupts are enabled'
        : 'the interrupts are disabled, so nothing happens until the ROM enables the same interrupt for itself',
    lastWriter:
      waited?.unmasked ?? (first === undefined ? null : (history?.lastWriter(`CPU.NVIC_ISPR${first >>> 5}`, 1 << (first & 31)) ?? null)),
  });
}

function repairWaiting(subject: Subject, { lines, sysTick, pendSv }: Waiting): Repair {
  const bits = [...(sysTick ? ['SCB_ICSR_PENDSTCLR_Msk'] : []), ...(pendSv ? ['SCB_ICSR_PENDSVCLR_Msk'] : [])];
  const few = lines.map(
    (n) => `NVIC_ClearPendingIRQ((IRQn_Type)${n});   /* ${lineName(subject.state.chip, n)}; first clear its cause in the peripheral */`,
  );
  const all = 'for (unsigned i = 0; i < sizeof NVIC->ICPR / sizeof NVIC->ICPR[0]; i++) NVIC->ICPR[i] = 0xFFFFFFFFu;';
  const fix = [...(lines.length > 3 ? [all] : few), ...(bits.length > 0 ? [`SCB->ICSR = ${bits.join(' | ')};`] : [])];
  return {
    at: 'entry',
    ...(hadWaited(subject) ? { acts: 'undoes-exception' as const } : {}),
    what: `pending state cleared: ${listed(membersOf({ lines, sysTick, pendSv }))}`,
    fix: hadWaited(subject) ? part('unmask', '', ...fix) : fix.join('\n'),
    apply: (target) => {
      target.clearNvic('pending', lines);
      if (bits.length > 0) target.write(PPB.ICSR, 4, (sysTick ? PENDSTCLR : 0) | (pendSv ? PENDSVCLR : 0));
    },
  };
}
const PENDSTCLR = 1 << 25;
const PENDSVCLR = 1 << 27;

export const nvicPending: Check = {
  id: 'nvic-pending',
  question: 'Are all pending interrupts cleared, including SysTick and PendSV?',
  path: false,
  judge(subject) {
    const which = waiting(subject);
    if (which === null) return unknown('the NVIC cannot be read on this target');
    if (membersOf(which).length === 0) return pass('nothing pending', 'no exception is pending', DEINIT, 'documented');
    return judgeWaiting(subject, which);
  },
  repair: (subject) => repairWaiting(subject, waiting(subject) ?? waitingOf([])),
  members: (subject) => membersOf(waiting(subject) ?? waitingOf([])),
  narrow: (subject, members) => ({
    judgement: judgeWaiting(subject, waitingOf(members)),
    repair: repairWaiting(subject, waitingOf(members)),
  }),
  explanation: [
    'Disabling an interrupt does not clear it if it is already pending. It stays pending and is taken as soon as the interrupt is enabled again, for example by the ROM for its own use.',
    'SysTick and PendSV are not in the NVIC registers. Clear their pending bits in SCB->ICSR. If a peripheral still asserts its interrupt, the interrupt becomes pending again at once: clear the cause in the peripheral first.',
  ].join('\n\n'),
};
