/** Cortex-M33. Feature registers: its technical reference manual, and QEMU's model. */
import { m33 as timing } from '../timing/m33.ts';
import { likeM4, type CoreModel } from './model.ts';

export const m33: CoreModel = {
  name: 'm33',
  type: 'cortex-m33f',
  title: 'Cortex-M33',
  arch: 'v8m',
  dsp: true,
  fpu: 'sp',
  fpv5: true,
  unprivileged: true,
  vtor: 0xffffff80,
  cpuid: 0x410fd214,
  // STKALIGN, and a bit that is fixed at 1 on ARMv8-M.
  ccr: { reset: 0x201, writable: 0x51a },
  id: {
    ID_PFR0: 0x30,
    ID_PFR1: 0x200,
    ID_DFR0: 0x200000,
    ID_MMFR0: 0x101f40,
    ID_MMFR2: 0x1000000,
    ID_ISAR0: 0x1101110,
    ID_ISAR1: 0x2212000,
    ID_ISAR2: 0x20232232,
    ID_ISAR3: 0x1111131,
    ID_ISAR4: 0x1310132,
    MVFR0: 0x10110021,
    MVFR1: 0x11000011,
    MVFR2: 0x40,
    CTR: 0x8000c000,
  },
  mpuSmallest: 5,
  mpuAttributes: 0xffffffef,
  l1: false,
  branchTargets: false,
  flashCache: false,
  debug: { code: 8, revision: 2, data: 4, idr: 0x14770015, dpidr: 0x0be12477, tarWrap: 0x400 },
  exceptions: likeM4({ value: 12, source: 'Yiu, Cortex-M for Beginners', confidence: 'reported' }),
  timing,
};
