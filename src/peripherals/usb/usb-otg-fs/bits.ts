/** Bits of OTG_FS that the model acts on, in the manual's order and names. */

export const GOTGCTL = { BVALOEN: 0x40, BVALOVAL: 0x80, BSVLD: 0x80000 } as const;
export const GOTGINT = { SEDET: 0x4 } as const;
export const GAHBCFG = { GINT: 0x1, DMAEN: 0x20, TXFELVL: 0x80 } as const;
export const GUSBCFG = { PHYSEL: 0x40, FHMOD: 0x20000000, FDMOD: 0x40000000 } as const;
export const GRSTCTL = { CSRST: 0x1, RXFFLSH: 0x10, TXFFLSH: 0x20, TXFNUM: 0x7c0, AHBIDL: 0x80000000 } as const;
export const GINTSTS = {
  CMOD: 0x1,
  OTGINT: 0x4,
  SOF: 0x8,
  RXFLVL: 0x10,
  GINAKEFF: 0x40,
  GONAKEFF: 0x80,
  ESUSP: 0x400,
  USBSUSP: 0x800,
  USBRST: 0x1000,
  ENUMDNE: 0x2000,
  EOPF: 0x8000,
  IEPINT: 0x40000,
  OEPINT: 0x80000,
  IISOIXFR: 0x100000,
  INCOMPISOOUT: 0x200000,
  SRQINT: 0x40000000,
  WKUPINT: 0x80000000,
} as const;
/** Flags that a written 1 clears; the others are levels. */
export const GINTSTS_CLEARABLE = 0xf8b0fc0a;
export const GINTSTS_LEVELS = GINTSTS.CMOD | GINTSTS.OTGINT | GINTSTS.RXFLVL | GINTSTS.IEPINT | GINTSTS.OEPINT;

/** PKTSTS of a receive status word. */
export const PKTSTS = { GLOBAL_OUT_NAK: 1, OUT_DATA: 2, OUT_DONE: 3, SETUP_DONE: 4, SETUP_DATA: 6 } as const;
/** Status phase start: marks the OUT done word that the status IN of a control write brings. */
export const STSPHST = 0x08000000;

/** GCCFG of cores from 3.00a on. */
export const GCCFG = { DCDET: 0x1, PWRDWN: 0x10000, BCDEN: 0x20000, DCDEN: 0x40000, VBDEN: 0x200000 } as const;
/** GCCFG of core 2.81a. */
export const GCCFG_OLD = { VBUSBSEN: 0x80000, NOVBUSSENS: 0x200000 } as const;

export const DCFG = { DSPD: 0x3, NZLSOHSK: 0x4, PFIVL: 0x1800 } as const;
export const DCTL = {
  RWUSIG: 0x1,
  SDIS: 0x2,
  GINSTS: 0x4,
  GONSTS: 0x8,
  SGINAK: 0x80,
  CGINAK: 0x100,
  SGONAK: 0x200,
  CGONAK: 0x400,
} as const;
export const DSTS = { SUSPSTS: 0x1, ENUMSPD: 0x6, FNSOF: 0x3fff00 } as const;
export const PCGCCTL = { STPPCLK: 0x1, PHYSUSP: 0x10 } as const;

/** DIEPCTL and DOEPCTL have the same places. */
export const EPCTL = {
  MPSIZ: 0x7ff,
  USBAEP: 0x8000,
  DPID: 0x10000,
  NAKSTS: 0x20000,
  STALL: 0x200000,
  CNAK: 0x4000000,
  SNAK: 0x8000000,
  SD0PID: 0x10000000,
  SD1PID: 0x20000000,
  EPDIS: 0x40000000,
  EPENA: 0x80000000,
} as const;
export const DIEPINT = { XFRC: 0x1, EPDISD: 0x2, TOC: 0x8, ITTXFE: 0x10, INEPNE: 0x40, TXFE: 0x80, NAK: 0x2000 } as const;
export const DOEPINT = {
  XFRC: 0x1,
  EPDISD: 0x2,
  STUP: 0x8,
  OTEPDIS: 0x10,
  STSPHSRX: 0x20,
  B2BSTUP: 0x40,
  BERR: 0x1000,
  NAK: 0x2000,
  STPKTRX: 0x8000,
} as const;

export const TYPE = { CONTROL: 0, ISO: 1 } as const;
export const typeOf = (control: number): number => (control >>> 18) & 3;
export const fifoOf = (control: number): number => (control >>> 22) & 0xf;
