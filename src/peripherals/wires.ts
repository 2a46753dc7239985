/**
 * Wires between blocks that are the same on every chip: who drives them and what they carry. Those of one block of several (`tim2.trgo`, `adc1.dma`) are named after
 * the block where its model is; those that the machine drives or follows stand in src/emu/wires.ts.
 */
import { wire, type Wire } from '../emu/wires.ts';

// Of one block of several
/** A wire of a block, by the block's name in lower case: `adc1.dma`. */
export const ofBlock = (block: string, what: string): Wire => wire(`${block.toLowerCase()}.${what}`);
/** Who waits for a trigger: a bit for each. */
export const wantedOf = (trigger: Wire): Wire => wire(`${trigger.name}.wanted`);

/** AFIO (F1): 1 = the last external trigger of a converter's group is a timer's, not a pin's. */
export const triggerRemap = (block: string, group: 'regular' | 'injected'): Wire => ofBlock(block, `remap.${group}`);

// Of a pin (`PA5`): see pins/gpio-v2.ts
/** What the board drives. */
export const boardLevel = (pin: string): Wire => wire(`pin.${pin}`);
/** What the chip drives as an output. */
export const chipLevel = (pin: string): Wire => wire(`out.${pin}`);
/** What its digital input sees. */
export const inputLevel = (pin: string): Wire => wire(`in.${pin}`);
/** Number of its alternate function + 1, 0 in other modes. */
export const alternateOf = (pin: string): Wire => wire(`af.${pin}`);
/** Why its digital input sees nothing: 0 = it does, `ANALOG_PIN`, `ISOLATED_PIN`. */
export const deafPin = (pin: string): Wire => wire(`deaf.${pin}`);
export const ANALOG_PIN = 1;
/** PWR keeps it apart from a supply that nobody declared valid. */
export const ISOLATED_PIN = 2;
/** AFIO (F1): which of its pins a USART has. */
export const usartRemap = (block: string): Wire => ofBlock(block, 'remap');
/** SYSCFG: which port feeds EXTI's line. */
export const extiSource = (line: number): Wire => wire(`exti.source.${line}`);
/** TZSC (H5): peripherals that are secure, a bit each, register by register from 1 on. */
export const securedBy = (register: number): Wire => wire(`tzsc.${register}`);

/** FMC, FSMC: banks that answer, a bit each. */
export const FMC_BANKS = wire('fmc.banks');

/** SYSCFG (F0, F3): a field that moves DMA requests to another channel. */
export const dmaRemap = (field: string): Wire => wire(`dma.remap.${field.toLowerCase()}`);

// Clocks (RCC) and power (PWR)
/** PWR: DBP, the backup domain takes writes. */
export const DBP = wire('dbp');
/** PWR: VDDIO2 is declared valid and there (IOSV, IO2SV). */
export const VDDIO2 = wire('vddio2');
/** PWR: code of the regulator's range in force. */
export const VOS = wire('vos');
/** SYSCFG (H7): ODEN, the overdrive that makes VOS0 of VOS1. */
export const VOS0 = wire('vos0');
/** PWR: how deep the chip is in Stop: 1 = Stop 0, Stop 1 or the only one, 2 = Stop 2, 3 = Stop 3; 0 = not. */
export const POWER_STOP = wire('power.stop');
/** RCC: in Stop, hertz of this kernel clock where a block gets it when it asks for it, by an oscillator that Stop lets run; else 0. */
export const givenInStop = (clock: string): Wire => wire(`stop.${clock}`);
/** PWR: 1 in Standby, 2 in Shutdown. */
export const POWER_STANDBY = wire('power.standby');
/** PWR: PVDO, the supply is below the detector's level. */
export const PVD = wire('pvd');
/** The board: grows when a supply has another voltage. */
export const SUPPLIES = wire('supplies');
/** RCC: 1 while the PLL is ready, for the overdrive of F4 and F7. */
export const PLL_READY = wire('pll.ready');
/** RCC (U5): the boost converter has its clock. */
export const EPOD_CLOCK = wire('epod.clock');
/** RCC: HSE has its pins. */
export const HSE_ON = wire('hse.on');
/** The board: 1 while the crystal fails. */
export const HSE_FAIL = wire('hse.fail');
export const LSE_FAIL = wire('lse.fail');
/** Watchdogs: 1 while they need LSI. */
export const LSI_REQUEST = wire('lsi.request');
export const LSI_REQUEST2 = wire('lsi.request2');
/** SYSCFG (L0): the reference of HSI48 is on. */
export const HSI48_REFERENCE = wire('hsi48.reference');
/** CRS: TRIM less its centre. */
export const CRS_TRIM = wire('crs.trim');
/** The board: level of the pin CRS_SYNC. */
export const CRS_SYNC = wire('crs.sync');

