/** How SysTick would be taken is how it is taken: what is foretold of an entry beside the entry itself, from random states of cores of each architecture. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { entryAt } from '../../src/bench/session/ticking.ts';
import { setRegister } from '../../src/emu/core/arm/register-file.ts';
import { TickBench } from './tick-bench.ts';

const [ICSR, CCR, SHPR3] = [0xe000ed04, 0xe000ed14, 0xe000ed20];
const [CPACR, FPCCR] = [0xe000ed88, 0xe000ef34];
const SYSTICK = 15;
const [PENDSVSET, PENDSTSET] = [1 << 28, 1 << 26];
const PENDSV_LEAST = 0xc0 << 16;
const FPCA = 4;
const STKALIGN = 1 << 9;
const [MAIN_STACK, PROCESS_STACK] = [0x20000800, 0x20000c00];
const nothing = (): void => undefined;

describe.each([
  ['stm32f072rb', 'v6-M'],
  ['stm32f103rb', 'v7-M'],
  ['stm32f405rg', 'v7-M with FPU'],
  ['stm32h743zi', 'v7-M with FPU'],
  ['stm32h533re', 'v8-M'],
])('On %s (%s) SysTick', (chip) => {
  const bench = new TickBench(chip);
  afterAll(() => bench.session.release());
  const state = fc.record({
    thread: fc.boolean(),
    control: fc.integer({ min: 0, max: 7 }),
    main: fc.integer({ min: 0, max: 3 }),
    process: fc.integer({ min: 0, max: 3 }),
    aligns: fc.boolean(),
    lazy: fc.boolean(),
  });
  it('is taken as foretold: stack, frame, LR and vector', () => {
    fc.assert(
      fc.property(state, ({ thread, control, main, process, aligns, lazy }) => {
        bench.run({ loop: (t) => t.label('here').b('here'), handler: nothing, csr: 0 });
        const core = bench.session.machine.bootCore;
        core.write(CPACR, 4, 0xf00000, true);
        core.write(FPCCR, 4, lazy ? 0xc0000000 : 0x80000000, true);
        core.write(CCR, 4, aligns ? STKALIGN : 0, true);
        const here = core.pc;
        const hasFp = core.profile.fpu !== 'none';
        setRegister(core, 'control', hasFp ? control : control & 3);
        setRegister(core, 'msp', MAIN_STACK + 4 * main);
        setRegister(core, 'psp', PROCESS_STACK + 4 * process);
        core.write(SHPR3, 4, PENDSV_LEAST, true);
        if (!thread) {
          core.write(ICSR, 4, PENDSVSET, true);
          core.step();
          // past its first instruction, so that SysTick is nested and not a late arrival
          setRegister(core, 'pc', here);
          core.step();
          if (hasFp) setRegister(core, 'control', control & FPCA);
        }
        core.write(ICSR, 4, PENDSTSET, true);
        const told = entryAt(core);
        const frameAt = core.arm.sp;
        core.step();
        expect(core.arm.ipsr).toBe(SYSTICK);
        expect(core.arm.sp).toBe(told.sp);
        expect(core.arm.lr >>> 0).toBe(told.excReturn >>> 0);
        expect(core.peek(told.vector, 4)! & ~1).toBe(core.pc);
        // XPSR ends the basic frame; its bit 9 says whether a word was left out
        const psr = core.peek(told.frame + 28, 4)!;
        expect(told.frame + 4 * told.frameWords + ((psr >>> 9) & 1) * 4).toBe(frameAt);
      }),
      { numRuns: 60 },
    );
  });
});
