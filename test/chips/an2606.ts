/** What AN2606 Rev 70 says of a boot from system memory, written down from its text and not from the chips' rows: Table 2, and the chapter of each product. */

/**
 * Table 2, a string a line: conditions that hold together, under ST's names. `pin` is the level of BOOT0, `BOOT1` that of BOOT1; `empty` the main flash's first word or its latch;
 * `SYSTEM` the address of system memory in units of the register. Where the table goes on "and both banks do not contain valid code" that is the ROM's to ask: the core starts
 * in system memory either way (`bank-check`). nBoot0_SW is the option bit that says whether the pin counts, under the name that the product has for it.
 */
export const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  1: ['pin=1 BOOT1=0'],
  2: ['pin=1 nBOOT1=1'],
  4: ['pin=1 BOOT1=0 BFB2=1', 'pin=0 BFB2=0', 'pin=1 BOOT1=0 BFB2=0'],
  5: ['pin=1 BOOT1=0 BFB2=0', 'pin=0 BFB2=1', 'pin=1 BOOT1=0 BFB2=1'],
  6: ['pin=1 nBOOT1=1 nBoot0_SW=1', 'nBOOT0=0 nBOOT1=1 nBoot0_SW=0', 'pin=0 nBoot0_SW=1 empty=1', 'nBOOT0=1 nBoot0_SW=0 empty=1'],
  7: ['pin=1 nBOOT1=1 BFB2=0', 'pin=0 BFB2=1', 'pin=1 nBOOT1=1 BFB2=1'],
  8: ['pin=0 BOOT_ADD0=SYSTEM', 'pin=1 BOOT_ADD1=SYSTEM'],
  9: [
    'nDBANK=1 pin=0 BOOT_ADD0=SYSTEM',
    'nDBANK=1 pin=1 BOOT_ADD1=SYSTEM',
    'nDBANK=0 nDBOOT=1 pin=0 BOOT_ADD0=SYSTEM',
    'nDBANK=0 nDBOOT=1 pin=1 BOOT_ADD1=SYSTEM',
    'nDBANK=0 nDBOOT=0',
  ],
  10: ['pin=0 BOOT_ADD0=SYSTEM', 'pin=1 BOOT_ADD1=SYSTEM'],
  11: [
    'BOOT_LOCK=0 nBOOT1=1 nBOOT_SEL=1 nBOOT0=0',
    'BOOT_LOCK=0 nBOOT1=1 pin=1 nBOOT_SEL=0',
    'BOOT_LOCK=0 nBOOT_SEL=1 nBOOT0=1 empty=1',
    'BOOT_LOCK=0 pin=0 nBOOT_SEL=0 empty=1',
  ],
  // With TZEN = 0; what is printed as "TZEN = 1 = 0" is read as that.
  12: [
    'pin=0 nSWBOOT0=1 NSBOOTADD0=SYSTEM',
    'pin=1 nSWBOOT0=1 NSBOOTADD1=SYSTEM',
    'nBOOT0=0 nSWBOOT0=0 NSBOOTADD1=SYSTEM',
    'nBOOT0=1 nSWBOOT0=0 NSBOOTADD0=SYSTEM',
  ],
  14: [
    'BOOT_LOCK=0 nBOOT1=1 pin=1 nSWBOOT0=1',
    'BOOT_LOCK=0 nBOOT1=1 nBOOT0=0 nSWBOOT0=0',
    'BOOT_LOCK=0 pin=0 nSWBOOT0=1 BFB2=1',
    'BOOT_LOCK=0 nBOOT0=1 nSWBOOT0=0 BFB2=1',
  ],
  15: ['BOOT_LOCK=0 pin=1 nBOOT1=1 nBoot0_SW=1', 'BOOT_LOCK=0 nBOOT0=0 nBOOT1=1 nBoot0_SW=0'],
  16: ['pin=1 nBOOT1=1 nBoot0_SW=1', 'nBOOT0=0 nBOOT1=1 nBoot0_SW=0', 'pin=0 nBoot0_SW=1 empty=1'],
  17: ['PRODUCT_STATE=0xed pin=1', 'PRODUCT_STATE=0x17'],
};

/** A chapter: whose parts, by the beginning of the name or an expression; its pattern; more lines that its figures have. */
export interface Chapter {
  readonly parts: RegExp;
  readonly pattern: keyof typeof PATTERNS & string;
  /** Lines of the dual bank figures that the chapter's pattern does not have. */
  readonly figure?: readonly string[];
  /** Section 4.1: no boot from system memory at read protection level 2; the dual bank figures ask for it in the ROM, and the chapter of F74x says that it does not hold. */
  readonly level2?: 'boots too';
}
const BANKS = ['pin=0 nBoot0_SW=1 BFB2=1', 'nBOOT0=1 nBoot0_SW=0 BFB2=1'] as const;
export const CHAPTERS: readonly Chapter[] = [
  { parts: /^STM32C0/, pattern: '11' },
  { parts: /^STM32F03/, pattern: '2' },
  { parts: /^STM32F05/, pattern: '2' },
  { parts: /^STM32F04/, pattern: '6' },
  { parts: /^STM32F070.6/, pattern: '6' },
  { parts: /^STM32F07(0.B|[12])/, pattern: '2' },
  { parts: /^STM32F09/, pattern: '6' },
  { parts: /^STM32F10[357]/, pattern: '1' },
  { parts: /^STM32F2/, pattern: '1' },
  { parts: /^STM32F3/, pattern: '2' },
  { parts: /^STM32F4(0|1|23|46)/, pattern: '1' },
  { parts: /^STM32F4([23][79]|[67]9)/, pattern: '5' },
  { parts: /^STM32F7[23]/, pattern: '8' },
  { parts: /^STM32F7[45]/, pattern: '8', level2: 'boots too' },
  { parts: /^STM32F7[67]/, pattern: '9' },
  { parts: /^STM32G0/, pattern: '11' },
  { parts: /^STM32G4[34]/, pattern: '15' },
  { parts: /^STM32G4[78]/, pattern: '14' },
  { parts: /^STM32G4[9A]/, pattern: '15' },
  { parts: /^STM32H5/, pattern: '17' },
  { parts: /^STM32H7/, pattern: '10' },
  // Printed as pattern 1; these parts have no pin BOOT1 but nBOOT1 (RM0367 2.4).
  { parts: /^STM32L0[56]/, pattern: '2' },
  // "Pattern 2, or pattern 7 when dual bank boot is available": both.
  { parts: /^STM32L0[78]/, pattern: '2', figure: ['pin=0 BFB2=1'] },
  { parts: /^STM32L1...[68BC](A|$)/, pattern: '1' },
  { parts: /^STM32L1...[DE]$/, pattern: '4' },
  { parts: /^STM32L4[1-6]/, pattern: '16' },
  { parts: /^STM32L4[78]/, pattern: '7' },
  { parts: /^STM32L4(96|A6)/, pattern: '6', figure: BANKS },
  { parts: /^STM32L4[RS]/, pattern: '6', figure: BANKS },
  { parts: /^STM32U5/, pattern: '12' },
  { parts: /^STM32WB/, pattern: '16' },
];
