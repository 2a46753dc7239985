/** Behaviour by the name that chip rows use. One line per model, in alphabetical order. */
import type { ModelFactory } from '../emu/registers.ts';
import { crs } from './crs.ts';
import { dbgmcu } from './dbgmcu.ts';
import { extiV2 } from './exti-v2.ts';
import { flashH5 } from './flash-h5.ts';
import { gpioV2 } from './gpio-v2.ts';
import { icache } from './icache.ts';
import { iwdgV3 } from './iwdg-v3.ts';
import { pwrH5 } from './pwr-h5.ts';
import { rccH5 } from './rcc-h5.ts';
import { rtcV3 } from './rtc-v3.ts';
import { sbsH5 } from './sbs-h5.ts';
import { tampV1 } from './tamp-v1.ts';
import { tim } from './tim.ts';
import { usartV4 } from './usart-v4.ts';
import { usbDrd } from './usb-drd.ts';
import { usbFsdev } from './usb-fsdev.ts';
import { wwdgV2 } from './wwdg-v2.ts';

export const MODELS: Readonly<Record<string, ModelFactory>> = {
  crs,
  dbgmcu,
  'exti-v2': extiV2,
  'flash-h5': flashH5,
  'gpio-v2': gpioV2,
  icache,
  'iwdg-v3': iwdgV3,
  'pwr-h5': pwrH5,
  'rcc-h5': rccH5,
  'rtc-v3': rtcV3,
  'sbs-h5': sbsH5,
  'tamp-v1': tampV1,
  tim,
  'usart-v4': usartV4,
  'usb-drd': usbDrd,
  'usb-fsdev': usbFsdev,
  'wwdg-v2': wwdgV2,
};
