/**
 * Register facts of USB OTG_FS and OTG_HS (Synopsys DWC2), made by hand: ST's SVDs describe another core than L4 and H7 have (they give the F4's GCCFG and a
 * CID of 0x1000 or 0x1200, and for H745 the wrong interrupt). A chip puts the object of its core into its facts as `OTG_FS`, and its row
 * says `facts: 'OTG_FS'`, size 0x40000.
 *
 * Sources: names, places and reset values: RM0351 and RM0090 chapter "OTG_FS" as ST's headers spell them (reported: from facts/usb-dfu.md section 6, public drivers
 * and memory, not re-read); identity and GHWCFG: tables of values read from silicon in hathach/tinyusb dwc2_info.md (measured by others), L496 by its neighbour
 * L4P5 (inferred). DCTL.SDIS is set after reset from core 3.00a on, clear in the F4 (reported).
 */
import type { BlockFacts, RegisterFact } from '../emu/registers.ts';
import { factsOnDemand, fieldsOf } from './facts.ts';
import { USB_HS_PINS } from './usb-pins.ts';

/** What differs between the cores that ST built in. */
interface Core {
  readonly cid: number;
  readonly snpsid: number;
  readonly hwcfg: readonly [number, number, number, number];
  /** Endpoints of each direction, EP0 included. */
  readonly endpoints: number;
  readonly channels: number;
  /** Core 2.81a: VBUS sensing in GCCFG without charger detection, no override bits. */
  readonly old: boolean;
  /** It has an interface to an outside transceiver (ULPI) beside the full-speed one: GUSBCFG.PHYSEL chooses. */
  readonly ulpi?: boolean;
}
/** GUSBCFG of such a core: PHYSEL, PHYLPCS, and the bits that are for ULPI. */
const ULPI = {
  writable: 0x03fe8040,
  fields: ' PHYLPCS:15 ULPIFSLS:17 ULPIAR:18 ULPICSM:19 ULPIEVBUSD:20 ULPIEVBUSI:21 PCCI:23 PTCI:24 ULPIIPD:25',
};

const register = (offset: number, name: string, reset: number, writable: number, fields = ''): RegisterFact => ({
  name,
  offset,
  size: 4,
  reset: reset >>> 0,
  writable: writable >>> 0,
  fields: fieldsOf(fields),
});

const SESSION = 'HNGSCS:8 HNPRQ:9 HSHNPEN:10 DHNPEN:11';
const SESSION_STATUS = 'CIDSTS:16 DBCT:17 ASVLD:18 BSVLD:19';
const OVERRIDES = 'VBVALOEN:2 VBVALOVAL:3 AVALOEN:4 AVALOVAL:5 BVALOEN:6 BVALOVAL:7';
const CHARGER = 'DCDET:0 PDET:1 SDET:2 PS2DET:3 PWRDWN:16 BCDEN:17 DCDEN:18 PDEN:19 SDEN:20 VBDEN:21';
const STATUS = 'EPNUM:0:4 BCNT:4:11 DPID:15:2 PKTSTS:17:4 FRMNUM:21:4';

