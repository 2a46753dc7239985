/** Cortex-M3 r2p0 (STM32F2, L1); the STM32F1 has r1p1, which its row says. */
import { m3 as timing } from '../timing/m3.ts';
import { NO_FP, RASR_V7, type CoreModel } from './model.ts';

const TRM = '100165 3.9.2';
export const m3: CoreModel = {
  name: 'm3',
  type: 'cortex-m3',
  title: 'Cortex-M3',
  arch: 'v7m',
  dsp: false,
  fpu: 'none',
  fpv5: false,
  unprivileged: true,
  vtor: 0xffffff80,
  cpuid: 0x412fc230,
  ccr: { reset: 0x200, writable: 0x31b },
  // DDI 0337H table 4-1 (recalled): without DSP.
  id: {
    ID_PFR0: 0x30,
    ID_PFR1: 0x200,
    ID_DFR0: 0x100000,
    ID_MMFR0: 0x100030,
    ID_MMFR2: 0x1000000,
    ID_ISAR0: 0x1100110,
    ID_ISAR1: 0x2111000,
    ID_ISAR2: 0x21112231,
    ID_ISAR3: 0x1111110,
    ID_ISAR4: 0x1310132,
  },
  mpuSmallest: 5,
  mpuAttributes: RASR_V7,
  l1: false,
  branchTargets: false,
  flashCache: true,
  debug: { code: 6, revision: 1, data: 4, idr: 0x24770011, dpidr: 0x2ba01477, tarWrap: 0x1000 },
  exceptions: {
    entry: { value: 12, source: TRM, confidence: 'documented' },
    return: { value: 12, source: `${TRM}; the Cortex-M4's manual prints 10`, confidence: 'documented' },
    tailChain: { value: 6, source: TRM, confidence: 'documented' },
    ...NO_FP,
  },
  timing,
};
