/** Interrupts, masks and exceptions as the ROM leaves them. */
import { leaveCheck } from './leave-left.ts';

export const leaveIrq = leaveCheck({
  id: 'leave-irq',
  kind: 'irq',
  question: 'After a DFU leave or a Go, does the program need interrupts, masks and SysTick as after a reset?',
  option: 'leave-context',
  source: 'an H750 board found OTG_FS still active after leave (NVIC_IABR3 = 0x20, reported): ROM V9.0 leaves from inside its interrupt',
  confidence: 'reported',
  fix: () =>
    'if SCB->ICSR shows an active exception, or NVIC->ISER or ISPR is not 0, first reset the chip (NVIC_SystemReset); SysTick and enabled lines can also be switched off without a reset',
  explanation: [
    'If the ROM jumps from inside its USB interrupt, that exception stays active: the program runs in Handler mode at the priority of that interrupt, and no interrupt of the same or a lower priority is ever taken. Enabled or pending interrupts and a running SysTick call handlers of the application before it is ready for them.',
    'Only an exception return or a reset ends an active exception; a reset is simpler.',
  ].join('\n\n'),
});