// eslint-disable-next-line complexity -- a table: the registers of each generation of the core
function global(core: Core): RegisterFact[] {
  const { old } = core;
  const [hw1, hw2, hw3, hw4] = core.hwcfg;
  return [
    register(
      0x00,
      'GOTGCTL',
      0x00010000,
      old ? 0xe02 : 0x101ffe,
      old ? `SRQSCS:0 SRQ:1 ${SESSION} ${SESSION_STATUS}` : `SRQSCS:0 SRQ:1 ${OVERRIDES} ${SESSION} EHEN:12 ${SESSION_STATUS} OTGVER:20`,
    ),
    // Written ones clear; the model does it.
    register(0x04, 'GOTGINT', 0, 0, `SEDET:2 SRSSCHG:8 HNSSCHG:9 HNGDET:17 ADTOCHG:18 DBCDNE:19${old ? '' : ' IDCHNG:20'}`),
    register(0x08, 'GAHBCFG', 0, old ? 0x181 : 0x1bf, `GINT:0${old ? '' : ' HBSTLEN:1:4 DMAEN:5'} TXFELVL:7 PTXFELVL:8`),
    register(
      0x0c,
      'GUSBCFG',
      old ? 0x0a00 : core.ulpi ? 0x1400 : 0x1440,
      (old ? 0xe0003f07 : 0xe0403f07) | (core.ulpi ? ULPI.writable : 0),
      `TOCAL:0:3 PHYSEL:6 SRPCAP:8 HNPCAP:9 TRDT:10:4${core.ulpi ? ULPI.fields : ''}${old && !core.ulpi ? '' : ' TSDPS:22'} FHMOD:29 FDMOD:30 CTXPKT:31`,
    ),
    register(0x10, 'GRSTCTL', 0x80000000, 0x7f7, 'CSRST:0 PSRST:1 FCRST:2 RXFFLSH:4 TXFFLSH:5 TXFNUM:6:5 AHBIDL:31'),
    register(
      0x14,
      'GINTSTS',
      old ? 0x04000020 : 0x14000020,
      0,
      `CMOD:0 MMIS:1 OTGINT:2 SOF:3 RXFLVL:4 NPTXFE:5 GINAKEFF:6 GONAKEFF:7 ESUSP:10 USBSUSP:11 USBRST:12 ENUMDNE:13 ISOODRP:14 EOPF:15 IEPINT:18 OEPINT:19 IISOIXFR:20 IPXFR:21${old ? '' : ' RSTDET:23'} HPRTINT:24 HCINT:25 PTXFE:26${old ? '' : ' LPMINT:27'} CIDSCHG:28 DISCINT:29 SRQINT:30 WKUPINT:31`,
    ),
    register(
      0x18,
      'GINTMSK',
      0,
      old ? 0xf73efcfe : 0xffbefcfe,
      `MMISM:1 OTGINT:2 SOFM:3 RXFLVLM:4 NPTXFEM:5 GINAKEFFM:6 GONAKEFFM:7 ESUSPM:10 USBSUSPM:11 USBRST:12 ENUMDNEM:13 ISOODRPM:14 EOPFM:15 EPMISM:17 IEPINT:18 OEPINT:19 IISOIXFRM:20 IPXFRM:21${old ? '' : ' RSTDETM:23'} PRTIM:24 HCIM:25 PTXFEM:26${old ? '' : ' LPMINTM:27'} CIDSCHGM:28 DISCINT:29 SRQIM:30 WUIM:31`,
    ),
    register(0x1c, 'GRXSTSR', 0, 0, STATUS),
    register(0x20, 'GRXSTSP', 0, 0, STATUS),
    register(0x24, 'GRXFSIZ', 0x200, 0xffff, 'RXFD:0:16'),
    // RM0090 prints 0x200 for the old core, a depth of 0; like the other FIFOs' it must be 0x200 words (inferred).
    register(0x28, 'DIEPTXF0', 0x02000200, 0xffffffff, 'TX0FSA:0:16 TX0FD:16:16'),
    register(0x2c, 'HNPTXSTS', 0x00080200, 0, 'NPTXFSAV:0:16 NPTQXSAV:16:8 NPTXQTOP:24:7'),
    register(0x38, 'GCCFG', 0, old ? 0x3d0000 : 0x3f0000, old ? 'PWRDWN:16 VBUSASEN:18 VBUSBSEN:19 SOFOUTEN:20 NOVBUSSENS:21' : CHARGER),
    register(0x3c, 'CID', core.cid, 0xffffffff, 'PRODUCT_ID:0:32'),
    register(0x40, 'GSNPSID', core.snpsid, 0),
    register(0x44, 'GHWCFG1', hw1, 0),
    register(0x48, 'GHWCFG2', hw2, 0),
    register(0x4c, 'GHWCFG3', hw3, 0),
    register(0x50, 'GHWCFG4', hw4, 0),
    ...(old
      ? []
      : [
          register(
            0x54,
            'GLPMCFG',
            0,
            0x010e1fbf,
            'LPMEN:0 LPMACK:1 BESL:2:4 REMWAKE:6 L1SSEN:7 BESLTHRS:8:4 L1DSEN:12 LPMRSP:13:2 SLPSTS:15 ENBESL:28',
          ),
        ]),
    register(0x100, 'HPTXFSIZ', old ? 0x02000600 : 0x02000800, 0xffffffff, 'PTXSA:0:16 PTXFSIZ:16:16'),
    // Their starts rise by a depth each; one driver tells unused FIFOs by a start beyond the memory.
    ...each(core.endpoints - 1, (i) =>
      register(0x104 + 4 * i, `DIEPTXF${i + 1}`, 0x02000400 + 0x200 * i, 0xffffffff, 'INEPTXSA:0:16 INEPTXFD:16:16'),
    ),
  ];
}

