/** Flags of earlier resets that are still set when the ROM is entered. */
import { broken, isLeftToRom, notApplicable, pass, type Check } from './check.ts';
import { inC, inManual, locate } from './families.ts';

const SOURCE = 'Klipper and candleLight jump right after a software reset with its flag set and reach DFU';

export const resetFlags: Check = {
  id: 'reset-flags',
  question: 'Are the flags of software and watchdog resets cleared?',
  path: true,
  judge({ state, entry, rom }) {
    if (!entry) return notApplicable('no entry');
    const flags = state.chip.resetFlags?.flags ?? [];
    const set = flags.filter((f) => state.field(f.field) === 1);
    if (flags.length === 0) return notApplicable('this chip has no such flags');
    // Power-on and the pin raise theirs on the way into a ROM that is chosen by the boot pin as well.
    const telling = set.filter((f) => !f.raisedBy.includes('power') && !f.raisedBy.includes('pin'));
    const names = (list: typeof set): string => list.map((f) => f.field.split('.')[2]).join(', ');
    if (telling.length === 0)
      return pass(set.length === 0 ? 'none set' : names(set), 'nothing but what a reset by power or pin leaves', SOURCE, 'reported');
    if (isLeftToRom(entry, rom, 'reset-flags'))
      return pass(names(set), 'the reset that chose the ROM raised them: no program ran behind it', SOURCE, 'reported');
    return broken('warn', {
      observed: `set: ${names(telling)}`,
      expected: 'no flag of a software or watchdog reset',
      source: SOURCE,
      confidence: 'reported',
      because: 'some forum posts say that the ROM goes back to the application when it sees such a flag; the evidence is against it',
      lastWriter: null,
    });
  },
  repair({ state, entry }) {
    const clear = state.chip.resetFlags?.clear;
    const at = clear ? locate(state.chip, clear) : null;
    if (!clear || !at || !entry) return null;
    const register = inC(clear);
    return {
      at: 'entry',
      what: `reset flags cleared through ${inManual(clear)}`,
      fix: `${register} |= ${register.replace('->', '_')}_${clear.split('.')[2]};`,
      apply: (target) => target.write(at.address, 4, at.mask),
    };
  },
  explanation: [
    'Each reset leaves a flag in the reset status register until software clears it or the power goes. A jump after NVIC_SystemReset() is made with the software flag set.',
    'It is often told that the ROM looks at it and goes back to the application. Published firmware that jumps in just that state and reaches DFU speaks against it. Clearing the flags (RMVF) is harmless, unless the application wants to read them later.',
  ].join('\n\n'),
};
