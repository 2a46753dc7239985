/** Interrupts and system exceptions that wait to be taken when the ROM is entered. */
import { broken, pass, unknown, type Check } from './check.ts';
import { lineName, linesSet, listed, PENDSTSET, PENDSVSET, PPB } from './core-registers.ts';
import { DEINIT } from './sources.ts';

export const nvicPending: Check = {
  id: 'nvic-pending',
  question: 'Are all pending interrupts cleared, SysTick and PendSV included?',
  path: false,
  judge({ state, history }) {
    const lines = linesSet(state, PPB.NVIC_ISPR);
    const icsr = state.read(PPB.ICSR, 4);
    if (lines === null || icsr === null) return unknown('the NVIC cannot be read on this target');
    const waiting = [
      ...lines.map((n) => lineName(state.chip, n)),
      ...(icsr & PENDSTSET ? ['SysTick'] : []),
      ...(icsr & PENDSVSET ? ['PendSV'] : []),
    ];
    if (waiting.length === 0) return pass('nothing pending', 'nothing waits to be taken', DEINIT, 'documented');
    // SysTick and PendSV have no enable bit in the NVIC: they are taken as soon as no mask holds them.
    const system = (icsr & (PENDSTSET | PENDSVSET)) !== 0;
    const enabled = linesSet(state, PPB.NVIC_ISER) ?? [];
    const taken = system || lines.some((n) => enabled.includes(n));
    const first = lines[0];
    return broken('fail', {
      observed: `pending: ${listed(waiting)}`,
      expected: 'nothing pending',
      source: DEINIT,
      confidence: 'documented',
      because: taken
        ? 'a pending exception is taken in the ROM as soon as interrupts are enabled'
        : 'the lines are disabled, so nothing happens until the ROM enables the same line for itself',
      lastWriter: first === undefined ? null : (history?.lastWriter(`CPU.NVIC_ISPR${first >>> 5}`, 1 << (first & 31)) ?? null),
    });
  },
  repair: () => ({
    at: 'entry',
    what: 'everything pending cleared',
    fix: 'for (unsigned i = 0; i < sizeof NVIC->ICPR / sizeof NVIC->ICPR[0]; i++) NVIC->ICPR[i] = 0xFFFFFFFFu;\nSCB->ICSR = SCB_ICSR_PENDSTCLR_Msk | SCB_ICSR_PENDSVCLR_Msk;',
    apply: (target) => target.clearNvic('pending'),
  }),
  explanation: [
    'Disabling a line does not take back an interrupt that has already arrived. It stays pending and is taken the moment the line is enabled again, by whoever enables it: the ROM, for the lines that it uses itself.',
    'SysTick and PendSV are not lines of the NVIC. Their pending bits stand in SCB->ICSR and have to be cleared there. A peripheral that still asserts its interrupt makes the line pending again at once: silence the peripheral first.',
  ].join('\n\n'),
};