/** GHWCFG2.OTGARCH: 2 = a DMA of its own. */
const hasDma = (core: Core): boolean => ((core.hwcfg[1] >>> 3) & 3) === 2;

/** Host mode: declared, not modelled. */
function host(core: Core): RegisterFact[] {
  return [
    register(0x400, 'HCFG', 0, 0x3, 'FSLSPCS:0:2 FSLSS:2'),
    register(0x404, 'HFIR', 0xea60, 0x1ffff, 'FRIVL:0:16 RLDCTRL:16'),
    register(0x408, 'HFNUM', 0x3fff, 0, 'FRNUM:0:16 FTREM:16:16'),
    register(0x410, 'HPTXSTS', 0x00080100, 0, 'PTXFSAVL:0:16 PTXQSAV:16:8 PTXQTOP:24:8'),
    register(0x414, 'HAINT', 0, 0, 'HAINT:0:16'),
    register(0x418, 'HAINTMSK', 0, 0xffff, 'HAINTM:0:16'),
    register(
      0x440,
      'HPRT',
      0,
      0x1f140,
      'PCSTS:0 PCDET:1 PENA:2 PENCHNG:3 POCA:4 POCCHNG:5 PRES:6 PSUSP:7 PRST:8 PLSTS:10:2 PPWR:12 PTCTL:13:4 PSPD:17:2',
    ),
    ...each(core.channels, (i) => [
      register(
        0x500 + 32 * i,
        `HCCHAR${i}`,
        0,
        0xfffeffff,
        'MPSIZ:0:11 EPNUM:11:4 EPDIR:15 LSDEV:17 EPTYP:18:2 MCNT:20:2 DAD:22:7 ODDFRM:29 CHDIS:30 CHENA:31',
      ),
      register(0x508 + 32 * i, `HCINT${i}`, 0, 0, 'XFRC:0 CHH:1 STALL:3 NAK:4 ACK:5 TXERR:7 BBERR:8 FRMOR:9 DTERR:10'),
      register(0x50c + 32 * i, `HCINTMSK${i}`, 0, 0x7bb, 'XFRCM:0 CHHM:1 STALLM:3 NAKM:4 ACKM:5 TXERRM:7 BBERRM:8 FRMORM:9 DTERRM:10'),
      register(0x510 + 32 * i, `HCTSIZ${i}`, 0, 0x7fffffff, 'XFRSIZ:0:19 PKTCNT:19:10 DPID:29:2'),
    ]).flat(),
  ];
}

