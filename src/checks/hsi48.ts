/** The 48 MHz oscillator of USB. */
import { broken, isLeftToRom, notApplicable, pass, type Check } from './check.ts';
import { familyOf, inC, inManual, maskOf, registerOf } from './families.ts';
import { CLOCK_ROWS } from './sources.ts';

export const hsi48: Check = {
  id: 'hsi48',
  question: 'Is HSI48 running, in case the ROM does not start it?',
  path: false,
  leftByReset: true,
  judge({ state, history, rom, entry }) {
    const f = familyOf(state.chip)?.hsi48;
    const on = f ? state.field(f.on) : null;
    if (!f || on === null) return notApplicable('this chip has no HSI48, or its ROM does not use it');
    const ready = state.field(f.ready);
    if (on === 1 && ready !== 0) return pass(`${inManual(f.on)} = 1`, 'HSI48 runs', CLOCK_ROWS, 'documented');
    if (isLeftToRom(entry, rom, 'hsi48'))
      return pass(`${inManual(f.on)} = ${on}`, 'as a reset leaves it, and the ROM starts it', CLOCK_ROWS, 'documented');
    return broken('warn', {
      observed: `${inManual(f.on)} = ${on}${on === 1 ? ', not ready' : ''}`,
      expected: `${inManual(f.on)} = 1`,
      source: CLOCK_ROWS,
      confidence: 'inferred',
      because: on === 1 ? 'HSI48 has not started yet' : 'HSI48 is off; the ROM seems to start it itself, as it must after a reset',
      lastWriter: history?.lastWriter(registerOf(f.on), maskOf(state.chip, f.on)) ?? null,
    });
  },
  repair({ state }) {
    const f = familyOf(state.chip)?.hsi48;
    if (!f) return null;
    const [register, bit, ready] = [inC(f.on), f.on.split('.')[2], f.ready.split('.')[2]];
    const prefix = register.replace('->', '_');
    return {
      at: 'entry',
      what: 'HSI48 switched on',
      fix: `${register} |= ${prefix}_${bit};\nwhile (!(${inC(f.ready)} & ${prefix}_${ready})) {}`,
      apply: (target) => target.setField(f.on, 1),
    };
  },
  explanation: [
    "On chips with HSI48, the ROM clocks USB from it. The clock recovery system (CRS) trims HSI48 to the host's start-of-frame packets, so no crystal is needed.",
    'HSI48 is off after a reset. Published firmware jumps into the ROM in that state and reaches DFU, so the ROM starts HSI48 itself. Forum posts say that the caller must start it; there is no evidence for that, and it does no harm.',
  ].join('\n\n'),
};
