/** What address 0 shows as the ROM leaves it. */
import { familyOf, inManual } from './families.ts';
import { leaveCheck } from './leave-left.ts';

export const leaveRemap = leaveCheck({
  id: 'leave-remap',
  kind: 'remap',
  question: 'After a DFU leave or a Go, does the program need flash at address 0?',
  option: 'leave-remap',
  source: 'the mapping stays on F411 (blackmagic PR 1861, measured); a user case on F072 (seed 002) is explained by a mapping that stays',
  confidence: 'inferred',
  lacks: ({ state }) => (familyOf(state.chip)?.remap ? null : 'the memory at address 0 cannot be changed on this chip'),
  fix: ({ state }) => {
    const { field } = familyOf(state.chip)!.remap!;
    const [block, register, name] = field.split('.');
    return `before any interrupt is enabled, and with the clock of ${block} on: ${block}->${register} &= ~${block}_${register}_${name}; (${inManual(field)} = 0)`;
  },
  explanation: [
    'If system memory was mapped to address 0 (by the boot pin, by the firmware before its jump, or by the ROM), it is still mapped there after a leave. A Cortex-M0 has no VTOR, so its interrupts then go to the ROM. On other cores, the same happens to a program with VTOR = 0.',
    'Set MEM_MODE back to flash before you enable any interrupt.',
  ].join('\n\n'),
});
