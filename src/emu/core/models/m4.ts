/** Cortex-M4. Feature registers: its technical reference manual, and QEMU's model. */
import { m4 as timing } from '../timing/m4.ts';
import { M4_EXCEPTIONS, RASR_V7, type CoreModel } from './model.ts';

export const m4: CoreModel = {
  name: 'm4',
  type: 'cortex-m4f',
  title: 'Cortex-M4',
  arch: 'v7m',
  dsp: true,
  fpu: 'sp',
  fpv5: false,
  unprivileged: true,
  vtor: 0xffffff80,
  cpuid: 0x410fc241,
  // STKALIGN.
  ccr: { reset: 0x200, writable: 0x31b },
  id: {
    ID_PFR0: 0x30,
    ID_PFR1: 0x200,
    ID_DFR0: 0x100000,
    ID_MMFR0: 0x30,
    ID_ISAR0: 0x1141110,
    ID_ISAR1: 0x2111000,
    ID_ISAR2: 0x21112231,
    ID_ISAR3: 0x1111110,
    ID_ISAR4: 0x1310102,
    MVFR0: 0x10110021,
    MVFR1: 0x11000011,
  },
  mpuSmallest: 5,
  mpuAttributes: RASR_V7,
  l1: false,
  branchTargets: false,
  flashCache: true,
  debug: { code: 6, revision: 1, data: 4, idr: 0x24770011, dpidr: 0x2ba01477, tarWrap: 0x1000 },
  exceptions: M4_EXCEPTIONS,
  timing,
};
