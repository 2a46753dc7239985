/** Interrupt lines that the application left enabled in the NVIC. */
import { broken, pass, unknown, type Check, type Subject, type Writer } from './check.ts';
import { blocksOfLine, lineName, linesSet, listed, PPB } from './core-registers.ts';
import { DEINIT } from './sources.ts';
import { latest } from './writers.ts';

/** Whether something can still raise the line: its block's clock is on, or the line is pending already. */
function isLive({ state }: Subject, line: number, pending: readonly number[]): boolean {
  if (pending.includes(line)) return true;
  return blocksOfLine(state.chip, line).some((name) => {
    const clock = state.chip.blocks.find((b) => b.name === name)?.clock;
    return clock !== undefined && state.field(`${state.chip.rcc}.${clock}`) === 1;
  });
}
/** Who touched the enables last, of those lines that are still on. */
const writer = ({ history }: Subject, lines: readonly number[]): Writer | null =>
  latest(lines.map((line) => history?.lastWriter(`CPU.NVIC_ISER${line >>> 5}`, 1 << (line & 31))));

export const nvicEnabled: Check = {
  id: 'nvic-enabled',
  question: 'Are all interrupt lines disabled in the NVIC?',
  path: false,
  judge(subject) {
    const { state } = subject;
    const lines = linesSet(state, PPB.NVIC_ISER);
    if (lines === null) return unknown('the NVIC cannot be read on this target');
    if (lines.length === 0) return pass('no line enabled', 'nothing of the application can interrupt the ROM', DEINIT, 'documented');
    const pending = linesSet(state, PPB.NVIC_ISPR) ?? [];
    const live = lines.filter((line) => isLive(subject, line, pending));
    // A live line is the one to blame, so its writer is named.
    const blamed = live.length > 0 ? live : lines;
    return broken('fail', {
      observed: `enabled: ${listed(lines.map((n) => lineName(state.chip, n)))}${live.length === 0 ? '; none of their blocks is clocked' : `; still able to fire: ${listed(live.map((n) => lineName(state.chip, n)))}`}`,
      expected: 'no line enabled',
      source: DEINIT,
      confidence: 'documented',
      because: 'an interrupt of the application that arrives in the ROM goes to a handler that the ROM does not have',
      lastWriter: writer(subject, blamed),
    });
  },
  repair: () => ({
    at: 'entry',
    what: 'all lines disabled in the NVIC',
    fix: 'for (unsigned i = 0; i < sizeof NVIC->ICER / sizeof NVIC->ICER[0]; i++) NVIC->ICER[i] = 0xFFFFFFFFu;',
    apply: (target) => target.clearNvic('enabled'),
  }),
  explanation: [
    'The ROM has handlers for the interrupts that it uses and for no others. A timer, DMA or EXTI line that stays enabled fires in the ROM, either into the default handler of its vector table or, if VTOR still points there, into the application.',
    '__disable_irq() only postpones that: the ROM needs interrupts enabled. Disable every line with ICER, then clear what is pending with ICPR, and only then enable interrupts again.',
    'The number of words is (lines + 31) / 32; a loop over three words of a chip with 133 lines leaves two words untouched.',
  ].join('\n\n'),
};
