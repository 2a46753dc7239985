/** Stack selection and privilege that the ROM gets. */
import {
  broken,
  hex,
  notApplicable,
  pass,
  type Check,
  type Judgement,
  type Repair,
  type RomFacts,
  type Subject,
  type TargetState,
  type Writer,
} from './check.ts';
import { jumpOnMspInC, part } from './fix-in-c.ts';
import { inRomRam, isUsableStack } from './msp.ts';
import { NOTHING_PUBLISHED } from './sources.ts';

const NPRIV = 1;
const SPSEL = 2;
const UNPRIVILEGED = 'the ROM runs unprivileged (nPRIV = 1): its accesses to NVIC and SCB fault';
const RAM_USE = 'AN2606 Rev 70, product table: RAM that the bootloader uses';

/** Where VTOR points to the ROM by now, privileges were dropped behind that, by what the right jump replaces. */
const isStuckUnprivileged = (state: TargetState, { range: [from, to] }: RomFacts): boolean => {
  const vtor = state.core('vtor') ?? 0;
  return ((state.core('control') ?? 0) & NPRIV) !== 0 && !(vtor >= from && vtor <= to);
};
/** Only an exception gives privileges back. */
const privilegedInC = (rom: RomFacts): string =>
  [
    part('file', '; if an RTOS owns SVC_Handler, jump from a privileged task instead', 'void SVC_Handler(void) { __set_CONTROL(0); }'),
    part('here', '', '__asm volatile("svc 0" : : : "memory");', jumpOnMspInC(rom)),
  ].join('\n');

/** Where the firmware dropped its privileges and then needs them, so that it faults and never comes to the ROM. */
interface Refused {
  readonly address: number;
  /** The write of nPRIV = 1, and what CONTROL has now. */
  readonly writer: Writer | null;
  readonly value: number;
}
function refused({ state, history, entry }: Subject): Refused | null {
  const fault = entry ? null : (history?.firstFault ?? null);
  const value = state.core('control') ?? 0;
  if (fault?.address == null || !fault.kind.startsWith('bus-data') || (value & NPRIV) === 0) return null;
  const [from, to] = PRIVATE_BUS;
  if (fault.address < from || fault.address > to) return null;
  return { address: fault.address, writer: history?.lastWriter('CPU.CONTROL', NPRIV) ?? null, value };
}
const PRIVATE_BUS = [0xe0000000, 0xe00fffff] as const;
const judgeRefused = ({ address, writer, value }: Refused): Judgement =>
  broken('fail', {
    observed: `CONTROL = ${value & 7}; ${hex(address)} was accessed`,
    expected: 'nPRIV = 0',
    because: 'from here on the firmware runs unprivileged (CONTROL.nPRIV = 1), and only privileged code may access SysTick, NVIC and SCB',
    source: 'Arm: unprivileged accesses to the private peripheral bus fault (Armv7-M ARM B3.1)',
    confidence: 'documented',
    lastWriter: writer,
  });
const repairRefused = ({ writer, value }: Refused): Repair | null =>
  writer === null
    ? null
    : {
        at: 'before-write',
        what: 'CONTROL.nPRIV stays 0',
        fix: '/* leave nPRIV = 0 here, or let privileged code go to the ROM: the handler of an SVC that stores a request word and resets the chip */',
        seq: writer.seq,
        value: value & ~NPRIV,
      };

function judgeEntered({ state, history, rom }: Subject): Judgement {
  const value = state.core('control');
  if (value === null) return notApplicable('CONTROL cannot be read on this target');
  const expected = 'CONTROL.SPSEL = 0, nPRIV = 0';
  const lastWriter = history?.lastWriter('CPU.CONTROL', NPRIV | SPSEL) ?? null;
  if ((value & (NPRIV | SPSEL)) === 0) return pass(`CONTROL = ${value & 7}`, 'privileged, MSP in use', NOTHING_PUBLISHED, 'inferred');
  const psp = state.core('psp');
  const onPsp = (value & SPSEL) !== 0;
  const unprivileged = (value & NPRIV) !== 0 ? `${UNPRIVILEGED}; ` : '';
  const observed = [`CONTROL = ${value & 7}`, ...(onPsp && psp !== null ? [`PSP = ${hex(psp)}`] : [])].join(', ');
  if (onPsp && psp !== null && !isUsableStack(state.chip, psp))
    return broken('fail', {
      observed,
      expected,
      source: 'Arm: full descending stack',
      confidence: 'documented',
      lastWriter,
      because: `${unprivileged}the ROM uses PSP as its stack pointer, and there is no RAM below it`,
    });
  if (onPsp && psp !== null && inRomRam(rom, psp))
    return broken('fail', {
      observed,
      expected,
      source: RAM_USE,
      confidence: 'documented',
      lastWriter,
      because: `${unprivileged}the ROM uses PSP as its stack pointer, and that stack is in the RAM where the ROM keeps its variables; writing MSP did not change the stack in use`,
    });
  return broken('warn', {
    observed,
    expected,
    source: NOTHING_PUBLISHED,
    confidence: 'inferred',
    lastWriter,
    because: onPsp ? `${unprivileged}the ROM uses PSP, the stack of a task; writing MSP did not change the stack in use` : UNPRIVILEGED,
  });
}

export const control: Check = {
  id: 'control',
  question: 'Does the ROM start in privileged mode and with MSP as its stack pointer, as after a reset?',
  path: true,
  judge(subject) {
    const fault = refused(subject);
    if (fault) return judgeRefused(fault);
    return subject.entry ? judgeEntered(subject) : notApplicable('no entry');
  },
  repair(subject) {
    const { state, rom } = subject;
    const fault = refused(subject);
    if (fault) return repairRefused(fault);
    return {
      at: 'entry',
      what: 'CONTROL.SPSEL and nPRIV cleared before the first ROM instruction',
      fix: isStuckUnprivileged(state, rom) ? privilegedInC(rom) : jumpOnMspInC(rom),
      apply: (target) => target.setCore('control', (state.core('control') ?? 0) & ~(NPRIV | SPSEL)),
    };
  },
  explanation: [
    'After a reset, the core is privileged and uses MSP. An RTOS task usually uses PSP and may be unprivileged. A branch changes neither.',
    'In a task, writing MSP has no effect on the current stack, because SP is PSP. The ROM continues on the stack of the task. If that stack is in the RAM that the ROM clears for its variables, the ROM destroys its own return addresses. Unprivileged code cannot program the NVIC, and its writes to CONTROL are ignored.',
    'Jump before the scheduler starts, best of all right after a reset with a request flag. Otherwise write CONTROL = 0, followed by an ISB, in privileged code before you set MSP.',
  ].join('\n\n'),
};
