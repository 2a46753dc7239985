/** Interrupts masked by BASEPRI when the ROM is entered. */
import { broken, notApplicable, pass, type Check } from './check.ts';
import { groupPriority } from './core-registers.ts';
import { nothingToIt, usbPriority } from './mask-registers.ts';
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
    const nothing = nothingToIt(subject.rom, `BASEPRI = ${level(value)}`);
    if (nothing !== null) return nothing;
    const usb = usbPriority(subject);
    const masks = usb !== null && usb >= groupPriority(state, value & 0xff);
    return broken(masks ? 'fail' : 'warn', {
      observed: `BASEPRI = ${level(value)}${usb === null ? '' : `, priority of the USB interrupt ${level(usb)}`}`,
      expected: 'BASEPRI = 0',
      source: INTERRUPTS,
      confidence: masks ? 'documented' : 'inferred',
      lastWriter: history?.lastWriter('CPU.BASEPRI') ?? null,
      because: masks
        ? 'BASEPRI masks the priority of the USB interrupt, so it is never taken'
        : usb === null
          ? 'BASEPRI masks interrupts of low priority'
          : 'BASEPRI masks interrupts of low priority; the USB interrupt is masked too only if the ROM lowers its priority',
    });
  },
  repair: () => ({
    at: 'entry',
    what: 'BASEPRI cleared before the first ROM instruction',
    fix: '__set_BASEPRI(0);',
    apply: (target) => target.setCore('basepri', 0),
  }),
  explanation: [
    'BASEPRI masks every interrupt whose priority value is equal or higher. An RTOS sets it in critical sections. If the firmware jumps from inside such a section, the mask stays set in the ROM.',
    'Whether BASEPRI masks the USB interrupt of the ROM depends on the priority that the application left in the NVIC for that line. BASEPRI never masks priority 0, the reset value.',
    'Leave the critical section first, or write BASEPRI = 0 right before the jump, after all interrupts have been disabled in the NVIC.',
  ].join('\n\n'),
};
