/** A jump out of an exception handler. */
import { broken, notApplicable, pass, type Check } from './check.ts';
import { exceptionName, exceptionPriority, groupPriority } from './core-registers.ts';
import { usbPriority } from './mask-registers.ts';
import { byResetInC } from './fix-in-c.ts';
import { INTERRUPTS } from './sources.ts';

const SOURCE = `Arm: an active exception lets only a higher priority preempt it; ${INTERRUPTS}`;

export const handlerMode: Check = {
  id: 'handler-mode',
  question: 'Does the ROM start in Thread mode, or is an exception of the application still active?',
  path: false,
  judge(subject) {
    const { state, entry } = subject;
    const xpsr = state.core('xpsr');
    if (xpsr === null) return notApplicable('xPSR cannot be read on this target');
    const active = xpsr & 0x1ff;
    if (active === 0) return pass('IPSR = 0', 'Thread mode', SOURCE, 'documented');
    if (entry?.how === 'exception')
      return notApplicable(
        `no jump was made in a handler: ${exceptionName(state.chip, active)} was taken in system memory, see entry-address`,
      );
    const own = exceptionPriority(state, active);
    const usb = usbPriority(subject);
    const blocks = own !== null && usb !== null && usb >= groupPriority(state, own);
    const how = `the jump was made inside the handler of ${exceptionName(state.chip, active)}`;
    return broken(blocks ? 'fail' : 'warn', {
      observed: `IPSR = ${active}: ${exceptionName(state.chip, active)}${own === null ? '' : `, priority ${own}`}${usb === null ? '' : `; USB interrupt ${usb}`}`,
      expected: 'IPSR = 0',
      source: SOURCE,
      confidence: blocks ? 'documented' : 'inferred',
      because: blocks
        ? `${how}; it stays active, and the USB interrupt cannot preempt it`
        : `${how}; the USB interrupt has a higher priority and still gets through`,
      lastWriter: null,
    });
  },
  repair: (subject) => ({
    at: 'entry',
    what: 'no exception active, Thread mode',
    fix: byResetInC(subject, '; or let the main loop jump'),
    apply: (target) => target.leaveHandlerMode(),
  }),
  explanation: [
    'A handler that branches away instead of returning stays active for ever. The core then takes only exceptions of a higher priority, so the USB interrupt of the ROM waits for a return that never comes: D+ is pulled up, and nothing answers.',
    'Typical ways into it: the jump is made in a USB or UART receive callback, in a timer interrupt, in a button EXTI, or in a software timer that runs in SysTick.',
    'Let the handler only note the wish. Jump from the main loop, or reset and jump first thing after the reset.',
  ].join('\n\n'),
};
