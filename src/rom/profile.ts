/** What a row of a stand-in ROM says (profiles.ts), and what such rows are made of. */
import type { ChipDescription, RomReference, Sourced } from '../emu/chip.ts';
import type { Confidence } from '../emu/confidence.ts';
import { WRITTEN_ONCE, type RomFamily, type RomOptionDefault, type RomOptionDefaults } from './options.ts';

/** How the stand-in notices traffic: a falling edge on the RX pin of a USART or, as `frame`, of a CAN, a flag of the interface's block, or not at all. */
export type Detection = 'falling-edge' | 'frame' | 'flag' | 'interrupt' | 'none';

export type Pull = 'none' | 'up' | 'down';

export interface RomInterface {
  readonly name: string;
  /** Pins by function; `rx` is what other devices can disturb. */
  readonly pins: Readonly<Record<string, string>>;
  readonly detection: Detection;
  /** Of RX; left out = none. */
  readonly pull?: Pull;
}

export interface AddressRange {
  readonly base: number;
  readonly size: number;
}

/** What the ROM's DFU device says of itself, and how it behaves where generations differ (`DFU_DIALECTS`). */
export interface DfuDevice {
  readonly dialect: DfuDialect;
  /** Strings of the alternate settings, in order: name and layout of a memory each (AN3156). */
  readonly alts: Sourced<readonly string[]>;
  /** What bwPollTimeout announces, ms. */
  readonly pollMs: Sourced<{ readonly setAddress: number; readonly erasePage: number; readonly massErase: number; readonly write: number }>;
}

export interface HseWait {
  readonly ms: Sourced<number>;
  /** Another time up to this version. */
  readonly early?: { readonly to: string; readonly ms: number };
}
/** Of a version; null: the last one. */
export function hseWaitOf(profile: RomProfile, version: string | null): Sourced<number> | null {
  const { hseWait } = profile;
  if (!hseWait) return null;
  const place = (v: string): number => profile.versions.value.indexOf(v);
  return version !== null && hseWait.early && place(version) <= place(hseWait.early.to)
    ? { ...hseWait.ms, value: hseWait.early.ms }
    : hseWait.ms;
}

/** A register or a group of them, and its state after a leave. */
export interface Left {
  readonly what: string;
  readonly state: Sourced<string>;
}

/** How rom/build.sh makes the image; tools/rom-config.ts writes it out for C and the linker. */
export interface RomBuild {
  /** Folder below rom/ with the family's own sources. */
  readonly folder: string;
  readonly cpu: 'cortex-m0' | 'cortex-m0plus' | 'cortex-m3' | 'cortex-m4' | 'cortex-m7' | 'cortex-m33';
  /** Macros that tell images of one folder apart; a name alone is defined as 1. */
  readonly defines: readonly (string | readonly [name: string, value: string | number])[];
  /** The interfaces' pins, gates and resets come from the chip's rows (common/interface_table.c); left out where the folder has its own interfaces.c. */
  readonly tables?: {
    readonly chip: ChipDescription;
    /** On I2C, seven bits. */
    readonly ownAddress: number;
    /** Alternate function by pin, where it is not 4 for I2C, 5 for SPI1, 2, 4, and 6 for SPI3. */
    readonly functions?: Readonly<Record<string, number>>;
    /** Pulls of I2C's and of SPI's pins; left out: none on I2C, down on SPI. */
    readonly pulls?: { readonly i2c: Pull; readonly spi: Pull };
  };
  /** Whose rows say where the USARTs lie (common/serial.c), and alternate functions of their pins where they are not 7; left out: as `tables`. */
  readonly serial?: {
    readonly chip: ChipDescription;
    readonly functions?: Readonly<Record<string, number>>;
    /** As in `tables`. */
    readonly ownAddress?: number;
  };
  /** Files of rom/common beside those that are in every image: the USB controller's driver, the measuring of a crystal. */
  readonly drivers: readonly string[];
  /** The folder is a whole ROM: of rom/common it takes the option block alone. */
  readonly alone?: boolean;
  /** Hardly fits: compiled for the least size and as one program. */
  readonly tight?: boolean;
  /** Bootloader ID (AN2606 Table 3), where its address is known; the last two digits of the version. */
  readonly id: { readonly address: number; readonly value: number } | null;
}

