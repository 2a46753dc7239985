/** Units of the core that the application may leave on: MPU, FPU, stack limits. */
import { broken, hex, notApplicable, pass, unknown, type Check, type Subject } from './check.ts';
import { PPB } from './core-registers.ts';
import { NOTHING_PUBLISHED } from './sources.ts';

const LSPACT = 1;
const FPCA = 4;

export const mpu: Check = {
  id: 'mpu',
  question: 'Is the MPU off?',
  path: true,
  judge({ state, history }) {
    if ((state.chip.cores[0]?.mpuRegions ?? 0) === 0) return notApplicable('this chip has no MPU');
    const value = state.read(PPB.MPU_CTRL, 4);
    if (value === null) return unknown('the MPU cannot be read on this target');
    if ((value & 1) === 0) return pass('MPU_CTRL.ENABLE = 0', 'off, as after a reset', NOTHING_PUBLISHED, 'assumed');
    return broken('warn', {
      observed: `MPU_CTRL = ${hex(value)}`,
      expected: 'MPU_CTRL.ENABLE = 0',
      source: NOTHING_PUBLISHED,
      confidence: 'assumed',
      because: 'the regions of the application still apply: system memory may not be executable, RAM or peripherals not accessible',
      lastWriter: history?.lastWriter('CPU.MPU_CTRL', 1) ?? null,
    });
  },
  repair({ entry, history }) {
    const fix = '__DMB();\nMPU->CTRL = 0;\n__DSB(); __ISB();';
    if (entry) return { at: 'entry', what: 'MPU switched off', fix, apply: (target) => target.write(PPB.MPU_CTRL, 4, 0) };
    const writer = history?.lastWriter('CPU.MPU_CTRL', 1);
    return writer ? { at: 'before-write', what: 'the write that switches the MPU on left out', fix, seq: writer.seq, value: null } : null;
  },
  explanation: [
    'Regions that were set up for the application rarely cover system memory, and the background map is used only with PRIVDEFENA. The branch into the ROM then ends in a MemManage fault, or the ROM faults on its first access to RAM or USB.',
    'Switch the MPU off before the jump, with barriers around the write.',
  ].join('\n\n'),
};

export const fpu: Check = {
  id: 'fpu',
  question: 'Is no floating-point state left that waits to be saved?',
  path: false,
  judge({ state, history }) {
    if (state.core('fpscr') === null) return notApplicable('this core has no FPU');
    const fpccr = state.read(PPB.FPCCR, 4);
    if (fpccr === null) return unknown('FPCCR cannot be read on this target');
    const active = ((state.core('control') ?? 0) & FPCA) !== 0;
    const observed = `FPCCR.LSPACT = ${fpccr & LSPACT}, CONTROL.FPCA = ${active ? 1 : 0}`;
    if ((fpccr & LSPACT) === 0)
      return pass(
        observed,
        active ? 'exceptions in the ROM save the larger frame, which costs stack and nothing else' : 'nothing is waiting',
        NOTHING_PUBLISHED,
        'inferred',
      );
    return broken('warn', {
      observed,
      expected: 'FPCCR.LSPACT = 0',
      source: 'Arm: lazy floating-point state preservation',
      confidence: 'inferred',
      because: 'the next floating-point instruction writes 18 words to the place that was reserved on the old stack',
      lastWriter: history?.lastWriter('CPU.FPCCR', LSPACT) ?? null,
    });
  },
  repair: ({ state }) => ({
    at: 'entry',
    what: 'FPCCR.LSPACT and CONTROL.FPCA cleared',
    fix: 'FPU->FPCCR &= ~FPU_FPCCR_LSPACT_Msk;\n__set_CONTROL(0); __ISB();',
    apply: (target) => {
      target.write(PPB.FPCCR, 4, (state.read(PPB.FPCCR, 4) ?? 0) & ~LSPACT);
      target.setCore('control', (state.core('control') ?? 0) & ~FPCA);
    },
  }),
  explanation: [
    'An exception that interrupts floating-point code only reserves room for the registers; they are written when the handler uses the FPU. A jump out of such a handler leaves that pending (LSPACT).',
    'The ROM does not use floating point as far as is known, so it rarely matters. It does when the application is started again from there, and its first floating-point instruction writes into memory that belongs to somebody else.',
  ].join('\n\n'),
};

/** The limit that belongs to the stack pointer in use. */
function limitInUse({ state }: Subject): { name: string; limit: number; sp: number } | null {
  const onPsp = ((state.core('control') ?? 0) & 2) !== 0 && ((state.core('xpsr') ?? 0) & 0x1ff) === 0;
  const limit = state.core(onPsp ? 'psplim' : 'msplim');
  const sp = state.core(onPsp ? 'psp' : 'msp');
  return limit === null || sp === null ? null : { name: onPsp ? 'PSPLIM' : 'MSPLIM', limit: limit >>> 0, sp: sp >>> 0 };
}
const STKOF = 'Arm DDI 0553: a stack pointer below its limit is a UsageFault (STKOF)';

export const stackLimit: Check = {
  id: 'stack-limit',
  question: "Is MSPLIM low enough for the ROM's stack?",
  path: true,
  judge(subject) {
    const { entry, history, rom } = subject;
    const use = limitInUse(subject);
    if (!use) return notApplicable('this core has no stack limits');
    const observed = `${use.name} = ${hex(use.limit)}, SP = ${hex(use.sp)}`;
    if (use.limit === 0) return pass(observed, 'no limit set, as after a reset', STKOF, 'documented');
    const lastWriter = history?.lastWriter(`CPU.${use.name}`) ?? null;
    if (use.sp <= use.limit || (!entry && history?.firstFault?.kind === 'stack-overflow'))
      return broken('fail', {
        observed,
        expected: `${use.name} = 0`,
        source: STKOF,
        confidence: 'documented',
        lastWriter,
        because: 'the stack pointer is below its limit, so the next push, or already the write of MSP, faults',
      });
    if (!entry) return pass(observed, 'no stack overflow so far', STKOF, 'documented');
    if (rom.ramUse.some((r) => use.limit > r.base && use.limit < r.base + r.size))
      return broken('warn', {
        observed,
        expected: `${use.name} = 0`,
        source: STKOF,
        confidence: 'inferred',
        lastWriter,
        because: 'the limit lies in the RAM that the ROM uses: its stack may grow below it',
      });
    return pass(observed, 'the limit lies below the stack', STKOF, 'documented');
  },
  repair(subject) {
    const use = limitInUse(subject);
    if (!use) return null;
    const fix = `__set_${use.name}(0);`;
    if (subject.entry)
      return { at: 'entry', what: `${use.name} cleared`, fix, apply: (target) => target.setCore(use.name.toLowerCase(), 0) };
    const writer = subject.history?.lastWriter(`CPU.${use.name}`);
    return writer ? { at: 'before-write', what: `the write of ${use.name} left out`, fix, seq: writer.seq, value: null } : null;
  },
  explanation: [
    'Armv8-M cores check the stack pointer against MSPLIM and PSPLIM. Start-up code and RTOSes set them for their own stack, which lies higher in RAM than that of the ROM.',
    "With the limit above the ROM's stack pointer, already the write of MSP, or else the first push, is a UsageFault, and since its own frame does not fit either, a lockup. Write MSPLIM = 0 before MSP.",
  ].join('\n\n'),
};
