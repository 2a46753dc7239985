/** Behaviour by the name that chip rows use. One line per model, in alphabetical order. */
import type { ModelFactory } from '../emu/registers.ts';
import { crs } from './crs.ts';
import { extiV2 } from './exti-v2.ts';
import { gpioV2 } from './gpio-v2.ts';
import { iwdgV3 } from './iwdg-v3.ts';
import { rtcV3 } from './rtc-v3.ts';
import { tampV1 } from './tamp-v1.ts';
import { tim } from './tim.ts';
import { usartV4 } from './usart-v4.ts';
import { wwdgV2 } from './wwdg-v2.ts';

export const MODELS: Readonly<Record<string, ModelFactory>> = {
  crs,
  'exti-v2': extiV2,
  'gpio-v2': gpioV2,
  'iwdg-v3': iwdgV3,
  'rtc-v3': rtcV3,
  'tamp-v1': tampV1,
  tim,
  'usart-v4': usartV4,
  'wwdg-v2': wwdgV2,
};
