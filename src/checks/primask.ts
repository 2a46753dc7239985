/** Interrupts masked by PRIMASK when the ROM is entered. */
import { notApplicable, pass, type Check } from './check.ts';

const SOURCE = 'AN2606 Rev 70 4.1: on products whose bootloader uses interrupts, they have to be enabled again before the jump';

export const primask: Check = {
  id: 'primask',
  question: 'Can the ROM take interrupts, or does PRIMASK mask them?',
  path: false,
  judge({ state, history, rom }) {
    const value = state.core('primask');
    if (value === null) return notApplicable('PRIMASK cannot be read on this target');
    if ((value & 1) === 0) return pass('PRIMASK = 0', 'interrupts can be taken', SOURCE, 'documented');
    // The rule is documented, but not for which product: a ROM that clears the mask itself would not mind.
    const keeps = rom.option('primask');
    return {
      verdict: 'fail',
      observed: 'PRIMASK = 1',
      expected: 'PRIMASK = 0',
      because: 'the ROM serves USB from an interrupt, which PRIMASK keeps from ever being taken',
      source: SOURCE,
      confidence: keeps?.value === 'keeps' ? 'documented' : 'assumed',
      lastWriter: history?.lastWriter('CPU.PRIMASK', 1) ?? null,
    };
  },
  repair: () => ({
    at: 'entry',
    what: 'PRIMASK cleared before the first ROM instruction',
    fix: '__enable_irq();            /* after the NVIC has been cleared, right before the jump */',
    apply: (target) => target.setCore('primask', 0),
  }),
  explanation: [
    'The ROM bootloader answers USB from an interrupt. It does not clear PRIMASK itself on the products where ST tells the caller to enable interrupts again before the jump.',
    'With PRIMASK set the ROM starts, connects to the bus, and then never answers the host: the device shows up as "unknown" or not at all.',
    'Disable and clear every interrupt source (NVIC, SysTick), then set PRIMASK back to 0 (__enable_irq()) before you branch. Nothing can fire, because nothing is enabled.',
  ].join('\n\n'),
};