function device(core: Core): RegisterFact[] {
  const { old } = core;
  const inMask = old ? 0x7b : 0x317b;
  const outMask = old ? 0x1b : 0xf17b;
  const registers = [
    register(
      0x800,
      'DCFG',
      0x02200000,
      old ? 0x1ff7 : 0x0300fff7,
      `DSPD:0:2 NZLSOHSK:2 DAD:4:7 PFIVL:11:2${old ? '' : ' ERRATIM:15 PERSCHIVL:24:2'}`,
    ),
    register(
      0x804,
      'DCTL',
      old ? 0 : 2,
      old ? 0x873 : 0x40873,
      `RWUSIG:0 SDIS:1 GINSTS:2 GONSTS:3 TCTL:4:3 SGINAK:7 CGINAK:8 SGONAK:9 CGONAK:10 POPRGDNE:11${old ? '' : ' DSBESLRJCT:18'}`,
    ),
    register(0x808, 'DSTS', 0x10, 0, 'SUSPSTS:0 ENUMSPD:1:2 EERR:3 FNSOF:8:14'),
    register(0x810, 'DIEPMSK', 0, inMask, `XFRCM:0 EPDM:1 TOM:3 ITTXFEMSK:4 INEPNMM:5 INEPNEM:6${old ? '' : ' TXFURM:8 NAKM:13'}`),
    register(
      0x814,
      'DOEPMSK',
      0,
      outMask,
      `XFRCM:0 EPDM:1 STUPM:3 OTEPDM:4${old ? '' : ' STSPHSRXM:5 B2BSTUPM:6 OUTPKTERRM:8 BERRM:12 NAKMSK:13 NYETMSK:14 STPKTRXM:15'}`,
    ),
    register(0x818, 'DAINT', 0, 0, 'IEPINT:0:16 OEPINT:16:16'),
    register(0x81c, 'DAINTMSK', 0, 0xffffffff, 'IEPM:0:16 OEPM:16:16'),
    register(0x828, 'DVBUSDIS', 0x17d7, 0xffff, 'VBUSDT:0:16'),
    register(0x82c, 'DVBUSPULSE', 0x5b8, 0xfff, 'DVBUSP:0:12'),
    register(0x834, 'DIEPEMPMSK', 0, 0xffff, 'INEPTXFEM:0:16'),
    ...each(core.endpoints, (n) => inEndpoint(n, old)).flat(),
    ...each(core.endpoints, (n) => outEndpoint(n, old)).flat(),
    ...(hasDma(core)
      ? each(core.endpoints, (n) => [
          register(0x914 + 32 * n, `DIEPDMA${n}`, 0, 0xffffffff, 'DMAADDR:0:32'),
          register(0xb14 + 32 * n, `DOEPDMA${n}`, 0, 0xffffffff, 'DMAADDR:0:32'),
        ]).flat()
      : []),
    // Reset value after the RM; software writes 0 here before anything else.
    register(0xe00, 'PCGCCTL', 0, old ? 0x3 : 0x23, `STPPCLK:0 GATEHCLK:1 PHYSUSP:4${old ? '' : ' ENL1GTG:5 PHYSLEEP:6 SUSP:7'}`),
  ];
  return registers.sort((a, b) => a.offset - b.offset);
}

const CONTROL_0 = 'MPSIZ:0:2 USBAEP:15 NAKSTS:17 EPTYP:18:2';
const CONTROL_N = 'MPSIZ:0:11 USBAEP:15 EONUM_DPID:16 NAKSTS:17 EPTYP:18:2';
const START_N = 'SD0PID_SEVNFRM:28 SODDFRM:29 ';

function inEndpoint(n: number, old: boolean): RegisterFact[] {
  const at = 0x900 + 32 * n;
  return [
    register(
      at,
      `DIEPCTL${n}`,
      n === 0 ? 0x8000 : 0,
      n === 0 ? 0x03c00003 : 0x03ec87ff,
      `${n === 0 ? CONTROL_0 : CONTROL_N} STALL:21 TXFNUM:22:4 CNAK:26 SNAK:27 ${n === 0 ? '' : START_N}EPDIS:30 EPENA:31`,
    ),
    register(
      at + 8,
      `DIEPINT${n}`,
      0x80,
      0,
      `XFRC:0 EPDISD:1 TOC:3 ITTXFE:4 INEPNM:5 INEPNE:6 TXFE:7${old ? '' : ' TXFIFOUDRN:8 BNA:9 PKTDRPSTS:11 BERR:12 NAK:13'}`,
    ),
    register(
      at + 0x10,
      `DIEPTSIZ${n}`,
      0,
      n === 0 ? 0x18007f : 0x7fffffff,
      n === 0 ? 'XFRSIZ:0:7 PKTCNT:19:2' : 'XFRSIZ:0:19 PKTCNT:19:10 MCNT:29:2',
    ),
    register(at + 0x18, `DTXFSTS${n}`, 0x200, 0, 'INEPTFSAV:0:16'),
  ];
}

function outEndpoint(n: number, old: boolean): RegisterFact[] {
  const at = 0xb00 + 32 * n;
  return [
    register(
      at,
      `DOEPCTL${n}`,
      n === 0 ? 0x8000 : 0,
      n === 0 ? 0x00100000 : 0x003c87ff,
      `${n === 0 ? CONTROL_0 : CONTROL_N} SNPM:20 STALL:21 CNAK:26 SNAK:27 ${n === 0 ? '' : START_N}EPDIS:30 EPENA:31`,
    ),
    register(
      at + 8,
      `DOEPINT${n}`,
      0,
      0,
      `XFRC:0 EPDISD:1 STUP:3 OTEPDIS:4${old ? '' : ' STSPHSRX:5'} B2BSTUP:6${old ? '' : ' OUTPKTERR:8 BERR:12 NAK:13 NYET:14 STPKTRX:15'}`,
    ),
    register(
      at + 0x10,
      `DOEPTSIZ${n}`,
      0,
      n === 0 ? 0x6008007f : 0x7fffffff,
      n === 0 ? 'XFRSIZ:0:7 PKTCNT:19:1 STUPCNT:29:2' : 'XFRSIZ:0:19 PKTCNT:19:10 RXDPID_STUPCNT:29:2',
    ),
  ];
}

