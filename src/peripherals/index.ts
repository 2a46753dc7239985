/** Behaviour by the name that chip rows use. One line per model, in alphabetical order. */
import type { AnyModelFactory } from '../emu/registers.ts';
import { adcCommonF4, adcF4 } from './analog/adc-f4.ts';
import { adcCommonV2, adcV2 } from './analog/adc-v2.ts';
import { bxcan } from './serial/bxcan.ts';
import { cordic } from './compute/cordic.ts';
import { crc } from './compute/crc.ts';
import { crs } from './clock/crs.ts';
import { artH7 } from './memory/art-h7.ts';
import { dac } from './analog/dac.ts';
import { dcache } from './memory/dcache.ts';
import { dbgmcu } from './system/dbgmcu.ts';
import { dma2d } from './display/dma2d.ts';
import { dsihost } from './display/dsihost.ts';
import { ltdc } from './display/ltdc.ts';
import { dmaV1 } from './dma/dma-v1.ts';
import { dmaV2 } from './dma/dma-v2.ts';
import { dmamux } from './dma/dmamux.ts';
import { eth } from './serial/eth.ts';
import { fdcan } from './serial/fdcan.ts';
import { extiH7 } from './pins/exti-h7.ts';
import { extiV1 } from './pins/exti-v1.ts';
import { extiV2 } from './pins/exti-v2.ts';
import { fmc, fmcBanks } from './memory/fmc.ts';
import { flashF0 } from './memory/flash-f0.ts';
import { flashF4 } from './memory/flash-f4.ts';
import { flashH5 } from './memory/flash-h5.ts';
import { flashH7 } from './memory/flash-h7.ts';
import { flashL0 } from './memory/flash-l0.ts';
import { flashL4 } from './memory/flash-l4.ts';
import { flashU5 } from './memory/flash-u5.ts';
import { gpdma } from './dma/gpdma.ts';
import { gpioV2 } from './pins/gpio-v2.ts';
import { tzscH5 } from './system/gtzc-h5.ts';
import { hash } from './compute/hash.ts';
import { hsem } from './system/hsem.ts';
import { i2cV1 } from './serial/i2c-v1.ts';
import { i2cV2 } from './serial/i2c-v2.ts';
import { icache } from './memory/icache.ts';
import { iwdgV3 } from './watchdog/iwdg-v3.ts';
import { hrtimDll } from './timer/hrtim-dll.ts';
import { lptim } from './timer/lptim.ts';
import { mdma } from './dma/mdma.ts';
import { octospi, quadspi, spiWindow } from './memory/quadspi.ts';
import { pwrF0 } from './power/pwr-f0.ts';
import { pwrF4 } from './power/pwr-f4.ts';
import { pwrF7 } from './power/pwr-f7.ts';
import { pwrH5 } from './power/pwr-h5.ts';
import { pwrH7 } from './power/pwr-h7.ts';
import { pwrL0 } from './power/pwr-l0.ts';
import { pwrL4 } from './power/pwr-l4.ts';
import { pwrU5 } from './power/pwr-u5.ts';
import { ramcfg } from './memory/ramcfg.ts';
import { rccF0 } from './clock/rcc-f0.ts';
import { rccF4 } from './clock/rcc-f4.ts';
import { rccH5 } from './clock/rcc-h5.ts';
import { rccH7 } from './clock/rcc-h7.ts';
import { afioF1 } from './pins/afio-f1.ts';
import { bkpF1 } from './timer/bkp-f1.ts';
import { gpioV1 } from './pins/gpio-v1.ts';
import { rccF1 } from './clock/rcc-f1.ts';
import { rccG0 } from './clock/rcc-g0.ts';
import { rccL0 } from './clock/rcc-l0.ts';
import { rccL1 } from './clock/rcc-l1.ts';
import { rccL4 } from './clock/rcc-l4.ts';
import { rccU5 } from './clock/rcc-u5.ts';
import { rtcF1 } from './timer/rtc-f1.ts';
import { rtcV3 } from './timer/rtc-v3.ts';
import { rng } from './compute/rng.ts';
import { sdmmc } from './memory/sdmmc.ts';
import { sbsH5 } from './pins/sbs-h5.ts';
import { spiH7 } from './serial/spi-h7.ts';
import { spi } from './serial/spi.ts';
import { syscfgF0 } from './pins/syscfg-f0.ts';
import { syscfgF7 } from './pins/syscfg-f7.ts';
import { syscfgH7 } from './pins/syscfg-h7.ts';
import { syscfgL4 } from './pins/syscfg-l4.ts';
import { tampV1 } from './timer/tamp-v1.ts';
import { tsc } from './analog/tsc.ts';
import { tim } from './timer/tim.ts';
import { usartV4 } from './serial/usart-v4.ts';
import { usbDrd } from './usb/usb-drd.ts';
import { usbFsdev } from './usb/usb-fsdev.ts';
import { usbOtgFs } from './usb/usb-otg-fs.ts';
import { comp, opamp } from './analog/comp.ts';
import { vrefbuf } from './analog/vrefbuf.ts';
import { wwdgV2 } from './watchdog/wwdg-v2.ts';

