/** Everything but NMI masked by FAULTMASK when the ROM is entered. */
import { broken, notApplicable, pass, type Check } from './check.ts';
import { nothingToIt } from './mask-registers.ts';
import { INTERRUPTS } from './sources.ts';

export const faultmask: Check = {
  id: 'faultmask',
  question: 'Can the ROM take interrupts, or does FAULTMASK mask them?',
  path: false,
  judge({ state, history, rom }) {
    const value = state.core('faultmask');
    if (value === null) return notApplicable('this core has no FAULTMASK');
    if ((value & 1) === 0) return pass('FAULTMASK = 0', 'interrupts can be taken', INTERRUPTS, 'documented');
    const nothing = nothingToIt(rom, 'FAULTMASK = 1');
    if (nothing !== null) return nothing;
    return broken('fail', {
      observed: 'FAULTMASK = 1',
      expected: 'FAULTMASK = 0',
      source: INTERRUPTS,
      confidence: 'documented',
      because: 'FAULTMASK blocks every interrupt and fault except NMI; clearing PRIMASK does not help',
      lastWriter: history?.lastWriter('CPU.FAULTMASK', 1) ?? null,
    });
  },
  repair: () => ({
    at: 'entry',
    what: 'FAULTMASK cleared before the first ROM instruction',
    fix: '__enable_fault_irq();        /* and __enable_irq() */',
    apply: (target) => target.setCore('faultmask', 0),
  }),
  explanation: [
    'cpsid f (__disable_fault_irq()) masks everything except NMI, including HardFault. FAULTMASK is separate from PRIMASK: cpsie i does not clear it. Only cpsie f, an exception return or a reset clears it.',
    'With FAULTMASK set, the ROM connects to the bus but never answers the host, and any fault locks up the core.',
  ].join('\n\n'),
};
