/** Instructions that only work with a debugger attached. */
import { broken, hex, pass, unknown, type Check } from './check.ts';
import { atInstruction } from './entry.ts';
import { PPB } from './core-registers.ts';

const SOURCE = 'Arm: BKPT without halting debug or monitor is a HardFault with HFSR.DEBUGEVT set';
const DEBUGEVT = 0x80000000;

export const debuggerCheck: Check = {
  id: 'debugger',
  question: 'Does the firmware run without a debugger, or does it stop at a BKPT?',
  path: true,
  remark: true,
  staysOpen: () => true,
  judge({ state, history }) {
    const calls = history?.breakpoints;
    const fault = history?.firstFault?.kind === 'breakpoint' ? history.firstFault : null;
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
        observed: `${calls.length} BKPT${calls.length === 1 ? '' : 's'}${first.semihosting ? ' (semihosting)' : ''}, the first at ${hex(first.pc)}`,
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
  repair: () => null,
  explanation: [
    'BKPT stops the core for a debugger. Semihosting (printf over the debug probe, rdimon, BKPT 0xAB) uses it. Without a debugger, the instruction causes a HardFault: the firmware works with the probe attached and crashes without it.',
    'bootbench answers semihosting calls by default and warns here; --no-semihosting shows what happens without a debugger. Link nosys instead of rdimon, and remove BKPT from assert handlers or test DHCSR.C_DEBUGEN first.',
  ].join('\n\n'),
};
