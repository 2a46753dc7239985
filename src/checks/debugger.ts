/** Instructions that only work with a debugger attached. */
import { broken, hex, pass, unknown, type Check, type FaultFacts, type Subject } from './check.ts';
import { atInstruction } from './entry.ts';
import { PPB } from './core-registers.ts';
import { MOST_BREAKPOINTS } from '../emu/machine-state.ts';

const SOURCE = 'Arm: BKPT without halting debug or monitor is a HardFault with HFSR.DEBUGEVT set';
const DEBUGEVT = 0x80000000;

const FIX = '/* no BKPT here; or only with a debugger: if (CoreDebug->DHCSR & CoreDebug_DHCSR_C_DEBUGEN_Msk) __BKPT(0); */';
const faultOf = ({ history }: Pick<Subject, 'history'>): FaultFacts | null =>
  history?.firstFault?.kind === 'breakpoint' ? history.firstFault : null;
/** Where the exception that is active has stored the PC: on the stack that EXC_RETURN names, behind R0 to R3, R12 and LR. */
const savedPc = ({ state }: Subject): number => ((state.core((state.core('lr') ?? 0) & 4 ? 'psp' : 'msp') ?? 0) + 24) >>> 0;

export const debuggerCheck: Check = {
  id: 'debugger',
  namesInstruction: true,
  question: 'Does the firmware run without a debugger, or does it stop at a BKPT?',
  path: true,
  remark: true,
  staysOpen: () => true,
  judge({ state, history }) {
    const calls = history?.breakpoints;
    const fault = faultOf({ history });
    if (fault)
      return broken('fail', {
        observed: `BKPT at ${hex(fault.pc)}`,
        expected: 'no BKPT',
        because: 'without a debugger, BKPT causes a HardFault',
        source: SOURCE,
        confidence: 'documented',
        lastWriter: atInstruction(fault.pc, fault.at),
      });
    if (calls && calls.length > 0) {
      const first = calls[0]!;
      return broken('warn', {
        observed: `BKPT${first.semihosting ? ' (semihosting)' : ''} executed at ${calls.length === 1 ? hex(first.pc) : `${calls.length} places${calls.length >= MOST_BREAKPOINTS ? ' or more' : ''}, the first at ${hex(first.pc)}`}`,
        expected: 'no BKPT',
        because: 'a debugger answered here; without one, this BKPT causes a HardFault',
        source: SOURCE,
        confidence: 'documented',
        lastWriter: atInstruction(first.pc, first.at),
      });
    }
    const hfsr = state.read(PPB.HFSR, 4);
    if (hfsr !== null && (hfsr & DEBUGEVT) !== 0)
      return broken('fail', {
        observed: `HFSR = ${hex(hfsr)}: DEBUGEVT`,
        expected: 'DEBUGEVT = 0',
        because: 'the firmware executed BKPT without a debugger',
        source: SOURCE,
        confidence: 'documented',
      });
    if (!calls) return unknown('this target does not count BKPT instructions');
    return pass('no BKPT', 'the firmware executed no BKPT', SOURCE, 'documented');
  },
  /** Left out where it stands: what follows it is what a debugger would have gone on with. */
  repair(subject) {
    const fault = faultOf(subject);
    if (fault === null) return null;
    const behind = fault.pc + 2;
    const words = { what: `leave out the BKPT at ${hex(fault.pc)}`, fix: FIX } as const;
    if (subject.entry === null) return { at: 'entry', acts: 'instead-of-fault', ...words, apply: (target) => target.jumpTo?.(behind | 1) };
    const saved = savedPc(subject);
    if (subject.entry.how !== 'exception' || subject.state.read(saved, 4) !== fault.pc) return null;
    return { at: 'entry', acts: 'undoes-exception', ...words, apply: (target) => target.write(saved, 4, behind) };
  },
  explanation: [
    'BKPT stops the core for a debugger. Semihosting (printf over the debug probe, rdimon, BKPT 0xAB) uses it. Without a debugger, the instruction causes a HardFault: the firmware works with the probe attached and crashes without it.',
    'bootbench answers semihosting calls by default, and a success that rests on it is no plain OK (`OK, but`) unless the scenario attaches a debugger (`board.debugger`); `bootbench run --no-semihosting` shows what happens without a debugger. Link nosys instead of rdimon, and remove BKPT from assert handlers or test DHCSR.C_DEBUGEN first.',
  ].join('\n\n'),
};
