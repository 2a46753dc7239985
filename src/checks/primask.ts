/** Interrupts masked by PRIMASK when the ROM is entered. */
import { notApplicable, pass, type Check } from './check.ts';
import { nothingToIt } from './mask-registers.ts';
import { enabledLines } from './nvic-enabled.ts';

const SOURCE = 'AN2606 Rev 70 4.1: on products whose bootloader uses interrupts, the application must enable them again before the jump';

const unmaskInC = (when = ''): string => `__enable_irq();            /* right before the jump${when} */`;

export const primask: Check = {
  id: 'primask',
  question: 'Can the ROM take interrupts, or does PRIMASK mask them?',
  path: false,
  judge({ state, history, rom }) {
    const value = state.core('primask');
    if (value === null) return notApplicable('PRIMASK cannot be read on this target');
    if ((value & 1) === 0) return pass('PRIMASK = 0', 'interrupts can be taken', SOURCE, 'documented');
    const nothing = nothingToIt(rom, 'PRIMASK = 1');
    if (nothing !== null) return nothing;
    // The rule is documented, but not for which product: a ROM that clears the mask itself would not mind.
    const keeps = rom.option('primask');
    return {
      verdict: 'fail',
      observed: 'PRIMASK = 1',
      expected: 'PRIMASK = 0',
      because: `PRIMASK is set, so ${rom.usbIrq === null ? 'no interrupt that the ROM may depend on is ever taken' : 'the USB interrupt that the ROM depends on is never taken'}`,
      source: SOURCE,
      confidence: keeps?.value === 'keeps' ? 'documented' : 'assumed',
      lastWriter: history?.lastWriter('CPU.PRIMASK', 1) ?? null,
    };
  },
  repair(subject) {
    const fix = unmaskInC(
      enabledLines(subject).length === 0 ? ', after clearing the NVIC' : ', after switching off the interrupts that are still enabled',
    );
    return {
      at: 'entry',
      what: 'PRIMASK cleared before the first ROM instruction',
      fix,
      fixBeside: (others) => (others.includes('nvic-enabled') ? unmaskInC() : fix),
      apply: (target) => target.setCore('primask', 0),
    };
  },
  explanation: [
    'The ROM bootloader handles USB in an interrupt. On products where ST tells the caller to enable interrupts again before the jump, the ROM does not clear PRIMASK itself.',
    'With PRIMASK set, the ROM starts and connects to the bus but never answers the host: the host shows an unknown device or none at all.',
    'Disable and clear every interrupt (NVIC, SysTick), then clear PRIMASK (__enable_irq()) before you branch. No interrupt can fire then, because none is enabled.',
  ].join('\n\n'),
};
