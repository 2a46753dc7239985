/** Whether the ROM of this part has USB at all, and what it needs for it. */
import { broken, notApplicable, pass, type Check } from './check.ts';
import { familyOf, NO_FAMILY } from './families.ts';

export const romUsb: Check = {
  id: 'rom-usb',
  question: "Does this part's ROM speak USB DFU, from which clock and on which pins?",
  path: false,
  judge({ state }) {
    const f = familyOf(state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    const { crystals, source, confidence } = f.hseForUsb;
    if (f.romWithoutUsb !== undefined)
      return broken('fail', {
        observed: `no USB in this ROM; it has ${f.romWithoutUsb.instead}`,
        expected: 'a part whose ROM has USB DFU',
        because: 'AN2606 lists no USB for this part: no code of the application can make its ROM enumerate',
        source: f.document,
        confidence: 'documented',
      });
    const clock = crystals === null ? 'HSI48, trimmed by CRS on SOF' : crystals.orLse ? 'MSI trimmed by LSE, else HSE' : 'HSE';
    return pass(`USB DFU on PA11 and PA12, 48 MHz from ${clock}`, 'AN2606 lists USB for this part', source, confidence);
  },
  repair: () => null,
  decides: true,
  explanation: [
    'Not every ROM has USB: STM32F103, F030, F091, G070 and many small parts have USART, I2C, SPI or CAN alone. There a jump that works still never shows a DFU device; use the interface that the ROM has, or a bootloader of your own.',
    'Where the ROM has USB it is on PA11 and PA12. Some make the 48 MHz from HSI48, others need a crystal that they can measure (check hse).',
  ].join('\n\n'),
};
