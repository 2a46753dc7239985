/** Behaviour by the name that chip rows use. One line per model, in alphabetical order. */
import type { ModelFactory } from '../emu/registers.ts';
import { adcCommonF4, adcF4 } from './adc-f4.ts';
import { adcCommonV2, adcV2 } from './adc-v2.ts';
import { bxcan } from './bxcan.ts';
import { cordic } from './cordic.ts';
import { crc } from './crc.ts';
import { crs } from './crs.ts';
import { artH7 } from './art-h7.ts';
import { dac } from './dac.ts';
import { dcache } from './dcache.ts';
import { dbgmcu } from './dbgmcu.ts';
import { dmaV1 } from './dma-v1.ts';
import { dmaV2 } from './dma-v2.ts';
import { dmamux } from './dmamux.ts';
import { eth } from './eth.ts';
import { fdcan } from './fdcan.ts';
import { extiH7 } from './exti-h7.ts';
import { extiV1 } from './exti-v1.ts';
import { extiV2 } from './exti-v2.ts';
import { flashF0 } from './flash-f0.ts';
import { flashF4 } from './flash-f4.ts';
import { flashH5 } from './flash-h5.ts';
import { flashH7 } from './flash-h7.ts';
import { flashL0 } from './flash-l0.ts';
import { flashL4 } from './flash-l4.ts';
import { flashU5 } from './flash-u5.ts';
import { gpdma } from './gpdma.ts';
import { gpioV2 } from './gpio-v2.ts';
import { tzscH5 } from './gtzc-h5.ts';
import { hash } from './hash.ts';
import { hsem } from './hsem.ts';
import { i2cV1 } from './i2c-v1.ts';
import { i2cV2 } from './i2c-v2.ts';
import { icache } from './icache.ts';
import { iwdgV3 } from './iwdg-v3.ts';
import { lptim } from './lptim.ts';
import { mdma } from './mdma.ts';
import { octospi, quadspi } from './quadspi.ts';
import { pwrF0 } from './pwr-f0.ts';
import { pwrF4 } from './pwr-f4.ts';
import { pwrF7 } from './pwr-f7.ts';
import { pwrH5 } from './pwr-h5.ts';
import { pwrH7 } from './pwr-h7.ts';
import { pwrL0 } from './pwr-l0.ts';
import { pwrL4 } from './pwr-l4.ts';
import { pwrU5 } from './pwr-u5.ts';
import { ramcfg } from './ramcfg.ts';
import { rccF0 } from './rcc-f0.ts';
import { rccF4 } from './rcc-f4.ts';
import { rccH5 } from './rcc-h5.ts';
import { rccH7 } from './rcc-h7.ts';
import { afioF1 } from './afio-f1.ts';
import { bkpF1 } from './bkp-f1.ts';
import { gpioV1 } from './gpio-v1.ts';
import { rccF1 } from './rcc-f1.ts';
import { rccG0 } from './rcc-g0.ts';
import { rccL0 } from './rcc-l0.ts';
import { rccL1 } from './rcc-l1.ts';
import { rccL4 } from './rcc-l4.ts';
import { rccU5 } from './rcc-u5.ts';
import { rtcF1 } from './rtc-f1.ts';
import { rtcV3 } from './rtc-v3.ts';
import { rng } from './rng.ts';
import { sdmmc } from './sdmmc.ts';
import { sbsH5 } from './sbs-h5.ts';
import { spiH7 } from './spi-h7.ts';
import { spi } from './spi.ts';
import { syscfgF0 } from './syscfg-f0.ts';
import { syscfgF7 } from './syscfg-f7.ts';
import { syscfgH7 } from './syscfg-h7.ts';
import { syscfgL4 } from './syscfg-l4.ts';
import { tampV1 } from './tamp-v1.ts';
import { tsc } from './tsc.ts';
import { tim } from './tim.ts';
import { usartV4 } from './usart-v4.ts';
import { usbDrd } from './usb-drd.ts';
import { usbFsdev } from './usb-fsdev.ts';
import { usbOtgFs } from './usb-otg-fs.ts';
import { vrefbuf } from './vrefbuf.ts';
import { wwdgV2 } from './wwdg-v2.ts';

export const MODELS: Readonly<Record<string, ModelFactory>> = {
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
  dmamux,
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
  gpdma,
  'gpio-v2': gpioV2,
  hash,
  hsem,
  'i2c-v1': i2cV1,
  'i2c-v2': i2cV2,
  icache,
  'iwdg-v3': iwdgV3,
  lptim,
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
  vrefbuf,
  'wwdg-v2': wwdgV2,
};
