/** What opens the registers of a block, and what wakes it up, by the names of registers. */

/** What opens a register, or starts something, by the name of the register that takes it. `starts`: time runs from then on. */
export const KEYS: readonly (readonly [register: RegExp, keys: readonly number[], starts?: boolean])[] = [
  [/^KR$/, [0x5555]],
  [/^KR$/, [0xcccc], true],
  [/^KR$/, [0xaaaa], true],
  [/^WPR$/, [0xca, 0x53]],
  [/^(NS)?KEYR[12]?$/, [0x45670123, 0xcdef89ab]],
  [/^OPTKEYR$/, [0x08192a3b, 0x4c5d6e7f]],
  [/^PEKEYR$/, [0x89abcdef, 0x02030405]],
  [/^PRGKEYR$/, [0x8c9daebf, 0x13141516]],
];
/** What wakes up what is not ready out of reset: fields with their values, time in microseconds behind each. */
export const AWAKE: readonly (readonly [model: RegExp, fields: readonly (readonly [field: string, value: number])[]])[] = [
  [
    /^adc-v2/,
    [
      ['CR.DEEPPWD', 0],
      ['CR.ADVREGEN', 0],
      ['CR.ADVREGEN', 1],
      ['CR.ADEN', 1],
    ],
  ],
  [/^adc-f4/, [['CR2.ADON', 1]]],
  [
    /^bxcan/,
    [
      ['MCR.SLEEP', 0],
      ['MCR.INRQ', 1],
      ['MCR.INRQ', 0],
      ['FMR.FINIT', 0],
    ],
  ],
  [/^fdcan/, [['CCCR.INIT', 0]]],
  [
    /^rtc-v/,
    [
      ['ISR.INIT', 1],
      ['ICSR.INIT', 1],
    ],
  ],
  [/^rtc-f1/, [['CRL.CNF', 1]]],
  [/^i2c/, [['CR1.PE', 1]]],
  [
    /^usart/,
    [
      ['CR1.UE', 1],
      ['CR1.TE', 1],
      ['CR1.RE', 1],
    ],
  ],
  [
    /^spi/,
    [
      ['CR1.MSTR', 1],
      ['CR1.SSI', 1],
      ['CR1.SPE', 1],
    ],
  ],
  [
    /^usb-(fs|drd)/,
    [
      ['CNTR.PDWN', 0],
      ['CNTR.FRES', 0],
      ['CNTR.USBRST', 0],
      ['BCDR.DPPU', 1],
      ['BCDR.DPPU_DPD', 1],
      ['DADDR.EF', 1],
    ],
  ],
  [/^lptim/, [['CR.ENABLE', 1]]],
];