/** By the names of rows. */
const BY_NAME = {
  'adc-common-f4': adcCommonF4,
  'adc-common-v2': adcCommonV2,
  'adc-f4': adcF4,
  'adc-v2': adcV2,
  bxcan,
  cordic,
  crc,
  crs,
  'art-h7': artH7,
  dac,
  dbgmcu,
  dcache,
  'dma-v1': dmaV1,
  'dma-v2': dmaV2,
  dma2d,
  dmamux,
  dsihost,
  eth,
  'exti-h7': extiH7,
  'exti-v1': extiV1,
  'exti-v2': extiV2,
  fdcan,
  'flash-f0': flashF0,
  'flash-f4': flashF4,
  'flash-h5': flashH5,
  'flash-h7': flashH7,
  'flash-l0': flashL0,
  'flash-l4': flashL4,
  'flash-u5': flashU5,
  fmc,
  'fmc-banks': fmcBanks,
  gpdma,
  'gpio-v2': gpioV2,
  hash,
  'hrtim-dll': hrtimDll,
  hsem,
  'i2c-v1': i2cV1,
  'i2c-v2': i2cV2,
  icache,
  'iwdg-v3': iwdgV3,
  lptim,
  ltdc,
  mdma,
  octospi,
  'pwr-f0': pwrF0,
  'pwr-f4': pwrF4,
  'pwr-f7': pwrF7,
  'pwr-h5': pwrH5,
  'pwr-h7': pwrH7,
  'pwr-l0': pwrL0,
  'pwr-l4': pwrL4,
  'pwr-u5': pwrU5,
  quadspi,
  ramcfg,
  'rcc-f0': rccF0,
  'rcc-f4': rccF4,
  'rcc-h5': rccH5,
  'rcc-h7': rccH7,
  'afio-f1': afioF1,
  'bkp-f1': bkpF1,
  'gpio-v1': gpioV1,
  'rcc-f1': rccF1,
  'rcc-g0': rccG0,
  'rcc-l0': rccL0,
  'rcc-l1': rccL1,
  'rcc-l4': rccL4,
  'rcc-u5': rccU5,
  rng,
  'rtc-f1': rtcF1,
  'rtc-v3': rtcV3,
  'sbs-h5': sbsH5,
  sdmmc,
  'tzsc-h5': tzscH5,
  spi,
  'spi-h7': spiH7,
  'spi-window': spiWindow,
  'syscfg-f0': syscfgF0,
  'syscfg-f7': syscfgF7,
  'syscfg-h7': syscfgH7,
  'syscfg-l4': syscfgL4,
  'tamp-v1': tampV1,
  tim,
  tsc,
  'usart-v4': usartV4,
  'usb-drd': usbDrd,
  'usb-fsdev': usbFsdev,
  'usb-otg-fs': usbOtgFs,
  comp,
  opamp,
  vrefbuf,
  'wwdg-v2': wwdgV2,
} satisfies Readonly<Record<string, AnyModelFactory>>;

export const MODELS: Readonly<Record<string, AnyModelFactory>> = BY_NAME;

export type ModelName = keyof typeof BY_NAME;
/** What a row says to its model; `block` is the row's name where it says nothing else. */
export type OptionsOf<M extends ModelName> = Omit<Parameters<(typeof BY_NAME)[M]>[1], 'block'> & { readonly block?: string };
