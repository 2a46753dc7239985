/** Known limitations of ST's ROMs, by version: the version tables of AN2606 Rev 70. What the stand-in does as ST's ROM does, and what it leaves out. */

export interface Limitation {
  /** All versions that have it. */
  readonly versions: readonly string[];
  readonly what: string;
  /** The stand-in has it too, in these versions. */
  readonly played: boolean;
}

const leftOut = (versions: string, what: string): Limitation => ({ versions: versions.split(' '), what, played: false });
const played = (versions: string, what: string): Limitation => ({ ...leftOut(versions, what), played: true });

const TWO_NACKS = 'USART: two NACKs instead of one to Read and Write Memory under read protection';
const NO_NACK = 'USART: no NACK to an unsupported address, so that the next two bytes count as a command';
const HOSTS = 'DFU: transfers fail behind some high-speed host controllers';
const HSITRIM = 'HSITRIM becomes 0, so the crystal is measured wrongly';
const PA13 = 'PA13 is configured although unused';
const JTAG_PINS = 'PA13 to PA15 are configured although unused';
const AHB1ENR = 'Go and leave: RCC_AHB1ENR is 0, so the clock of CCM RAM is off';
const CAN_UNPROTECT = 'CAN: Write Unprotect does not work';
const LISTED_G = 'DFU: option bytes, OTP and Device Feature are listed as erasable';
const NO_BANK_2 = 'DFU: sectors of bank 2 cannot be erased';
const JITTER = 'USART: the baud rate is off by up to 5 % at 115200';
const EMPTY = 'the empty check flag is cleared at start: the next reset boots from erased flash';
const BANK_2_ONE = 'erase of more than one sector of bank 2 fails';
const LONG_WRITES = 'DFU: writes of more than 256 bytes are corrupted unless a multiple of 8';
const SRAM_WRITES = 'writes to SRAM are corrupted';
const PCROP = 'PCROP option bytes cannot be written';
const SPI_WRITES = 'SPI: writes to the flash leave some double words erased';
const PWR_LOCK = 'PWR_CR3 is written as a word and is then locked until power-on';
const FDCAN_UNPROTECT = 'FDCAN: Readout Unprotect does not send its ID back';
const HDP = 'crash after a jump with HDP level 3 and a product state of Provisioned or above';
const STACK_LIMIT = 'the application’s initial stack pointer must be 16 bytes below the end of RAM';
const PB15 = 'PB15 low: no USART, I2C or SPI answers';
const SRAMS = 'SRAM1 to SRAM3 and ITCM cannot be reached';
const BOTH_TX = 'USART1 sends on both of its TX pins';

const F0_HSITRIM = [played('V10.0 V10.1', HSITRIM), leftOut('V10.0 V10.1', PA13), leftOut('V10.0 V10.1', HOSTS)];
const F4 = (versions: string): readonly Limitation[] => [played(versions, AHB1ENR)];