// Flash and memories
/** SYSCFG: the banks change places. */
export const FLASH_SWAP = wire('flash.swap');
/** SYSCFG: what lies at 0 (MEM_MODE). */
export const REMAP = wire('remap');

// Option bytes
/** FLASH: 1 where a watchdog is started by hardware. */
export const IWDG_HARDWARE = wire('iwdg.hardware');
export const IWDG2_HARDWARE = wire('iwdg2.hardware');
export const WWDG_HARDWARE = wire('wwdg.hardware');
/** FLASH: 1 where the IWDG stands still in the mode. */
export const IWDG_FREEZE_STOP = wire('iwdg.freeze.stop');
export const IWDG_FREEZE_STANDBY = wire('iwdg.freeze.standby');
/** FLASH: 1 where entering the mode is a reset. */
export const RESET_ON_STOP = wire('reset.on.stop');
export const RESET_ON_STANDBY = wire('reset.on.standby');
export const RESET_ON_SHUTDOWN = wire('reset.on.shutdown');
/** DBGMCU: 1 where clocks go on in the mode. */
export const DEBUG_STOP = wire('debug.stop');
export const DEBUG_STANDBY = wire('debug.standby');

// USB
/** PWR: the transceiver has its supply (USV). */
export const USB_SUPPLY = wire('usb.supply');
/** By the option of a controller's row: left out = `usb.supply`, null = supplied with the chip. */
export const supplyOf = (option: string | null | undefined): Wire | null =>
  option === null ? null : option === undefined ? USB_SUPPLY : wire(option);
/** The board: VBUS at the connector; 1 in `…CUT`: the pin does not see it. */
export const USB_VBUS = wire('usb.vbus');
export const USB_VBUS_CUT = wire('usb.vbus.cut');
/** The controller: D+ is pulled up; the host sees it. */
export const USB_PULLUP = wire('usb.pullup');
/** SYSCFG (L1): PMC.USB_PU, its pull-up. */
export const USB_PU = wire('usb.pu');
/** The controller: grows with each start of frame. */
export const USB_SOF = wire('usb.sof');
/** The controller: 1 while it drives a resume. */
export const USB_RESUME = wire('usb.resume');
/** The controller: a pulse at a wake-up from suspend, for EXTI. */
export const USB_WAKEUP = wire('usb.wakeup');
/** SYSCFG (F3): USB_IT_RMP, which interrupt lines the USB has. */
export const USB_IRQ = wire('usb.irq');

// RTC
export const RTC_ALARM = wire('rtc.alarm');
export const RTC_STAMP = wire('rtc.stamp');
export const RTC_WAKEUP = wire('rtc.wakeup');

// Others
/** SBS (H5): writes to VTOR, to the MPU are ignored while 1. */
export const SBS_LOCKVTOR = wire('sbs.lockvtor');
export const SBS_LOCKMPU = wire('sbs.lockmpu');
/** HASH asks for data by DMA. */
export const HASH_DMA_IN = wire('hash.dma.in');
/** The Ethernet's DMA: grows with each software reset, which is one of the MAC too. */
export const ETH_RESET = wire('eth.reset');
