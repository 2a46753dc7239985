/** Cortex-M0 r0p0. */
import { m0 as timing } from '../timing/m0.ts';
import { NO_FP, type CoreModel } from './model.ts';

export const m0: CoreModel = {
  name: 'm0',
  type: 'cortex-m0',
  title: 'Cortex-M0',
  arch: 'v6m',
  dsp: false,
  fpu: 'none',
  fpv5: false,
  unprivileged: false,
  vtor: 0,
  cpuid: 0x410cc200,
  // STKALIGN and UNALIGN_TRP are fixed.
  ccr: { reset: 0x208, writable: 0 },
  id: {},
  mpuSmallest: 8,
  mpuAttributes: 0,
  l1: false,
  branchTargets: false,
  flashCache: true,
  debug: { code: 4, revision: 1, data: 2, idr: 0x04770031, dpidr: 0x0bb11477, tarWrap: 0x400 },
  exceptions: {
    entry: { value: 16, source: 'Yiu, table of interrupt latencies; DDI 0432C 3.6 prints no number', confidence: 'reported' },
    return: { value: 12, source: 'as POP of 8 words with PC, 4 + N', confidence: 'assumed' },
    tailChain: { value: 6, source: 'DDI 0432C has tail-chaining without a number; as Cortex-M4', confidence: 'assumed' },
    ...NO_FP,
  },
  timing,
};
