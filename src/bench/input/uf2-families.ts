/** What the family id of a UF2 file says the program is for (uf2families.json of github.com/microsoft/uf2, documented). Boards make ids of their own up: those say nothing. */
import { uf2Family } from '../../image/uf2.ts';

const FAMILIES: Readonly<Record<number, string>> = {
  0x647824b6: 'STM32F0',
  0x5ee21072: 'STM32F1',
  0x5d1a0a2e: 'STM32F2',
  0x6b846188: 'STM32F3',
  0x57755a57: 'STM32F4',
  0x6d0922fa: 'STM32F4',
  0x8fb060fe: 'STM32F4',
  0x53b80f00: 'STM32F7',
  0x300f5633: 'STM32G0',
  0x4c71240a: 'STM32G4',
  0x6db66082: 'STM32H7',
  0x202e3a91: 'STM32L0',
  0x1e1f432d: 'STM32L1',
  0x00ff6919: 'STM32L4',
  0x04240bdf: 'STM32L5',
  0x70d16653: 'STM32WB',
  0x21460ff0: 'STM32WL',
  // makers whose files lie in the same download folder
  0xe48bff56: 'RP2040',
  0x68ed2b88: 'SAMD21',
  0x55114460: 'SAMD51',
  0x1b57745f: 'nRF52',
  0xada52840: 'nRF52840',
  0xbfdd4eee: 'ESP32-S2',
  0xc47e5767: 'ESP32-S3',
  0x4fb2d5bd: 'i.MX RT10xx',
};

/** The family that a UF2 file names: `STM32F4`; null for other files, without an id, and where the id is nobody's. */
export function familyOfUf2(bytes: Uint8Array): { readonly family: string; readonly id: number } | null {
  const id = uf2Family(bytes);
  const family = id === null ? undefined : FAMILIES[id];
  return id === null || family === undefined ? null : { family, id };
}
