/** SCR.SLEEPONEXIT left on: the core sleeps at the end of each handler, so the ROM's main loop stands behind the first interrupt. */
import { SCR } from '../emu/core/arm/scs-state.ts';
import { broken, pass, unknown, type Check } from './check.ts';
import { PPB } from './core-registers.ts';
import { nothingToIt } from './mask-registers.ts';

const SOURCE = 'Armv7-M ARM B1.5.17, Armv8-M ARM B3.28: with SLEEPONEXIT the core sleeps when a handler returns to Thread mode';

export const sleepOnExit: Check = {
  id: 'sleep-on-exit',
  question: 'Does the ROM go on behind an interrupt, or does SLEEPONEXIT put the core to sleep there?',
  path: false,
  judge({ state, history, rom }) {
    const value = state.read(PPB.SCR, 4);
    if (value === null) return unknown('the target does not show SCR');
    if ((value & SCR.SLEEPONEXIT) === 0) return pass('SCR.SLEEPONEXIT = 0', 'the core goes on behind a handler', SOURCE, 'documented');
    const nothing = nothingToIt(rom, 'SCR.SLEEPONEXIT = 1');
    if (nothing !== null) return nothing;
    return broken('warn', {
      observed: 'SCR.SLEEPONEXIT = 1',
      expected: 'SCR.SLEEPONEXIT = 0',
      source: SOURCE,
      confidence: 'assumed',
      because:
        'SLEEPONEXIT puts the core to sleep at the end of each handler, so the main loop of the ROM never goes on behind its first interrupt',
      lastWriter: history?.lastWriter('CPU.SCR', SCR.SLEEPONEXIT) ?? null,
    });
  },
  repair: () => ({
    at: 'entry',
    what: 'SLEEPONEXIT cleared before the first ROM instruction',
    fix: 'SCB->SCR &= ~SCB_SCR_SLEEPONEXIT_Msk;',
    apply: (target, { state }) => target.write(PPB.SCR, 4, (state.read(PPB.SCR, 4) ?? 0) & ~SCR.SLEEPONEXIT),
  }),
  explanation: [
    'SCR.SLEEPONEXIT (HAL_PWR_EnableSleepOnExit()) is for programs that do everything in interrupts: the core goes to sleep when a handler returns to Thread mode, and only another interrupt wakes it.',
    'Nothing but a reset or a write clears it, so a jump into the ROM takes it along. The ROM then answers in its interrupts, and what its main loop has to do is never done. On the stand-in ROM a download works, and the leave does not start the application; ST publishes nothing about its own ROM.',
  ].join('\n\n'),
};
