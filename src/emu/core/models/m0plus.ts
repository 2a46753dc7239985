/** Cortex-M0+ r0p1, as ST builds it: with VTOR and unprivileged mode (options of the core); an MPU where the chip's row has regions. */
import { m0plus as timing } from '../timing/m0plus.ts';
import { NO_FP, type CoreModel } from './model.ts';

export const m0plus: CoreModel = {
  name: 'm0plus',
  type: 'cortex-m0plus',
  title: 'Cortex-M0+',
  arch: 'v6m',
  dsp: false,
  fpu: 'none',
  fpv5: false,
  unprivileged: true,
  // CMSIS, core_cm0plus.h: TBLOFF is bits 31:8.
  vtor: 0xffffff00,
  cpuid: 0x410cc601,
  ccr: { reset: 0x208, writable: 0 },
  id: {},
  // PMSAv6: regions of 256 bytes or more, no TEX (DDI 0419 B3.5).
  mpuSmallest: 8,
  mpuAttributes: 0x1707ff3f,
  l1: false,
  branchTargets: false,
  flashCache: true,
  debug: { code: 4, revision: 1, data: 2, idr: 0x04770031, dpidr: 0x0bc11477, tarWrap: 0x400 },
  exceptions: {
    entry: { value: 15, source: 'DDI 0484C 3.6.1: at most, with memory that never waits', confidence: 'documented' },
    return: { value: 11, source: 'as POP of 8 words with PC, 3 + N', confidence: 'assumed' },
    tailChain: { value: 6, source: 'DDI 0484C has tail-chaining without a number; as Cortex-M4', confidence: 'assumed' },
    ...NO_FP,
  },
  timing,
};
