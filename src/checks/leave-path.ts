/** The way back: from DFU leave to the running application. */
import { broken, notApplicable, pass, type Check, type LeaveFacts, type Subject } from './check.ts';
import { atInstruction } from './entry.ts';
import { familyOf, inManual } from './families.ts';

const LEAVE = 'AN3156: on leave the bootloader jumps to the application at the address that was set before';
const STAYS = 'AN2606 Rev 70 4.1: the bootloader does not put everything back; seed 002 (STM32F072) is explained by a mapping that stays';

const ONLY_POWER_ON =
  '. Neither software nor a reset undoes that, power-on does: let the application look at what it finds there, not wait for what it asks for, and stay within that supply (commaai/panda PR 1561)';
function reliedOn({ left }: LeaveFacts, rom: Subject['rom']): string {
  const relied = left.filter((l) => l.relied);
  if (relied.length === 0) return 'the ROM hands over a chip that is not as after a reset; putting it back does not explain it';
  const whatUndoes = relied.map(({ kind }) => (kind === 'security' ? onlyAReset(rom) : kind === 'supply' ? ONLY_POWER_ON : ''));
  return `the ROM hands over a chip that is not as after a reset, and the application relied on it: ${relied.map((l) => l.observed).join('; ')}${whatUndoes.join('')}`;
}
function onlyAReset(rom: Subject['rom']): string {
  const option = rom.option('pin-boot-security');
  const who = option ? ` (ROM option pin-boot-security "${option.value}", ${option.confidence})` : '';
  return `${who}. Only secure code or a reset undoes that: with BOOT0 low again, NVIC_SystemReset() where GTZC1_TZSC->SECCFGR1, 2 or 3 is not 0`;
}

export const leavePath: Check = {
  id: 'leave-path',
  question: 'After DFU leave, does the application start and come back onto the bus?',
  path: false,
  afterEntry: true,
  // eslint-disable-next-line complexity -- how far the application came behind the leave, from not at all to all that it shows from reset
  judge({ state, history, rom }) {
    if (!history || history.leave === undefined) return notApplicable('this target does not follow a leave');
    const { leave } = history;
    if (leave === null) return notApplicable('the run has no DFU leave');
    const resets = leave.resets.length === 0 ? '' : ` after a reset (${[...new Set(leave.resets)].join(', ')})`;
    if (!leave.started)
      return broken('fail', {
        observed: 'no user code ran after the leave',
        expected: 'the application starts',
        because: 'the ROM did not find what it takes for an application at the address of the leave, or did not come to its jump',
        source: LEAVE,
        confidence: 'documented',
      });
    if (leave.usbAfter) return pass(`the application enumerates${resets}`, 'the way back works', LEAVE, 'documented');
    if (leave.entry)
      return broken('fail', {
        observed: `the application starts${resets} and enters the ROM again`,
        expected: 'the application stays',
        because:
          'the bootloader is asked for again: the request is still there, as it was not taken back before the first jump, or each start makes it anew',
        source: LEAVE,
        confidence: 'documented',
        lastWriter: atInstruction(leave.entry.pc, leave.entry.at),
      });
    const trap = leave.exceptionInSystem;
    if (!trap && leave.missing.length > 0)
      return broken('fail', {
        observed: `the application runs${resets}, and does not show what it shows from reset: ${leave.missing.join('; ')}`,
        expected: 'the application does what it does from reset',
        because: reliedOn(leave, rom),
        source: STAYS,
        confidence: 'inferred',
      });
    if (!leave.usbBefore && !trap)
      return pass(`the application runs${resets}`, 'it has shown no USB of its own before, so none is missed', LEAVE, 'documented');
    const remap = familyOf(state.chip)?.remap;
    const mapped = remap && state.field(remap.field) === remap.systemMemory;
    return broken('fail', {
      observed: trap
        ? `the application runs, and its exception is taken to a handler in system memory${mapped ? `; ${inManual(remap.field)} = ${remap.systemMemory}` : ''}`
        : `the application runs${resets}, its USB does not come back`,
      expected: leave.usbBefore ? 'the device of the application enumerates again' : 'exceptions reach the handlers of the application',
      because: trap
        ? 'system memory is still where the core fetches its vectors: every interrupt of the application goes to the ROM'
        : 'the ROM hands over a chip that is not as after a reset, and the application relies on it',
      source: STAYS,
      confidence: 'inferred',
      lastWriter: trap ? atInstruction(trap.pc, trap.at) : null,
    });
  },
  repair: () => null,
  explanation: [
    'Leave is a jump too: the ROM takes the stack pointer and the reset vector of the application and branches. It is no reset. Clocks, interrupts, the watchdog and the place where vectors are fetched are as the ROM left them, and ST publishes no list.',
    'On a Cortex-M0 vectors lie at address 0 and there is no VTOR. A ROM that uses interrupts has to map system memory there, and if the mapping stays, the first interrupt of the application ends in the ROM. Set MEM_MODE back before any interrupt is enabled: SYSCFG->CFGR1 &= ~SYSCFG_CFGR1_MEM_MODE. Elsewhere set SCB->VTOR.',
    'The safe way is a reset: let the application ask for one when it finds registers that a reset would have cleared, or start IWDG before the jump into the ROM, which then bites soon after the leave.',
  ].join('\n\n'),
};
