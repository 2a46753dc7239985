/** ST's SVD files do not agree on what software can write, and a bit that is read-only in one of them by mistake is a function that no firmware can use. */
import { expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';

/** Fields that firmware has to be able to set wherever the register has them. */
const WRITABLE: Readonly<Record<string, readonly string[]>> = {
  'WWDG.CR': ['T', 'WDGA'],
  'WWDG.CFR': ['W', 'EWI'],
  'IWDG.PR': ['PR'],
  'IWDG.RLR': ['RL'],
  'CRC.CR': ['POLYSIZE', 'REV_IN', 'REV_OUT'],
  'CRS.CR': ['CEN', 'AUTOTRIMEN', 'TRIM', 'SWSYNC'],
  'SPI1.IER': ['RXPIE', 'TXPIE', 'DPXPIE', 'DXPIE', 'EOTIE'],
  'SPI6.IER': ['RXPIE', 'TXPIE', 'DPXPIE', 'DXPIE', 'EOTIE'],
  'FDCAN1.ILS': ['RF0NL', 'TCL'],
  'FDCAN2.TDCR': ['TDCO', 'TDCF'],
  'FDCAN2.TEST': ['LBCK', 'TX'],
  'DCMI.CR': ['CAPTURE', 'ENABLE', 'BSM'],
  'RCC.CFGR': ['MCOPRE', 'MCOSEL'],
  'FLASH.WRP1AR': ['WRP1A_STRT', 'WRP1A_END'],
  'FLASH.WRP1BR': ['WRP1B_STRT', 'WRP1B_END'],
  'FLASH.PCROP1ASR': ['PCROP1A_STRT'],
  'FLASH.PCROP1AER': ['PCROP1A_END', 'PCROP_RDP'],
  'PWR.CR': ['DBP'],
  'PWR.CR1': ['DBP'],
};

it.each(CHIPS.map((chip) => [chip.name, chip] as const))('%s lets firmware start watchdogs, a CRC and the backup domain', (_, chip) => {
  for (const [path, names] of Object.entries(WRITABLE)) {
    const [block = '', register] = path.split('.');
    const found = chip.facts[block]?.registers.find((r) => r.name === register);
    for (const field of found?.fields ?? [])
      if (names.includes(field.name)) expect((found!.writable >>> field.bit) & 1, `${path}.${field.name}`).toBe(1);
  }
});
