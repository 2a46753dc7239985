/** The bit by which software declares the supply of the USB transceiver valid. */
import { broken, isLeftToRom, notApplicable, pass, type Check } from './check.ts';
import { familyOf, inManual, maskOf, registerOf } from './families.ts';

const SOURCE = 'MicroPython jumps in the reset state, where the bit is 0, and reaches DFU; AN2606 asks only for the voltage on the pin';

export const vddusb: Check = {
  id: 'vddusb',
  question: 'Is the USB supply declared valid, in case the ROM does not do it?',
  path: false,
  leftByReset: true,
  judge({ state, history, rom, entry }) {
    const f = familyOf(state.chip)?.usbSupply;
    const value = f ? state.field(f.bit) : null;
    if (!f || value === null) return notApplicable('this chip has no such bit');
    if (value === 1) return pass(`${inManual(f.bit)} = 1`, 'the USB transceiver has its supply', SOURCE, 'reported');
    if (isLeftToRom(entry, rom, 'usb-supply'))
      return pass(`${inManual(f.bit)} = 0`, 'reset value; the ROM sets the bit', SOURCE, 'reported');
    return broken('warn', {
      observed: `${inManual(f.bit)} = 0`,
      expected: `${inManual(f.bit)} = 1`,
      source: SOURCE,
      confidence: 'reported',
      because: 'the USB transceiver is isolated until software sets the bit; the ROM is reported to set it',
      lastWriter: history?.lastWriter(registerOf(f.bit), maskOf(state.chip, f.bit)) ?? null,
    });
  },
  repair({ state }) {
    const f = familyOf(state.chip)?.usbSupply;
    return f ? { at: 'entry', what: `${inManual(f.bit)} set`, fix: f.code, apply: (target) => target.setField(f.bit, 1) } : null;
  },
  explanation: [
    'On chips with a VDDUSB pin, the USB transceiver is isolated until software sets a bit that declares the supply valid: USB33SV in PWR_USBSCR on STM32H5, USV in PWR_CR2 on STM32L4. On STM32H5 it is often confused with USB33DEN in the same register, which only switches on the voltage detector.',
    'AN2606 says only that the pin needs 3.3 V. Firmware that jumps with the bit cleared is reported to reach DFU, so the ROM seems to set the bit. To be safe, set it before the jump.',
  ].join('\n\n'),
};
