/** A jump out of an exception handler. */
import { broken, notApplicable, pass, type Check, type Subject } from './check.ts';
import { exceptionName, exceptionPriority, groupPriority } from './core-registers.ts';
import { jumpOf } from './entry.ts';
import { usbPriority } from './mask-registers.ts';
import { byResetInC, OR_MAIN_LOOP } from './fix-in-c.ts';
import { INTERRUPTS } from './sources.ts';

const SOURCE = `Arm: an active exception lets only a higher priority preempt it; ${INTERRUPTS}`;

/** NMI and the faults: the main loop does not come again, since the instruction that faulted is repeated. */
const isOfFault = ({ state }: Subject): boolean => {
  const active = (state.core('xpsr') ?? 0) & 0x1ff;
  return active >= NMI && active <= SECURE_FAULT;
};
const [NMI, SECURE_FAULT] = [2, 7];

export const handlerMode: Check = {
  id: 'handler-mode',
  namesInstruction: true,
  question: 'Does the ROM start in Thread mode, with no exception of the application still active?',
  path: false,
  judge(subject) {
    const { state, entry } = subject;
    const xpsr = state.core('xpsr');
    if (xpsr === null) return notApplicable('xPSR cannot be read on this target');
    const active = xpsr & 0x1ff;
    if (active === 0) return pass('IPSR = 0', 'Thread mode', SOURCE, 'documented');
    if (entry?.how === 'exception')
      return notApplicable(
        `the handler did not jump: the vector of ${exceptionName(state.chip, active)} leads into system memory, see entry-address`,
      );
    const own = exceptionPriority(state, active);
    const usb = usbPriority(subject);
    const blocks = own !== null && usb !== null && usb >= groupPriority(state, own);
    const how = `the firmware jumped from inside the handler of ${exceptionName(state.chip, active)}`;
    return broken(blocks ? 'fail' : 'warn', {
      observed: `IPSR = ${active}: ${exceptionName(state.chip, active)}${own === null ? '' : `, priority ${own}`}${usb === null ? '' : `; the USB interrupt's is ${usb}`}`,
      expected: 'IPSR = 0',
      source: SOURCE,
      confidence: blocks ? 'documented' : 'inferred',
      because: blocks
        ? `${how}; that exception stays active, and the USB interrupt cannot preempt it`
        : usb === null
          ? `${how}; that exception stays active, and no interrupt of the same or a lower priority can preempt it`
          : `${how}; the USB interrupt has a higher priority and can still preempt it`,
      lastWriter: jumpOf(subject),
    });
  },
  repair: (subject) => ({
    at: 'entry',
    what: 'no exception active, Thread mode',
    fix: byResetInC(subject, isOfFault(subject) ? '; a handler that returned would meet the same fault again' : OR_MAIN_LOOP),
    apply: (target) => target.leaveHandlerMode(),
  }),
  explanation: [
    'If a handler branches away instead of returning, its exception stays active. The core then takes only exceptions of a higher priority, and the USB interrupt of the ROM waits for a return that never comes: D+ is pulled up, but nothing answers the host.',
    'This happens when the firmware jumps from a USB or UART receive callback, a timer interrupt, the EXTI interrupt of a button, or a software timer that runs in SysTick.',
    'Only set a flag in the handler. Jump from the main loop, or reset the chip and jump right after the reset.',
  ].join('\n\n'),
};