const each = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const facts = (core: Core, name = 'OTG_FS'): BlockFacts => factsOnDemand(name, () => [...global(core), ...host(core), ...device(core)]);

/** Core 3.10a, as read from an L476. */
export const OTG_FS_L476 = facts({
  cid: 0x00002000,
  snpsid: 0x4f54310a,
  hwcfg: [0, 0x229ed520, 0x0200d1e8, 0x17f08030],
  endpoints: 6,
  channels: 12,
  old: false,
});
/** Core 3.30a, as read from an L4P5; no reading of an L496 was found (inferred). */
export const OTG_FS_L496 = facts({
  cid: 0x00003000,
  snpsid: 0x4f54330a,
  hwcfg: [0, 0x229ed520, 0x0200d1e8, 0x17f08030],
  endpoints: 6,
  channels: 12,
  old: false,
});
/** Core 3.30a, as read from an H743: the high-speed core, on USB2 with the full-speed transceiver only (inferred for H745). */
export const OTG_FS_H745 = facts({
  cid: 0x00002300,
  snpsid: 0x4f54330a,
  hwcfg: [0, 0x229fe190, 0x03b8d2e8, 0xe3f00030],
  endpoints: 9,
  channels: 16,
  old: false,
});
/** Core 3.20a, as read from F412 and F76x; F446 and F74x by their neighbours (inferred). */
export const OTG_FS_F7 = facts({
  cid: 0x00002000,
  snpsid: 0x4f54320a,
  hwcfg: [0, 0x229ed520, 0x0200d1e8, 0x17f08030],
  endpoints: 6,
  channels: 12,
  old: false,
});
/** Core 2.81a, as read from F207, F407, F411 and F429. */
export const OTG_FS_F4 = facts({
  cid: 0x00001200,
  snpsid: 0x4f54281a,
  hwcfg: [0, 0x229dcd20, 0x020001e8, 0x0ff08030],
  endpoints: 4,
  channels: 8,
  old: true,
});
/** `pullUps` of the OTG_FS of a chip that has both cores: its own first. */
export const OTG_FS_PULL_UPS = ['otg_fs.pullup', 'otg_hs.pullup'] as const;
/** Options of OTG_HS on its full-speed transceiver; with an outside one (ULPI) it has no clock. */
export const OTG_HS_OPTIONS = {
  fifoWords: 1024,
  clock: 'usb',
  busClock: 'hclk',
  ulpi: true,
  pullUps: ['otg_hs.pullup', 'otg_fs.pullup'],
  wakeUp: 'usb-hs.wakeup',
  pins: USB_HS_PINS,
} as const;

/** Core 2.81a, as read from F407 and F429; F2 by its neighbours (inferred). */
export const OTG_HS_F4 = facts(
  {
    cid: 0x00001100,
    snpsid: 0x4f54281a,
    hwcfg: [0, 0x229ed590, 0x03f403e8, 0x17f00030],
    endpoints: 6,
    channels: 12,
    old: true,
    ulpi: true,
  },
  'OTG_HS',
);
/** Core 3.20a, as read from F76x; F446, F469 and F74x by their neighbours (inferred). */
export const OTG_HS_F7 = facts(
  {
    cid: 0x00002100,
    snpsid: 0x4f54320a,
    hwcfg: [0, 0x229fe190, 0x03eed2e8, 0x23f00030],
    endpoints: 9,
    channels: 16,
    old: false,
    ulpi: true,
  },
  'OTG_HS',
);
/** Core 3.30a of H74x and H75x: as that on USB2, here with its ULPI. */
export const OTG_HS_H745 = facts(
  {
    cid: 0x00002300,
    snpsid: 0x4f54330a,
    hwcfg: [0, 0x229fe190, 0x03b8d2e8, 0xe3f00030],
    endpoints: 9,
    channels: 16,
    old: false,
    ulpi: true,
  },
  'OTG_HS',
);
