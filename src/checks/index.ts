// Made by tools/check-index.ts from the other files of this folder.
import type { Check } from './check.ts';
import { basepri } from './basepri.ts';
import { bootSelection } from './boot-selection.ts';
import { dcache, icache } from './cache.ts';
import { kernelClocks, pll, prescalers, sysclk, usbClock } from './clocks.ts';
import { control } from './control.ts';
import { fpu, mpu, stackLimit } from './core-units.ts';
import { debuggerCheck } from './debugger.ts';
import { entryAddress } from './entry-address.ts';
import { entryDereference } from './entry-dereference.ts';
import { faultmask } from './faultmask.ts';
import { flashLatency, voltageRange } from './flash-timing.ts';
import { handlerMode } from './handler-mode.ts';
import { hse } from './hse.ts';
import { hsi48 } from './hsi48.ts';
import { iwdg } from './iwdg.ts';
import { leaveClocks } from './leave-clocks.ts';
import { leaveFlash } from './leave-flash.ts';
import { leaveIrq } from './leave-irq.ts';
import { leavePath } from './leave-path.ts';
import { leaveRemap } from './leave-remap.ts';
import { leaveVtor } from './leave-vtor.ts';
import { dma, exti, peripheralsLeftOn, usbLeftOn } from './left-on.ts';
import { magicSurvives } from './magic-survives.ts';
import { msp } from './msp.ts';
import { nvicEnabled } from './nvic-enabled.ts';
import { nvicPending } from './nvic-pending.ts';
import { optionBytes } from './option-bytes.ts';
import { primask } from './primask.ts';
import { dualBank, emptyCheck, protection, remap, secondCore, trustZone } from './product.ts';
import { resetFlags } from './reset-flags.ts';
import { romInterface } from './rom-interface.ts';
import { romUsb } from './rom-usb.ts';
import { sleepOnExit } from './sleep-on-exit.ts';
import { stackAfterMsp } from './stack-after-msp.ts';
import { systick } from './systick.ts';
import { thumbBit } from './thumb-bit.ts';
import { usbDisconnect } from './usb-disconnect.ts';
import { vddusb } from './vddusb.ts';
import { vtor } from './vtor.ts';
import { wwdg } from './wwdg.ts';

/** All checks, in the order of the result. */
export const CHECKS: readonly Check[] = [
  entryAddress,
  entryDereference,
  thumbBit,
  msp,
  stackAfterMsp,
  vtor,
  control,
  handlerMode,
  primask,
  basepri,
  faultmask,
  nvicEnabled,
  nvicPending,
  systick,
  sysclk,
  pll,
  flashLatency,
  prescalers,
  voltageRange,
  kernelClocks,
  hsi48,
  hse,
  vddusb,
  usbClock,
  usbDisconnect,
  usbLeftOn,
  peripheralsLeftOn,
  dma,
  exti,
  icache,
  dcache,
  mpu,
  fpu,
  remap,
  resetFlags,
  iwdg,
  wwdg,
  bootSelection,
  dualBank,
  emptyCheck,
  optionBytes,
  protection,
  trustZone,
  stackLimit,
  secondCore,
  debuggerCheck,
  romInterface,
  magicSurvives,
  leavePath,
  leaveVtor,
  leaveRemap,
  leaveClocks,
  leaveIrq,
  leaveFlash,
  romUsb,
  sleepOnExit,
];
