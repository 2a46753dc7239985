/**
 * One row per stand-in ROM: where it lies, what it uses, how long it takes, what it listens to. Data only; what the chip's row says of ST's
 * ROM is taken from there.
 */
import { STM32H533RE } from '../chips/stm32h533.ts';
import type { ChipDescription, Confidence, RomReference, Sourced } from '../emu/chip.ts';
import { ROM_OPTION_DEFAULTS, type RomFamily, type RomOptionDefaults } from './options.ts';

/** How the stand-in notices traffic: a falling edge on the RX pin, a flag of the interface's block, or not at all. */
export type Detection = 'falling-edge' | 'flag' | 'interrupt' | 'none';

export interface RomInterface {
  readonly name: string;
  /** Pins by function; `rx` is what other devices can disturb. */
  readonly pins: Readonly<Record<string, string>>;
  readonly detection: Detection;
}

export interface AddressRange {
  readonly base: number;
  readonly size: number;
}

export interface RomProfile extends RomReference {
  readonly family: RomFamily;
  /** File in rom/images, without extension. */
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
  /** Initial stack pointer of the stand-in; ST's is unknown. */
  readonly initialStack: Sourced<number>;
  readonly sysclkHz: Sourced<number>;
  readonly usbIrq: number;
  readonly interfaces: Sourced<readonly RomInterface[]>;
  /** What ST's ROM has and the stand-in lacks. */
  readonly leftOut: readonly string[];
}

const known = <T>(value: T, source: string, confidence: Confidence = 'documented'): Sourced<T> => ({ value, source, confidence });
const AN2606 = 'AN2606 Rev 70';

/** The part of a profile that the chip's row holds. */
function fromChip(chip: ChipDescription): RomReference & Pick<RomProfile, 'base' | 'systemMemory'> {
  const { rom } = chip;
  if (!rom) throw new Error(`${chip.name} has no ROM row`);
  const [first, last] = rom.range.value;
  return { ...rom, base: rom.vectorTable.value, systemMemory: { ...rom.range, value: { base: first, size: last - first + 1 } } };
}

const H523_H533: RomProfile = {
  ...fromChip(STM32H533RE),
  family: 'H5',
  image: 'h5',
  size: 35_840,
  gap: { base: 0x0bf80000, size: 0x17000 },
  optionBlock: 0x0bf9fb00,
  options: ROM_OPTION_DEFAULTS.H5,
  initialStack: known(0x20004000, 'top of the RAM that the ROM may use', 'assumed'),
  sysclkHz: known(200_000_000, `${AN2606} Table 124`),
  usbIrq: 74,
  interfaces: known([
    { name: 'USB', pins: { dm: 'PA11', dp: 'PA12' }, detection: 'interrupt' },
    { name: 'USART1', pins: { rx: 'PA10', tx: 'PA9' }, detection: 'falling-edge' },
    { name: 'USART2', pins: { rx: 'PA3', tx: 'PA2' }, detection: 'falling-edge' },
    { name: 'USART3', pins: { rx: 'PD9', tx: 'PD8' }, detection: 'falling-edge' },
    { name: 'I2C1', pins: { scl: 'PB8', sda: 'PB9' }, detection: 'flag' },
    { name: 'I2C3', pins: { scl: 'PA8', sda: 'PC9' }, detection: 'flag' },
    { name: 'SPI1', pins: { nss: 'PA4', sck: 'PA5', miso: 'PA6', mosi: 'PA7' }, detection: 'flag' },
    { name: 'SPI2', pins: { nss: 'PB12', sck: 'PB10', miso: 'PB14', mosi: 'PC1' }, detection: 'flag' },
    { name: 'SPI3', pins: { nss: 'PA15', sck: 'PC10', miso: 'PC11', mosi: 'PC12' }, detection: 'flag' },
    { name: 'FDCAN2', pins: { rx: 'PB5', tx: 'PB13' }, detection: 'none' },
    { name: 'I3C1', pins: { scl: 'PB6', sda: 'PB7' }, detection: 'none' },
  ], `${AN2606} Table 124 (pins); detection: how the stand-in does it`),
  leftOut: [
    'commands over USART, I2C, SPI, FDCAN and I3C (a selected interface stays silent)',
    'DFU writes to option bytes and OTP, the special commands of AN2606 Table 125',
    'the secure first stage (SFSP) of a pin boot and what it leaves behind',
    'the bootloader ID byte: its address is contradictory in AN2606',
  ],
};

export const ROM_PROFILES: readonly RomProfile[] = [H523_H533];

export function findRomProfile(id: string): RomProfile | undefined {
  return ROM_PROFILES.find((profile) => profile.id === id);
}
