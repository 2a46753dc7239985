/** Cortex-M7 with an FPU of single precision alone, as STM32F72x to F75x have it: instructions on doubles raise a UsageFault. */
import type { CoreModel } from './model.ts';
import { m7 } from './m7.ts';

export const m7sp: CoreModel = {
  ...m7,
  name: 'm7sp',
  type: 'cortex-m7f-sp',
  fpu: 'sp',
  // DDI 0489 3.3.1 and CMSIS: SCB_GetFPUType tells the two apart by MVFR0.
  id: { ...m7.id, MVFR0: 0x10110021, MVFR1: 0x11000011 },
};
