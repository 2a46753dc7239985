/** Whether the ROM of this part has USB at all, and what it needs for it. */
import { broken, notApplicable, pass, type Check } from './check.ts';
import { familyOf, NO_FAMILY } from './families.ts';

export const romUsb: Check = {
  id: 'rom-usb',
  question: "Does this part's ROM support USB DFU, and with which clock and pins?",
  path: false,
  judge({ state }) {
    const f = familyOf(state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    const { crystals, source, confidence } = f.hseForUsb;
    if (f.romWithoutUsb !== undefined)
      return broken('fail', {
        observed: `no USB in this ROM; it has ${f.romWithoutUsb.instead}`,
        expected: 'a part whose ROM has USB DFU',
        because: 'the ROM of this part has no USB (AN2606), so no firmware can make it enumerate',
        source: f.document,
        confidence: 'documented',
      });
    const clock = crystals === null ? 'HSI48, trimmed by CRS on SOF' : crystals.orLse ? 'MSI trimmed by LSE, else HSE' : 'HSE';
    return pass(`USB DFU on PA11 and PA12, 48 MHz from ${clock}`, 'AN2606 lists USB for this part', source, confidence);
  },
  repair: () => null,
  decides: true,
  explanation: [
    'Not every ROM has USB: STM32F103, F030, F091, G070 and many small parts have only USART, I2C, SPI or CAN. On these parts, no DFU device appears even if the jump works. Use an interface that the ROM has, or your own bootloader.',
    'A ROM with USB uses PA11 and PA12. Some ROMs take the 48 MHz from HSI48; others need a crystal whose frequency they can measure (see the check hse).',
  ].join('\n\n'),
};
