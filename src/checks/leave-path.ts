/** The way back: from DFU leave to the running application. */
import { broken, notApplicable, pass, type Check, type LeaveFacts, type OwnLeft, type Subject } from './check.ts';
import { atInstruction } from './entry.ts';
import { familyOf, inManual } from './families.ts';

const LEAVE = 'AN3156: on a leave request the bootloader jumps to the application at the address that was set before';
const GO = 'Go (AN3155, AN4221, AN3154): the bootloader jumps to the application at the address that was sent';
const STAYS =
  'AN2606 Rev 70 4.1: the bootloader does not restore everything; a user case on STM32F072 (seed 002) is explained by a memory mapping that stays';

const ONLY_POWER_ON =
  '. Only power-on restores this setting, neither software nor a reset: the application must accept the supply setting that it finds instead of waiting for its own, and stay within its limits (commaai/panda PR 1561)';
const leftOnBy = (own: readonly OwnLeft[] = []): string | null =>
  own.length === 0
    ? null
    : `the firmware left ${own.flatMap(({ names }) => names).join(', ')} on when it jumped into the ROM (${own.map(({ observed }) => observed).join('; ')}), the ROM leaves that as it is, and the application depends on it as it is after a reset: switch it off before the jump`;
function reliedOn({ left, own, kept }: LeaveFacts, rom: Subject['rom']): string {
  if (kept !== undefined) return kept.says;
  const ofFirmware = leftOnBy(own);
  if (ofFirmware !== null) return ofFirmware;
  const relied = left.filter((l) => l.relied);
  if (relied.length === 0)
    return 'the ROM leaves the chip in a state that differs from that after a reset, but restoring that state does not help';
  const whatUndoes = relied.map(({ kind }) => (kind === 'security' ? onlyAReset(rom) : kind === 'supply' ? ONLY_POWER_ON : ''));
  return `the ROM leaves the chip in a state that differs from that after a reset, and the application depends on it: ${relied.map((l) => l.observed).join('; ')}${whatUndoes.join('')}`;
}
function onlyAReset(rom: Subject['rom']): string {
  const option = rom.option('pin-boot-security');
  const who = option ? ` (ROM option pin-boot-security "${option.value}", ${option.confidence})` : '';
  return `${who}. Only secure code or a reset undoes that: with BOOT0 low again, NVIC_SystemReset() where GTZC1_TZSC->SECCFGR1, 2 or 3 is not 0`;
}

export const leavePath: Check = {
  id: 'leave-path',
  namesInstruction: true,
  question: 'After a DFU leave, does the application start and appear on USB again?',
  path: false,
  afterEntry: true,
  // eslint-disable-next-line complexity -- how far the application came behind the leave, from not at all to all that it shows from reset
  judge({ state, history, rom }) {
    if (!history || history.leave === undefined) return notApplicable('this target does not record a DFU leave');
    const { leave } = history;
    if (leave === null) return notApplicable('the run has no DFU leave');
    const asked = leave.byGo === true ? GO : LEAVE;
    const resets = leave.resets.length === 0 ? '' : ` after a reset (${[...new Set(leave.resets)].join(', ')})`;
    if (!leave.started)
      return broken('fail', {
        observed: 'no application code ran after the leave',
        expected: 'the application starts',
        because: 'the ROM found no valid application at the leave address, or did not reach its jump',
        source: asked,
        confidence: 'documented',
      });
    if (leave.usbAfter) return pass(`the application enumerates${resets}`, 'the leave works', asked, 'documented');
    if (leave.entry)
      return broken('fail', {
        observed: `the application starts${resets}, then enters the ROM again`,
        expected: 'the application stays',
        because:
          leave.kept?.says ??
          leftOnBy(leave.own) ??
          'the application requests the bootloader again: it did not clear the request before the first jump, or it sets the request at every start',
        source: asked,
        confidence: 'documented',
        lastWriter: (leave.kept ?? leave.own?.[0])?.by ?? atInstruction(leave.entry.pc, leave.entry.at),
      });
    const trap = leave.exceptionInSystem;
    if (!trap && leave.missing.length > 0)
      return broken('fail', {
        observed: `the application ${leave.ends ?? 'runs'}${resets}, ${leave.ends === undefined ? 'but differs' : 'which differs'} from a start after reset; missing: ${leave.missing.join('; ')}`,
        expected: 'the application behaves as after a reset',
        because: reliedOn(leave, rom),
        source: STAYS,
        confidence: 'inferred',
        lastWriter: (leave.kept ?? leave.own?.[0])?.by ?? null,
      });
    if (!leave.usbBefore && !trap)
      return pass(`the application runs${resets}`, 'it had no USB device of its own before, so none is missing', asked, 'documented');
    const remap = familyOf(state.chip)?.remap;
    const mapped = remap && state.field(remap.field) === remap.systemMemory;
    return broken('fail', {
      observed: trap
        ? `the application runs, and its exception is handled in system memory${mapped ? `; ${inManual(remap.field)} = ${remap.systemMemory}` : ''}`
        : `the application runs${resets}, but its USB device does not appear again`,
      expected: leave.usbBefore ? 'the USB device of the application enumerates again' : 'exceptions reach the handlers of the application',
      because: trap
        ? 'the core still fetches its vectors from system memory, so every interrupt of the application goes to the ROM'
        : 'the ROM leaves the chip in a state that differs from that after a reset, and the application depends on it',
      source: STAYS,
      confidence: 'inferred',
      lastWriter: trap ? atInstruction(trap.pc, trap.at) : null,
    });
  },
  repair: () => null,
  explanation: [
    'A DFU leave is a jump, not a reset: the ROM loads the stack pointer and the reset vector of the application and branches. Clocks, interrupts, the watchdog and the vector table base stay as the ROM left them, and ST publishes no list of these settings.',
    'A Cortex-M0 fetches its vectors at address 0 and has no VTOR. A ROM that uses interrupts must map system memory to address 0. If that mapping stays, the first interrupt of the application ends in the ROM. Restore MEM_MODE before any interrupt is enabled: SYSCFG->CFGR1 &= ~SYSCFG_CFGR1_MEM_MODE. On other cores set SCB->VTOR.',
    'The safe way is a reset: the application requests one if it finds registers that a reset would have cleared. Or start IWDG before the jump into the ROM, so that it resets the chip soon after the leave.',
  ].join('\n\n'),
};
