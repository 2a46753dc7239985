/** VTOR as the ROM leaves it. */
import { hex } from './check.ts';
import { leaveCheck } from './leave-left.ts';

export const leaveVtor = leaveCheck({
  id: 'leave-vtor',
  kind: 'vtor',
  question: 'After a DFU leave or a Go, does the program need VTOR to have its reset value?',
  option: 'leave-vtor',
  source: 'AN2662 p. 80 note 1, AN3156 Rev 18 p. 20, AN3155 (Go): the application must set its vector table itself',
  confidence: 'documented',
  lacks: ({ state }) => (state.core('vtor') === null ? 'this core has no VTOR' : null),
  fix: (_subject, { table }) =>
    `SCB->VTOR = ${hex(table ?? 0)}u; at the start of SystemInit (in CubeMX projects, define USER_VECT_TAB_ADDRESS)`,
  explanation: [
    "A DFU leave is a jump, not a reset. The ROM has set VTOR to its own table and does not restore it. ST's rule is that the application sets its vector table itself. The SystemInit that CubeMX has generated since 2021 does so only if USER_VECT_TAB_ADDRESS is defined.",
    'A program that relies on the reset value of VTOR runs until its first interrupt, usually SysTick. That interrupt goes to a handler of the ROM, which hangs or resets the chip.',
    'Set SCB->VTOR to the vector table of the program before you enable any interrupt. Right before the jump, set it to that of the ROM (check vtor): what the jump could rely on was the reset value.',
  ].join('\n\n'),
});
