/** VTOR as the ROM leaves it. */
import { hex } from './check.ts';
import { leaveCheck } from './leave-left.ts';

export const leaveVtor = leaveCheck({
  id: 'leave-vtor',
  kind: 'vtor',
  question: "After DFU leave, does the program rely on a VTOR that is no longer the ROM's?",
  option: 'leave-vtor',
  source: 'AN2662 p. 80 note 1, AN3156 Rev 18 p. 20: the application must set its vector table itself',
  confidence: 'documented',
  lacks: ({ state }) => (state.core('vtor') === null ? 'this core has no VTOR' : null),
  fix: (_subject, { table }) =>
    `SCB->VTOR = ${hex(table ?? 0)}u; first thing in SystemInit, which a define of USER_VECT_TAB_ADDRESS does in files of CubeMX`,
  explanation: [
    "Leave is a jump. The ROM has set VTOR to its own table and does not put it back: ST's rule is that the application sets its vector table itself. SystemInit as CubeMX has written it since 2021 does so only with USER_VECT_TAB_ADDRESS defined.",
    "A program that relies on the reset value runs until its first interrupt, usually SysTick, and that goes into the ROM: the program hangs, or the chip resets, whichever the ROM's handler does.",
    'Set SCB->VTOR to the table of the program before any interrupt is enabled.',
  ].join('\n\n'),
});
