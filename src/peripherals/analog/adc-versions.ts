/** What the families' ADCs with ISR and ADSTART have each of their own: see adc-v2.ts, and there for the sources. */
/** Bits of what differs: EXTSEL, RES, alignment; sampling in half clocks, conversion in half clocks and resolution by RES; calibration in clocks. */
export interface Version {
  readonly cfgr: string;
  readonly extsel: readonly [bit: number, mask: number];
  readonly res: readonly [bit: number, mask: number];
  readonly bits: readonly number[];
  readonly align: number;
  readonly sampling: readonly number[];
  /** Half clocks of a conversion by resolution. */
  readonly convert: Readonly<Record<number, number>>;
  readonly calibration: number;
  /** JSQR: lowest bits of JEXTSEL's mask, JEXTEN and JSQ1. */
  readonly jsqr: { readonly extsel: number; readonly exten: number; readonly first: number } | null;
  readonly regulator: boolean;
  /** ADEN and ADCAL switch the regulator on, which needs not be waited for. */
  readonly regulatesItself?: boolean;
  /**
   * ADEN is taken whatever ADVREGEN says, which software is told not to do. Reported: Cleanflight and Betaflight switch the regulator off behind the calibration and
   * wait for ADRDY, on all their boards with an F303.
   */
  readonly enablesUnregulated?: boolean;
  /** Out of reset in deep power-down, or with the regulator off (F3). */
  readonly deepPowerDown: boolean;
  /** Bits of ISR, each cleared by a 1. */
  readonly flags: number;
  /** CHSELR has a bit a channel. */
  readonly channelMask: boolean;
  /** The clock is divided by two behind the prescaler. */
  readonly halved: boolean;
  /** CFGR1.AUTOFF: the converter switches itself on for a sequence, and off behind it. */
  readonly autoOff?: number;
  /** Oversampling by 1 to 1024, and a register for each threshold: where the lower one of watchdog 1 lies; the upper one follows. */
  readonly wide?: { readonly thresholds: number };
}
const L4_SAMPLING = [5, 13, 25, 49, 95, 185, 495, 1281];
const G0_SAMPLING = [3, 7, 15, 25, 39, 79, 159, 321];
const L4_CONVERT = { 12: 25, 10: 21, 8: 17, 6: 13 };
/** RM0091 Rev 10 13.4.2, table 46; RM0376 14.4.2 has the same (recalled: reported). */
const F0_CONVERT = { 12: 25, 10: 23, 8: 19, 6: 15 };
const LATE_JSQR = { extsel: 31, exten: 7, first: 9 };
/** F0 and G0: a bit a channel, no injected group. */
const SMALL = {
  cfgr: 'CFGR1',
  extsel: [6, 7],
  res: [3, 3],
  bits: [12, 10, 8, 6],
  align: 5,
  convert: L4_CONVERT,
  jsqr: null,
  deepPowerDown: false,
  channelMask: true,
  halved: false,
  autoOff: 1 << 15,
} as const;
/** What F3 and L4 brought, and H5 and H7 kept. */
const LARGE = {
  cfgr: 'CFGR',
  extsel: [6, 15],
  res: [3, 3],
  bits: [12, 10, 8, 6],
  align: 5,
  convert: L4_CONVERT,
  jsqr: { extsel: 15, exten: 6, first: 8 },
  regulator: true,
  deepPowerDown: true,
  flags: 0x7ff,
  channelMask: false,
  halved: false,
} as const;
export const VERSIONS = {
  f0: { ...SMALL, sampling: [3, 15, 27, 57, 83, 111, 143, 479], convert: F0_CONVERT, calibration: 83, regulator: false, flags: 0x7ff },
  g0: { ...SMALL, sampling: G0_SAMPLING, calibration: 82, regulator: true, flags: 0x2b9f },
  // RM0376 14 (documented): as G0, without the sequence of numbers; its second clock is HSI16.
  l0: { ...SMALL, sampling: G0_SAMPLING, convert: F0_CONVERT, calibration: 83, regulator: false, regulatesItself: true, flags: 0x89f },
  f3: { ...LARGE, sampling: [3, 5, 9, 15, 39, 123, 363, 1203], calibration: 112, enablesUnregulated: true },
  l4: { ...LARGE, sampling: L4_SAMPLING, calibration: 116 },
  h5: { ...LARGE, extsel: [5, 31], align: 15, sampling: L4_SAMPLING, calibration: 116, jsqr: LATE_JSQR },
  h7: {
    ...LARGE,
    extsel: [5, 31],
    res: [2, 7],
    bits: [16, 14, 12, 10, 8, 14, 12, 8],
    align: 31, // LSHIFT of CFGR2 instead, left out
    sampling: [3, 5, 17, 33, 65, 129, 775, 1621],
    convert: { 16: 17, 14: 15, 12: 13, 10: 11, 8: 9 },
    calibration: 16384,
    jsqr: LATE_JSQR,
    halved: true,
    wide: { thresholds: 0x20 },
  },
  // RM0456 33.4.13 (recalled: reported).
  u5: {
    ...LARGE,
    cfgr: 'CFGR1',
    extsel: [5, 31],
    res: [2, 3],
    bits: [14, 12, 10, 8],
    align: 31, // LSHIFT of CFGR2 instead, left out
    sampling: [10, 12, 24, 40, 72, 136, 782, 1628],
    convert: { 14: 34, 12: 30, 10: 26, 8: 22 },
    calibration: 16384,
    jsqr: LATE_JSQR,
    flags: 0x3ff,
    wide: { thresholds: 0xa8 },
  },
  // Its AUTOFF lies in a register of its own, left out.
  'u5-adc4': {
    ...SMALL,
    autoOff: 0,
    res: [2, 3],
    sampling: [3, 7, 15, 25, 39, 79, 159, 1629],
    calibration: 82,
    regulator: true,
    flags: 0x1b9f,
  },
} as const satisfies Readonly<Record<string, Version>>;