/** By id of the ROM; one without known limitations has no row. */
const LIMITATIONS: Readonly<Record<string, readonly Limitation[]>> = {
  stm32c071: [played('V13.1', EMPTY)],
  stm32f030x6: [played('V1.0', TWO_NACKS)],
  stm32f030x8: [played('V2.1', HSITRIM), played('V2.1', TWO_NACKS), played('V2.1', PA13)],
  stm32f030xc: [leftOut('V5.2', PA13)],
  stm32f042: F0_HSITRIM,
  stm32f070x6: [played('V10.2 V10.3', HSITRIM), leftOut('V10.2 V10.3', HOSTS)],
  stm32f070xb: [played('V10.2 V10.3', HSITRIM), leftOut('V10.2 V10.3', PA13), leftOut('V10.2 V10.3', HOSTS)],
  stm32f072: [played('V10.1', HSITRIM), leftOut('V10.1', PA13), leftOut('V10.1', HOSTS)],
  stm32f091: [played('V5.0', HSITRIM), leftOut('V5.0', PA13)],
  stm32f103: [
    leftOut('V2.0', 'USART: Go does not set the stack pointer, and Get ID answers one byte'),
    leftOut('V2.0 V2.1', 'USART: the first 512 bytes of RAM can be read and written'),
  ],
  stm32f105: [
    leftOut('V1.0', 'PA10, PD6, PB5, PA11 and PA12 must be high during interface detection'),
    leftOut('V1.0 V2.0', 'USART: Get Version answers 2.0'),
    leftOut('V2.0', 'PA9 is driven low while VBUS is on it'),
    leftOut('V1.0 V2.0 V2.1', 'DFU: option bytes are listed as erasable, and the poll times are wrong'),
  ],
  stm32f207: [leftOut('V3.2', NO_NACK), leftOut('V3.2', LISTED_G), leftOut('V3.3', TWO_NACKS), leftOut('V3.3', CAN_UNPROTECT)],
  stm32f301x8: [leftOut('V4.0', HOSTS)],
  stm32f302x8: [leftOut('V4.0', HOSTS)],
  stm32f303xe: [leftOut('V4.0', HOSTS)],
  stm32f358xc: [leftOut('V5.0', 'USART: 57600 baud at most')],
  stm32f401: F4('V13.1'),
  stm32f401xc: [...F4('V13.0'), leftOut('V13.0', 'SPRMOD is not reset when the read protection is removed')],
  stm32f405: [
    leftOut('V3.0', NO_NACK),
    leftOut('V3.0', LISTED_G),
    played('V3.0 V3.1 V9.0', AHB1ENR),
    leftOut('V3.1 V9.0', TWO_NACKS),
    leftOut('V3.1 V9.0', CAN_UNPROTECT),
  ],
  stm32f411: F4('V13.0'),
  stm32f412: [...F4('V9.0 V9.1'), leftOut('V9.0', 'USART3 is on other pins')],
  stm32f413: F4('V9.0'),
  stm32f429: [...F4('V7.0 V9.0 V9.1'), leftOut('V7.0 V9.0 V9.1', NO_BANK_2), leftOut('V7.0 V9.1', CAN_UNPROTECT)],
  stm32f446: F4('V9.0'),
  stm32f469: F4('V9.0'),
  stm32f722: [leftOut('V9.0', JITTER)],
  stm32f746: [leftOut('V9.0', JITTER)],
  stm32f767: [
    leftOut('V9.3', 'with two banks (nDBANK = nDBOOT = 0) BOOT_ADD1 is ignored'),
    leftOut('V9.3', JITTER),
    leftOut('V9.3', 'DFU: an erase of sector i of bank 2 erases sector i + 4'),
  ],
  stm32g070: [
    leftOut('V11.0', 'only packages from LQFP64 on'),
    leftOut('V11.2', 'USART: option bytes are not loaded'),
    leftOut('V11.2', 'Go: HSITRIM stays changed'),
    leftOut('V11.2', 'it crashes if the SRAM parity option is set'),
    played('V11.3', EMPTY),
    leftOut('V11.3', 'erase of more than one sector does not wait for the first'),
    leftOut('V11.3', 'PC11 low: I2C is stretched until USART3 times out'),
  ],
  stm32g030: [leftOut('V5.1', 'only packages with 32 and 48 pins'), leftOut('V5.1 V5.2', 'PA3 low: only USART2 is looked at')],
  stm32g050: [
    leftOut('V5.0', 'USART2: the detection of the baud rate jitters'),
    leftOut('V5.1', 'I2C: the erase without stretching stretches the clock'),
  ],
  stm32g0b0: [leftOut('V13.0', BANK_2_ONE), played('V13.0', EMPTY)],
  stm32g0b1: [
    leftOut('V9.2', 'Go: DBG_SWEN of FLASH_ACR becomes 0, so SWD no longer works'),
    leftOut('V9.2', BANK_2_ONE),
    played('V9.2', EMPTY),
  ],
  stm32g431: [leftOut('V13.3', 'CCM SRAM and the engineering bytes cannot be reached')],
  stm32g474: [leftOut('V13.3', 'no boot from bank 2'), leftOut('V13.4', 'CCM SRAM and the engineering bytes cannot be reached')],
  stm32h503: [leftOut('V14.1', HDP)],
  stm32h5: [leftOut('V14.0', 'the package is reported wrongly'), leftOut('V14.0', 'I2C and I3C are on wrong pins')],
  stm32h563: [leftOut('V14.3', HDP), leftOut('V14.4', 'sectors of the EEPROM cannot be erased on parts with 1 MB')],
  stm32h723: [
    leftOut('V9.1', 'TCM_AXI_SHARED cannot be changed'),
    leftOut('V9.1', 'DFU: the layout string is wrong'),
    leftOut('V9.2', 'crash at RDP level 1 with the USB cable in'),
    leftOut('V9.2', 'does not work at RDP level 1 with TCM_AXI_SHARED not 0'),
    played('V9.1 V9.2', PWR_LOCK),
  ],
  stm32h745: [
    leftOut('V13.2', 'Go does not work'),
    leftOut('V13.2', 'USART2 and SPI1 cannot connect'),
    leftOut('V13.2', 'I2C: mass erase erases only bank 2'),
    leftOut('V13.3', 'a bank cannot be erased, nor all of it by DFU'),
    leftOut('V9.0', 'USART, SPI: Go is not acknowledged'),
    leftOut('V9.0', 'FDCAN: writes of 63 bytes and more, wrong version'),
    leftOut('V9.0', 'a reset is needed after power-on unless PA11 is pulled up'),
    leftOut('V9.0', 'CM4_BOOT_ADD cannot be written'),
    leftOut('V9.0', 'the number of commands is wrong'),
    played('V13.2 V13.3 V9.0 V9.1', PWR_LOCK),
    leftOut('V9.0 V9.1 V9.2', PB15),
    leftOut('V9.0 V9.1 V9.2', STACK_LIMIT),
    leftOut('V9.0 V9.1 V9.2', SRAMS),
    leftOut('V9.1', 'erase of bank 2 does not wait until it is done'),
    leftOut('V9.1', BOTH_TX),
  ],
  stm32l051: [leftOut('V12.0', 'PA13 and PA14 are configured although unused')],
  stm32l072: [leftOut('V4.0 V4.1', 'PA4 to PA7 are pulled down although unused'), leftOut('V4.1', HOSTS)],
  stm32l1xxb: [leftOut('V2.0', NO_NACK), leftOut('V2.0', JTAG_PINS)],
  stm32l1xxc: [leftOut('V4.0', TWO_NACKS), leftOut('V4.0', JTAG_PINS), leftOut('V4.0', HOSTS)],
  stm32l1xxd: [
    leftOut('V4.1', 'PA13 is slow, so some debuggers cannot connect'),
    leftOut('V4.1', 'DFU resets the RTC and its backup registers'),
    leftOut('V4.2', 'the stack is eight bytes too short at the jump into a bank'),
    played('V4.2', 'a stack pointer at the end of SRAM counts as invalid: that bank is not started'),
    leftOut('V4.5', TWO_NACKS),
    leftOut('V4.5', HOSTS),
  ],
  stm32l1xxe: [leftOut('V4.0', TWO_NACKS), leftOut('V4.0', JTAG_PINS), leftOut('V4.0', HOSTS)],
  stm32l412: [leftOut('V13.1', 'USART answers 0x7F with two ACKs'), leftOut('V13.1', PCROP)],
  stm32l432: [
    leftOut('V9.1', LONG_WRITES),
    leftOut('V9.1', 'DFU: the clock recovery is set up wrongly'),
    leftOut('V9.1', 'Go: RTCAPBEN becomes 0'),
    leftOut('V9.1', PCROP),
    leftOut('V9.1', SPI_WRITES),
    leftOut('V9.1', 'CAN may not connect after a program that used the RTC'),
  ],
  stm32l452: [leftOut('V9.2', PCROP), leftOut('V9.2', SPI_WRITES)],
  stm32l476: [
    leftOut('V9.0 V9.2 V10.1 V10.2 V10.3', LONG_WRITES),
    leftOut('V9.0 V10.1', SRAM_WRITES),
    leftOut('V9.2 V10.3', PCROP),
    leftOut('V9.2', SPI_WRITES),
  ],
  stm32l496: [leftOut('V9.3', 'a bank cannot be erased'), leftOut('V9.3', SPI_WRITES), leftOut('V9.3', PCROP)],
  stm32u575: [leftOut('V9.2 V9.3', FDCAN_UNPROTECT), leftOut('V9.2', 'RDP level and secure option bytes cannot be changed together')],
  stm32wb55: [
    leftOut('V13.5', 'Readout Unprotect takes effect only at the next power-on'),
    leftOut('V13.5', 'I2C: Write Protect removes the read protection'),
  ],
};
/** The same images but for the part of them that needs USB. */
const TWINS: Readonly<Record<string, string>> = { stm32l431: 'stm32l432', stm32l451: 'stm32l452' };

export const limitationsOf = (romId: string): readonly Limitation[] => LIMITATIONS[TWINS[romId] ?? romId] ?? [];