export interface RomProfile extends RomReference {
  readonly family: RomFamily;
  /** File in rom/images, without extension; it plays the last of `versions`. */
  readonly image: string;
  /** Address of the image and of its vector table. */
  readonly base: number;
  /** Bytes of the image. */
  readonly size: number;
  /** Whole system memory that AN2606 gives to the bootloader; what the image does not fill is erased. */
  readonly systemMemory: Sourced<AddressRange>;
  /** System flash without published content, filled as the option `sysflash-gap` says. */
  readonly gap: AddressRange | null;
  readonly optionBlock: number;
  readonly options: RomOptionDefaults;
  /** Chips whose own ROM was read, where `options` are what it does; for the other chips they are inferred. */
  readonly measuredOn?: RegExp;
  /** Defaults that another version has: by version, the options that differ from the last one's. */
  readonly optionsByVersion?: Readonly<Record<string, RomOptionDefaults>>;
  /** null: this ROM speaks no USB. */
  readonly dfu: DfuDevice | null;
  /** What a program finds after a DFU leave, beside what the options `leave-…` say. */
  readonly leaves: readonly Left[];
  readonly build: RomBuild;
  /** Initial stack pointer of the stand-in; ST's is unknown. */
  readonly initialStack: Sourced<number>;
  readonly sysclkHz: Sourced<number>;
  readonly usbIrq: number;
  /** How long the ROM waits for HSE, ms; left out: it needs none for USB. */
  readonly hseWait?: HseWait;
  /** Port pin at which the ROM reads the level of BOOT0, if it does. */
  readonly boot0Pin: string | null;
  readonly interfaces: Sourced<readonly RomInterface[]>;
  /** What ST's ROM has and the stand-in lacks. */
  readonly leftOut: readonly string[];
}

/** What differs between the generations of ST's DFU device (facts: logs of F4, F072, H743, G0, C5; AN2606's "USB DFU V3.0"). */
export const DFU_DIALECTS = {
  /** "STM32  BOOTLOADER": F0, F3, F4, F7, L0, L4, WB. */
  v1: {
    bcdUsb: 0x0100,
    bcdDevice: 0x2200,
    transferSize: 2048,
    configurationString: 0,
    firstAltString: 4,
    product: 'STM32  BOOTLOADER',
    clearStatusStalls: false,
  },
  /** "DFU in FS Mode", bcdDevice 2.00: G0, G4, H7, L5, U5. */
  v2: {
    bcdUsb: 0x0200,
    bcdDevice: 0x0200,
    transferSize: 1024,
    configurationString: 2,
    firstAltString: 6,
    product: 'DFU in FS Mode',
    clearStatusStalls: false,
  },
  /** The same with bcdDevice 3.00: H5, H7RS, C5. CLRSTATUS outside dfuERROR is stalled (reported for C5). */
  v3: {
    bcdUsb: 0x0200,
    bcdDevice: 0x0300,
    transferSize: 1024,
    configurationString: 2,
    firstAltString: 6,
    product: 'DFU in FS Mode',
    clearStatusStalls: true,
  },
} as const;
export type DfuDialect = keyof typeof DFU_DIALECTS;

export const known = <T>(value: T, source: string, confidence: Confidence = 'documented'): Sourced<T> => ({ value, source, confidence });
export const left = (what: string, value: string, source: string, confidence: Confidence = 'documented'): Left => ({
  what,
  state: known(value, source, confidence),
});
export const AN2606 = 'AN2606 Rev 70';
export const HSE_TABLE = `${AN2606} Table 227: HSE time-out`;
const IWDG_LEFT = left('IWDG_PR', 'largest divider; IWDG_SR.PVU stays 1 if the IWDG is off', `${AN2606} 4.8`);
const STACK_LEFT = left('CONTROL, MSP, PC', '0; first two words of the table at the address pointer', 'AN2662, AN3156 (leave is a jump)');
export const LEFT_BY_ALL = [STACK_LEFT, IWDG_LEFT] as const;
export const FREE_POLL = 'a free value: no capture of this chip was found';

/** The part of a profile that the chip's row holds. */
export function fromChip(chip: ChipDescription): RomReference & Pick<RomProfile, 'base' | 'systemMemory'> {
  const { rom } = chip;
  if (!rom) throw new Error(`${chip.name} has no ROM row`);
  const [first, last] = rom.range.value;
  return { ...rom, base: rom.vectorTable.value, systemMemory: { ...rom.range, value: { base: first, size: last - first + 1 } } };
}

