/** Flags of earlier resets that are still set when the ROM is entered. */
import { broken, isLeftToRom, notApplicable, pass, type Check } from './check.ts';
import { inC, inManual, locate } from './families.ts';

const SOURCE = 'Klipper and candleLight jump right after a software reset with its flag set and reach DFU';

export const resetFlags: Check = {
  id: 'reset-flags',
  question: 'Are the flags of software and watchdog resets cleared?',
  path: true,
  leftByReset: true,
  judge({ state, entry, rom }) {
    if (!entry) return notApplicable('no entry');
    const flags = state.chip.resetFlags?.flags ?? [];
    const set = flags.filter((f) => state.field(f.field) === 1);
    if (flags.length === 0) return notApplicable('this chip has no such flags');
    // Power-on and the pin raise theirs on the way into a ROM that is chosen by the boot pin as well.
    const telling = set.filter((f) => !f.raisedBy.includes('power') && !f.raisedBy.includes('pin'));
    const names = (list: typeof set): string => list.map((f) => f.field.split('.')[2]).join(', ');
    if (telling.length === 0)
      return pass(set.length === 0 ? 'none set' : names(set), 'only flags of a power or pin reset', SOURCE, 'reported');
    if (isLeftToRom(entry, rom, 'reset-flags'))
      return pass(names(set), 'the reset that booted the ROM set them; no program ran after it', SOURCE, 'reported');
    return broken('warn', {
      observed: `set: ${names(telling)}`,
      expected: 'no flag of a software or watchdog reset',
      source: SOURCE,
      confidence: 'reported',
      because: 'some forum posts say that the ROM returns to the application if such a flag is set; the evidence is against it',
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
    'Every reset sets a flag in the reset status register; it stays set until software clears it or power is removed. After NVIC_SystemReset(), the firmware jumps with the software reset flag set.',
    'Forum posts often say that the ROM tests this flag and returns to the application. Published firmware that jumps in exactly that state and reaches DFU is evidence against it. Clearing the flags (RMVF) is harmless unless the application needs them later.',
  ].join('\n\n'),
};
