/** A running SysTick. */
import { broken, hex, pass, unknown, type Check, type RomFacts } from './check.ts';
import { PPB } from './core-registers.ts';
import { DEINIT, NOTHING_PUBLISHED } from './sources.ts';

const ENABLE = 1;
const TICKINT = 2;
/** Exception number. */
const SYSTICK = 15;

/** What the ROM does about it does not make the program right, but it says what comes of it. */
function ticksInRom(rom: RomFacts): string {
  const then = { off: 'switches it off', uses: 'sets it up for itself' }[rom.option('systick')?.value ?? ''];
  return then === undefined
    ? 'SysTick keeps interrupting the ROM, which does not handle it'
    : `SysTick is left on, and interrupts the ROM until that ${then}`;
}

export const systick: Check = {
  id: 'systick',
  question: 'Is SysTick stopped?',
  path: false,
  judge({ state, history, rom }) {
    const csr = state.read(PPB.SYST_CSR, 4);
    if (csr === null) return unknown('SysTick cannot be read on this target');
    const observed = `SYST_CSR = ${hex(csr)}`;
    if ((csr & (ENABLE | TICKINT)) === 0) return pass(observed, 'SysTick is stopped', DEINIT, 'documented');
    const ticks = (csr & ENABLE) !== 0 && (csr & TICKINT) !== 0;
    return broken(ticks ? 'fail' : 'warn', {
      observed,
      expected: 'ENABLE = 0, TICKINT = 0',
      source: ticks ? DEINIT : NOTHING_PUBLISHED,
      confidence: ticks ? 'documented' : 'assumed',
      because: ticks
        ? ticksInRom(rom)
        : csr & ENABLE
          ? 'SysTick counts but raises no exception'
          : 'SysTick is stopped, but raises its exception if it is started',
      lastWriter: history?.lastWriter('CPU.SYST_CSR', ENABLE | TICKINT) ?? null,
    });
  },
  repair: ({ entry, state }) => ({
    at: 'entry',
    ...(entry?.how === 'exception' && ((state.core('xpsr') ?? 0) & 0x1ff) === SYSTICK ? { acts: 'undoes-exception' as const } : {}),
    what: 'SysTick stopped, its exception not pending',
    fix: 'SysTick->CTRL = 0;            /* after HAL_RCC_DeInit(), which starts it again */\nSysTick->LOAD = 0; SysTick->VAL = 0;\nSCB->ICSR = SCB_ICSR_PENDSTCLR_Msk;',
    apply: (target) => {
      for (const register of [PPB.SYST_CSR, PPB.SYST_RVR, PPB.SYST_CVR]) target.write(register, 4, 0);
      target.write(PPB.ICSR, 4, 1 << 25);
    },
  }),
  explanation: [
    'SysTick is part of the core, so disabling interrupts in the NVIC does not stop it. If it keeps running with TICKINT set, it interrupts the ROM, usually a thousand times a second.',
    'The order matters: HAL_RCC_DeInit() ends with HAL_InitTick(), which starts SysTick again for the new clock. Code that stops SysTick first and de-initialises the clocks afterwards jumps with SysTick running.',
    'Of few parts it is known what the ROM does about a SysTick that runs: some switch it off, some use it themselves. Stop it as the last thing in front of the jump (SysTick->CTRL = 0; SCB->ICSR = SCB_ICSR_PENDSTCLR_Msk;), and nothing rests on that.',
  ].join('\n\n'),
};
