/** Cortex-M7. Feature registers: its technical reference manual, and QEMU's model. */
import { m7 as timing } from '../timing/m7.ts';
import { likeM4, RASR_V7, type CoreModel } from './model.ts';

export const m7: CoreModel = {
  name: 'm7',
  type: 'cortex-m7f',
  title: 'Cortex-M7',
  arch: 'v7m',
  dsp: true,
  fpu: 'dp',
  fpv5: true,
  unprivileged: true,
  vtor: 0xffffff80,
  cpuid: 0x411fc271,
  // STKALIGN and branch prediction.
  ccr: { reset: 0x40200, writable: 0x3011b },
  id: {
    ID_PFR0: 0x30,
    ID_PFR1: 0x200,
    ID_DFR0: 0x100000,
    ID_MMFR0: 0x100030,
    ID_MMFR2: 0x1000000,
    ID_ISAR0: 0x1101110,
    ID_ISAR1: 0x2112000,
    ID_ISAR2: 0x20232231,
    ID_ISAR3: 0x1111131,
    ID_ISAR4: 0x1310132,
    MVFR0: 0x10110221,
    MVFR1: 0x12000011,
    MVFR2: 0x40,
    CLIDR: 0x9000003,
    CTR: 0x8303c003,
  },
  mpuSmallest: 5,
  mpuAttributes: RASR_V7,
  l1: true,
  branchTargets: true,
  flashCache: false,
  // Reported: LLVM's Cortex-M7 model.
  divisionCycles: 7,
  debug: { code: 8, revision: 2, data: 4, idr: 0x84770001, dpidr: 0x6ba02477, tarWrap: 0x400 },
  exceptions: likeM4({ value: 12, source: 'Arm community thread 47326: 12 typical, 14 worst', confidence: 'reported' }),
  timing,
};