/** Places of a serial interface, as AN2606's tables give them. */
export const usb: RomInterface = { name: 'USB', pins: { dm: 'PA11', dp: 'PA12' }, detection: 'interrupt' };
export const usart = (name: string, rx: string, tx: string): RomInterface => ({ name, pins: { rx, tx }, detection: 'falling-edge' });
export const i2c = (name: string, scl: string, sda: string): RomInterface => ({ name, pins: { scl, sda }, detection: 'flag' });
export const spi = (name: string, nss: string, sck: string, miso: string, mosi: string): RomInterface => ({
  name,
  pins: { nss, sck, miso, mosi },
  detection: 'flag',
});
export const can = (name: string, rx: string, tx: string): RomInterface => ({ name, pins: { rx, tx }, detection: 'frame' });
export const pins = (table: string, list: readonly RomInterface[]): Sourced<readonly RomInterface[]> =>
  known(list, `${AN2606} ${table} (pins); detection: how the stand-in does it`);

export const SILENT =
  'over USART, I2C and SPI: Write Protect, Readout Protect, erase of one bank, checksums; on I2C the commands without stretching (0x32 …); on CAN and FDCAN all but Get, Get Version and Get ID; I3C';

/** The commands of AN3155 are there. */
/**
 * Where ST's own code of this part, or of its relatives, masks all interrupts by itself: as of the option `primask`.
 * @param other the code that runs is not known to be that version
 */
export function masksInterrupts(
  { options }: RomProfile,
  other: boolean,
): { readonly source: string; readonly confidence: Confidence } | null {
  return readIn(options.primask, other);
}
const readIn = (own: RomOptionDefault | undefined, other: boolean): { readonly source: string; readonly confidence: Confidence } | null =>
  own?.settled === true ? { source: own.source, confidence: other ? 'inferred' : own.confidence } : null;

/** Where ST's own code goes on refreshing IWDG only while a host talks to it. */
export function feedsOnlyTalkers(
  { options }: RomProfile,
  other: boolean,
): { readonly source: string; readonly confidence: Confidence } | null {
  return options.iwdg?.value === WRITTEN_ONCE ? readIn(options.iwdg, other) : null;
}

/** The interrupt by which this ROM serves USB; null where it has no USB. */
export const usbIrqOf = (profile: RomProfile | null): number | null => (profile?.dfu ? profile.usbIrq : null);

export const speaksSerial = (p: RomProfile): boolean => (p.build.serial ?? p.build.tables) !== undefined;

/** Pins on which the ROM takes a start bit for a choice of interface. */
export const rxPins = (profile: RomProfile | null): readonly { readonly name: string; readonly pin: string }[] =>
  (profile?.interfaces.value ?? []).flatMap(({ name, pins, detection }) =>
    detection === 'falling-edge' && pins['rx'] !== undefined ? [{ name, pin: pins['rx'] }] : [],
  );

/** That of one port; undefined where the ROM does not listen there. */
export const rxPinOf = (profile: RomProfile | null, port: string): string | undefined =>
  rxPins(profile).find(({ name }) => name === port)?.pin;

/** RX pins at which a level counts: those of the USARTs, and of CAN. */
export const watchedPins = (profile: RomProfile | null): readonly { readonly name: string; readonly pin: string }[] => [
  ...rxPins(profile),
  ...(profile?.interfaces.value ?? []).flatMap(({ name, pins, detection }) =>
    detection === 'frame' && pins['rx'] !== undefined ? [{ name, pin: pins['rx'] }] : [],
  ),
];

/** Ports at which a master selects the ROM, and the pins that keep it out when they are held high. */
export const hostPorts = (profile: RomProfile | null): readonly { readonly name: string; readonly pins: readonly string[] }[] =>
  (profile?.interfaces.value ?? []).flatMap(({ name, pins, detection }) =>
    detection === 'flag' ? [{ name, pins: ['scl', 'sda', 'nss'].flatMap((role) => pins[role] ?? []) }] : [],
  );

/** Pins of the port, by function, where the ROM has it. */
export const pinsOfPort = (profile: RomProfile | null, port: string): Readonly<Record<string, string>> =>
  profile?.interfaces.value.find((i) => i.name === port)?.pins ?? {};

/** The ROM's own address on I2C, seven bits. */
export const i2cAddress = ({ build }: RomProfile): number => build.tables?.ownAddress ?? build.serial?.ownAddress ?? 0;
