/** Interrupts masked by BASEPRI when the ROM is entered. */
import { broken, notApplicable, pass, type Check } from './check.ts';
import { groupPriority } from './core-registers.ts';
import { usbPriority } from './mask-registers.ts';
import { INTERRUPTS } from './sources.ts';

const level = (n: number): string => `0x${n.toString(16).padStart(2, '0')}`;

export const basepri: Check = {
  id: 'basepri',
  question: 'Can the ROM take interrupts of every priority, or does BASEPRI mask some?',
  path: false,
  judge(subject) {
    const { state, history } = subject;
    const value = state.core('basepri');
    if (value === null) return notApplicable('this core has no BASEPRI');
    if ((value & 0xff) === 0) return pass('BASEPRI = 0', 'no priority is masked', INTERRUPTS, 'documented');
    const usb = usbPriority(subject);
    const masks = usb !== null && usb >= groupPriority(state, value & 0xff);
    return broken(masks ? 'fail' : 'warn', {
      observed: `BASEPRI = ${level(value)}${usb === null ? '' : `, priority of the USB interrupt ${level(usb)}`}`,
      expected: 'BASEPRI = 0',
      source: INTERRUPTS,
      confidence: masks ? 'documented' : 'inferred',
      lastWriter: history?.lastWriter('CPU.BASEPRI') ?? null,
      because: masks
        ? 'the USB interrupt has a priority that BASEPRI masks: it is never taken'
        : 'interrupts of low priority are masked; the USB interrupt is not one of them unless the ROM gives it another priority',
    });
  },
  repair: () => ({
    at: 'entry',
    what: 'BASEPRI cleared before the first ROM instruction',
    fix: '__set_BASEPRI(0);',
    apply: (target) => target.setCore('basepri', 0),
  }),
  explanation: [
    'BASEPRI masks all interrupts whose priority value is equal or higher. An RTOS sets it in critical sections; a jump out of one takes the mask along.',
    'Whether the USB interrupt of the ROM is caught depends on the priority that the application left in the NVIC for that line. Priority 0, the reset value, is never masked by BASEPRI.',
    'Leave the critical section first, or write BASEPRI = 0 right before the jump, when nothing is enabled in the NVIC any more.',
  ].join('\n\n'),
};
