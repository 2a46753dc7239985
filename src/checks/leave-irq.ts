/** Interrupts, masks and exceptions as the ROM leaves them. */
import { leaveCheck } from './leave-left.ts';

export const leaveIrq = leaveCheck({
  id: 'leave-irq',
  kind: 'irq',
  question: 'After DFU leave, does the program rely on interrupts, masks and SysTick as after a reset?',
  option: 'leave-context',
  source: 'an H750 board found OTG_FS still active after leave (NVIC_IABR3 = 0x20, reported): ROM V9.0 leaves from inside its interrupt',
  confidence: 'reported',
  fix: () =>
    'if SCB->ICSR shows an active exception, or NVIC->ISER and ISPR are not 0, reset the chip (NVIC_SystemReset) before anything else; SysTick and enabled lines can be switched off instead',
  explanation: [
    'A ROM that jumps from inside its USB interrupt leaves that exception active: the program runs in Handler mode at the priority of that interrupt, and nothing of the same or a lower priority is ever taken. Enabled or pending lines and a running SysTick reach handlers that are not ready.',
    'Only an exception return or a reset ends an active exception; a reset is the simple way.',
  ].join('\n\n'),
});
